/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "vaddrs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mapping.h"

void vaddrs_init(struct vaddrs *vaddrs)
{
	memset(vaddrs, 0, sizeof(*vaddrs));
	index_init(&vaddrs->index, 1);
}

void vaddrs_clear(struct vaddrs *vaddrs)
{
	index_clear(&vaddrs->index);
	free(vaddrs->shadowed);
	vaddrs_init(vaddrs);
}

static struct vfa_iova_range addresses_of(const struct vfa_mapping *mapping)
{
	uint64_t start = (uintptr_t)mapping->vaddr;

	return (struct vfa_iova_range){ start, start + (mapping_size(mapping) - 1) };
}

static uint64_t word_of(const struct vfa_mapping *mapping)
{
	return mapping->span.range.start | INDEX_WORD;
}

static int make_room(struct vaddrs *vaddrs)
{
	size_t room = vaddrs->room ? 2 * vaddrs->room : 8;
	struct vfa_mapping **more;

	if (vaddrs->count < vaddrs->room)
		return 0;
	more = realloc(vaddrs->shadowed, room * sizeof(struct vfa_mapping *));
	if (!more)
		return -ENOMEM;
	vaddrs->shadowed = more;
	vaddrs->room = room;
	return 0;
}

int vaddrs_reserve(struct vaddrs *vaddrs, const void *vaddr, uint64_t size)
{
	uint64_t start = (uintptr_t)vaddr;
	int err = vaddr ? make_room(vaddrs) : 0;

	return err || !vaddr ? err
			     : index_reserve(&vaddrs->index,
					     &(struct vfa_iova_range){ start, start + (size - 1) });
}

/* The first of the list that starts at or behind an address, and then at or behind an IOVA. */
static size_t position(const struct vaddrs *vaddrs, uint64_t address, uint64_t iova)
{
	size_t from = 0, to = vaddrs->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct vfa_mapping *mapping = vaddrs->shadowed[middle];
		uint64_t start = (uintptr_t)mapping->vaddr;

		if (start < address || (start == address && mapping->span.range.start < iova))
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* The first that may reach an address. */
static size_t first_near(const struct vaddrs *vaddrs, uint64_t address)
{
	return position(vaddrs, address < vaddrs->longest ? 0 : address - vaddrs->longest + 1, 0);
}

static void list(struct vaddrs *vaddrs, struct vfa_mapping *mapping)
{
	size_t at = position(vaddrs, (uintptr_t)mapping->vaddr, mapping->span.range.start);

	memmove(&vaddrs->shadowed[at + 1], &vaddrs->shadowed[at],
		(vaddrs->count - at) * sizeof(mapping));
	vaddrs->shadowed[at] = mapping;
	if (vaddrs->longest < mapping_size(mapping))
		vaddrs->longest = mapping_size(mapping);
	vaddrs->count++;
}

/* Readers that found nothing look again, now that the index has it. */
static void unlist(struct vaddrs *vaddrs, size_t at)
{
	index_note_move(&vaddrs->index);
	memmove(&vaddrs->shadowed[at], &vaddrs->shadowed[at + 1],
		(vaddrs->count - 1 - at) * sizeof(struct vfa_mapping *));
	if (!--vaddrs->count)
		vaddrs->longest = 0;
}

void vaddrs_insert(struct vaddrs *vaddrs, struct vfa_mapping *mapping)
{
	struct vfa_iova_range range = addresses_of(mapping);

	if (!mapping->vaddr)
		return;
	if (!index_fill(&vaddrs->index, &range, word_of(mapping)))
		list(vaddrs, mapping);
}

/*
 * The shadow has gone from a range: who is below comes to light. One that the
 * index has no memory for stays listed, and is found there.
 */
static void uncover(struct vaddrs *vaddrs, const struct vfa_iova_range *range)
{
	size_t i = first_near(vaddrs, range->start);

	while (i < vaddrs->count && (uintptr_t)vaddrs->shadowed[i]->vaddr <= range->last) {
		struct vfa_mapping *mapping = vaddrs->shadowed[i];
		struct vfa_iova_range own = addresses_of(mapping);

		if (!range_overlaps(&own, range) || index_reserve(&vaddrs->index, &own) ||
		    !index_fill(&vaddrs->index, &own, word_of(mapping))) {
			i++;
			continue;
		}
		unlist(vaddrs, i);
		if (range_contains(&own, range))
			return;
	}
}

void vaddrs_remove(struct vaddrs *vaddrs, struct vfa_mapping *mapping)
{
	struct vfa_iova_range range = addresses_of(mapping);
	size_t at;

	if (!mapping->vaddr)
		return;
	index_erase(&vaddrs->index, &range, word_of(mapping));
	if (!vaddrs->count)
		return;
	at = position(vaddrs, range.start, mapping->span.range.start);
	if (at < vaddrs->count && vaddrs->shadowed[at] == mapping)
		unlist(vaddrs, at);
	uncover(vaddrs, &range);
}

const struct vfa_mapping *vaddrs_find_shadowed(const struct vaddrs *vaddrs, uint64_t address)
{
	const struct vfa_iova_range wanted = { address, address };

	for (size_t i = first_near(vaddrs, address); i < vaddrs->count; i++) {
		struct vfa_iova_range range = addresses_of(vaddrs->shadowed[i]);

		if (range.start > address)
			break;
		if (range_contains(&range, &wanted))
			return vaddrs->shadowed[i];
	}
	return NULL;
}
