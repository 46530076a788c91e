/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A mapping: memory of this process at an IOVA.
 *
 * While a mapping lives, its pages are pinned and every device of the container
 * reaches them. The list of mappings equals the kernel's after every call,
 * whether it succeeded or failed.
 *
 * A handle lives until its mapping is unmapped, by handle, by range or all at
 * once, or until the container goes. After a fork, parent and child each get a
 * private page of their own at the first write, and the device keeps only one of
 * them: use shared memory (vfa/buffer.h does) or MADV_DONTFORK.
 *
 * All functions may be called from any thread, but not with a handle that another
 * one unmaps.
 */

#ifndef VFA_MAPPING_H
#define VFA_MAPPING_H

#include <stdint.h>
#include <vfa/container.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_mapping;

/** enum vfa_access - what a device may do with a mapping */
enum vfa_access {
	VFA_ACCESS_READ = 1 << 0,  /* device reads memory */
	VFA_ACCESS_WRITE = 1 << 1, /* device writes memory */
	VFA_ACCESS_READ_WRITE = VFA_ACCESS_READ | VFA_ACCESS_WRITE,
};

/** enum vfa_map_flags - how the IOVA is found */
enum vfa_map_flags {
	VFA_MAP_FIXED = 1 << 0,    /* at exactly the IOVA given */
	VFA_MAP_IDENTITY = 1 << 1, /* at the IOVA that equals the memory's address */
};

/**
 * struct vfa_map_options - how to map
 * @struct_size: set by VFA_MAP_OPTIONS_INIT
 * @flags: enum vfa_map_flags
 * @access: enum vfa_access, 0 for both ways
 * @reserved: 0
 * @iova: with VFA_MAP_FIXED, the IOVA; else 0. A given IOVA may be in a dangerous
 *	window, of which the host's log is told as a warning
 * @iova_min: the lowest IOVA to use; 0 for any, but page 0 only when fixed
 * @iova_max: the highest byte to use, such as a device's DMA mask; 0 for any
 * @alignment: a power of two the IOVA shall be a multiple of; 0 to prefer multiples
 *	of 2 MiB or 1 GiB where the IOMMU could use pages of that size
 */
struct vfa_map_options {
	uint32_t struct_size;
	uint32_t flags;
	uint32_t access;
	uint32_t reserved;
	uint64_t iova;
	uint64_t iova_min;
	uint64_t iova_max;
	uint64_t alignment;
};

#define VFA_MAP_OPTIONS_INIT                                                                       \
	{                                                                                          \
		sizeof(struct vfa_map_options), 0, 0, 0, 0, 0, 0, 0                                \
	}

/**
 * vfa_container_map() - map memory for DMA
 * @container: a container that a device is in, or a PASID leads to
 * @vaddr: the memory; a multiple of vfa_container_alignment()
 * @size: in bytes; a multiple of the same
 * @options: NULL to map both ways at an IOVA the library chooses: the lowest free
 *	one that suits large pages, or else the lowest; never page 0
 * @ret: the mapping; may be NULL when the caller will unmap by range
 *
 * The request is checked against the kernel's ranges, the reserved regions and
 * the other mappings before the kernel is asked; a refusal names what is in the
 * way and, where there is one, the nearest IOVA that would do. vfa/verdict.h has the
 * same for a program to read, without mapping.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, or @options that are unknown or contradict each other
 *		or a fixed IOVA; a size of 0 (VFA_CAUSE_EMPTY); an end beyond 64 bits
 *		(VFA_CAUSE_WRAPPED); VFA_CAUSE_MISALIGNED;
 *		VFA_CAUSE_OUTSIDE_APERTURE; VFA_CAUSE_RESERVED
 *	-EEXIST: another mapping is there (VFA_CAUSE_OVERLAP)
 *	-ENODEV: no device has joined yet (VFA_CAUSE_WRONG_ORDER)
 *	-EBUSY: the container was sent to another process (VFA_CAUSE_SENT)
 *	-EFAULT: no memory with these rights (VFA_CAUSE_BAD_ADDRESS), or device
 *		memory on iommufd (VFA_CAUSE_MMIO_ADDRESS), for which vfa/peer.h is
 *	-ENOMEM: the limit on locked memory (VFA_CAUSE_MEMLOCK), or no memory
 *	-ENOSPC: no free IOVA outside of dangerous windows (VFA_CAUSE_NO_SPACE), or no
 *		entry left on type1 (VFA_CAUSE_ENTRY_LIMIT)
 *	-EOPNOTSUPP: noiommu does not translate (VFA_CAUSE_NOIOMMU)
 *	any other errno of the kernel (VFA_CAUSE_KERNEL)
 *
 * Kernel: VFIO_IOMMU_MAP_DMA; IOMMU_IOAS_MAP.
 */
int vfa_container_map(struct vfa_container *container, void *vaddr, uint64_t size,
		      const struct vfa_map_options *options, struct vfa_mapping **ret);

/**
 * vfa_container_map_file() - map memory of a file for DMA
 * @container: a container that a device is in, or a PASID leads to
 * @fd: a memfd, a file of tmpfs or hugetlbfs, or a dma-buf. It stays the caller's, who may
 *	close it at once
 * @offset: where in the file, in bytes; a multiple of the size of its pages, which are huge
 *	ones where it is of hugetlbfs
 * @size: in bytes; a multiple of vfa_container_alignment(), and of huge pages
 * @options: as for vfa_container_map(), but without VFA_MAP_IDENTITY
 * @ret: the mapping; may be NULL when the caller will unmap by range
 *
 * The library also maps the memory into this process, shared, where vfa_mapping_vaddr()
 * tells: it goes with the mapping. With VFA_ACCESS_READ the file need not be one that can be
 * written; then the process can only read it too. What the file loses when it is made shorter stays
 * with devices, but is a SIGBUS for the process.
 *
 * iommufd maps the file itself (Linux 6.14); of dma-bufs those that VFIO made, of one area
 * (Linux 6.19, see vfa/dmabuf.h). These have no address, so that vfa_mapping_vaddr() is NULL and
 * vfa_container_find_vaddr() finds nothing. Type1, and iommufd in all other cases, maps what
 * the process has, which of a dma-buf may be nothing, or nothing that can be pinned: a
 * matter of the driver that made it and of the kernel.
 *
 * Return: 0, or the errors of vfa_container_map(), or
 *	-EINVAL: VFA_MAP_IDENTITY (VFA_CAUSE_BAD_ARGUMENT); @fd is no such file
 *		(VFA_CAUSE_BAD_FD); the part is past its end (VFA_CAUSE_FILE_BOUNDS);
 *		@offset is misaligned (VFA_CAUSE_MISALIGNED)
 *	-EBADF: @fd is not open (VFA_CAUSE_BAD_FD)
 *	-EACCES: it is not open for reading, or for writing, as @options want
 *		(VFA_CAUSE_FILE_RIGHTS)
 *	-EPERM: the same, of a memfd that is sealed against writing (VFA_CAUSE_FILE_RIGHTS)
 *	-EOPNOTSUPP: a dma-buf that the kernel does not map (VFA_CAUSE_DMABUF)
 *	-EIO: a dma-buf of a device that does not answer now, or was closed
 *		(VFA_CAUSE_REGION_OFF)
 *
 * Kernel: mmap(2), then VFIO_IOMMU_MAP_DMA; IOMMU_IOAS_MAP_FILE, IOMMU_IOAS_MAP.
 */
int vfa_container_map_file(struct vfa_container *container, int fd, uint64_t offset, uint64_t size,
			   const struct vfa_map_options *options, struct vfa_mapping **ret);

/**
 * vfa_container_unmap() - unmap whole mappings by range
 * @container: the container
 * @iova: start of the range
 * @size: in bytes
 *
 * The range may cover several mappings and gaps between them, but must not cut
 * one; it need not be aligned. Their handles die.
 *
 * Return: 0, or
 *	-EINVAL: @container is NULL; VFA_CAUSE_EMPTY; VFA_CAUSE_WRAPPED; the range
 *		cuts a mapping (VFA_CAUSE_PARTIAL_UNMAP); nothing was done
 *	-EBUSY: a buffer, a peer, or a region of a layout is in the range
 *		(VFA_CAUSE_WRONG_ORDER); nothing was done
 *	-ENOENT: nothing is mapped there (VFA_CAUSE_NOT_MAPPED)
 *	-EIO: the kernel had less mapped than the library knew of; all of the range
 *		is unmapped now (VFA_CAUSE_SHORT_UNMAP)
 *	any other errno of the kernel; what is still mapped is still listed
 *
 * Kernel: VFIO_IOMMU_UNMAP_DMA; IOMMU_IOAS_UNMAP.
 */
int vfa_container_unmap(struct vfa_container *container, uint64_t iova, uint64_t size);

/**
 * vfa_container_unmap_all() - unmap everything
 * @container: the container
 *
 * All mapping handles of the container die. Refused while a buffer or a peer lives, or a
 * layout has regions.
 *
 * Return: 0, also when nothing is mapped, or
 *	-EINVAL: @container is NULL
 *	-EBUSY: a buffer, peer or layout is still there (VFA_CAUSE_WRONG_ORDER); nothing
 *		was done
 *	-EIO: as vfa_container_unmap()
 *	any other errno of the kernel; what is still mapped is still listed
 *
 * Kernel: VFIO_IOMMU_UNMAP_DMA or IOMMU_IOAS_UNMAP, from the first mapping to the last.
 */
int vfa_container_unmap_all(struct vfa_container *container);

/**
 * vfa_mapping_unmap() - unmap one mapping and free its handle
 * @mapping: the mapping, or NULL
 *
 * Return: 0, or the errors of vfa_container_unmap(). After VFA_CAUSE_SHORT_UNMAP
 * the handle is dead; after any other failure the mapping is still there, and the
 * handle valid.
 */
int vfa_mapping_unmap(struct vfa_mapping *mapping);

/** vfa_mapping_iova() - where it starts for a device; @mapping not NULL */
uint64_t vfa_mapping_iova(const struct vfa_mapping *mapping);

/** vfa_mapping_vaddr() - where it starts for this process, or NULL; @mapping not NULL */
void *vfa_mapping_vaddr(const struct vfa_mapping *mapping);

/** vfa_mapping_size() - its size in bytes; @mapping not NULL */
uint64_t vfa_mapping_size(const struct vfa_mapping *mapping);

/** vfa_mapping_access() - enum vfa_access; @mapping not NULL */
uint32_t vfa_mapping_access(const struct vfa_mapping *mapping);

#ifdef __cplusplus
}
#endif

#endif
