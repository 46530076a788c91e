/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Many small items of one size, from large blocks.
 *
 * Guarantees:
 *  - an item that was freed stays readable until slab_clear(), so that a reader
 *    without a lock may look at what it no longer ought to;
 *  - freeing writes into the last pointer's worth of an item only;
 *  - taking cannot fail for as many items as were reserved; memory for them is
 *    touched when they are taken.
 */

#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <stddef.h>

struct slab_block;

struct slab {
	size_t item;               /* bytes, a multiple of a pointer's */
	void *owner;               /* what slab_owner() tells of every item */
	struct slab_block *blocks; /* the oldest first */
	struct slab_block *newest;
	void *freed;
	struct slab_block *current; /* has items that were never taken, as have those behind it */
	size_t used;                /* items of the current block that were */
	size_t room;                /* items in all blocks */
};

void slab_init(struct slab *slab, size_t item, void *owner);
void slab_clear(struct slab *slab);

int slab_grow(struct slab *slab, size_t count);

/** slab_reserve() - have room for @count items in all; 0 or -ENOMEM */
static inline int slab_reserve(struct slab *slab, size_t count)
{
	return count <= slab->room ? 0 : slab_grow(slab, count);
}

static inline void **slab_link(const struct slab *slab, void *item)
{
	return (void **)((char *)item + slab->item) - 1;
}

void *slab_take_fresh(struct slab *slab);

/** slab_take() - an item, its contents undefined; there has to be room */
static inline void *slab_take(struct slab *slab)
{
	void *item = slab->freed;

	if (!item)
		return slab_take_fresh(slab);
	slab->freed = *slab_link(slab, item);
	return item;
}

static inline void slab_free(struct slab *slab, void *item)
{
	*slab_link(slab, item) = slab->freed;
	slab->freed = item;
}

void *slab_owner(const void *item);

#endif
