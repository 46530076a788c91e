/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What VFIO_IOMMU_GET_INFO tells of a type1 container. */

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/type1.h"
#include "base/info.h"

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

int type1_read_limits(struct backend *backend, struct iova_limits *ret)
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

int type1_entries_left(struct backend *backend, uint32_t *ret)
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
