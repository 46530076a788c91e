/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "iova/index.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What the levels of index_lookup() are made of, the leaves first. */
static const struct {
	unsigned int shift;
	unsigned int bits;
} levels[INDEX_LEVELS] = { { 12, 9 }, { 21, 13 }, { 34, 14 }, { 48, 16 } };

#define LOW_LEVEL  2
#define HIGH_LEVEL 3
#define LOW_LAST   ((1ull << 48) - 1)
#define NO_LEAF    UINT64_MAX

static uint64_t block_mask(unsigned int level)
{
	return (1ull << levels[level].shift) - 1;
}

static uint64_t slot_number(unsigned int level, uint64_t address)
{
	return address >> levels[level].shift & ((1ull << levels[level].bits) - 1);
}

static void set_slot(struct index_node *node, uint64_t slot, uint64_t value)
{
	atomic_store_explicit(&node->slots[slot], value, memory_order_release);
}

static struct index_node *child_of(uint64_t value)
{
	return (struct index_node *)(uintptr_t)(value - INDEX_NODE -
						offsetof(struct index_node, slots));
}

static uint64_t slot_to(const struct index_node *node)
{
	return (uintptr_t)node->slots | INDEX_NODE;
}

static struct index_node *new_node(unsigned int level)
{
	return calloc(1, sizeof(struct index_node) + (sizeof(uint64_t) << levels[level].bits));
}

static void free_nodes(struct index_node *node, unsigned int level)
{
	if (!node)
		return;
	for (uint64_t i = 0; level && node->used && i < 1ull << levels[level].bits; i++) {
		uint64_t value = index_slot(node, i);

		if (value & INDEX_NODE)
			free_nodes(child_of(value), level - 1);
	}
	free(node);
}

void index_init(struct index *index, uint64_t step)
{
	memset(index, 0, sizeof(*index));
	index->step = step;
	index->leaf_number = NO_LEAF;
}

void index_clear(struct index *index)
{
	free_nodes(index->low, LOW_LEVEL);
	free_nodes(index->high, HIGH_LEVEL);
	for (unsigned int level = 0; level < INDEX_LEVELS; level++) {
		while (index->spares[level].first) {
			struct index_node *node = index->spares[level].first;

			index->spares[level].first = node->next;
			free(node);
		}
	}
	index_init(index, index->step);
}

static void put_spare(struct index *index, unsigned int level, struct index_node *node)
{
	if (node == index->leaf)
		index->leaf_number = NO_LEAF;
	node->next = index->spares[level].first;
	index->spares[level].first = node;
	index->spares[level].count++;
}

static struct index_node *take_spare(struct index *index, unsigned int level)
{
	struct index_node *node = index->spares[level].first;

	assert(node);
	index->spares[level].first = node->next;
	index->spares[level].count--;
	return node;
}

static int reserve_spares(struct index *index, unsigned int level, size_t count)
{
	while (index->spares[level].count < count) {
		struct index_node *node = new_node(level);

		if (!node)
			return -ENOMEM;
		put_spare(index, level, node);
	}
	return 0;
}

static int make_top(_Atomic(struct index_node *) *top, unsigned int level)
{
	struct index_node *node;

	if (atomic_load_explicit(top, memory_order_relaxed))
		return 0;
	node = new_node(level);
	if (!node)
		return -ENOMEM;
	atomic_store_explicit(top, node, memory_order_release);
	return 0;
}

/* The lowest level that has a node for an address. */
static unsigned int depth_of(const struct index *index, uint64_t address)
{
	unsigned int level = address > LOW_LAST ? HIGH_LEVEL : LOW_LEVEL;
	const struct index_node *node = address > LOW_LAST ? index->high : index->low;

	while (level) {
		uint64_t value = index_slot(node, slot_number(level, address));

		if (!(value & INDEX_NODE))
			break;
		node = child_of(value);
		level--;
	}
	return level;
}

/* Addresses of one leaf have a number in common. */
static uint64_t leaf_number(uint64_t address)
{
	return address >> levels[1].shift;
}

/* The leaf that has all of a range, if there is one: the way of small ranges. */
static struct index_node *leaf_of(struct index *index, const struct vfa_iova_range *range)
{
	struct index_node *node = atomic_load_explicit(&index->low, memory_order_relaxed);
	uint64_t number = leaf_number(range->start);

	if (number != leaf_number(range->last) || !node || range->last > LOW_LAST)
		return NULL;
	if (number == index->leaf_number)
		return index->leaf;
	for (unsigned int level = LOW_LEVEL; level; level--) {
		uint64_t slot = slot_number(level, range->start);
		uint64_t value = atomic_load_explicit(&node->slots[slot], memory_order_relaxed);

		if (!(value & INDEX_NODE))
			return NULL;
		node = child_of(value);
	}
	index->leaf = node;
	index->leaf_number = number;
	return node;
}

/* New nodes are needed at the range's two ends only: what lies between fills whole slots. */
int index_reserve_range(struct index *index, const struct vfa_iova_range *range)
{
	bool one_leaf = leaf_number(range->start) == leaf_number(range->last);
	unsigned int at_start, at_last;
	int err = 0;

	if (leaf_of(index, range))
		return 0;
	if (range->start <= LOW_LAST)
		err = make_top(&index->low, LOW_LEVEL);
	if (!err && range->last > LOW_LAST)
		err = make_top(&index->high, HIGH_LEVEL);
	if (err)
		return err;
	at_start = depth_of(index, range->start);
	at_last = one_leaf ? 0 : depth_of(index, range->last);
	for (unsigned int level = 0; level < INDEX_LEVELS && !err; level++)
		err = reserve_spares(index, level, (level < at_start) + (level < at_last));
	return err;
}

/* A range that is being filled or erased, with its word. */
struct task {
	struct index *index;
	uint64_t start;
	uint64_t word;
};

static uint64_t word_at(const struct task *task, uint64_t address)
{
	return task->word + task->index->step * (address - task->start);
}

static bool fill_node(const struct task *task, struct index_node *node, unsigned int level,
		      uint64_t start, uint64_t last);

static bool fill_slot(const struct task *task, struct index_node *node, unsigned int level,
		      uint64_t start, uint64_t last)
{
	uint64_t slot = slot_number(level, start);
	uint64_t value = atomic_load_explicit(&node->slots[slot], memory_order_relaxed);
	bool whole = last - start == block_mask(level);

	if (value && !(value & INDEX_NODE))
		return whole && value == word_at(task, start);
	if (!value) {

		value = whole ? word_at(task, start) : slot_to(take_spare(task->index, level - 1));
		set_slot(node, slot, value);
		node->used++;
		if (whole)
			return true;
	}
	return fill_node(task, child_of(value), level - 1, start, last);
}

static bool fill_node(const struct task *task, struct index_node *node, unsigned int level,
		      uint64_t start, uint64_t last)
{
	bool complete = true;
	uint64_t end;

	for (; (end = start | block_mask(level)) < last; start = end + 1)
		complete &= fill_slot(task, node, level, start, end);
	return fill_slot(task, node, level, start, last) && complete;
}

static inline bool fill_leaf(struct index_node *leaf, const struct vfa_iova_range *range,
			     uint64_t word, uint64_t step)
{
	_Atomic uint64_t *slot = &leaf->slots[slot_number(0, range->start)];
	bool complete = true;

	for (uint64_t left = (range->last - range->start) >> INDEX_PAGE_SHIFT;; left--) {
		uint64_t value = atomic_load_explicit(slot, memory_order_relaxed);

		if (!value) {
			atomic_store_explicit(slot, word, memory_order_release);
			leaf->used++;
		} else if (value != word) {
			complete = false;
		}
		if (!left)
			return complete;
		slot++;
		word += step << INDEX_PAGE_SHIFT;
	}
}

static bool fill_all(struct index *index, const struct vfa_iova_range *range, uint64_t word)
{
	struct task task = { .index = index, .start = range->start, .word = word };
	uint64_t start = range->start;
	bool complete = true;

	if (start <= LOW_LAST)
		complete = fill_node(&task, index->low, LOW_LEVEL, start,
				     range->last > LOW_LAST ? LOW_LAST : range->last);
	if (range->last > LOW_LAST)
		complete &= fill_node(&task, index->high, HIGH_LEVEL,
				      start > LOW_LAST ? start : LOW_LAST + 1, range->last);
	return complete;
}

bool index_fill_range(struct index *index, const struct vfa_iova_range *range, uint64_t word)
{
	struct index_node *leaf = leaf_of(index, range);

	return leaf ? fill_leaf(leaf, range, word, index->step) : fill_all(index, range, word);
}

static void erase_node(const struct task *task, struct index_node *node, unsigned int level,
		       uint64_t start, uint64_t last);

static void erase_slot(const struct task *task, struct index_node *node, unsigned int level,
		       uint64_t start, uint64_t last)
{
	uint64_t slot = slot_number(level, start);
	uint64_t value = atomic_load_explicit(&node->slots[slot], memory_order_relaxed);

	if (value && !(value & INDEX_NODE)) {
		if (last - start != block_mask(level) || value != word_at(task, start))
			return;
	} else if (value & INDEX_NODE) {
		erase_node(task, child_of(value), level - 1, start, last);
		if (child_of(value)->used)
			return;
	} else {
		return;
	}
	set_slot(node, slot, 0);
	node->used--;
	if (value & INDEX_NODE) {
		index_note_move(task->index);
		put_spare(task->index, level - 1, child_of(value));
	}
}

static void erase_node(const struct task *task, struct index_node *node, unsigned int level,
		       uint64_t start, uint64_t last)
{
	uint64_t end;

	for (; (end = start | block_mask(level)) < last; start = end + 1)
		erase_slot(task, node, level, start, end);
	erase_slot(task, node, level, start, last);
}

static inline void erase_leaf(struct index_node *leaf, const struct vfa_iova_range *range,
			      uint64_t word, uint64_t step)
{
	_Atomic uint64_t *slot = &leaf->slots[slot_number(0, range->start)];

	for (uint64_t left = (range->last - range->start) >> INDEX_PAGE_SHIFT;; left--) {
		if (atomic_load_explicit(slot, memory_order_relaxed) == word) {
			atomic_store_explicit(slot, 0, memory_order_release);
			leaf->used--;
		}
		if (!left)
			return;
		slot++;
		word += step << INDEX_PAGE_SHIFT;
	}
}

static void erase_all(struct index *index, const struct vfa_iova_range *range, uint64_t word)
{
	struct task task = { .index = index, .start = range->start, .word = word };
	uint64_t start = range->start;

	if (start <= LOW_LAST)
		erase_node(&task, index->low, LOW_LEVEL, start,
			   range->last > LOW_LAST ? LOW_LAST : range->last);
	if (range->last > LOW_LAST)
		erase_node(&task, index->high, HIGH_LEVEL, start > LOW_LAST ? start : LOW_LAST + 1,
			   range->last);
}

void index_erase_range(struct index *index, const struct vfa_iova_range *range, uint64_t word)
{
	uint64_t pages = ((range->last - range->start) >> INDEX_PAGE_SHIFT) + 1;
	struct index_node *leaf = leaf_of(index, range);

	if (leaf && leaf->used > pages)
		erase_leaf(leaf, range, word, index->step);
	else /* the leaf may have to go */
		erase_all(index, range, word);
}

static bool first_in(const struct index_node *node, unsigned int level, uint64_t start,
		     uint64_t last, uint64_t *ret)
{
	for (;;) {
		uint64_t value = index_slot(node, slot_number(level, start));
		uint64_t end = start | block_mask(level);

		if (value && !(value & INDEX_NODE)) {
			*ret = start;
			return true;
		}
		if (value & INDEX_NODE &&
		    first_in(child_of(value), level - 1, start, end < last ? end : last, ret))
			return true;
		if (end >= last)
			return false;
		start = end + 1;
	}
}

bool index_first(const struct index *index, const struct vfa_iova_range *range, uint64_t *ret)
{
	uint64_t start = range->start, last = range->last > LOW_LAST ? LOW_LAST : range->last;

	if (start <= LOW_LAST && index->low && first_in(index->low, LOW_LEVEL, start, last, ret))
		return true;
	if (start <= LOW_LAST)
		start = LOW_LAST + 1;
	return range->last > LOW_LAST && index->high &&
	       first_in(index->high, HIGH_LEVEL, start, range->last, ret);
}
