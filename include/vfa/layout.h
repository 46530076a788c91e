/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A layout: many regions of memory, mapped at given IOVAs all together or not at all.
 *
 * It is what a VMM has of its guest's address space: pieces of memory, each at the
 * address that the guest has it at. Applying a list of regions makes the layout that
 * list. What was in it before and is in the list stays mapped all the while, so that
 * DMA to it goes on; the rest is mapped and unmapped. When a step fails, those before
 * it are undone.
 *
 * A layout owns its mappings: nothing else unmaps them. It keeps its container alive.
 * A container may have several, and mappings and buffers beside them.
 *
 * All functions may be called from any thread, but not with a layout that another one
 * frees.
 */

#ifndef VFA_LAYOUT_H
#define VFA_LAYOUT_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/container.h>
#include <vfa/error.h>
#include <vfa/mapping.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_layout;

/** enum vfa_layout_flags - what a region's memory is */
enum vfa_layout_flags {
	VFA_LAYOUT_FILE = 1 << 0, /* fd and offset are given */
};

/**
 * struct vfa_layout_region - a piece of memory at an IOVA
 * @iova: where it shall be; a multiple of vfa_container_alignment(), as are @size,
 *	@vaddr and @offset
 * @size: in bytes
 * @vaddr: the memory in this process
 * @offset: with VFA_LAYOUT_FILE, where in the file the memory starts; else 0
 * @access: enum vfa_access, 0 for both ways
 * @flags: enum vfa_layout_flags
 * @fd: with VFA_LAYOUT_FILE, the memfd that is mapped at @vaddr; else 0. iommufd then maps
 *	the file (Linux 6.14), whatever becomes of this process's memory; type1 and older
 *	kernels go by @vaddr. It has to stay open while the region is in the layout
 * @reserved: 0
 */
struct vfa_layout_region {
	uint64_t iova;
	uint64_t size;
	void *vaddr;
	uint64_t offset;
	uint32_t access;
	uint32_t flags;
	int32_t fd;
	uint32_t reserved;
};

/**
 * struct vfa_layout_plan - what applying a list would come to
 * @struct_size: set by VFA_LAYOUT_PLAN_INIT
 * @code: 0 when the kernel would be asked, else the negative errno
 * @cause: VFA_CAUSE_NONE, or what is in the way
 * @reserved: 0
 * @refused: index of the region that is refused, of the first in the list; UINT64_MAX
 *	when none is
 * @kept: regions that stay mapped without interruption
 * @mapped: regions that are mapped
 * @unmapped: regions of the layout that are unmapped
 * @replaced: those of @unmapped that a new region overlaps. They have to go before it
 *	can come: between the two nothing is mapped there
 */
struct vfa_layout_plan {
	uint32_t struct_size;
	int32_t code;
	enum vfa_cause cause;
	uint32_t reserved;
	uint64_t refused;
	uint64_t kept;
	uint64_t mapped;
	uint64_t unmapped;
	uint64_t replaced;
};

#define VFA_LAYOUT_PLAN_INIT                                                                       \
	{                                                                                          \
		sizeof(struct vfa_layout_plan), 0, VFA_CAUSE_NONE, 0, 0, 0, 0, 0, 0                \
	}

/**
 * vfa_layout_new() - a layout without regions
 * @container: the container
 * @ret: the layout, to be freed with vfa_layout_free()
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument
 *	-ENOMEM: no memory
 *	-EOPNOTSUPP: noiommu does not translate (VFA_CAUSE_NOIOMMU)
 */
int vfa_layout_new(struct vfa_container *container, struct vfa_layout **ret);

/**
 * vfa_layout_apply() - make the layout these regions
 * @layout: the layout; its container needs a device, unless @count is 0
 * @regions: in any order; NULL when @count is 0
 * @count: how many
 *
 * All regions are checked before the kernel is asked, against the kernel's ranges, the
 * reserved regions, the other mappings of the container and each other: a refusal
 * names the region, by its index from 0, and what is in the way. One in a dangerous
 * window is told to the host's log.
 *
 * A region that equals one of the layout in all fields stays as it is. The others are
 * mapped before anything is unmapped, so that limits on locked memory and mappings have to
 * have room for both; but regions that a new one overlaps are unmapped before it is
 * mapped. Where one of those cannot be mapped again after a failure, which takes that the
 * kernel runs out of memory twice, the layout has what is left, and the cause is
 * VFA_CAUSE_NOT_RESTORED. Without such overlaps a failure changes nothing.
 *
 * Return: 0, or
 *	-EINVAL: @layout is NULL, or a region has something unknown; a size of 0
 *		(VFA_CAUSE_EMPTY); VFA_CAUSE_WRAPPED; VFA_CAUSE_MISALIGNED;
 *		VFA_CAUSE_OUTSIDE_APERTURE; VFA_CAUSE_RESERVED; on iommufd, the fd of a region
 *		is no file of memory (VFA_CAUSE_BAD_FD) or ends before the region does
 *		(VFA_CAUSE_FILE_BOUNDS)
 *	-EEXIST: a mapping that is not of this layout is there, or two regions overlap
 *		(VFA_CAUSE_OVERLAP)
 *	-EBADF: the fd of a region is negative, or on iommufd not open (VFA_CAUSE_BAD_FD)
 *	-EBUSY: the container was sent to another process (VFA_CAUSE_SENT)
 *	-ENODEV: no device has joined yet (VFA_CAUSE_WRONG_ORDER)
 *	-EFAULT: no memory with these rights (VFA_CAUSE_BAD_ADDRESS), or device memory on
 *		iommufd (VFA_CAUSE_MMIO_ADDRESS)
 *	-ENOMEM: the limit on locked memory (VFA_CAUSE_MEMLOCK), or no memory
 *	-ENOSPC: no entry left on type1 (VFA_CAUSE_ENTRY_LIMIT)
 *	-EIO: the kernel had less mapped than the layout; that is mapped again
 *		(VFA_CAUSE_SHORT_UNMAP)
 *	any other errno of the kernel (VFA_CAUSE_KERNEL)
 *
 * Kernel: VFIO_IOMMU_MAP_DMA, VFIO_IOMMU_UNMAP_DMA; IOMMU_IOAS_MAP, IOMMU_IOAS_MAP_FILE,
 * IOMMU_IOAS_UNMAP.
 */
int vfa_layout_apply(struct vfa_layout *layout, const struct vfa_layout_region *regions,
		     size_t count);

/**
 * vfa_layout_check() - what vfa_layout_apply() would do
 * @layout: the layout
 * @regions: as for vfa_layout_apply()
 * @count: how many
 * @ret: the plan, made with VFA_LAYOUT_PLAN_INIT
 *
 * Nothing is changed, and the kernel is not asked. When the plan is a refusal,
 * vfa_error_last() has the sentence and hint that vfa_layout_apply() would give, though
 * this call succeeds.
 *
 * Return: 0 with a plan, whatever it is, or
 *	-EINVAL: a NULL argument, or @ret without its size
 *	-EBUSY: the container was sent to another process (VFA_CAUSE_SENT)
 *	-ENODEV: no device has joined yet (VFA_CAUSE_WRONG_ORDER)
 *	-ENOMEM: no memory
 */
int vfa_layout_check(struct vfa_layout *layout, const struct vfa_layout_region *regions,
		     size_t count, struct vfa_layout_plan *ret);

/**
 * vfa_layout_regions() - what is in the layout
 * @layout: the layout
 * @regions: filled by ascending IOVA, may be NULL when @max is 0
 * @max: number of elements in @regions
 *
 * Return: the number of regions there are, which may exceed @max, or -EINVAL for a NULL
 * argument.
 */
int vfa_layout_regions(struct vfa_layout *layout, struct vfa_layout_region *regions, size_t max);

/**
 * vfa_layout_split() - cut a region around what cannot be mapped
 * @container: a container that a device is in, or a PASID leads to
 * @region: the region; what it overlaps does not matter
 * @pieces: filled by ascending IOVA with the parts that can be, may be NULL when @max is 0
 * @max: number of elements in @pieces
 *
 * For a guest whose memory lies across a hole of the IOMMU: devices do not reach the
 * memory between the pieces. Whether that will do the VMM has to know.
 *
 * Return: the number of pieces there are, which may exceed @max, and is 0 when nothing
 * of the region can be mapped; or
 *	-EINVAL: a NULL argument; VFA_CAUSE_EMPTY; VFA_CAUSE_WRAPPED;
 *		VFA_CAUSE_MISALIGNED
 *	-ENODEV: no device has joined yet (VFA_CAUSE_WRONG_ORDER)
 *	-EOPNOTSUPP: noiommu does not translate (VFA_CAUSE_NOIOMMU)
 */
int vfa_layout_split(struct vfa_container *container, const struct vfa_layout_region *region,
		     struct vfa_layout_region *pieces, size_t max);

/**
 * vfa_layout_free() - unmap all regions and free the layout
 * @layout: the layout, or NULL
 *
 * What the kernel does not unmap stays listed in the container, and can be unmapped by
 * range.
 */
void vfa_layout_free(struct vfa_layout *layout);

#ifdef __cplusplus
}
#endif

#endif
