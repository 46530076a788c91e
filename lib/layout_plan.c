/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A list of regions, held against what there is before anything is changed. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "layout.h"
#include "placement.h"
#include "refusal_map.h"

int layout_refuse(size_t number, int err)
{
	bool has_hint = vfa_error_last()->hint[0];
	struct error_record saved;

	/* Its text has the sentence, and behind that the hint. */
	error_save(&saved);
	return error_set(err, saved.error.cause, "region %zu: %s\n%s", number, saved.text,
			 has_hint ? saved.text + strlen(saved.text) + 1 : "");
}

static int by_iova(const void *left, const void *right)
{
	uint64_t a = ((const struct layout_entry *)left)->region.iova;
	uint64_t b = ((const struct layout_entry *)right)->region.iova;

	return (a > b) - (a < b);
}

void layout_sort(struct layout_list *list)
{
	if (list->count)
		qsort(list->entries, list->count, sizeof(*list->entries), by_iova);
}

static struct layout_entry *find(const struct layout_list *list, uint64_t iova)
{
	const struct layout_entry key = { .region.iova = iova };

	if (!list->count)
		return NULL;
	return bsearch(&key, list->entries, list->count, sizeof(key), by_iova);
}

static bool is_same(const struct vfa_layout_region *a, const struct vfa_layout_region *b)
{
	return a->iova == b->iova && a->size == b->size && a->vaddr == b->vaddr &&
	       a->offset == b->offset && a->access == b->access && a->flags == b->flags &&
	       a->fd == b->fd;
}

static int refuse_field(const char *name, uint64_t value, const char *why)
{
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT, "vfa_layout_region: %s 0x%" PRIx64 " %s",
			 name, value, why);
}

static int check_file(const struct vfa_layout_region *region, uint64_t alignment)
{
	if (!(region->flags & VFA_LAYOUT_FILE)) {
		if (region->fd || region->offset)
			return refuse_field(region->fd ? "fd" : "offset",
					    region->fd ? (uint32_t)region->fd : region->offset,
					    "is given without VFA_LAYOUT_FILE\n"
					    "set the flag, or leave the field 0");
		return 0;
	}
	if (region->fd < 0)
		return error_set(EBADF, VFA_CAUSE_BAD_FD,
				 "fd %d is not open\npass the memfd that the memory is of",
				 region->fd);
	if (region->offset & (alignment - 1))
		return refuse_misaligned("offset", region->offset, alignment);
	if (region->size - 1 > UINT64_MAX - region->offset)
		return refuse_wrapped("map", "offset", region->offset, region->size);
	return 0;
}

static int check_fields(const struct vfa_layout_region *region, uint64_t alignment)
{
	if (!region->vaddr)
		return error_null("vaddr");
	if (!region->size)
		return refuse_empty("map");
	if (region->flags & ~VFA_LAYOUT_FILE)
		return refuse_field("flags", region->flags,
				    "has bits that are no flag\nuse enum vfa_layout_flags");
	if (region->access & ~VFA_ACCESS_READ_WRITE)
		return refuse_field("access", region->access,
				    "has bits that are no access\nuse enum vfa_access");
	if (region->reserved)
		return refuse_field("reserved", region->reserved,
				    "is not 0\ninitialise the struct with zeroes");
	return check_file(region, alignment);
}

/* A mapping in a range that is not of this layout. */
static const struct vfa_mapping *find_foreign(const struct vfa_layout *layout,
					      const struct vfa_iova_range *range)
{
	const struct iova_space *space = &layout->container->space;
	struct iova_span *span = iova_space_first(space, range);

	for (; span && span->range.start <= range->last; span = iova_space_next(space, span)) {
		const struct layout_entry *own = find(&layout->now, span->range.start);

		if (!own || own->mapping != mapping_of(span))
			return mapping_of(span);
	}
	return NULL;
}

/* What the layout has there itself is no obstacle: it may go. */
static int check_place(const struct vfa_layout *layout, const struct vfa_layout_region *region)
{
	const struct vfa_map_options options = {
		.flags = VFA_MAP_FIXED,
		.access = region->access,
		.iova = region->iova,
		.iova_max = UINT64_MAX,
	};
	const struct vfa_mapping *foreign;
	struct vfa_verdict verdict;

	placement_judge(layout->container, region->vaddr, region->size, &options, &verdict);
	if (verdict.cause != VFA_CAUSE_OVERLAP)
		return verdict.code;
	foreign = find_foreign(layout, &verdict.range);
	if (!foreign)
		return 0;
	mapping_range(foreign, &verdict.mapping);
	return refuse_verdict(layout->container, &options, IOVA_OVERLAP, &verdict);
}

/* Whether it is there already, or can be. */
static int check_entry(const struct vfa_layout *layout, struct layout_entry *entry)
{
	uint64_t alignment = layout->container->space.limits.alignment;
	const struct layout_entry *own = find(&layout->now, entry->region.iova);
	int err = check_fields(&entry->region, alignment);

	if (err)
		return err;
	if (!entry->region.access)
		entry->region.access = VFA_ACCESS_READ_WRITE;
	if (own && is_same(&own->region, &entry->region))
		return 0;
	return check_place(layout, &entry->region);
}

static int check_entries(const struct vfa_layout *layout, struct layout_list *wanted,
			 size_t *refused)
{
	struct error_record saved;
	int err;

	error_save(&saved);
	for (size_t i = 0; i < wanted->count; i++) {
		err = check_entry(layout, &wanted->entries[i]);
		if (!err)
			continue;
		*refused = i;
		return layout_refuse(i, err);
	}
	error_restore(&saved); /* overlaps that are none were recorded */
	return 0;
}

static int refuse_each_other(const struct layout_entry *a, const struct layout_entry *b,
			     size_t *refused)
{
	const struct layout_entry *later = a->number > b->number ? a : b;
	const struct layout_entry *earlier = later == a ? b : a;
	struct vfa_iova_range range = layout_range(later), other = layout_range(earlier);

	*refused = later->number;
	return error_set(EEXIST, VFA_CAUSE_OVERLAP,
			 "region %zu: map 0x%" PRIx64 "-0x%" PRIx64
			 ": overlaps region %zu, 0x%" PRIx64 "-0x%" PRIx64 "\n"
			 "the regions of a layout cannot overlap: cut or move one of them",
			 later->number, range.start, range.last, earlier->number, other.start,
			 other.last);
}

static int check_each_other(const struct layout_list *wanted, size_t *refused)
{
	for (size_t i = 1; i < wanted->count; i++) {
		const struct layout_entry *below = &wanted->entries[i - 1];

		if (layout_range(below).last >= wanted->entries[i].region.iova)
			return refuse_each_other(below, &wanted->entries[i], refused);
	}
	return 0;
}

static void find_same(struct layout_list *now, struct layout_list *wanted)
{
	for (size_t i = 0; i < now->count; i++)
		now->entries[i].stays = now->entries[i].collides = false;
	for (size_t i = 0; i < wanted->count; i++) {
		struct layout_entry *entry = &wanted->entries[i];
		struct layout_entry *own = find(now, entry->region.iova);

		entry->stays = own && is_same(&own->region, &entry->region);
		if (entry->stays) {
			entry->mapping = own->mapping;
			own->stays = true;
		}
	}
}

/* Both are sorted: go through them side by side. What stays overlaps nothing. */
static void find_collisions(struct layout_list *now, struct layout_list *wanted)
{
	size_t a = 0, b = 0;

	while (a < now->count && b < wanted->count) {
		struct layout_entry *old = &now->entries[a], *new = &wanted->entries[b];
		struct vfa_iova_range left = layout_range(old), right = layout_range(new);

		if (!old->stays && !new->stays && range_overlaps(&left, &right))
			old->collides = new->collides = true;
		if (left.last <= right.last)
			a++;
		if (right.last <= left.last)
			b++;
	}
}

static int check(struct vfa_layout *layout, struct layout_list *wanted, size_t *refused)
{
	int err = check_entries(layout, wanted, refused);

	if (err)
		return err;
	layout_sort(wanted);
	return check_each_other(wanted, refused);
}

int layout_plan(struct vfa_layout *layout, const struct vfa_layout_region *regions, size_t count,
		struct layout_list *ret, size_t *refused)
{
	struct layout_list wanted = { .count = count };
	int err;

	*refused = SIZE_MAX;
	wanted.entries = calloc(count ? count : 1, sizeof(*wanted.entries));
	if (!wanted.entries)
		return error_memory();
	for (size_t i = 0; i < count; i++)
		wanted.entries[i] = (struct layout_entry){ .region = regions[i], .number = i };
	err = check(layout, &wanted, refused);
	if (err) {
		free(wanted.entries);
		return err;
	}
	find_same(&layout->now, &wanted);
	find_collisions(&layout->now, &wanted);
	*ret = wanted;
	return 0;
}
