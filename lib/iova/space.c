/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "iova/space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void iova_limits_clear(struct iova_limits *limits)
{
	free(limits->allowed.ranges);
	free(limits->reserved);
	memset(limits, 0, sizeof(*limits));
}

void iova_space_clear(struct iova_space *space)
{
	iova_limits_clear(&space->limits);
	free(space->spans);
	memset(space, 0, sizeof(*space));
}

void iova_space_set_limits(struct iova_space *space, struct iova_limits *limits)
{
	iova_limits_clear(&space->limits);
	space->limits = *limits;
	memset(limits, 0, sizeof(*limits));
}

size_t iova_space_first(const struct iova_space *space, uint64_t iova)
{
	size_t low = 0, high = space->span_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (space->spans[middle]->range.last < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct iova_span *find_overlap(const struct iova_space *space,
					    const struct vfa_iova_range *range)
{
	size_t first = iova_space_first(space, range->start);

	if (first == space->span_count || !range_overlaps(&space->spans[first]->range, range))
		return NULL;
	return space->spans[first];
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

/* Up to a multiple of @alignment; false past the end of the space. */
static bool align_up(uint64_t *value, uint64_t alignment)
{
	uint64_t up = (*value + (alignment - 1)) & ~(alignment - 1);

	if (up < *value)
		return false;
	*value = up;
	return true;
}

/* The lowest free start in one allowed range. */
static bool find_in_range(const struct iova_space *space, struct vfa_iova_range within,
			  const struct iova_wish *wish, uint64_t *ret)
{
	struct vfa_iova_range candidate;
	uint64_t start = within.start;
	size_t next = iova_space_first(space, start);

	while (align_up(&start, wish->alignment) &&
	       range_from_size(start, wish->size, &candidate) &&
	       range_contains(&within, &candidate)) {
		while (next < space->span_count && space->spans[next]->range.last < start)
			next++;
		if (next == space->span_count ||
		    !range_overlaps(&space->spans[next]->range, &candidate)) {
			*ret = start;
			return true;
		}
		if (space->spans[next]->range.last == UINT64_MAX)
			return false;
		start = space->spans[next]->range.last + 1;
	}
	return false;
}

bool iova_space_find(const struct iova_space *space, const struct iova_wish *wish, uint64_t *ret)
{
	const struct range_list *allowed = &space->limits.allowed;

	for (size_t i = 0; i < allowed->count; i++) {
		struct vfa_iova_range within = allowed->ranges[i];

		if (within.start < wish->min)
			within.start = wish->min;
		if (within.last > wish->max)
			within.last = wish->max;
		if (within.start <= within.last && find_in_range(space, within, wish, ret))
			return true;
	}
	return false;
}

int iova_space_make_room(struct iova_space *space)
{
	size_t room = space->span_room ? space->span_room * 2 : 16;
	struct iova_span **spans;

	if (space->span_count < space->span_room)
		return 0;
	spans = realloc(space->spans, room * sizeof(*spans));
	if (!spans)
		return -ENOMEM;
	space->spans = spans;
	space->span_room = room;
	return 0;
}

void iova_space_insert(struct iova_space *space, struct iova_span *span)
{
	size_t at = iova_space_first(space, span->range.start);

	memmove(&space->spans[at + 1], &space->spans[at],
		(space->span_count - at) * sizeof(*space->spans));
	space->spans[at] = span;
	space->span_count++;
}

void iova_space_remove(struct iova_space *space, struct iova_span *span)
{
	size_t at = iova_space_first(space, span->range.start);

	space->span_count--;
	memmove(&space->spans[at], &space->spans[at + 1],
		(space->span_count - at) * sizeof(*space->spans));
}

const struct iova_span *iova_space_collision(const struct iova_space *space,
					     const struct vfa_reserved_region *region)
{
	if (region->type == VFA_RESERVED_DIRECT_RELAXABLE)
		return NULL;
	return find_overlap(space, &region->range);
}
