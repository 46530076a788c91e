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

void backend_close(struct backend *backend)
{
	if (backend)
		backend->ops->close(backend);
}
