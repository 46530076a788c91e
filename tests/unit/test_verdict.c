/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <stdio.h>

#include "fixture.h"

static struct vfa_verdict check(struct space space, uint64_t size,
				const struct vfa_map_options *options)
{
	struct vfa_verdict verdict = VFA_VERDICT_INIT;
	size_t before = fake_count_mappings();

	assert_ok(vfa_container_check_map(space.container, space.memory, size, options, &verdict));
	assert_int_equal(fake_count_mappings(), before);
	assert_int_equal(verdict.struct_size, sizeof(verdict));
	return verdict;
}

static struct vfa_verdict check_at(struct space space, uint64_t iova, uint64_t size)
{
	struct vfa_map_options options = at(iova);

	return check(space, size, &options);
}

static void assert_range(const struct vfa_iova_range *range, uint64_t start, uint64_t last)
{
	assert_int_equal(range->start, start);
	assert_int_equal(range->last, last);
}

static void assert_refused(const struct vfa_verdict *verdict, int err, enum vfa_cause cause)
{
	assert_int_equal(verdict->code, -err);
	assert_int_equal(verdict->cause, cause);
	assert_int_equal(vfa_error_last()->code, -err);
	assert_int_equal(vfa_error_last()->cause, cause);
}

static void a_free_range_would_be_mapped(void **state)
{
	struct space space = open_space(state);
	struct vfa_verdict verdict = check_at(space, 0x10000, 2 * PAGE);

	assert_int_equal(verdict.code, 0);
	assert_int_equal(verdict.cause, VFA_CAUSE_NONE);
	assert_int_equal(verdict.flags, VFA_VERDICT_RANGE);
	assert_range(&verdict.range, 0x10000, 0x11fff);
	close_space(space);
}

static void a_chosen_iova_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_verdict verdict;
	struct vfa_mapping *mapping;

	map_at(space.container, space.memory, PAGE, 0x1000);
	verdict = check(space, PAGE, NULL);
	assert_int_equal(verdict.code, 0);
	assert_range(&verdict.range, 0x2000, 0x2fff);
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, NULL, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), 0x2000);
	close_space(space);
}

static void no_address_suits_large_pages(void **state)
{
	struct space space = open_space(state);
	struct vfa_verdict verdict = VFA_VERDICT_INIT;

	assert_ok(vfa_container_check_map(space.container, NULL, 4 << 20, NULL, &verdict));
	assert_int_equal(verdict.code, 0);
	assert_range(&verdict.range, 2 << 20, (6 << 20) - 1);
	close_space(space);
}

static void a_reserved_region_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_verdict verdict = check_at(space, 0xfee01000, PAGE);

	assert_refused(&verdict, EINVAL, VFA_CAUSE_RESERVED);
	assert_int_equal(verdict.flags,
			 VFA_VERDICT_RANGE | VFA_VERDICT_RESERVED | VFA_VERDICT_NEAREST);
	assert_range(&verdict.reserved.range, 0xfee00000, 0xfeefffff);
	assert_int_equal(verdict.reserved.type, VFA_RESERVED_MSI);
	assert_int_equal(verdict.reserved.group, 4);
	assert_range(&verdict.nearest, 0xfedff000, 0xfedfffff);
	verdict = check_at(space, 0xfeef0000, PAGE);
	assert_range(&verdict.nearest, 0xfef00000, 0xfef00fff);
	close_space(space);
}

static void the_aperture_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_verdict verdict = check_at(space, 0x8000000000, 2 * PAGE);

	assert_refused(&verdict, EINVAL, VFA_CAUSE_OUTSIDE_APERTURE);
	assert_int_equal(verdict.flags, VFA_VERDICT_RANGE | VFA_VERDICT_NEAREST);
	assert_range(&verdict.range, 0x8000000000, 0x8000001fff);
	assert_range(&verdict.nearest, 0x7fffffe000, 0x7fffffffff);
	close_space(space);
}

static void a_mapping_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_verdict verdict;

	map_at(space.container, space.memory, 8 * PAGE, 0x10000);
	verdict = check_at(space, 0x12000, PAGE);
	assert_refused(&verdict, EEXIST, VFA_CAUSE_OVERLAP);
	assert_int_equal(verdict.flags,
			 VFA_VERDICT_RANGE | VFA_VERDICT_MAPPING | VFA_VERDICT_NEAREST);
	assert_range(&verdict.mapping, 0x10000, 0x17fff);
	assert_range(&verdict.nearest, 0xf000, 0xffff);
	verdict = check_at(space, 0x15000, 2 * PAGE);
	assert_range(&verdict.nearest, 0x18000, 0x19fff);
	close_space(space);
}

/* Below lies only page 0, which nobody is led to. */
static void page_0_is_never_nearest(void **state)
{
	struct space space = open_space(state);
	struct vfa_verdict verdict;

	map_at(space.container, space.memory, 4 * PAGE, 0x1000);
	verdict = check_at(space, 0x1000, PAGE);
	assert_range(&verdict.nearest, 0x5000, 0x5fff);
	close_space(space);
}

static void the_nearest_heeds_limits_and_alignment(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = at(0x20000);
	struct vfa_verdict verdict;

	map_at(space.container, space.memory, 2 * PAGE, 0x20000);
	options.alignment = 0x4000;
	verdict = check(space, PAGE, &options);
	assert_range(&verdict.nearest, 0x24000, 0x24fff);
	options.iova_max = 0x23fff;
	verdict = check(space, PAGE, &options);
	assert_range(&verdict.nearest, 0x1c000, 0x1cfff);
	options.iova_min = 0x1d000;
	verdict = check(space, PAGE, &options);
	assert_refused(&verdict, EEXIST, VFA_CAUSE_OVERLAP);
	assert_false(verdict.flags & VFA_VERDICT_NEAREST);
	close_space(space);
}

static void an_iova_beyond_its_limits_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = at(0x10000000);
	struct vfa_verdict verdict;

	options.iova_max = 0xfffffff;
	verdict = check(space, PAGE, &options);
	assert_refused(&verdict, EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	assert_range(&verdict.nearest, 0xffff000, 0xfffffff);
	options = at(0x11000);
	options.alignment = 0x10000;
	verdict = check(space, PAGE, &options);
	assert_refused(&verdict, EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	assert_range(&verdict.nearest, 0x10000, 0x10fff);
	close_space(space);
}

static void what_has_no_range_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct vfa_verdict verdict;

	verdict = check(space, 0, NULL);
	assert_refused(&verdict, EINVAL, VFA_CAUSE_EMPTY);
	assert_int_equal(verdict.flags, 0);
	verdict = check_at(space, -PAGE, 2 * PAGE);
	assert_refused(&verdict, EINVAL, VFA_CAUSE_WRAPPED);
	assert_int_equal(verdict.flags, 0);
	verdict = check_at(space, 0x10000, 100);
	assert_refused(&verdict, EINVAL, VFA_CAUSE_MISALIGNED);
	options.iova_max = 0x1fff;
	verdict = check(space, 2 * PAGE, &options);
	assert_refused(&verdict, ENOSPC, VFA_CAUSE_NO_SPACE);
	assert_int_equal(verdict.flags, 0);
	close_space(space);
}

static void a_misaligned_iova_has_a_nearest_one(void **state)
{
	struct space space = open_space(state);
	struct vfa_verdict verdict = check_at(space, 0x10010, PAGE);

	assert_refused(&verdict, EINVAL, VFA_CAUSE_MISALIGNED);
	assert_range(&verdict.nearest, 0x10000, 0x10fff);
	close_space(space);
}

static void windows_are_told_and_avoided(void **state)
{
	struct vfa_window window = { { 0x1000, 0xffff }, VFA_WINDOW_BRIDGE, PORT };
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct vfa_verdict verdict;

	assert_ok(vfa_container_add_window(space.container, &window));
	verdict = check_at(space, 0xf000, 2 * PAGE);
	assert_int_equal(verdict.code, 0);
	assert_int_equal(verdict.flags, VFA_VERDICT_RANGE | VFA_VERDICT_WINDOW);
	assert_range(&verdict.window.range, 0x1000, 0xffff);
	assert_string_equal(verdict.window.bdf, PORT);
	assert_null(strstr(space.machine->log, "devices may reach"));
	verdict = check(space, PAGE, NULL);
	assert_range(&verdict.range, 0x10000, 0x10fff);
	map_at(space.container, space.memory, PAGE, 0x10000);
	verdict = check_at(space, 0x10000, PAGE);
	assert_range(&verdict.nearest, 0x11000, 0x11fff);
	options.iova_max = 0xffff;
	verdict = check(space, PAGE, &options);
	assert_refused(&verdict, ENOSPC, VFA_CAUSE_NO_SPACE);
	assert_int_equal(verdict.flags, VFA_VERDICT_WINDOW | VFA_VERDICT_NEAREST);
	assert_range(&verdict.nearest, 0x1000, 0x1fff);
	close_space(space);
}

static void identity_beyond_the_aperture_is_told(void **state)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct vfa_verdict verdict = VFA_VERDICT_INIT;
	struct space space;

	fake_set_aperture(4, 0, 0xffff); /* below where any process may have memory */
	space = open_space(state);
	options.flags = VFA_MAP_IDENTITY;
	verdict = check(space, PAGE, &options);
	assert_refused(&verdict, EINVAL, VFA_CAUSE_OUTSIDE_APERTURE);
	assert_range(&verdict.range, (uintptr_t)space.memory, (uintptr_t)space.memory + PAGE - 1);
	assert_range(&verdict.nearest, 0xf000, 0xffff);
	assert_ok(vfa_container_check_map(space.container, NULL, PAGE, &options, &verdict));
	assert_refused(&verdict, EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	options.flags |= VFA_MAP_FIXED;
	assert_fails(vfa_container_map(space.container, space.memory, PAGE, &options, NULL), EINVAL,
		     BAD_ARGUMENT);
	options.flags = VFA_MAP_IDENTITY;
	options.iova = 0x10000;
	assert_fails(vfa_container_map(space.container, space.memory, PAGE, &options, NULL), EINVAL,
		     BAD_ARGUMENT);
	close_space(space);
}

static void identity_is_the_address_of_the_memory(void **state)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct vfa_mapping *mapping = NULL;
	struct vfa_verdict verdict;
	struct space space;

	fake_set_aperture(4, 0, UINT64_MAX);
	space = open_space(state);
	options.flags = VFA_MAP_IDENTITY;
	verdict = check(space, PAGE, &options);
	assert_int_equal(verdict.code, 0);
	assert_int_equal(verdict.range.start, (uintptr_t)space.memory);
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, &options, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), (uintptr_t)space.memory);
	assert_fails(vfa_container_map(space.container, space.memory, PAGE, &options, NULL), EEXIST,
		     OVERLAP);
	options.iova_max = 0xffff;
	assert_fails(vfa_container_map(space.container, space.memory + PAGE, PAGE, &options, NULL),
		     EINVAL, BAD_ARGUMENT);
	close_space(space);
}

/* What a map is told, whatever it is, the verdict has told before. */
static void verdicts_are_what_a_map_says(void **state)
{
	struct vfa_window window = { { 0x40000, 0x43fff }, VFA_WINDOW_BAR, "" };
	struct space space = open_space(state);
	uint32_t random = 1;

	assert_ok(vfa_container_add_window(space.container, &window));
	for (int i = 0; i < 2000; i++) {
		struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
		struct vfa_mapping *mapping = NULL;
		struct vfa_verdict verdict;
		uint64_t size;
		char told[1024];
		int err;

		random = random * 1664525 + 1013904223;
		size = (random >> 8) % 5 * PAGE;
		if (random >> 31)
			options = at((random >> 12) % 128 * PAGE);
		if (random >> 30 & 1)
			options.alignment = PAGE << (random >> 25) % 4;
		if (random >> 29 & 1)
			options.iova_max = 0x80000;
		verdict = check(space, size, &options);
		snprintf(told, sizeof(told), "%s\n%s", vfa_error_last()->message,
			 vfa_error_last()->hint);
		err = vfa_container_map(space.container, space.memory, size, &options, &mapping);
		assert_int_equal(verdict.code, err);
		if (err) {
			char said[1024];

			snprintf(said, sizeof(said), "%s\n%s", vfa_error_last()->message,
				 vfa_error_last()->hint);
			assert_string_equal(said, told);
			assert_int_equal(verdict.cause, vfa_error_last()->cause);
			continue;
		}
		assert_range(&verdict.range, vfa_mapping_iova(mapping),
			     vfa_mapping_iova(mapping) + size - 1);
		if (random % 3)
			assert_ok(vfa_mapping_unmap(mapping));
	}
	close_space(space);
}

/* An aperture of so many pages, tried one by one. */
#define PAGES 64

struct model {
	struct space space;
	bool taken[PAGES]; /* mapped, or in a window */
	uint32_t random;
};

static uint32_t draw(struct model *model, uint32_t below)
{
	model->random = model->random * 1664525 + 1013904223;
	return (model->random >> 8) % below;
}

static bool would_do(const struct model *model, size_t page, size_t pages,
		     const struct vfa_map_options *options)
{
	uint64_t start = page * PAGE, last = (page + pages) * PAGE - 1;

	if (!page || page + pages > PAGES || start < options->iova_min ||
	    (options->iova_max && last > options->iova_max) ||
	    (options->alignment && start % options->alignment))
		return false;
	for (size_t i = page; i < page + pages; i++)
		if (model->taken[i])
			return false;
	return true;
}

/* In pages from @wanted; the one above of two that are as near. PAGES for none. */
static size_t nearest_page(const struct model *model, size_t wanted, size_t pages,
			   const struct vfa_map_options *options)
{
	for (size_t distance = 0; distance < PAGES; distance++) {
		if (would_do(model, wanted + distance, pages, options))
			return wanted + distance;
		if (distance <= wanted && would_do(model, wanted - distance, pages, options))
			return wanted - distance;
	}
	return PAGES;
}

static void check_nearest(struct model *model)
{
	size_t wanted = draw(model, PAGES), pages = 1 + draw(model, 4), found;
	struct vfa_map_options options = at(wanted * PAGE);
	struct vfa_verdict verdict;

	if (draw(model, 2))
		options.alignment = PAGE << draw(model, 4);
	if (draw(model, 2))
		options.iova_min = draw(model, PAGES / 2) * PAGE;
	if (draw(model, 2))
		options.iova_max = (PAGES / 2 + draw(model, PAGES / 2)) * PAGE - 1;
	verdict = check(model->space, pages * PAGE, &options);
	if (!verdict.code)
		return;
	found = nearest_page(model, wanted, pages, &options);
	assert_int_equal(!!(verdict.flags & VFA_VERDICT_NEAREST), found < PAGES);
	if (found < PAGES)
		assert_range(&verdict.nearest, found * PAGE, (found + pages) * PAGE - 1);
}

static void take(struct model *model)
{
	size_t page = draw(model, PAGES);

	if (model->taken[page] || !draw(model, 3))
		return;
	model->taken[page] = true;
	map_at(model->space.container, model->space.memory, PAGE, page * PAGE);
}

static void the_nearest_is_that_of_a_walk(void **state)
{
	struct vfa_window window = { { 20 * PAGE, 24 * PAGE + 7 }, VFA_WINDOW_BRIDGE, "" };
	struct model model = { .random = 1 };

	fake_set_aperture(4, 0, PAGES * PAGE - 1);
	model.space = open_space(state);
	assert_ok(vfa_container_add_window(model.space.container, &window));
	for (size_t i = 20; i <= 24; i++)
		model.taken[i] = true;
	for (int i = 0; i < 60; i++) {
		for (int j = 0; j < 40; j++)
			check_nearest(&model);
		take(&model);
	}
	close_space(model.space);
}

static void bad_questions_are_refused(void **state)
{
	struct space space = open_space(state);
	struct vfa_verdict verdict = VFA_VERDICT_INIT;
	struct vfa_map_options options = { .struct_size = 3 };
	struct vfa_container *empty = open_container(*state);

	assert_fails(vfa_container_check_map(NULL, NULL, PAGE, NULL, &verdict), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_container_check_map(space.container, NULL, PAGE, NULL, NULL), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_container_check_map(space.container, NULL, PAGE, &options, &verdict),
		     EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_check_map(empty, NULL, PAGE, NULL, &verdict), ENODEV,
		     WRONG_ORDER);
	verdict.struct_size = 0;
	assert_fails(vfa_container_check_map(space.container, NULL, PAGE, NULL, &verdict), EINVAL,
		     BAD_ARGUMENT);
	assert_int_equal(verdict.flags, 0);
	vfa_container_close(empty);
	close_space(space);
}

/* A caller built with a later header has a larger struct: what is unknown here is zero. */
static void a_larger_verdict_is_zeroed(void **state)
{
	struct space space = open_space(state);
	struct {
		struct vfa_verdict verdict;
		uint64_t later;
	} larger = { VFA_VERDICT_INIT, 7 };

	larger.verdict.struct_size = sizeof(larger);
	assert_ok(vfa_container_check_map(space.container, NULL, PAGE, NULL, &larger.verdict));
	assert_int_equal(larger.verdict.struct_size, sizeof(larger));
	assert_int_equal(larger.verdict.flags, VFA_VERDICT_RANGE);
	assert_int_equal(larger.later, 0);
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_free_range_would_be_mapped),
		ON_BOTH(a_chosen_iova_is_told),
		ON_BOTH(no_address_suits_large_pages),
		ON_BOTH(a_reserved_region_is_told),
		ON_BOTH(the_aperture_is_told),
		ON_BOTH(a_mapping_is_told),
		ON_BOTH(page_0_is_never_nearest),
		ON_BOTH(the_nearest_heeds_limits_and_alignment),
		ON_BOTH(an_iova_beyond_its_limits_is_told),
		ON_BOTH(what_has_no_range_is_told),
		ON_BOTH(a_misaligned_iova_has_a_nearest_one),
		ON_BOTH(windows_are_told_and_avoided),
		ON_BOTH(identity_beyond_the_aperture_is_told),
		ON_BOTH(identity_is_the_address_of_the_memory),
		ON_BOTH(verdicts_are_what_a_map_says),
		ON_BOTH(the_nearest_is_that_of_a_walk),
		ON_BOTH(bad_questions_are_refused),
		ON_BOTH(a_larger_verdict_is_zeroed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
