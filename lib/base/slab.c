/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/slab.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Blocks are aligned to their size, so that an item finds its own. Where items have no owner
 * to find, the first block is a small one: many slabs never have more in them.
 */
#define BLOCK 65536
#define SMALL 4096

struct slab_block {
	struct slab_block *next;
	void *owner;
	size_t count; /* of items there is room for */
	char items[] __attribute__((aligned(64)));
};

void slab_init(struct slab *slab, size_t item, void *owner)
{
	memset(slab, 0, sizeof(*slab));
	slab->item = item;
	slab->owner = owner;
}

void slab_clear(struct slab *slab)
{
	while (slab->blocks) {
		struct slab_block *block = slab->blocks;

		slab->blocks = block->next;
		free(block);
	}
	slab_init(slab, slab->item, slab->owner);
}

static struct slab_block *new_block(const struct slab *slab)
{
	size_t size = slab->owner || slab->blocks ? BLOCK : SMALL;
	struct slab_block *block = aligned_alloc(size == BLOCK ? BLOCK : sizeof(*block), size);

	if (!block)
		return NULL;
	block->owner = slab->owner;
	block->next = NULL;
	block->count = (size - sizeof(*block)) / slab->item;
	return block;
}

static int add_block(struct slab *slab)
{
	struct slab_block *block = new_block(slab);

	if (!block)
		return -ENOMEM;
	if (slab->newest)
		slab->newest->next = block;
	else
		slab->blocks = slab->current = block;
	slab->newest = block;
	slab->room += block->count;
	return 0;
}

int slab_grow(struct slab *slab, size_t count)
{
	int err = 0;

	while (slab->room < count && !err)
		err = add_block(slab);
	return err;
}

void *slab_take_fresh(struct slab *slab)
{
	if (slab->used == slab->current->count) {
		slab->current = slab->current->next;
		slab->used = 0;
	}
	return slab->current->items + slab->used++ * slab->item;
}

void *slab_owner(const void *item)
{
	const struct slab_block *block = (const void *)((uintptr_t)item & -(uintptr_t)BLOCK);

	return block->owner;
}
