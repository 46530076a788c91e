/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Regions of a device: BARs, expansion ROM, config space, legacy VGA, and
 * whatever a driver adds.
 *
 * A region is named by its index. Where the kernel allows it, a region is
 * mapped and used through vfa/mmio.h; where it does not (I/O ports, config
 * space, parts that a driver guards), it is read and written by call.
 */

#ifndef VFA_REGION_H
#define VFA_REGION_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/** VFA_BAR() - the region of a base address register, 0 to 5 */
#define VFA_BAR(n) ((uint32_t)(n))

/** enum vfa_region_index - the other regions of a PCI device; from 9 on its driver's own */
enum vfa_region_index {
	VFA_REGION_ROM = 6,
	VFA_REGION_CONFIG = 7,
	VFA_REGION_VGA = 8,
};

/** enum vfa_region_flags - what can be done with a region, and what a BAR is */
enum vfa_region_flags {
	VFA_REGION_CAN_READ = 1 << 0,
	VFA_REGION_CAN_WRITE = 1 << 1,
	VFA_REGION_CAN_MAP = 1 << 2,         /* whole, or the parts that vfa_region_areas() lists */
	VFA_REGION_IS_SPARSE = 1 << 3,       /* and it is parts only */
	VFA_REGION_IS_IO_PORTS = 1 << 4,     /* a BAR of I/O ports, to be used by call */
	VFA_REGION_IS_PREFETCHABLE = 1 << 5, /* reading has no side effects, as of memory */
	VFA_REGION_MSIX_IS_MAPPABLE = 1 << 6, /* with the MSI-X table, which is in it */
};

/**
 * struct vfa_region_info - one region
 * @size: in bytes; 0 when the device does not have it
 * @offset: where it starts in the device fd
 * @flags: enum vfa_region_flags
 * @type: VFIO_REGION_TYPE_* of linux/vfio.h for a region that the device's driver adds,
 *	with the vendor's PCI id and bit 31 for a vendor's own; 0 for the others
 * @subtype: which of that type, as VFIO_REGION_SUBTYPE_*
 * @reserved: 0, for what later releases tell
 */
struct vfa_region_info {
	uint64_t size;
	uint64_t offset;
	uint32_t flags;
	uint32_t type;
	uint32_t subtype;
	uint32_t reserved;
};

/**
 * vfa_region_count() - how many region indexes the device has
 * @device: the device
 *
 * Return: the number, or -EINVAL when @device is NULL. Some of the indexes below
 * it may be empty.
 */
int vfa_region_count(const struct vfa_device *device);

/**
 * vfa_region_get_info() - what a region is
 * @device: the device
 * @index: VFA_BAR(n) or another index below vfa_region_count()
 * @ret: filled on success; the caller's
 *
 * An index that the device does not implement gives a size of 0.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, or @index is too large (VFA_CAUSE_NO_REGION)
 *	any other errno of the kernel
 *
 * Kernel: VFIO_DEVICE_GET_REGION_INFO, and the BARs in config space, which are read when
 * the device is opened.
 */
int vfa_region_get_info(struct vfa_device *device, uint32_t index, struct vfa_region_info *ret);

/**
 * vfa_region_find() - the region of a type
 * @device: the device
 * @type: as in struct vfa_region_info, not 0
 * @subtype: likewise
 *
 * Return: the index of the first region of @type and @subtype, or
 *	-EINVAL: @device is NULL, or @type is 0 (VFA_CAUSE_BAD_ARGUMENT)
 *	-ENOENT: the device's driver adds no such region (VFA_CAUSE_NO_REGION)
 */
int vfa_region_find(const struct vfa_device *device, uint32_t type, uint32_t subtype);

/**
 * struct vfa_region_area - a part of a region
 * @offset: in bytes from the region's start
 * @size: in bytes
 */
struct vfa_region_area {
	uint64_t offset;
	uint64_t size;
};

/**
 * vfa_region_areas() - which parts of a region can be mapped
 * @device: the device
 * @index: the region
 * @list: filled with the first @max areas; may be NULL when @max is 0
 * @max: how many @list has room for
 *
 * An area starts at a page and ends with one, or with the region. A region that can be
 * mapped whole is one area.
 *
 * Return: how many areas there are, which may be more than @max and is 0 when nothing can
 * be mapped, or
 *	-EINVAL: a NULL argument, or @index is too large (VFA_CAUSE_NO_REGION)
 *
 * Kernel: VFIO_REGION_INFO_CAP_SPARSE_MMAP.
 */
int vfa_region_areas(struct vfa_device *device, uint32_t index, struct vfa_region_area *list,
		     size_t max);

/**
 * vfa_region_map() - map a region whole
 * @device: the device
 * @index: VFA_BAR(n) or another index
 * @ret: its first byte, for vfa_mmio_read32() and its kin
 *
 * Mapping a region twice gives the same address, to be unmapped as often. The
 * memory is uncached. It goes with vfa_region_unmap() or vfa_device_close().
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, or no such region (VFA_CAUSE_NO_REGION)
 *	-EOPNOTSUPP: the kernel does not map it, or only parts of it
 *		(VFA_CAUSE_REGION_RIGHTS)
 *	-ENODEV: the device is gone (VFA_CAUSE_DEVICE_GONE)
 *	-ENOMEM: no memory
 *	any other errno of mmap(2)
 */
int vfa_region_map(struct vfa_device *device, uint32_t index, volatile void **ret);

/**
 * vfa_region_map_part() - map some of a region
 * @device: the device
 * @index: VFA_BAR(n) or another index
 * @offset: where the part starts, in bytes from the region's start, of any alignment
 * @size: of the part, in bytes
 * @ret: the first byte of the part
 *
 * The part has to be within one of vfa_region_areas(). The pages that hold it are mapped,
 * and shared with other parts that are in exactly the same pages. It goes with
 * vfa_region_unmap_part() or vfa_device_close().
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, no such region (VFA_CAUSE_NO_REGION), a @size of 0
 *		(VFA_CAUSE_EMPTY), or past the region's end (VFA_CAUSE_REGION_BOUNDS)
 *	-EOPNOTSUPP: the kernel does not map all of it (VFA_CAUSE_REGION_RIGHTS)
 *	-ENODEV: the device is gone (VFA_CAUSE_DEVICE_GONE)
 *	-ENOMEM: no memory
 *	any other errno of mmap(2)
 */
int vfa_region_map_part(struct vfa_device *device, uint32_t index, uint64_t offset, uint64_t size,
			volatile void **ret);

/**
 * vfa_region_unmap_part() - undo one vfa_region_map_part()
 * @device: the device
 * @address: what it gave, or another address in the same pages
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, or no region of the device is mapped there
 *		(VFA_CAUSE_WRONG_ORDER)
 */
int vfa_region_unmap_part(struct vfa_device *device, const volatile void *address);

/**
 * vfa_region_unmap() - undo one vfa_region_map()
 * @device: the device
 * @index: the region
 *
 * Return: 0, or
 *	-EINVAL: @device is NULL, or the region is not mapped (VFA_CAUSE_WRONG_ORDER)
 */
int vfa_region_unmap(struct vfa_device *device, uint32_t index);

/**
 * vfa_region_catch_fault() - keep an access to a mapped region from ending the process
 * @device: the device, or NULL
 * @address: where the access was, si_addr of a SIGBUS
 *
 * A load or store of a mapped region raises SIGBUS while the device does not decode memory:
 * in D3, with Memory Space Enable off, gone. The library installs no signal handlers; a
 * program that wants to survive calls this from its own. When @address is in a region of
 * @device that the library has mapped, pages of private memory take the place of the
 * region's, 2 MiB at the most, and the access goes on when the handler returns: loads get
 * all ones, as from a device that is gone, and what is stored reaches nobody, though later
 * loads see it. It stays like that until vfa_region_restore(), or until the region is
 * mapped again.
 *
 * It may be called from a signal handler in any thread, whatever was interrupted, and while
 * other threads map and unmap regions; but not while one closes the device or unmaps
 * the region that is being accessed. errno and vfa_error_last() stay as they are.
 *
 * Return: 1 when the access will go on; 0 when @address is not in a region of @device, or
 * when there is no memory.
 *
 * Kernel: mmap(2), mremap(2).
 */
int vfa_region_catch_fault(struct vfa_device *device, const void *address);

/**
 * vfa_region_restore() - give mapped regions back to the device
 * @device: the device
 *
 * Undoes all that vfa_region_catch_fault() has done, at the same addresses. The device has
 * to decode memory again, else the next access raises SIGBUS again.
 *
 * Return: how many mappings had other pages, or
 *	-EINVAL: @device is NULL (VFA_CAUSE_BAD_ARGUMENT)
 *	-ENODEV: the device is gone (VFA_CAUSE_DEVICE_GONE)
 *	any other errno of mmap(2); what was not given back can be with another call
 *
 * Kernel: mmap(2) with MAP_FIXED.
 */
int vfa_region_restore(struct vfa_device *device);

/**
 * vfa_region_read() - read from a region by call
 * @device: the device
 * @index: the region
 * @offset: in bytes from its start
 * @buffer: receives @size bytes; unspecified on failure
 * @size: in bytes; 1, 2 and 4 with @offset a multiple of it make one access of the
 *	device, 8 on newer kernels too; anything else is split
 *
 * All ones may be an answer, or come from a device that is gone: vfa_device_check() tells.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, no such region (VFA_CAUSE_NO_REGION), a @size of 0
 *		(VFA_CAUSE_EMPTY), or past the region's end (VFA_CAUSE_REGION_BOUNDS)
 *	-EOPNOTSUPP: the region cannot be read (VFA_CAUSE_REGION_RIGHTS)
 *	-EIO: the device decodes no memory (VFA_CAUSE_REGION_OFF), or the kernel read less
 *		than asked (VFA_CAUSE_KERNEL)
 *	-ENODEV: the device is gone (VFA_CAUSE_DEVICE_GONE)
 *	any other errno of pread(2)
 */
int vfa_region_read(struct vfa_device *device, uint32_t index, uint64_t offset, void *buffer,
		    size_t size);

/**
 * vfa_region_write() - write to a region by call
 * @device: the device
 * @index: the region
 * @offset: in bytes from its start
 * @buffer: @size bytes to write
 * @size: in bytes, as for vfa_region_read()
 *
 * Return: as vfa_region_read(), with writing for reading.
 */
int vfa_region_write(struct vfa_device *device, uint32_t index, uint64_t offset, const void *buffer,
		     size_t size);

#ifdef __cplusplus
}
#endif

#endif
