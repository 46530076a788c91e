/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A layout as it is, and the one that it shall be. */

#ifndef LIB_LAYOUT_H
#define LIB_LAYOUT_H

#include <vfa/layout.h>

#include "mapping.h"

struct layout_entry {
	struct vfa_layout_region region; /* access filled in */
	struct vfa_mapping *mapping;     /* NULL while it is not mapped */
	size_t number;                   /* in the caller's list */
	bool stays;                      /* it is in the other list, too */
	bool collides;                   /* with one in the other list, and neither stays */
};

/* By ascending IOVA, without overlaps. */
struct layout_list {
	struct layout_entry *entries;
	size_t count;
};

struct vfa_layout {
	struct vfa_container *container;
	struct layout_list now; /* all of it mapped; under the container's lock */
};

static inline struct vfa_iova_range layout_range(const struct layout_entry *entry)
{
	const struct vfa_layout_region *region = &entry->region;

	return (struct vfa_iova_range){ region->iova, region->iova + (region->size - 1) };
}

void layout_sort(struct layout_list *list);

/**
 * layout_plan() - hold a list against the layout and the address space
 * @ret: what is wanted, its entries malloc'ed; those that stay have their mapping
 * @refused: on failure the index of the region that is refused, or SIZE_MAX
 *
 * With the container's lock held. Return: 0 or -errno, recorded.
 */
int layout_plan(struct vfa_layout *layout, const struct vfa_layout_region *regions, size_t count,
		struct layout_list *ret, size_t *refused);

/** layout_refuse() - put the region's number before a recorded failure */
int layout_refuse(size_t number, int err);

/**
 * layout_change() - make the layout what was planned, or leave it as it was
 * @wanted: of layout_plan(); freed or taken over
 *
 * With the container's lock held. Return: 0 or -errno, recorded.
 */
int layout_change(struct vfa_layout *layout, struct layout_list *wanted);

#endif
