/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why functions share a group, where the kernel formed the groups and QEMU made the registers. */

#include <errno.h>

#include "common.h"

static void need_groups(void)
{
	vm_need(vm_profile()->has_iommu, "an IOMMU, as profile intel has it");
}

static struct vfa_isolation *report_on(const struct vfa_topology *topology, const char *bdf)
{
	struct vfa_isolation *isolation = NULL;

	assert_ok(vfa_isolation_new(topology, bdf, NULL, 0, &isolation));
	return isolation;
}

static const char *bdf_of(const struct vfa_topology *topology, int32_t index)
{
	return vfa_topology_get_function(topology, index)->bdf;
}

static size_t count_others(const struct vfa_topology *topology, size_t index)
{
	int32_t group = vfa_topology_get_function(topology, index)->group;
	size_t count = 0;

	for (size_t i = 0; group >= 0 && i < vfa_topology_count_functions(topology); i++)
		count += i != index && vfa_topology_get_function(topology, i)->group == group;
	return count;
}

static bool is_device(const struct vfa_topology *topology, size_t index)
{
	return !vfa_topology_get_function(topology, index)->is_bridge;
}

static bool has_two_devices(const struct vfa_topology *topology, size_t index)
{
	int32_t group = vfa_topology_get_function(topology, index)->group;
	size_t devices = 0;

	for (size_t i = 0; group >= 0 && i < vfa_topology_count_functions(topology); i++)
		devices += is_device(topology, i) &&
			   vfa_topology_get_function(topology, i)->group == group;
	return devices > 1;
}

/* On a machine as it has started there is no other story to tell. */
static void every_member_of_every_group_is_explained(void **state)
{
	struct vfa_topology *topology = vm_topology(*state);
	const struct vfa_isolation_member *member;

	need_groups();
	for (size_t i = 0; i < vfa_topology_count_functions(topology); i++) {
		struct vfa_isolation *isolation = report_on(topology, bdf_of(topology, i));

		assert_int_equal(vfa_isolation_count_members(isolation), count_others(topology, i));
		for (size_t j = 0; (member = vfa_isolation_get_member(isolation, j)); j++) {
			assert_true(member->culprit >= 0);
			assert_true(member->reason[0]);
		}
		assert_int_equal(vfa_isolation_count_notes(isolation),
				 has_two_devices(topology, i));
		if (has_two_devices(topology, i))
			assert_int_equal(vfa_isolation_get_note(isolation, 0)->kind,
					 VFA_ISOLATION_DANGEROUS);
		if (vfa_topology_get_function(topology, i)->group >= 0)
			assert_int_equal(vfa_isolation_is_supported(isolation), VFA_YES);
		vfa_isolation_free(isolation);
	}
}

static void assert_culprit(const struct vfa_topology *topology,
			   const struct vfa_isolation *isolation, size_t index, const char *member,
			   const char *culprit)
{
	const struct vfa_isolation_member *found = vfa_isolation_get_member(isolation, index);

	assert_non_null(found);
	assert_string_equal(bdf_of(topology, found->function), member);
	assert_string_equal(bdf_of(topology, found->culprit), culprit);
}

static void a_port_without_acs_is_the_culprit(void **state)
{
	struct vfa_topology *topology = vm_topology(*state);
	const struct vfa_isolation_step *step;
	struct vfa_isolation *isolation;

	need_groups();
	isolation = report_on(topology, PORT_EDU_1);
	assert_int_equal(vfa_isolation_count_steps(isolation), 2);
	step = vfa_isolation_get_step(isolation, 1);
	assert_string_equal(bdf_of(topology, step->function), PORT);
	assert_int_equal(step->isolates, VFA_NO);
	assert_int_equal(step->acs.present, VFA_NO);
	assert_int_equal(step->missing, VFA_ACS_ISOLATION);
	assert_int_equal(vfa_isolation_count_members(isolation), 2);
	assert_culprit(topology, isolation, 0, PORT, PORT);
	assert_culprit(topology, isolation, 1, PORT_EDU_2, PORT);
	assert_string_equal(vfa_isolation_get_member(isolation, 1)->reason,
			    PORT " has no ACS: it may send a request of " PORT_EDU_1
				 " to " PORT_EDU_2 " without the IOMMU");
	vfa_isolation_free(isolation);
}

static void functions_of_a_slot_are_each_others_culprits(void **state)
{
	struct vfa_topology *topology = vm_topology(*state);
	struct vfa_isolation *isolation;

	need_groups();
	isolation = report_on(topology, BLOCKER);
	assert_int_equal(vfa_isolation_count_members(isolation), 1);
	assert_culprit(topology, isolation, 0, BLOCKED, BLOCKER);
	vfa_isolation_free(isolation);
}

/* Behind it the two functions still share a slot, and conventional ones can have no ACS. */
static void a_port_with_acs_would_be_apart(void **state)
{
	const struct vfa_acs_change change = { PORT, VFA_ACS_ISOLATION, 0 };
	struct vfa_topology *topology = vm_topology(*state);
	struct vfa_isolation *isolation = NULL;

	need_groups();
	assert_ok(vfa_isolation_new(topology, PORT, &change, 1, &isolation));
	assert_int_equal(vfa_isolation_count_members(isolation), 0);
	vfa_isolation_free(isolation);
	assert_ok(vfa_isolation_new(topology, PORT_EDU_1, &change, 1, &isolation));
	assert_int_equal(vfa_isolation_count_members(isolation), 1);
	assert_culprit(topology, isolation, 0, PORT_EDU_2, PORT_EDU_1);
	vfa_isolation_free(isolation);
}

/* 0 when all that can be told without privileges is told, and no more. */
static int report_as_nobody(void *data)
{
	struct vfa_isolation *isolation = NULL;
	struct vfa_topology *topology = NULL;
	bool is_right;

	(void)data;
	if (vm_become_nobody() || vfa_topology_new(NULL, &topology) ||
	    vfa_isolation_new(topology, PORT_EDU_1, NULL, 0, &isolation))
		return -1;
	is_right = vfa_isolation_count_steps(isolation) == 2 &&
		   vfa_isolation_get_step(isolation, 1)->isolates == VFA_UNKNOWN &&
		   vfa_isolation_count_members(isolation) == 2 &&
		   vfa_isolation_get_member(isolation, 0)->culprit == -1 &&
		   vfa_isolation_count_notes(isolation) == 2 &&
		   vfa_isolation_get_note(isolation, 0)->kind == VFA_ISOLATION_UNREAD &&
		   vfa_isolation_get_note(isolation, 1)->kind == VFA_ISOLATION_DANGEROUS &&
		   vfa_isolation_is_supported(isolation) == VFA_UNKNOWN;
	vfa_isolation_free(isolation);
	vfa_topology_free(topology);
	return is_right ? 0 : -2;
}

static int predict_as_nobody(void *data)
{
	struct vfa_topology *topology = NULL;
	int result;

	(void)data;
	if (vm_become_nobody() || vfa_topology_new(NULL, &topology))
		return -1;
	result = vfa_topology_predict(topology, NULL, 0, NULL, 0);
	vfa_topology_free(topology);
	return result;
}

static void without_privileges_nothing_is_guessed(void **state)
{
	struct vm_report report;

	(void)state;
	need_groups();
	vm_in_child(report_as_nobody, NULL, &report);
	assert_int_equal(report.result, 0);
	vm_in_child(predict_as_nobody, NULL, &report);
	assert_child_refused(&report, EACCES, VFA_CAUSE_ACCESS);
}

static void without_iommu_there_is_no_group_to_explain(void **state)
{
	struct vfa_topology *topology = vm_topology(*state);
	struct vfa_isolation *isolation;

	vm_need(!vm_profile()->has_iommu, "a machine without IOMMU, as profile none is");
	isolation = report_on(topology, PORT_EDU_1);
	assert_int_equal(vfa_isolation_count_steps(isolation), 2);
	assert_int_equal(vfa_isolation_count_members(isolation), 0);
	assert_int_equal(vfa_isolation_is_supported(isolation), VFA_UNKNOWN);
	vfa_isolation_free(isolation);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(every_member_of_every_group_is_explained),
		VM_CASE_ONCE(a_port_without_acs_is_the_culprit),
		VM_CASE_ONCE(functions_of_a_slot_are_each_others_culprits),
		VM_CASE_ONCE(a_port_with_acs_would_be_apart),
		VM_CASE_ONCE(without_privileges_nothing_is_guessed),
		VM_CASE_ONCE(without_iommu_there_is_no_group_to_explain),
	};

	return vm_run_cases("isolation", cases);
}
