/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "container.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "adopt.h"
#include "base/api.h"
#include "base/error.h"
#include "mapping.h"

static struct vfa_container *new_container(struct vfa_host *host, enum vfa_backend wanted)
{
	struct vfa_container *container = calloc(1, sizeof(*container));

	if (!container)
		return NULL;
	if (iova_space_init(&container->space) || host_hold(host, &container->host)) {
		iova_space_clear(&container->space);
		free(container);
		return NULL;
	}
	vaddrs_init(&container->vaddrs);
	slab_init(&container->mappings, sizeof(struct vfa_mapping), container);
	atomic_init(&container->holders, 1);
	pthread_mutex_init(&container->lock, NULL);
	container->wanted = wanted;
	container->is_settled = wanted != VFA_BACKEND_AUTO;
	return container;
}

static int open_container(struct vfa_host *host, enum vfa_backend backend, int fd,
			  struct vfa_container **ret)
{
	struct vfa_container *container;
	int err;

	if (!ret)
		return error_null("ret");
	container = new_container(host, backend);
	if (!container)
		return error_memory();
	err = host_require_live(container->host, "open a container");
	if (err) {
		container_release(container);
		return err;
	}
	if (backend == VFA_BACKEND_AUTO) {
		snprintf(container->reason, sizeof(container->reason), UNDECIDED);
	} else {
		err = backend_open(container->host, backend, fd, &container->backend);
		if (err) {
			container_release(container);
			return err;
		}
		snprintf(container->reason, sizeof(container->reason), "%s: asked for by name",
			 vfa_backend_name(backend));
	}
	*ret = container;
	return 0;
}

static int adopt_backend(struct vfa_container *container, int fd, uint32_t ioas)
{
	if (container->wanted == VFA_BACKEND_TYPE1)
		return type1_adopt(container->host, fd, &container->backend);
	return iommufd_adopt(container->host, fd, ioas, &container->backend);
}

int container_adopt(struct vfa_host *host, enum vfa_backend kind, int fd, uint32_t ioas,
		    struct vfa_container **ret)
{
	struct vfa_container *container = new_container(host, kind);
	int err = container ? adopt_backend(container, fd, ioas) : error_memory();

	if (err) {
		sys_close(host->sys, fd);
		vfa_container_close(container);
		return err;
	}
	snprintf(container->reason, sizeof(container->reason), "%s: as it was received",
		 vfa_backend_name(kind));
	*ret = container;
	return 0;
}

VFA_API int vfa_container_open(struct vfa_host *host, enum vfa_backend backend,
			       struct vfa_container **ret)
{
	return open_container(host, backend, -1, ret);
}

VFA_API int vfa_container_open_fd(struct vfa_host *host, enum vfa_backend backend, int fd,
				  struct vfa_container **ret)
{
	if (fd < 0)
		return error_set(EBADF, VFA_CAUSE_BAD_FD,
				 "fd %d is not open\npass an open /dev/vfio/vfio or /dev/iommu",
				 fd);
	if (backend == VFA_BACKEND_AUTO)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "an fd belongs to one backend: auto cannot be decided from it\n"
				 "name the backend the fd belongs to");
	return open_container(host, backend, fd, ret);
}

static int require_backend(const struct vfa_container *container)
{
	if (container->is_settled)
		return 0;
	return error_set(ENODEV, VFA_CAUSE_WRONG_ORDER,
			 "the container has no backend yet: the first device decides\n"
			 "open a device in it, or the container with a backend by name");
}

static int refuse_beside(const struct vfa_container *container)
{
	return error_set(EOPNOTSUPP, VFA_CAUSE_BAD_ARGUMENT,
			 "a %s container has no other address space beside it: its fd is one\n"
			 "open both with VFA_BACKEND_IOMMUFD, or another container of its own",
			 vfa_backend_name(container->backend->kind));
}

VFA_API int vfa_container_open_beside(struct vfa_container *container, struct vfa_container **ret)
{
	int err;

	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	container_lock(container);
	err = require_backend(container);
	if (!err)
		err = container_require_unsent(container, "open beside");
	if (!err && container->backend->kind != VFA_BACKEND_IOMMUFD)
		err = refuse_beside(container);
	if (!err)
		err = open_container(container->host, VFA_BACKEND_IOMMUFD, container->backend->fd,
				     ret);
	container_unlock(container);
	return err;
}

VFA_API void vfa_container_close(struct vfa_container *container)
{
	if (container)
		container_release(container);
}

void container_hold(struct vfa_container *container)
{
	atomic_fetch_add(&container->holders, 1);
}

void container_release(struct vfa_container *container)
{
	if (atomic_fetch_sub(&container->holders, 1) > 1)
		return;
	backend_close(container->backend);
	unmap_owned_memory(container);
	iova_space_clear(&container->space);
	vaddrs_clear(&container->vaddrs);
	slab_clear(&container->mappings);
	pthread_mutex_destroy(&container->lock);
	vfa_host_free(container->host);
	free(container);
}

int container_require_unsent(const struct vfa_container *container, const char *what)
{
	if (!container->backend || !container->backend->is_sent)
		return 0;
	return error_set(EBUSY, VFA_CAUSE_SENT,
			 "%s: the container was sent to another process\n"
			 "close it and its devices here, and use it there",
			 what);
}

int container_require_space(const struct vfa_container *container, const char *what)
{
	int err = container_require_unsent(container, what);

	if (err)
		return err;
	if (container->wanted == VFA_BACKEND_NOIOMMU)
		return error_set(EOPNOTSUPP, VFA_CAUSE_NOIOMMU,
				 "%s: noiommu does not translate: there are no IOVAs\n"
				 "use a machine with an IOMMU",
				 what);
	if (!container_is_reached(container))
		return error_set(
			ENODEV, VFA_CAUSE_WRONG_ORDER,
			"%s: no device is in the container, so what can be mapped is not "
			"known\nopen a device in it first: vfa_device_open, or let a PASID lead to "
			"it: vfa_pasid_attach",
			what);
	return 0;
}

VFA_API int vfa_container_keep_mappings(struct vfa_container *container, bool keep)
{
	int err = 0;

	if (!container)
		return error_null("container");
	container_lock(container);
	container->drops_mappings = !keep;
	if (!keep && !container_is_reached(container))
		err = unmap_droppable(container);
	container_unlock(container);
	return err;
}

VFA_API int vfa_container_backend(struct vfa_container *container)
{
	enum vfa_backend backend;

	if (!container)
		return error_null("container");
	container_lock(container);
	backend = container->is_settled ? container->backend->kind : VFA_BACKEND_AUTO;
	container_unlock(container);
	return backend;
}

VFA_API int vfa_container_reason(struct vfa_container *container, char *reason, size_t size)
{
	int used;

	if (!container)
		return error_null("container");
	if (!reason && size)
		return error_null("reason");
	container_lock(container);
	used = snprintf(reason, size, "%s", container->is_settled ? container->reason : UNDECIDED);
	container_unlock(container);
	return used;
}

VFA_API int vfa_container_iova_ranges(struct vfa_container *container,
				      struct vfa_iova_range *ranges, size_t max)
{
	const struct range_list *allowed;
	int err;

	if (!container)
		return error_null("container");
	if (!ranges && max)
		return error_null("ranges");
	container_lock(container);
	err = container_require_space(container, "IOVA ranges");
	if (!err) {
		allowed = &container->space.limits.allowed;
		for (size_t i = 0; i < allowed->count && i < max; i++)
			ranges[i] = allowed->ranges[i];
		err = allowed->count;
	}
	container_unlock(container);
	return err;
}

VFA_API int vfa_container_reserved_regions(struct vfa_container *container,
					   struct vfa_reserved_region *regions, size_t max)
{
	const struct iova_limits *limits;
	int err;

	if (!container)
		return error_null("container");
	if (!regions && max)
		return error_null("regions");
	container_lock(container);
	err = container_require_space(container, "reserved regions");
	if (!err) {
		limits = &container->space.limits;
		for (size_t i = 0; i < limits->reserved_count && i < max; i++)
			regions[i] = limits->reserved[i];
		err = limits->reserved_count;
	}
	container_unlock(container);
	return err;
}

VFA_API int vfa_container_page_sizes(struct vfa_container *container, uint64_t *ret)
{
	int err;

	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	container_lock(container);
	err = container_require_space(container, "page sizes");
	if (!err)
		*ret = container->space.limits.page_sizes;
	container_unlock(container);
	return err;
}

VFA_API int vfa_container_alignment(struct vfa_container *container, uint64_t *ret)
{
	int err;

	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	container_lock(container);
	err = container_require_space(container, "alignment");
	if (!err)
		*ret = container->space.limits.alignment;
	container_unlock(container);
	return err;
}

int container_require_accounting(const struct vfa_container *container, const char *what)
{
	int err;

	if (container->wanted == VFA_BACKEND_NOIOMMU)
		return error_set(EOPNOTSUPP, VFA_CAUSE_NOIOMMU,
				 "%s: noiommu maps and counts nothing\n"
				 "use a machine with an IOMMU",
				 what);
	err = require_backend(container);
	return err ? err : container_require_unsent(container, what);
}

int container_require_iommufd(const struct vfa_container *container, const char *what)
{
	int err = container_require_accounting(container, what);

	if (!err && container->backend->kind != VFA_BACKEND_IOMMUFD)
		err = error_set(EOPNOTSUPP, VFA_CAUSE_NOT_IOMMUFD,
				"%s: that takes a container on iommufd, and this one is on %s\n"
				"open the container with VFA_BACKEND_IOMMUFD",
				what, vfa_backend_name(container->backend->kind));
	return err;
}

VFA_API int vfa_container_fd(struct vfa_container *container)
{
	int fd;

	if (!container)
		return error_null("container");
	container_lock(container);
	fd = require_backend(container);
	if (!fd)
		fd = container->backend->fd;
	container_unlock(container);
	return fd;
}

VFA_API int vfa_container_ioas(struct vfa_container *container, uint32_t *ret)
{
	int err;

	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	container_lock(container);
	err = require_backend(container);
	if (!err && container->backend->kind != VFA_BACKEND_IOMMUFD)
		err = error_set(EOPNOTSUPP, VFA_CAUSE_BAD_ARGUMENT,
				"a %s container has no IOAS\nask only iommufd containers",
				vfa_backend_name(container->backend->kind));
	if (!err) {
		err = iommufd_ioas(container->backend, ret);
		if (err)
			err = error_kernel(err, "IOMMU_IOAS_ALLOC");
	}
	container_unlock(container);
	return err;
}
