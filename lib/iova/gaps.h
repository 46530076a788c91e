/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The addresses that are free: all of the 64 bits in the beginning, then what
 * lies between the mappings. Gaps are kept in a balanced tree by address, each
 * node with the size of the largest gap below it, so that a place is found
 * without a walk. Neighbouring mappings cost nothing: where memory is mapped
 * densely, there are few gaps, however many mappings there are.
 */

#ifndef IOVA_GAPS_H
#define IOVA_GAPS_H

#include "base/slab.h"
#include "iova/range.h"

/* In pages, of which there are 2^52, so that no sum overflows. */
struct iova_gap {
	uint64_t start;
	uint64_t end : 56;
	uint64_t height : 8;
	uint64_t largest; /* number of pages of the largest gap in its subtree */
	struct iova_gap *child[2];
};

struct iova_gaps {
	struct iova_gap *root;
	struct slab slab;
};

/* Where something new may go. */
struct iova_wish {
	uint64_t size;
	uint64_t min;       /* lowest start */
	uint64_t max;       /* highest last byte */
	uint64_t alignment; /* a power of two */
	bool highest;       /* from max down, not from min up */
	bool dangerous;     /* windows will do: of iova_space_find() only */
};

/** gaps_init() - everything is free; 0 or -ENOMEM */
int gaps_init(struct iova_gaps *gaps);
void gaps_clear(struct iova_gaps *gaps);

/** gaps_reserve() - after this @taken ranges in all can be taken and given back; 0 or -ENOMEM */
static inline int gaps_reserve(struct iova_gaps *gaps, size_t taken)
{
	/* A gap is before each range at most, and one behind them all. */
	return slab_reserve(&gaps->slab, taken + 1);
}

/* Ranges are of whole pages of 4 KiB, the smallest there are in any IOMMU. */

/** gaps_take() - a range that is free is so no more */
void gaps_take(struct iova_gaps *gaps, const struct vfa_iova_range *range);

/** gaps_give() - a range, or several in a row, that were taken are free again */
void gaps_give(struct iova_gaps *gaps, const struct vfa_iova_range *range);

/** gaps_has() - whether all of a range is free */
bool gaps_has(const struct iova_gaps *gaps, const struct vfa_iova_range *range);

/** gaps_around() - the gap that has an address; false when it is not free */
bool gaps_around(const struct iova_gaps *gaps, uint64_t iova, struct vfa_iova_range *ret);

/**
 * gaps_find() - the lowest or highest free start that fits a wish
 *
 * Takes the time of a few walks down the tree. Where alignment spoils very many
 * gaps that are large enough, one that is large in any case is taken before them.
 *
 * Return: whether there is one.
 */
bool gaps_find(const struct iova_gaps *gaps, const struct iova_wish *wish, uint64_t *ret);

#endif
