/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "iova/space.h"

#include <stdlib.h>
#include <string.h>

void iova_limits_clear(struct iova_limits *limits)
{
	free(limits->allowed.ranges);
	free(limits->reserved);
	memset(limits, 0, sizeof(*limits));
}

void iova_space_set_limits(struct iova_space *space, struct iova_limits *limits)
{
	iova_limits_clear(&space->limits);
	space->limits = *limits;
	memset(limits, 0, sizeof(*limits));
}

static const struct iova_span *find_overlap(const struct iova_space *space,
					    const struct vfa_iova_range *range)
{
	const struct iova_span *first = iova_tree_first(&space->mapped, range->start);

	return first && range_overlaps(&first->range, range) ? first : NULL;
}

/* A relaxable region can be mapped: it is never what is in the way. */
static const struct vfa_reserved_region *find_reserved(const struct iova_limits *limits,
						       const struct vfa_iova_range *range)
{
	for (size_t i = 0; i < limits->reserved_count; i++)
		if (limits->reserved[i].type != VFA_RESERVED_DIRECT_RELAXABLE &&
		    range_overlaps(&limits->reserved[i].range, range))
			return &limits->reserved[i];
	return NULL;
}

enum iova_verdict iova_space_check(const struct iova_space *space,
				   const struct vfa_iova_range *range,
				   struct iova_obstacle *obstacle)
{
	const struct iova_limits *limits = &space->limits;

	memset(obstacle, 0, sizeof(*obstacle));
	if ((range->start | (range->last + 1)) & (limits->alignment - 1))
		return IOVA_MISALIGNED;
	if (!range_list_find(&limits->allowed, range)) {
		obstacle->reserved = find_reserved(limits, range);
		return obstacle->reserved ? IOVA_RESERVED : IOVA_OUTSIDE;
	}
	obstacle->span = find_overlap(space, range);
	return obstacle->span ? IOVA_OVERLAP : IOVA_USABLE;
}

bool iova_space_find(const struct iova_space *space, const struct iova_wish *wish, uint64_t *ret)
{
	const struct range_list *allowed = &space->limits.allowed;

	for (size_t i = 0; i < allowed->count; i++) {
		struct iova_wish within = *wish;

		if (within.min < allowed->ranges[i].start)
			within.min = allowed->ranges[i].start;
		if (within.max > allowed->ranges[i].last)
			within.max = allowed->ranges[i].last;
		if (within.min <= within.max &&
		    iova_tree_find_gap(&space->mapped, &within, space->limits.alignment, ret))
			return true;
	}
	return false;
}

const struct iova_span *iova_space_collision(const struct iova_space *space,
					     const struct vfa_reserved_region *region)
{
	if (region->type == VFA_RESERVED_DIRECT_RELAXABLE)
		return NULL;
	return find_overlap(space, &region->range);
}
