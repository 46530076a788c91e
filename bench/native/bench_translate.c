/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Address to IOVA, by a call into the shared library, against a load from a flat array of as
 * many 8-byte entries, which is the least that any index could do. Both loops draw
 * the same random numbers and add up what they find; their iterations do not wait for
 * each other, so that a processor overlaps the misses of both alike. The pages were
 * mapped in a random order: neither index nor array can guess an entry from another.
 */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../bench.h"
#include "instant.h"

#define LOOKUPS 4000000u

struct table {
	struct instant instant;
	char *memory;
	uint64_t *iovas; /* the flat array */
	uint32_t pages;
};

static void open_table(struct table *table, uint32_t pages)
{
	uint32_t *order = malloc(pages * sizeof(*order));
	uint64_t random = 1;

	instant_open(&table->instant);
	table->pages = pages;
	table->memory = instant_reserve(pages);
	table->iovas = calloc(pages, sizeof(*table->iovas));
	if (!order || !table->iovas)
		bench_die("no memory");
	for (uint32_t i = 0; i < pages; i++)
		order[i] = i;
	bench_shuffle(&random, order, pages);
	for (uint32_t i = 0; i < pages; i++) {
		struct vfa_mapping *mapping;

		must(vfa_container_map(table->instant.container, table->memory + order[i] * PAGE,
				       PAGE, NULL, &mapping));
		table->iovas[order[i]] = vfa_mapping_iova(mapping);
	}
	free(order);
}

static void close_table(struct table *table)
{
	instant_close(&table->instant);
	munmap(table->memory, table->pages * PAGE);
	free(table->iovas);
}

static uint64_t add_translated(const struct table *table, uint64_t random)
{
	struct vfa_container *container = table->instant.container;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < LOOKUPS; i++) {
		uint32_t page = bench_random_below(&random, table->pages);
		uint64_t iova = 0;

		vfa_container_find_iova(container, table->memory + page * PAGE, PAGE, &iova);
		sum += iova;
	}
	return sum;
}

static uint64_t add_loaded(const struct table *table, uint64_t random)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < LOOKUPS; i++) {
		uint32_t page = bench_random_below(&random, table->pages);

		sum += table->iovas[page];
	}
	return sum;
}

/* Nanoseconds for one look-up. */
static double time_of(uint64_t (*add)(const struct table *, uint64_t), const struct table *table,
		      uint64_t random, uint64_t *sum)
{
	uint64_t start = bench_cpu_ns();

	*sum = add(table, random);
	return (double)(bench_cpu_ns() - start) / LOOKUPS;
}

static size_t rounds(void)
{
	return bench_is_quick() ? 9 : 21;
}

static void measure(const struct table *table, const char *name)
{
	struct figure figure = { name, "ns", "load from an array", 0, {}, {} };
	uint64_t translated, loaded;
	double value, base;

	for (size_t i = 0; i < rounds(); i++) {
		if (i % 2)
			value = time_of(add_translated, table, i, &translated);
		base = time_of(add_loaded, table, i, &loaded);
		if (i % 2 == 0)
			value = time_of(add_translated, table, i, &translated);
		if (translated != loaded)
			bench_die("%s: a translation is wrong", name);
		figure_add(&figure, value, base);
	}
	figure_report(&figure);
}

struct reader {
	pthread_t thread;
	pthread_barrier_t *barrier;
	uint64_t (*work)(const struct table *table, uint64_t random);
	const struct table *table;
	uint64_t random;
	uint64_t start;
	uint64_t end;
	uint64_t sum;
};

/* No memory and no library: whether the machine runs two threads at once at all. */
static uint64_t add_numbers(const struct table *table, uint64_t random)
{
	uint64_t sum = 0;

	(void)table;
	for (uint32_t i = 0; i < 4 * LOOKUPS; i++)
		sum += bench_random(&random);
	return sum;
}

static void *read_all(void *data)
{
	struct reader *reader = data;

	pthread_barrier_wait(reader->barrier);
	reader->start = bench_ns();
	reader->sum = reader->work(reader->table, reader->random);
	reader->end = bench_ns();
	return NULL;
}

/* Milliseconds from the first start to the last end. */
static double time_threads(size_t count, uint64_t (*work)(const struct table *, uint64_t),
			   const struct table *table)
{
	struct reader readers[2];
	pthread_barrier_t barrier;
	uint64_t start = UINT64_MAX, end = 0;

	pthread_barrier_init(&barrier, NULL, count);
	for (size_t i = 0; i < count; i++) {
		readers[i] = (struct reader){ .barrier = &barrier, .work = work, .table = table };
		readers[i].random = i;
		if (pthread_create(&readers[i].thread, NULL, read_all, &readers[i]))
			bench_die("cannot start a thread");
	}
	for (size_t i = 0; i < count; i++) {
		pthread_join(readers[i].thread, NULL);
		start = readers[i].start < start ? readers[i].start : start;
		end = readers[i].end > end ? readers[i].end : end;
	}
	pthread_barrier_destroy(&barrier);
	return (double)(end - start) / 1e6;
}

static double time_against_one(uint64_t (*work)(const struct table *, uint64_t),
			       const struct table *table, bool two_first, double *one)
{
	double two = two_first ? time_threads(2, work, table) : 0;

	*one = time_threads(1, work, table);
	return two_first ? two : time_threads(2, work, table);
}

/* So much longer two threads that only count may take than one, lest the round not count. */
#define PARALLEL 1.1
#define LEAST    5

/*
 * Two readers can be told from one only while the machine has two processors to spare, so
 * each round begins by looking whether it has.
 */
static void measure_threads(const struct table *table)
{
	struct figure figure = { "translate_2_threads", "ms", "one reader", 0, {}, {} };
	struct figure control = { NULL, "ms", "one thread", 0, {}, {} };
	size_t tries = 4 * rounds();

	for (size_t i = 0; i < tries && figure.rounds < rounds(); i++) {
		double one, two = time_against_one(add_numbers, table, i % 2, &one);

		figure_add(&control, two, one);
		if (two > PARALLEL * one)
			continue;
		two = time_against_one(add_translated, table, i % 2, &one);
		figure_add(&figure, two, one);
	}
	if (figure.rounds < LEAST)
		bench_skip(figure.name,
			   "no two processors to spare: two threads that only count take %.2f of "
			   "the time of one",
			   figure_ratio(&control));
	else
		figure_report(&figure);
	if (figure.rounds >= LEAST)
		bench_note("two threads that only count take %.2f of the time of one; %zu rounds "
			   "of %zu did not count",
			   figure_ratio(&control), control.rounds - figure.rounds, control.rounds);
}

int main(int argc, char **argv)
{
	struct table table;

	bench_start(argc, argv);
	if (bench_wants("translate_1k")) {
		open_table(&table, 1000);
		measure(&table, "translate_1k");
		close_table(&table);
	}
	if (!bench_wants("translate_1m") && !bench_wants("translate_2_threads"))
		return 0;
	open_table(&table, 1000000);
	if (bench_wants("translate_1m"))
		measure(&table, "translate_1m");
	if (bench_wants("translate_2_threads"))
		measure_threads(&table);
	close_table(&table);
	return 0;
}
