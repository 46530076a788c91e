/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * To allocate a range of IOVAs and free another, with a million live against a
 * thousand. Most are of 1 to 16 pages, one in 64 is of 2 MiB and so aligned. Half
 * of the steps free the range that was allocated last, as a driver does with each
 * request; the other half free one at random, as a long life does. Before anything is
 * measured every range was replaced once on average, so that the gaps are as they come.
 */

#include <stdlib.h>

#include "../bench.h"
#include "iova/gaps.h"

#define MANY  1000000
#define FEW   1000
#define STEPS 100000

struct allocator {
	struct iova_gaps gaps;
	uint64_t random;
	size_t live;
	struct vfa_iova_range *ranges;
	struct vfa_iova_range *next; /* to be replaced */
};

static void allocate(struct allocator *allocator, struct vfa_iova_range *ret)
{
	uint32_t number = bench_random(&allocator->random);
	bool large = number % 64 == 0;
	struct iova_wish wish = {
		.size = large ? 2 << 20 : (number / 64 % 16 + 1) * PAGE,
		.min = PAGE,
		.max = (1ull << 48) - 1,
		.alignment = large ? 2 << 20 : PAGE,
	};

	if (!gaps_find(&allocator->gaps, &wish, &ret->start))
		bench_die("no free IOVA");
	ret->last = ret->start + wish.size - 1;
	gaps_take(&allocator->gaps, ret);
}

static void release(struct allocator *allocator, const struct vfa_iova_range *range)
{
	gaps_give(&allocator->gaps, range);
}

/* The caller's own memory is not what is measured: it is fetched a step ahead. */
static void replace_one(struct allocator *allocator)
{
	struct vfa_iova_range *range = allocator->next;

	allocator->next =
		&allocator->ranges[bench_random_below(&allocator->random, allocator->live)];
	__builtin_prefetch(allocator->next);
	release(allocator, range);
	allocate(allocator, range);
}

static void fill(struct allocator *allocator, size_t live)
{
	allocator->random = live;
	allocator->live = live;
	allocator->ranges = calloc(live, sizeof(*allocator->ranges));
	if (!allocator->ranges || gaps_init(&allocator->gaps) ||
	    gaps_reserve(&allocator->gaps, live + 1))
		bench_die("no memory");
	for (size_t i = 0; i < live; i++)
		allocate(allocator, &allocator->ranges[i]);
	allocator->next = allocator->ranges;
	for (size_t i = 0; i < live; i++)
		replace_one(allocator);
}

static void empty(struct allocator *allocator)
{
	gaps_clear(&allocator->gaps);
	free(allocator->ranges);
}

/* Nanoseconds for an allocation and a release. */
static double time_steps(struct allocator *allocator)
{
	uint64_t start = bench_cpu_ns();

	for (size_t i = 0; i < STEPS; i += 2) {
		struct vfa_iova_range last;

		allocate(allocator, &last);
		release(allocator, &last);
		replace_one(allocator);
	}
	return (double)(bench_cpu_ns() - start) / STEPS;
}

int main(int argc, char **argv)
{
	struct figure figure = { "iova_alloc_1m", "ns", "1,000 live", 0, {}, {} };
	struct allocator many, few;
	int rounds;

	bench_start(argc, argv);
	if (!bench_wants(figure.name))
		return 0;
	rounds = bench_is_quick() ? 9 : 31;
	fill(&many, MANY);
	fill(&few, FEW);
	for (int i = 0; i < rounds; i++) {
		double value = i % 2 ? time_steps(&many) : 0;
		double base = time_steps(&few);

		figure_add(&figure, i % 2 ? value : time_steps(&many), base);
	}
	figure_report(&figure);
	empty(&many);
	empty(&few);
	return 0;
}
