/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "iova/tree.h"

/* An AVL tree: at each node the heights of both sides differ by one at most. */

enum side { BELOW, ABOVE };

static int height_of(const struct iova_span *span)
{
	return span ? span->height : 0;
}

static uint64_t max_gap_of(const struct iova_span *span)
{
	return span ? span->max_gap : 0;
}

static void refresh(struct iova_span *span)
{
	const struct iova_span *below = span->child[BELOW], *above = span->child[ABOVE];
	uint64_t max_gap = span->gap;

	if (max_gap_of(below) > max_gap)
		max_gap = below->max_gap;
	if (max_gap_of(above) > max_gap)
		max_gap = above->max_gap;
	span->max_gap = max_gap;
	span->height =
		1 + (height_of(below) > height_of(above) ? height_of(below) : height_of(above));
}

/* Put @new, which may be NULL, where @old is. */
static void replace(struct iova_tree *tree, const struct iova_span *old, struct iova_span *new)
{
	struct iova_span *parent = old->parent;

	if (new)
		new->parent = parent;
	if (parent)
		parent->child[parent->child[ABOVE] == old] = new;
	else
		tree->root = new;
}

static void adopt(struct iova_span *parent, enum side side, struct iova_span *child)
{
	parent->child[side] = child;
	if (child)
		child->parent = parent;
}

/* @span goes down to @side; its other child comes up in its place. */
static struct iova_span *rotate(struct iova_tree *tree, struct iova_span *span, enum side side)
{
	struct iova_span *up = span->child[!side];

	replace(tree, span, up);
	adopt(span, !side, up->child[side]);
	adopt(up, side, span);
	refresh(span);
	refresh(up);
	return up;
}

/* Make a node right whose children are; returns what stands in its place then. */
static struct iova_span *balance(struct iova_tree *tree, struct iova_span *span)
{
	int lean = height_of(span->child[ABOVE]) - height_of(span->child[BELOW]);
	enum side heavy = lean > 0 ? ABOVE : BELOW;
	struct iova_span *child = span->child[heavy];

	if (lean >= -1 && lean <= 1) {
		refresh(span);
		return span;
	}
	if (height_of(child->child[!heavy]) > height_of(child->child[heavy]))
		rotate(tree, child, heavy);
	return rotate(tree, span, !heavy);
}

/* From a changed node upwards, as far as the change shows. */
static void repair(struct iova_tree *tree, struct iova_span *span)
{
	while (span) {
		int height = span->height;
		uint64_t max_gap = span->max_gap;

		span = balance(tree, span);
		if (span->height == height && span->max_gap == max_gap)
			return;
		span = span->parent;
	}
}

/* The outermost node on one side of a subtree. */
static struct iova_span *outermost(struct iova_span *span, enum side side)
{
	while (span->child[side])
		span = span->child[side];
	return span;
}

static struct iova_span *neighbour(const struct iova_span *span, enum side side)
{
	if (span->child[side])
		return outermost(span->child[side], !side);
	while (span->parent && span->parent->child[side] == span)
		span = span->parent;
	return span->parent;
}

struct iova_span *iova_tree_next(const struct iova_span *span)
{
	return neighbour(span, ABOVE);
}

void iova_tree_insert(struct iova_tree *tree, struct iova_span *span)
{
	struct iova_span *parent = NULL, **link = &tree->root, *before, *behind;

	while (*link) {
		parent = *link;
		link = &parent->child[span->range.start > parent->range.start];
	}
	*link = span;
	span->parent = parent;
	span->child[BELOW] = span->child[ABOVE] = NULL;
	span->height = 0;
	tree->count++;

	before = neighbour(span, BELOW);
	behind = neighbour(span, ABOVE);
	span->gap = span->range.start - (before ? before->range.last + 1 : 0);
	repair(tree, span);
	if (behind) {
		behind->gap = behind->range.start - (span->range.last + 1);
		repair(tree, behind);
	}
}

/* The next span takes the place of one that has both children. Returns the lowest changed. */
static struct iova_span *pull_up(struct iova_tree *tree, struct iova_span *span,
				 struct iova_span *next)
{
	struct iova_span *changed = next;

	if (next->parent != span) {
		changed = next->parent;
		replace(tree, next, next->child[ABOVE]);
		adopt(next, ABOVE, span->child[ABOVE]);
	}
	replace(tree, span, next);
	adopt(next, BELOW, span->child[BELOW]);
	next->height = span->height;
	next->max_gap = span->max_gap;
	return changed;
}

void iova_tree_remove(struct iova_tree *tree, struct iova_span *span)
{
	struct iova_span *next = neighbour(span, ABOVE), *changed;

	if (span->child[BELOW] && span->child[ABOVE]) {
		changed = pull_up(tree, span, next);
	} else {
		changed = span->parent;
		replace(tree, span, span->child[span->child[ABOVE] != NULL]);
	}
	tree->count--;
	repair(tree, changed);
	if (next) {
		next->gap += span->gap + (span->range.last - span->range.start + 1);
		repair(tree, next);
	}
}

struct iova_span *iova_tree_first(const struct iova_tree *tree, uint64_t iova)
{
	struct iova_span *span = tree->root, *found = NULL;

	while (span) {
		if (span->range.last >= iova) {
			found = span;
			span = span->child[BELOW];
		} else {
			span = span->child[ABOVE];
		}
	}
	return found;
}

/* So many gaps of sufficient size are tried before one is asked for that fits in any case. */
#define TRIES 64

struct search {
	const struct iova_wish *wish;
	uint64_t least; /* smaller gaps are not looked at */
	size_t tries;   /* left */
	uint64_t found;
};

/* Whether the wish fits between two addresses. */
static bool fits(struct search *search, uint64_t start, uint64_t last)
{
	const struct iova_wish *wish = search->wish;
	uint64_t mask = wish->alignment - 1;
	struct vfa_iova_range range;

	if (start < wish->min)
		start = wish->min;
	if (last > wish->max)
		last = wish->max;
	if (start > last || start > UINT64_MAX - mask)
		return false;
	start = (start + mask) & ~mask;
	search->found = start;
	return range_from_size(start, wish->size, &range) && range.last <= last;
}

/* In the order of addresses, leaving out what is too small, too low or too high. */
static bool find_below(struct search *search, const struct iova_span *span)
{
	if (!span || span->max_gap < search->least || !search->tries)
		return false;
	if (span->range.start > search->wish->min) {
		if (find_below(search, span->child[BELOW]))
			return true;
		if (span->gap >= search->least && search->tries && search->tries-- &&
		    fits(search, span->range.start - span->gap, span->range.start - 1))
			return true;
	}
	return span->range.last < search->wish->max && find_below(search, span->child[ABOVE]);
}

/* The gap behind the last span belongs to none. */
static bool find_behind(struct search *search, const struct iova_tree *tree)
{
	const struct iova_span *last = tree->root ? outermost(tree->root, ABOVE) : NULL;

	if (last && last->range.last == UINT64_MAX)
		return false;
	return fits(search, last ? last->range.last + 1 : 0, UINT64_MAX);
}

static bool find(struct search *search, const struct iova_tree *tree, uint64_t least, size_t tries)
{
	search->least = least;
	search->tries = tries;
	return find_below(search, tree->root);
}

bool iova_tree_find_gap(const struct iova_tree *tree, const struct iova_wish *wish,
			uint64_t granule, uint64_t *ret)
{
	struct search search = { .wish = wish };
	uint64_t padding = wish->alignment > granule ? wish->alignment - granule : 0;
	bool found = find(&search, tree, wish->size, TRIES);

	if (!found && !search.tries)
		found = (wish->size <= UINT64_MAX - padding &&
			 find(&search, tree, wish->size + padding, TRIES)) ||
			find_behind(&search, tree) || find(&search, tree, wish->size, SIZE_MAX);
	else if (!found)
		found = find_behind(&search, tree);
	if (found)
		*ret = search.found;
	return found;
}
