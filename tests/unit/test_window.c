/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fixture.h"

static const struct vfa_window bridge = { { 0xc0000000, 0xcfffffff }, VFA_WINDOW_BRIDGE, PORT };
static const struct vfa_window bar = { { 0x1000, 0x17ff }, VFA_WINDOW_BAR, NVME };

static void check_window(const struct vfa_window *window, const struct vfa_window *expected)
{
	assert_int_equal(window->range.start, expected->range.start);
	assert_int_equal(window->range.last, expected->range.last);
	assert_int_equal(window->kind, expected->kind);
	assert_string_equal(window->bdf, expected->bdf);
}

static void windows_are_listed_in_order(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_window windows[3] = { { { 7, 7 }, VFA_WINDOW_BAR, "" } };

	assert_int_equal(vfa_container_windows(container, NULL, 0), 0);
	assert_ok(vfa_container_add_window(container, &bridge));
	assert_ok(vfa_container_add_window(container, &bar));
	assert_int_equal(vfa_container_windows(container, NULL, 0), 2);
	assert_int_equal(vfa_container_windows(container, windows, 1), 2);
	check_window(&windows[0], &bar);
	assert_int_equal(vfa_container_windows(container, windows, 3), 2);
	check_window(&windows[1], &bridge);
	assert_ok(vfa_container_remove_window(container, &bar));
	assert_int_equal(vfa_container_windows(container, windows, 3), 1);
	check_window(&windows[0], &bridge);
	vfa_container_close(container);
}

static void bad_windows_are_refused(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_window window = { { 0x1000, 0xfff }, VFA_WINDOW_BAR, "" };

	assert_fails(vfa_container_add_window(NULL, &bar), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_add_window(container, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_remove_window(NULL, &bar), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_remove_window(container, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_windows(NULL, NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_windows(container, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_add_window(container, &window), EINVAL, BAD_ARGUMENT);
	window = bar;
	window.kind = 0;
	assert_fails(vfa_container_add_window(container, &window), EINVAL, BAD_ARGUMENT);
	window = bar;
	memset(window.bdf, 'x', sizeof(window.bdf));
	assert_fails(vfa_container_add_window(container, &window), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_remove_window(container, &bar), ENOENT, BAD_ARGUMENT);
	assert_int_equal(vfa_container_windows(container, NULL, 0), 0);
	vfa_container_close(container);
}

static uint64_t chosen(struct space space, const struct vfa_map_options *options)
{
	struct vfa_mapping *mapping = NULL;

	assert_ok(vfa_container_map(space.container, space.memory, PAGE, options, &mapping));
	return vfa_mapping_iova(mapping);
}

/* A BAR of less than a page takes the whole page. */
static void chosen_iovas_avoid_windows(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;

	assert_ok(vfa_container_add_window(space.container, &bar));
	assert_ok(vfa_container_add_window(space.container, &bridge));
	assert_int_equal(chosen(space, NULL), 0x2000);
	options.iova_min = 0xbffff000;
	assert_int_equal(chosen(space, &options), 0xbffff000);
	assert_int_equal(chosen(space, &options), 0xd0000000);
	options.iova_min = 0xc0000000;
	options.alignment = 0x4000000;
	assert_int_equal(chosen(space, &options), 0xd4000000);
	assert_ok(vfa_container_remove_window(space.container, &bridge));
	assert_int_equal(chosen(space, &options), 0xc0000000);
	close_space(space);
}

/* One after the other, which is how most are chosen. */
static void a_window_inside_the_next_free_page_is_avoided(void **state)
{
	struct space space = open_space(state);
	struct vfa_window small = { { 0x2800, 0x28ff }, VFA_WINDOW_BAR, NVME };

	assert_ok(vfa_container_add_window(space.container, &small));
	assert_int_equal(chosen(space, NULL), 0x1000);
	assert_int_equal(chosen(space, NULL), 0x3000);
	close_space(space);
}

static void page_0_leads_to_no_page_in_a_window(void **state)
{
	struct space space = open_space(state);
	struct vfa_window everything = { { 0, UINT64_MAX }, VFA_WINDOW_BRIDGE, "" };

	assert_ok(vfa_container_add_window(space.container, &everything));
	map_at(space.container, space.memory, PAGE, 0);
	assert_fails(vfa_container_map(space.container, space.memory, PAGE, NULL, NULL), ENOSPC,
		     NO_SPACE);
	close_space(space);
}

/* The caller insists, and is warned. */
static void a_given_iova_in_a_window_is_mapped_with_a_warning(void **state)
{
	struct space space = open_space(state);
	struct vfa_window nameless = { { 0x100000, 0x1fffff }, VFA_WINDOW_BRIDGE, "" };
	const char *log = space.machine->log;

	assert_ok(vfa_container_add_window(space.container, &bar));
	assert_ok(vfa_container_add_window(space.container, &nameless));
	map_at(space.container, space.memory, PAGE, 0x2000);
	assert_null(strstr(log, "devices may reach"));
	map_at(space.container, space.memory, PAGE, 0x1000);
	assert_non_null(strstr(log,
			       "1 map 0x1000-0x1fff: in the BAR 0x1000-0x17ff of 0000:00:05.0, "
			       "which devices may reach in place of the memory\n"));
	map_at(space.container, space.memory, PAGE, 0x1ff000);
	assert_non_null(strstr(log, ": in the bridge window 0x100000-0x1fffff, which devices"));
	assert_int_equal(fake_count_mappings(), 3);
	close_space(space);
}

static void only_windows_left_is_no_space(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;

	assert_ok(vfa_container_add_window(space.container, &bar));
	options.iova_max = 0x1fff;
	assert_fails(vfa_container_map(space.container, space.memory, PAGE, &options, NULL), ENOSPC,
		     NO_SPACE);
	options.flags = VFA_MAP_FIXED;
	options.iova = 0x1000;
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, &options, NULL));
	close_space(space);
}

static void windows_outlive_changes_of_devices(void **state)
{
	struct space space = open_space(state);
	struct vfa_device *other;

	assert_ok(vfa_container_add_window(space.container, &bar));
	other = open_device(space.container, OTHER);
	assert_int_equal(chosen(space, NULL), 0x2000);
	vfa_device_close(other);
	assert_int_equal(chosen(space, NULL), 0x3000);
	vfa_device_close(space.device);
	space.device = open_device(space.container, NVME);
	assert_int_equal(chosen(space, NULL), 0x4000);
	close_space(space);
}

static void a_mapping_tells_its_window(void **state)
{
	struct space space = open_space(state);
	struct vfa_mapping *mapping = map_at(space.container, space.memory, 2 * PAGE, 0xbffff000);
	struct vfa_window window = bar;

	assert_int_equal(vfa_mapping_window(mapping, &window), 0);
	check_window(&window, &bar);
	assert_ok(vfa_container_add_window(space.container, &bar));
	assert_null(strstr(space.machine->log, "devices may reach"));
	assert_ok(vfa_container_add_window(space.container, &bridge)); /* a mapping is in it */
	assert_non_null(strstr(space.machine->log,
			       "1 mapping 0xbffff000-0xc0000fff: in the bridge window "
			       "0xc0000000-0xcfffffff of 0000:00:09.0, which devices may reach"));
	assert_int_equal(vfa_mapping_window(mapping, &window), 1);
	check_window(&window, &bridge);
	assert_ok(vfa_mapping_unmap(mapping));
	mapping = map_at(space.container, space.memory, PAGE, 0xcffff000);
	assert_int_equal(vfa_mapping_window(mapping, &window), 1);
	mapping = map_at(space.container, space.memory, PAGE, 0xd0000000);
	assert_int_equal(vfa_mapping_window(mapping, &window), 0);
	assert_fails(vfa_mapping_window(NULL, &window), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_mapping_window(mapping, NULL), EINVAL, BAD_ARGUMENT);
	close_space(space);
}

static void kinds_have_names(void **state)
{
	(void)state;
	assert_string_equal(vfa_window_kind_name(VFA_WINDOW_BRIDGE), "bridge window");
	assert_string_equal(vfa_window_kind_name(VFA_WINDOW_BAR), "BAR");
	assert_string_equal(vfa_window_kind_name(0), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(windows_are_listed_in_order),
		CASE(bad_windows_are_refused),
		ON_BOTH(chosen_iovas_avoid_windows),
		ON_BOTH(a_window_inside_the_next_free_page_is_avoided),
		ON_BOTH(page_0_leads_to_no_page_in_a_window),
		ON_BOTH(a_given_iova_in_a_window_is_mapped_with_a_warning),
		ON_BOTH(only_windows_left_is_no_space),
		ON_BOTH(windows_outlive_changes_of_devices),
		ON_BOTH(a_mapping_tells_its_window),
		cmocka_unit_test(kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
