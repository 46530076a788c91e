/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Whether the IOMMU enforces snooping, as each emulated IOMMU is known to have it. */

#include <errno.h>

#include "common.h"

static void coherency_is_what_the_iommu_enforces(void **state)
{
	struct vfa_container *space;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	assert_int_equal(assert_ok(vfa_coherency_is_enforced(space)), vm_profile()->coherency);
	assert_int_equal(assert_ok(vfa_coherency_is_enforced(space)), vm_profile()->coherency);
}

static void coherency_before_a_device_joined_is_wrong_order(void **state)
{
	struct vfa_container *space;
	struct vm *vm = *state;

	vm_need(vm->backend != VFA_BACKEND_IOMMUFD || vm_profile()->has_iommufd,
		"a kernel with iommufd, as in profile intel");
	space = vm_container(vm);
	assert_refused(vfa_coherency_is_enforced(space), ENODEV, VFA_CAUSE_WRONG_ORDER);
}

static void coherency_holds_when_a_second_device_joins_and_leaves(void **state)
{
	struct vfa_container *space;
	struct vfa_device *second;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	assert_ok(vfa_device_open(space, NVME, NULL, &second));
	assert_int_equal(assert_ok(vfa_coherency_is_enforced(space)), vm_profile()->coherency);
	vfa_device_close(second);
	assert_int_equal(assert_ok(vfa_coherency_is_enforced(space)), vm_profile()->coherency);
}

static void coherency_after_the_last_device_left_is_wrong_order(void **state)
{
	struct vfa_container *space;
	struct vfa_device *device;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	space = vm_container(vm);
	assert_ok(vfa_device_open(space, EDU, NULL, &device));
	assert_ok(vfa_coherency_is_enforced(space));
	vfa_device_close(device);
	assert_refused(vfa_coherency_is_enforced(space), ENODEV, VFA_CAUSE_WRONG_ORDER);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(coherency_is_what_the_iommu_enforces),
		VM_CASE(coherency_before_a_device_joined_is_wrong_order),
		VM_CASE(coherency_holds_when_a_second_device_joins_and_leaves),
		VM_CASE(coherency_after_the_last_device_left_is_wrong_order),
	};

	return vm_run_cases("coherency", cases);
}
