/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "pool.h"

#include <errno.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"
#include "base/options.h"
#include "container.h"

#define MAX_CACHE     65536u
#define DEFAULT_CACHE 256u

/* Half of what a get or put takes is the call: starting in a line of its own saves a cycle. */
#define ALIGNED __attribute__((aligned(64)))

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

static int refuse_options(const char *what, uint64_t value, const char *hint)
{
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT, "vfa_pool_options: %s is %llu\n%s", what,
			 (unsigned long long)value, hint);
}

static int check_options(const struct vfa_pool_options *options, size_t count)
{
	uint32_t alignment = options->alignment;

	if (options->flags & ~(uint32_t)VFA_POOL_NO_CACHE)
		return refuse_options("flags", options->flags, "only VFA_POOL_NO_CACHE is known");
	if (options->cache_size > MAX_CACHE)
		return refuse_options("cache_size", options->cache_size, "give 65536 or less");
	if (options->cache_size && options->flags)
		return refuse_options("cache_size", options->cache_size,
				      "with VFA_POOL_NO_CACHE leave it 0");
	if (alignment && (alignment & (alignment - 1) || alignment < POOL_MIN_ALIGNMENT ||
			  alignment > POOL_PAGE))
		return refuse_options("alignment", alignment,
				      "give a power of two from 64 to 4096");
	if (options->max_count && options->max_count < count)
		return refuse_options("max_count", options->max_count,
				      "give at least the count to start with, or 0");
	return 0;
}

static int check_map_options(const struct vfa_map_options *map,
			     const struct vfa_pool_options *options, size_t count)
{
	if (map->flags & VFA_MAP_FIXED && options->max_count > count)
		return refuse_options("max_count", options->max_count,
				      "a pool at a fixed IOVA cannot grow");
	return 0;
}

/* The buffers' options outlive the caller's: the pool may grow. */
static int copy_buffer_options(const struct vfa_buffer_options *given,
			       struct pool_slab_options *ret)
{
	int err = options_copy("vfa_buffer_options", given,
			       OPTIONS_UP_TO(struct vfa_buffer_options, node), &ret->buffer,
			       sizeof(ret->buffer));

	if (!err)
		err = options_copy("vfa_map_options", ret->buffer.map,
				   OPTIONS_UP_TO(struct vfa_map_options, alignment), &ret->map,
				   sizeof(ret->map));
	ret->buffer.struct_size = sizeof(ret->buffer);
	ret->map.struct_size = sizeof(ret->map);
	ret->buffer.map = NULL;
	return err;
}

static int copy_options(const struct vfa_pool_options *given, size_t count,
			struct vfa_pool_options *ret, struct pool_slab_options *slabs)
{
	int err = options_copy("vfa_pool_options", given,
			       OPTIONS_UP_TO(struct vfa_pool_options, buffer), ret, sizeof(*ret));

	if (!err)
		err = check_options(ret, count);
	if (!err)
		err = copy_buffer_options(ret->buffer, slabs);
	if (!err)
		err = check_map_options(&slabs->map, ret, count);
	return err;
}

static size_t natural_alignment(size_t size)
{
	size_t alignment = POOL_MIN_ALIGNMENT;

	while (alignment < POOL_PAGE && alignment < size)
		alignment *= 2;
	return alignment;
}

static int set_sizes(struct vfa_pool *pool, size_t size, size_t count,
		     const struct vfa_pool_options *options)
{
	size_t alignment = options->alignment ? options->alignment : natural_alignment(size);

	if (size > SIZE_MAX - (alignment - 1))
		return error_set(EINVAL, VFA_CAUSE_WRAPPED,
				 "pool: size 0x%zx cannot be rounded up to its alignment\n"
				 "give a size that there can be memory for",
				 size);
	pool->size = size;
	pool->stride = (size + alignment - 1) & ~(alignment - 1);
	pool->max_count = options->max_count ? options->max_count : count;
	return 0;
}

static unsigned int cache_size(size_t count, const struct vfa_pool_options *options)
{
	if (options->flags & VFA_POOL_NO_CACHE)
		return 0;
	if (options->cache_size)
		return options->cache_size;
	return count / 8 < DEFAULT_CACHE ? (unsigned int)(count / 8) : DEFAULT_CACHE;
}

static int make_pool(struct vfa_pool *pool, size_t size, size_t count,
		     const struct vfa_pool_options *options)
{
	int err = set_sizes(pool, size, count, options);

	if (!err)
		err = pool_cache_start(pool, cache_size(count, options));
	return err ? err : pool_grow(pool, count);
}

static void free_pool(struct vfa_pool *pool)
{
	pool_cache_stop(pool);
	pool_free_slabs(pool);
	free(pool->shared);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

VFA_API int vfa_pool_new(struct vfa_container *container, size_t size, size_t count,
			 const struct vfa_pool_options *options, struct vfa_pool **ret)
{
	struct vfa_pool_options given;
	struct pool_slab_options slabs;
	struct vfa_pool *pool;
	int err;

	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	if (!size || !count)
		return error_set(EINVAL, VFA_CAUSE_EMPTY,
				 "pool: %zu pieces of %zu bytes\ngive at least 1 of each", count,
				 size);
	err = copy_options(options, count, &given, &slabs);
	if (err)
		return err;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return error_memory();
	pool->container = container;
	pool->slab_options = slabs;
	pool->slab_options.buffer.map = &pool->slab_options.map;
	atomic_init(&pool->newest, pool->slabs);
	pthread_mutex_init(&pool->lock, NULL);
	err = make_pool(pool, size, count, &given);
	if (err) {
		free_pool(pool);
		return err;
	}
	*ret = pool;
	return 0;
}

VFA_API void vfa_pool_free(struct vfa_pool *pool)
{
	size_t out;

	if (!pool)
		return;
	out = pool->count - vfa_pool_count_free(pool);
	if (out)
		host_log(pool->container->host, VFA_LOG_WARNING,
			 "a pool is freed with %zu of its %zu pieces not put back", out,
			 pool->count);
	free_pool(pool);
}

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
static struct pool_cell *find_cell(struct vfa_pool *pool, const void *vaddr)
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
	pool_share(pool, cell);
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

VFA_API int vfa_pool_get_many(struct vfa_pool *pool, struct vfa_piece *ret, size_t count)
{
	int err = 0;

	if (!pool || (!ret && count))
		return error_null(pool ? "ret" : "pool");
	for (size_t i = 0; i < count && !err; i++) {
		err = get(pool, &ret[i]);
		if (err && i)
			vfa_pool_put_many(pool, ret, i);
	}
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

/* All are released before the first is put, for then none can be taken back any more. */
VFA_API int vfa_pool_put_many(struct vfa_pool *pool, const struct vfa_piece *pieces, size_t count)
{
	if (!pool || (!pieces && count))
		return error_null(pool ? "pieces" : "pool");
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
	for (size_t i = 0; i < count; i++)
		put(pool, find_cell(pool, pieces[i].vaddr));
	return 0;
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

VFA_API size_t vfa_pool_piece_size(const struct vfa_pool *pool)
{
	return pool->size;
}

VFA_API size_t vfa_pool_count(struct vfa_pool *pool)
{
	size_t count;

	pthread_mutex_lock(&pool->lock);
	count = pool->count;
	pthread_mutex_unlock(&pool->lock);
	return count;
}

VFA_API size_t vfa_pool_count_free(struct vfa_pool *pool)
{
	size_t count;

	pthread_mutex_lock(&pool->lock);
	count = pool->shared_count + pool_cache_count(pool);
	pthread_mutex_unlock(&pool->lock);
	return count;
}
