/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The gaps against a plain array of slots, of which each is free or taken. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iova/gaps.h"

#define SLOT  0x1000ull
#define SLOTS 512
#define MANY  16384 /* enough for a tree of three levels */
#define STEPS 20000

struct model {
	struct iova_gaps gaps;
	size_t slots;
	size_t taken;    /* ranges */
	size_t at[MANY]; /* 0 for free, or one more than the slot where its range starts */
	uint32_t random;
};

/* The same numbers in every run. */
static uint32_t draw(struct model *model, uint32_t below)
{
	model->random = model->random * 1664525 + 1013904223;
	return (model->random >> 8) % below;
}

static bool is_free(const struct model *model, size_t first, size_t slots)
{
	for (size_t i = first; i < first + slots; i++)
		if (i >= model->slots || model->at[i])
			return false;
	return true;
}

static void take(struct model *model, size_t first, size_t slots)
{
	const struct vfa_iova_range range = { first * SLOT, (first + slots) * SLOT - 1 };

	assert_int_equal(gaps_reserve(&model->gaps, ++model->taken), 0);
	gaps_take(&model->gaps, &range);
	for (size_t i = first; i < first + slots; i++)
		model->at[i] = first + 1;
}

/* All of the range that has the slot. */
static void give(struct model *model, size_t slot)
{
	size_t first = model->at[slot] - 1, end = first;

	for (; end < model->slots && model->at[end] == first + 1; end++)
		model->at[end] = 0;
	model->taken--;
	gaps_give(&model->gaps, &(struct vfa_iova_range){ first * SLOT, end * SLOT - 1 });
}

/* What a node promises of what is below it; returns its largest gap. */
static uint64_t check_node(const struct gaps_node *node, bool is_root, uint64_t *end, size_t *count)
{
	uint64_t largest = 0;

	assert_true(node->count <= GAPS_FAN);
	assert_true(is_root ? !node->height || node->count > 1 : node->count >= GAPS_LEAST);
	for (uint32_t i = 0; i < node->count; i++) {
		if (node->height) {
			const struct gaps_node *child = node->child[i];

			assert_int_equal(child->height, node->height - 1);
			assert_int_equal(node->start[i], child->start[0]);
			assert_int_equal(node->size[i], check_node(child, false, end, count));
		} else {
			assert_true(!*count || node->start[i] > *end); /* neighbours are one gap */
			assert_true(node->size[i]);
			*end = node->start[i] + node->size[i];
			++*count;
		}
		if (node->size[i] > largest)
			largest = node->size[i];
	}
	return largest;
}

/* The number of gaps, all right. */
static size_t check_gaps(const struct model *model)
{
	uint64_t end = 0;
	size_t count = 0;

	check_node(model->gaps.root, true, &end, &count);
	return count;
}

static void check_has(struct model *model)
{
	size_t first = draw(model, model->slots), slots = 1 + draw(model, 8);
	const struct vfa_iova_range range = { first * SLOT, (first + slots) * SLOT - 1 };

	if (first + slots <= model->slots)
		assert_int_equal(gaps_has(&model->gaps, &range), is_free(model, first, slots));
}

/* The lowest or highest slot that fits, by trying them all; model->slots for none. */
static size_t best(const struct model *model, const struct iova_wish *wish)
{
	size_t found = model->slots;

	for (size_t i = 0; i < model->slots; i++) {
		if (i * SLOT < wish->min || i * SLOT & (wish->alignment - 1) ||
		    i * SLOT + wish->size - 1 > wish->max || !is_free(model, i, wish->size / SLOT))
			continue;
		found = i;
		if (!wish->highest)
			break;
	}
	return found;
}

static void check_find(struct model *model)
{
	struct iova_wish wish = {
		.size = (1 + draw(model, 16)) * SLOT,
		.min = draw(model, model->slots) * SLOT,
		.alignment = SLOT << draw(model, 5),
		.highest = draw(model, 2),
	};
	uint64_t start = 0;
	size_t slot;
	bool found;

	wish.max = wish.min + draw(model, model->slots) * SLOT + SLOT - 1;
	if (wish.max >= model->slots * SLOT)
		wish.max = model->slots * SLOT - 1;
	slot = best(model, &wish);
	found = gaps_find(&model->gaps, &wish, &start);
	assert_int_equal(found, slot < model->slots);
	if (found)
		assert_int_equal(start, slot * SLOT);
}

static void change(struct model *model, uint32_t fill)
{
	size_t first = draw(model, model->slots), slots = 1 + draw(model, 8);

	if (model->at[first] && draw(model, 100) >= fill)
		give(model, first);
	else if (is_free(model, first, slots))
		take(model, first, slots);
}

static void start(struct model *model, size_t slots)
{
	memset(model, 0, sizeof(*model));
	model->slots = slots;
	model->random = 1;
	assert_int_equal(gaps_init(&model->gaps), 0);
}

static void stop(struct model *model)
{
	for (size_t i = 0; i < model->slots; i++)
		if (model->at[i])
			give(model, i);
	assert_int_equal(check_gaps(model), 1);
	assert_true(gaps_has(&model->gaps, &range_everything));
	gaps_clear(&model->gaps);
}

static void random_changes_keep_all_promises(void **state)
{
	struct model model;

	(void)state;
	start(&model, SLOTS);
	for (int step = 0; step < STEPS; step++) {
		change(&model, step * 100 / STEPS); /* fuller and fuller */
		check_gaps(&model);
		check_has(&model);
		check_find(&model);
	}
	stop(&model);
}

static void many_gaps_keep_all_promises(void **state)
{
	uint32_t highest = 0;
	struct model model;

	(void)state;
	start(&model, MANY);
	for (int step = 0; step < 4 * STEPS; step++) {
		change(&model, step * 100 / (4 * STEPS));
		if (step % 1000)
			continue;
		check_gaps(&model);
		check_has(&model);
		check_find(&model);
		if (model.gaps.root->height > highest)
			highest = model.gaps.root->height;
	}
	assert_int_equal(highest, 2);
	stop(&model);
}

static void neighbours_make_no_gaps(void **state)
{
	struct model model;

	(void)state;
	start(&model, SLOTS);
	for (size_t i = 0; i < SLOTS; i++)
		take(&model, i, 1);
	assert_int_equal(check_gaps(&model), 1);
	for (size_t i = 0; i < SLOTS; i += 2)
		give(&model, i);
	assert_int_equal(check_gaps(&model), SLOTS / 2 + 1);
	assert_int_equal(model.gaps.root->height, 1);
	stop(&model);
}

/* Many gaps of the right size, of which none is aligned: the one behind them is found. */
static void misaligned_gaps_do_not_hide_a_good_one(void **state)
{
	struct iova_wish wish = { 2 * SLOT, 0, UINT64_MAX, 2 * SLOT, false, false };
	struct model model;
	uint64_t found = 0;

	(void)state;
	start(&model, SLOTS);
	for (size_t i = 0; i + 3 < SLOTS; i += 4) {
		take(&model, i, 1);
		take(&model, i + 3, 1);
	}
	assert_true(gaps_find(&model.gaps, &wish, &found));
	assert_int_equal(found, SLOTS * SLOT);
	wish.max = SLOTS * SLOT - 1;
	assert_false(gaps_find(&model.gaps, &wish, &found));
	give(&model, 200);
	assert_true(gaps_find(&model.gaps, &wish, &found));
	assert_int_equal(found, 200 * SLOT);
	wish.highest = true;
	assert_true(gaps_find(&model.gaps, &wish, &found));
	assert_int_equal(found, 200 * SLOT);
	wish.max = UINT64_MAX;
	assert_true(gaps_find(&model.gaps, &wish, &found));
	assert_true(found == UINT64_MAX - 2 * SLOT + 1);
	stop(&model);
}

static void the_ends_of_the_space_are_used(void **state)
{
	const struct vfa_iova_range first = { 0, SLOT - 1 };
	const struct vfa_iova_range last = { UINT64_MAX - SLOT + 1, UINT64_MAX };
	struct iova_wish wish = { SLOT, last.start, UINT64_MAX, SLOT, false, false };
	struct vfa_iova_range around;
	struct iova_gaps gaps;
	uint64_t found = 0;

	(void)state;
	assert_int_equal(gaps_init(&gaps), 0);
	assert_int_equal(gaps_reserve(&gaps, 2), 0);
	assert_true(gaps_find(&gaps, &wish, &found));
	assert_true(found == last.start);
	gaps_take(&gaps, &last);
	assert_false(gaps_has(&gaps, &last));
	assert_false(gaps_find(&gaps, &wish, &found));
	wish.min = 0;
	gaps_take(&gaps, &first);
	assert_true(gaps_find(&gaps, &wish, &found));
	assert_int_equal(found, SLOT);
	wish.highest = true;
	assert_true(gaps_find(&gaps, &wish, &found));
	assert_true(found == UINT64_MAX - 2 * SLOT + 1);
	wish.max = 2 * SLOT - 1;
	assert_true(gaps_find(&gaps, &wish, &found));
	assert_int_equal(found, SLOT);
	wish.max--;
	assert_false(gaps_find(&gaps, &wish, &found));
	assert_false(gaps_around(&gaps, 0, &around));
	assert_true(gaps_around(&gaps, SLOT, &around));
	assert_int_equal(around.start, SLOT);
	assert_true(around.last == last.start - 1);
	gaps_give(&gaps, &first);
	gaps_give(&gaps, &last);
	assert_true(gaps_has(&gaps, &range_everything));
	gaps_take(&gaps, &range_everything);
	assert_int_equal(gaps.root->count, 0);
	assert_false(gaps_has(&gaps, &first));
	assert_false(gaps_find(&gaps, &wish, &found));
	gaps_give(&gaps, &range_everything);
	assert_true(gaps_has(&gaps, &range_everything));
	gaps_clear(&gaps);
}

/* Several in a row, given back at once, as a range unmap does. */
static void ranges_in_a_row_are_given_back_together(void **state)
{
	const struct vfa_iova_range both = { 4 * SLOT, 6 * SLOT - 1 };
	struct model model;

	(void)state;
	start(&model, SLOTS);
	take(&model, 3, 1);
	take(&model, 4, 1);
	take(&model, 5, 1);
	gaps_give(&model.gaps, &both);
	assert_true(gaps_has(&model.gaps, &both));
	assert_int_equal(check_gaps(&model), 2);
	model.at[4] = model.at[5] = 0;
	stop(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_changes_keep_all_promises),
		cmocka_unit_test(many_gaps_keep_all_promises),
		cmocka_unit_test(neighbours_make_no_gaps),
		cmocka_unit_test(misaligned_gaps_do_not_hide_a_good_one),
		cmocka_unit_test(the_ends_of_the_space_are_used),
		cmocka_unit_test(ranges_in_a_row_are_given_back_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
