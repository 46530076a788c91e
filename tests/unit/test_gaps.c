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

#include "fixture.h"
#include "iova/gaps.h"
#include "oracle/random.h"

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

/* All of the 64 bits: ranges of any size at any place, in order. */

#define PAGES_BITS 52
#define RANGES     300
#define CHANGES    1000000

struct wide {
	struct iova_gaps gaps;
	struct vfa_iova_range taken[RANGES];
	size_t count;
	struct random random;
};

/* Index of the first that ends at an address or behind it. */
static size_t first_behind(const struct wide *wide, uint64_t address)
{
	size_t i = 0;

	while (i < wide->count && wide->taken[i].last < address)
		i++;
	return i;
}

static bool is_wide_free(const struct wide *wide, const struct vfa_iova_range *range)
{
	size_t i = first_behind(wide, range->start);

	return i == wide->count || wide->taken[i].start > range->last;
}

/* At either end of the space, next to something, or anywhere; as often small as large. */
static struct vfa_iova_range draw_range(struct wide *wide)
{
	struct random *random = &wide->random;
	uint64_t most = (1ull << PAGES_BITS) - 1, pages = 1 + random_magnitude(random) % most;
	uint64_t first = random_magnitude(random) >> (64 - PAGES_BITS);

	if (!random_once_in(random, 8))
		pages = 1 + pages % 64;
	if (wide->count && !random_once_in(random, 3))
		first = (wide->taken[random_below(random, wide->count)].last >> 12) + 1 +
			random_below(random, 64);
	if (random_once_in(random, 8))
		first = most - random_below(random, 64);
	first &= most;
	if (pages > most - first + 1)
		pages = most - first + 1;
	return (struct vfa_iova_range){ first << 12, (first << 12) + ((pages << 12) - 1) };
}

static void take_wide(struct wide *wide, const struct vfa_iova_range *range)
{
	size_t i = first_behind(wide, range->start);

	memmove(&wide->taken[i + 1], &wide->taken[i], (wide->count - i) * sizeof(*range));
	wide->taken[i] = *range;
	assert_int_equal(gaps_reserve(&wide->gaps, ++wide->count), 0);
	gaps_take(&wide->gaps, range);
}

/* One, or some that touch each other. */
static void give_wide(struct wide *wide, size_t i)
{
	struct vfa_iova_range range = wide->taken[i];
	size_t end = i + 1;

	while (end < wide->count && wide->taken[end].start - 1 == range.last &&
	       random_once_in(&wide->random, 2))
		range.last = wide->taken[end++].last;
	gaps_give(&wide->gaps, &range);
	memmove(&wide->taken[i], &wide->taken[end], (wide->count - end) * sizeof(range));
	wide->count -= end - i;
}

static void change_wide(struct wide *wide, bool growing)
{
	struct vfa_iova_range range = draw_range(wide);

	assert_int_equal(gaps_has(&wide->gaps, &range), is_wide_free(wide, &range));
	if (wide->count &&
	    (wide->count == RANGES || random_below(&wide->random, 5) >= (growing ? 4 : 2)))
		give_wide(wide, random_below(&wide->random, wide->count));
	else if (is_wide_free(wide, &range))
		take_wide(wide, &range);
}

/* The lowest or highest place in one gap. */
static bool fits_gap(const struct iova_wish *wish, uint64_t start, uint64_t last, uint64_t *ret)
{
	uint64_t mask = wish->alignment - 1;

	if (start < wish->min)
		start = wish->min;
	if (last > wish->max)
		last = wish->max;
	if (start > last || last - start < wish->size - 1)
		return false;
	*ret = wish->highest ? (last - (wish->size - 1)) & ~mask : (start + mask) & ~mask;
	return *ret >= start && *ret <= last && last - *ret >= wish->size - 1;
}

/* Gap by gap; @spoilt counts those that would do but for the wish. */
static bool find_wide(const struct wide *wide, const struct iova_wish *wish, size_t *spoilt,
		      uint64_t *ret)
{
	uint64_t start = 0, place;
	bool found = false;

	*spoilt = 0;
	for (size_t i = 0; i <= wide->count; i++) {
		bool is_last = i == wide->count;
		uint64_t last = is_last ? UINT64_MAX : wide->taken[i].start - 1;

		if ((is_last || wide->taken[i].start > start) && last - start >= wish->size - 1) {
			if (!fits_gap(wish, start, last, &place))
				++*spoilt;
			else if (!found || wish->highest) {
				found = true;
				*ret = place;
			}
		}
		if (is_last || wide->taken[i].last == UINT64_MAX)
			break;
		start = wide->taken[i].last + 1;
	}
	return found;
}

static void look_wide(struct wide *wide)
{
	struct random *random = &wide->random;
	struct vfa_iova_range limits = draw_range(wide);
	struct iova_wish wish = {
		.size = (1 + (random_magnitude(random) >> 13)) << 12,
		.max = UINT64_MAX,
		.alignment =
			1ull << (12 + random_below(random, random_once_in(random, 8) ? 52 : 12)),
		.highest = random_once_in(random, 2),
	};
	uint64_t expected = 0, found = 0;
	size_t spoilt;
	bool any;

	if (!random_once_in(random, 4))
		wish.size = (1 + random_below(random, 32)) << 12;
	if (random_once_in(random, 2))
		wish.min = limits.start + random_below(random, 3);
	if (random_once_in(random, 2) && limits.last > wish.min)
		wish.max = limits.last - random_below(random, 3);
	if (wish.min > wish.max)
		return;
	any = find_wide(wide, &wish, &spoilt, &expected);
	assert_int_equal(gaps_find(&wide->gaps, &wish, &found), any);
	if (!any)
		return;
	assert_true(found >= wish.min && !(found & (wish.alignment - 1)));
	assert_true(found <= wish.max && wish.max - found >= wish.size - 1);
	assert_true(is_wide_free(wide, &(struct vfa_iova_range){ found, found + (wish.size - 1) }));
	if (spoilt < 32)
		assert_true(found == expected);
}

static void ranges_of_any_size_keep_all_promises(void **state)
{
	uint64_t changes = is_slow() ? CHANGES / 50 : CHANGES;
	static struct wide wide;

	(void)state;
	memset(&wide, 0, sizeof(wide));
	assert_int_equal(gaps_init(&wide.gaps), 0);
	for (uint64_t i = 0; i < changes; i++) {
		change_wide(&wide, i / (changes / 20) % 2 == 0);
		look_wide(&wide);
		look_wide(&wide);
	}
	while (wide.count)
		give_wide(&wide, random_below(&wide.random, wide.count));
	assert_true(gaps_has(&wide.gaps, &range_everything));
	gaps_clear(&wide.gaps);
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
		cmocka_unit_test(ranges_of_any_size_keep_all_promises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
