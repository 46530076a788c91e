/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * To get a piece of 4 KiB from a pool and to put it back, against a mempool of DPDK, in
 * one process and one thread. Both have as many pieces, and caches of the same
 * size; of both a burst is got, one by one, before it is put back: of one piece, as a
 * call that waits for its device does, and of many, as a ring is filled. No piece is
 * touched.
 */

#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mempool.h>
#include <sched.h>
#include <string.h>

#include "../bench.h"
#include "instant.h"

#define PIECES 8192
#define CACHE  256
#define MANY   32
#define PAIRS  3200000

/* EAL ties the thread to a processor, which may be a busy one. */
static struct rte_mempool *make_mempool(void)
{
	static char words[][24] = {
		"bench_pool",     "--no-huge",   "-m512",          "--no-pci",
		"--no-telemetry", "--no-shconf", "--iova-mode=va", "--log-level=error",
	};
	enum { COUNT = sizeof(words) / sizeof(words[0]) };
	struct rte_mempool *mempool = NULL;
	char *arguments[COUNT + 1] = {};
	cpu_set_t processors;

	for (int i = 0; i < COUNT; i++)
		arguments[i] = words[i];
	sched_getaffinity(0, sizeof(processors), &processors);
	if (rte_eal_init(COUNT, arguments) >= 0)
		mempool = rte_mempool_create("pieces", PIECES, PAGE, CACHE, 0, NULL, NULL, NULL,
					     NULL, SOCKET_ID_ANY, 0);
	sched_setaffinity(0, sizeof(processors), &processors);
	return mempool;
}

static struct vfa_pool *make_pool(struct instant *instant)
{
	struct vfa_pool_options options = VFA_POOL_OPTIONS_INIT;
	struct vfa_pool *pool;

	instant_open(instant);
	options.cache_size = CACHE;
	must(vfa_pool_new(instant->container, PAGE, PIECES, &options, &pool));
	return pool;
}

/* Nanoseconds for a get and a put. */
static double time_pool(struct vfa_pool *pool, int burst)
{
	uint64_t start = bench_cpu_ns();

	for (int i = 0; i < PAIRS / burst; i++) {
		struct vfa_piece pieces[MANY];

		for (int j = 0; j < burst; j++)
			must(vfa_pool_get(pool, &pieces[j]));
		for (int j = 0; j < burst; j++)
			must(vfa_pool_put(pool, pieces[j].vaddr));
	}
	return (double)(bench_cpu_ns() - start) / PAIRS;
}

static double time_mempool(struct rte_mempool *mempool, int burst)
{
	uint64_t start = bench_cpu_ns();

	for (int i = 0; i < PAIRS / burst; i++) {
		void *pieces[MANY];

		for (int j = 0; j < burst; j++)
			if (rte_mempool_get(mempool, &pieces[j]))
				bench_die("rte_mempool_get: empty");
		for (int j = 0; j < burst; j++)
			rte_mempool_put(mempool, pieces[j]);
	}
	return (double)(bench_cpu_ns() - start) / PAIRS;
}

static void measure(const char *name, struct vfa_pool *pool, struct rte_mempool *mempool, int burst)
{
	struct figure figure = { name, "ns", "rte_mempool of DPDK", 0, {}, {} };
	int rounds = bench_is_quick() ? 15 : 41;

	for (int i = 0; i < rounds; i++) {
		double value = i % 2 ? time_pool(pool, burst) : 0;
		double base = time_mempool(mempool, burst);

		figure_add(&figure, i % 2 ? value : time_pool(pool, burst), base);
	}
	figure_report(&figure);
}

int main(int argc, char **argv)
{
	struct rte_mempool *mempool;
	struct instant instant;
	struct vfa_pool *pool;

	bench_start(argc, argv);
	if (!bench_wants("pool_get_put") && !bench_wants("pool_get_put_burst"))
		return 0;
	mempool = make_mempool();
	if (!mempool) {
		bench_skip("pool_get_put", "DPDK does not start: %s", rte_strerror(rte_errno));
		bench_skip("pool_get_put_burst", "as pool_get_put");
		return 0;
	}
	pool = make_pool(&instant);
	if (bench_wants("pool_get_put"))
		measure("pool_get_put", pool, mempool, 1);
	if (bench_wants("pool_get_put_burst"))
		measure("pool_get_put_burst", pool, mempool, MANY);
	vfa_pool_free(pool);
	instant_close(&instant);
	rte_mempool_free(mempool);
	rte_eal_cleanup();
	return 0;
}
