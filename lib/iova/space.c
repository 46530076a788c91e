/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "iova/space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void find_lowest(struct iova_space *space);

void iova_limits_clear(struct iova_limits *limits)
{
	free(limits->allowed.ranges);
	free(limits->reserved);
	memset(limits, 0, sizeof(*limits));
}

int iova_space_init(struct iova_space *space)
{
	memset(space, 0, sizeof(*space));
	index_init(&space->spans, 0);
	return gaps_init(&space->gaps);
}

void iova_space_clear(struct iova_space *space)
{
	iova_limits_clear(&space->limits);
	free(space->windows);
	free(space->safe.ranges);
	gaps_clear(&space->gaps);
	index_clear(&space->spans);
	memset(space, 0, sizeof(*space));
}

/* What is allowed, without the windows. */
static int cut_windows(const struct range_list *allowed, const struct owned_window *windows,
		       size_t count, struct range_list *ret)
{
	struct range_list safe = { .count = allowed->count };

	if (allowed->count) {
		safe.ranges = calloc(allowed->count + count, sizeof(*safe.ranges));
		if (!safe.ranges)
			return -ENOMEM;
		memcpy(safe.ranges, allowed->ranges, allowed->count * sizeof(*safe.ranges));
	}
	for (size_t i = 0; i < count; i++)
		range_list_cut(&safe, &windows[i].window.range);
	*ret = safe;
	return 0;
}

int iova_space_set_limits(struct iova_space *space, struct iova_limits *limits)
{
	struct range_list safe;
	int err = cut_windows(&limits->allowed, space->windows, space->window_count, &safe);

	if (err)
		return err;
	iova_limits_clear(&space->limits);
	free(space->safe.ranges);
	space->limits = *limits;
	space->safe = safe;
	memset(limits, 0, sizeof(*limits));
	find_lowest(space);
	return 0;
}

/* What is safe, after a change of windows or of what is allowed. */
static int renew_safe(struct iova_space *space, const struct owned_window *windows, size_t count)
{
	struct range_list safe;
	int err = cut_windows(&space->limits.allowed, windows, count, &safe);

	if (err)
		return err;
	free(space->safe.ranges);
	space->safe = safe;
	return 0;
}

/* Take over the windows; they are freed on failure. */
static int set_windows(struct iova_space *space, struct owned_window *windows, size_t count)
{
	int err = renew_safe(space, windows, count);

	if (err) {
		free(windows);
		return err;
	}
	free(space->windows);
	space->windows = windows;
	space->window_count = count;
	find_lowest(space);
	return 0;
}

/* The lists are sorted; of equal starts the one that is there stays first. */
static void merge(const struct iova_space *space, const void *owner,
		  const struct vfa_window *windows, size_t count, struct owned_window *ret)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		while (at < space->window_count &&
		       space->windows[at].window.range.start <= windows[i].range.start)
			*ret++ = space->windows[at++];
		*ret++ = (struct owned_window){ windows[i], owner };
	}
	while (at < space->window_count)
		*ret++ = space->windows[at++];
}

int iova_space_add_windows(struct iova_space *space, const void *owner,
			   const struct vfa_window *windows, size_t count)
{
	size_t total = space->window_count + count;
	struct owned_window *all;

	if (!count)
		return 0;
	all = calloc(total, sizeof(*all));
	if (!all)
		return -ENOMEM;
	merge(space, owner, windows, count, all);
	return set_windows(space, all, total);
}

static bool is_same_window(const struct vfa_window *a, const struct vfa_window *b)
{
	return a->range.start == b->range.start && a->range.last == b->range.last &&
	       a->kind == b->kind && !strcmp(a->bdf, b->bdf);
}

int iova_space_remove_window(struct iova_space *space, const struct vfa_window *window)
{
	size_t at = 0, count = space->window_count;
	struct owned_window *windows;

	while (at < count &&
	       (space->windows[at].owner || !is_same_window(&space->windows[at].window, window)))
		at++;
	if (at == count)
		return -ENOENT;
	windows = calloc(count, sizeof(*windows));
	if (!windows)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (i != at)
			windows[i - (i > at)] = space->windows[i];
	return set_windows(space, windows, count - 1);
}

void iova_space_drop_windows(struct iova_space *space, const void *owner)
{
	size_t kept = 0, count = space->window_count;

	for (size_t i = 0; i < count; i++) {
		if (space->windows[i].owner != owner)
			space->windows[kept++] = space->windows[i];
	}
	space->window_count = kept;
	if (kept < count && !renew_safe(space, space->windows, kept))
		find_lowest(space);
}

const struct vfa_window *iova_space_window(const struct iova_space *space,
					   const struct vfa_iova_range *range)
{
	for (size_t i = 0; i < space->window_count; i++)
		if (range_overlaps(&space->windows[i].window.range, range))
			return &space->windows[i].window;
	return NULL;
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

/* What is asked for most: one page, wherever. */
static bool is_for_any_page(const struct iova_space *space, const struct iova_wish *wish)
{
	uint64_t page = space->limits.alignment;

	return wish->size == page && wish->alignment <= page && wish->min == page &&
	       wish->max == UINT64_MAX && !wish->highest && !wish->dangerous;
}

bool iova_space_find(const struct iova_space *space, const struct iova_wish *wish, uint64_t *ret)
{
	const struct range_list *list = wish->dangerous ? &space->limits.allowed : &space->safe;

	if (space->lowest && is_for_any_page(space, wish)) {
		*ret = space->lowest;
		return true;
	}
	for (size_t i = 0; i < list->count; i++) {
		size_t at = wish->highest ? list->count - 1 - i : i;
		const struct vfa_iova_range *range = &list->ranges[at];
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

static void find_lowest(struct iova_space *space)
{
	uint64_t page = space->limits.alignment, iova;
	const struct iova_wish wish = {
		.size = page, .min = page, .max = UINT64_MAX, .alignment = page
	};

	space->lowest = 0;
	if (!page || !iova_space_find(space, &wish, &iova))
		return;
	space->lowest = iova;
	space->lowest_range =
		*range_list_find(&space->safe, &(struct vfa_iova_range){ iova, iova + page - 1 });
}

/* The lowest free page is so no more. A window may begin inside the next one. */
static void raise_lowest(struct iova_space *space, uint64_t last, bool next_is_free)
{
	uint64_t page = space->limits.alignment;

	if (next_is_free && last < space->lowest_range.last &&
	    space->lowest_range.last - last >= page)
		space->lowest = last + 1;
	else
		find_lowest(space);
}

static void note_free(struct iova_space *space, uint64_t start)
{
	if (space->lowest && start >= space->lowest)
		return;
	if (space->lowest && start >= space->lowest_range.start && start >= space->limits.alignment)
		space->lowest = start;
	else
		find_lowest(space);
}

void iova_space_insert(struct iova_space *space, struct iova_span *span)
{
	bool next_is_free = gaps_take(&space->gaps, &span->range);

	index_fill(&space->spans, &span->range, word_of(span));
	space->count++;
	if (space->lowest && span->range.start <= space->lowest &&
	    space->lowest <= span->range.last)
		raise_lowest(space, span->range.last, next_is_free);
}

void iova_space_remove(struct iova_space *space, const struct iova_span *span)
{
	index_erase(&space->spans, &span->range, word_of(span));
	index_note_move(&space->spans); /* readers may still have the span */
	gaps_give(&space->gaps, &span->range);
	space->count--;
	note_free(space, span->range.start);
}

static struct iova_span *find_span(const struct iova_space *space, uint64_t iova)
{
	uint64_t mask;

	return (struct iova_span *)(index_lookup(&space->spans, iova, &mask) & ~INDEX_WORD);
}

struct iova_span *iova_space_first(const struct iova_space *space,
				   const struct vfa_iova_range *range)
{
	uint64_t iova;

	return index_first(&space->spans, range, &iova) ? find_span(space, iova) : NULL;
}

struct iova_span *iova_space_before(const struct iova_space *space, uint64_t iova)
{
	struct vfa_iova_range gap;

	if (iova && gaps_around(&space->gaps, iova - 1, &gap))
		iova = gap.start;
	return iova ? find_span(space, iova - 1) : NULL;
}

struct iova_span *iova_space_next(const struct iova_space *space, const struct iova_span *span)
{
	struct vfa_iova_range behind = { span->range.last + 1, UINT64_MAX };

	return behind.start ? iova_space_first(space, &behind) : NULL;
}

/* A relaxable region can be mapped: it is never what is in the way. */
const struct vfa_reserved_region *iova_limits_reserved(const struct iova_limits *limits,
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
		obstacle->reserved = iova_limits_reserved(limits, range);
		return obstacle->reserved ? IOVA_RESERVED : IOVA_OUTSIDE;
	}
	if (gaps_has(&space->gaps, range))
		return IOVA_USABLE;
	obstacle->span = iova_space_first(space, range);
	return IOVA_OVERLAP;
}

const struct iova_span *iova_space_collision(const struct iova_space *space,
					     const struct vfa_reserved_region *region)
{
	if (region->type == VFA_RESERVED_DIRECT_RELAXABLE)
		return NULL;
	return iova_space_first(space, &region->range);
}

const struct iova_span *iova_space_stranger(const struct iova_space *space,
					    const struct range_list *ranges)
{
	struct vfa_iova_range hole = { 0, UINT64_MAX };
	const struct iova_span *found;

	for (size_t i = 0; i < ranges->count; i++) {
		const struct vfa_iova_range *range = &ranges->ranges[i];

		hole.last = range->start - 1;
		found = range->start > hole.start ? iova_space_first(space, &hole) : NULL;
		if (found || range->last == UINT64_MAX)
			return found;
		hole = (struct vfa_iova_range){ range->last + 1, UINT64_MAX };
	}
	return iova_space_first(space, &hole);
}
