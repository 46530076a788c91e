/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Ranges and address spaces as data, without any kernel. */

#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "iova/range.h"
#include "iova/space.h"

#define RANGE(start, last) ((struct vfa_iova_range){ (start), (last) })
#define COUNT(array)       (sizeof(array) / sizeof((array)[0]))

static void a_range_of_a_size_ends_in_it(void **state)
{
	struct vfa_iova_range range;

	(void)state;
	assert_true(range_from_size(0, 1, &range));
	assert_true(range.start == 0 && range.last == 0);
	assert_true(range_from_size(-PAGE, PAGE, &range));
	assert_true(range.start == -PAGE && range.last == UINT64_MAX);
	assert_true(range_from_size(1, UINT64_MAX, &range));
	assert_true(range.start == 1 && range.last == UINT64_MAX);
	assert_true(range_from_size(UINT64_MAX, 1, &range));
}

static void empty_and_wrapped_ranges_are_none(void **state)
{
	struct vfa_iova_range range = RANGE(7, 8);

	(void)state;
	assert_false(range_from_size(0, 0, &range));
	assert_false(range_from_size(UINT64_MAX, 0, &range));
	assert_false(range_from_size(-PAGE, PAGE + 1, &range));
	assert_false(range_from_size(1, 0, &range));
	assert_false(range_from_size(2, UINT64_MAX, &range));
	assert_true(range.start == 7 && range.last == 8);
}

static void ends_count_as_inside(void **state)
{
	struct vfa_iova_range a = RANGE(10, 20);

	(void)state;
	assert_true(range_overlaps(&a, &RANGE(20, 30)));
	assert_true(range_overlaps(&a, &RANGE(0, 10)));
	assert_false(range_overlaps(&a, &RANGE(21, 30)));
	assert_false(range_overlaps(&a, &RANGE(0, 9)));
	assert_true(range_contains(&a, &a));
	assert_true(range_contains(&a, &RANGE(10, 10)));
	assert_false(range_contains(&a, &RANGE(10, 21)));
	assert_false(range_contains(&a, &RANGE(9, 20)));
	assert_true(range_overlaps(&RANGE(0, UINT64_MAX), &RANGE(UINT64_MAX, UINT64_MAX)));
}

static void check_sorted(const struct vfa_iova_range *given, size_t count,
			 const struct vfa_iova_range *wanted, size_t wanted_count)
{
	struct vfa_iova_range ranges[8];
	struct range_list list = { ranges, count };

	for (size_t i = 0; i < count; i++)
		ranges[i] = given[i];
	range_list_sort(&list);
	assert_int_equal(list.count, wanted_count);
	for (size_t i = 0; i < wanted_count; i++) {
		assert_true(ranges[i].start == wanted[i].start);
		assert_true(ranges[i].last == wanted[i].last);
	}
}

static void sorting_joins_neighbours_and_overlaps(void **state)
{
	const struct vfa_iova_range given[] = {
		{ 0x5000, 0x5fff }, { 0x0, 0xfff },     { 0x4000, 0x4fff },
		{ 0x800, 0x17ff },  { 0x7000, 0x7fff }, { 0x7100, 0x71ff },
	};
	const struct vfa_iova_range wanted[] = {
		{ 0x0, 0x17ff },
		{ 0x4000, 0x5fff },
		{ 0x7000, 0x7fff },
	};

	(void)state;
	check_sorted(given, COUNT(given), wanted, COUNT(wanted));
	check_sorted(NULL, 0, NULL, 0);
	check_sorted(given, 1, given, 1);
}

static void sorting_joins_at_the_end_of_the_space(void **state)
{
	const struct vfa_iova_range given[] = {
		{ -PAGE, UINT64_MAX },
		{ 0, UINT64_MAX },
		{ UINT64_MAX, UINT64_MAX },
	};
	const struct vfa_iova_range wanted[] = { { 0, UINT64_MAX } };
	const struct vfa_iova_range apart[] = { { 0, 0 }, { UINT64_MAX, UINT64_MAX } };

	(void)state;
	check_sorted(given, COUNT(given), wanted, 1);
	check_sorted(apart, 2, apart, 2);
}

static void only_a_range_that_contains_all_is_found(void **state)
{
	struct vfa_iova_range ranges[] = { { 0, 0xfff }, { 0x2000, UINT64_MAX } };
	struct range_list list = { ranges, 2 };

	(void)state;
	assert_ptr_equal(range_list_find(&list, &RANGE(0, 0xfff)), &ranges[0]);
	assert_ptr_equal(range_list_find(&list, &RANGE(-PAGE, UINT64_MAX)), &ranges[1]);
	assert_null(range_list_find(&list, &RANGE(0, 0x1000)));
	assert_null(range_list_find(&list, &RANGE(0xfff, 0x2000)));
	list.count = 0;
	assert_null(range_list_find(&list, &RANGE(0, 0)));
}

static void a_hole_is_cut_out_of_ranges(void **state)
{
	struct vfa_iova_range ranges[4] = { RANGE(0x1000, 0x1fff), RANGE(0x3000, 0x5fff) };
	struct range_list list = { ranges, 2 };

	(void)state;
	range_list_cut(&list, &RANGE(0, 0xfff));
	range_list_cut(&list, &RANGE(0x2000, 0x2fff));
	assert_int_equal(list.count, 2);
	range_list_cut(&list, &RANGE(0x4000, 0x4fff));
	assert_int_equal(list.count, 3);
	assert_int_equal(ranges[1].last, 0x3fff);
	assert_int_equal(ranges[2].start, 0x5000);
	assert_int_equal(ranges[2].last, 0x5fff);
	range_list_cut(&list, &RANGE(0x1800, 0x37ff));
	assert_int_equal(list.count, 3);
	assert_int_equal(ranges[0].last, 0x17ff);
	assert_int_equal(ranges[1].start, 0x3800);
	range_list_cut(&list, &RANGE(0x3800, UINT64_MAX));
	assert_int_equal(list.count, 1);
	range_list_cut(&list, &RANGE(0, UINT64_MAX));
	assert_int_equal(list.count, 0);
}

/* Two ranges with the MSI region between, up to the end of the space. */
static void make_space(struct iova_space *space)
{
	struct iova_limits limits = { .alignment = PAGE, .page_sizes = 0x40201000 };

	memset(space, 0, sizeof(*space));
	assert_int_equal(iova_space_init(space), 0);
	limits.allowed.ranges = calloc(2, sizeof(struct vfa_iova_range));
	limits.allowed.ranges[0] = RANGE(0, 0xfedfffff);
	limits.allowed.ranges[1] = RANGE(0xfef00000, UINT64_MAX);
	limits.allowed.count = 2;
	limits.reserved = calloc(1, sizeof(*limits.reserved));
	limits.reserved[0].range = RANGE(0xfee00000, 0xfeefffff);
	limits.reserved[0].type = VFA_RESERVED_MSI;
	limits.reserved_count = 1;
	assert_int_equal(iova_space_set_limits(space, &limits), 0);
	assert_null(limits.allowed.ranges);
}

static void insert(struct iova_space *space, struct iova_span *span, uint64_t start, uint64_t last)
{
	span->range = RANGE(start, last);
	assert_int_equal(iova_space_reserve(space, &span->range), 0);
	iova_space_insert(space, span);
}

static enum iova_verdict verdict(const struct iova_space *space, uint64_t start, uint64_t last)
{
	struct iova_obstacle obstacle;

	return iova_space_check(space, &RANGE(start, last), &obstacle);
}

static void requests_are_judged(void **state)
{
	struct iova_obstacle obstacle;
	struct iova_space space;
	struct iova_span span;

	(void)state;
	make_space(&space);
	insert(&space, &span, 0x10000, 0x1ffff);
	assert_int_equal(verdict(&space, 0, 0xfff), IOVA_USABLE);
	assert_int_equal(verdict(&space, 0xfedff000, 0xfedfffff), IOVA_USABLE);
	assert_int_equal(verdict(&space, 0x800, 0x17ff), IOVA_MISALIGNED);
	assert_int_equal(verdict(&space, 0, 0x7ff), IOVA_MISALIGNED);
	assert_int_equal(iova_space_check(&space, &RANGE(0xfedff000, 0xfee00fff), &obstacle),
			 IOVA_RESERVED);
	assert_int_equal(obstacle.reserved->type, VFA_RESERVED_MSI);
	assert_int_equal(iova_space_check(&space, &RANGE(0xf000, 0x10fff), &obstacle),
			 IOVA_OVERLAP);
	assert_ptr_equal(obstacle.span, &span);
	assert_int_equal(verdict(&space, 0x20000, 0x20fff), IOVA_USABLE);
	iova_space_clear(&space);
}

static void the_last_page_is_judged_as_any(void **state)
{
	struct iova_space space;
	struct iova_span span;

	(void)state;
	make_space(&space);
	assert_int_equal(verdict(&space, -PAGE, UINT64_MAX), IOVA_USABLE);
	insert(&space, &span, -PAGE, UINT64_MAX);
	assert_int_equal(verdict(&space, -PAGE, UINT64_MAX), IOVA_OVERLAP);
	assert_int_equal(verdict(&space, -2 * PAGE, -PAGE - 1), IOVA_USABLE);
	iova_space_remove(&space, &span);
	assert_int_equal(verdict(&space, -PAGE, UINT64_MAX), IOVA_USABLE);
	iova_space_clear(&space);
}

static void outside_all_ranges_is_outside(void **state)
{
	struct iova_space space;

	(void)state;
	make_space(&space);
	space.limits.allowed.ranges[1].last = 0x7fffffffff;
	assert_int_equal(verdict(&space, 0x8000000000, 0x8000000fff), IOVA_OUTSIDE);
	assert_int_equal(verdict(&space, -PAGE, UINT64_MAX), IOVA_OUTSIDE);
	space.limits.reserved_count = 0;
	assert_int_equal(verdict(&space, 0xfee00000, 0xfee00fff), IOVA_OUTSIDE);
	iova_space_clear(&space);
}

static bool find(const struct iova_space *space, uint64_t size, uint64_t min, uint64_t max,
		 uint64_t alignment, uint64_t *ret)
{
	struct iova_wish wish = { size, min, max, alignment, false, false };

	return iova_space_find(space, &wish, ret);
}

static void the_lowest_free_start_is_found(void **state)
{
	struct iova_span spans[3];
	struct iova_space space;
	uint64_t iova = 77;

	(void)state;
	make_space(&space);
	assert_true(find(&space, PAGE, 0, UINT64_MAX, PAGE, &iova));
	assert_int_equal(iova, 0);
	insert(&space, &spans[0], 0x1000, 0x1fff);
	insert(&space, &spans[1], 0x4000, 0x7fff);
	insert(&space, &spans[2], 0x8000, 0x8fff);
	assert_true(find(&space, PAGE, PAGE, UINT64_MAX, PAGE, &iova));
	assert_int_equal(iova, 0x2000);
	assert_true(find(&space, 3 * PAGE, PAGE, UINT64_MAX, PAGE, &iova));
	assert_int_equal(iova, 0x9000);
	assert_true(find(&space, PAGE, PAGE, UINT64_MAX, 0x10000, &iova));
	assert_int_equal(iova, 0x10000);
	assert_true(find(&space, PAGE, 0x1234, UINT64_MAX, PAGE, &iova));
	assert_int_equal(iova, 0x2000);
	iova_space_clear(&space);
}

static void a_find_goes_over_the_gap(void **state)
{
	struct iova_space space;
	uint64_t iova = 77;

	(void)state;
	make_space(&space);
	assert_true(find(&space, 2 * PAGE, 0xfedff000, UINT64_MAX, PAGE, &iova));
	assert_int_equal(iova, 0xfef00000);
	assert_false(find(&space, 2 * PAGE, 0xfedff000, 0xfef00fff, PAGE, &iova));
	assert_false(find(&space, PAGE, 0xfee00000, 0xfeefffff, PAGE, &iova));
	assert_int_equal(iova, 0xfef00000);
	iova_space_clear(&space);
}

static void a_find_reaches_the_last_page_and_stops(void **state)
{
	struct iova_space space;
	struct iova_span span;
	uint64_t iova = 77;

	(void)state;
	make_space(&space);
	assert_true(find(&space, PAGE, -PAGE, UINT64_MAX, PAGE, &iova));
	assert_true(iova == -PAGE);
	assert_false(find(&space, 2 * PAGE, -PAGE, UINT64_MAX, PAGE, &iova));
	assert_false(find(&space, PAGE, -PAGE + 1, UINT64_MAX, PAGE, &iova));
	assert_false(find(&space, PAGE, UINT64_MAX, UINT64_MAX, PAGE, &iova));
	insert(&space, &span, -PAGE, UINT64_MAX);
	assert_false(find(&space, PAGE, -PAGE, UINT64_MAX, PAGE, &iova));
	assert_true(find(&space, PAGE, -2 * PAGE, UINT64_MAX, PAGE, &iova));
	assert_true(iova == -2 * PAGE);
	iova_space_clear(&space);
}

static void sizes_and_alignments_may_be_huge(void **state)
{
	struct iova_space space;
	uint64_t iova = 77;

	(void)state;
	make_space(&space);
	assert_true(find(&space, 1ull << 63, 0, UINT64_MAX, 1ull << 63, &iova));
	assert_true(iova == 1ull << 63);
	assert_false(find(&space, UINT64_MAX, 0, UINT64_MAX, PAGE, &iova));
	assert_false(find(&space, 1ull << 63, (1ull << 63) + 1, UINT64_MAX, 1ull << 63, &iova));
	assert_false(find(&space, PAGE, 0x2000, 0x1000, PAGE, &iova));
	iova_space_clear(&space);
}

static bool find_highest(const struct iova_space *space, uint64_t size, uint64_t min, uint64_t max,
			 uint64_t alignment, uint64_t *ret)
{
	struct iova_wish wish = { size, min, max, alignment, true, false };

	return iova_space_find(space, &wish, ret);
}

static void the_highest_free_start_is_found(void **state)
{
	struct iova_space space;
	struct iova_span span;
	uint64_t iova = 77;

	(void)state;
	make_space(&space);
	assert_true(find_highest(&space, PAGE, 0, UINT64_MAX, PAGE, &iova));
	assert_true(iova == -PAGE);
	insert(&space, &span, -PAGE, UINT64_MAX);
	assert_true(find_highest(&space, PAGE, 0, UINT64_MAX, 0x10000, &iova));
	assert_true(iova == -0x10000ull);
	assert_true(find_highest(&space, PAGE, 0, 0xfef00fff, PAGE, &iova));
	assert_int_equal(iova, 0xfef00000);
	assert_true(find_highest(&space, 2 * PAGE, 0, 0xfef00fff, PAGE, &iova));
	assert_int_equal(iova, 0xfedfe000);
	assert_false(find_highest(&space, PAGE, 0xfee00000, 0xfeefffff, PAGE, &iova));
	assert_false(find_highest(&space, UINT64_MAX, 0, UINT64_MAX, PAGE, &iova));
	assert_int_equal(iova, 0xfedfe000);
	iova_space_clear(&space);
}

static void windows_are_avoided_but_allowed(void **state)
{
	const struct vfa_window low = { RANGE(0, 0xffff), VFA_WINDOW_BAR, "0000:01:00.0" };
	const struct vfa_window high = { RANGE(0x20800, 0x208ff), VFA_WINDOW_BRIDGE, "" };
	struct iova_wish wish = { PAGE, 0, 0x20fff, PAGE, true, false };
	struct iova_space space;
	uint64_t iova = 77;

	(void)state;
	make_space(&space);
	assert_int_equal(iova_space_add_windows(&space, NULL, &high, 1), 0);
	assert_int_equal(iova_space_add_windows(&space, NULL, &low, 1), 0);
	assert_int_equal(space.windows[0].window.kind, VFA_WINDOW_BAR);
	assert_int_equal(verdict(&space, 0x20000, 0x20fff), IOVA_USABLE);
	assert_ptr_equal(iova_space_window(&space, &RANGE(0x20000, 0x20fff)), &space.windows[1]);
	assert_null(iova_space_window(&space, &RANGE(0x10000, 0x1ffff)));
	assert_true(find(&space, PAGE, 0, UINT64_MAX, PAGE, &iova));
	assert_int_equal(iova, 0x10000);
	assert_true(find(&space, 0x11000, 0, UINT64_MAX, PAGE, &iova));
	assert_int_equal(iova, 0x21000);
	assert_true(iova_space_find(&space, &wish, &iova));
	assert_int_equal(iova, 0x1f000);
	wish.dangerous = true;
	assert_true(iova_space_find(&space, &wish, &iova));
	assert_int_equal(iova, 0x20000);
	iova_space_clear(&space);
}

static void a_window_is_removed_as_often_as_it_was_added(void **state)
{
	const struct vfa_window window = { RANGE(0, 0xffff), VFA_WINDOW_BAR, "0000:01:00.0" };
	struct vfa_window other = window;
	struct iova_limits limits = { .alignment = PAGE };
	struct iova_space space;
	uint64_t iova;

	(void)state;
	make_space(&space);
	strcpy(other.bdf, "0000:02:00.0");
	assert_int_equal(iova_space_remove_window(&space, &window), -ENOENT);
	assert_int_equal(iova_space_add_windows(&space, NULL, &window, 1), 0);
	assert_int_equal(iova_space_add_windows(&space, NULL, &window, 1), 0);
	assert_int_equal(iova_space_remove_window(&space, &other), -ENOENT);
	assert_int_equal(iova_space_remove_window(&space, &window), 0);
	assert_true(find(&space, PAGE, 0, UINT64_MAX, PAGE, &iova));
	assert_int_equal(iova, 0x10000);
	assert_int_equal(iova_space_remove_window(&space, &window), 0);
	assert_true(find(&space, PAGE, 0, UINT64_MAX, PAGE, &iova));
	assert_int_equal(iova, 0);
	assert_int_equal(iova_space_add_windows(&space, NULL, &window, 1), 0);
	assert_int_equal(iova_space_set_limits(&space, &limits), 0);
	assert_false(find(&space, PAGE, 0, UINT64_MAX, PAGE, &iova));
	assert_int_equal(space.window_count, 1);
	iova_space_clear(&space);
}

static void spans_come_and_go(void **state)
{
	struct iova_span spans[100];
	struct iova_space space;

	(void)state;
	make_space(&space);
	for (uint64_t i = 0; i < 100; i++) {
		uint64_t at = (i * 37 % 100) * 2 * PAGE;

		insert(&space, &spans[i], at, at + PAGE - 1);
	}
	assert_int_equal(space.count, 100);
	for (size_t i = 0; i < 100; i++)
		iova_space_remove(&space, &spans[i]);
	assert_int_equal(space.count, 0);
	iova_space_clear(&space);
}

/* A joining device's regions are held against what is mapped. */
static void collisions_are_found_by_type(void **state)
{
	struct vfa_reserved_region region = { .range = { 0x1f000, 0x2ffff } };
	struct iova_space space;
	struct iova_span span;

	(void)state;
	make_space(&space);
	insert(&space, &span, 0x10000, 0x1ffff);
	region.type = VFA_RESERVED_RESERVED;
	assert_ptr_equal(iova_space_collision(&space, &region), &span);
	region.type = VFA_RESERVED_DIRECT_RELAXABLE;
	assert_null(iova_space_collision(&space, &region));
	region.type = VFA_RESERVED_MSI;
	region.range.start = 0x20000;
	assert_null(iova_space_collision(&space, &region));
	iova_space_clear(&space);
}

static void strangers_to_ranges_are_found(void **state)
{
	struct vfa_iova_range ranges[2] = { RANGE(0x1000, 0xffff), RANGE(0x20000, UINT64_MAX) };
	struct range_list list = { ranges, 2 };
	struct iova_span inside, across;
	struct iova_space space;

	(void)state;
	make_space(&space);
	assert_null(iova_space_stranger(&space, &list));
	insert(&space, &inside, 0xf000, 0xffff);
	assert_null(iova_space_stranger(&space, &list));
	insert(&space, &across, 0x1f000, 0x20fff);
	assert_ptr_equal(iova_space_stranger(&space, &list), &across);
	ranges[1].start = 0x10000;
	assert_null(iova_space_stranger(&space, &list));
	ranges[1].last = 0x20ffe;
	assert_ptr_equal(iova_space_stranger(&space, &list), &across);
	list.count = 0;
	assert_ptr_equal(iova_space_stranger(&space, &list), &inside);
	list.count = 1;
	ranges[0] = RANGE(0, UINT64_MAX);
	assert_null(iova_space_stranger(&space, &list));
	iova_space_clear(&space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_of_a_size_ends_in_it),
		cmocka_unit_test(empty_and_wrapped_ranges_are_none),
		cmocka_unit_test(ends_count_as_inside),
		cmocka_unit_test(sorting_joins_neighbours_and_overlaps),
		cmocka_unit_test(sorting_joins_at_the_end_of_the_space),
		cmocka_unit_test(only_a_range_that_contains_all_is_found),
		cmocka_unit_test(a_hole_is_cut_out_of_ranges),
		cmocka_unit_test(requests_are_judged),
		cmocka_unit_test(the_last_page_is_judged_as_any),
		cmocka_unit_test(outside_all_ranges_is_outside),
		cmocka_unit_test(the_lowest_free_start_is_found),
		cmocka_unit_test(a_find_goes_over_the_gap),
		cmocka_unit_test(a_find_reaches_the_last_page_and_stops),
		cmocka_unit_test(sizes_and_alignments_may_be_huge),
		cmocka_unit_test(the_highest_free_start_is_found),
		cmocka_unit_test(windows_are_avoided_but_allowed),
		cmocka_unit_test(a_window_is_removed_as_often_as_it_was_added),
		cmocka_unit_test(spans_come_and_go),
		cmocka_unit_test(collisions_are_found_by_type),
		cmocka_unit_test(strangers_to_ranges_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
