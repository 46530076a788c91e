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

static int destroy(const struct backend *backend, uint32_t id)
{
	struct uapi_iommu_destroy request = { .size = sizeof(request), .id = id };

	return call(backend, UAPI_IOMMU_DESTROY, &request);
}

int page_table_destroy(struct backend *backend, uint32_t table)
{
	return backend->is_sent ? 0 : destroy(backend, table);
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

/* Only an IOAS that is there has ranges: 1 or 0. */
static int knows_ioas(const struct backend *backend, uint32_t id)
{
	struct uapi_iommu_ioas_iova_ranges request = { .size = sizeof(request), .ioas_id = id };
	int err = call(backend, UAPI_IOMMU_IOAS_IOVA_RANGES, &request);

	return err == -ENOENT ? 0 : err < 0 && err != -EMSGSIZE ? err : 1;
}

/* An id that comes and goes by one fd does so by the other if they are one file. */
int page_table_is_same_iommufd(struct backend *one, struct backend *other)
{
	struct uapi_iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	int err, before, after;

	if (one == other)
		return 1;
	err = call(one, UAPI_IOMMU_IOAS_ALLOC, &alloc);
	if (err < 0)
		return err;
	before = knows_ioas(other, alloc.out_ioas_id);
	err = destroy(one, alloc.out_ioas_id);
	if (err < 0)
		(void)destroy(one, alloc.out_ioas_id);
	if (err < 0 || before <= 0)
		return err < 0 ? err : before;
	after = knows_ioas(other, alloc.out_ioas_id);
	return after < 0 ? after : !after;
}
