/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fake/config.h"
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

/* LEFT reaches what is in its group: the port's window, and RIGHT. */
static void add_peers(struct machine *machine)
{
	const struct tree_resource window = { 14, 0x2000, 0x4fff, TREE_MEMORY };
	const struct tree_resource memory = { 0, 0x3000, 0x3fff, TREE_MEMORY };
	struct config config;

	config_init(&config, 0x1b36, 0x000c);
	config_make_bridge(&config, 1, 1);
	tree_write_config(&machine->tree, PORT, &config, CONFIG_UNPRIVILEGED);
	tree_write_resources(&machine->tree, PORT, 17, &window, 1);
	tree_write_resources(&machine->tree, RIGHT, 13, &memory, 1);
}

static const struct vfa_window port_window = { { 0x2000, 0x4fff }, VFA_WINDOW_BRIDGE, PORT };
static const struct vfa_window right_bar = { { 0x3000, 0x3fff }, VFA_WINDOW_BAR, RIGHT };

static void a_device_brings_its_windows_along(void **state)
{
	struct vfa_window windows[4];
	struct space space;

	add_peers(*state);
	space = open_space_of(state, LEFT);
	assert_non_null(strstr(space.machine->log, "2 " LEFT " may reach 2 BARs and bridge windows "
						   "without the IOMMU: no IOVA is chosen there\n"));
	assert_ok(vfa_container_add_window(space.container, &bar));
	assert_int_equal(vfa_container_windows(space.container, windows, 4), 3);
	check_window(&windows[0], &bar);
	check_window(&windows[1], &port_window);
	check_window(&windows[2], &right_bar);
	assert_int_equal(vfa_device_windows(space.device, windows, 1), 2);
	check_window(&windows[0], &port_window);
	assert_int_equal(chosen(space, NULL), 0x5000);
	close_space(space);
}

static void it_takes_them_with_it(void **state)
{
	struct vfa_window windows[4];
	struct vfa_device *left;
	struct space space;

	add_peers(*state);
	space = open_space(state);
	assert_int_equal(vfa_device_windows(space.device, NULL, 0), 0);
	left = open_device(space.container, LEFT);
	assert_ok(vfa_container_add_window(space.container, &right_bar));
	assert_int_equal(vfa_container_windows(space.container, NULL, 0), 3);
	assert_int_equal(chosen(space, NULL), 0x1000);
	assert_int_equal(chosen(space, NULL), 0x5000);
	vfa_device_close(left);
	assert_int_equal(vfa_container_windows(space.container, windows, 4), 1);
	check_window(&windows[0], &right_bar);
	assert_int_equal(chosen(space, NULL), 0x2000);
	assert_int_equal(chosen(space, NULL), 0x4000);
	close_space(space);
}

/* The caller's own, which is equal, goes; the device's stays. */
static void the_caller_cannot_remove_them(void **state)
{
	struct space space;

	add_peers(*state);
	space = open_space_of(state, LEFT);
	assert_fails(vfa_container_remove_window(space.container, &right_bar), ENOENT,
		     BAD_ARGUMENT);
	assert_ok(vfa_container_add_window(space.container, &right_bar));
	assert_ok(vfa_container_remove_window(space.container, &right_bar));
	assert_int_equal(vfa_device_windows(space.device, NULL, 0), 2);
	close_space(space);
}

static void peers_of_one_container_have_windows_too(void **state)
{
	struct vfa_window windows[4];
	struct vfa_device *right;
	struct space space;

	add_peers(*state);
	space = open_space_of(state, LEFT);
	right = open_device(space.container, RIGHT);
	assert_int_equal(vfa_device_windows(right, windows, 4), 1);
	check_window(&windows[0], &port_window);
	vfa_device_close(space.device);
	assert_int_equal(vfa_container_windows(space.container, NULL, 0), 1);
	space.device = right;
	close_space(space);
}

static void a_device_can_be_opened_without(void **state)
{
	struct vfa_device_options options = VFA_DEVICE_OPTIONS_INIT;
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = NULL;

	add_peers(*state);
	options.flags = VFA_DEVICE_NO_WINDOWS;
	assert_ok(vfa_device_open(container, LEFT, &options, &device));
	assert_int_equal(vfa_container_windows(container, NULL, 0), 0);
	vfa_device_close(device);
	options.flags = 1u << 31;
	assert_fails(vfa_device_open(container, LEFT, &options, &device), EINVAL, BAD_ARGUMENT);
	check_message(LEFT ": flags 0x80000000 has bits that are no flag",
		      "use enum vfa_device_flag");
	vfa_container_close(container);
}

static void mappings_that_a_device_may_miss_are_told(void **state)
{
	struct vfa_device *left;
	struct space space;

	add_peers(*state);
	space = open_space(state);
	map_at(space.container, space.memory, PAGE, 0x4000);
	left = open_device(space.container, LEFT);
	assert_non_null(strstr(space.machine->log, "1 mapping 0x4000-0x4fff: in the bridge window "
						   "0x2000-0x4fff of " PORT));
	vfa_device_close(left);
	close_space(space);
}

/* The device is as good as it was before windows were looked for. */
static void unreadable_addresses_are_no_failure(void **state)
{
	struct machine *machine = *state;
	struct space space;

	tree_mkdir(&machine->tree, "sys/bus/pci/devices/" RIGHT "/resource");
	assert_fails(vfa_container_open(machine->host, machine->backend, NULL), EINVAL,
		     BAD_ARGUMENT);
	space = open_space_of(state, LEFT);
	check_message("ret is NULL", NULL);
	assert_int_equal(vfa_container_windows(space.container, NULL, 0), 0);
	assert_non_null(strstr(machine->log, "1 " LEFT ": what it reaches without the IOMMU is not "
					     "known: Is a directory\n"));
	close_space(space);
}

static void bad_questions_about_a_device_are_refused(void **state)
{
	struct space space = open_space(state);

	assert_fails(vfa_device_windows(NULL, NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_windows(space.device, NULL, 1), EINVAL, BAD_ARGUMENT);
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
		ON_BOTH(a_device_brings_its_windows_along),
		ON_BOTH(it_takes_them_with_it),
		ON_BOTH(the_caller_cannot_remove_them),
		ON_BOTH(peers_of_one_container_have_windows_too),
		ON_BOTH(a_device_can_be_opened_without),
		ON_BOTH(mappings_that_a_device_may_miss_are_told),
		ON_BOTH(unreadable_addresses_are_no_failure),
		CASE(bad_questions_about_a_device_are_refused),
		cmocka_unit_test(kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
