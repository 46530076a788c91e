/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "bench.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vfa/error.h>

static char **chosen;
static bool is_quick;
static bool is_counting;

void bench_start(int argc, char **argv)
{
	(void)argc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (chosen = argv + 1; *chosen && !strncmp(*chosen, "--", 2); chosen++) {
		is_quick |= !strcmp(*chosen, "--quick");
		is_counting |= !strcmp(*chosen, "--count");
	}
}

const char *bench_unit(void)
{
	return is_counting ? "instr" : "ns";
}

bool bench_wants(const char *name)
{
	if (!name || !*chosen)
		return name;
	for (char **wanted = chosen; *wanted; wanted++)
		if (!strcmp(*wanted, name))
			return true;
	return false;
}

bool bench_is_quick(void)
{
	return is_quick;
}

void bench_shuffle(uint64_t *state, uint32_t *numbers, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = bench_random_below(state, i);
		uint32_t number = numbers[i - 1];

		numbers[i - 1] = numbers[other];
		numbers[other] = number;
	}
}

void figure_add(struct figure *figure, double value, double base)
{
	if (figure->rounds == BENCH_MAX_ROUNDS)
		bench_die("%s: more than %d rounds", figure->name, BENCH_MAX_ROUNDS);
	figure->value[figure->rounds] = value;
	figure->base[figure->rounds] = base;
	figure->rounds++;
	if (bench_wants(figure->name))
		bench_progress("%s: round %zu", figure->name, figure->rounds);
}

static int compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* The value that so many quarters of the others do not exceed. */
static double quartile(const double *values, size_t count, int quarters)
{
	double sorted[BENCH_MAX_VALUES];

	memcpy(sorted, values, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	return sorted[(count - 1) * quarters / 4];
}

double bench_median(const double *values, size_t count)
{
	return quartile(values, count, 2);
}

static double ratio_quartile(const struct figure *figure, int quarters)
{
	double ratios[BENCH_MAX_ROUNDS];

	for (size_t i = 0; i < figure->rounds; i++)
		ratios[i] = figure->value[i] / figure->base[i];
	return quartile(ratios, figure->rounds, quarters);
}

void figure_report(const struct figure *figure)
{
	size_t rounds = figure->rounds;

	printf("figure\t%s\t%.2f\t%s\t%s\t%.3f\t%.2f\t%.3f\t%.3f\t%zu\n", figure->name,
	       quartile(figure->value, rounds, 2), figure->unit, figure->baseline,
	       ratio_quartile(figure, 2), quartile(figure->base, rounds, 2),
	       ratio_quartile(figure, 1), ratio_quartile(figure, 3), rounds);
}

static void say(const char *kind, const char *name, const char *format, va_list arguments)
{
	char text[256];

	vsnprintf(text, sizeof(text), format, arguments);
	printf("%s\t%s%s%s\n", kind, name, *name ? "\t" : "", text);
}

/* In registers alone: two threads have nothing to wait for but a processor. */
static void *count(void *data)
{
	uint64_t random = 1;

	for (uint32_t i = 0; i < 20000000; i++) {
		bench_random(&random);
		__asm__ volatile("" : "+r"(random)); /* which nobody can leave out */
	}
	return data;
}

/* How much longer two threads take than one. */
static double count_twice(void)
{
	uint64_t start = bench_ns(), middle, end;
	pthread_t thread;

	count(NULL);
	middle = bench_ns();
	if (pthread_create(&thread, NULL, count, NULL))
		bench_die("cannot start a thread");
	count(NULL);
	pthread_join(thread, NULL);
	end = bench_ns();
	return (double)(end - middle) / (middle - start);
}

#define ENOUGH_PARALLEL 1.1

bool parallel_next(struct parallel *parallel)
{
	while (parallel->looks < 4 * parallel->wanted && parallel->looks < BENCH_MAX_ROUNDS &&
	       parallel->figure.rounds < parallel->wanted) {
		double ratio = count_twice();

		parallel->ratios[parallel->looks++] = ratio;
		if (ratio <= ENOUGH_PARALLEL)
			return true;
		bench_progress("%s: waiting for a second processor", parallel->figure.name);
	}
	return false;
}

#define LEAST_ROUNDS 5

void parallel_report(const struct parallel *parallel)
{
	size_t rounds = parallel->figure.rounds;
	double ratio = quartile(parallel->ratios, parallel->looks, 2);

	if (rounds < LEAST_ROUNDS) {
		bench_skip(parallel->figure.name,
			   "two threads that only count take %.2f of the time of one: no two "
			   "processors to spare in %zu of %zu rounds",
			   ratio, parallel->looks - rounds, parallel->looks);
		return;
	}
	figure_report(&parallel->figure);
	bench_note("two threads that only count take %.2f of the time of one; %zu of %zu rounds "
		   "did not count",
		   ratio, parallel->looks - rounds, parallel->looks);
}

void bench_skip(const char *name, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("skip", name, format, arguments);
	va_end(arguments);
}

void bench_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("note", "", format, arguments);
	va_end(arguments);
}

void bench_progress(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("progress", "", format, arguments);
	va_end(arguments);
}

void bench_fail(const char *call, int result)
{
	bench_die("%s: %d: %s", call, result, vfa_error_last()->message);
}

void bench_die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}
