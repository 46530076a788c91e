/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What devices reach without the IOMMU, on whatever machine this runs: the kernel put into
 * one group what is not isolated, and addresses are read here, not by the library.
 */

#include <stdlib.h>

#include "common.h"

#define MAX_WINDOWS 64
#define LINES       7 /* of the file resource: BARs and ROM */
#define MEMORY      0x200

/* A device, and what the library says that it reaches. */
struct requester {
	const struct vfa_topology *topology;
	const struct vfa_function *function;
	struct vfa_window windows[MAX_WINDOWS];
	int count;
};

static bool is_covered(const struct requester *requester, uint64_t start, uint64_t last)
{
	for (int i = 0; i < requester->count; i++) {
		const struct vfa_iova_range *range = &requester->windows[i].range;

		if (range->start <= start && last <= range->last)
			return true;
	}
	return false;
}

/* How many BARs of @target are in no window; -1 for one that has none. */
static int count_missed(const struct requester *requester, const struct vfa_function *target)
{
	unsigned long long start, last, flags;
	char path[128], line[128];
	int missed = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", target->bdf);
	file = fopen(path, "re");
	assert_non_null(file);
	for (int i = 0; i < LINES && fgets(line, sizeof(line), file); i++) {
		assert_int_equal(sscanf(line, "%llx %llx %llx", &start, &last, &flags), 3);
		if (!start || !(flags & MEMORY))
			continue;
		missed += missed < 0;
		missed += !is_covered(requester, start, last);
	}
	fclose(file);
	return missed;
}

typedef int (*visit_fn)(const struct requester *requester);

/* The sum of what @visit counts for each device. */
static int each_device(visit_fn visit)
{
	struct vfa_topology *topology = NULL;
	struct requester requester;
	int sum = 0;

	assert_ok(vfa_topology_new(NULL, &topology));
	requester.topology = topology;
	for (size_t i = 0; i < vfa_topology_count_functions(topology); i++) {
		requester.function = vfa_topology_get_function(topology, i);
		if (requester.function->is_bridge)
			continue;
		requester.count = assert_ok(vfa_topology_windows(topology, requester.function->bdf,
								 requester.windows, MAX_WINDOWS));
		assert_in_range(requester.count, 0, MAX_WINDOWS);
		sum += visit(&requester);
	}
	vfa_topology_free(topology);
	return sum;
}

static bool are_in_one_group(const struct vfa_function *a, const struct vfa_function *b)
{
	return a->group >= 0 && a->group == b->group;
}

static int miss_members(const struct requester *requester)
{
	const struct vfa_function *function = requester->function;
	int sum = 0;

	for (size_t i = 0; i < vfa_topology_count_functions(requester->topology); i++) {
		const struct vfa_function *peer = vfa_topology_get_function(requester->topology, i);
		int missed;

		if (peer == function || peer->is_bridge || !are_in_one_group(peer, function))
			continue;
		missed = count_missed(requester, peer);
		if (missed > 0)
			print_message("# %s reaches %s, and no window says so\n", function->bdf,
				      peer->bdf);
		sum += missed > 0;
	}
	return sum;
}

static void members_of_a_group_are_reached(void **state)
{
	(void)state;
	assert_int_equal(each_device(miss_members), 0);
}

static int miss_as_nobody(void *data)
{
	int err = vm_become_nobody();

	(void)data;
	return err ? err : each_device(miss_members);
}

static void they_are_for_a_user_without_privileges(void **state)
{
	struct vm_report report;

	(void)state;
	vm_in_child(miss_as_nobody, NULL, &report);
	assert_int_equal(report.result, 0);
}

static bool is_alone(const struct requester *requester)
{
	for (size_t i = 0; i < vfa_topology_count_functions(requester->topology); i++) {
		const struct vfa_function *peer = vfa_topology_get_function(requester->topology, i);

		if (peer != requester->function && are_in_one_group(peer, requester->function))
			return false;
	}
	return requester->function->group >= 0;
}

static bool is_below_acs_only(const struct requester *requester)
{
	int32_t above = requester->function->parent;

	while (above >= 0) {
		const struct vfa_function *port =
			vfa_topology_get_function(requester->topology, above);

		if ((port->acs.control & VFA_ACS_ISOLATION) != VFA_ACS_ISOLATION)
			return false;
		above = port->parent;
	}
	return true;
}

/* Functions of a slot that was plugged in are in groups of their own, and not isolated. */
static int count_needless(const struct requester *requester)
{
	return is_alone(requester) && is_below_acs_only(requester) &&
	       !requester->function->is_multifunction && requester->count;
}

static void an_isolated_device_has_no_windows(void **state)
{
	(void)state;
	assert_int_equal(each_device(count_needless), 0);
}

static bool names_bar_of(const struct requester *requester, const struct vfa_function *target)
{
	for (int i = 0; i < requester->count; i++) {
		if (requester->windows[i].kind == VFA_WINDOW_BAR &&
		    !strcmp(requester->windows[i].bdf, target->bdf))
			return true;
	}
	return false;
}

static int count_contradictions(const struct requester *requester)
{
	const struct vfa_function *function = requester->function;
	int sum = 0;

	for (size_t i = 0; i < vfa_topology_count_functions(requester->topology); i++) {
		const struct vfa_function *peer = vfa_topology_get_function(requester->topology, i);
		struct vfa_p2p *p2p = NULL;
		enum vfa_answer direct;

		if (peer == function || peer->is_bridge)
			continue;
		assert_ok(vfa_p2p_new(requester->topology, function->bdf, peer->bdf, &p2p));
		direct = vfa_p2p_get_way(p2p, VFA_P2P_DIRECT)->is_open;
		if ((direct == VFA_YES && count_missed(requester, peer) > 0) ||
		    (direct == VFA_NO && names_bar_of(requester, peer))) {
			print_message("# %s to %s: %s, but the windows say otherwise\n",
				      function->bdf, peer->bdf,
				      vfa_p2p_get_way(p2p, VFA_P2P_DIRECT)->reason);
			sum++;
		}
		vfa_p2p_free(p2p);
	}
	return sum;
}

static void ways_and_windows_agree(void **state)
{
	(void)state;
	assert_int_equal(each_device(count_contradictions), 0);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(members_of_a_group_are_reached),
		VM_CASE_ONCE(they_are_for_a_user_without_privileges),
		VM_CASE_ONCE(an_isolated_device_has_no_windows),
		VM_CASE_ONCE(ways_and_windows_agree),
	};

	return vm_run_cases("test_reach", cases);
}
