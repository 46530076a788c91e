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
#include <string.h>

#include "backend/backend.h"
#include "base/error.h"
#include "base/info.h"
#include "base/node.h"
#include "uapi/iommufd.h"

/* A group in the container, open for as long as one of its devices is attached. */
struct type1_group {
	struct type1_group *next;
	char bdf[32]; /* names the group where sysfs does not: its first device */
	int number;
	int fd;
	unsigned int devices;
};

struct type1 {
	struct backend base;
	struct type1_group *groups;
};

static struct type1 *from_backend(struct backend *backend)
{
	return (struct type1 *)backend;
}

static int type1_ioctl(struct backend *backend, unsigned long request, void *argument)
{
	return sys_ioctl(backend->host->sys, backend->fd, request, argument);
}

static unsigned long iommu_type(const struct backend *backend)
{
	return backend->kind == VFA_BACKEND_NOIOMMU ? VFIO_NOIOMMU_IOMMU : VFIO_TYPE1v2_IOMMU;
}

/* Integer arguments travel where others have a pointer. */
static void *as_argument(unsigned long value)
{
	return (void *)value;
}

static struct type1_group *find_group(struct type1 *type1, const struct join *join)
{
	for (struct type1_group *group = type1->groups; group; group = group->next)
		if (join->group >= 0 ? group->number == join->group
				     : !strcmp(group->bdf, join->bdf))
			return group;
	return NULL;
}

int type1_group_fd(struct backend *backend, int number, const char *bdf)
{
	struct type1_group *group = from_backend(backend)->groups;

	for (; group; group = group->next)
		if (group->number >= 0 ? group->number == number : !strcmp(group->bdf, bdf))
			return group->fd;
	return -ENOENT;
}

static int open_node(struct backend *backend, const struct join *join)
{
	if (join->fd >= 0)
		return sys_dup(backend->host->sys, join->fd);
	return node_open(backend->host, join->node);
}

static int check_viable(struct backend *backend, struct join *join, int fd)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int err;

	join->step = JOIN_GET_STATUS;
	err = sys_ioctl(backend->host->sys, fd, VFIO_GROUP_GET_STATUS, &status);
	if (err < 0)
		return err;
	/* SET_CONTAINER has one errno for this and for an IOMMU that does not fit. */
	if (status.flags & VFIO_GROUP_FLAGS_CONTAINER_SET)
		return -EBUSY;
	join->step = JOIN_VIABLE;
	return status.flags & VFIO_GROUP_FLAGS_VIABLE ? 0 : -EBUSY;
}

/* The first group gives the container its IOMMU; a later one takes part at once. */
static int attach_group(struct backend *backend, struct join *join, int fd)
{
	int err;

	join->step = JOIN_SET_CONTAINER;
	err = sys_ioctl(backend->host->sys, fd, VFIO_GROUP_SET_CONTAINER, &backend->fd);
	if (err < 0 || from_backend(backend)->groups)
		return err;

	join->step = JOIN_SET_IOMMU;
	err = type1_ioctl(backend, VFIO_SET_IOMMU, as_argument(iommu_type(backend)));
	if (err < 0)
		(void)sys_ioctl(backend->host->sys, fd, VFIO_GROUP_UNSET_CONTAINER, NULL);
	return err;
}

static int add_group(struct backend *backend, struct join *join, struct type1_group **ret)
{
	const struct syscalls *sys = backend->host->sys;
	struct type1_group *group = calloc(1, sizeof(*group));
	int err;

	join->step = JOIN_OPEN_NODE;
	if (!group)
		return error_memory();
	group->number = join->group;
	snprintf(group->bdf, sizeof(group->bdf), "%s", join->bdf);
	group->fd = err = open_node(backend, join);
	if (err < 0)
		goto free_group;
	err = check_viable(backend, join, group->fd);
	if (err < 0)
		goto close_group;
	err = attach_group(backend, join, group->fd);
	if (err < 0)
		goto close_group;

	group->next = from_backend(backend)->groups;
	from_backend(backend)->groups = group;
	*ret = group;
	return 0;

close_group:
	sys_close(sys, group->fd);
free_group:
	free(group);
	return err;
}

static void remove_group(struct backend *backend, struct type1_group *group)
{
	struct type1_group **link = &from_backend(backend)->groups;

	while (*link != group)
		link = &(*link)->next;
	*link = group->next;
	sys_close(backend->host->sys, group->fd);
	free(group);
}

/*
 * Take a group out that has no device open here. It stays, with the container's
 * IOMMU and mappings, while a duplicate of a device's fd is still open elsewhere.
 */
static void release_group(struct backend *backend, struct type1_group *group)
{
	int err = backend->is_sent ? 0
				   : sys_ioctl(backend->host->sys, group->fd,
					       VFIO_GROUP_UNSET_CONTAINER, NULL);

	/* EINVAL: of a group whose last device was unplugged the kernel has done it. */
	if (err < 0 && err != -EINVAL)
		host_log(backend->host, VFA_LOG_WARNING,
			 "group %d stays in the container: a device of it is open elsewhere",
			 group->number);
	else
		remove_group(backend, group);
}

static int type1_attach(struct backend *backend, struct join *join)
{
	struct type1_group *group = find_group(from_backend(backend), join);
	int err = group ? 0 : add_group(backend, join, &group);

	if (err < 0)
		return err;
	group->devices++;
	join->group_fd = group->fd;
	join->is_attached = true;
	return 0;
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

static int type1_adopt_device(struct backend *backend, struct join *join)
{
	struct type1_group *group = find_group(from_backend(backend), join);

	if (!group)
		return -ENOENT;
	group->devices++;
	join->group_fd = group->fd;
	join->is_attached = true;
	return 0;
}

static void type1_close_device(struct backend *backend, struct join *join)
{
	sys_close(backend->host->sys, join->device_fd);
	join->device_fd = -1;
}

static void type1_detach(struct backend *backend, struct join *join)
{
	struct type1_group *group = find_group(from_backend(backend), join);

	join->is_attached = false;
	if (!--group->devices)
		release_group(backend, group);
}

static int type1_owner_fd(struct backend *backend, const struct join *join)
{
	(void)backend;
	return join->group_fd;
}

static bool type1_holds_mappings(const struct backend *backend)
{
	return ((const struct type1 *)backend)->groups;
}

/*
 * No capability: no restriction that the kernel knows of (no IOMMU-backed device).
 * Kernels before 6.6 put capabilities at any multiple of 4: its ranges are copied.
 */
static int copy_ranges(const struct vfio_iommu_type1_info *info, struct range_list *ret)
{
	struct vfio_iommu_type1_info_cap_iova_range header = { .nr_iovas = 0 };
	const char *capability = NULL;
	uint32_t room;

	_Static_assert(sizeof(struct vfa_iova_range) == sizeof(struct vfio_iova_range),
		       "the kernel's ranges are copied to ours");
	if (info->flags & VFIO_IOMMU_INFO_CAPS)
		capability = info_capability(info, info->cap_offset,
					     VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, sizeof(header));
	if (capability) {
		memcpy(&header, capability, sizeof(header));
		room = (info_room(info, capability) - sizeof(header)) / sizeof(*ret->ranges);
		ret->count = header.nr_iovas < room ? header.nr_iovas : room;
	}
	ret->ranges = calloc(ret->count ? ret->count : 1, sizeof(*ret->ranges));
	if (!ret->ranges)
		return -ENOMEM;
	if (capability)
		memcpy(ret->ranges, capability + sizeof(header), ret->count * sizeof(*ret->ranges));
	else
		ret->ranges[ret->count++] = (struct vfa_iova_range){ 0, UINT64_MAX };
	range_list_sort(ret);
	return 0;
}

static int read_info(struct backend *backend, struct vfio_iommu_type1_info **ret)
{
	struct vfio_iommu_type1_info fixed = { .argsz = sizeof(fixed) };

	return info_read(backend->host, backend->fd, VFIO_IOMMU_GET_INFO, &fixed, (void **)ret);
}

/* A range that wraps, which unmaps nothing: kernels with the mend have an errno for it. */
static bool can_unmap_last_page(struct backend *backend, uint64_t page)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = -page,
		.size = 2 * page,
	};

	return type1_ioctl(backend, VFIO_IOMMU_UNMAP_DMA, &unmap) == -EOVERFLOW;
}

/*
 * Up to the end of 64 bits older kernels map, but do not find the mapping again:
 * unmapping does nothing, and the pages stay pinned even when the container has gone.
 */
static void keep_from_last_page(struct backend *backend, struct iova_limits *limits)
{
	if (backend_has_last_page(limits) && !can_unmap_last_page(backend, limits->alignment))
		backend_drop_last_page(limits);
}

static int type1_read_limits(struct backend *backend, struct iova_limits *ret)
{
	struct vfio_iommu_type1_info *info;
	int err = read_info(backend, &info);

	if (err < 0)
		return err;
	err = copy_ranges(info, &ret->allowed);
	if (!err) {
		ret->page_sizes = info->flags & VFIO_IOMMU_INFO_PGSIZES ? info->iova_pgsizes : 4096;
		ret->alignment = ret->page_sizes & -ret->page_sizes;
		keep_from_last_page(backend, ret);
	}
	free(info);
	return err;
}

static int type1_entries_left(struct backend *backend, uint32_t *ret)
{
	const struct vfio_iommu_type1_info_dma_avail *avail = NULL;
	struct vfio_iommu_type1_info *info;
	int err = read_info(backend, &info);

	if (err < 0)
		return err;
	if (info->flags & VFIO_IOMMU_INFO_CAPS)
		avail = info_capability(info, info->cap_offset, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL,
					sizeof(*avail));
	if (avail)
		*ret = avail->avail;
	free(info);
	return avail ? 0 : -EOPNOTSUPP;
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
	int answer = type1_ioctl(backend, VFIO_CHECK_EXTENSION, as_argument(VFIO_DMA_CC_IOMMU));

	return answer > 0 ? 1 : answer;
}

/* Mappings go with the last fd, and somebody else may have one. */
static void type1_close(struct backend *backend)
{
	uint64_t done;

	if (backend->is_adopted && !backend->is_sent)
		(void)type1_unmap_all(backend, &done);
	while (from_backend(backend)->groups)
		remove_group(backend, from_backend(backend)->groups);
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
	if (type1_ioctl(backend, VFIO_CHECK_EXTENSION, as_argument(iommu_type(backend))) > 0)
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

static int refuse_adopted(const char *what)
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
		return refuse_adopted("a VFIO container in use");
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

static int check_group(struct backend *backend, int fd)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int err = sys_ioctl(backend->host->sys, fd, VFIO_GROUP_GET_STATUS, &status);

	if (err < 0 || !(status.flags & VFIO_GROUP_FLAGS_CONTAINER_SET))
		return refuse_adopted("a group in a container");
	return 0;
}

int type1_adopt_group(struct backend *backend, int number, const char *bdf, int fd)
{
	int err = check_group(backend, fd);
	struct type1_group *group = err ? NULL : calloc(1, sizeof(*group));

	if (!group) {
		sys_close(backend->host->sys, fd);
		return err ? err : error_memory();
	}
	group->number = number;
	snprintf(group->bdf, sizeof(group->bdf), "%s", bdf);
	group->fd = fd;
	group->next = from_backend(backend)->groups;
	from_backend(backend)->groups = group;
	return 0;
}
