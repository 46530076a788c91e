/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "pool.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"

static unsigned int count_of(const struct pool_cache *cache)
{
	return atomic_load_explicit(&cache->count, memory_order_relaxed);
}

static void set_count(struct pool_cache *cache, unsigned int count)
{
	atomic_store_explicit(&cache->count, count, memory_order_relaxed);
}

static uintptr_t owner_of(const struct pool_cache *cache)
{
	return atomic_load_explicit(&cache->owner, memory_order_relaxed);
}

static struct pool_cache *new_cache(struct vfa_pool *pool, unsigned int size)
{
	struct pool_cache *cache = malloc(sizeof(*cache) + size * sizeof(cache->cells[0]));

	if (!cache)
		return NULL;
	cache->pool = pool;
	atomic_init(&cache->owner, 0);
	atomic_init(&cache->count, 0);
	atomic_init(&cache->limit, size);
	return cache;
}

/* One of a thread that has ended, or a new one. */
static struct pool_cache *take_cache(struct vfa_pool *pool)
{
	struct pool_cache *cache = pool->caches;

	while (cache && owner_of(cache))
		cache = cache->next;
	if (cache)
		return cache;
	cache = new_cache(pool, pool->cache_size);
	if (cache) {
		cache->next = pool->caches;
		pool->caches = cache;
	}
	return cache;
}

/* While another thread has the slot, the thread-specific key alone leads to the cache. */
static void claim_slot(struct vfa_pool *pool, struct pool_cache *cache)
{
	_Atomic(struct pool_cache *) *slot = &pool->slots[pool_slot(owner_of(cache))];
	struct pool_cache *nobody = pool->nobody;

	if (atomic_load_explicit(slot, memory_order_relaxed) == nobody)
		atomic_compare_exchange_strong_explicit(slot, &nobody, cache, memory_order_release,
							memory_order_relaxed);
}

static struct pool_cache *own_cache(struct vfa_pool *pool)
{
	struct pool_cache *cache;

	pthread_mutex_lock(&pool->lock);
	cache = take_cache(pool);
	if (cache && pthread_setspecific(pool->key, cache))
		cache = NULL;
	if (cache)
		atomic_store_explicit(&cache->owner, pool_this_thread(), memory_order_relaxed);
	pthread_mutex_unlock(&pool->lock);
	return cache;
}

struct pool_cache *pool_cache_get(struct vfa_pool *pool)
{
	struct pool_cache *cache;

	if (!pool->cache_size)
		return NULL;
	cache = pthread_getspecific(pool->key);
	if (!cache)
		cache = own_cache(pool);
	if (cache)
		claim_slot(pool, cache);
	return cache;
}

/* What the key does with the cache of a thread that ends. */
static void disown(void *data)
{
	struct pool_cache *cache = data;
	struct vfa_pool *pool = cache->pool;
	_Atomic(struct pool_cache *) *slot = &pool->slots[pool_slot(owner_of(cache))];

	pthread_mutex_lock(&pool->lock);
	pool_cache_flush(cache, 0);
	if (atomic_load_explicit(slot, memory_order_relaxed) == cache)
		atomic_store_explicit(slot, pool->nobody, memory_order_relaxed);
	atomic_store_explicit(&cache->owner, 0, memory_order_relaxed);
	pthread_mutex_unlock(&pool->lock);
}

static int make_key(struct vfa_pool *pool)
{
	int err = pthread_key_create(&pool->key, disown);

	if (err == EAGAIN)
		return error_set(EAGAIN, VFA_CAUSE_NO_MEMORY,
				 "pool: the process has no thread-specific key left\n"
				 "free other pools, or make this one with VFA_POOL_NO_CACHE");
	return err ? error_memory() : 0;
}

int pool_cache_start(struct vfa_pool *pool, unsigned int size)
{
	int err = size ? make_key(pool) : 0;

	if (err)
		return err;
	pool->cache_size = size;
	pool->nobody = new_cache(pool, 0);
	if (!pool->nobody)
		return error_memory();
	for (unsigned int i = 0; i < POOL_SLOTS; i++)
		atomic_init(&pool->slots[i], pool->nobody);
	return 0;
}

void pool_cache_stop(struct vfa_pool *pool)
{
	struct pool_cache *cache, *next;

	if (pool->cache_size)
		pthread_key_delete(pool->key);
	for (cache = pool->caches; cache; cache = next) {
		next = cache->next;
		free(cache);
	}
	free(pool->nobody);
}

void pool_cache_flush(struct pool_cache *cache, unsigned int rest)
{
	unsigned int count = count_of(cache);

	if (count > rest) {
		pool_share(cache->pool, &cache->cells[rest], count - rest);
		set_count(cache, rest);
	}
	atomic_store_explicit(&cache->limit, cache->pool->cache_size, memory_order_relaxed);
}

void pool_cache_refill(struct pool_cache *cache)
{
	struct vfa_pool *pool = cache->pool;
	unsigned int count = count_of(cache);
	size_t more = pool->cache_size / 2;

	if (more > pool->shared_count)
		more = pool->shared_count;
	pool->shared_count -= more;
	memcpy(&cache->cells[count], &pool->shared[pool->shared_count],
	       more * sizeof(cache->cells[0]));
	set_count(cache, count + (unsigned int)more);
}

void pool_cache_call(struct vfa_pool *pool)
{
	for (struct pool_cache *cache = pool->caches; cache; cache = cache->next)
		atomic_store_explicit(&cache->limit, 0, memory_order_relaxed);
}

size_t pool_cache_count(const struct vfa_pool *pool)
{
	size_t count = 0;

	for (struct pool_cache *cache = pool->caches; cache; cache = cache->next)
		count += count_of(cache);
	return count;
}
