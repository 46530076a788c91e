/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The index against a list of ranges, of which the first that has an address wins. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iova/index.h"

#define PAGE  0x1000ull
#define SPANS 64
#define STEPS 4000
#define LOOKS 40

struct span {
	struct vfa_iova_range range;
	uint64_t word;
};

struct model {
	struct index index;
	struct span spans[SPANS]; /* in the order they came */
	size_t count;
	uint64_t random;
};

/* The same numbers in every run. */
static uint64_t draw(struct model *model, uint64_t below)
{
	model->random = model->random * 6364136223846793005ull + 1442695040888963407ull;
	return (model->random >> 33) % below;
}

/* Near one of a few places, among them the ends and the borders of the levels. */
static uint64_t draw_address(struct model *model)
{
	static const uint64_t places[] = { 0,          0x600000,   0x3ffe00000,  0x7f0000000000,
					   1ull << 48, 5ull << 48, -(1ull << 30) };
	uint64_t place = places[draw(model, sizeof(places) / sizeof(places[0]))];

	return place + draw(model, 3) * (draw(model, 2) ? 0x200000 : 0x400000000) +
	       draw(model, 1024) * PAGE;
}

static bool overlaps_any(const struct model *model, const struct vfa_iova_range *range)
{
	for (size_t i = 0; i < model->count; i++)
		if (range_overlaps(&model->spans[i].range, range))
			return true;
	return false;
}

static void add(struct model *model)
{
	static const uint64_t sizes[] = { PAGE, 0x200000, 0x40000000, 0x400000000 };
	uint64_t size = sizes[draw(model, 4)] * (1 + draw(model, 3)) + draw(model, 3) * PAGE;
	struct span *span = &model->spans[model->count];

	if (model->count == SPANS)
		return;
	if (!range_from_size(draw_address(model), size, &span->range))
		return;
	if (overlaps_any(model, &span->range))
		return;
	span->word = draw(model, 1 << 20) << 40 | INDEX_WORD;
	assert_int_equal(index_reserve(&model->index, &span->range), 0);
	assert_true(index_fill(&model->index, &span->range, span->word));
	model->count++;
}

static void drop(struct model *model)
{
	size_t i;

	if (!model->count)
		return;
	i = draw(model, model->count);
	index_erase(&model->index, &model->spans[i].range, model->spans[i].word);
	model->spans[i] = model->spans[--model->count];
}

/* The word of the page that has an address, as the list knows it. */
static uint64_t expected(const struct model *model, uint64_t address)
{
	uint64_t page = address & -PAGE;

	for (size_t i = 0; i < model->count; i++) {
		const struct span *span = &model->spans[i];

		if (span->range.start <= page && page <= span->range.last)
			return span->word + model->index.step * (page - span->range.start);
	}
	return 0;
}

static uint64_t found(const struct model *model, uint64_t address)
{
	uint64_t mask, word = index_lookup(&model->index, address, &mask);

	return word ? word + model->index.step * ((address & mask) & -PAGE) : 0;
}

static void look(struct model *model)
{
	uint64_t address = draw_address(model);

	if (model->count && draw(model, 2)) {
		const struct vfa_iova_range *range = &model->spans[draw(model, model->count)].range;
		const uint64_t edges[] = { range->start - 1, range->start, range->last,
					   range->last + 1,
					   range->start + (range->last - range->start) / 2 };

		address = edges[draw(model, 5)];
	}
	assert_true(found(model, address) == expected(model, address));
}

static void check_first(struct model *model)
{
	struct vfa_iova_range range = { draw_address(model), draw_address(model) };
	uint64_t lowest = 0, first = 0;
	bool any = false;

	if (range.start > range.last)
		return;
	for (size_t i = 0; i < model->count; i++) {
		const struct vfa_iova_range *span = &model->spans[i].range;
		uint64_t start = span->start > range.start ? span->start : range.start;

		if (range_overlaps(span, &range) && (!any || start < lowest)) {
			lowest = start;
			any = true;
		}
	}
	assert_int_equal(index_first(&model->index, &range, &first), any);
	if (any)
		assert_true(first == lowest);
}

static void play(uint64_t step)
{
	struct model model = { .random = 1 };

	index_init(&model.index, step);
	for (size_t i = 0; i < STEPS; i++) {
		if (draw(&model, 100) < 55)
			add(&model);
		else
			drop(&model);
		for (size_t j = 0; j < LOOKS; j++)
			look(&model);
		check_first(&model);
	}
	while (model.count)
		drop(&model);
	check_first(&model);
	index_clear(&model.index);
}

static void words_that_count_up_are_found(void **state)
{
	(void)state;
	play(1);
}

static void words_that_stay_are_found(void **state)
{
	(void)state;
	play(0);
}

static void put(struct index *index, uint64_t start, uint64_t size, uint64_t word, bool complete)
{
	const struct vfa_iova_range range = { start, start + size - 1 };

	assert_int_equal(index_reserve(index, &range), 0);
	assert_int_equal(index_fill(index, &range, word), complete);
}

static void erase(struct index *index, uint64_t start, uint64_t size, uint64_t word)
{
	index_erase(index, &(struct vfa_iova_range){ start, start + size - 1 }, word);
}

static void what_is_there_stays(void **state)
{
	const uint64_t large = 0x200000, one = 1ull << 40 | INDEX_WORD,
		       two = 2ull << 40 | INDEX_WORD;
	struct model model = { .count = 0 };

	(void)state;
	index_init(&model.index, 1);
	put(&model.index, large + PAGE, PAGE, one, true);
	put(&model.index, large, large, two, false); /* all but that page */
	assert_true(found(&model, large) == two);
	assert_true(found(&model, large + PAGE) == one);
	assert_true(found(&model, large + 2 * PAGE) == two + 2 * PAGE);
	erase(&model.index, large + PAGE, PAGE, one);
	assert_true(found(&model, large + PAGE) == 0);
	put(&model.index, large, large, two, true); /* its own words are no obstacle */
	assert_true(found(&model, large + PAGE) == two + PAGE);
	put(&model.index, large + PAGE, PAGE, one, false);
	erase(&model.index, large + PAGE, PAGE, one); /* takes nothing of another's */
	assert_true(found(&model, large + PAGE) == two + PAGE);
	erase(&model.index, large, large, two);
	assert_false(index_first(&model.index, &range_everything, &(uint64_t){ 0 }));
	index_clear(&model.index);
}

/* A node that serves elsewhere is one that readers are told of. */
static void nodes_are_used_again_and_readers_told(void **state)
{
	const uint64_t word = 1ull << 40 | INDEX_WORD;
	struct model model = { .count = 0 };
	uint64_t moves;

	(void)state;
	index_init(&model.index, 1);
	put(&model.index, 0, PAGE, word, true);
	moves = index_moves(&model.index);
	erase(&model.index, 0, PAGE, word);
	assert_true(index_moves(&model.index) > moves);
	assert_int_equal(model.index.spares[0].count, 1);
	put(&model.index, 0x200000, PAGE, word, true);
	assert_int_equal(model.index.spares[0].count, 0);
	assert_true(found(&model, 0) == 0);
	assert_true(found(&model, 0x200000) == word);
	index_clear(&model.index);
}

static void an_empty_index_has_nothing(void **state)
{
	struct model model = { .count = 0 };
	uint64_t first;

	(void)state;
	index_init(&model.index, 0);
	assert_true(found(&model, 0) == 0);
	assert_true(found(&model, UINT64_MAX) == 0);
	assert_false(index_first(&model.index, &range_everything, &first));
	index_clear(&model.index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_count_up_are_found),
		cmocka_unit_test(words_that_stay_are_found),
		cmocka_unit_test(what_is_there_stays),
		cmocka_unit_test(nodes_are_used_again_and_readers_told),
		cmocka_unit_test(an_empty_index_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
