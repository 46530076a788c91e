/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A probe names the one thing that is wrong with each machine, and no other. */

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

static struct vfa_probe *look(const char *bdf)
{
	struct vfa_probe *probe;

	assert_ok(vfa_probe_new(NULL, bdf, &probe));
	for (size_t i = 0; i < vfa_probe_count_checks(probe); i++) {
		const struct vfa_check *check = vfa_probe_get_check(probe, i);

		print_message("# %s: %s: %s\n", check->name, vfa_probe_result_name(check->result),
			      check->reason);
		assert_true(*check->reason);
	}
	return probe;
}

/* The check that did not come out well; NULL for none, and there must not be two. */
static const struct vfa_check *find_fault(const struct vfa_probe *probe)
{
	const struct vfa_check *found = NULL;

	for (size_t i = 0; i < vfa_probe_count_checks(probe); i++) {
		const struct vfa_check *check = vfa_probe_get_check(probe, i);

		if (check->result == VFA_PROBE_OK)
			continue;
		assert_null(found);
		found = check;
	}
	return found;
}

static enum vfa_probe_result expected(void)
{
	if (!vm_profile()->wrong)
		return VFA_PROBE_OK;
	return vm_profile()->is_fatal ? VFA_PROBE_FAILURE : VFA_PROBE_WARNING;
}

static void the_one_fault_of_the_machine_is_named(void **state)
{
	struct vfa_probe *probe = look(NULL);
	const struct vfa_check *fault = find_fault(probe);

	(void)state;
	assert_int_equal(vfa_probe_worst(probe), expected());
	if (fault)
		assert_string_equal(fault->name, vm_profile()->wrong);
	if (fault)
		assert_true(*fault->hint);
	vfa_probe_free(probe);
}

static void the_command_ends_with_the_worst_result(void **state)
{
	static const int statuses[] = {
		[VFA_PROBE_OK] = 0,
		[VFA_PROBE_WARNING] = 3,
		[VFA_PROBE_FAILURE] = 1,
	};
	int status;

	(void)state;
	vm_need(!access("/usr/bin/vfa", X_OK), "the command, which needs its libraries to build");
	status = system("vfa doctor");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), statuses[expected()]);
}

/* What is told of interrupts is what the kernel then does. */
static void the_verdict_on_interrupts_is_the_kernels(void **state)
{
	bool refuses = vm_profile()->wrong && vm_profile()->is_fatal;
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	int err;

	(void)state;
	vm_need(vm_profile()->has_iommu, "an IOMMU, as profile intel has it");
	assert_ok(vfa_container_open(NULL, VFA_BACKEND_TYPE1, &space));
	err = vfa_device_open(space, EDU, NULL, &device);
	assert_int_equal(err, refuses ? -EPERM : 0);
	if (refuses)
		assert_int_equal(vfa_error_last()->cause, VFA_CAUSE_UNSAFE_INTERRUPTS);
	vfa_device_close(device);
	vfa_container_close(space);
}

static void a_device_that_is_ready_has_no_fault(void **state)
{
	struct vfa_probe *probe;

	(void)state;
	vm_need(vm_profile()->has_iommu, "an IOMMU, as profile intel has it");
	probe = look(PORT_EDU_1);
	assert_true(!find_fault(probe) || !strcmp(find_fault(probe)->name, "reset"));
	vfa_probe_free(probe);
	probe = look(NVME);
	assert_null(find_fault(probe));
	vfa_probe_free(probe);
}

static void the_blocker_of_a_group_is_named(void **state)
{
	const struct vfa_check *fault;
	struct vfa_probe *probe;

	(void)state;
	vm_need(vm_profile()->has_iommu, "an IOMMU, as profile intel has it");
	probe = look(BLOCKED);
	fault = find_fault(probe);
	assert_non_null(fault);
	assert_string_equal(fault->name, "group");
	assert_int_equal(fault->result, VFA_PROBE_FAILURE);
	assert_non_null(strstr(fault->reason, BLOCKER " is bound to nvme"));
	assert_non_null(strstr(fault->hint, "\n  echo " BLOCKER " > "));
	vfa_probe_free(probe);
}

static void a_device_without_iommu_fails_for_that(void **state)
{
	struct vfa_probe *probe;
	bool found = false;

	(void)state;
	vm_need(!vm_profile()->has_iommu, "a machine without IOMMU, as profile none is");
	probe = look(NVME);
	for (size_t i = 0; i < vfa_probe_count_checks(probe); i++) {
		const struct vfa_check *check = vfa_probe_get_check(probe, i);

		if (check->result != VFA_PROBE_FAILURE)
			continue;
		assert_string_equal(check->name, "group");
		found = true;
	}
	assert_true(found);
	vfa_probe_free(probe);
}

/* Who may read little is told so, and nothing is said to be wrong that is not. */
static int worst_as_nobody(void *data)
{
	struct vfa_probe *probe;
	int result = vm_become_nobody();

	(void)data;
	if (!result)
		result = vfa_probe_new(NULL, NULL, &probe);
	if (result)
		return result;
	result = 0;
	for (size_t i = 0; i < vfa_probe_count_checks(probe); i++) {
		const struct vfa_check *check = vfa_probe_get_check(probe, i);

		if (!strcmp(check->name, "rights"))
			result |= check->result == VFA_PROBE_WARNING;
		if (!strcmp(check->name, "interrupts"))
			result |= (check->result == VFA_PROBE_OK) << 1;
	}
	vfa_probe_free(probe);
	return result;
}

static void rights_are_told_without_privilege(void **state)
{
	struct vm_report report;

	(void)state;
	vm_need(vm_profile()->has_iommu && vm_profile()->isolates_interrupts &&
			!vm_profile()->wrong,
		"a machine that lacks nothing, as profile intel is");
	vm_in_child(worst_as_nobody, NULL, &report);
	assert_int_equal(report.result, 3);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(the_one_fault_of_the_machine_is_named),
		VM_CASE_ONCE(the_command_ends_with_the_worst_result),
		VM_CASE_ONCE(the_verdict_on_interrupts_is_the_kernels),
		VM_CASE_ONCE(a_device_that_is_ready_has_no_fault),
		VM_CASE_ONCE(the_blocker_of_a_group_is_named),
		VM_CASE_ONCE(a_device_without_iommu_fails_for_that),
		VM_CASE_ONCE(rights_are_told_without_privilege),
	};

	return vm_run_cases("doctor", cases);
}
