/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Spans of addresses that do not overlap, in a balanced tree by address. Each node
 * knows the largest gap below it, so that a free place is found without a walk.
 * The nodes are embedded in what the caller keeps: nothing here allocates.
 */

#ifndef IOVA_TREE_H
#define IOVA_TREE_H

#include "iova/range.h"

struct iova_span {
	struct vfa_iova_range range;
	uint64_t gap;     /* free addresses right before it */
	uint64_t max_gap; /* the largest gap in its subtree */
	struct iova_span *parent;
	struct iova_span *child[2]; /* below and above it */
	int height;
};

struct iova_tree {
	struct iova_span *root;
	size_t count;
};

/* Where a new span may go. */
struct iova_wish {
	uint64_t size;
	uint64_t min;       /* lowest start */
	uint64_t max;       /* highest last byte */
	uint64_t alignment; /* a power of two */
};

/** iova_tree_insert() - add a span that overlaps none */
void iova_tree_insert(struct iova_tree *tree, struct iova_span *span);

/** iova_tree_remove() - take a span out that is in the tree */
void iova_tree_remove(struct iova_tree *tree, struct iova_span *span);

/** iova_tree_first() - the first span that ends at or behind @iova, or NULL */
struct iova_span *iova_tree_first(const struct iova_tree *tree, uint64_t iova);

/** iova_tree_next() - the span behind another, or NULL */
struct iova_span *iova_tree_next(const struct iova_span *span);

/**
 * iova_tree_find_gap() - the lowest start between spans that fits a wish
 * @granule: gaps start and end at multiples of it, but for those at min and max
 *
 * Takes the time of a few walks down the tree. Where alignment spoils very many
 * gaps that are large enough, one that is large in any case is taken before them.
 *
 * Return: whether there is one.
 */
bool iova_tree_find_gap(const struct iova_tree *tree, const struct iova_wish *wish,
			uint64_t granule, uint64_t *ret);

#endif
