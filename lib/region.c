/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "region.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "base/info.h"
#include "memory.h"

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

/* The pages of an area that are in it whole and in the region; false for none. */
static bool fit_area(struct vfa_region_area *area, uint64_t size)
{
	uint64_t mask = memory_page_size() - 1;
	uint64_t end = area->size < size ? area->offset + area->size : size;

	if (area->offset >= size || end < area->offset)
		return false;
	if (end >= size)
		end = size;
	else
		end &= ~mask;
	area->offset = (area->offset + mask) & ~mask;
	if (area->offset >= end)
		return false;
	area->size = end - area->offset;
	return true;
}

static size_t take_areas(const struct vfio_region_info *info,
			 const struct vfio_region_info_cap_sparse_mmap *sparse,
			 struct vfa_region_area *list, size_t count)
{
	const char *next = (const char *)sparse->areas;
	struct vfio_region_sparse_mmap_area area;
	size_t used = 0;

	for (size_t i = 0; i < count; i++, next += sizeof(area)) {
		memcpy(&area, next, sizeof(area)); /* it may not be aligned */
		list[used] = (struct vfa_region_area){ area.offset, area.size };
		used += fit_area(&list[used], info->size);
	}
	return used;
}

static bool is_whole(const struct region *region)
{
	return region->area_count == 1 && !region->areas->offset &&
	       region->areas->size == region->info.size;
}

/* A region of which only parts can be mapped lists them. */
static int read_areas(const struct vfio_region_info *info, struct region *region)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse =
		capability(info, VFIO_REGION_INFO_CAP_SPARSE_MMAP, sizeof(*sparse));
	size_t count;

	region->whole.size = info->size;
	if (!sparse) {
		region->areas = &region->whole;
		region->area_count = 1;
		return 0;
	}
	count = (info_room(info, sparse) - sizeof(*sparse)) / sizeof(sparse->areas[0]);
	if (sparse->nr_areas < count)
		count = sparse->nr_areas;
	region->areas = calloc(count + 1, sizeof(*region->areas));
	if (!region->areas)
		return error_memory();
	region->area_count = take_areas(info, sparse, region->areas, count);
	if (!region->area_count)
		region->info.flags &= ~VFA_REGION_CAN_MAP;
	else if (!is_whole(region))
		region->info.flags |= VFA_REGION_IS_SPARSE;
	return 0;
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
	if (region->info.flags & VFA_REGION_CAN_MAP)
		err = read_areas(info, region);
	free(info);
	return err;
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

int region_get(const struct vfa_device *device, uint32_t index, struct region **ret)
{
	if (index >= device->region_count)
		return error_set(EINVAL, VFA_CAUSE_NO_REGION,
				 "%s has no region %u: vfa_region_count is %u\n"
				 "use an index below it",
				 device->bdf, index, device->region_count);
	*ret = &device->regions[index];
	return 0;
}

int region_require(const struct vfa_device *device, uint32_t index, struct region **ret)
{
	int err = region_get(device, index, ret);

	if (err || (*ret)->info.size)
		return err;
	return error_set(EINVAL, VFA_CAUSE_NO_REGION,
			 "%s does not implement region %u\n"
			 "vfa_region_get_info tells the size of each",
			 device->bdf, index);
}

int region_check_bounds(const struct vfa_device *device, uint32_t index, uint64_t offset,
			uint64_t size)
{
	struct region *region = NULL;
	int err = region_require(device, index, &region);

	if (err)
		return err;
	if (!size)
		return error_set(EINVAL, VFA_CAUSE_EMPTY,
				 "%s: 0 bytes of region %u\ngive the size in bytes", device->bdf,
				 index);
	if (offset < region->info.size && size <= region->info.size - offset)
		return 0;
	return error_set(EINVAL, VFA_CAUSE_REGION_BOUNDS,
			 "%s: %" PRIu64 " bytes at offset 0x%" PRIx64
			 " are past the end of region %u\n"
			 "the region has 0x%" PRIx64 " bytes",
			 device->bdf, size, offset, index, region->info.size);
}

VFA_API int vfa_region_get_info(struct vfa_device *device, uint32_t index,
				struct vfa_region_info *ret)
{
	struct region *region = NULL;
	int err;

	if (!device || !ret)
		return error_null(device ? "ret" : "device");
	err = region_get(device, index, &region);
	if (!err)
		*ret = region->info;
	return err;
}

VFA_API int vfa_region_areas(struct vfa_device *device, uint32_t index,
			     struct vfa_region_area *list, size_t max)
{
	struct region *region = NULL;
	int err;

	if (!device || (!list && max))
		return error_null(device ? "list" : "device");
	err = region_get(device, index, &region);
	if (err)
		return err;
	for (size_t i = 0; i < region->area_count && i < max; i++)
		list[i] = region->areas[i];
	return (int)region->area_count;
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

void region_release_all(struct vfa_device *device)
{
	region_unmap_all(device);
	for (uint32_t index = 0; index < device->region_count; index++) {
		struct region *region = &device->regions[index];

		if (region->areas != &region->whole)
			free(region->areas);
	}
	free(device->regions);
	device->regions = NULL;
	device->region_count = 0;
}
