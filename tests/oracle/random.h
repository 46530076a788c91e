/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Numbers that a seed repeats (splitmix64). */

#ifndef ORACLE_RANDOM_H
#define ORACLE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_bits(struct random *random)
{
	uint64_t bits = random->state += 0x9e3779b97f4a7c15;

	bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
	bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
	return bits ^ (bits >> 31);
}

static inline uint64_t random_below(struct random *random, uint64_t bound)
{
	return random_bits(random) % bound;
}

static inline bool random_once_in(struct random *random, uint64_t times)
{
	return !random_below(random, times);
}

/* From -@most to @most, as something to add. */
static inline uint64_t random_around(struct random *random, uint64_t most)
{
	return random_below(random, 2 * most + 1) - most;
}

/* Of any magnitude: as many small numbers as large ones. */
static inline uint64_t random_magnitude(struct random *random)
{
	return random_bits(random) >> random_below(random, 64);
}

#endif
