/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The tree against a plain array of slots, of which each is free or taken. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iova/tree.h"

#define SLOT  0x1000ull
#define SLOTS 512
#define STEPS 20000

struct model {
	struct iova_tree tree;
	struct iova_span *at[SLOTS]; /* whose span covers the slot */
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
		if (i >= SLOTS || model->at[i])
			return false;
	return true;
}

static void take(struct model *model, size_t first, size_t slots)
{
	struct iova_span *span = calloc(1, sizeof(*span));

	assert_non_null(span);
	span->range = (struct vfa_iova_range){ first * SLOT, (first + slots) * SLOT - 1 };
	iova_tree_insert(&model->tree, span);
	for (size_t i = first; i < first + slots; i++)
		model->at[i] = span;
}

static void give(struct model *model, struct iova_span *span)
{
	for (size_t i = span->range.start / SLOT; i <= span->range.last / SLOT; i++)
		model->at[i] = NULL;
	iova_tree_remove(&model->tree, span);
	free(span);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What every node promises of what is below it; returns the height. */
static int check_node(const struct iova_span *span, const struct iova_span *parent)
{
	int below, above;
	uint64_t gap;

	if (!span)
		return 0;
	assert_ptr_equal(span->parent, parent);
	below = check_node(span->child[0], span);
	above = check_node(span->child[1], span);
	assert_true(abs(above - below) <= 1);
	gap = span->gap;
	for (int side = 0; side < 2; side++)
		if (span->child[side])
			gap = larger(gap, span->child[side]->max_gap);
	assert_int_equal(span->max_gap, gap);
	assert_int_equal(span->height, 1 + larger(above, below));
	return span->height;
}

static void check_order(const struct model *model)
{
	struct iova_span *span = iova_tree_first(&model->tree, 0);
	uint64_t end = 0;
	size_t count = 0;

	for (; span; span = iova_tree_next(span), count++) {
		assert_int_equal(span->gap, span->range.start - end);
		end = span->range.last + 1;
	}
	assert_int_equal(count, model->tree.count);
}

static void check_first(struct model *model)
{
	size_t slot = draw(model, SLOTS), i = slot;
	uint64_t iova = slot * SLOT + draw(model, SLOT);

	while (i < SLOTS && !model->at[i])
		i++;
	assert_ptr_equal(iova_tree_first(&model->tree, iova), i < SLOTS ? model->at[i] : NULL);
}

/* The lowest slot that fits, by trying them all; SLOTS for none. */
static size_t lowest(const struct model *model, const struct iova_wish *wish)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (i * SLOT >= wish->min && !(i * SLOT & (wish->alignment - 1)) &&
		    i * SLOT + wish->size - 1 <= wish->max && is_free(model, i, wish->size / SLOT))
			return i;
	return SLOTS;
}

static void check_gap(struct model *model)
{
	struct iova_wish wish = {
		.size = (1 + draw(model, 16)) * SLOT,
		.min = draw(model, SLOTS) * SLOT,
		.alignment = SLOT << draw(model, 5),
	};
	uint64_t start = 0;
	size_t slot;
	bool found;

	wish.max = wish.min + draw(model, SLOTS) * SLOT + SLOT - 1;
	if (wish.max >= SLOTS * SLOT)
		wish.max = SLOTS * SLOT - 1;
	slot = lowest(model, &wish);
	found = iova_tree_find_gap(&model->tree, &wish, SLOT, &start);
	assert_int_equal(found, slot < SLOTS);
	if (found)
		assert_int_equal(start, slot * SLOT);
}

static void change(struct model *model, uint32_t fill)
{
	size_t first = draw(model, SLOTS), slots = 1 + draw(model, 8);

	if (model->at[first] && draw(model, 100) >= fill)
		give(model, model->at[first]);
	else if (is_free(model, first, slots))
		take(model, first, slots);
}

static void clear(struct model *model)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (model->at[i])
			give(model, model->at[i]);
	assert_null(model->tree.root);
	assert_int_equal(model->tree.count, 0);
}

static void random_changes_keep_all_promises(void **state)
{
	struct model model = { .random = 1 };

	(void)state;
	for (int step = 0; step < STEPS; step++) {
		change(&model, step * 100 / STEPS); /* fuller and fuller */
		check_node(model.tree.root, NULL);
		check_order(&model);
		check_first(&model);
		check_gap(&model);
	}
	clear(&model);
}

static void ascending_spans_stay_balanced(void **state)
{
	struct model model = { .random = 1 };

	(void)state;
	for (size_t i = 0; i < SLOTS; i++)
		take(&model, i, 1);
	assert_true(check_node(model.tree.root, NULL) <= 10);
	for (size_t i = 0; i < SLOTS; i += 2)
		give(&model, model.at[i]);
	check_node(model.tree.root, NULL);
	check_order(&model);
	clear(&model);
}

/* Many gaps of the right size, of which none is aligned: the one behind them is found. */
static void misaligned_gaps_do_not_hide_a_good_one(void **state)
{
	struct iova_wish wish = { 2 * SLOT, 0, UINT64_MAX, 2 * SLOT };
	struct model model = { .random = 1 };
	uint64_t start = 0;

	(void)state;
	for (size_t i = 0; i + 3 < SLOTS; i += 4) {
		take(&model, i, 1);
		take(&model, i + 3, 1);
	}
	assert_true(iova_tree_find_gap(&model.tree, &wish, SLOT, &start));
	assert_int_equal(start, SLOTS * SLOT);
	wish.max = SLOTS * SLOT - 1;
	assert_false(iova_tree_find_gap(&model.tree, &wish, SLOT, &start));
	give(&model, model.at[200]);
	assert_true(iova_tree_find_gap(&model.tree, &wish, SLOT, &start));
	assert_int_equal(start, 200 * SLOT);
	clear(&model);
}

static void the_ends_of_the_space_are_used(void **state)
{
	struct iova_span first = { .range = { 0, 0xfff } };
	struct iova_span last = { .range = { UINT64_MAX - 0xfff, UINT64_MAX } };
	struct iova_wish wish = { 0x1000, 0, UINT64_MAX, 0x1000 };
	struct iova_tree tree = { .root = NULL };
	uint64_t start = 0;

	(void)state;
	wish.min = UINT64_MAX - 0xfff;
	assert_true(iova_tree_find_gap(&tree, &wish, 0x1000, &start));
	assert_int_equal(start, UINT64_MAX - 0xfff);
	iova_tree_insert(&tree, &last);
	assert_false(iova_tree_find_gap(&tree, &wish, 0x1000, &start));
	wish.min = 0;
	iova_tree_insert(&tree, &first);
	assert_true(iova_tree_find_gap(&tree, &wish, 0x1000, &start));
	assert_int_equal(start, 0x1000);
	assert_ptr_equal(iova_tree_first(&tree, UINT64_MAX), &last);
	assert_ptr_equal(iova_tree_next(&first), &last);
	assert_null(iova_tree_next(&last));
	iova_tree_remove(&tree, &first);
	assert_int_equal(last.gap, UINT64_MAX - 0xfff);
	iova_tree_remove(&tree, &last);
	assert_null(tree.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_changes_keep_all_promises),
		cmocka_unit_test(ascending_spans_stay_balanced),
		cmocka_unit_test(misaligned_gaps_do_not_hide_a_good_one),
		cmocka_unit_test(the_ends_of_the_space_are_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
