/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The container and group interface: /dev/vfio/vfio, /dev/vfio/GROUP, and the
 * type1v2 IOMMU driver behind them. Noiommu is the same with another driver
 * that translates nothing.
 *
 * A container gets its IOMMU with its first group, and loses it, with all
 * mappings, with its last.
 */

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/type1.h"
#include "base/error.h"
#include "base/node.h"
#include "uapi/iommufd.h"

int type1_ioctl(struct backend *backend, unsigned long request, void *argument)
{
	return sys_ioctl(backend->host->sys, backend->fd, request, argument);
}

unsigned long type1_iommu(const struct backend *backend)
{
	return backend->kind == VFA_BACKEND_NOIOMMU ? VFIO_NOIOMMU_IOMMU : VFIO_TYPE1v2_IOMMU;
}

static int type1_open_device(struct backend *backend, struct join *join)
{
	char name[128];
	int fd;

	snprintf(name, sizeof(name), join->vf_token ? "%s vf_token=%s" : "%s", join->bdf,
		 join->vf_token);
	join->step = JOIN_GET_DEVICE;
	fd = sys_ioctl(backend->host->sys, join->group_fd, VFIO_GROUP_GET_DEVICE_FD, name);
	if (fd < 0)
		return fd;
	join->device_fd = fd;
	return 0;
}

static void type1_close_device(struct backend *backend, struct join *join)
{
	sys_close(backend->host->sys, join->device_fd);
	join->device_fd = -1;
}

static int type1_get_accounting(struct backend *backend, enum vfa_accounting *ret)
{
	(void)backend;
	*ret = VFA_ACCOUNTING_PROCESS;
	return 0;
}

static int type1_set_accounting(struct backend *backend, enum vfa_accounting accounting)
{
	(void)backend;
	return accounting == VFA_ACCOUNTING_PROCESS ? 0 : -EOPNOTSUPP;
}

static int type1_map(struct backend *backend, const struct dma_request *request)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = (request->access & VFA_ACCESS_READ ? VFIO_DMA_MAP_FLAG_READ : 0) |
			 (request->access & VFA_ACCESS_WRITE ? VFIO_DMA_MAP_FLAG_WRITE : 0),
		.vaddr = (uintptr_t)request->vaddr,
		.iova = request->iova,
		.size = request->size,
	};

	if (!request->vaddr)
		return -EOPNOTSUPP;
	return type1_ioctl(backend, VFIO_IOMMU_MAP_DMA, &map);
}

static int type1_unmap(struct backend *backend, uint64_t iova, uint64_t size, uint64_t *done)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size,
	};
	int err = type1_ioctl(backend, VFIO_IOMMU_UNMAP_DMA, &unmap);

	*done = err < 0 ? 0 : unmap.size;
	return err;
}

static int type1_unmap_all(struct backend *backend, uint64_t *done)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.flags = VFIO_DMA_UNMAP_FLAG_ALL,
	};
	int err = type1_ioctl(backend, VFIO_IOMMU_UNMAP_DMA, &unmap);

	*done = err < 0 ? 0 : unmap.size;
	return err;
}

static int type1_is_coherent(struct backend *backend)
{
	int answer = type1_ioctl(backend, VFIO_CHECK_EXTENSION, type1_argument(VFIO_DMA_CC_IOMMU));

	return answer > 0 ? 1 : answer;
}

/* Mappings go with the last fd, and somebody else may have one. */
static void type1_close(struct backend *backend)
{
	uint64_t done;

	if (backend->is_adopted && !backend->is_sent)
		(void)type1_unmap_all(backend, &done);
	type1_close_groups(backend);
	sys_close(backend->host->sys, backend->fd);
	free(backend);
}

static const struct backend_ops type1_ops = {
	.close = type1_close,
	.attaches_first = true,
	.attach = type1_attach,
	.open_device = type1_open_device,
	.adopt = type1_adopt_device,
	.close_device = type1_close_device,
	.detach = type1_detach,
	.owner_fd = type1_owner_fd,
	.read_limits = type1_read_limits,
	.map = type1_map,
	.unmap = type1_unmap,
	.unmap_all = type1_unmap_all,
	.is_coherent = type1_is_coherent,
	.entries_left = type1_entries_left,
	.get_accounting = type1_get_accounting,
	.set_accounting = type1_set_accounting,
	.holds_mappings = type1_holds_mappings,
};

static int open_container(const struct vfa_host *host)
{
	char path[SYSFS_PATH];
	int fd;

	node_path(host, path, "vfio/vfio");
	fd = node_open(host, path);
	if (fd == -ENOENT || fd == -ENODEV)
		return error_set(ENOENT, VFA_CAUSE_NO_VFIO,
				 "open %s: there is no VFIO in this kernel, or it is not loaded\n"
				 "load it: modprobe vfio-pci",
				 path);
	return fd;
}

/* A container in use would come with groups and mappings of which nothing is known here. */
static int check_unused(struct backend *backend)
{
	struct vfio_iommu_type1_info info = { .argsz = sizeof(info) };

	if (type1_ioctl(backend, VFIO_IOMMU_GET_INFO, &info) < 0)
		return 0;
	return error_set(EBUSY, VFA_CAUSE_BAD_FD,
			 "the container behind the fd is in use: it has an IOMMU already\n"
			 "pass a newly opened /dev/vfio/vfio");
}

/* It answers a container's requests too, but has its own way with them. */
static bool is_iommufd(struct backend *backend)
{
	struct uapi_iommu_vfio_ioas request = {
		.size = sizeof(request),
		.op = UAPI_IOMMU_VFIO_IOAS_GET,
	};
	int err = type1_ioctl(backend, UAPI_IOMMU_VFIO_IOAS, &request);

	return !err || err == -ENODEV;
}

/* A kernel without containers can be built to have iommufd stand in for them. */
static int refuse_kind(const struct backend *backend, int given)
{
	if (given >= 0)
		return error_set(ENOTTY, VFA_CAUSE_BAD_FD,
				 "fd %d is not a VFIO container\npass an open /dev/vfio/vfio",
				 given);
	return error_set(ENOENT, VFA_CAUSE_NO_TYPE1,
			 "%s/vfio/vfio is no container of VFIO's own: this kernel has no type1\n"
			 "open the container as iommufd; type1 needs CONFIG_VFIO_CONTAINER",
			 backend->host->dev);
}

static int check_container(struct backend *backend, int given)
{
	int version = type1_ioctl(backend, VFIO_GET_API_VERSION, NULL);

	if (version != VFIO_API_VERSION || is_iommufd(backend))
		return refuse_kind(backend, given);
	if (type1_ioctl(backend, VFIO_CHECK_EXTENSION, type1_argument(type1_iommu(backend))) > 0)
		return 0;
	if (backend->kind == VFA_BACKEND_NOIOMMU)
		return error_set(
			ENOENT, VFA_CAUSE_NOIOMMU,
			"VFIO's noiommu mode is off\n"
			"it needs CONFIG_VFIO_NOIOMMU and the parameter "
			"enable_unsafe_noiommu_mode of module vfio; devices are then free to "
			"read and write all memory");
	return error_set(ENOENT, VFA_CAUSE_NO_TYPE1,
			 "VFIO has no type1 IOMMU driver\nload it: modprobe vfio_iommu_type1");
}

int type1_open(const struct vfa_host *host, enum vfa_backend kind, int fd, struct backend **ret)
{
	struct type1 *type1 = calloc(1, sizeof(*type1));
	struct backend *backend;
	int err;

	if (!type1)
		return error_memory();
	backend = &type1->base;
	backend->ops = &type1_ops;
	backend->host = host;
	backend->kind = kind;
	backend->fd = err = fd < 0 ? open_container(host) : node_adopt(host, fd, "/dev/vfio/vfio");
	if (err < 0)
		goto free_type1;
	err = check_container(backend, fd);
	if (!err && fd >= 0)
		err = check_unused(backend);
	if (err < 0)
		goto close_container;
	*ret = backend;
	return 0;

close_container:
	sys_close(host->sys, backend->fd);
free_type1:
	free(type1);
	return err;
}

int type1_refuse_adopted(const char *what)
{
	return error_set(ENOTTY, VFA_CAUSE_BAD_MESSAGE,
			 "an fd that came over the socket is not %s\n"
			 "have the other side send by vfa_share_send",
			 what);
}

/* It has an IOMMU, since it has groups. */
static int check_adopted(struct backend *backend)
{
	struct vfio_iommu_type1_info info = { .argsz = sizeof(info) };

	if (type1_ioctl(backend, VFIO_GET_API_VERSION, NULL) != VFIO_API_VERSION ||
	    is_iommufd(backend) || type1_ioctl(backend, VFIO_IOMMU_GET_INFO, &info) < 0)
		return type1_refuse_adopted("a VFIO container in use");
	return 0;
}

int type1_adopt(const struct vfa_host *host, int fd, struct backend **ret)
{
	struct type1 *type1 = calloc(1, sizeof(*type1));
	struct backend *backend;
	uint64_t done;
	int err;

	if (!type1)
		return error_memory();
	backend = &type1->base;
	*backend = (struct backend){
		.ops = &type1_ops,
		.host = host,
		.kind = VFA_BACKEND_TYPE1,
		.fd = fd,
		.is_adopted = true,
	};
	err = check_adopted(backend);
	if (!err) {
		err = type1_unmap_all(backend, &done);
		err = err < 0 ? error_kernel(err, "VFIO_IOMMU_UNMAP_DMA") : 0;
	}
	if (err)
		free(type1);
	else
		*ret = backend;
	return err;
}
