/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* One pool, many threads. Run it under ThreadSanitizer too. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "fixture.h"

#define THREADS 8
#define ROUNDS  3000
#define CACHE   16

struct shared {
	struct vfa_pool *pool;
	size_t threads;
	pthread_barrier_t step;
	atomic_uint next; /* gives each thread a part */
	atomic_uint failures;
	pthread_key_t key;

	pthread_mutex_t lock; /* of a queue between threads */
	pthread_cond_t changed;
	struct vfa_piece queue[64];
	size_t queued, producers;
};

/* Assertions would leave the thread: count instead. */
static void expect(struct shared *shared, int ok, const char *what)
{
	if (ok)
		return;
	atomic_fetch_add(&shared->failures, 1);
	fprintf(stderr, "%s: %s\n", what, vfa_error_last()->message);
}

#define EXPECT(condition) expect(shared, (condition), #condition)

static void start(struct shared *shared, struct space space, size_t count,
		  const struct vfa_pool_options *options, size_t threads)
{
	memset(shared, 0, sizeof(*shared));
	shared->threads = threads;
	assert_ok(vfa_pool_new(space.container, 256, count, options, &shared->pool));
	pthread_barrier_init(&shared->step, NULL, (unsigned int)threads);
	pthread_mutex_init(&shared->lock, NULL);
	pthread_cond_init(&shared->changed, NULL);
}

/* The caller is one of the threads. */
static void run_threads(struct shared *shared, void *(*body)(void *))
{
	pthread_t threads[128];

	atomic_store(&shared->next, 1);
	for (size_t i = 1; i < shared->threads; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, body, shared), 0);
	if (body(shared))
		EXPECT(false);
	for (size_t i = 1; i < shared->threads; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(shared->failures, 0);
}

static void stop(struct shared *shared)
{
	assert_int_equal(vfa_pool_count_free(shared->pool), vfa_pool_count(shared->pool));
	vfa_pool_free(shared->pool);
	pthread_barrier_destroy(&shared->step);
	pthread_mutex_destroy(&shared->lock);
	pthread_cond_destroy(&shared->changed);
}

/* A piece has one user at a time, who owns its memory. */
static void use(struct shared *shared, const struct vfa_piece *piece)
{
	uint64_t *words = piece->vaddr;

	EXPECT(words[0] == 0);
	words[0] = piece->iova;
	words[1]++;
}

static void leave(struct shared *shared, const struct vfa_piece *piece)
{
	uint64_t *words = piece->vaddr;

	EXPECT(words[0] == piece->iova);
	words[0] = 0;
}

static void *get_and_put(void *data)
{
	struct shared *shared = data;
	struct vfa_piece pieces[40];

	for (size_t i = 0; i < ROUNDS / 10; i++) {
		size_t count = 1 + i % 40;

		EXPECT(!vfa_pool_get_many(shared->pool, pieces, count));
		for (size_t j = 0; j < count; j++)
			use(shared, &pieces[j]);
		for (size_t j = 0; j < count; j++)
			leave(shared, &pieces[j]);
		if (i % 2)
			EXPECT(!vfa_pool_put_many(shared->pool, pieces, count));
		for (size_t j = 0; !(i % 2) && j < count; j++)
			EXPECT(!vfa_pool_put(shared->pool, pieces[j].vaddr));
	}
	return NULL;
}

/* With just so many pieces that a get always finds one. */
static void a_piece_has_one_user_at_a_time(void **state)
{
	static const struct {
		uint32_t cache_size;
		size_t count;
	} pools[] = {
		{ 1, THREADS * 40 + (THREADS - 1) * 1 },
		{ CACHE, THREADS * 40 + (THREADS - 1) * CACHE },
		{ 100, THREADS * 40 + (THREADS - 1) * 100 },
		{ 0, 4096 },
	};
	struct space space = open_space(state);
	struct shared shared;

	for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;

		options.cache_size = pools[i].cache_size;
		start(&shared, space, pools[i].count, &options, THREADS);
		run_threads(&shared, get_and_put);
		stop(&shared);
	}
	close_space(space);
}

static void without_caches_no_free_piece_is_out_of_reach(void **state)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct space space = open_space(state);
	struct shared shared;

	options.flags = VFA_POOL_NO_CACHE;
	start(&shared, space, THREADS * 40, &options, THREADS);
	run_threads(&shared, get_and_put);
	stop(&shared);
	close_space(space);
}

static void threads_let_a_pool_grow(void **state)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct space space = open_space(state);
	struct shared shared;

	options.max_count = 100000;
	options.cache_size = CACHE;
	start(&shared, space, 1, &options, THREADS);
	run_threads(&shared, get_and_put);
	assert_true(vfa_pool_count(shared.pool) <= 2 * THREADS * (40 + CACHE));
	stop(&shared);
	close_space(space);
}

static void produce(struct shared *shared)
{
	for (size_t i = 0; i < ROUNDS; i++) {
		struct vfa_piece piece;
		int err = vfa_pool_get(shared->pool, &piece);

		EXPECT(!err);
		if (err)
			break;
		use(shared, &piece);
		pthread_mutex_lock(&shared->lock);
		while (shared->queued == 64)
			pthread_cond_wait(&shared->changed, &shared->lock);
		shared->queue[shared->queued++] = piece;
		pthread_cond_broadcast(&shared->changed);
		pthread_mutex_unlock(&shared->lock);
	}
	pthread_mutex_lock(&shared->lock);
	shared->producers--;
	pthread_cond_broadcast(&shared->changed);
	pthread_mutex_unlock(&shared->lock);
}

static bool consume_one(struct shared *shared, struct vfa_piece *ret)
{
	bool got;

	pthread_mutex_lock(&shared->lock);
	while (!shared->queued && shared->producers)
		pthread_cond_wait(&shared->changed, &shared->lock);
	got = shared->queued > 0;
	if (got)
		*ret = shared->queue[--shared->queued];
	pthread_cond_broadcast(&shared->changed);
	pthread_mutex_unlock(&shared->lock);
	return got;
}

static void *produce_or_consume(void *data)
{
	struct shared *shared = data;
	struct vfa_piece piece;

	if (atomic_fetch_add(&shared->next, 1) % 2) {
		produce(shared);
		return NULL;
	}
	while (consume_one(shared, &piece)) {
		leave(shared, &piece);
		EXPECT(!vfa_pool_put(shared->pool, piece.vaddr));
	}
	return NULL;
}

/* A piece is with a producer, in the queue, with a consumer, or in somebody's cache. */
static void producers_never_wait_for_consumers_caches(void **state)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct space space = open_space(state);
	struct shared shared;

	options.cache_size = CACHE;
	start(&shared, space, 64 + THREADS + (THREADS - 1) * CACHE, &options, THREADS);
	shared.producers = THREADS / 2;
	run_threads(&shared, produce_or_consume);
	stop(&shared);
	close_space(space);
}

static bool is_first(struct shared *shared)
{
	return atomic_fetch_sub(&shared->next, 1) == 1;
}

/* One thread has all there is, most of it in its cache, and puts one more. */
static void *hoard_or_want(void *data)
{
	struct shared *shared = data;
	struct vfa_piece pieces[32];

	if (is_first(shared)) {
		EXPECT(!vfa_pool_get_many(shared->pool, pieces, 16));
		for (size_t i = 0; i < 15; i++)
			EXPECT(!vfa_pool_put(shared->pool, pieces[i].vaddr));
		pthread_barrier_wait(&shared->step);
		pthread_barrier_wait(&shared->step);
		EXPECT(!vfa_pool_put(shared->pool, pieces[15].vaddr));
		pthread_barrier_wait(&shared->step);
		return NULL;
	}
	pthread_barrier_wait(&shared->step);
	EXPECT(vfa_pool_get(shared->pool, &pieces[0]) == -ENOBUFS);
	pthread_barrier_wait(&shared->step);
	pthread_barrier_wait(&shared->step);
	EXPECT(!vfa_pool_get_many(shared->pool, pieces, 32));
	EXPECT(!vfa_pool_put_many(shared->pool, pieces, 32));
	return NULL;
}

static void after_a_failed_get_the_next_put_shares_all(void **state)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct space space = open_space(state);
	struct shared shared;

	options.cache_size = 64;
	start(&shared, space, 32, &options, 2);
	run_threads(&shared, hoard_or_want);
	stop(&shared);
	close_space(space);
}

static void *put_and_end(void *data)
{
	struct shared *shared = data;
	struct vfa_piece piece;

	EXPECT(!vfa_pool_get(shared->pool, &piece));
	EXPECT(!vfa_pool_put(shared->pool, piece.vaddr));
	return NULL;
}

static void a_thread_that_ends_gives_its_cache_back(void **state)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct space space = open_space(state);
	struct vfa_piece pieces[CACHE];
	struct shared shared;
	pthread_t thread;

	options.cache_size = CACHE;
	start(&shared, space, CACHE, &options, 1);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(pthread_create(&thread, NULL, put_and_end, &shared), 0);
		pthread_join(thread, NULL);
		assert_ok(vfa_pool_get_many(shared.pool, pieces, CACHE));
		assert_ok(vfa_pool_put_many(shared.pool, pieces, CACHE));
		assert_ok(vfa_pool_flush(shared.pool));
	}
	assert_int_equal(shared.failures, 0);
	stop(&shared);
	close_space(space);
}

static void *flush_and_stay(void *data)
{
	struct shared *shared = data;
	struct vfa_piece pieces[CACHE];

	if (is_first(shared)) {
		put_and_end(shared);
		EXPECT(!vfa_pool_flush(shared->pool));
		pthread_barrier_wait(&shared->step);
		pthread_barrier_wait(&shared->step);
		return NULL;
	}
	pthread_barrier_wait(&shared->step);
	EXPECT(!vfa_pool_get_many(shared->pool, pieces, CACHE));
	EXPECT(!vfa_pool_put_many(shared->pool, pieces, CACHE));
	pthread_barrier_wait(&shared->step);
	return NULL;
}

static void a_flush_shares_what_a_thread_keeps(void **state)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct space space = open_space(state);
	struct shared shared;

	options.cache_size = CACHE;
	start(&shared, space, CACHE, &options, 2);
	run_threads(&shared, flush_and_stay);
	stop(&shared);
	close_space(space);
}

/* So many at a time that some share a slot, and know their caches by the key alone. */
static void *be_many(void *data)
{
	struct shared *shared = data;
	struct vfa_piece pieces[3];

	for (int i = 0; i < 20; i++) {
		for (int j = 0; j < 3; j++) {
			EXPECT(!vfa_pool_get(shared->pool, &pieces[j]));
			use(shared, &pieces[j]);
		}
		pthread_barrier_wait(&shared->step); /* all are out at once */
		for (int j = 0; j < 3; j++) {
			leave(shared, &pieces[j]);
			EXPECT(!vfa_pool_put(shared->pool, pieces[j].vaddr));
		}
	}
	return NULL;
}

static void many_threads_have_caches_of_their_own(void **state)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct space space = open_space(state);
	struct shared shared;

	options.cache_size = 4;
	start(&shared, space, 128 * 3 + 127 * 4, &options, 128);
	run_threads(&shared, be_many);
	stop(&shared);
	close_space(space);
}

/* Destroyed after the cache, for which the thread then gets another one. */
static void put_last(void *data)
{
	struct shared *shared = data;

	put_and_end(shared);
}

static void *leave_a_put_to_a_key(void *data)
{
	struct shared *shared = data;

	EXPECT(!pthread_setspecific(shared->key, shared));
	return put_and_end(shared);
}

static void puts_while_a_thread_ends_come_back_too(void **state)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct space space = open_space(state);
	struct shared shared;
	pthread_t thread;

	options.cache_size = CACHE;
	start(&shared, space, CACHE, &options, 1);
	assert_int_equal(pthread_key_create(&shared.key, put_last), 0);
	assert_int_equal(pthread_create(&thread, NULL, leave_a_put_to_a_key, &shared), 0);
	pthread_join(thread, NULL);
	pthread_key_delete(shared.key);
	assert_int_equal(shared.failures, 0);
	put_and_end(&shared);
	assert_int_equal(shared.failures, 0);
	stop(&shared);
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_piece_has_one_user_at_a_time),
		CASE(without_caches_no_free_piece_is_out_of_reach),
		ON_BOTH(threads_let_a_pool_grow),
		CASE(producers_never_wait_for_consumers_caches),
		CASE(after_a_failed_get_the_next_put_shares_all),
		CASE(a_thread_that_ends_gives_its_cache_back),
		CASE(a_flush_shares_what_a_thread_keeps),
		CASE(many_threads_have_caches_of_their_own),
		CASE(puts_while_a_thread_ends_come_back_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
