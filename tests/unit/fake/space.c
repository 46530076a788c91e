/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "fake/dmabuf.h"
#include "fake/internal.h"

#define RANGES_MAX 64

static struct fake_space *spaces;

void fake_space_init(struct fake_space *space, enum fake_accounting accounting)
{
	memset(space, 0, sizeof(*space));
	space->accounting = accounting;
	space->next = spaces;
	spaces = space;
}

static void drop(struct fake_map *map)
{
	if (map->dmabuf)
		fake_file_put(map->dmabuf);
}

void fake_space_exit(struct fake_space *space)
{
	struct fake_space **link = &spaces;

	while (*link != space)
		link = &(*link)->next;
	*link = space->next;
	for (size_t i = 0; i < space->count; i++)
		drop(&space->maps[i]);
	free(space->maps);
}

void fake_space_clear(struct fake_space *space)
{
	space->count = 0;
}

/* Take @gap out of @ranges. Returns how many there are then. */
static size_t cut(struct fake_range *ranges, size_t count, struct fake_range gap)
{
	struct fake_range left[RANGES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct fake_range range = ranges[i];

		if (gap.start > range.last || gap.last < range.start) {
			left[n++] = range;
			continue;
		}
		if (range.start < gap.start)
			left[n++] = (struct fake_range){ range.start, gap.start - 1 };
		if (range.last > gap.last)
			left[n++] = (struct fake_range){ gap.last + 1, range.last };
	}
	memcpy(ranges, left, n * sizeof(*left));
	return n;
}

static size_t cut_aperture(struct fake_range *ranges, size_t count, struct fake_range aperture)
{
	if (aperture.start > 0)
		count = cut(ranges, count, (struct fake_range){ 0, aperture.start - 1 });
	if (aperture.last < UINT64_MAX)
		count = cut(ranges, count, (struct fake_range){ aperture.last + 1, UINT64_MAX });
	return count;
}

/* What is left of @ranges when @group is there too. */
static size_t cut_group(struct fake_range *ranges, size_t count, const struct fake_group *group)
{
	count = cut_aperture(ranges, count, group->aperture);
	for (size_t i = 0; i < group->reserved_count && !group->forgets_reserved; i++)
		if (group->reserved[i].type != FAKE_DIRECT_RELAXABLE)
			count = cut(ranges, count, group->reserved[i].range);
	return count;
}

static size_t all_ranges(const struct fake_space *space, struct fake_range *ranges)
{
	size_t count = 1;

	ranges[0] = (struct fake_range){ 0, UINT64_MAX };
	for (size_t i = 0; i < space->tenant_count; i++)
		count = cut_group(ranges, count, space->tenants[i]);
	for (size_t i = 0; i < space->table_count; i++)
		count = cut_aperture(ranges, count, space->tables[i].aperture);
	return count;
}

size_t fake_space_ranges(const struct fake_space *space, struct fake_range *ranges, size_t max)
{
	struct fake_range all[RANGES_MAX];
	size_t count = all_ranges(space, all);

	for (size_t i = 0; i < count && i < max; i++)
		ranges[i] = all[i];
	return count;
}

bool fake_space_in_ranges(const struct fake_space *space, uint64_t iova, uint64_t last)
{
	struct fake_range all[RANGES_MAX];
	size_t count = all_ranges(space, all);

	for (size_t i = 0; i < count; i++)
		if (iova >= all[i].start && last <= all[i].last)
			return true;
	return false;
}

uint64_t fake_space_page_sizes(const struct fake_space *space)
{
	uint64_t sizes = UINT64_MAX;

	for (size_t i = 0; i < space->tenant_count; i++)
		sizes &= space->tenants[i]->page_sizes;
	return space->table_count ? sizes & -FAKE_PAGE : sizes;
}

bool fake_space_is_coherent(const struct fake_space *space)
{
	for (size_t i = 0; i < space->tenant_count; i++)
		if (!space->tenants[i]->coherent)
			return false;
	return true;
}

static bool is_beyond(const struct fake_space *space, struct fake_range aperture)
{
	return (aperture.start > 0 && fake_space_find(space, 0, aperture.start - 1)) ||
	       (aperture.last < UINT64_MAX &&
		fake_space_find(space, aperture.last + 1, UINT64_MAX));
}

bool fake_space_conflicts(const struct fake_space *space, const struct fake_group *group)
{
	if (is_beyond(space, group->aperture))
		return true;
	for (size_t i = 0; i < group->reserved_count; i++)
		if (group->reserved[i].type != FAKE_DIRECT_RELAXABLE &&
		    fake_space_find(space, group->reserved[i].range.start,
				    group->reserved[i].range.last))
			return true;
	return false;
}

/* No pages are pinned for device memory. */
static bool is_pinned(const struct fake_map *map)
{
	if (map->inode)
		return !map->dmabuf;
	return !fake_memory_is_mmio(map->vaddr, 1);
}

static bool is_pinning(const struct fake_space *space)
{
	return space->tenant_count || space->table_count;
}

/* What is pinned; of those exempt from the limit only with @exempt_too. */
static uint64_t pinned(const struct fake_space *space, bool exempt_too)
{
	uint64_t size = 0;

	if (!is_pinning(space))
		return 0;
	for (size_t i = 0; i < space->count; i++)
		if ((exempt_too || !space->maps[i].exempt) && is_pinned(&space->maps[i]))
			size += space->maps[i].last - space->maps[i].iova + 1;
	return size;
}

/* Type1 counts those that are exempt too, and does not hold them to the limit. */
uint64_t fake_spaces_locked(void)
{
	uint64_t size = fake_settings.locked_by_process;

	for (const struct fake_space *space = spaces; space; space = space->next)
		if (space->accounting != FAKE_PER_USER)
			size += pinned(space, space->accounting == FAKE_TYPE1);
	return size;
}

static uint64_t locked_by_user(void)
{
	uint64_t size = fake_settings.locked_by_user;

	for (const struct fake_space *space = spaces; space; space = space->next)
		if (space->accounting == FAKE_PER_USER)
			size += pinned(space, false);
	return size;
}

uint64_t fake_spaces_pinned(void)
{
	uint64_t size = 0;

	for (const struct fake_space *space = spaces; space; space = space->next)
		if (space->accounting != FAKE_TYPE1)
			size += pinned(space, true);
	return size;
}

static bool exceeds_memlock(const struct fake_space *space, uint64_t more)
{
	uint64_t limit = fake_settings.memlock;
	uint64_t counted;

	if (limit == UINT64_MAX || (more && fake_is_capable(CAP_IPC_LOCK)))
		return false;
	counted = space->accounting == FAKE_PER_USER ? locked_by_user() : fake_spaces_locked();
	return (counted + more) / FAKE_PAGE > limit / FAKE_PAGE;
}

static bool has_lost_memory(const struct fake_space *space)
{
	for (size_t i = 0; i < space->count; i++) {
		const struct fake_map *map = &space->maps[i];
		uint64_t size = map->last - map->iova + 1;

		if (!map->inode && !fake_memory_is_mmio(map->vaddr, size) &&
		    fake_memory_check(map->vaddr, size, map->flags & VFIO_DMA_MAP_FLAG_WRITE))
			return true;
	}
	return false;
}

/* The first device of an address space makes the kernel pin what is in it. */
int fake_space_join(struct fake_space *space, struct fake_group *group)
{
	bool is_first = !is_pinning(space);

	if (is_first && has_lost_memory(space))
		return -EFAULT;
	if (space->tenant_count == sizeof(space->tenants) / sizeof(space->tenants[0]))
		return -ENOMEM;
	space->tenants[space->tenant_count++] = group;
	group->forgets_reserved = false;
	if (is_first && pinned(space, false) && exceeds_memlock(space, 0)) {
		space->tenant_count = 0;
		return -ENOMEM;
	}
	return 0;
}

int fake_space_add_table(struct fake_space *space, uint32_t id, struct fake_range aperture)
{
	bool is_first = !is_pinning(space);

	if (is_beyond(space, aperture))
		return -EADDRINUSE;
	if (is_first && has_lost_memory(space))
		return -EFAULT;
	if (space->table_count == FAKE_TABLES)
		return -ENOMEM;
	space->tables[space->table_count].id = id;
	space->tables[space->table_count++].aperture = aperture;
	if (is_first && pinned(space, false) && exceeds_memlock(space, 0)) {
		space->table_count = 0;
		return -ENOMEM;
	}
	return 0;
}

void fake_space_remove_table(struct fake_space *space, uint32_t id)
{
	size_t i = 0;

	while (space->tables[i].id != id)
		i++;
	space->tables[i] = space->tables[--space->table_count];
}

void fake_space_leave(struct fake_space *space, struct fake_group *group)
{
	for (size_t i = 0; i < space->tenant_count; i++) {
		if (space->tenants[i] != group)
			continue;
		space->tenants[i] = space->tenants[--space->tenant_count];
		return;
	}
}

/* Index of the first mapping that ends at @iova or later. */
static size_t lower_bound(const struct fake_space *space, uint64_t iova)
{
	size_t low = 0, high = space->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (space->maps[middle].last < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct fake_map *fake_space_find(const struct fake_space *space, uint64_t iova, uint64_t last)
{
	size_t i = lower_bound(space, iova);

	if (i == space->count || space->maps[i].iova > last)
		return NULL;
	return &space->maps[i];
}

int fake_space_insert(struct fake_space *space, const struct fake_map *map)
{
	size_t i = lower_bound(space, map->iova);

	if (space->count == space->room) {
		size_t room = space->room ? 2 * space->room : 16;
		struct fake_map *maps = realloc(space->maps, room * sizeof(*maps));

		if (!maps)
			return -ENOMEM;
		space->maps = maps;
		space->room = room;
	}
	memmove(&space->maps[i + 1], &space->maps[i], (space->count - i) * sizeof(*map));
	space->maps[i] = *map;
	space->maps[i].exempt = fake_is_capable(CAP_IPC_LOCK);
	if (map->dmabuf)
		fake_file_get(map->dmabuf);
	space->count++;
	return 0;
}

void fake_space_remove(struct fake_space *space, struct fake_map *map)
{
	size_t i = map - space->maps;

	drop(map);
	memmove(map, map + 1, (space->count - i - 1) * sizeof(*map));
	space->count--;
}

int fake_space_pin(const struct fake_space *space, uint64_t vaddr, uint64_t size, uint32_t flags,
		   bool device_memory)
{
	bool mmio = fake_memory_is_mmio(vaddr, size);

	if (!is_pinning(space))
		return 0;
	if ((mmio && !device_memory) || fake_memory_is_pfns(vaddr, size))
		return -EFAULT;
	if (mmio && !fake_memory_answers(vaddr, size))
		return -EFAULT;
	if (!fake_settings.trusts_memory &&
	    fake_memory_check(vaddr, size, flags & VFIO_DMA_MAP_FLAG_WRITE))
		return -EFAULT;
	return !mmio && exceeds_memlock(space, size) ? -ENOMEM : 0;
}

/* The pages are the file's: nothing is asked of this process' memory. */
int fake_space_pin_file(const struct fake_space *space, uint64_t size)
{
	return is_pinning(space) && exceeds_memlock(space, size) ? -ENOMEM : 0;
}

/* Split what reaches over an edge of the range, so that whole pieces can go. */
static void split(struct fake_space *space, uint64_t iova)
{
	struct fake_map *map = fake_space_find(space, iova, iova);
	struct fake_map upper;

	if (!map || map->iova == iova)
		return;
	upper = *map;
	upper.iova = iova;
	upper.vaddr += iova - map->iova;
	upper.offset += iova - map->iova;
	map->last = iova - 1;
	fake_space_insert(space, &upper);
}

void fake_spaces_forget(uint64_t iova, uint64_t last)
{
	for (struct fake_space *space = spaces; space; space = space->next) {
		struct fake_map *map;

		split(space, iova);
		if (last < UINT64_MAX)
			split(space, last + 1);
		while ((map = fake_space_find(space, iova, last)))
			fake_space_remove(space, map);
	}
}

void fake_spaces_revoke(const struct fake_dmabuf *dmabuf)
{
	for (struct fake_space *space = spaces; space; space = space->next)
		for (size_t i = 0; i < space->count; i++)
			if (space->maps[i].dmabuf && space->maps[i].dmabuf->dmabuf == dmabuf)
				space->maps[i].revoked = true;
}

static void describe_bar(const struct fake_map *map, struct fake_mapping *ret)
{
	const struct fake_dmabuf *dmabuf = map->dmabuf->dmabuf;

	ret->is_dmabuf = true;
	ret->revoked = map->revoked;
	ret->region = dmabuf->region;
	ret->region_offset = dmabuf->start + map->offset;
	if (dmabuf->device)
		memcpy(ret->bdf, dmabuf->device->bdf, sizeof(ret->bdf));
}

static void describe(const struct fake_map *map, struct fake_mapping *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->iova = map->iova;
	ret->size = map->last - map->iova + 1;
	ret->vaddr = map->vaddr;
	ret->inode = map->inode;
	ret->offset = map->offset;
	ret->readable = map->flags & VFIO_DMA_MAP_FLAG_READ;
	ret->writable = map->flags & VFIO_DMA_MAP_FLAG_WRITE;
	if (map->dmabuf)
		describe_bar(map, ret);
}

size_t fake_space_count_all(void)
{
	size_t count = 0;

	for (const struct fake_space *space = spaces; space; space = space->next)
		count += space->count;
	return count;
}

bool fake_space_describe(size_t index, struct fake_mapping *ret)
{
	for (const struct fake_space *space = spaces; space; space = space->next) {
		if (index < space->count) {
			describe(&space->maps[index], ret);
			return true;
		}
		index -= space->count;
	}
	return false;
}
