/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "pool.h"

#include <errno.h>

#include "base/api.h"
#include "base/error.h"

/* Half of what a get or put takes is the call: starting in a line of its own saves a cycle. */
#define ALIGNED __attribute__((aligned(64)))

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

static int refuse_empty_pool(struct vfa_pool *pool, size_t wanted)
{
	size_t cached = pool_cache_count(pool);
	size_t unused = pool->shared_count + cached;

	return error_set(
		ENOBUFS, VFA_CAUSE_POOL_EMPTY,
		"pool: %zu of %zu pieces of %zu bytes are out, and %zu are in the caches of "
		"threads: %zu wanted\n"
		"put pieces back, share those of idle threads with vfa_pool_flush, or make "
		"the pool with a larger count or max_count",
		pool->count - unused, pool->count, pool->size, cached, wanted);
}

/* With a shared piece afterwards, or -errno, recorded. */
static int need_shared(struct vfa_pool *pool)
{
	size_t more = pool->max_count - pool->count;
	int err;

	if (pool->shared_count)
		return 0;
	err = more ? pool_grow(pool, more < pool->count ? more : pool->count)
		   : refuse_empty_pool(pool, 1);
	if (err)
		pool_cache_call(pool);
	return err;
}

/*
 * A piece that is out has no business to be here: it was put twice at the same
 * moment, by two threads, which no put can see. It is got once all the same.
 */
static inline bool take(struct pool_cell *cell, struct vfa_piece *ret)
{
	uintptr_t vaddr = atomic_load_explicit(&cell->vaddr, memory_order_relaxed) + 1;

	if (unlikely(vaddr & 1))
		return false;
	atomic_store_explicit(&cell->vaddr, vaddr, memory_order_relaxed);
	ret->vaddr = (void *)vaddr;
	ret->iova = cell->iova;
	return true;
}

static int get_shared(struct vfa_pool *pool, struct pool_cache *cache, struct vfa_piece *ret)
{
	int err;

	pthread_mutex_lock(&pool->lock);
	do
		err = need_shared(pool);
	while (!err && !take(pool->shared[--pool->shared_count], ret));
	if (!err && cache)
		pool_cache_refill(cache);
	pthread_mutex_unlock(&pool->lock);
	return err;
}

static inline bool get_cached(struct pool_cache *cache, struct vfa_piece *ret)
{
	unsigned int count = atomic_load_explicit(&cache->count, memory_order_relaxed);

	if (unlikely(!count--))
		return false;
	atomic_store_explicit(&cache->count, count, memory_order_relaxed);
	return take(cache->cells[count], ret);
}

static __attribute__((noinline)) int get_slowly(struct vfa_pool *pool, struct vfa_piece *ret)
{
	struct pool_cache *cache = pool_cache_get(pool);

	while (cache && atomic_load_explicit(&cache->count, memory_order_relaxed))
		if (get_cached(cache, ret))
			return 0;
	return get_shared(pool, cache, ret);
}

static inline int get(struct vfa_pool *pool, struct vfa_piece *ret)
{
	struct pool_cache *cache;

	if (likely(pool_cache_find(pool, &cache) && get_cached(cache, ret)))
		return 0;
	return get_slowly(pool, ret);
}

VFA_API ALIGNED int vfa_pool_get(struct vfa_pool *pool, struct vfa_piece *ret)
{
	if (unlikely(!pool || !ret))
		return error_null(pool ? "ret" : "pool");
	return get(pool, ret);
}

static inline bool find_in(const struct pool_slab *slab, const void *vaddr, struct pool_cell **ret)
{
	uintptr_t offset = (uintptr_t)vaddr - slab->vaddr;

	if (unlikely(offset >= slab->size))
		return false;
	*ret = &slab->cells[offset >> slab->shift];
	return true;
}

static inline struct pool_slab *newest_slab(struct vfa_pool *pool)
{
	return atomic_load_explicit(&pool->newest, memory_order_acquire);
}

/* Backwards, since each slab has as many pieces as all before it. */
static inline struct pool_cell *find_cell(struct vfa_pool *pool, const void *vaddr)
{
	struct pool_slab *slab = newest_slab(pool) + 1;
	struct pool_cell *cell;

	while (slab-- != pool->slabs)
		if (find_in(slab, vaddr, &cell))
			return cell;
	return NULL;
}

/* From out to free: false when the address is not that of a piece that is out. */
static inline bool release(struct pool_cell *cell, const void *vaddr)
{
	uintptr_t out = (uintptr_t)vaddr;

	if (unlikely(atomic_load_explicit(&cell->vaddr, memory_order_relaxed) != out))
		return false;
	atomic_store_explicit(&cell->vaddr, out - 1, memory_order_relaxed);
	return true;
}

static bool is_free(struct pool_cell *cell, uintptr_t vaddr)
{
	return !(vaddr & 1) &&
	       atomic_load_explicit(&cell->vaddr, memory_order_relaxed) == vaddr - 1;
}

static int refuse_put(struct vfa_pool *pool, const void *vaddr)
{
	struct pool_cell *cell = find_cell(pool, vaddr);

	if (!vaddr)
		return error_null("vaddr");
	if (cell && is_free(cell, (uintptr_t)vaddr))
		return error_set(EALREADY, VFA_CAUSE_BAD_PIECE,
				 "put: the piece at %p is free already\n"
				 "put each piece once, and do not use it afterwards",
				 vaddr);
	return error_set(EINVAL, VFA_CAUSE_BAD_PIECE,
			 "put: no piece of this pool, of %zu bytes each, starts at %p\n"
			 "put what vfa_pool_get gave, into the pool that gave it",
			 pool->size, vaddr);
}

static void put_shared(struct vfa_pool *pool, struct pool_cache *cache, struct pool_cell *cell)
{
	pthread_mutex_lock(&pool->lock);
	if (cache) {
		bool called = !atomic_load_explicit(&cache->limit, memory_order_relaxed);

		pool_cache_flush(cache, called ? 0 : pool->cache_size / 2);
	}
	pool_share(pool, &cell, 1);
	pthread_mutex_unlock(&pool->lock);
}

static inline bool put_cached(struct pool_cache *cache, struct pool_cell *cell)
{
	unsigned int count = atomic_load_explicit(&cache->count, memory_order_relaxed);

	if (unlikely(count >= atomic_load_explicit(&cache->limit, memory_order_relaxed)))
		return false;
	cache->cells[count] = cell;
	atomic_store_explicit(&cache->count, count + 1, memory_order_relaxed);
	return true;
}

static __attribute__((noinline)) int put_slowly(struct vfa_pool *pool, struct pool_cell *cell)
{
	struct pool_cache *cache = pool_cache_get(pool);

	if (!cache || !put_cached(cache, cell))
		put_shared(pool, cache, cell);
	return 0;
}

static inline int put(struct vfa_pool *pool, struct pool_cell *cell)
{
	struct pool_cache *cache;

	if (likely(pool_cache_find(pool, &cache) && put_cached(cache, cell)))
		return 0;
	return put_slowly(pool, cell);
}

static __attribute__((noinline)) int put_to_older_slab(struct vfa_pool *pool, const void *vaddr)
{
	struct pool_cell *cell = find_cell(pool, vaddr);

	return cell && release(cell, vaddr) ? put(pool, cell) : refuse_put(pool, vaddr);
}

VFA_API ALIGNED int vfa_pool_put(struct vfa_pool *pool, void *vaddr)
{
	struct pool_cell *cell;

	if (unlikely(!pool))
		return error_null("pool");
	if (likely(find_in(newest_slab(pool), vaddr, &cell) && release(cell, vaddr)))
		return put(pool, cell);
	return put_to_older_slab(pool, vaddr);
}

static int refuse_many(struct vfa_pool *pool, size_t wanted)
{
	int err;

	pthread_mutex_lock(&pool->lock);
	err = refuse_empty_pool(pool, wanted);
	pthread_mutex_unlock(&pool->lock);
	return err;
}

/* As many more, up to @count, as there are in this thread's cache. */
static void get_many_cached(struct vfa_pool *pool, struct vfa_piece *ret, size_t count, size_t *got)
{
	struct pool_cache *cache;
	unsigned int left;

	if (!pool_cache_find(pool, &cache))
		return;
	left = atomic_load_explicit(&cache->count, memory_order_relaxed);
	while (*got < count && left)
		if (take(cache->cells[--left], &ret[*got]))
			++*got;
	atomic_store_explicit(&cache->count, left, memory_order_relaxed);
}

VFA_API int vfa_pool_get_many(struct vfa_pool *pool, struct vfa_piece *ret, size_t count)
{
	size_t got = 0;
	int err = 0;

	if (!pool || (!ret && count))
		return error_null(pool ? "ret" : "pool");
	for (; !err; got++) {
		get_many_cached(pool, ret, count, &got);
		if (got == count)
			return 0;
		err = get_slowly(pool, &ret[got]);
	}
	vfa_pool_put_many(pool, ret, got - 1);
	return err == -ENOBUFS ? refuse_many(pool, count) : err;
}

/* Undo release(). */
static void take_back(struct vfa_pool *pool, const struct vfa_piece *pieces, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct pool_cell *cell = find_cell(pool, pieces[i].vaddr);

		atomic_store_explicit(&cell->vaddr, (uintptr_t)pieces[i].vaddr,
				      memory_order_relaxed);
	}
}

static int release_many(struct vfa_pool *pool, const struct vfa_piece *pieces, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const void *vaddr = pieces[i].vaddr;
		struct pool_cell *cell = find_cell(pool, vaddr);
		int err;

		if (cell && release(cell, vaddr))
			continue;
		err = refuse_put(pool, vaddr);
		take_back(pool, pieces, i);
		return err;
	}
	return 0;
}

/* As many more released pieces, up to @count, as this thread's cache has room for. */
static void put_many_cached(struct vfa_pool *pool, const struct vfa_piece *pieces, size_t count,
			    size_t *done)
{
	struct pool_cache *cache;
	unsigned int used, limit;

	if (!pool_cache_find(pool, &cache))
		return;
	used = atomic_load_explicit(&cache->count, memory_order_relaxed);
	limit = atomic_load_explicit(&cache->limit, memory_order_relaxed);
	while (*done < count && used < limit)
		cache->cells[used++] = find_cell(pool, pieces[(*done)++].vaddr);
	atomic_store_explicit(&cache->count, used, memory_order_relaxed);
}

/* All are released before the first is put, for then none can be taken back any more. */
VFA_API int vfa_pool_put_many(struct vfa_pool *pool, const struct vfa_piece *pieces, size_t count)
{
	size_t done = 0;
	int err;

	if (!pool || (!pieces && count))
		return error_null(pool ? "pieces" : "pool");
	err = release_many(pool, pieces, count);
	if (err)
		return err;
	for (;; done++) {
		put_many_cached(pool, pieces, count, &done);
		if (done == count)
			return 0;
		put_slowly(pool, find_cell(pool, pieces[done].vaddr));
	}
}

VFA_API int vfa_pool_flush(struct vfa_pool *pool)
{
	struct pool_cache *cache;

	if (!pool)
		return error_null("pool");
	cache = pool->cache_size ? pthread_getspecific(pool->key) : NULL;
	if (!cache)
		return 0;
	pthread_mutex_lock(&pool->lock);
	pool_cache_flush(cache, 0);
	pthread_mutex_unlock(&pool->lock);
	return 0;
}
