/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Readers of the index, without a lock, while its nodes come and go. */

#include <pthread.h>
#include <stdatomic.h>

#include "fixture.h"
#include "iova/index.h"
#include "oracle/random.h"

/*
 * Every address has a word that tells it, so that a reader who was sent to a node
 * which serves elsewhere meanwhile would see it.
 */

#define READERS 2
#define CHANGES 1000000
#define LIVE    24

struct race {
	struct index index;
	atomic_bool ended;
	atomic_ullong wrong;
	atomic_ullong found;
};

/* A few places for many ranges, each range in nodes of its own for the most part. */
static struct vfa_iova_range range_of(uint64_t number)
{
	static const uint64_t sizes[] = { PAGE, 3 * PAGE, 0x200000, 0x200000 + PAGE, 0x800000 };
	uint64_t start = number % 8 * 0x400000 + number / 8 * 0x800000000;

	return (struct vfa_iova_range){ start, start + (sizes[number % 5] - 1) };
}

static void change_one(struct race *race, bool *is_there, uint64_t number)
{
	struct vfa_iova_range range = range_of(number);

	for (uint64_t i = 0; i < LIVE; i++) {
		struct vfa_iova_range other = range_of(i);

		if (i != number && is_there[i] && range_overlaps(&other, &range))
			return;
	}
	if (is_there[number]) {
		index_erase(&race->index, &range, range.start | INDEX_WORD);
	} else if (index_reserve(&race->index, &range) ||
		   !index_fill(&race->index, &range, range.start | INDEX_WORD)) {
		atomic_fetch_add(&race->wrong, 1);
	}
	is_there[number] = !is_there[number];
}

static void *change_all(void *data)
{
	struct random random = { .state = 1 };
	bool is_there[LIVE] = { false };
	struct race *race = data;
	uint64_t changes = is_slow() ? CHANGES / 50 : CHANGES;

	for (uint64_t i = 0; i < changes; i++)
		change_one(race, is_there, random_below(&random, LIVE));
	atomic_store(&race->ended, true);
	return NULL;
}

/* As vfa/translation.h's functions do it. */
static void *read_all(void *data)
{
	struct random random = { .state = (uintptr_t)&random };
	unsigned long long found = 0;
	struct race *race = data;

	while (!atomic_load(&race->ended)) {
		struct vfa_iova_range range = range_of(random_below(&random, LIVE));
		uint64_t address = range.start + random_below(&random, 4) * PAGE;
		uint64_t moves = index_moves(&race->index), mask;
		uint64_t word = index_lookup(&race->index, address, &mask);

		if (!word || index_moves(&race->index) != moves)
			continue;
		found++;
		if (word + (address & mask) != (address | INDEX_WORD))
			atomic_fetch_add(&race->wrong, 1);
	}
	atomic_fetch_add(&race->found, found);
	return NULL;
}

static void readers_never_see_what_is_elsewhere(void **state)
{
	struct race race = { .ended = false };
	pthread_t threads[READERS + 1];

	(void)state;
	index_init(&race.index, 1);
	for (size_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_all, &race), 0);
	assert_int_equal(pthread_create(&threads[READERS], NULL, change_all, &race), 0);
	for (size_t i = 0; i <= READERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(race.wrong, 0);
	assert_true(race.found > 0);
	index_clear(&race.index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_never_see_what_is_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
