/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * From an address to a word: a tree like a page table, whose readers take no
 * lock. A range fills as few slots as its alignment allows: one of 1 GiB that
 * starts at a multiple of 2 MiB fills 512.
 *
 * Guarantees:
 *  - a slot is read and written as a whole, so that a word is never torn;
 *  - nodes are freed with the index only, so that a reader never follows a
 *    dangling pointer. One that emptied may serve elsewhere, and @moves counts
 *    that up: what was read while it stood still is right;
 *  - filling, after index_reserve() for the same range, and clearing cannot fail.
 * Writers are serialised by their caller.
 */

#ifndef IOVA_INDEX_H
#define IOVA_INDEX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "iova/range.h"

#define INDEX_LEVELS     4
#define INDEX_PAGE_SHIFT 12

/*
 * A slot has nothing; or the address of a node's slots, with the lowest bit set;
 * or a word, with the next one.
 */
#define INDEX_NODE 1ull
#define INDEX_WORD 2ull

struct index_node {
	struct index_node *next; /* in a list of empty ones */
	uint32_t used;           /* slots that are not empty */
	_Atomic uint64_t slots[];
};

struct index_spares {
	struct index_node *first;
	size_t count;
};

struct index {
	uint64_t step;           /* 1 where the word counts up with the address, else 0 */
	uint64_t leaf_number;    /* what the addresses of the leaf below have in common */
	struct index_node *leaf; /* that a writer saw last */
	struct index_spares spares[INDEX_LEVELS];
	_Atomic(struct index_node *) low;  /* of the addresses below 2^48, which are nearly all */
	_Atomic(struct index_node *) high; /* of the others, one level more */
	_Atomic uint64_t moves;
};

void index_init(struct index *index, uint64_t step);
void index_clear(struct index *index);

/* The functions behind those of the same name without "range", which have small ranges in line. */
int index_reserve_range(struct index *index, const struct vfa_iova_range *range);
bool index_fill_range(struct index *index, const struct vfa_iova_range *range, uint64_t word);
void index_erase_range(struct index *index, const struct vfa_iova_range *range, uint64_t word);

/* The slot of a single page in the leaf that a writer saw last, or NULL. */
static inline _Atomic uint64_t *index_near_slot(const struct index *index,
						const struct vfa_iova_range *range)
{
	uint64_t page = range->start >> INDEX_PAGE_SHIFT;

	if (page != range->last >> INDEX_PAGE_SHIFT || page >> 9 != index->leaf_number)
		return NULL;
	return &index->leaf->slots[page & 0x1ff];
}

/** index_reserve() - have the nodes for a range to be filled; 0 or -ENOMEM */
static inline int index_reserve(struct index *index, const struct vfa_iova_range *range)
{
	return index_near_slot(index, range) ? 0 : index_reserve_range(index, range);
}

/**
 * index_fill() - give addresses a word, but for those that have one
 * @word: the first address's; with a step, those behind it count up
 *
 * Return: whether all of them have it now.
 */
static inline bool index_fill(struct index *index, const struct vfa_iova_range *range,
			      uint64_t word)
{
	_Atomic uint64_t *slot = index_near_slot(index, range);

	if (!slot || atomic_load_explicit(slot, memory_order_relaxed))
		return index_fill_range(index, range, word);
	atomic_store_explicit(slot, word, memory_order_release);
	index->leaf->used++;
	return true;
}

/** index_erase() - take back what index_fill() of the same range and word filled */
static inline void index_erase(struct index *index, const struct vfa_iova_range *range,
			       uint64_t word)
{
	_Atomic uint64_t *slot = index_near_slot(index, range);

	/* The leaf's last one takes the leaf with it. */
	if (!slot || atomic_load_explicit(slot, memory_order_relaxed) != word ||
	    index->leaf->used == 1) {
		index_erase_range(index, range, word);
	} else {
		atomic_store_explicit(slot, 0, memory_order_release);
		index->leaf->used--;
	}
}

/** index_first() - the lowest address of a range that has a word; false for none */
bool index_first(const struct index *index, const struct vfa_iova_range *range, uint64_t *ret);

/** index_note_move() - make readers under way look again */
static inline void index_note_move(struct index *index)
{
	uint64_t moves = atomic_load_explicit(&index->moves, memory_order_relaxed);

	atomic_store_explicit(&index->moves, moves + 1, memory_order_release);
}

static inline uint64_t index_moves(const struct index *index)
{
	return atomic_load_explicit(&index->moves, memory_order_acquire);
}

static inline uint64_t index_slot(const struct index_node *node, uint64_t number)
{
	return atomic_load_explicit(&node->slots[number], memory_order_acquire);
}

/* A slot of the node that another slot leads to. */
static inline uint64_t index_follow(uint64_t slot, uint64_t number)
{
	const _Atomic uint64_t *slots = (const void *)(uintptr_t)(slot - INDEX_NODE);

	return atomic_load_explicit(&slots[number], memory_order_acquire);
}

/**
 * index_lookup() - the word of an address, for readers
 * @mask: receives the offset bits of the slot that was found
 *
 * Return: the word of the slot's first address, or 0 for none.
 */
static inline uint64_t index_lookup(const struct index *index, uint64_t address, uint64_t *mask)
{
	const struct index_node *low = atomic_load_explicit(&index->low, memory_order_acquire);
	const struct index_node *high;
	uint64_t slot;

	if (address >> 48) {
		high = atomic_load_explicit(&index->high, memory_order_acquire);
		*mask = (1ull << 48) - 1;
		slot = high ? index_slot(high, address >> 48) : 0;
		if (!(slot & INDEX_NODE))
			return slot;
		slot = index_follow(slot, address >> 34 & 0x3fff);
	} else {
		slot = low ? index_slot(low, address >> 34) : 0;
	}
	*mask = (1ull << 34) - 1;
	if (!(slot & INDEX_NODE))
		return slot;
	*mask = (1ull << 21) - 1;
	slot = index_follow(slot, address >> 21 & 0x1fff);
	if (!(slot & INDEX_NODE))
		return slot;
	*mask = (1ull << 12) - 1;
	return index_follow(slot, address >> 12 & 0x1ff);
}

/** index_lookup_page() - the same where it is in a leaf, as small ranges are; else 0 */
static inline uint64_t index_lookup_page(const struct index *index, uint64_t address)
{
	const struct index_node *low = atomic_load_explicit(&index->low, memory_order_acquire);
	uint64_t slot;

	if (!low || address >> 48)
		return 0;
	slot = index_slot(low, address >> 34);
	if (!(slot & INDEX_NODE))
		return 0;
	slot = index_follow(slot, address >> 21 & 0x1fff);
	if (!(slot & INDEX_NODE))
		return 0;
	return index_follow(slot, address >> 12 & 0x1ff);
}

#endif
