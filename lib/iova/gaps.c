/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "iova/gaps.h"

#include <string.h>

#define PAGE_SHIFT 12

/* An AVL tree: at each node the heights of both sides differ by one at most. */

enum side { BELOW, ABOVE };

struct pages {
	uint64_t start;
	uint64_t end;
};

static struct pages pages_of(const struct vfa_iova_range *range)
{
	return (struct pages){
		.start = range->start >> PAGE_SHIFT,
		.end = (range->last >> PAGE_SHIFT) + 1,
	};
}

static int height_of(const struct iova_gap *gap)
{
	return gap ? gap->height : 0;
}

static uint64_t largest_of(const struct iova_gap *gap)
{
	return gap ? gap->largest : 0;
}

static void refresh_largest(struct iova_gap *gap)
{
	uint64_t below = largest_of(gap->child[BELOW]), above = largest_of(gap->child[ABOVE]);
	uint64_t largest = gap->end - gap->start;

	if (below > largest)
		largest = below;
	if (above > largest)
		largest = above;
	gap->largest = largest;
}

static void refresh(struct iova_gap *gap)
{
	const struct iova_gap *below = gap->child[BELOW], *above = gap->child[ABOVE];

	refresh_largest(gap);
	gap->height =
		1 + (height_of(below) > height_of(above) ? height_of(below) : height_of(above));
}

/* @gap goes down to @side; its other child comes up in its place, and is returned. */
static struct iova_gap *rotate(struct iova_gap *gap, enum side side)
{
	struct iova_gap *up = gap->child[!side];

	gap->child[!side] = up->child[side];
	up->child[side] = gap;
	refresh(gap);
	refresh(up);
	return up;
}

/* Make a node right whose children are; returns what stands in its place then. */
static struct iova_gap *balance(struct iova_gap *gap)
{
	int lean = height_of(gap->child[ABOVE]) - height_of(gap->child[BELOW]);
	enum side heavy = lean > 0 ? ABOVE : BELOW;
	struct iova_gap *child = gap->child[heavy];

	if (lean >= -1 && lean <= 1) {
		refresh(gap);
		return gap;
	}
	if (height_of(child->child[!heavy]) > height_of(child->child[heavy]))
		gap->child[heavy] = rotate(child, heavy);
	return rotate(gap, !heavy);
}

static struct iova_gap *insert(struct iova_gap *root, struct iova_gap *gap)
{
	enum side side;

	if (!root) {
		gap->child[BELOW] = gap->child[ABOVE] = NULL;
		refresh(gap);
		return gap;
	}
	side = gap->start > root->start ? ABOVE : BELOW;
	root->child[side] = insert(root->child[side], gap);
	return balance(root);
}

/* Take the lowest gap out of a tree. */
static struct iova_gap *remove_lowest(struct iova_gap *root, struct iova_gap **ret)
{
	if (!root->child[BELOW]) {
		*ret = root;
		return root->child[ABOVE];
	}
	root->child[BELOW] = remove_lowest(root->child[BELOW], ret);
	return balance(root);
}

/* What stands in the place of a gap that goes. */
static struct iova_gap *without(const struct iova_gap *gap)
{
	struct iova_gap *next, *above = gap->child[ABOVE];

	if (!above)
		return gap->child[BELOW];
	above = remove_lowest(above, &next);
	next->child[ABOVE] = above;
	next->child[BELOW] = gap->child[BELOW];
	return balance(next);
}

static struct iova_gap *new_gap(struct iova_gaps *gaps, uint64_t start, uint64_t end)
{
	struct iova_gap *gap = slab_take(&gaps->slab);

	gap->start = start;
	gap->end = end;
	return gap;
}

/* The gap that has the pages gets shorter at one end, goes, or falls in two. */
static struct iova_gap *cut(struct iova_gaps *gaps, struct iova_gap *gap, const struct pages *pages)
{
	struct iova_gap *rest = NULL;

	if (gap->start < pages->start && pages->end < gap->end)
		rest = new_gap(gaps, pages->end, gap->end);
	if (gap->start < pages->start) {
		gap->end = pages->start;
	} else if (pages->end < gap->end) {
		gap->start = pages->end;
	} else {
		rest = without(gap);
		slab_free(&gaps->slab, gap);
		return rest;
	}
	if (rest)
		gap->child[ABOVE] = insert(gap->child[ABOVE], rest);
	return balance(gap);
}

static struct iova_gap *take(struct iova_gaps *gaps, struct iova_gap *root,
			     const struct pages *pages)
{
	enum side side = pages->start >= root->end ? ABOVE : BELOW;

	if (root->start <= pages->start && pages->start < root->end)
		return cut(gaps, root, pages);
	root->child[side] = take(gaps, root->child[side], pages);
	return balance(root);
}

/* As high as an AVL tree of 2^52 nodes can be. */
#define HIGHEST 76

void gaps_take(struct iova_gaps *gaps, const struct vfa_iova_range *range)
{
	struct iova_gap *path[HIGHEST], *gap = gaps->root;
	struct pages pages = pages_of(range);
	size_t depth = 0;

	while (pages.start < gap->start || pages.start >= gap->end) {
		path[depth++] = gap;
		gap = gap->child[pages.start >= gap->end ? ABOVE : BELOW];
	}
	if ((gap->start == pages.start) == (gap->end == pages.end)) {
		gaps->root = take(gaps, gaps->root, &pages);
		return;
	}
	/* It only gets shorter: the usual case. */
	if (gap->start == pages.start)
		gap->start = pages.end;
	else
		gap->end = pages.start;
	for (;; gap = path[--depth]) {
		uint64_t before = gap->largest;

		refresh_largest(gap);
		if (gap->largest == before || !depth)
			return;
	}
}

/* The gaps next to pages that are not free. */
static void find_neighbours(const struct iova_gaps *gaps, const struct pages *pages,
			    struct iova_gap *neighbours[2])
{
	struct iova_gap *gap = gaps->root;

	neighbours[BELOW] = neighbours[ABOVE] = NULL;
	while (gap) {
		enum side side = gap->start < pages->start ? BELOW : ABOVE;

		neighbours[side] = gap;
		gap = gap->child[!side];
	}
	if (neighbours[BELOW] && neighbours[BELOW]->end != pages->start)
		neighbours[BELOW] = NULL;
	if (neighbours[ABOVE] && neighbours[ABOVE]->start != pages->end)
		neighbours[ABOVE] = NULL;
}

/* A gap has grown, without meeting another: so have the largest above it. */
static void note_growth(struct iova_gap *root, const struct iova_gap *grown)
{
	for (;; root = root->child[grown->start > root->start ? ABOVE : BELOW]) {
		if (root->largest < grown->end - grown->start)
			root->largest = grown->end - grown->start;
		if (root == grown)
			return;
	}
}

void gaps_give(struct iova_gaps *gaps, const struct vfa_iova_range *range)
{
	struct pages pages = pages_of(range);
	struct iova_gap *neighbours[2], *below, *above;

	find_neighbours(gaps, &pages, neighbours);
	below = neighbours[BELOW];
	above = neighbours[ABOVE];
	if (below && above) {
		pages = (struct pages){ above->start, above->end };
		gaps->root = take(gaps, gaps->root, &pages);
		below->end = pages.end;
		note_growth(gaps->root, below);
	} else if (below) {
		below->end = pages.end;
		note_growth(gaps->root, below);
	} else if (above) {
		above->start = pages.start;
		note_growth(gaps->root, above);
	} else {
		gaps->root = insert(gaps->root, new_gap(gaps, pages.start, pages.end));
	}
}

static const struct iova_gap *find_gap(const struct iova_gaps *gaps, uint64_t page)
{
	const struct iova_gap *gap = gaps->root;

	while (gap && (page < gap->start || page >= gap->end))
		gap = gap->child[page >= gap->end ? ABOVE : BELOW];
	return gap;
}

bool gaps_has(const struct iova_gaps *gaps, const struct vfa_iova_range *range)
{
	struct pages pages = pages_of(range);
	const struct iova_gap *gap = find_gap(gaps, pages.start);

	return gap && pages.end <= gap->end;
}

bool gaps_around(const struct iova_gaps *gaps, uint64_t iova, struct vfa_iova_range *ret)
{
	const struct iova_gap *gap = find_gap(gaps, iova >> PAGE_SHIFT);

	if (gap)
		*ret = (struct vfa_iova_range){
			.start = gap->start << PAGE_SHIFT,
			.last = ((uint64_t)gap->end << PAGE_SHIFT) - 1, /* the field has 56 bits */
		};
	return gap;
}

int gaps_init(struct iova_gaps *gaps)
{
	const uint64_t all = 1ull << (64 - PAGE_SHIFT);
	int err;

	gaps->root = NULL;
	slab_init(&gaps->slab, sizeof(struct iova_gap), NULL);
	err = gaps_reserve(gaps, 0);
	if (!err)
		gaps->root = insert(NULL, new_gap(gaps, 0, all));
	return err;
}

void gaps_clear(struct iova_gaps *gaps)
{
	slab_clear(&gaps->slab);
	gaps->root = NULL;
}

/* So many gaps of sufficient size are tried before one is asked for that fits in any case. */
#define TRIES 64

struct search {
	struct pages limits; /* to stay in */
	uint64_t pages;
	uint64_t alignment;
	bool highest;
	uint64_t least; /* smaller gaps are not looked at */
	size_t tries;   /* left */
	uint64_t found;
};

static bool fits(struct search *search, const struct iova_gap *gap)
{
	uint64_t start = gap->start > search->limits.start ? gap->start : search->limits.start;
	uint64_t end = gap->end < search->limits.end ? gap->end : search->limits.end;
	uint64_t mask = search->alignment - 1;

	search->found = (start + mask) & ~mask;
	if (search->found >= end || search->pages > end - search->found)
		return false;
	if (search->highest)
		search->found = (end - search->pages) & ~mask;
	return true;
}

static bool is_worth_a_try(struct search *search, const struct iova_gap *gap)
{
	return gap->end - gap->start >= search->least && gap->end > search->limits.start &&
	       gap->start < search->limits.end && search->tries && search->tries--;
}

/* In the order of addresses, leaving out what is too small, too low or too high. */
static bool find_up(struct search *search, const struct iova_gap *gap)
{
	while (gap && gap->largest >= search->least && search->tries) {
		const struct iova_gap *below = gap->child[BELOW];

		if (gap->start > search->limits.start && below &&
		    (below->end > search->limits.start || below->child[ABOVE]) &&
		    find_up(search, below))
			return true;
		if (is_worth_a_try(search, gap) && fits(search, gap))
			return true;
		gap = gap->end < search->limits.end ? gap->child[ABOVE] : NULL;
	}
	return false;
}

/* The same from the highest address down. */
static bool find_down(struct search *search, const struct iova_gap *gap)
{
	while (gap && gap->largest >= search->least && search->tries) {
		if (gap->end < search->limits.end && find_down(search, gap->child[ABOVE]))
			return true;
		if (is_worth_a_try(search, gap) && fits(search, gap))
			return true;
		gap = gap->start > search->limits.start ? gap->child[BELOW] : NULL;
	}
	return false;
}

static bool find(struct search *search, const struct iova_gaps *gaps, uint64_t least, size_t tries)
{
	search->least = least;
	search->tries = tries;
	return search->highest ? find_down(search, gaps->root) : find_up(search, gaps->root);
}

bool gaps_find(const struct iova_gaps *gaps, const struct iova_wish *wish, uint64_t *ret)
{
	const uint64_t page = 1ull << PAGE_SHIFT;
	struct search search = {
		.limits = { .start = (wish->min >> PAGE_SHIFT) + !!(wish->min & (page - 1)),
			    .end = (wish->max >> PAGE_SHIFT) +
				   ((wish->max & (page - 1)) == page - 1) },
		.pages = (wish->size >> PAGE_SHIFT) + !!(wish->size & (page - 1)),
		.alignment = wish->alignment > page ? wish->alignment >> PAGE_SHIFT : 1,
		.highest = wish->highest,
	};
	uint64_t sure = search.pages + search.alignment - 1;
	bool found = find(&search, gaps, search.pages, TRIES);

	if (!found && !search.tries)
		found = find(&search, gaps, sure, TRIES) ||
			find(&search, gaps, search.pages, SIZE_MAX);
	if (found)
		*ret = search.found << PAGE_SHIFT;
	return found;
}
