/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vfa/error.h>

static char **chosen;
static bool is_quick;

void bench_start(int argc, char **argv)
{
	(void)argc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	chosen = argv + 1;
	if (*chosen && !strcmp(*chosen, "--quick")) {
		is_quick = true;
		chosen++;
	}
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
	double sorted[BENCH_MAX_ROUNDS];

	memcpy(sorted, values, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	return sorted[(count - 1) * quarters / 4];
}

static double ratio_quartile(const struct figure *figure, int quarters)
{
	double ratios[BENCH_MAX_ROUNDS];

	for (size_t i = 0; i < figure->rounds; i++)
		ratios[i] = figure->value[i] / figure->base[i];
	return quartile(ratios, figure->rounds, quarters);
}

double figure_ratio(const struct figure *figure)
{
	return ratio_quartile(figure, 2);
}

void figure_report(const struct figure *figure)
{
	size_t rounds = figure->rounds;

	printf("figure\t%s\t%.2f\t%s\t%s\t%.3f\t%.2f\t%.3f\t%.3f\t%zu\n", figure->name,
	       quartile(figure->value, rounds, 2), figure->unit, figure->baseline,
	       figure_ratio(figure), quartile(figure->base, rounds, 2), ratio_quartile(figure, 1),
	       ratio_quartile(figure, 3), rounds);
}

static void say(const char *kind, const char *name, const char *format, va_list arguments)
{
	char text[256];

	vsnprintf(text, sizeof(text), format, arguments);
	printf("%s\t%s%s%s\n", kind, name, *name ? "\t" : "", text);
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
