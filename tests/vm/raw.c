/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "raw.h"

#include <errno.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>

#include "uapi/iommufd.h"

static int type1_map(int fd, void *vaddr, uint64_t size, uint64_t iova)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)vaddr,
		.iova = iova,
		.size = size,
	};

	return ioctl(fd, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

static int iommufd_map(int fd, uint32_t ioas, void *vaddr, uint64_t size, uint64_t iova)
{
	struct uapi_iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = UAPI_IOMMU_IOAS_MAP_FIXED_IOVA | UAPI_IOMMU_IOAS_MAP_WRITEABLE |
			 UAPI_IOMMU_IOAS_MAP_READABLE,
		.ioas_id = ioas,
		.user_va = (uintptr_t)vaddr,
		.length = size,
		.iova = iova,
	};

	return ioctl(fd, UAPI_IOMMU_IOAS_MAP, &map) ? -errno : 0;
}

int raw_map(struct vfa_container *space, void *vaddr, uint64_t size, uint64_t iova)
{
	int fd = assert_ok(vfa_container_fd(space));
	uint32_t ioas;

	if (vfa_container_backend(space) == VFA_BACKEND_TYPE1)
		return type1_map(fd, vaddr, size, iova);
	assert_ok(vfa_container_ioas(space, &ioas));
	return iommufd_map(fd, ioas, vaddr, size, iova);
}

static int type1_unmap(int fd, uint64_t iova, uint64_t size, uint64_t *ret)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size,
	};

	if (ioctl(fd, VFIO_IOMMU_UNMAP_DMA, &unmap))
		return -errno;
	*ret = unmap.size;
	return 0;
}

static int iommufd_unmap(int fd, uint32_t ioas, uint64_t iova, uint64_t size, uint64_t *ret)
{
	struct uapi_iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = ioas,
		.iova = iova,
		.length = size,
	};

	if (ioctl(fd, UAPI_IOMMU_IOAS_UNMAP, &unmap))
		return -errno;
	*ret = unmap.length;
	return 0;
}

int raw_unmap(struct vfa_container *space, uint64_t iova, uint64_t size, uint64_t *ret)
{
	int fd = assert_ok(vfa_container_fd(space));
	uint32_t ioas;

	if (vfa_container_backend(space) == VFA_BACKEND_TYPE1)
		return type1_unmap(fd, iova, size, ret);
	assert_ok(vfa_container_ioas(space, &ioas));
	return iommufd_unmap(fd, ioas, iova, size, ret);
}
