/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Pools in one thread. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"
#include "pool.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct vfa_pool *new_pool(struct space space, size_t size, size_t count,
				 const struct vfa_pool_options *options)
{
	struct vfa_pool *pool = NULL;

	assert_ok(vfa_pool_new(space.container, size, count, options, &pool));
	assert_int_equal(vfa_pool_piece_size(pool), size);
	assert_int_equal(vfa_pool_count(pool), count);
	assert_int_equal(vfa_pool_count_free(pool), count);
	return pool;
}

static struct vfa_piece get(struct vfa_pool *pool)
{
	struct vfa_piece piece = { NULL, 0 };

	assert_ok(vfa_pool_get(pool, &piece));
	assert_non_null(piece.vaddr);
	return piece;
}

static bool is_zeroed(const unsigned char *bytes, size_t size)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, size - 1);
}

/* A device finds the piece at its IOVA, in one run. */
static void check_mapped(struct vfa_container *container, const struct vfa_piece *piece,
			 size_t size)
{
	uint64_t iova = 0;

	assert_ok(vfa_container_find_iova(container, piece->vaddr, size, &iova));
	assert_int_equal(piece->iova, iova);
}

static void check_place(const struct vfa_piece *piece, size_t size, size_t alignment)
{
	assert_int_equal((uintptr_t)piece->vaddr % alignment, 0);
	assert_int_equal(piece->iova % alignment, 0);
	if (size <= PAGE)
		assert_true(piece->iova % PAGE + size <= PAGE);
}

static int compare_pieces(const void *first, const void *second)
{
	const struct vfa_piece *a = first, *b = second;

	return a->iova < b->iova ? -1 : a->iova > b->iova;
}

static void check_apart(struct vfa_piece *pieces, size_t count, size_t size)
{
	qsort(pieces, count, sizeof(*pieces), compare_pieces);
	for (size_t i = 1; i < count; i++)
		assert_true(pieces[i].iova - pieces[i - 1].iova >= size);
}

static void pieces_of_any_size_lie_apart_and_are_mapped(void **state)
{
	static const struct {
		size_t size;
		uint32_t alignment, is;
	} kinds[] = {
		{ 1, 0, 64 },       { 64, 0, 64 },      { 65, 0, 128 },       { 192, 0, 256 },
		{ 192, 64, 64 },    { 1000, 0, 1024 },  { 1600, 64, 64 },     { 2049, 0, 4096 },
		{ 64, 4096, 4096 }, { 4096, 0, 4096 },  { 4096, 64, 4096 },   { 4097, 0, 4096 },
		{ 6000, 64, 64 },   { 12288, 0, 4096 }, { 65536, 512, 4096 },
	};
	struct space space = open_space(state);
	struct vfa_piece pieces[100];

	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
		struct vfa_pool *pool;

		options.alignment = kinds[i].alignment;
		pool = new_pool(space, kinds[i].size, COUNT(pieces), &options);
		for (size_t j = 0; j < COUNT(pieces); j++) {
			pieces[j] = get(pool);
			check_place(&pieces[j], kinds[i].size, kinds[i].is);
			check_mapped(space.container, &pieces[j], kinds[i].size);
			assert_true(is_zeroed(pieces[j].vaddr, kinds[i].size));
			memset(pieces[j].vaddr, (int)j + 1, kinds[i].size);
		}
		check_apart(pieces, COUNT(pieces), kinds[i].size);
		assert_ok(vfa_pool_put_many(pool, pieces, COUNT(pieces)));
		vfa_pool_free(pool);
	}
	close_space(space);
}

static void pieces_are_in_one_mapping(void **state)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct space space = open_space(state);
	struct vfa_pool *pool = new_pool(space, PAGE, 1000, NULL);
	struct fake_mapping mapping;

	assert_int_equal(fake_count_mappings(), 1);
	assert_true(fake_get_mapping(0, &mapping));
	assert_int_equal(mapping.size, 1000 * PAGE);
	vfa_pool_free(pool);

	options.alignment = 64;
	pool = new_pool(space, 192, 43, &options);
	assert_true(fake_get_mapping(0, &mapping));
	assert_int_equal(mapping.size, 3 * PAGE); /* 21 to a page */
	vfa_pool_free(pool);
	vfa_pool_free(NULL);
	close_space(space);
}

static void the_last_piece_put_is_got_first(void **state)
{
	struct space space = open_space(state);
	struct vfa_pool *pool = new_pool(space, PAGE, 100, NULL);
	struct vfa_piece first = get(pool), second = get(pool);

	assert_int_equal(second.iova, first.iova + PAGE);
	memset(first.vaddr, 'a', PAGE);
	assert_ok(vfa_pool_put(pool, first.vaddr));
	assert_ptr_equal(get(pool).vaddr, first.vaddr);
	assert_int_equal(*(char *)first.vaddr, 'a');
	assert_ok(vfa_pool_put(pool, first.vaddr));
	assert_ok(vfa_pool_put(pool, second.vaddr));
	vfa_pool_free(pool);
	close_space(space);
}

static void all_pieces_can_be_out(void **state)
{
	static const uint32_t cache_sizes[] = { 0, 1, 2, 3, 7, 64, 1000 };
	struct space space = open_space(state);

	for (size_t i = 0; i < COUNT(cache_sizes); i++) {
		struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
		struct vfa_piece pieces[64], none = { NULL, 1 };
		struct vfa_pool *pool;

		options.cache_size = cache_sizes[i];
		pool = new_pool(space, 256, COUNT(pieces), &options);
		for (int round = 0; round < 3; round++) {
			for (size_t j = 0; j < COUNT(pieces); j++) {
				pieces[j] = get(pool);
				assert_int_equal(vfa_pool_count_free(pool), COUNT(pieces) - 1 - j);
			}
			assert_fails(vfa_pool_get(pool, &none), ENOBUFS, POOL_EMPTY);
			for (size_t j = 0; j < COUNT(pieces); j++)
				assert_ok(vfa_pool_put(pool, pieces[j].vaddr));
			assert_int_equal(vfa_pool_count_free(pool), COUNT(pieces));
		}
		assert_null(none.vaddr);
		assert_int_equal(none.iova, 1);
		vfa_pool_free(pool);
	}
	close_space(space);
}

static struct vfa_pool *new_growing(struct space space, size_t count, size_t max_count)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;

	options.max_count = max_count;
	return new_pool(space, PAGE, count, &options);
}

static void a_pool_doubles_up_to_its_limit(void **state)
{
	struct space space = open_space(state);
	struct vfa_pool *pool = new_growing(space, 3, 40);
	struct vfa_piece pieces[40], none;

	for (size_t i = 0; i < COUNT(pieces); i++) {
		pieces[i] = get(pool);
		check_mapped(space.container, &pieces[i], PAGE);
		assert_int_equal(vfa_pool_count(pool), i < 3    ? 3
						       : i < 6  ? 6
						       : i < 12 ? 12
						       : i < 24 ? 24
								: 40);
	}
	assert_int_equal(fake_count_mappings(), 5);
	assert_fails(vfa_pool_get(pool, &none), ENOBUFS, POOL_EMPTY);
	check_apart(pieces, COUNT(pieces), PAGE);
	for (size_t i = 0; i < COUNT(pieces); i++)
		assert_ok(vfa_pool_put(pool, pieces[i].vaddr));
	assert_int_equal(vfa_pool_count_free(pool), 40);
	for (size_t i = 0; i < COUNT(pieces); i++)
		pieces[i] = get(pool);
	check_apart(pieces, COUNT(pieces), PAGE);
	assert_ok(vfa_pool_put_many(pool, pieces, COUNT(pieces)));
	vfa_pool_free(pool);
	assert_int_equal(fake_count_mappings(), 0);
	close_space(space);
}

static void a_pool_that_cannot_grow_goes_on_as_it_is(void **state)
{
	struct space space = open_space(state);
	struct vfa_pool *pool = new_growing(space, 4, 64);
	struct vfa_piece pieces[5];

	fake_set_memlock(6 * PAGE);
	for (size_t i = 0; i < 4; i++)
		pieces[i] = get(pool);
	assert_fails(vfa_pool_get(pool, &pieces[4]), ENOMEM, MEMLOCK);
	assert_int_equal(vfa_pool_count(pool), 4);
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_pool_put(pool, pieces[0].vaddr));
	pieces[0] = get(pool);
	fake_set_memlock(UINT64_MAX);
	pieces[4] = get(pool);
	assert_int_equal(vfa_pool_count(pool), 8);
	assert_ok(vfa_pool_put_many(pool, pieces, 5));
	vfa_pool_free(pool);
	close_space(space);
}

static void wrong_puts_are_refused_and_change_nothing(void **state)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct space space = open_space(state);
	struct vfa_pool *other = new_pool(space, 192, 30, NULL), *pool;
	struct vfa_piece piece, foreign = get(other);
	char *vaddr;

	options.alignment = 64;
	pool = new_pool(space, 192, 30, &options);
	piece = get(pool);
	vaddr = piece.vaddr;
	assert_fails(vfa_pool_put(pool, foreign.vaddr), EINVAL, BAD_PIECE);
	assert_fails(vfa_pool_put(pool, &piece), EINVAL, BAD_PIECE);
	assert_fails(vfa_pool_put(pool, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pool_put(NULL, vaddr), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pool_put(pool, (void *)UINTPTR_MAX), EINVAL, BAD_PIECE);
	for (int i = 1; i < 192; i++) /* inside, and just before the next, which is free */
		assert_fails(vfa_pool_put(pool, vaddr + i), EINVAL, BAD_PIECE);
	assert_fails(vfa_pool_put(pool, vaddr - 1), EINVAL, BAD_PIECE);
	assert_fails(vfa_pool_put(pool, vaddr + 192), EALREADY, BAD_PIECE);
	assert_fails(vfa_pool_put(pool, vaddr + 191), EINVAL, BAD_PIECE);
	assert_fails(vfa_pool_put(pool, vaddr + 21 * 192), EINVAL, BAD_PIECE); /* end of the page */
	assert_fails(vfa_pool_put(pool, vaddr + PAGE + 9 * 192), EINVAL,
		     BAD_PIECE); /* and of all */
	assert_int_equal(vfa_pool_count_free(pool), 29);

	assert_ok(vfa_pool_put(pool, vaddr));
	assert_fails(vfa_pool_put(pool, vaddr), EALREADY, BAD_PIECE);
	assert_int_equal(vfa_pool_count_free(pool), 30);
	assert_ok(vfa_pool_put(other, foreign.vaddr));
	vfa_pool_free(other);
	vfa_pool_free(pool);
	close_space(space);
}

/* No put can see that another thread puts the same piece at the same moment. */
static void a_piece_put_twice_at_once_is_got_once(void **state)
{
	static const uint32_t flags[] = { 0, VFA_POOL_NO_CACHE };
	struct space space = open_space(state);

	for (size_t i = 0; i < COUNT(flags); i++) {
		struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
		struct vfa_piece pieces[16], none;
		struct vfa_pool *pool;

		options.flags = flags[i];
		pool = new_pool(space, PAGE, COUNT(pieces), &options);
		assert_ok(vfa_pool_get_many(pool, pieces, 4));
		pthread_mutex_lock(&pool->lock);
		pool_share(pool, &pool->shared[pool->shared_count - 1], 1);
		pool_share(pool, &pool->shared[pool->shared_count - 1], 1);
		pthread_mutex_unlock(&pool->lock);
		for (size_t j = 4; j < COUNT(pieces); j++)
			pieces[j] = get(pool);
		assert_fails(vfa_pool_get(pool, &none), ENOBUFS, POOL_EMPTY);
		check_apart(pieces, COUNT(pieces), PAGE);
		assert_ok(vfa_pool_put_many(pool, pieces, COUNT(pieces)));
		assert_int_equal(vfa_pool_count_free(pool), COUNT(pieces));
		vfa_pool_free(pool);
	}
	close_space(space);
}

/* Two threads that live at a time may have the same slot in the pool's table. */
static void a_thread_whose_slot_is_taken_gets_it_later(void **state)
{
	struct space space = open_space(state);
	struct vfa_pool *pool = new_pool(space, PAGE, 100, NULL);
	_Atomic(struct pool_cache *) *slot = &pool->slots[pool_slot(pool_this_thread())];
	struct pool_cache other = { .owner = 1 }, *own;
	struct vfa_piece pieces[30];

	*slot = &other;
	for (size_t i = 0; i < 30; i++)
		pieces[i] = get(pool);
	for (size_t i = 0; i < 30; i++)
		assert_ok(vfa_pool_put(pool, pieces[i].vaddr));
	assert_ok(vfa_pool_get_many(pool, pieces, 30));
	assert_ok(vfa_pool_put_many(pool, pieces, 30));
	assert_int_equal(vfa_pool_count_free(pool), 100);
	assert_ptr_equal(*slot, &other);
	own = pthread_getspecific(pool->key);
	assert_true(own->count > 0);

	*slot = pool->nobody;
	assert_ok(vfa_pool_put(pool, get(pool).vaddr));
	assert_ptr_equal(*slot, own);
	assert_int_equal(vfa_pool_count_free(pool), 100);
	vfa_pool_free(pool);
	close_space(space);
}

static void many_are_got_and_put_all_or_none(void **state)
{
	struct space space = open_space(state);
	struct vfa_pool *pool = new_pool(space, PAGE, 100, NULL);
	struct vfa_piece pieces[101];

	assert_fails(vfa_pool_get_many(pool, pieces, 101), ENOBUFS, POOL_EMPTY);
	assert_int_equal(vfa_pool_count_free(pool), 100);
	assert_ok(vfa_pool_get_many(pool, pieces, 100));
	check_apart(pieces, 100, PAGE);
	assert_int_equal(vfa_pool_count_free(pool), 0);

	pieces[100] = (struct vfa_piece){ &pool, 0 };
	assert_fails(vfa_pool_put_many(pool, pieces, 101), EINVAL, BAD_PIECE);
	assert_int_equal(vfa_pool_count_free(pool), 0);
	pieces[100] = pieces[50];
	assert_fails(vfa_pool_put_many(pool, pieces, 101), EALREADY, BAD_PIECE);
	assert_int_equal(vfa_pool_count_free(pool), 0);
	assert_ok(vfa_pool_put_many(pool, pieces, 100));
	assert_int_equal(vfa_pool_count_free(pool), 100);

	assert_ok(vfa_pool_get_many(pool, NULL, 0));
	assert_ok(vfa_pool_put_many(pool, NULL, 0));
	assert_fails(vfa_pool_get_many(pool, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pool_put_many(pool, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pool_get_many(NULL, pieces, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pool_put_many(NULL, pieces, 1), EINVAL, BAD_ARGUMENT);
	vfa_pool_free(pool);
	close_space(space);
}

static void try_options(struct space space, struct vfa_pool_options options, const char *message,
			const char *hint)
{
	struct vfa_pool *pool = NULL;

	assert_fails(vfa_pool_new(space.container, PAGE, 8, &options, &pool), EINVAL, BAD_ARGUMENT);
	assert_null(pool);
	check_message(message, hint);
}

static void senseless_options_are_refused(void **state)
{
	const struct vfa_pool_options none = VFA_POOL_OPTIONS_INIT;
	struct space space = open_space(state);
	struct vfa_buffer_options buffer = VFA_BUFFER_OPTIONS_INIT;
	struct vfa_map_options map = at(0x100000);
	struct vfa_pool_options options = none;

	options.flags = 2;
	try_options(space, options, "vfa_pool_options: flags is 2",
		    "only VFA_POOL_NO_CACHE is known");
	options.flags = VFA_POOL_NO_CACHE;
	options.cache_size = 8;
	try_options(space, options, "vfa_pool_options: cache_size is 8",
		    "with VFA_POOL_NO_CACHE leave it 0");
	options = none;
	options.cache_size = 65537;
	try_options(space, options, "vfa_pool_options: cache_size is 65537", "give 65536 or less");
	options = none;
	for (uint32_t alignment = 1; alignment <= 8192; alignment *= 2) {
		options.alignment = alignment > 32 && alignment < 8192 ? alignment + 1 : alignment;
		try_options(space, options, vfa_error_last()->message, NULL);
		assert_non_null(strstr(vfa_error_last()->message, "alignment"));
	}
	options = none;
	options.max_count = 7;
	try_options(space, options, "vfa_pool_options: max_count is 7",
		    "give at least the count to start with, or 0");
	options.max_count = 9;
	buffer.map = &map;
	options.buffer = &buffer;
	try_options(space, options, "vfa_pool_options: max_count is 9",
		    "a pool at a fixed IOVA cannot grow");
	options = none;
	options.struct_size = 8;
	try_options(space, options, "vfa_pool_options: struct_size is 8, not 32", NULL);
	close_space(space);
}

static void senseless_sizes_are_refused(void **state)
{
	struct space space = open_space(state);
	struct vfa_pool *pool = NULL;

	assert_fails(vfa_pool_new(space.container, 0, 1, NULL, &pool), EINVAL, EMPTY);
	assert_fails(vfa_pool_new(space.container, 1, 0, NULL, &pool), EINVAL, EMPTY);
	assert_fails(vfa_pool_new(space.container, SIZE_MAX, 1, NULL, &pool), EINVAL, WRAPPED);
	assert_fails(vfa_pool_new(space.container, PAGE, SIZE_MAX, NULL, &pool), ENOMEM, NO_MEMORY);
	assert_fails(vfa_pool_new(space.container, 1, SIZE_MAX / 8, NULL, &pool), ENOMEM,
		     NO_MEMORY);
	assert_fails(vfa_pool_new(space.container, 1ull << 40, 1 << 24, NULL, &pool), ENOMEM,
		     NO_MEMORY);
	assert_fails(vfa_pool_new(NULL, PAGE, 1, NULL, &pool), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pool_new(space.container, PAGE, 1, NULL, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pool_get(NULL, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pool_flush(NULL), EINVAL, BAD_ARGUMENT);
	assert_null(pool);
	close_space(space);
}

static void map_options_are_heeded_by_each_buffer(void **state)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct vfa_buffer_options buffer = VFA_BUFFER_OPTIONS_INIT;
	struct vfa_map_options map = VFA_MAP_OPTIONS_INIT;
	struct space space = open_space(state);
	struct vfa_pool *pool;
	struct vfa_piece pieces[8];
	struct fake_mapping mapping;

	map.iova_max = 0xffffff;
	map.access = VFA_ACCESS_WRITE;
	options.max_count = 8;
	buffer.map = &map;
	options.buffer = &buffer;
	pool = new_pool(space, PAGE, 4, &options);
	memset(&map, 0xff, sizeof(map)); /* it was copied */
	assert_ok(vfa_pool_get_many(pool, pieces, 8));
	for (size_t i = 0; fake_get_mapping(i, &mapping); i++) {
		assert_true(mapping.iova + mapping.size <= 0x1000000);
		assert_true(mapping.writable && !mapping.readable);
	}
	assert_int_equal(fake_count_mappings(), 2);
	assert_ok(vfa_pool_put_many(pool, pieces, 8));
	vfa_pool_free(pool);

	map = at(0x100000);
	options.max_count = 0;
	pool = new_pool(space, PAGE, 4, &options);
	assert_int_equal(get(pool).iova, 0x100000);
	vfa_pool_free(pool);
	close_space(space);
}

static void a_pool_needs_a_device(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_pool *pool = NULL;

	assert_fails(vfa_pool_new(container, PAGE, 1, NULL, &pool), ENODEV, WRONG_ORDER);
	assert_null(pool);
	vfa_container_close(container);
}

static void a_pool_keeps_its_container(void **state)
{
	struct space space = open_space(state);
	struct vfa_pool *pool = new_pool(space, PAGE, 16, NULL);
	struct vfa_piece piece;

	vfa_container_close(space.container);
	piece = get(pool);
	check_mapped(space.container, &piece, PAGE);
	vfa_device_close(space.device);
	assert_true(fake_count_objects() > 0);
	assert_ok(vfa_pool_put(pool, piece.vaddr));
	vfa_pool_free(pool);
	assert_int_equal(fake_count_objects(), 0);
	memory_free(space.memory, MEMORY);
}

static void pieces_left_out_are_a_warning(void **state)
{
	struct machine *machine = *state;
	struct space space = open_space(state);
	struct vfa_pool *pool = new_pool(space, PAGE, 16, NULL);

	vfa_pool_free(pool);
	assert_null(strstr(machine->log, "not put back"));
	pool = new_pool(space, PAGE, 16, NULL);
	get(pool);
	get(pool);
	vfa_pool_free(pool);
	assert_non_null(
		strstr(machine->log, "a pool is freed with 2 of its 16 pieces not put back"));
	assert_int_equal(fake_count_mappings(), 0);
	close_space(space);
}

/* Takes all keys that the process has left; returns how many. */
static size_t take_keys(pthread_key_t *keys, size_t max)
{
	size_t count = 0;

	while (count < max && !pthread_key_create(&keys[count], NULL))
		count++;
	assert_true(count < max);
	return count;
}

static void without_a_key_there_is_no_cache(void **state)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct space space = open_space(state);
	struct vfa_pool *pool = NULL;
	static pthread_key_t keys[8192];
	size_t count = take_keys(keys, COUNT(keys));

	assert_fails(vfa_pool_new(space.container, PAGE, 16, NULL, &pool), EAGAIN, NO_MEMORY);
	assert_null(pool);
	options.flags = VFA_POOL_NO_CACHE;
	pool = new_pool(space, PAGE, 16, &options);
	assert_ok(vfa_pool_put(pool, get(pool).vaddr));
	assert_ok(vfa_pool_flush(pool));
	vfa_pool_free(pool);
	while (count--)
		pthread_key_delete(keys[count]);
	close_space(space);
}

static void pools_give_their_keys_back(void **state)
{
	struct space space = open_space(state);

	for (size_t i = 0; i < 2000; i++)
		vfa_pool_free(new_pool(space, 64, 8, NULL));
	close_space(space);
}

/* The model: which pieces are out. */
struct model {
	struct vfa_pool *pool;
	struct vfa_piece out[300];
	size_t count;
	uint32_t random;
};

static uint32_t dice(struct model *model, size_t sides)
{
	model->random = model->random * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(model->random >> 8) * sides >> 24);
}

static void stamp(struct vfa_piece *piece)
{
	assert_int_equal(*(uint64_t *)piece->vaddr, 0); /* nobody else has it */
	*(uint64_t *)piece->vaddr = piece->iova;
}

static void unstamp(struct vfa_piece *piece)
{
	assert_int_equal(*(uint64_t *)piece->vaddr, piece->iova);
	*(uint64_t *)piece->vaddr = 0;
}

static void model_get(struct model *model)
{
	size_t wanted = dice(model, 4) ? 1 : dice(model, 60),
	       room = COUNT(model->out) - model->count;
	struct vfa_piece *got = &model->out[model->count];
	int err;

	if (wanted > room)
		wanted = room;
	err = wanted == 1 ? vfa_pool_get(model->pool, got)
			  : vfa_pool_get_many(model->pool, got, wanted);
	assert_int_equal(err, model->count + wanted > 256 ? -ENOBUFS : 0);
	for (size_t i = 0; !err && i < wanted; i++, model->count++)
		stamp(&got[i]);
}

static void model_put(struct model *model)
{
	size_t wanted = dice(model, 4) ? 1 : dice(model, 60);

	if (wanted > model->count)
		wanted = model->count;
	for (size_t i = 0; i < wanted; i++) { /* any ones to the end */
		size_t last = model->count - 1 - i, other = dice(model, last + 1);
		struct vfa_piece piece = model->out[other];

		model->out[other] = model->out[last];
		model->out[last] = piece;
		unstamp(&piece);
	}
	model->count -= wanted;
	if (wanted == 1)
		assert_ok(vfa_pool_put(model->pool, model->out[model->count].vaddr));
	else
		assert_ok(vfa_pool_put_many(model->pool, &model->out[model->count], wanted));
	if (wanted)
		assert_fails(vfa_pool_put(model->pool, model->out[model->count].vaddr), EALREADY,
			     BAD_PIECE);
}

static void random_use_agrees_with_a_model(void **state)
{
	struct space space = open_space(state);

	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
		struct model model = { .random = seed };

		options.max_count = 256;
		options.cache_size = seed % 5 ? 1u << seed % 10 : 0;
		options.flags = seed == 20 ? VFA_POOL_NO_CACHE : 0;
		model.pool = new_pool(space, 64 + seed * 100, seed, &options);
		for (size_t i = 0; i < 4000; i++) {
			if (dice(&model, 100) < 47 + 6 * (i / 500 % 2))
				model_get(&model);
			else
				model_put(&model);
			if (!dice(&model, 50))
				assert_ok(vfa_pool_flush(model.pool));
			assert_int_equal(vfa_pool_count(model.pool) -
						 vfa_pool_count_free(model.pool),
					 model.count);
		}
		vfa_pool_free(model.pool);
	}
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(pieces_of_any_size_lie_apart_and_are_mapped),
		ON_BOTH(pieces_are_in_one_mapping),
		CASE(the_last_piece_put_is_got_first),
		CASE(all_pieces_can_be_out),
		ON_BOTH(a_pool_doubles_up_to_its_limit),
		ON_BOTH(a_pool_that_cannot_grow_goes_on_as_it_is),
		CASE(wrong_puts_are_refused_and_change_nothing),
		CASE(a_piece_put_twice_at_once_is_got_once),
		CASE(a_thread_whose_slot_is_taken_gets_it_later),
		CASE(many_are_got_and_put_all_or_none),
		CASE(senseless_options_are_refused),
		CASE(senseless_sizes_are_refused),
		ON_BOTH(map_options_are_heeded_by_each_buffer),
		ON_BOTH(a_pool_needs_a_device),
		ON_BOTH(a_pool_keeps_its_container),
		ON_BOTH(pieces_left_out_are_a_warning),
		CASE(without_a_key_there_is_no_cache),
		CASE(pools_give_their_keys_back),
		CASE(random_use_agrees_with_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
