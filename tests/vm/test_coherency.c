/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Whether the IOMMU enforces snooping, as each emulated IOMMU is known to have it, and
 * whether devices can break coherency. No device of QEMU has Enable No Snoop: that of
 * the topology no-snoop is a process of the host.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <unistd.h>

#include "common.h"

#define NO_SNOOP "0000:00:0b.0" /* of the topology no-snoop */
#define CONTROL  0x48           /* its Device Control */

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

static bool is_there(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", bdf);
	return access(path, F_OK) == 0;
}

static void need_no_snoop(const struct vm *vm)
{
	vm_need_assignment(vm);
	vm_need(is_there(NO_SNOOP), "the topology no-snoop (run.sh -d no-snoop)");
}

/* The hardware's value, not VFIO's. */
static bool is_enabled(struct vm *vm)
{
	int fd = vm_open(vm, "/sys/bus/pci/devices/" NO_SNOOP "/config", O_RDONLY);
	uint8_t bytes[2];

	assert_int_equal(pread(fd, bytes, sizeof(bytes), CONTROL), sizeof(bytes));
	return (bytes[0] | bytes[1] << 8) & PCI_EXP_DEVCTL_NOSNOOP_EN;
}

static void check_answers(struct vfa_device *device, enum vfa_answer answer, const char *origin)
{
	enum vfa_answer iommu = vm_profile()->coherency ? VFA_NO : VFA_YES;
	struct vfa_coherency coherency = VFA_COHERENCY_INIT;

	assert_ok(vfa_device_coherency(device, &coherency));
	print_message("%s: %s, %s, %s: %s\n", vfa_device_bdf(device), coherency.device_origin,
		      coherency.iommu_origin, coherency.platform_origin,
		      vfa_coherency_verdict_name(coherency.verdict));
	assert_non_null(strstr(coherency.device_origin, origin));
	assert_int_equal(coherency.device, answer);
	assert_int_equal(coherency.iommu, iommu);
	assert_int_equal(coherency.platform, VFA_UNKNOWN);
	assert_int_equal(coherency.verdict, answer == VFA_NO || iommu == VFA_NO
						    ? VFA_COHERENCY_COHERENT
						    : VFA_COHERENCY_MAY_BREAK);
}

static void a_conventional_device_is_coherent_everywhere(void **state)
{
	struct vfa_container *space;
	struct vfa_device *device;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	space = vm_container(vm);
	device = vm_device(vm, space, EDU);
	check_answers(device, VFA_NO, "conventional PCI has no No Snoop");
	assert_ok(vfa_device_disable_no_snoop(device));
	assert_refused(vfa_device_enable_no_snoop(device), EOPNOTSUPP, VFA_CAUSE_NO_SNOOP_FIXED);
}

static void a_bit_that_is_hard_wired_cannot_be_set(void **state)
{
	struct vfa_container *space;
	struct vfa_device *device;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	space = vm_container(vm);
	device = vm_device(vm, space, NVME);
	check_answers(device, VFA_NO, "of " NVME ", is clear");
	assert_ok(vfa_device_disable_no_snoop(device));
	assert_refused(vfa_device_enable_no_snoop(device), EOPNOTSUPP, VFA_CAUSE_NO_SNOOP_FIXED);
	assert_said("does not take");
}

static void no_snoop_is_forbidden_and_allowed_again(void **state)
{
	struct vfa_container *space;
	struct vfa_device *device;
	struct vm *vm = *state;

	need_no_snoop(vm);
	space = vm_container(vm);
	device = vm_device(vm, space, NO_SNOOP);
	assert_true(is_enabled(vm));
	check_answers(device, VFA_YES, "of " NO_SNOOP ", is set");
	assert_ok(vfa_device_disable_no_snoop(device));
	assert_false(is_enabled(vm));
	check_answers(device, VFA_NO, "of " NO_SNOOP ", is clear");
	assert_ok(vfa_device_enable_no_snoop(device));
	assert_true(is_enabled(vm));
	check_answers(device, VFA_YES, "of " NO_SNOOP ", is set");
}

/* A function-level reset sets the bit; the kernel puts back what was there before. */
static void no_snoop_stays_forbidden_over_a_reset(void **state)
{
	struct vfa_container *space;
	struct vfa_device *device;
	struct vm *vm = *state;

	need_no_snoop(vm);
	space = vm_container(vm);
	device = vm_device(vm, space, NO_SNOOP);
	assert_ok(vfa_device_disable_no_snoop(device));
	assert_ok(vfa_device_reset(device));
	assert_false(is_enabled(vm));
	check_answers(device, VFA_NO, "of " NO_SNOOP ", is clear");
}

static void no_snoop_comes_back_when_the_device_is_closed(void **state)
{
	struct vfa_container *space;
	struct vfa_device *device;
	struct vm *vm = *state;

	need_no_snoop(vm);
	space = vm_container(vm);
	assert_ok(vfa_device_open(space, NO_SNOOP, NULL, &device));
	assert_ok(vfa_device_disable_no_snoop(device));
	assert_false(is_enabled(vm));
	vfa_device_close(device);
	assert_true(is_enabled(vm));
}

static void the_verdict_is_the_same_with_a_second_device(void **state)
{
	struct vfa_device *device, *second;
	struct vfa_container *space;
	struct vm *vm = *state;

	need_no_snoop(vm);
	space = vm_container(vm);
	device = vm_device(vm, space, NO_SNOOP);
	check_answers(device, VFA_YES, "is set");
	assert_ok(vfa_device_open(space, EDU, NULL, &second));
	check_answers(device, VFA_YES, "is set");
	check_answers(second, VFA_NO, "conventional");
	vfa_device_close(second);
	check_answers(device, VFA_YES, "is set");
}

/* The first virtual function of the machine, NULL for none. */
static const struct vfa_function *find_virtual(const struct vfa_topology *topology)
{
	for (size_t i = 0; i < vfa_topology_count_functions(topology); i++) {
		const struct vfa_function *function = vfa_topology_get_function(topology, i);

		if (function->physical >= 0)
			return function;
	}
	return NULL;
}

static void a_virtual_function_has_its_physical_one_s_rule(void **state)
{
	const struct vfa_function *function;
	struct vfa_topology *topology;
	char path[128], physical[32];
	struct vfa_device *device;
	struct vm *vm = *state;

	need_no_snoop(vm);
	topology = vm_topology(vm);
	function = find_virtual(topology);
	assert_non_null(function);
	vm_need(function->group >= 0,
		"an IOMMU that covers virtual functions, as in profile intel");
	strcpy(physical, vfa_topology_get_function(topology, function->physical)->bdf);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", function->bdf);
	vm_set(vm, path, "vfio-pci");
	vm_bind(vm, function->bdf);
	device = vm_device(vm, vm_container(vm), function->bdf);
	check_answers(device, VFA_NO, physical);
	assert_refused(vfa_device_disable_no_snoop(device), EOPNOTSUPP, VFA_CAUSE_NO_SNOOP_FIXED);
	assert_said(physical);
	assert_refused(vfa_device_enable_no_snoop(device), EOPNOTSUPP, VFA_CAUSE_NO_SNOOP_FIXED);
}

static void check_wbinvd(struct vfa_device *const *devices, size_t count, enum vfa_answer needed)
{
	struct vfa_wbinvd wbinvd = VFA_WBINVD_INIT;

	assert_int_equal(assert_ok(vfa_coherency_needs_wbinvd(devices, count, &wbinvd)),
			 needed != VFA_NO);
	print_message("%s\n", wbinvd.reason);
	assert_int_equal(wbinvd.needed, needed);
	assert_int_equal(wbinvd.kernel, vm_profile()->coherency ? VFA_NO : VFA_YES);
}

static void wbinvd_is_needed_where_nothing_holds_a_device_to_snooping(void **state)
{
	struct vfa_device *devices[2];
	struct vm *vm = *state;

	need_no_snoop(vm);
	devices[0] = vm_device(vm, vm_container(vm), EDU);
	devices[1] = vm_device(vm, vm_container(vm), NO_SNOOP);
	check_wbinvd(devices, 1, VFA_NO);
	check_wbinvd(devices, 2, vm_profile()->coherency ? VFA_NO : VFA_UNKNOWN);
	assert_ok(vfa_device_disable_no_snoop(devices[1]));
	check_wbinvd(devices, 2, VFA_NO);
}

static void sysfs_tells_the_same_of_a_closed_device(void **state)
{
	struct vfa_coherency coherency = VFA_COHERENCY_INIT;

	need_no_snoop(*state);
	assert_ok(vfa_coherency_read(NULL, NO_SNOOP, &coherency));
	assert_int_equal(coherency.device, VFA_YES);
	assert_int_equal(coherency.iommu, VFA_UNKNOWN);
	assert_int_equal(coherency.verdict, VFA_COHERENCY_MAY_BREAK);
	assert_ok(vfa_coherency_read(NULL, EDU, &coherency));
	assert_int_equal(coherency.device, VFA_NO);
	assert_int_equal(coherency.verdict, VFA_COHERENCY_COHERENT);
}

/* In a child: 0 when it is told that it may not see the register. */
static int read_as_nobody(void *data)
{
	struct vfa_coherency coherency = VFA_COHERENCY_INIT;

	if (vm_become_nobody() || vfa_coherency_read(NULL, data, &coherency))
		return -1;
	return coherency.device == VFA_UNKNOWN && strstr(coherency.device_origin, "CAP_SYS_ADMIN")
		       ? 0
		       : -2;
}

static void nobody_is_told_that_it_may_not_know(void **state)
{
	struct vm_report report = { .result = -3 };
	char bdf[] = NVME;

	(void)state;
	vm_in_child(read_as_nobody, bdf, &report);
	assert_int_equal(report.result, 0);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(coherency_is_what_the_iommu_enforces),
		VM_CASE(coherency_before_a_device_joined_is_wrong_order),
		VM_CASE(coherency_holds_when_a_second_device_joins_and_leaves),
		VM_CASE(coherency_after_the_last_device_left_is_wrong_order),
		VM_CASE(a_conventional_device_is_coherent_everywhere),
		VM_CASE(a_bit_that_is_hard_wired_cannot_be_set),
		VM_CASE(no_snoop_is_forbidden_and_allowed_again),
		VM_CASE(no_snoop_stays_forbidden_over_a_reset),
		VM_CASE(no_snoop_comes_back_when_the_device_is_closed),
		VM_CASE(the_verdict_is_the_same_with_a_second_device),
		VM_CASE(a_virtual_function_has_its_physical_one_s_rule),
		VM_CASE(wbinvd_is_needed_where_nothing_holds_a_device_to_snooping),
		VM_CASE_ONCE(sysfs_tells_the_same_of_a_closed_device),
		VM_CASE_ONCE(nobody_is_told_that_it_may_not_know),
	};

	return vm_run_cases("coherency", cases);
}
