/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "iova/gaps.h"

#include <string.h>

#define PAGE_SHIFT 12
#define FAN        GAPS_FAN
#define LEAST      GAPS_LEAST

/* Steps to a leaf of a tree of 2^52 gaps, at most, and the one before the root. */
#define HEIGHT 20

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

/* The way from the root to a gap: the first step has no node, the next one the root. */
struct step {
	struct gaps_node *node;
	uint32_t at; /* in the node */
};

/* The last of a node that starts at or below a page, or else the first. */
static inline uint32_t find_in_node(const struct gaps_node *node, uint64_t page)
{
	uint32_t count = node->count, at = 0;

	/* The lowest place that fits is usual. */
	if (count < 2 || node->start[1] > page)
		return 0;
	while (count > 1) {
		uint32_t half = count / 2;

		at += node->start[at + half] <= page ? half : 0;
		count -= half;
	}
	return at;
}

/* Its cache lines at once, rather than one by one as they are looked at. */
static inline void prefetch(const struct gaps_node *node)
{
	for (size_t i = 0; i < sizeof(*node); i += 64)
		__builtin_prefetch((const char *)node + i);
}

/* To the gap that has a page, or is the last below it, or else the first of all. */
static inline struct step *walk(const struct iova_gaps *gaps, uint64_t page,
				struct step path[HEIGHT])
{
	struct gaps_node *node = gaps->root;
	struct step *step = path;

	step->node = NULL;
	for (;;) {
		step++;
		step->node = node;
		step->at = find_in_node(node, page);
		if (!node->height)
			return step;
		node = node->child[step->at];
		prefetch(node);
	}
}

/* None is larger than @most: where one is as large, there is no need to look further. */
static uint64_t largest_in(const struct gaps_node *node, uint64_t most)
{
	uint64_t largest = 0;

	for (uint32_t i = 0; i < node->count && largest < most; i++)
		if (node->size[i] > largest)
			largest = node->size[i];
	return largest;
}

/* One of the sizes of a step's node, or its first start, has changed: tell its parents. */
static inline void note_change(struct step *step, uint64_t old, uint64_t new)
{
	for (; step[-1].node; step--) {
		struct gaps_node *parent = step[-1].node;
		uint32_t at = step[-1].at;
		uint64_t before = parent->size[at], largest = before;

		if (new >= before)
			largest = new;
		else if (old == before)
			largest = largest_in(step->node, before);
		if (largest == before && parent->start[at] == step->node->start[0])
			return;
		parent->start[at] = step->node->start[0];
		parent->size[at] = largest;
		old = before;
		new = largest;
	}
}

static struct gaps_node *new_node(struct iova_gaps *gaps, uint32_t height)
{
	struct gaps_node *node = slab_take(height ? &gaps->branches : &gaps->leaves);

	node->count = 0;
	node->height = height;
	return node;
}

static void free_node(struct iova_gaps *gaps, struct gaps_node *node)
{
	slab_free(node->height ? &gaps->branches : &gaps->leaves, node);
}

/* A part of a node to another place, maybe in another node; the counts are the caller's. */
static void move(struct gaps_node *to, uint32_t at, const struct gaps_node *from, uint32_t first,
		 uint32_t count)
{
	memmove(&to->start[at], &from->start[first], count * sizeof(to->start[0]));
	memmove(&to->size[at], &from->size[first], count * sizeof(to->size[0]));
	if (to->height)
		memmove(&to->child[at], &from->child[first], count * sizeof(to->child[0]));
}

/* A gap, or a child. */
struct entry {
	uint64_t start;
	uint64_t size;
	struct gaps_node *child; /* not in a leaf */
};

static struct entry entry_of(struct gaps_node *node)
{
	return (struct entry){ node->start[0], largest_in(node, UINT64_MAX), node };
}

static void put(struct gaps_node *node, uint32_t at, const struct entry *entry)
{
	move(node, at + 1, node, at, node->count - at);
	node->start[at] = entry->start;
	node->size[at] = entry->size;
	if (node->height)
		node->child[at] = entry->child;
	node->count++;
}

static void grow_root(struct iova_gaps *gaps, const struct entry *right)
{
	struct entry left = entry_of(gaps->root);

	gaps->root = new_node(gaps, gaps->root->height + 1);
	put(gaps->root, 0, &left);
	put(gaps->root, 1, right);
}

static void insert(struct iova_gaps *gaps, struct step *step, uint32_t at,
		   const struct entry *entry)
{
	struct gaps_node *node = step->node, *right;
	struct step *parent = step - 1;
	struct entry half;

	if (node->count < FAN) {
		put(node, at, entry);
		note_change(step, 0, entry->size);
		return;
	}
	right = new_node(gaps, node->height);
	node->count = FAN / 2 + 1;
	right->count = FAN - node->count;
	move(right, 0, node, node->count, right->count);
	if (at <= node->count)
		put(node, at, entry);
	else
		put(right, at - node->count, entry);
	half = entry_of(right);
	if (!parent->node) {
		grow_root(gaps, &half);
		return;
	}
	note_change(step, parent->node->size[parent->at], largest_in(node, UINT64_MAX));
	insert(gaps, parent, parent->at + 1, &half);
}

static void take_out(struct gaps_node *node, uint32_t at)
{
	node->count--;
	move(node, at, node, at + 1, node->count - at);
}

/* As many in the one as in the other, of two neighbours that make more than one node. */
static void share(struct gaps_node *left, struct gaps_node *right)
{
	uint32_t count = left->count, half = (count + right->count) / 2;

	if (count < half) {
		move(left, count, right, 0, half - count);
		move(right, 0, right, half - count, right->count - (half - count));
	} else {
		move(right, count - half, right, 0, right->count);
		move(right, 0, left, half, count - half);
	}
	right->count += count - half;
	left->count = half;
}

static void remove_entry(struct iova_gaps *gaps, struct step *step, uint32_t at);

/* A node has become too small: merge it with a neighbour, or have some of that one's. */
static void refill(struct iova_gaps *gaps, struct step *step)
{
	struct gaps_node *parent = step[-1].node, *left, *right;
	uint32_t at = step[-1].at;

	if (at + 1 == parent->count)
		at--;
	left = parent->child[at];
	right = parent->child[at + 1];
	if (left->count + right->count > FAN) {
		share(left, right);
		parent->size[at] = largest_in(left, UINT64_MAX);
		parent->size[at + 1] = largest_in(right, UINT64_MAX);
		parent->start[at + 1] = right->start[0];
		return;
	}
	move(left, left->count, right, 0, right->count);
	left->count += right->count;
	parent->size[at] = largest_in(left, UINT64_MAX);
	free_node(gaps, right);
	remove_entry(gaps, step - 1, at + 1);
}

static void remove_entry(struct iova_gaps *gaps, struct step *step, uint32_t at)
{
	struct gaps_node *node = step->node;
	uint64_t size = node->size[at];

	take_out(node, at);
	if (step[-1].node) {
		note_change(step, size, 0);
		if (node->count < LEAST)
			refill(gaps, step);
	} else if (node->height && node->count == 1) {
		gaps->root = node->child[0];
		free_node(gaps, node);
	}
}

/* Another start or size of a gap in a leaf; the order of gaps stays. */
static inline void resize(struct step *step, uint32_t at, uint64_t start, uint64_t end)
{
	struct gaps_node *leaf = step->node;
	uint64_t old = leaf->size[at];

	leaf->start[at] = start;
	leaf->size[at] = end - start;
	note_change(step, old, end - start);
}

/* The gap that has the pages gets shorter at one end, goes, or falls in two. */
bool gaps_take(struct iova_gaps *gaps, const struct vfa_iova_range *range)
{
	struct pages pages = pages_of(range);
	struct step path[HEIGHT], *last = walk(gaps, pages.start, path);
	uint64_t start = last->node->start[last->at];
	uint64_t end = start + last->node->size[last->at];

	if (start == pages.start && pages.end < end) {
		resize(last, last->at, pages.end, end);
		return true;
	}
	if (start == pages.start) {
		remove_entry(gaps, last, last->at);
		return false;
	}
	resize(last, last->at, start, pages.start);
	if (pages.end < end)
		insert(gaps, last, last->at + 1,
		       &(struct entry){ pages.end, end - pages.end, NULL });
	return pages.end < end;
}

/* Whether a gap starts at a page, in the leaf behind that of a path. */
static bool goes_on_behind(const struct step *step, uint64_t page)
{
	while ((--step)->node)
		if (step->at + 1 < step->node->count)
			return step->node->start[step->at + 1] == page;
	return false;
}

/* A gap that starts where pages end, the first of its leaf, is to start where they do. */
static void lengthen_next(struct iova_gaps *gaps, const struct pages *pages)
{
	struct step path[HEIGHT], *last = walk(gaps, pages->end, path);

	resize(last, 0, pages->start, pages->end + last->node->size[0]);
}

/* The same, and a gap that ends where they start is to become one with it. */
static void close_up(struct iova_gaps *gaps, const struct pages *pages)
{
	struct step path[HEIGHT], *last = walk(gaps, pages->end, path);
	uint64_t end = pages->end + last->node->size[0];

	remove_entry(gaps, last, 0);
	last = walk(gaps, pages->start, path);
	resize(last, last->at, last->node->start[last->at], end);
}

void gaps_give(struct iova_gaps *gaps, const struct vfa_iova_range *range)
{
	struct pages pages = pages_of(range);
	struct step path[HEIGHT], *last = walk(gaps, pages.start, path);
	const struct gaps_node *leaf = last->node;
	bool is_first = !leaf->count || leaf->start[last->at] > pages.start;
	uint32_t next = is_first ? 0 : last->at + 1;
	uint64_t start = is_first ? 0 : leaf->start[last->at];
	bool below = !is_first && start + leaf->size[last->at] == pages.start;

	if (next < leaf->count && leaf->start[next] == pages.end) {
		uint64_t end = pages.end + leaf->size[next];

		if (!below) {
			resize(last, next, pages.start, end);
			return;
		}
		resize(last, last->at, start, end);
		remove_entry(gaps, last, next);
	} else if (next == leaf->count && goes_on_behind(last, pages.end)) {
		if (below)
			close_up(gaps, &pages);
		else
			lengthen_next(gaps, &pages);
	} else if (below) {
		resize(last, last->at, start, pages.end);
	} else {
		insert(gaps, last, next,
		       &(struct entry){ pages.start, pages.end - pages.start, NULL });
	}
}

/* The gap that has a page. */
static bool find_gap(const struct iova_gaps *gaps, uint64_t page, struct pages *ret)
{
	const struct gaps_node *node = gaps->root;
	uint32_t at;

	while (node->height)
		node = node->child[find_in_node(node, page)];
	if (!node->count)
		return false;
	at = find_in_node(node, page);
	*ret = (struct pages){ node->start[at], node->start[at] + node->size[at] };
	return ret->start <= page && page < ret->end;
}

bool gaps_has(const struct iova_gaps *gaps, const struct vfa_iova_range *range)
{
	struct pages pages = pages_of(range), gap;

	return find_gap(gaps, pages.start, &gap) && pages.end <= gap.end;
}

bool gaps_around(const struct iova_gaps *gaps, uint64_t iova, struct vfa_iova_range *ret)
{
	struct pages gap;

	if (!find_gap(gaps, iova >> PAGE_SHIFT, &gap))
		return false;
	*ret = (struct vfa_iova_range){
		.start = gap.start << PAGE_SHIFT,
		.last = (gap.end << PAGE_SHIFT) - 1,
	};
	return true;
}

static size_t size_of_node(size_t children)
{
	const size_t line = 64;

	return (sizeof(struct gaps_node) + children * sizeof(struct gaps_node *) + line - 1) &
	       -line;
}

/* A gap is before each range at most, and one behind them all. */
int gaps_grow(struct iova_gaps *gaps, size_t taken)
{
	int err = slab_reserve(&gaps->leaves, (taken + 1) / LEAST + 1);

	if (!err)
		err = slab_reserve(&gaps->branches, gaps->leaves.room / (LEAST - 1) + 1);
	if (!err)
		gaps->room = (gaps->leaves.room - 1) * LEAST - 1;
	return err;
}

int gaps_init(struct iova_gaps *gaps)
{
	const struct entry all = { 0, 1ull << (64 - PAGE_SHIFT), NULL };
	int err;

	memset(gaps, 0, sizeof(*gaps));
	slab_init(&gaps->leaves, size_of_node(0), NULL);
	slab_init(&gaps->branches, size_of_node(FAN), NULL);
	err = gaps_grow(gaps, LEAST);
	if (err) {
		gaps_clear(gaps);
		return err;
	}
	gaps->root = new_node(gaps, 0);
	put(gaps->root, 0, &all);
	return 0;
}

void gaps_clear(struct iova_gaps *gaps)
{
	slab_clear(&gaps->leaves);
	slab_clear(&gaps->branches);
	gaps->root = NULL;
	gaps->room = 0;
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

static bool fits(struct search *search, uint64_t start, uint64_t end)
{
	uint64_t mask = search->alignment - 1;

	if (start < search->limits.start)
		start = search->limits.start;
	if (end > search->limits.end)
		end = search->limits.end;
	search->found = (start + mask) & ~mask;
	if (search->found >= end || search->pages > end - search->found)
		return false;
	if (search->highest)
		search->found = (end - search->pages) & ~mask;
	return true;
}

static bool fits_in_gap(struct search *search, uint64_t start, uint64_t size)
{
	if (start + size <= search->limits.start || !search->tries)
		return false;
	search->tries--;
	return fits(search, start, start + size);
}

/* In the order of addresses, leaving out what is too small, too low or too high. */
static bool find_up(struct search *search, const struct gaps_node *node)
{
	uint32_t at = find_in_node(node, search->limits.start);

	for (; at < node->count && node->start[at] < search->limits.end; at++) {
		if (node->size[at] < search->least)
			continue;
		if (node->height ? find_up(search, node->child[at])
				 : fits_in_gap(search, node->start[at], node->size[at]))
			return true;
		if (!search->tries)
			return false;
	}
	return false;
}

/* The same from the highest address down. */
static bool find_down(struct search *search, const struct gaps_node *node)
{
	uint32_t at = node->count ? find_in_node(node, search->limits.end) + 1 : 0;

	while (at-- > 0 && search->tries) {
		bool is_worth =
			node->size[at] >= search->least && node->start[at] < search->limits.end;

		if (is_worth &&
		    (node->height ? find_down(search, node->child[at])
				  : fits_in_gap(search, node->start[at], node->size[at])))
			return true;
		if (node->start[at] <= search->limits.start)
			return false;
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
