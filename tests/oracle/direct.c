/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "oracle/direct.h"

#include <errno.h>
#include <linux/vfio.h>

#include "uapi/iommufd.h"

static int type1_map(direct_ioctl *ask, int fd, void *vaddr, uint64_t size, uint64_t iova)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)vaddr,
		.iova = iova,
		.size = size,
	};

	return ask(fd, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

static int iommufd_map(direct_ioctl *ask, int fd, uint32_t ioas, void *vaddr, uint64_t size,
		       uint64_t iova)
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

	return ask(fd, UAPI_IOMMU_IOAS_MAP, &map) ? -errno : 0;
}

int direct_map(direct_ioctl *ask, struct vfa_container *container, void *vaddr, uint64_t size,
	       uint64_t iova)
{
	int fd = vfa_container_fd(container);
	uint32_t ioas;
	int err;

	if (vfa_container_backend(container) == VFA_BACKEND_TYPE1)
		return type1_map(ask, fd, vaddr, size, iova);
	err = vfa_container_ioas(container, &ioas);
	if (err)
		return err;
	return iommufd_map(ask, fd, ioas, vaddr, size, iova);
}

static int type1_unmap(direct_ioctl *ask, int fd, uint64_t iova, uint64_t size, uint64_t *ret)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size,
	};

	if (ask(fd, VFIO_IOMMU_UNMAP_DMA, &unmap))
		return -errno;
	*ret = unmap.size;
	return 0;
}

static int iommufd_unmap(direct_ioctl *ask, int fd, uint32_t ioas, uint64_t iova, uint64_t size,
			 uint64_t *ret)
{
	struct uapi_iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = ioas,
		.iova = iova,
		.length = size,
	};

	if (ask(fd, UAPI_IOMMU_IOAS_UNMAP, &unmap))
		return -errno;
	*ret = unmap.length;
	return 0;
}

int direct_unmap(direct_ioctl *ask, struct vfa_container *container, uint64_t iova, uint64_t size,
		 uint64_t *ret)
{
	int fd = vfa_container_fd(container);
	uint32_t ioas;
	int err;

	if (vfa_container_backend(container) == VFA_BACKEND_TYPE1)
		return type1_unmap(ask, fd, iova, size, ret);
	err = vfa_container_ioas(container, &ioas);
	if (err)
		return err;
	return iommufd_unmap(ask, fd, ioas, iova, size, ret);
}
