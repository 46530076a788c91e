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
