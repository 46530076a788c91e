/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "backend/backend.h"

#include <errno.h>

#include "base/error.h"

int backend_open(const struct vfa_host *host, enum vfa_backend kind, int fd, struct backend **ret)
{
	switch (kind) {
	case VFA_BACKEND_TYPE1:
	case VFA_BACKEND_NOIOMMU:
		return type1_open(host, kind, fd, ret);
	case VFA_BACKEND_IOMMUFD:
		return iommufd_open(host, fd, ret);
	default:
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "backend %d is none of type1, iommufd and noiommu\n"
				 "name one of them",
				 kind);
	}
}

bool backend_has_last_page(const struct iova_limits *limits)
{
	const struct range_list *allowed = &limits->allowed;

	return allowed->count && allowed->ranges[allowed->count - 1].last == UINT64_MAX;
}

void backend_drop_last_page(struct iova_limits *limits)
{
	struct vfa_iova_range *top = &limits->allowed.ranges[limits->allowed.count - 1];

	if (top->last - top->start < limits->alignment)
		limits->allowed.count--;
	else
		top->last -= limits->alignment;
}

int backend_join(struct backend *backend, struct join *join)
{
	const struct backend_ops *ops = backend->ops;
	int err = ops->attaches_first ? ops->attach(backend, join) : 0;

	if (err >= 0)
		err = ops->open_device(backend, join);
	if (err >= 0 && !ops->attaches_first)
		err = ops->attach(backend, join);
	if (err < 0)
		backend_leave(backend, join);
	return err < 0 ? err : 0;
}

void backend_leave(struct backend *backend, struct join *join)
{
	if (join->device_fd >= 0)
		backend->ops->close_device(backend, join);
	if (join->is_attached)
		backend->ops->detach(backend, join);
}

void backend_close(struct backend *backend)
{
	if (backend)
		backend->ops->close(backend);
}
