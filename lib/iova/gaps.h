/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The addresses that are free: all of the 64 bits in the beginning, then what
 * lies between the mappings. Gaps are kept in a B+ tree by address: a walk down it
 * meets few nodes, and so few cache misses. Each node knows the largest gap below each
 * of its children, so that a place is found without a walk through all of them.
 * Neighbouring mappings cost nothing: where memory is mapped densely, there are few
 * gaps, however many mappings there are.
 */

#ifndef IOVA_GAPS_H
#define IOVA_GAPS_H

#include "base/slab.h"
#include "iova/range.h"

#define GAPS_FAN   31             /* children of a node, or gaps of a leaf, at most */
#define GAPS_LEAST (GAPS_FAN / 2) /* and at least, but for the root */

/* In pages, of which there are 2^52, so that no sum overflows. */
struct gaps_node {
	uint32_t count;
	uint32_t height;           /* 0 for a leaf */
	uint64_t start[GAPS_FAN];  /* of each gap, or of each child's first */
	uint64_t size[GAPS_FAN];   /* of each gap, or of each child's largest */
	struct gaps_node *child[]; /* not of a leaf */
};

struct iova_gaps {
	struct gaps_node *root;
	struct slab leaves;
	struct slab branches;
	size_t room; /* for so many ranges all nodes are reserved */
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

int gaps_grow(struct iova_gaps *gaps, size_t taken);

/** gaps_reserve() - after this @taken ranges in all can be taken and given back; 0 or -ENOMEM */
static inline int gaps_reserve(struct iova_gaps *gaps, size_t taken)
{
	return taken <= gaps->room ? 0 : gaps_grow(gaps, taken);
}

/* Ranges are of whole pages of 4 KiB, the smallest there are in any IOMMU. */

/** gaps_take() - a range that is free is so no more; whether what is right behind it is free */
bool gaps_take(struct iova_gaps *gaps, const struct vfa_iova_range *range);

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
