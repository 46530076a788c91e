/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What every benchmark needs: a clock, random numbers, and figures, which are
 * measured in rounds and reported to run.sh as lines of words between tabs:
 *
 *	figure NAME VALUE UNIT BASELINE-NAME RATIO BASELINE LOW HIGH ROUNDS
 *	skip NAME REASON
 *	note TEXT
 *	progress TEXT
 */

#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define PAGE 4096ull

/** bench_start() - take over what run.sh asks for: [--quick] [--count] [NAME...] */
void bench_start(int argc, char **argv);

/** bench_wants() - whether a figure, which may be NULL, is asked for */
bool bench_wants(const char *name);

/** bench_is_quick() - fewer and smaller rounds, please */
bool bench_is_quick(void);

/** bench_unit() - what a clock's nanoseconds are: ns, or the guest's instructions */
const char *bench_unit(void);

static inline uint64_t bench_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline uint64_t bench_ns(void)
{
	return bench_clock(CLOCK_MONOTONIC);
}

/* For what only computes: the time that other processes take does not count. */
static inline uint64_t bench_cpu_ns(void)
{
	return bench_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* A congruential generator: few instructions, and its high bits are good enough. */
static inline uint32_t bench_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 32;
}

/* Without a division. */
static inline uint32_t bench_random_below(uint64_t *state, uint32_t limit)
{
	return (uint64_t)bench_random(state) * limit >> 32;
}

void bench_shuffle(uint64_t *state, uint32_t *numbers, size_t count);

#define BENCH_MAX_VALUES 1000

/** bench_median() - of up to BENCH_MAX_VALUES: what else the machine does shows in few of them */
double bench_median(const double *values, size_t count);

#define BENCH_MAX_ROUNDS 101

/*
 * A figure against its baseline. Both are measured in each round, one after the other and
 * in turn the one and the other first, so that the ratio of a round does not see how
 * fast the machine is just now. Reported is the median of these ratios.
 */
struct figure {
	const char *name;
	const char *unit;
	const char *baseline;
	size_t rounds;
	double value[BENCH_MAX_ROUNDS];
	double base[BENCH_MAX_ROUNDS];
};

void figure_add(struct figure *figure, double value, double base);
void figure_report(const struct figure *figure);

/*
 * A figure of two threads means something only while the machine has two processors to
 * spare. So each round begins by looking whether it has, and does not count if not.
 */
struct parallel {
	struct figure figure;
	size_t wanted; /* rounds */
	size_t looks;
	double ratios[BENCH_MAX_ROUNDS]; /* of two threads that only count, to one */
};

/** parallel_next() - whether to measure a round now; false when there are enough, or no hope */
bool parallel_next(struct parallel *parallel);
void parallel_report(const struct parallel *parallel);

void bench_skip(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bench_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void bench_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** must() - end the program with libvfa's last error if a call fails */
#define must(call)                                                                                 \
	do {                                                                                       \
		int result_ = (call);                                                              \
                                                                                                   \
		if (result_ < 0)                                                                   \
			bench_fail(#call, result_);                                                \
	} while (0)

void bench_fail(const char *call, int result) __attribute__((noreturn));

/** bench_die() - end the program */
void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
