/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "region.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/api.h"
#include "base/error.h"
#include "base/info.h"

VFA_API int vfa_region_count(const struct vfa_device *device)
{
	return device ? (int)device->region_count : error_null("device");
}

static const void *capability(const struct vfio_region_info *info, uint16_t id, size_t least)
{
	if (!(info->flags & VFIO_REGION_INFO_FLAG_CAPS))
		return NULL;
	return info_capability(info, info->cap_offset, id, least);
}

/* A region of which only parts can be mapped lists them. */
static bool is_sparse(const struct vfio_region_info *info)
{
	return capability(info, VFIO_REGION_INFO_CAP_SPARSE_MMAP,
			  sizeof(struct vfio_region_info_cap_sparse_mmap));
}

static bool can_map_msix(const struct vfio_region_info *info)
{
	return capability(info, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE,
			  sizeof(struct vfio_info_cap_header));
}

static uint32_t translate_flags(const struct vfio_region_info *info)
{
	return (info->flags & VFIO_REGION_INFO_FLAG_READ ? VFA_REGION_CAN_READ : 0) |
	       (info->flags & VFIO_REGION_INFO_FLAG_WRITE ? VFA_REGION_CAN_WRITE : 0) |
	       (info->flags & VFIO_REGION_INFO_FLAG_MMAP ? VFA_REGION_CAN_MAP : 0) |
	       (is_sparse(info) ? VFA_REGION_IS_SPARSE : 0) |
	       (can_map_msix(info) ? VFA_REGION_MSIX_IS_MAPPABLE : 0);
}

static void translate_type(const struct vfio_region_info *info, struct vfa_region_info *ret)
{
	struct vfio_region_info_cap_type type;
	const void *found = capability(info, VFIO_REGION_INFO_CAP_TYPE, sizeof(type));

	if (!found)
		return;
	memcpy(&type, found, sizeof(type)); /* it may not be aligned */
	ret->type = type.type;
	ret->subtype = type.subtype;
}

static int read_region(struct vfa_device *device, uint32_t index, struct region *region)
{
	struct vfio_region_info fixed = { .argsz = sizeof(fixed), .index = index };
	struct vfio_region_info *info;
	int err = info_read(device->container->host, device->fd, VFIO_DEVICE_GET_REGION_INFO,
			    &fixed, (void **)&info);

	if (err == -EINVAL)
		return 0; /* an index without a region, such as VGA on most devices */
	if (err == -ENOMEM)
		return error_memory();
	if (err < 0)
		return error_kernel(err, "%s: VFIO_DEVICE_GET_REGION_INFO of region %u",
				    device->bdf, index);
	region->info = (struct vfa_region_info){
		.size = info->size,
		.offset = info->offset,
		.flags = translate_flags(info),
	};
	translate_type(info, &region->info);
	free(info);
	return 0;
}

static uint32_t bar_flags(uint32_t bar)
{
	if (bar & PCI_BASE_ADDRESS_SPACE_IO)
		return VFA_REGION_IS_IO_PORTS;
	return bar & PCI_BASE_ADDRESS_MEM_PREFETCH ? VFA_REGION_IS_PREFETCHABLE : 0;
}

/* VFIO shows the kind of a BAR where the device has it, of virtual functions too. */
static int read_bars(struct vfa_device *device)
{
	const struct vfa_region_info *config = &device->regions[VFA_REGION_CONFIG].info;
	uint32_t bars[PCI_STD_NUM_BARS];
	ssize_t got;

	if (device->region_count <= VFA_REGION_CONFIG ||
	    config->size < PCI_BASE_ADDRESS_0 + sizeof(bars))
		return 0;
	got = sys_pread(device_syscalls(device), device->fd, bars, sizeof(bars),
			config->offset + PCI_BASE_ADDRESS_0);
	if (got != sizeof(bars))
		return error_kernel(got < 0 ? got : -EIO, "%s: pread of its BARs", device->bdf);
	for (uint32_t i = 0; i < PCI_STD_NUM_BARS; i++)
		if (device->regions[i].info.size)
			device->regions[i].info.flags |= bar_flags(le32toh(bars[i]));
	return 0;
}

int region_read_all(struct vfa_device *device, uint32_t count)
{
	device->regions = calloc(count ? count : 1, sizeof(*device->regions));
	if (!device->regions)
		return error_memory();
	device->region_count = count;
	for (uint32_t index = 0; index < count; index++) {
		int err = read_region(device, index, &device->regions[index]);

		if (err)
			return err;
	}
	return device->flags & VFIO_DEVICE_FLAGS_PCI ? read_bars(device) : 0;
}

/* The region of an index, whether the device implements it or not. */
static int find_region(struct vfa_device *device, uint32_t index, struct region **ret)
{
	if (index >= device->region_count)
		return error_set(EINVAL, VFA_CAUSE_NO_REGION,
				 "%s has no region %u: vfa_region_count is %u\n"
				 "use an index below it",
				 device->bdf, index, device->region_count);
	*ret = &device->regions[index];
	return 0;
}

static int find_implemented(struct vfa_device *device, uint32_t index, struct region **ret)
{
	int err = find_region(device, index, ret);

	if (err || (*ret)->info.size)
		return err;
	return error_set(EINVAL, VFA_CAUSE_NO_REGION,
			 "%s does not implement region %u\n"
			 "vfa_region_get_info tells the size of each",
			 device->bdf, index);
}

VFA_API int vfa_region_get_info(struct vfa_device *device, uint32_t index,
				struct vfa_region_info *ret)
{
	struct region *region = NULL;
	int err;

	if (!device || !ret)
		return error_null(device ? "ret" : "device");
	err = find_region(device, index, &region);
	if (!err)
		*ret = region->info;
	return err;
}

VFA_API int vfa_region_find(const struct vfa_device *device, uint32_t type, uint32_t subtype)
{
	if (!device)
		return error_null("device");
	if (!type)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s: a region of type 0\nBARs and the other usual regions have no "
				 "type: they are known by their indexes",
				 device->bdf);
	for (uint32_t index = 0; index < device->region_count; index++) {
		const struct vfa_region_info *info = &device->regions[index].info;

		if (info->type == type && info->subtype == subtype)
			return (int)index;
	}
	return error_set(ENOENT, VFA_CAUSE_NO_REGION,
			 "%s has no region of type 0x%x and subtype 0x%x\n"
			 "the driver that it is bound to does not add one; vfa_region_get_info "
			 "tells the type of each",
			 device->bdf, type, subtype);
}

static int check_mappable(const struct vfa_device *device, uint32_t index,
			  const struct region *region)
{
	if (!(region->info.flags & VFA_REGION_CAN_MAP))
		return error_set(
			EOPNOTSUPP, VFA_CAUSE_REGION_RIGHTS,
			"%s: region %u cannot be mapped: it is %s\n"
			"use vfa_region_read and vfa_region_write",
			device->bdf, index,
			index == VFA_REGION_CONFIG
				? "config space"
				: "I/O ports, smaller than a page, or guarded by its driver");
	if (region->info.flags & VFA_REGION_IS_SPARSE)
		return error_set(EOPNOTSUPP, VFA_CAUSE_REGION_RIGHTS,
				 "%s: only parts of region %u can be mapped\n"
				 "use vfa_region_read and vfa_region_write",
				 device->bdf, index);
	return 0;
}

static int map_region(struct vfa_device *device, uint32_t index, struct region *region)
{
	uint32_t flags = region->info.flags;
	int err = check_mappable(device, index, region);

	if (err)
		return err;
	err = sys_mmap(device_syscalls(device), NULL, region->info.size,
		       (flags & VFA_REGION_CAN_READ ? PROT_READ : 0) |
			       (flags & VFA_REGION_CAN_WRITE ? PROT_WRITE : 0),
		       MAP_SHARED, device->fd, region->info.offset, &region->address);
	return err ? error_kernel(err, "%s: mmap region %u", device->bdf, index) : 0;
}

VFA_API int vfa_region_map(struct vfa_device *device, uint32_t index, volatile void **ret)
{
	struct region *region = NULL;
	int err;

	if (!device || !ret)
		return error_null(device ? "ret" : "device");
	err = find_implemented(device, index, &region);
	if (err)
		return err;
	pthread_mutex_lock(&device->lock);
	if (!region->users)
		err = map_region(device, index, region);
	if (!err) {
		region->users++;
		*ret = region->address;
	}
	pthread_mutex_unlock(&device->lock);
	return err;
}

static void unmap_region(struct vfa_device *device, struct region *region)
{
	sys_munmap(device_syscalls(device), region->address, region->info.size);
	region->address = NULL;
	region->users = 0;
}

VFA_API int vfa_region_unmap(struct vfa_device *device, uint32_t index)
{
	struct region *region = NULL;
	int err;

	if (!device)
		return error_null("device");
	err = find_region(device, index, &region);
	if (err)
		return err;
	pthread_mutex_lock(&device->lock);
	if (!region->users)
		err = error_set(EINVAL, VFA_CAUSE_WRONG_ORDER,
				"%s: region %u is not mapped\nunmap as often as it was mapped",
				device->bdf, index);
	else if (region->users == 1)
		unmap_region(device, region);
	else
		region->users--;
	pthread_mutex_unlock(&device->lock);
	return err;
}

void region_release_all(struct vfa_device *device)
{
	for (uint32_t index = 0; index < device->region_count; index++)
		if (device->regions[index].users)
			unmap_region(device, &device->regions[index]);
	free(device->regions);
	device->regions = NULL;
	device->region_count = 0;
}

/* Whether a transfer lies in the region and is allowed; @place is where in the fd. */
static int check_transfer(struct vfa_device *device, uint32_t index, uint64_t offset, size_t size,
			  uint32_t right, off_t *place)
{
	struct region *region = NULL;
	int err = find_implemented(device, index, &region);

	if (err)
		return err;
	if (!size)
		return error_set(EINVAL, VFA_CAUSE_EMPTY,
				 "%s: a transfer of 0 bytes\ngive the size in bytes", device->bdf);
	if (offset >= region->info.size || size > region->info.size - offset)
		return error_set(EINVAL, VFA_CAUSE_REGION_BOUNDS,
				 "%s: %zu bytes at offset 0x%" PRIx64
				 " are past the end of region %u\n"
				 "the region has 0x%" PRIx64 " bytes",
				 device->bdf, size, offset, index, region->info.size);
	if (!(region->info.flags & right))
		return error_set(EOPNOTSUPP, VFA_CAUSE_REGION_RIGHTS,
				 "%s: region %u cannot be %s\n"
				 "the flags of vfa_region_get_info tell what it allows",
				 device->bdf, index,
				 right == VFA_REGION_CAN_READ ? "read" : "written");
	*place = region->info.offset + offset;
	return 0;
}

static int check_moved(const struct vfa_device *device, uint32_t index, const char *call,
		       ssize_t moved, size_t size)
{
	if (moved < 0)
		return error_kernel(moved, "%s: %s of region %u", device->bdf, call, index);
	if ((size_t)moved < size)
		return error_set(EIO, VFA_CAUSE_KERNEL,
				 "%s: %s of region %u moved %zd of %zu bytes\n"
				 "the device may be asleep, in reset or gone",
				 device->bdf, call, index, moved, size);
	return 0;
}

VFA_API int vfa_region_read(struct vfa_device *device, uint32_t index, uint64_t offset,
			    void *buffer, size_t size)
{
	ssize_t moved;
	off_t place = 0;
	int err;

	if (!device || !buffer)
		return error_null(device ? "buffer" : "device");
	err = check_transfer(device, index, offset, size, VFA_REGION_CAN_READ, &place);
	if (err)
		return err;
	moved = sys_pread(device_syscalls(device), device->fd, buffer, size, place);
	return check_moved(device, index, "pread", moved, size);
}

VFA_API int vfa_region_write(struct vfa_device *device, uint32_t index, uint64_t offset,
			     const void *buffer, size_t size)
{
	ssize_t moved;
	off_t place = 0;
	int err;

	if (!device || !buffer)
		return error_null(device ? "buffer" : "device");
	err = check_transfer(device, index, offset, size, VFA_REGION_CAN_WRITE, &place);
	if (err)
		return err;
	moved = sys_pwrite(device_syscalls(device), device->fd, buffer, size, place);
	return check_moved(device, index, "pwrite", moved, size);
}
