/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "pool.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"

/* Pieces lie in blocks, so that those of up to a page do not cross one. */
static size_t block_size(const struct vfa_pool *pool)
{
	return pool->stride > POOL_PAGE ? pool->stride : POOL_PAGE;
}

static size_t pieces_in_block(const struct vfa_pool *pool)
{
	return block_size(pool) / pool->stride;
}

static size_t offset_of(const struct vfa_pool *pool, size_t piece)
{
	size_t in_block = pieces_in_block(pool);

	return piece / in_block * block_size(pool) + piece % in_block * pool->stride;
}

static int too_large(const struct vfa_pool *pool, size_t count)
{
	return error_set(ENOMEM, VFA_CAUSE_NO_MEMORY,
			 "pool: %zu pieces of %zu bytes are more than can be addressed\n"
			 "ask for fewer",
			 count, pool->size);
}

static int size_of_slab(const struct vfa_pool *pool, size_t count, size_t *ret)
{
	size_t blocks = (count - 1) / pieces_in_block(pool) + 1;

	if (__builtin_mul_overflow(blocks, block_size(pool), ret))
		return too_large(pool, count);
	return 0;
}

/* Room for all pieces there will be. */
static int widen_shared(struct vfa_pool *pool, size_t count)
{
	struct pool_cell **wider;
	size_t size;

	if (__builtin_add_overflow(pool->count, count, &size) ||
	    __builtin_mul_overflow(size, sizeof(*wider), &size))
		return too_large(pool, count);
	wider = realloc(pool->shared, size);
	if (!wider)
		return error_memory();
	pool->shared = wider;
	return 0;
}

/* Each piece starts at a multiple of the largest power of two that divides the stride. */
static unsigned int cell_shift(const struct vfa_pool *pool)
{
	unsigned int shift = (unsigned int)__builtin_ctzll(pool->stride);
	unsigned int page = (unsigned int)__builtin_ctz(POOL_PAGE);

	return pool->stride < POOL_PAGE || shift < page ? shift : page;
}

/* Last to first, so that the first is got first. */
static void fill(struct vfa_pool *pool, const struct pool_slab *slab, uint64_t iova, size_t count)
{
	pool->count += count;
	for (size_t i = count; i--;) {
		size_t offset = offset_of(pool, i);
		struct pool_cell *cell = &slab->cells[offset >> slab->shift];

		atomic_init(&cell->vaddr, slab->vaddr + offset - 1);
		cell->iova = iova + offset;
		pool->shared[pool->shared_count++] = cell;
	}
}

static int make_slab(struct vfa_pool *pool, size_t count, struct pool_slab *slab,
		     struct vfa_buffer **ret)
{
	int err = size_of_slab(pool, count, &slab->size);

	if (!err)
		err = widen_shared(pool, count);
	if (err)
		return err;
	slab->shift = cell_shift(pool);
	slab->cells = calloc(slab->size >> slab->shift, sizeof(*slab->cells));
	if (!slab->cells)
		return error_memory();
	err = vfa_buffer_alloc(pool->container, slab->size, &pool->slab_options.buffer, ret);
	if (err) {
		free(slab->cells);
		slab->cells = NULL;
		return err;
	}
	slab->vaddr = (uintptr_t)vfa_buffer_vaddr(*ret);
	return 0;
}

static unsigned int count_slabs(struct vfa_pool *pool)
{
	struct pool_slab *newest = atomic_load_explicit(&pool->newest, memory_order_relaxed);

	return newest->size ? (unsigned int)(newest - pool->slabs) + 1 : 0;
}

int pool_grow(struct vfa_pool *pool, size_t count)
{
	unsigned int number = count_slabs(pool);
	struct pool_slab *slab = &pool->slabs[number];
	struct vfa_buffer **buffer = &pool->buffers[number];
	int err = make_slab(pool, count, slab, buffer);

	if (err) {
		slab->size = 0;
		return err;
	}
	fill(pool, slab, vfa_buffer_iova(*buffer), count);
	/* Puts look for slabs without the lock. */
	atomic_store_explicit(&pool->newest, slab, memory_order_release);
	return 0;
}

void pool_free_slabs(struct vfa_pool *pool)
{
	for (unsigned int i = 0; i < POOL_SLABS && pool->slabs[i].size; i++) {
		vfa_buffer_free(pool->buffers[i]);
		free(pool->slabs[i].cells);
	}
}
