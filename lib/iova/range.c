/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "iova/range.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool range_from_size(uint64_t start, uint64_t size, struct vfa_iova_range *ret)
{
	if (!size || size - 1 > UINT64_MAX - start)
		return false;
	*ret = (struct vfa_iova_range){ start, start + (size - 1) };
	return true;
}

static int compare_starts(const void *a, const void *b)
{
	const struct vfa_iova_range *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

/* Whether @next begins inside @range or right behind it. */
static bool touches(const struct vfa_iova_range *range, const struct vfa_iova_range *next)
{
	return range->last == UINT64_MAX || next->start <= range->last + 1;
}

void range_list_sort(struct range_list *list)
{
	size_t kept = 0;

	if (!list->count)
		return;
	qsort(list->ranges, list->count, sizeof(*list->ranges), compare_starts);
	for (size_t i = 1; i < list->count; i++) {
		struct vfa_iova_range *range = &list->ranges[kept];
		const struct vfa_iova_range *next = &list->ranges[i];

		if (!touches(range, next))
			list->ranges[++kept] = *next;
		else if (next->last > range->last)
			range->last = next->last;
	}
	list->count = kept + 1;
}

static void remove_at(struct range_list *list, size_t i)
{
	memmove(&list->ranges[i], &list->ranges[i + 1],
		(list->count - i - 1) * sizeof(*list->ranges));
	list->count--;
}

static void insert_at(struct range_list *list, size_t i, const struct vfa_iova_range *range)
{
	memmove(&list->ranges[i + 1], &list->ranges[i], (list->count - i) * sizeof(*list->ranges));
	list->ranges[i] = *range;
	list->count++;
}

void range_list_cut(struct range_list *list, const struct vfa_iova_range *hole)
{
	for (size_t i = list->count; i-- > 0;) {
		const struct vfa_iova_range whole = list->ranges[i];

		if (!range_overlaps(&whole, hole))
			continue;
		remove_at(list, i);
		if (whole.last > hole->last)
			insert_at(list, i, &(struct vfa_iova_range){ hole->last + 1, whole.last });
		if (whole.start < hole->start)
			insert_at(list, i,
				  &(struct vfa_iova_range){ whole.start, hole->start - 1 });
	}
}

const struct vfa_iova_range *range_list_find(const struct range_list *list,
					     const struct vfa_iova_range *wanted)
{
	for (size_t i = 0; i < list->count; i++)
		if (range_contains(&list->ranges[i], wanted))
			return &list->ranges[i];
	return NULL;
}

void range_list_print(const struct range_list *list, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < list->count && used < size; i++)
		used += snprintf(text + used, size - used, "%s0x%" PRIx64 "-0x%" PRIx64,
				 i ? ", " : "", list->ranges[i].start, list->ranges[i].last);
}
