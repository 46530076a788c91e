/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What devices reach without the IOMMU, on whatever machine this runs: the kernel put into
 * one group what is not isolated, and addresses are read here, not by the library.
 */

#include <errno.h>
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

static bool is_dangerous(const struct requester *requester, const struct vfa_function *peer)
{
	struct vfa_p2p *p2p = NULL;
	bool ret;

	assert_ok(vfa_p2p_new(requester->topology, requester->function->bdf, peer->bdf, &p2p));
	ret = vfa_p2p_get_advice(p2p)->kind == VFA_P2P_GO_WITH_DANGER &&
	      vfa_p2p_get_advice(p2p)->is_isolated == VFA_NO;
	vfa_p2p_free(p2p);
	return ret;
}

static bool is_noted(const struct requester *requester)
{
	const struct vfa_isolation_note *note;
	struct vfa_isolation *isolation;
	bool found = false;

	assert_ok(vfa_isolation_new(requester->topology, requester->function->bdf, NULL, 0,
				    &isolation));
	for (size_t i = 0; (note = vfa_isolation_get_note(isolation, i)); i++)
		found = found || note->kind == VFA_ISOLATION_DANGEROUS;
	vfa_isolation_free(isolation);
	return found;
}

/* Of each pair in one group both reports have to tell. */
static int count_untold(const struct requester *requester)
{
	const struct vfa_function *function = requester->function;
	int sum = 0;

	for (size_t i = 0; i < vfa_topology_count_functions(requester->topology); i++) {
		const struct vfa_function *peer = vfa_topology_get_function(requester->topology, i);

		if (peer == function || peer->is_bridge || !are_in_one_group(peer, function))
			continue;
		if (is_dangerous(requester, peer) && is_noted(requester))
			continue;
		print_message("# %s and %s share a group, and nothing says danger\n", function->bdf,
			      peer->bdf);
		sum++;
	}
	return sum;
}

static void devices_of_one_group_are_dangerous(void **state)
{
	(void)state;
	assert_int_equal(each_device(count_untold), 0);
}

/* What the ports isolate needs no warning, and what they do not is told in any group. */
static int count_misjudged(const struct requester *requester)
{
	const struct vfa_function *function = requester->function;
	int sum = 0;

	for (size_t i = 0; i < vfa_topology_count_functions(requester->topology); i++) {
		const struct vfa_function *peer = vfa_topology_get_function(requester->topology, i);
		const struct vfa_p2p_advice *advice;
		struct vfa_p2p *p2p = NULL;

		if (peer == function || peer->is_bridge || function->group < 0)
			continue;
		assert_ok(vfa_p2p_new(requester->topology, function->bdf, peer->bdf, &p2p));
		advice = vfa_p2p_get_advice(p2p);
		if ((advice->is_isolated == VFA_YES && names_bar_of(requester, peer)) ||
		    (advice->kind == VFA_P2P_GO_THROUGH_IOMMU && advice->window_count) ||
		    (advice->kind == VFA_P2P_GO_WITH_DANGER && count_missed(requester, peer) > 0)) {
			print_message("# %s to %s: %s, but the windows say otherwise\n",
				      function->bdf, peer->bdf, advice->summary);
			sum++;
		}
		vfa_p2p_free(p2p);
	}
	return sum;
}

static void advice_and_windows_agree(void **state)
{
	(void)state;
	assert_int_equal(each_device(count_misjudged), 0);
}

static bool can_be_opened(const struct vfa_function *function)
{
	struct vfa_viability *viability = NULL;
	bool is_viable;

	if (function->group < 0 || (*function->driver && strcmp(function->driver, "vfio-pci") != 0))
		return false;
	assert_ok(vfa_viability_new(NULL, function->group, &viability));
	is_viable = vfa_viability_is_viable(viability);
	vfa_viability_free(viability);
	return is_viable;
}

/* A device that can be opened and another of its group, of the highest bus; NULL for none. */
static struct vfa_p2p *find_danger(const struct vfa_topology *topology)
{
	size_t count = vfa_topology_count_functions(topology);

	for (size_t i = count * count; i-- > 0;) {
		const struct vfa_function *function =
			vfa_topology_get_function(topology, i / count);
		const struct vfa_function *peer = vfa_topology_get_function(topology, i % count);
		struct vfa_p2p *p2p = NULL;

		if (function == peer || function->is_bridge || peer->is_bridge ||
		    !are_in_one_group(function, peer) || !can_be_opened(function))
			continue;
		assert_ok(vfa_p2p_new(topology, function->bdf, peer->bdf, &p2p));
		if (vfa_p2p_get_advice(p2p)->window_count)
			return p2p;
		vfa_p2p_free(p2p);
	}
	return NULL;
}

/* Only pages that the window touches would do. */
static struct vfa_map_options within(const struct vfa_window *window)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;

	options.iova_min = window->range.start & ~(uint64_t)(PAGE_SIZE - 1);
	options.iova_max = window->range.last | (PAGE_SIZE - 1);
	return options;
}

static void assert_avoided(struct vm *vm, struct vfa_container *space,
			   const struct vfa_p2p_advice *advice)
{
	char *page = vm_memory(vm, PAGE_SIZE);

	for (size_t i = 0; i < advice->window_count; i++) {
		struct vfa_map_options options = within(&advice->windows[i]);

		assert_refused(vfa_container_map(space, page, PAGE_SIZE, &options, NULL), ENOSPC,
			       VFA_CAUSE_NO_SPACE);
		assert_said("dangerous");
	}
}

/* It is the windows that keep IOVAs away, and nothing else does. */
static void assert_free(struct vm *vm, struct vfa_container *space,
			const struct vfa_p2p_advice *advice)
{
	char *page = vm_memory(vm, PAGE_SIZE);

	for (size_t i = 0; i < advice->window_count; i++) {
		struct vfa_map_options options = within(&advice->windows[i]);

		assert_ok(vfa_container_map(space, page, PAGE_SIZE, &options, NULL));
	}
}

static void no_iova_is_chosen_where_a_peer_answers(void **state)
{
	struct vfa_device_options options = VFA_DEVICE_OPTIONS_INIT;
	struct vfa_container *space;
	struct vfa_topology *topology;
	struct vfa_device *device;
	struct vfa_p2p *p2p;
	const char *bdf;

	vm_need_assignment(*state);
	topology = vm_topology(*state);
	p2p = find_danger(topology);
	vm_need(p2p != NULL, "two devices of one viable group, as topology bridges has");
	bdf = vfa_topology_get_function(topology, vfa_p2p_get_path(p2p)->requester)->bdf;
	assert_ok(vfa_driver_bind(NULL, bdf, NULL, NULL)); /* nobody else wants it */
	space = vm_container(*state);
	assert_ok(vfa_device_open(space, bdf, NULL, &device));
	assert_avoided(*state, space, vfa_p2p_get_advice(p2p));
	vfa_device_close(device);
	options.flags = VFA_DEVICE_NO_WINDOWS;
	assert_ok(vfa_device_open(space, bdf, &options, &device));
	vm_own_device(*state, device);
	assert_free(*state, space, vfa_p2p_get_advice(p2p));
	vfa_p2p_free(p2p);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(members_of_a_group_are_reached),
		VM_CASE_ONCE(they_are_for_a_user_without_privileges),
		VM_CASE_ONCE(an_isolated_device_has_no_windows),
		VM_CASE_ONCE(ways_and_windows_agree),
		VM_CASE_ONCE(devices_of_one_group_are_dangerous),
		VM_CASE_ONCE(advice_and_windows_agree),
		VM_CASE(no_iova_is_chosen_where_a_peer_answers),
	};

	return vm_run_cases("test_reach", cases);
}
