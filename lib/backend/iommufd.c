/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The iommufd interface: /dev/iommu with an IOAS, and the device nodes
 * /dev/vfio/devices/vfioN. A device is bound to the iommufd, then attached to
 * the IOAS. Closing its last fd undoes both.
 */

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/error.h"
#include "base/node.h"
#include "base/token.h"
#include "uapi/iommufd.h"
#include "uapi/vfio_cdev.h"

struct iommufd {
	struct backend base;
	uint32_t ioas;       /* 0: to be allocated when the next device joins */
	bool lacks_map_file; /* before Linux 6.14 */
};

static uint32_t ioas_of(const struct backend *backend)
{
	return ((const struct iommufd *)backend)->ioas;
}

static int iommufd_ioctl(struct backend *backend, unsigned long request, void *argument)
{
	return sys_ioctl(backend->host->sys, backend->fd, request, argument);
}

static int alloc_ioas(struct backend *backend)
{
	struct uapi_iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	int err = ioas_of(backend) ? 0 : iommufd_ioctl(backend, UAPI_IOMMU_IOAS_ALLOC, &alloc);

	if (!err && alloc.out_ioas_id)
		((struct iommufd *)backend)->ioas = alloc.out_ioas_id;
	return err;
}

static int destroy_ioas(struct backend *backend)
{
	struct uapi_iommu_destroy destroy = { .size = sizeof(destroy), .id = ioas_of(backend) };
	int err = destroy.id ? iommufd_ioctl(backend, UAPI_IOMMU_DESTROY, &destroy) : 0;

	if (!err)
		((struct iommufd *)backend)->ioas = 0;
	return err;
}

int iommufd_ioas(struct backend *backend, uint32_t *ret)
{
	int err = alloc_ioas(backend);

	if (!err)
		*ret = ioas_of(backend);
	return err;
}

static int open_node(struct backend *backend, struct join *join)
{
	join->step = JOIN_OPEN_NODE;
	if (join->fd >= 0)
		return sys_dup(backend->host->sys, join->fd);
	return node_open(backend->host, join->node);
}

static int bind_device(struct backend *backend, struct join *join, int fd)
{
	unsigned char uuid[16];
	struct uapi_vfio_bind_iommufd bind = {
		/* Kernels before the token know a shorter struct. */
		.argsz = offsetof(struct uapi_vfio_bind_iommufd, token_uuid_ptr),
		.iommufd = backend->fd,
	};
	int err;

	join->step = JOIN_BIND;
	if (join->vf_token) {
		if (!token_parse(join->vf_token, uuid))
			return -EINVAL;
		bind.argsz = sizeof(bind);
		bind.flags = UAPI_VFIO_DEVICE_BIND_FLAG_TOKEN;
		bind.token_uuid_ptr = (uintptr_t)uuid;
	}
	err = sys_ioctl(backend->host->sys, fd, UAPI_VFIO_DEVICE_BIND_IOMMUFD, &bind);
	if (!err)
		join->device_id = bind.out_devid;
	return err;
}

static int iommufd_open_device(struct backend *backend, struct join *join)
{
	int fd = open_node(backend, join);
	int err;

	if (fd < 0)
		return fd;
	err = bind_device(backend, join, fd);
	if (err < 0) {
		sys_close(backend->host->sys, fd);
		return err;
	}
	join->device_fd = fd;
	return 0;
}

static int iommufd_attach(struct backend *backend, struct join *join)
{
	struct uapi_vfio_attach_iommufd_pt attach = { .argsz = sizeof(attach) };
	int err;

	join->step = JOIN_BIND; /* of which the IOAS is a part: nothing has been attached */
	err = alloc_ioas(backend);
	if (err < 0)
		return err;
	attach.pt_id = join->table ? join->table : ioas_of(backend);
	join->step = JOIN_ATTACH;
	err = sys_ioctl(backend->host->sys, join->device_fd, UAPI_VFIO_DEVICE_ATTACH_IOMMUFD_PT,
			&attach);
	if (err < 0)
		return err;
	join->is_attached = true;
	return 0;
}

/* Closing its last fd detaches it; but of what was passed somebody else may have another. */
static void iommufd_close_device(struct backend *backend, struct join *join)
{
	struct uapi_vfio_detach_iommufd_pt detach = { .argsz = sizeof(detach) };

	if ((join->fd >= 0 || backend->is_adopted) && join->is_attached && !backend->is_sent)
		(void)sys_ioctl(backend->host->sys, join->device_fd,
				UAPI_VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach);
	sys_close(backend->host->sys, join->device_fd);
	join->device_fd = -1;
}

static void iommufd_detach(struct backend *backend, struct join *join)
{
	(void)backend;
	join->is_attached = false;
}

static int iommufd_adopt_device(struct backend *backend, struct join *join)
{
	(void)backend;
	join->is_attached = true;
	return 0;
}

static int iommufd_owner_fd(struct backend *backend, const struct join *join)
{
	(void)backend;
	return join->device_fd;
}

static int read_ranges(struct backend *backend, struct range_list *list, uint32_t room,
		       uint64_t *alignment)
{
	struct uapi_iommu_ioas_iova_ranges request = {
		.size = sizeof(request),
		.ioas_id = ioas_of(backend),
		.num_iovas = room,
	};
	int err;

	list->ranges = calloc(room ? room : 1, sizeof(*list->ranges));
	if (!list->ranges)
		return -ENOMEM;
	_Static_assert(sizeof(struct vfa_iova_range) == sizeof(struct uapi_iommu_iova_range),
		       "the kernel writes into our ranges");
	request.allowed_iovas = (uintptr_t)list->ranges;
	err = iommufd_ioctl(backend, UAPI_IOMMU_IOAS_IOVA_RANGES, &request);
	list->count = request.num_iovas;
	*alignment = request.out_iova_alignment;
	if (err < 0) {
		free(list->ranges);
		list->ranges = NULL;
	}
	return err;
}

static int iommufd_read_limits(struct backend *backend, struct iova_limits *ret)
{
	uint32_t room = 16;
	int err;

	/* The kernel tells how many there are when the room is too small. */
	while ((err = read_ranges(backend, &ret->allowed, room, &ret->alignment)) == -EMSGSIZE &&
	       ret->allowed.count > room)
		room = ret->allowed.count;
	if (err < 0) {
		ret->allowed.count = 0;
		return err;
	}
	range_list_sort(&ret->allowed);
	/*
	 * Of memory that reaches the end of 64 bits the kernel (7.3 still) maps the first
	 * physically contiguous piece over the addresses of all others: the device
	 * would reach pages of somebody else, and unmapping would unpin them.
	 */
	if (backend_has_last_page(ret))
		backend_drop_last_page(ret);
	ret->page_sizes = -ret->alignment; /* every power of two from there on */
	return 0;
}

static int iommufd_unmap(struct backend *backend, uint64_t iova, uint64_t size, uint64_t *done)
{
	struct uapi_iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = ioas_of(backend),
		.iova = iova,
		.length = size,
	};
	int err = iommufd_ioctl(backend, UAPI_IOMMU_IOAS_UNMAP, &unmap);

	*done = err < 0 ? 0 : unmap.length;
	return err;
}

static uint32_t map_flags(const struct dma_request *request)
{
	return UAPI_IOMMU_IOAS_MAP_FIXED_IOVA |
	       (request->access & VFA_ACCESS_READ ? UAPI_IOMMU_IOAS_MAP_READABLE : 0) |
	       (request->access & VFA_ACCESS_WRITE ? UAPI_IOMMU_IOAS_MAP_WRITEABLE : 0);
}

static int map_memory(struct backend *backend, const struct dma_request *request)
{
	struct uapi_iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = map_flags(request),
		.ioas_id = ioas_of(backend),
		.user_va = (uintptr_t)request->vaddr,
		.length = request->size,
		.iova = request->iova,
	};

	return iommufd_ioctl(backend, UAPI_IOMMU_IOAS_MAP, &map);
}

/* The pages are the file's, whatever becomes of this process and its addresses. */
static int map_file(struct backend *backend, const struct dma_request *request)
{
	struct uapi_iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = map_flags(request),
		.ioas_id = ioas_of(backend),
		.fd = request->fd,
		.start = request->offset,
		.length = request->size,
		.iova = request->iova,
	};

	return iommufd_ioctl(backend, UAPI_IOMMU_IOAS_MAP_FILE, &map);
}

/* What is not mapped by file may be pinned: EINVAL is for dma-bufs before Linux 6.19. */
static bool may_pin(const struct dma_request *request, int err)
{
	if (!request->vaddr || request->is_device)
		return false;
	return err == -ENOTTY || (request->is_dmabuf && (err == -EOPNOTSUPP || err == -EINVAL));
}

static int iommufd_map(struct backend *backend, const struct dma_request *request)
{
	struct iommufd *iommufd = (struct iommufd *)backend;
	int err = -ENOTTY;
	uint64_t done;

	if (request->fd >= 0 && !iommufd->lacks_map_file) {
		err = map_file(backend, request);
		iommufd->lacks_map_file = err == -ENOTTY;
	}
	if (may_pin(request, err))
		err = map_memory(backend, request);
	/* The kernel maps first and answers then: if only the answer failed, take it back. */
	if (err == -EFAULT)
		(void)iommufd_unmap(backend, request->iova, request->size, &done);
	return err;
}

static int iommufd_unmap_all(struct backend *backend, uint64_t *done)
{
	return iommufd_unmap(backend, 0, UINT64_MAX, done);
}

static int vfio_ioas(struct backend *backend, uint16_t op, uint32_t *ioas)
{
	struct uapi_iommu_vfio_ioas request = {
		.size = sizeof(request),
		.ioas_id = *ioas,
		.op = op,
	};
	int err = iommufd_ioctl(backend, UAPI_IOMMU_VFIO_IOAS, &request);

	*ioas = request.ioas_id;
	return err;
}

/*
 * Only the compatibility interface tells, and only of the one IOAS that stands
 * for a container there. The fd may be shared: whatever stood there is put back.
 */
static int iommufd_is_coherent(struct backend *backend)
{
	uint32_t own = ioas_of(backend), before = 0;
	int had_none = vfio_ioas(backend, UAPI_IOMMU_VFIO_IOAS_GET, &before);
	int answer;

	if (had_none < 0 && had_none != -ENODEV)
		return had_none;
	answer = vfio_ioas(backend, UAPI_IOMMU_VFIO_IOAS_SET, &own);
	if (answer < 0)
		return answer;
	answer = iommufd_ioctl(backend, VFIO_CHECK_EXTENSION,
			       (void *)(unsigned long)VFIO_DMA_CC_IOMMU);
	(void)vfio_ioas(backend, had_none ? UAPI_IOMMU_VFIO_IOAS_CLEAR : UAPI_IOMMU_VFIO_IOAS_SET,
			&before);
	return answer > 0 ? 1 : answer;
}

static int iommufd_entries_left(struct backend *backend, uint32_t *ret)
{
	(void)backend;
	(void)ret;
	return -EOPNOTSUPP;
}

static int rlimit_mode(struct backend *backend, uint16_t op, uint64_t *mode)
{
	struct uapi_iommu_option option = {
		.size = sizeof(option),
		.option_id = UAPI_IOMMU_OPTION_RLIMIT_MODE,
		.op = op,
		.val64 = *mode,
	};
	int err = iommufd_ioctl(backend, UAPI_IOMMU_OPTION, &option);

	*mode = option.val64;
	return err;
}

static int iommufd_get_accounting(struct backend *backend, enum vfa_accounting *ret)
{
	uint64_t mode = 0;
	int err = rlimit_mode(backend, UAPI_IOMMU_OPTION_OP_GET, &mode);

	if (!err)
		*ret = mode ? VFA_ACCOUNTING_PROCESS : VFA_ACCOUNTING_USER;
	return err;
}

/* The kernel changes the mode and answers then: if only the answer failed, change it back. */
static int set_rlimit_mode(struct backend *backend, bool by_process)
{
	uint64_t mode = by_process, before = !by_process;
	int err = rlimit_mode(backend, UAPI_IOMMU_OPTION_OP_SET, &mode);

	if (err == -EFAULT)
		(void)rlimit_mode(backend, UAPI_IOMMU_OPTION_OP_SET, &before);
	return err;
}

/*
 * The kernel lets the mode be changed only while the fd has nothing in it, so the
 * IOAS goes and comes again. Who may not change it is told before that.
 */
static int iommufd_set_accounting(struct backend *backend, enum vfa_accounting accounting)
{
	bool by_process = accounting == VFA_ACCOUNTING_PROCESS;
	int err = set_rlimit_mode(backend, by_process);

	if (err != -EBUSY)
		return err;
	err = destroy_ioas(backend);
	if (!err)
		err = set_rlimit_mode(backend, by_process);
	(void)alloc_ioas(backend);
	return err;
}

static bool iommufd_holds_mappings(const struct backend *backend)
{
	(void)backend;
	return true;
}

static void iommufd_close(struct backend *backend)
{
	/* The fd may be shared, so that closing it would not be enough. */
	if (!backend->is_sent)
		(void)destroy_ioas(backend);
	sys_close(backend->host->sys, backend->fd);
	free(backend);
}

static const struct backend_ops iommufd_ops = {
	.close = iommufd_close,
	.attach = iommufd_attach,
	.open_device = iommufd_open_device,
	.adopt = iommufd_adopt_device,
	.close_device = iommufd_close_device,
	.detach = iommufd_detach,
	.owner_fd = iommufd_owner_fd,
	.read_limits = iommufd_read_limits,
	.map = iommufd_map,
	.unmap = iommufd_unmap,
	.unmap_all = iommufd_unmap_all,
	.is_coherent = iommufd_is_coherent,
	.entries_left = iommufd_entries_left,
	.get_accounting = iommufd_get_accounting,
	.set_accounting = iommufd_set_accounting,
	.holds_mappings = iommufd_holds_mappings,
};

static int open_iommu(const struct vfa_host *host)
{
	char path[SYSFS_PATH];
	int fd;

	node_path(host, path, "iommu");
	fd = node_open(host, path);
	if (fd == -ENOENT || fd == -ENODEV)
		return error_set(
			ENOENT, VFA_CAUSE_NO_IOMMUFD,
			"open %s: there is no iommufd in this kernel, or it is not loaded\n"
			"it needs Linux 6.6 with CONFIG_IOMMUFD: modprobe iommufd; "
			"the type1 backend works without",
			path);
	return fd;
}

static int first_ioas(struct backend *backend, int given)
{
	int err = alloc_ioas(backend);

	/* EINVAL is what a VFIO container has for requests it does not know. */
	if (given >= 0 && (err == -ENOTTY || err == -EINVAL))
		return error_set(ENOTTY, VFA_CAUSE_BAD_FD,
				 "fd %d is not an iommufd\npass an open /dev/iommu", given);
	if (err < 0)
		return error_kernel(err, "IOMMU_IOAS_ALLOC");
	return 0;
}

int iommufd_open(const struct vfa_host *host, int fd, struct backend **ret)
{
	struct iommufd *iommufd = calloc(1, sizeof(*iommufd));
	int err;

	if (!iommufd)
		return error_memory();
	iommufd->base.ops = &iommufd_ops;
	iommufd->base.host = host;
	iommufd->base.kind = VFA_BACKEND_IOMMUFD;
	iommufd->base.fd = err = fd < 0 ? open_iommu(host) : node_adopt(host, fd, "/dev/iommu");
	if (err < 0)
		goto free_iommufd;
	err = first_ioas(&iommufd->base, fd);
	if (err < 0)
		goto close_iommu;
	*ret = &iommufd->base;
	return 0;

close_iommu:
	sys_close(host->sys, iommufd->base.fd);
free_iommufd:
	free(iommufd);
	return err;
}

/* Only an IOAS has ranges. */
static int check_ioas(struct backend *backend)
{
	struct range_list list = { .count = 0 };
	uint64_t alignment;
	int err = read_ranges(backend, &list, 0, &alignment);

	if (err == -ENOMEM)
		return error_memory();
	free(list.ranges);
	if (!err || err == -EMSGSIZE)
		return 0;
	return error_set(ENOTTY, VFA_CAUSE_BAD_MESSAGE,
			 "an fd that came over the socket is not an iommufd with IOAS %u\n"
			 "have the other side send by vfa_share_send",
			 ioas_of(backend));
}

int iommufd_adopt(const struct vfa_host *host, int fd, uint32_t ioas, struct backend **ret)
{
	struct iommufd *iommufd = calloc(1, sizeof(*iommufd));
	uint64_t done;
	int err;

	if (!iommufd)
		return error_memory();
	iommufd->base = (struct backend){
		.ops = &iommufd_ops,
		.host = host,
		.kind = VFA_BACKEND_IOMMUFD,
		.fd = fd,
		.is_adopted = true,
	};
	iommufd->ioas = ioas;
	err = check_ioas(&iommufd->base);
	if (!err) {
		err = iommufd_unmap_all(&iommufd->base, &done);
		err = err < 0 ? error_kernel(err, "IOMMU_IOAS_UNMAP") : 0;
	}
	if (err)
		free(iommufd);
	else
		*ret = &iommufd->base;
	return err;
}
