/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Address to IOVA, by a call into the shared library, against a load from a flat array of as
 * many 8-byte entries, which is the least that any index could do. Both loops draw
 * the same random numbers and add up what they find. The pages were mapped in a random
 * order: neither index nor array can guess an entry from another.
 *
 * Each step waits for what the one before it found, so that what is measured is how
 * long an answer takes. The overlapped figures are of steps that do not wait: there a
 * processor has the misses of a dozen loads under way at a time, and of as many
 * translations as fit in between.
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

static inline uint64_t translate_all(const struct table *table, uint64_t random, bool waits)
{
	struct vfa_container *container = table->instant.container;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < LOOKUPS; i++) {
		uint32_t page = bench_random_below(&random, table->pages);
		uint64_t iova = 0;

		vfa_container_find_iova(container, table->memory + page * PAGE, PAGE, &iova);
		sum += iova;
		random += waits ? iova % PAGE : 0; /* which is 0, but only the answer tells */
	}
	return sum;
}

static inline uint64_t load_all(const struct table *table, uint64_t random, bool waits)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < LOOKUPS; i++) {
		uint64_t iova = table->iovas[bench_random_below(&random, table->pages)];

		sum += iova;
		random += waits ? iova % PAGE : 0;
	}
	return sum;
}

static uint64_t add_translated(const struct table *table, uint64_t random)
{
	return translate_all(table, random, true);
}

static uint64_t add_loaded(const struct table *table, uint64_t random)
{
	return load_all(table, random, true);
}

static uint64_t add_translated_overlapped(const struct table *table, uint64_t random)
{
	return translate_all(table, random, false);
}

static uint64_t add_loaded_overlapped(const struct table *table, uint64_t random)
{
	return load_all(table, random, false);
}

typedef uint64_t (*adder)(const struct table *table, uint64_t random);

/* Nanoseconds for one look-up. */
static double time_of(adder add, const struct table *table, uint64_t random, uint64_t *sum)
{
	uint64_t start = bench_cpu_ns();

	*sum = add(table, random);
	return (double)(bench_cpu_ns() - start) / LOOKUPS;
}

static size_t rounds(void)
{
	return bench_is_quick() ? 9 : 21;
}

static void measure(const struct table *table, const char *name, adder translate, adder load)
{
	struct figure figure = { name, "ns", "load from an array", 0, {}, {} };
	uint64_t translated, loaded;
	double value, base;

	for (size_t i = 0; i < rounds(); i++) {
		if (i % 2)
			value = time_of(translate, table, i, &translated);
		base = time_of(load, table, i, &loaded);
		if (i % 2 == 0)
			value = time_of(translate, table, i, &translated);
		if (translated != loaded)
			bench_die("%s: a translation is wrong", name);
		figure_add(&figure, value, base);
	}
	figure_report(&figure);
}

struct reader {
	pthread_t thread;
	pthread_barrier_t *barrier;
	const struct table *table;
	uint64_t random;
	uint64_t start;
	uint64_t end;
	uint64_t sum;
};

static void *read_all(void *data)
{
	struct reader *reader = data;

	pthread_barrier_wait(reader->barrier);
	reader->start = bench_ns();
	reader->sum = add_translated(reader->table, reader->random);
	reader->end = bench_ns();
	return NULL;
}

/* Milliseconds from the first start to the last end. */
static double time_readers(size_t count, const struct table *table)
{
	struct reader readers[2];
	pthread_barrier_t barrier;
	uint64_t start = UINT64_MAX, end = 0;

	pthread_barrier_init(&barrier, NULL, count);
	for (size_t i = 0; i < count; i++) {
		readers[i] = (struct reader){ .barrier = &barrier, .table = table, .random = i };
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

static void measure_readers(const struct table *table)
{
	struct parallel parallel = { .wanted = rounds() };

	parallel.figure = (struct figure){ "translate_2_threads", "ms", "one reader", 0, {}, {} };
	while (parallel_next(&parallel)) {
		bool two_first = parallel.figure.rounds % 2;
		double two = two_first ? time_readers(2, table) : 0;
		double one = time_readers(1, table);

		figure_add(&parallel.figure, two_first ? two : time_readers(2, table), one);
	}
	parallel_report(&parallel);
}

/* Both ways, as far as they are wanted. */
static void measure_both(const struct table *table, const char *name, const char *overlapped)
{
	if (bench_wants(name))
		measure(table, name, add_translated, add_loaded);
	if (bench_wants(overlapped))
		measure(table, overlapped, add_translated_overlapped, add_loaded_overlapped);
}

int main(int argc, char **argv)
{
	struct table table;

	bench_start(argc, argv);
	open_table(&table, 1000);
	measure_both(&table, "translate_1k", "translate_1k_overlapped");
	close_table(&table);
	open_table(&table, 1000000);
	measure_both(&table, "translate_1m", "translate_1m_overlapped");
	if (bench_wants("translate_2_threads"))
		measure_readers(&table);
	close_table(&table);
	return 0;
}
