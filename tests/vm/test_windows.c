/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What devices reach without the IOMMU, on a machine that says where its BARs are; and
 * that nothing is mapped there. Two devices are below a port without ACS.
 */

#include <errno.h>
#include <stdlib.h>

#include "edu.h"

#define WINDOWS 16

/* A line of the file resource. */
static struct vfa_iova_range resource(const char *bdf, int line)
{
	struct vfa_iova_range range = { 0, 0 };
	unsigned long long start, last;
	char path[128], text[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", bdf);
	file = fopen(path, "re");
	assert_non_null(file);
	while (line-- >= 0)
		assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_int_equal(sscanf(text, "%llx %llx", &start, &last), 2);
	range.start = start;
	range.last = last;
	return range;
}

#define MEMORY_WINDOW 14 /* of a bridge */
#define PREFETCHABLE  15

static void assert_has(const struct vfa_window *windows, int count, enum vfa_window_kind kind,
		       const char *bdf, int line)
{
	struct vfa_iova_range range = resource(bdf, line);
	int i;

	assert_true(range.start < range.last);
	for (i = 0; i < count; i++) {
		if (windows[i].kind == kind && !strcmp(windows[i].bdf, bdf) &&
		    windows[i].range.start == range.start && windows[i].range.last == range.last)
			return;
	}
	fail_msg("%s %#llx-%#llx of %s is not listed", vfa_window_kind_name(kind),
		 (unsigned long long)range.start, (unsigned long long)range.last, bdf);
}

static void show(const struct vfa_window *windows, int count)
{
	int i;

	for (i = 0; i < count; i++)
		print_message("# %#llx-%#llx: %s of %s\n",
			      (unsigned long long)windows[i].range.start,
			      (unsigned long long)windows[i].range.last,
			      vfa_window_kind_name(windows[i].kind), windows[i].bdf);
}

/* The port's two windows and its own BAR, and the BAR of the neighbour. */
static void check_port_windows(const struct vfa_window *windows, int count)
{
	assert_int_equal(count, 4);
	show(windows, count);
	assert_has(windows, count, VFA_WINDOW_BRIDGE, PORT, MEMORY_WINDOW);
	assert_has(windows, count, VFA_WINDOW_BRIDGE, PORT, PREFETCHABLE);
	assert_has(windows, count, VFA_WINDOW_BAR, PORT, 0);
	assert_has(windows, count, VFA_WINDOW_BAR, PORT_EDU_2, 0);
}

static void a_port_without_acs_brings_windows(void **state)
{
	struct vfa_window windows[WINDOWS];
	struct vfa_container *space;
	struct vfa_device *device;

	vm_need_assignment(*state);
	space = vm_container(*state);
	device = vm_device(*state, space, PORT_EDU_1);
	check_port_windows(windows, assert_ok(vfa_device_windows(device, windows, WINDOWS)));
	check_port_windows(windows, assert_ok(vfa_container_windows(space, windows, WINDOWS)));
}

static void a_device_on_the_root_bus_brings_none(void **state)
{
	struct vfa_container *space;
	struct vfa_device *device = NULL;

	vm_need_assignment(*state);
	space = vm_container(*state);
	vm_device(*state, space, EDU);
	assert_int_equal(vfa_container_windows(space, NULL, 0), 0);
	assert_ok(vfa_device_open(space, PORT_EDU_1, NULL, &device));
	assert_int_equal(vfa_container_windows(space, NULL, 0), 4);
	vfa_device_close(device);
	assert_int_equal(vfa_container_windows(space, NULL, 0), 0);
}

/* From 8 pages before the first window to 8 pages behind the last one. */
static void no_iova_is_chosen_in_a_window(void **state)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct vfa_window windows[WINDOWS], window;
	struct vfa_mapping *mapping;
	struct vfa_container *space;
	int count, err, mapped = 0;
	char *page;

	vm_need_assignment(*state);
	space = vm_container(*state);
	vm_device(*state, space, PORT_EDU_1);
	page = vm_memory(*state, PAGE_SIZE);
	count = assert_ok(vfa_container_windows(space, windows, WINDOWS));
	options.iova_min = windows[0].range.start - 8 * PAGE_SIZE;
	options.iova_max = resource(PORT, MEMORY_WINDOW).last + 8 * PAGE_SIZE;
	assert_true(options.iova_min < options.iova_max);
	while (!(err = vfa_container_map(space, page, PAGE_SIZE, &options, &mapping))) {
		assert_int_equal(vfa_mapping_window(mapping, &window), 0);
		for (int i = 0; i < count; i++)
			assert_true(vfa_mapping_iova(mapping) > windows[i].range.last ||
				    vfa_mapping_iova(mapping) + PAGE_SIZE - 1 <
					    windows[i].range.start);
		mapped++;
	}
	assert_refused(err, ENOSPC, VFA_CAUSE_NO_SPACE);
	assert_said("bridge window");
	print_message("# %d mappings around %d windows\n", mapped, count);
	assert_true(mapped >= 16);
}

static void a_given_iova_in_a_window_is_mapped(void **state)
{
	struct vfa_iova_range bar = resource(PORT_EDU_2, 0);
	struct vfa_map_options options = vm_fixed(bar.start);
	struct vfa_mapping *mapping;
	struct vfa_container *space;
	struct vfa_window window;

	vm_need_assignment(*state);
	space = vm_container(*state);
	vm_device(*state, space, PORT_EDU_1);
	assert_ok(vfa_container_map(space, vm_memory(*state, PAGE_SIZE), PAGE_SIZE, &options,
				    &mapping));
	assert_int_equal(vfa_mapping_window(mapping, &window), 1);
	assert_true(window.range.start <= bar.start && bar.start <= window.range.last);
}

static void a_device_can_be_opened_without(void **state)
{
	struct vfa_device_options options = VFA_DEVICE_OPTIONS_INIT;
	struct vfa_device *device = NULL;
	struct vfa_container *space;

	vm_need_assignment(*state);
	space = vm_container(*state);
	options.flags = VFA_DEVICE_NO_WINDOWS;
	assert_ok(vfa_device_open(space, PORT_EDU_1, &options, &device));
	vm_own_device(*state, device);
	assert_int_equal(vfa_container_windows(space, NULL, 0), 0);
}

/*
 * A transfer to an IOVA that is the address of a register of the neighbour. Hardware may
 * turn it round at the port or in the device; QEMU has none of that, and sends all to the
 * IOMMU. Either the memory gets the bytes or the register does: what was seen is told.
 */
static void a_transfer_to_a_window_goes_one_way(void **state)
{
	struct vfa_iova_range bar = resource(PORT_EDU_2, 0);
	struct vfa_map_options options = vm_fixed(bar.start);
	static const uint64_t bytes = 0x123456;
	struct vfa_container *space;
	struct edu requester, target;
	bool arrived, strayed;
	char *page;

	vm_need_assignment(*state);
	vm_need(vm_profile()->translates_behind_ports,
		"an IOMMU that knows devices behind ports, as in profile intel");
	space = vm_container(*state);
	requester = edu_open(*state, space, PORT_EDU_1);
	target = edu_open(*state, space, PORT_EDU_2);
	page = vm_memory(*state, PAGE_SIZE);
	assert_ok(vfa_container_map(space, page, PAGE_SIZE, &options, NULL));
	vfa_mmio_write64(target.bar, EDU_DMA_SOURCE, 0);
	memcpy(page, &bytes, sizeof(bytes));
	edu_take(&requester, bar.start, sizeof(bytes));
	edu_give(&requester, bar.start + EDU_DMA_SOURCE, sizeof(bytes));
	arrived = !memcmp(page + EDU_DMA_SOURCE, &bytes, sizeof(bytes));
	strayed = vfa_mmio_read64(target.bar, EDU_DMA_SOURCE) == bytes;
	print_message("# the %s got the transfer\n", arrived ? "memory" : "neighbour's register");
	assert_true(arrived != strayed);
}

static struct vfa_topology *topology(void)
{
	struct vfa_topology *ret = NULL;

	assert_ok(vfa_topology_new(NULL, &ret));
	return ret;
}

static void functions_of_a_slot_have_each_others_bars(void **state)
{
	struct vfa_topology *all = topology();
	struct vfa_window windows[WINDOWS];
	int count = assert_ok(vfa_topology_windows(all, BLOCKED, windows, WINDOWS));

	(void)state;
	vfa_topology_free(all);
	show(windows, count);
	assert_int_equal(count, 1);
	assert_has(windows, count, VFA_WINDOW_BAR, BLOCKER, 0);
}

static int count_as_nobody(void *data)
{
	struct vfa_topology *all = NULL;
	int count, err = vm_become_nobody();

	if (!err)
		err = vfa_topology_new(NULL, &all);
	if (err)
		return err;
	count = vfa_topology_windows(all, data, NULL, 0);
	vfa_topology_free(all);
	return count;
}

/* The group of the port has in it all that may be reached. */
static void without_privilege_the_group_does(void **state)
{
	struct vm_report report;

	(void)state;
	vm_need(vm_profile()->has_iommu, "groups, as in profile intel");
	vm_in_child(count_as_nobody, (void *)PORT_EDU_1, &report);
	assert_int_equal(report.result, 4);
	vm_in_child(count_as_nobody, (void *)EDU, &report);
	assert_int_equal(report.result, 0);
}

static void ways_between_devices_are_told(void **state)
{
	struct vfa_topology *all = topology();
	struct vfa_p2p *p2p = NULL;

	(void)state;
	assert_ok(vfa_p2p_new(all, PORT_EDU_1, PORT_EDU_2, &p2p));
	assert_int_equal(vfa_p2p_get_path(p2p)->place, VFA_P2P_SAME_DEVICE);
	assert_int_equal(vfa_p2p_get_way(p2p, VFA_P2P_DIRECT)->is_open, VFA_UNKNOWN);
	vfa_p2p_free(p2p);
	assert_ok(vfa_p2p_new(all, PORT_EDU_1, NVME, &p2p));
	assert_int_equal(vfa_p2p_get_path(p2p)->place, VFA_P2P_ROOT);
	assert_int_equal(vfa_p2p_get_way(p2p, VFA_P2P_DIRECT)->is_open,
			 vm_profile()->has_iommu ? VFA_NO : VFA_UNKNOWN);
	assert_int_equal(vfa_p2p_get_way(p2p, VFA_P2P_IOMMU)->is_open,
			 vm_profile()->has_iommu ? VFA_UNKNOWN : VFA_NO);
	vfa_p2p_free(p2p);
	vfa_topology_free(all);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(a_port_without_acs_brings_windows),
		VM_CASE(a_device_on_the_root_bus_brings_none),
		VM_CASE(no_iova_is_chosen_in_a_window),
		VM_CASE(a_given_iova_in_a_window_is_mapped),
		VM_CASE(a_device_can_be_opened_without),
		VM_CASE(a_transfer_to_a_window_goes_one_way),
		VM_CASE_ONCE(functions_of_a_slot_have_each_others_bars),
		VM_CASE_ONCE(without_privilege_the_group_does),
		VM_CASE_ONCE(ways_between_devices_are_told),
	};

	return vm_run_cases("test_windows", cases);
}
