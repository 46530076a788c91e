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

int iova_space_init(struct iova_space *space)
{
	index_init(&space->spans, 0);
	return gaps_init(&space->gaps);
}

void iova_space_clear(struct iova_space *space)
{
	iova_limits_clear(&space->limits);
	gaps_clear(&space->gaps);
	index_clear(&space->spans);
	space->count = 0;
}

int iova_space_reserve(struct iova_space *space, const struct vfa_iova_range *range)
{
	int err = gaps_reserve(&space->gaps, space->count + 1);

	return err ? err : index_reserve(&space->spans, range);
}

static uint64_t word_of(const struct iova_span *span)
{
	return (uintptr_t)span | INDEX_WORD;
}

void iova_space_insert(struct iova_space *space, struct iova_span *span)
{
	gaps_take(&space->gaps, &span->range);
	index_fill(&space->spans, &span->range, word_of(span));
	space->count++;
}

void iova_space_remove(struct iova_space *space, const struct iova_span *span)
{
	index_erase(&space->spans, &span->range, word_of(span));
	index_note_move(&space->spans); /* readers may still have the span */
	gaps_give(&space->gaps, &span->range);
	space->count--;
}

struct iova_span *iova_space_first(const struct iova_space *space,
				   const struct vfa_iova_range *range)
{
	uint64_t iova, mask;

	if (!index_first(&space->spans, range, &iova))
		return NULL;
	return (struct iova_span *)(index_lookup(&space->spans, iova, &mask) & ~INDEX_WORD);
}

struct iova_span *iova_space_next(const struct iova_space *space, const struct iova_span *span)
{
	struct vfa_iova_range behind = { span->range.last + 1, UINT64_MAX };

	return behind.start ? iova_space_first(space, &behind) : NULL;
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
	if (gaps_has(&space->gaps, range))
		return IOVA_USABLE;
	obstacle->span = iova_space_first(space, range);
	return IOVA_OVERLAP;
}

bool iova_space_find(const struct iova_space *space, const struct iova_wish *wish, uint64_t *ret)
{
	const struct range_list *allowed = &space->limits.allowed;

	for (size_t i = 0; i < allowed->count; i++) {
		size_t at = wish->highest ? allowed->count - 1 - i : i;
		const struct vfa_iova_range *range = &allowed->ranges[at];
		struct iova_wish within = *wish;

		if (within.min < range->start)
			within.min = range->start;
		if (within.max > range->last)
			within.max = range->last;
		if (within.min <= within.max && gaps_find(&space->gaps, &within, ret))
			return true;
	}
	return false;
}

const struct iova_span *iova_space_collision(const struct iova_space *space,
					     const struct vfa_reserved_region *region)
{
	if (region->type == VFA_RESERVED_DIRECT_RELAXABLE)
		return NULL;
	return iova_space_first(space, &region->range);
}
