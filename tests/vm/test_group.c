/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Groups as the kernel formed them, with the kernel's sysfs as the witness. */

#include <errno.h>
#include <unistd.h>

#include "common.h"

#define MAX_GROUPS 64

static void need_groups(void)
{
	vm_need(vm_profile()->has_iommu, "an IOMMU, as profile intel has it");
}

static void every_group_has_the_members_that_sysfs_has(void **state)
{
	uint32_t numbers[MAX_GROUPS];
	struct vfa_group *group;
	char path[256];
	size_t j;
	int count, i;

	(void)state;
	need_groups();
	count = assert_ok(vfa_group_list(NULL, numbers, MAX_GROUPS));
	assert_int_equal(count, vm_count_entries("/sys/kernel/iommu_groups"));
	assert_int_equal(vfa_group_list(NULL, NULL, 0), count);
	for (i = 0; i < count; i++) {
		assert_true(i == 0 || numbers[i] > numbers[i - 1]);
		assert_ok(vfa_group_new(NULL, numbers[i], &group));
		assert_int_equal(vfa_group_number(group), numbers[i]);
		snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices", numbers[i]);
		assert_int_equal(vfa_group_count_members(group), vm_count_entries(path));
		for (j = 0; j < vfa_group_count_members(group); j++) {
			snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices/%s",
				 numbers[i], vfa_group_get_member(group, j)->name);
			assert_int_equal(access(path, F_OK), 0);
		}
		assert_null(vfa_group_get_member(group, j));
		vfa_group_free(group);
	}
}

static void assert_member(const struct vfa_group *group, size_t index, const char *name,
			  const char *driver, enum vfa_member_role role)
{
	const struct vfa_group_member *member = vfa_group_get_member(group, index);

	assert_non_null(member);
	assert_string_equal(member->name, name);
	assert_string_equal(member->driver, driver);
	assert_string_equal(vfa_member_role_name(member->role), vfa_member_role_name(role));
}

static void port_driver_is_told_from_one_that_blocks(void **state)
{
	struct vfa_group *group;

	(void)state;
	need_groups();
	assert_ok(vfa_group_new_for_device(NULL, PORT_EDU_2, &group));
	assert_int_equal(vfa_group_count_members(group), 3);
	assert_member(group, 0, PORT, "pcieport", VFA_MEMBER_PORT);
	assert_member(group, 1, PORT_EDU_1, "vfio-pci", VFA_MEMBER_VFIO);
	assert_member(group, 2, PORT_EDU_2, "vfio-pci", VFA_MEMBER_VFIO);
	vfa_group_free(group);

	assert_ok(vfa_group_new_for_device(NULL, BLOCKED, &group));
	assert_int_equal(vfa_group_count_members(group), 2);
	assert_member(group, 0, BLOCKED, "vfio-pci", VFA_MEMBER_VFIO);
	assert_member(group, 1, BLOCKER, "nvme", VFA_MEMBER_KERNEL);
	vfa_group_free(group);
}

static void member_without_driver_is_unbound(void **state)
{
	struct vfa_group *group;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	vm_unbind(vm, OTHER_EDU);
	assert_ok(vfa_group_new_for_device(NULL, OTHER_EDU, &group));
	assert_member(group, 0, OTHER_EDU, "", VFA_MEMBER_UNBOUND);
	assert_int_equal(vfa_group_get_member(group, 0)->vendor, 0x1234);
	assert_int_equal(vfa_group_get_member(group, 0)->device, 0x11e8);
	assert_int_equal(vfa_group_get_member(group, 0)->class_code, 0x00ff00);
	vfa_group_free(group);
}

static void reserved_regions_are_in_order_and_name_msi(void **state)
{
	const struct vfa_reserved_region *region, *before = NULL;
	struct vfa_group *group;
	bool found = false;
	size_t i;

	(void)state;
	need_groups();
	assert_ok(vfa_group_new_for_device(NULL, EDU, &group));
	for (i = 0; i < vfa_group_count_reserved_regions(group); i++, before = region) {
		region = vfa_group_get_reserved_region(group, i);
		assert_true(region->range.start <= region->range.last);
		assert_true(!before || region->range.start >= before->range.start);
		assert_int_equal(region->group, vfa_group_number(group));
		if (region->type == VFA_RESERVED_MSI) {
			assert_int_equal(region->range.start, 0xfee00000);
			assert_int_equal(region->range.last, 0xfeefffff);
			found = true;
		}
	}
	assert_null(vfa_group_get_reserved_region(group, i));
	assert_true(found);
	vfa_group_free(group);
}

static void unknown_group_is_refused(void **state)
{
	struct vfa_group *group = NULL;

	(void)state;
	assert_refused(vfa_group_new(NULL, 4000, &group), ENOENT, VFA_CAUSE_NO_GROUP);
	assert_said("4000");
	assert_null(group);
}

static void without_iommu_there_are_no_groups(void **state)
{
	struct vfa_group *group = NULL;

	(void)state;
	vm_need(!vm_profile()->has_iommu, "a machine without IOMMU, as profile none is");
	assert_int_equal(vfa_group_list(NULL, NULL, 0), 0);
	assert_refused(vfa_group_new_for_device(NULL, EDU, &group), ENOENT, VFA_CAUSE_NO_IOMMU);
	assert_null(group);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(every_group_has_the_members_that_sysfs_has),
		VM_CASE_ONCE(port_driver_is_told_from_one_that_blocks),
		VM_CASE_ONCE(member_without_driver_is_unbound),
		VM_CASE_ONCE(reserved_regions_are_in_order_and_name_msi),
		VM_CASE_ONCE(unknown_group_is_refused),
		VM_CASE_ONCE(without_iommu_there_are_no_groups),
	};

	return vm_run_cases("group", cases);
}
