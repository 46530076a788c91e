/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "backend/page_table.h"

#include <errno.h>

#include "uapi/iommufd.h"
#include "uapi/vfio_cdev.h"

static int call(const struct backend *backend, unsigned long request, void *argument)
{
	return sys_ioctl(backend->host->sys, backend->fd, request, argument);
}

int page_table_alloc(struct backend *backend, uint32_t device_id, uint32_t fault_queue,
		     uint32_t *ret)
{
	struct uapi_iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc),
		.flags = UAPI_IOMMU_HWPT_ALLOC_PASID |
			 (fault_queue ? UAPI_IOMMU_HWPT_FAULT_ID_VALID : 0),
		.dev_id = device_id,
		.fault_id = fault_queue,
	};
	int err = iommufd_ioas(backend, &alloc.pt_id);

	if (!err)
		err = call(backend, UAPI_IOMMU_HWPT_ALLOC, &alloc);
	if (!err)
		*ret = alloc.out_hwpt_id;
	return err;
}

int page_table_destroy(struct backend *backend, uint32_t table)
{
	struct uapi_iommu_destroy request = { .size = sizeof(request), .id = table };

	return backend->is_sent ? 0 : call(backend, UAPI_IOMMU_DESTROY, &request);
}

int page_table_attach(struct backend *backend, const struct join *join, uint32_t table)
{
	struct uapi_vfio_attach_iommufd_pt attach = {
		/* Kernels before PASIDs know a shorter struct, and take a longer one. */
		.argsz = sizeof(attach),
		.pt_id = table,
	};
	int err = table ? 0 : iommufd_ioas(backend, &attach.pt_id);

	return err ? err
		   : sys_ioctl(backend->host->sys, join->device_fd,
			       UAPI_VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

int page_table_attach_pasid(const struct backend *backend, const struct join *join, uint32_t pasid,
			    uint32_t table)
{
	struct uapi_vfio_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.flags = UAPI_VFIO_DEVICE_ATTACH_PASID,
		.pt_id = table,
		.pasid = pasid,
	};

	return sys_ioctl(backend->host->sys, join->device_fd, UAPI_VFIO_DEVICE_ATTACH_IOMMUFD_PT,
			 &attach);
}

int page_table_detach_pasid(const struct backend *backend, const struct join *join, uint32_t pasid)
{
	struct uapi_vfio_detach_iommufd_pt detach = {
		.argsz = sizeof(detach),
		.flags = UAPI_VFIO_DEVICE_DETACH_PASID,
		.pasid = pasid,
	};

	return sys_ioctl(backend->host->sys, join->device_fd, UAPI_VFIO_DEVICE_DETACH_IOMMUFD_PT,
			 &detach);
}

/* A kernel that cannot tell has no PASIDs either, and is told so by whoever asks for those. */
int page_table_is_same_iommufd(const struct backend *one, const struct backend *other)
{
	int answer = sys_is_same_file(one->host->sys, one->fd, other->fd);

	return answer == -EINVAL ? 1 : answer;
}
