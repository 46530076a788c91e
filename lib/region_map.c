/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Regions that are mapped: whole, or some of their pages. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/api.h"
#include "base/append.h"
#include "base/error.h"
#include "gone.h"
#include "memory.h"
#include "region_mapping.h"

/* As many as fit; a region rarely has more than two. */
static void list_areas(const struct region *region, char *text, size_t size)
{
	size_t i;

	text[0] = '\0';
	for (i = 0; i < region->area_count; i++) {
		const struct vfa_region_area *area = &region->areas[i];

		if (!append_whole(text, size - 10, "%s0x%" PRIx64 "-0x%" PRIx64, i ? ", " : "",
				  area->offset, area->offset + area->size - 1))
			break;
	}
	if (i < region->area_count)
		append_whole(text, size, " and more");
}

static const char *why_not(uint32_t index, const struct region *region)
{
	if (index == VFA_REGION_CONFIG)
		return "it is config space";
	if (index == VFA_REGION_ROM)
		return "it is the ROM";
	if (region->info.flags & VFA_REGION_IS_IO_PORTS)
		return "it is I/O ports";
	if (region->info.size < memory_page_size())
		return "it is smaller than a page, and not alone in its page";
	return "its driver guards it";
}

static int refuse_unmappable(const struct vfa_device *device, uint32_t index,
			     const struct region *region)
{
	return error_set(EOPNOTSUPP, VFA_CAUSE_REGION_RIGHTS,
			 "%s: region %u cannot be mapped: %s\n"
			 "use vfa_region_read and vfa_region_write",
			 device->bdf, index, why_not(index, region));
}

static int refuse_part(const struct vfa_device *device, uint32_t index, const struct region *region,
		       uint64_t offset, uint64_t size)
{
	char areas[256];

	list_areas(region, areas, sizeof(areas));
	return error_set(EOPNOTSUPP, VFA_CAUSE_REGION_RIGHTS,
			 "%s: 0x%" PRIx64 "-0x%" PRIx64 " of region %u cannot be mapped, only %s\n"
			 "map what can be with vfa_region_map_part, and use vfa_region_read and "
			 "vfa_region_write for the rest",
			 device->bdf, offset, offset + size - 1, index, areas);
}

int region_check_mappable(const struct vfa_device *device, uint32_t index, uint64_t offset,
			  uint64_t size)
{
	const struct region *region = &device->regions[index];

	if (!(region->info.flags & VFA_REGION_CAN_MAP))
		return refuse_unmappable(device, index, region);
	for (size_t i = 0; i < region->area_count; i++) {
		const struct vfa_region_area *area = &region->areas[i];

		if (offset >= area->offset && offset - area->offset < area->size &&
		    size <= area->size - (offset - area->offset))
			return 0;
	}
	return refuse_part(device, index, region, offset, size);
}

static struct region_mapping *find_pages(const struct vfa_device *device,
					 const struct region_mapping *wanted)
{
	struct region_mapping *mapping;

	for (mapping = device->mappings.first; mapping; mapping = mapping->next)
		if (mapping->index == wanted->index && mapping->offset == wanted->offset &&
		    mapping->size == wanted->size)
			break;
	return mapping;
}

/*
 * One entry of the page tables can stand for that much where address and BAR are aligned
 * alike, which the kernel leaves to us.
 */
static uint64_t alignment(uint64_t size)
{
	if (size >= 1ull << 30)
		return 1ull << 30;
	return size >= 2ull << 20 ? 2ull << 20 : 0;
}

/* Room found and given back: a hint, which nobody loses anything by when it is late. */
static void *find_place(const struct syscalls *sys, const struct region_mapping *mapping)
{
	uint64_t align = alignment(mapping->size);
	void *room;

	if (!align || sys_mmap(sys, NULL, mapping->size + align, PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0, &room))
		return NULL;
	sys_munmap(sys, room, mapping->size + align);
	return (char *)room + ((mapping->offset - (uintptr_t)room) & (align - 1));
}

static int map_pages(struct vfa_device *device, struct region_mapping *mapping)
{
	const struct vfa_region_info *info = &device->regions[mapping->index].info;
	const struct syscalls *sys = device_syscalls(device);
	void *address;
	int err = sys_mmap(sys, find_place(sys, mapping), mapping->size,
			   region_mapping_protection(device, mapping), MAP_SHARED, device->fd,
			   info->offset + mapping->offset, &address);

	if (err)
		return error_device(device, err, "%s: mmap region %u", device->bdf, mapping->index);
	mapping->address = address;
	return 0;
}

static int new_mapping(struct vfa_device *device, const struct region_mapping *wanted,
		       struct region_mapping **ret)
{
	struct region_mapping *mapping = calloc(1, sizeof(*mapping));
	int err;

	if (!mapping)
		return error_memory();
	mapping->index = wanted->index;
	mapping->offset = wanted->offset;
	mapping->size = wanted->size;
	err = map_pages(device, mapping);
	if (err) {
		free(mapping);
		return err;
	}
	region_mapping_add(device, mapping);
	*ret = mapping;
	return 0;
}

/* The pages that hold the part; the end of a region may be in the middle of its last one. */
static int map_part(struct vfa_device *device, uint32_t index, uint64_t offset, uint64_t size,
		    volatile void **ret)
{
	uint64_t mask = memory_page_size() - 1;
	struct region_mapping wanted = { .index = index, .offset = offset & ~mask };
	struct region_mapping *mapping;
	int err = 0;

	wanted.size = ((offset + size + mask) & ~mask) - wanted.offset;
	pthread_mutex_lock(&device->lock);
	mapping = find_pages(device, &wanted);
	if (!mapping)
		err = new_mapping(device, &wanted, &mapping);
	else if (mapping->replaced)
		err = region_mapping_restore(device, mapping);
	if (!err) {
		mapping->users++;
		*ret = mapping->address + (offset - wanted.offset);
	}
	pthread_mutex_unlock(&device->lock);
	return err;
}

VFA_API int vfa_region_map(struct vfa_device *device, uint32_t index, volatile void **ret)
{
	struct region *region = NULL;
	int err;

	if (!device || !ret)
		return error_null(device ? "ret" : "device");
	err = region_require(device, index, &region);
	if (!err)
		err = region_check_mappable(device, index, 0, region->info.size);
	return err ? err : map_part(device, index, 0, region->info.size, ret);
}

VFA_API int vfa_region_map_part(struct vfa_device *device, uint32_t index, uint64_t offset,
				uint64_t size, volatile void **ret)
{
	int err;

	if (!device || !ret)
		return error_null(device ? "ret" : "device");
	err = region_check_bounds(device, index, offset, size);
	if (!err)
		err = region_check_mappable(device, index, offset, size);
	return err ? err : map_part(device, index, offset, size, ret);
}

/* Out of the list first: a handler must not put pages where others may be by then. */
static void remove_mapping(struct vfa_device *device, struct region_mapping *mapping)
{
	char *address = mapping->address;
	uint64_t size = mapping->size;

	region_mapping_remove(device, mapping);
	sys_munmap(device_syscalls(device), address, size);
}

static void drop_user(struct vfa_device *device, struct region_mapping *mapping)
{
	if (!--mapping->users)
		remove_mapping(device, mapping);
}

VFA_API int vfa_region_unmap(struct vfa_device *device, uint32_t index)
{
	uint64_t mask = memory_page_size() - 1;
	struct region_mapping wanted = { .index = index };
	struct region_mapping *mapping;
	struct region *region = NULL;
	int err;

	if (!device)
		return error_null("device");
	err = region_get(device, index, &region);
	if (err)
		return err;
	wanted.size = (region->info.size + mask) & ~mask;
	pthread_mutex_lock(&device->lock);
	mapping = find_pages(device, &wanted);
	if (mapping)
		drop_user(device, mapping);
	else
		err = error_set(EINVAL, VFA_CAUSE_WRONG_ORDER,
				"%s: region %u is not mapped\nunmap as often as it was mapped",
				device->bdf, index);
	pthread_mutex_unlock(&device->lock);
	return err;
}

static int refuse_address(const struct vfa_device *device, const void *address)
{
	return error_set(EINVAL, VFA_CAUSE_WRONG_ORDER,
			 "%s: none of its regions is mapped at %p\n"
			 "give an address of vfa_region_map_part, as often as it was mapped",
			 device->bdf, address);
}

VFA_API int vfa_region_unmap_part(struct vfa_device *device, const volatile void *address)
{
	struct region_mapping *mapping;
	int err = 0;

	if (!device || !address)
		return error_null(device ? "address" : "device");
	pthread_mutex_lock(&device->lock);
	mapping = region_mapping_find(device, (const void *)address);
	if (mapping)
		drop_user(device, mapping);
	else
		err = refuse_address(device, (const void *)address);
	pthread_mutex_unlock(&device->lock);
	return err;
}

bool region_has_pages(struct vfa_device *device, const volatile void *address)
{
	const struct region_mapping *mapping;
	bool found;

	pthread_mutex_lock(&device->lock);
	mapping = region_mapping_find(device, (const void *)address);
	found = mapping && !mapping->replaced;
	pthread_mutex_unlock(&device->lock);
	return found;
}

int region_require_pages(struct vfa_device *device, const volatile void *address)
{
	struct region_mapping *mapping;
	int err = 0;

	pthread_mutex_lock(&device->lock);
	mapping = region_mapping_find(device, (const void *)address);
	if (!mapping)
		err = refuse_address(device, (const void *)address);
	else if (mapping->replaced)
		err = region_mapping_restore(device, mapping);
	pthread_mutex_unlock(&device->lock);
	return err;
}

bool region_abandon_pages(struct vfa_device *device, const volatile void *address)
{
	struct region_mapping *mapping;
	void *same;
	bool done;

	pthread_mutex_lock(&device->lock);
	mapping = region_mapping_find(device, (const void *)address);
	done = mapping &&
	       !sys_mmap(device_syscalls(device), mapping->address, mapping->size, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, &same);
	if (done)
		region_mapping_remove(device, mapping);
	pthread_mutex_unlock(&device->lock);
	return done;
}

void region_unmap_all(struct vfa_device *device)
{
	while (device->mappings.first)
		remove_mapping(device, device->mappings.first);
	region_mappings_release(device);
}
