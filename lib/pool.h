/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A pool's slabs and caches.
 *
 * A slab is a buffer that is cut into pieces, with a cell for each of them. The
 * cells of free pieces are in the cache of a thread, which it alone touches, or in
 * one array that all threads share under the pool's lock.
 */

#ifndef LIB_POOL_H
#define LIB_POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <vfa/buffer.h>
#include <vfa/pool.h>

#define POOL_PAGE          4096u
#define POOL_MIN_ALIGNMENT 64u
#define POOL_SLABS         64u /* enough: each slab but the last doubles the pool */
#define POOL_SLOTS         256u

/*
 * A piece: its address while it is out, one less while it is free, 0 where no piece
 * starts. So one comparison tells whether an address that falls on this cell is
 * that of a piece that is out.
 */
struct pool_cell {
	_Atomic uintptr_t vaddr;
	uint64_t iova;
};

struct pool_slab {
	uintptr_t vaddr;
	size_t size;
	struct pool_cell *cells; /* one for each multiple of 1 << shift */
	unsigned int shift;
};

struct pool_cache {
	_Atomic uintptr_t owner; /* 0 when its thread has ended */
	atomic_uint count;       /* others only read it, */
	atomic_uint limit;       /* and set this to 0 to ask for the pieces */
	struct vfa_pool *pool;
	struct pool_cache *next; /* of the pool's */
	struct pool_cell *cells[];
};

/* Of each slab's buffer; the first points to the second once both are in their place. */
struct pool_slab_options {
	struct vfa_buffer_options buffer;
	struct vfa_map_options map;
};

struct vfa_pool {
	/* What each call reads; it changes with a new slab or a new thread only. */
	_Atomic(struct pool_cache *) slots[POOL_SLOTS]; /* by thread, never NULL */
	_Atomic(struct pool_slab *) newest;
	struct pool_slab slabs[POOL_SLABS];

	struct vfa_container *container;
	struct vfa_buffer *buffers[POOL_SLABS];
	size_t size, stride, max_count;
	struct pool_slab_options slab_options;
	unsigned int cache_size;
	pthread_key_t key; /* of a thread's cache; there is none when cache_size is 0 */
	struct pool_cache *nobody;

	pthread_mutex_t lock; /* of all below; the container's may be taken under it */
	size_t count;
	size_t shared_count;
	struct pool_cell **shared; /* has room for all pieces */
	struct pool_cache *caches; /* they go with the pool, those of ended threads too */
};

/* Names a thread as long as it lives, without a call. */
static inline uintptr_t pool_this_thread(void)
{
#if defined(__x86_64__) || defined(__aarch64__)
	return (uintptr_t)__builtin_thread_pointer();
#else
	return (uintptr_t)pthread_self();
#endif
}

/* Thread pointers are as far apart as stacks are: mix all their bits. */
static inline unsigned int pool_slot(uintptr_t thread)
{
	return ((uint64_t)thread * 0x61c88647u >> 32) % POOL_SLOTS;
}

/** pool_cache_find() - this thread's cache, if it is the one in the thread's slot */
static inline bool pool_cache_find(struct vfa_pool *pool, struct pool_cache **ret)
{
	uintptr_t thread = pool_this_thread();

	*ret = atomic_load_explicit(&pool->slots[pool_slot(thread)], memory_order_acquire);
	return atomic_load_explicit(&(*ret)->owner, memory_order_relaxed) == thread;
}

/** pool_cache_get() - this thread's cache, a new one if need be; NULL to do without */
struct pool_cache *pool_cache_get(struct vfa_pool *pool);

/**
 * pool_cache_start() - prepare a pool for caches of @size pieces, which may be 0
 *
 * Return: 0 or -errno, recorded, after which pool_cache_stop() is due all the same.
 */
int pool_cache_start(struct vfa_pool *pool, unsigned int size);

/** pool_cache_stop() - free all caches; no thread that has one may end while this runs */
void pool_cache_stop(struct vfa_pool *pool);

/* All below with the pool's lock held. */

/** pool_cache_flush() - share the pieces of a cache down to @rest of them */
void pool_cache_flush(struct pool_cache *cache, unsigned int rest);

/** pool_cache_refill() - take shared pieces for half a cache, or as many as there are */
void pool_cache_refill(struct pool_cache *cache);

/** pool_cache_call() - ask all threads to share the pieces of their caches */
void pool_cache_call(struct vfa_pool *pool);

/** pool_cache_count() - free pieces in all caches */
size_t pool_cache_count(const struct vfa_pool *pool);

/**
 * pool_share() - add pieces to the shared ones
 *
 * There is no room for all only after a piece was put twice at the same moment, see take().
 */
static inline void pool_share(struct vfa_pool *pool, struct pool_cell *const *cells, size_t count)
{
	size_t room = pool->count - pool->shared_count;

	if (count > room)
		count = room;
	memcpy(&pool->shared[pool->shared_count], cells, count * sizeof(*cells));
	pool->shared_count += count;
}

/**
 * pool_grow() - a new slab
 * @count: of so many pieces, all free
 *
 * Return: 0 or -errno, recorded.
 */
int pool_grow(struct vfa_pool *pool, size_t count);

/** pool_free_slabs() - unmap and free all slabs; takes no lock */
void pool_free_slabs(struct vfa_pool *pool);

#endif
