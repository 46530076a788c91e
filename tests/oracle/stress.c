/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "oracle/stress.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "oracle/random.h"

#define CHURNERS 3
#define READERS  3
#define SLICE    16          /* pages of a churner; the memory begins with as many that stay */
#define HANDOVER (SLICE - 1) /* a churner's last: always mapped, but not always at one place */
#define PLACES   2           /* where a churner may have a page */
#define BASE     0x10000000ull
#define AREA     0x1000000ull /* of IOVAs for each churner */
#define PLACE    0x800000ull
#define LONGEST  4 /* pages that are mapped at once */

struct stress {
	const struct stress_plan *plan;
	atomic_uint failures;
	atomic_uint churning; /* threads that are not done */
	atomic_ullong answers;
};

/* A page at a place; all pages of one mapping have its handle. */
struct churner {
	struct stress *stress;
	struct random random;
	unsigned int number;
	struct vfa_mapping *at[PLACES][SLICE];
};

struct reader {
	struct stress *stress;
	struct random random;
};

/* A thread cannot leave by an assertion: it counts. */
static void expect(struct stress *stress, bool right, const char *what, uint64_t value)
{
	if (right)
		return;
	if (atomic_fetch_add(&stress->failures, 1) < 10)
		printf("# wrong: %s: %#llx; last failure of the thread: %s\n", what,
		       (unsigned long long)value, vfa_error_last()->message);
}

#define EXPECT(stress, condition, value)                                                           \
	expect((stress), (condition), #condition, (uint64_t)(value))

static char *stable_vaddr(const struct stress *stress, uint64_t page)
{
	return stress->plan->memory + page * stress->plan->page;
}

/* With gaps, so that there are many pieces. */
static uint64_t stable_iova(const struct stress *stress, uint64_t page)
{
	return BASE + 2 * page * stress->plan->page;
}

/*
 * Apart from each other, and from what stays mapped, so that whole nodes of the
 * library's index come and go, and serve one churner after another.
 */
static char *vaddr_of(const struct stress *stress, unsigned int churner, uint64_t page)
{
	if (page == HANDOVER)
		return stable_vaddr(stress, SLICE + churner);
	return stress->plan->memory + (churner + 1) * STRESS_STRIDE + page * stress->plan->page;
}

static uint64_t iova_of(const struct stress *stress, unsigned int churner, unsigned int place,
			uint64_t page)
{
	if (page == HANDOVER)
		return stable_iova(stress, SLICE + churner * PLACES + place);
	return BASE + (churner + 1) * AREA + place * PLACE + page * stress->plan->page;
}

/* Those who map. */

static bool is_free(const struct churner *churner, unsigned int place, uint64_t page,
		    uint64_t count)
{
	for (uint64_t i = page; i < page + count; i++)
		if (churner->at[place][i])
			return false;
	return true;
}

static void map(struct churner *churner, unsigned int place, uint64_t page, uint64_t count)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct stress *stress = churner->stress;
	struct vfa_mapping *mapping = NULL;
	int err;

	options.flags = VFA_MAP_FIXED;
	options.iova = iova_of(stress, churner->number, place, page);
	err = vfa_container_map(stress->plan->container, vaddr_of(stress, churner->number, page),
				count * stress->plan->page, &options, &mapping);
	EXPECT(stress, !err, err);
	for (uint64_t i = page; i < page + count; i++)
		churner->at[place][i] = mapping;
}

static void forget(struct churner *churner, unsigned int place, struct vfa_mapping *mapping)
{
	for (uint64_t i = 0; i < SLICE; i++)
		if (churner->at[place][i] == mapping)
			churner->at[place][i] = NULL;
}

static void unmap(struct churner *churner, unsigned int place, uint64_t page)
{
	struct vfa_mapping *mapping = churner->at[place][page];

	EXPECT(churner->stress, !vfa_mapping_unmap(mapping), page);
	forget(churner, place, mapping);
}

static void map_or_unmap(struct churner *churner)
{
	unsigned int place = random_below(&churner->random, PLACES);
	uint64_t count = 1 + random_below(&churner->random, LONGEST);
	uint64_t page = random_below(&churner->random, HANDOVER - count + 1);

	if (churner->at[place][page])
		unmap(churner, place, page);
	else if (is_free(churner, place, page, count))
		map(churner, place, page, count);
}

/* All that lies at one place, but for the last page. */
static void unmap_range(struct churner *churner, unsigned int place)
{
	struct stress *stress = churner->stress;
	int err = vfa_container_unmap(stress->plan->container,
				      iova_of(stress, churner->number, place, 0),
				      HANDOVER * stress->plan->page);

	EXPECT(stress, err == (is_free(churner, place, 0, HANDOVER) ? -ENOENT : 0), err);
	for (uint64_t i = 0; i < HANDOVER; i++)
		churner->at[place][i] = NULL;
}

/* It is mapped at the other place before it goes from this one. */
static void hand_over(struct churner *churner)
{
	unsigned int place = churner->at[0][HANDOVER] ? 0 : 1;

	map(churner, !place, HANDOVER, 1);
	unmap(churner, place, HANDOVER);
}

static void use_buffer(struct churner *churner)
{
	struct stress *stress = churner->stress;
	struct vfa_container *container = stress->plan->container;
	struct vfa_buffer *buffer = NULL;
	uint64_t iova = 0;
	void *vaddr = NULL;

	EXPECT(stress, !vfa_buffer_alloc(container, LONGEST * stress->plan->page, NULL, &buffer),
	       0);
	if (!buffer)
		return;
	EXPECT(stress,
	       !vfa_container_find_iova(container, vfa_buffer_vaddr(buffer),
					vfa_buffer_size(buffer), &iova) &&
		       iova == vfa_buffer_iova(buffer),
	       iova);
	EXPECT(stress,
	       !vfa_container_find_vaddr(container, vfa_buffer_iova(buffer), 1, &vaddr) &&
		       vaddr == vfa_buffer_vaddr(buffer),
	       (uintptr_t)vaddr);
	vfa_buffer_free(buffer);
}

/* Nobody else changes these: the answer has to be what this thread did last. */
static void check_own(struct churner *churner)
{
	struct stress *stress = churner->stress;
	uint64_t page = random_below(&churner->random, SLICE), iova = 0;
	bool here = churner->at[0][page], there = churner->at[1][page];
	int err = vfa_container_find_iova(stress->plan->container,
					  vaddr_of(stress, churner->number, page), 1, &iova);

	EXPECT(stress, err == (here || there ? 0 : -ENOENT), err);
	EXPECT(stress,
	       err || (here && iova == iova_of(stress, churner->number, 0, page)) ||
		       (there && iova == iova_of(stress, churner->number, 1, page)),
	       iova);
}

static void *churn(void *data)
{
	struct churner *churner = data;
	struct stress *stress = churner->stress;

	for (uint64_t i = 0; i < stress->plan->rounds; i++) {
		switch (random_below(&churner->random, 16)) {
		case 0:
			unmap_range(churner, 0);
			unmap_range(churner, 1);
			break;
		case 1:
			use_buffer(churner);
			break;
		case 2:
		case 3:
			hand_over(churner);
			break;
		default:
			map_or_unmap(churner);
		}
		check_own(churner);
	}
	atomic_fetch_sub(&stress->churning, 1);
	return NULL;
}

/* Those who translate. */

static void ask_stable(struct reader *reader)
{
	struct stress *stress = reader->stress;
	uint64_t page = random_below(&reader->random, SLICE);
	uint64_t offset = random_below(&reader->random, stress->plan->page);
	uint64_t size = stress->plan->page - offset, iova = 0;
	void *vaddr = NULL;
	int err;

	err = vfa_container_find_iova(stress->plan->container, stable_vaddr(stress, page) + offset,
				      size, &iova);
	EXPECT(stress, !err && iova == stable_iova(stress, page) + offset, iova);
	err = vfa_container_find_vaddr(stress->plan->container, stable_iova(stress, page) + offset,
				       size, &vaddr);
	EXPECT(stress, !err && vaddr == stable_vaddr(stress, page) + offset, (uintptr_t)vaddr);
}

static bool is_at_a_place(const struct stress *stress, unsigned int churner, uint64_t page,
			  uint64_t iova)
{
	return iova == iova_of(stress, churner, 0, page) ||
	       iova == iova_of(stress, churner, 1, page);
}

/* What comes and goes is where it may be, or not there. */
static void ask_churned(struct reader *reader)
{
	struct stress *stress = reader->stress;
	unsigned int churner = random_below(&reader->random, CHURNERS);
	unsigned int place = random_below(&reader->random, PLACES);
	uint64_t page = random_below(&reader->random, HANDOVER);
	uint64_t size = 1 + random_below(&reader->random, 2 * stress->plan->page), iova = 0;
	void *vaddr = NULL;
	int err;

	err = vfa_container_find_iova(stress->plan->container, vaddr_of(stress, churner, page),
				      size, &iova);
	EXPECT(stress, !err || err == -ENOENT || (err == -ERANGE && size > stress->plan->page),
	       err);
	EXPECT(stress, err || is_at_a_place(stress, churner, page, iova), iova);
	err = vfa_container_find_vaddr(stress->plan->container,
				       iova_of(stress, churner, place, page), size, &vaddr);
	EXPECT(stress, !err || err == -ENOENT, err);
	EXPECT(stress, err || vaddr == vaddr_of(stress, churner, page), (uintptr_t)vaddr);
}

/* At any time it is mapped somewhere. */
static void ask_handed_over(struct reader *reader)
{
	struct stress *stress = reader->stress;
	unsigned int churner = random_below(&reader->random, CHURNERS);
	uint64_t iova = 0;
	int err = vfa_container_find_iova(stress->plan->container,
					  vaddr_of(stress, churner, HANDOVER), stress->plan->page,
					  &iova);

	EXPECT(stress, !err && is_at_a_place(stress, churner, HANDOVER, iova), iova);
}

static void ask_segments(struct reader *reader)
{
	struct stress *stress = reader->stress;
	unsigned int churner = random_below(&reader->random, CHURNERS);
	uint64_t page = random_below(&reader->random, HANDOVER - LONGEST), done = 0;
	struct vfa_segment segments[LONGEST];
	int count = vfa_container_segments(stress->plan->container, vaddr_of(stress, churner, page),
					   LONGEST * stress->plan->page, segments, LONGEST);

	EXPECT(stress, count == -ENOENT || (count >= 1 && count <= LONGEST), count);
	for (int i = 0; i < count; i++) {
		EXPECT(stress,
		       is_at_a_place(stress, churner, page + done / stress->plan->page,
				     segments[i].iova),
		       segments[i].iova);
		done += segments[i].size;
	}
	EXPECT(stress, count < 0 || done == LONGEST * stress->plan->page, done);
}

static void *read_all(void *data)
{
	struct reader *reader = data;
	unsigned long long answers = 0;

	while (atomic_load(&reader->stress->churning)) {
		ask_stable(reader);
		ask_churned(reader);
		ask_handed_over(reader);
		ask_segments(reader);
		answers += 6;
	}
	atomic_fetch_add(&reader->stress->answers, answers);
	return NULL;
}

/* Before and after. */

static void map_stable(struct stress *stress)
{
	for (uint64_t page = 0; page < SLICE; page++) {
		struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
		int err;

		options.flags = VFA_MAP_FIXED;
		options.iova = stable_iova(stress, page);
		err = vfa_container_map(stress->plan->container, stable_vaddr(stress, page),
					stress->plan->page, &options, NULL);
		EXPECT(stress, !err, err);
	}
}

static void compare(struct stress *stress, uint64_t iova, bool mapped)
{
	const struct stress_plan *plan = stress->plan;
	uint64_t done = 0;
	int err = direct_map(plan->kernel, plan->container, plan->memory, plan->page, iova);

	EXPECT(stress, err == (mapped ? -EEXIST : 0), iova);
	if (!err)
		err = direct_unmap(plan->kernel, plan->container, iova, plan->page, &done);
	EXPECT(stress, mapped || (!err && done == plan->page), iova);
}

static void compare_all(struct stress *stress, const struct churner *churners)
{
	for (uint64_t page = 0; page < SLICE; page++)
		compare(stress, stable_iova(stress, page), true);
	for (unsigned int i = 0; i < CHURNERS * PLACES * SLICE; i++) {
		unsigned int churner = i / SLICE / PLACES, place = i / SLICE % PLACES;

		compare(stress, iova_of(stress, churner, place, i % SLICE),
			churners[churner].at[place][i % SLICE]);
	}
}

static void start(pthread_t *thread, void *(*body)(void *), void *data)
{
	if (pthread_create(thread, NULL, body, data))
		abort();
}

static void run_threads(struct stress *stress, struct churner *churners)
{
	pthread_t threads[CHURNERS + READERS];
	struct reader readers[READERS];

	for (unsigned int i = 0; i < READERS; i++) {
		readers[i] = (struct reader){ .stress = stress, .random.state = CHURNERS + i };
		start(&threads[CHURNERS + i], read_all, &readers[i]);
	}
	for (unsigned int i = 0; i < CHURNERS; i++)
		start(&threads[i], churn, &churners[i]);
	for (unsigned int i = 0; i < CHURNERS + READERS; i++)
		pthread_join(threads[i], NULL);
}

unsigned int stress_run(const struct stress_plan *plan)
{
	struct stress stress = { .plan = plan, .churning = CHURNERS };
	struct churner churners[CHURNERS];

	map_stable(&stress);
	for (unsigned int i = 0; i < CHURNERS; i++) {
		churners[i] = (struct churner){
			.stress = &stress,
			.random.state = i,
			.number = i,
		};
		map(&churners[i], 0, HANDOVER, 1);
	}
	run_threads(&stress, churners);
	compare_all(&stress, churners);
	EXPECT(&stress, !vfa_container_unmap_all(plan->container), 0);
	printf("# %llu answers while %llu changes were made\n", (unsigned long long)stress.answers,
	       (unsigned long long)plan->rounds * CHURNERS);
	return stress.failures;
}
