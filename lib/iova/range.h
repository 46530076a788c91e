/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Ranges of addresses, inclusive at both ends, in ascending order and apart
 * from each other. Pure data: no system call, no recorded failure.
 */

#ifndef IOVA_RANGE_H
#define IOVA_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vfa/iova.h>

struct range_list {
	struct vfa_iova_range *ranges;
	size_t count;
};

static const struct vfa_iova_range range_everything = { 0, UINT64_MAX };

static inline bool range_overlaps(const struct vfa_iova_range *a, const struct vfa_iova_range *b)
{
	return a->start <= b->last && b->start <= a->last;
}

static inline bool range_contains(const struct vfa_iova_range *outer,
				  const struct vfa_iova_range *inner)
{
	return outer->start <= inner->start && inner->last <= outer->last;
}

/** range_from_size() - start and size to start and last; false when empty or wrapped */
bool range_from_size(uint64_t start, uint64_t size, struct vfa_iova_range *ret);

/** range_list_sort() - ascending order, with neighbours and overlaps joined */
void range_list_sort(struct range_list *list);

/** range_list_cut() - take @hole out of a sorted list that has room for one range more */
void range_list_cut(struct range_list *list, const struct vfa_iova_range *hole);

/** range_list_find() - the range that contains @wanted whole, or NULL */
const struct vfa_iova_range *range_list_find(const struct range_list *list,
					     const struct vfa_iova_range *wanted);

/** range_list_print() - as text, as many as fit */
void range_list_print(const struct range_list *list, char *text, size_t size);

#endif
