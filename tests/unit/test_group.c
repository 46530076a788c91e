/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fixture.h"

static struct vfa_group *snapshot(struct machine *machine, uint32_t number)
{
	struct vfa_group *group = NULL;

	assert_ok(vfa_group_new(machine->host, number, &group));
	assert_int_equal(vfa_group_number(group), number);
	return group;
}

static void groups_are_listed_in_order(void **state)
{
	struct machine *machine = *state;
	uint32_t numbers[6] = { 0, 0, 0, 0, 0, 77 };

	tree_add_group(&machine->tree, 10, "");
	assert_int_equal(vfa_group_list(machine->host, NULL, 0), 6);
	assert_int_equal(vfa_group_list(machine->host, numbers, 5), 6);
	assert_int_equal(numbers[0], 4);
	assert_int_equal(numbers[4], 9);
	assert_int_equal(numbers[5], 77);
	assert_fails(vfa_group_list(machine->host, NULL, 1), EINVAL, BAD_ARGUMENT);
}

static void a_machine_without_iommu_has_no_groups(void **state)
{
	struct machine *machine = *state;

	tree_remove(&machine->tree, "sys/kernel/iommu_groups");
	assert_int_equal(vfa_group_list(machine->host, NULL, 0), 0);
	tree_mkdir(&machine->tree, "sys/kernel/iommu_groups");
	assert_int_equal(vfa_group_list(machine->host, NULL, 0), 0);
}

static void a_member_tells_its_identity(void **state)
{
	struct vfa_group *group = snapshot(*state, 4);
	const struct vfa_group_member *member = vfa_group_get_member(group, 0);

	assert_int_equal(vfa_group_count_members(group), 1);
	assert_string_equal(member->name, EDU);
	assert_string_equal(member->driver, "vfio-pci");
	assert_int_equal(member->vendor, 0x1234);
	assert_int_equal(member->device, 0x11e8);
	assert_int_equal(member->class_code, 0x00ff00);
	assert_int_equal(member->role, VFA_MEMBER_VFIO);
	assert_null(vfa_group_get_member(group, 1));
	vfa_group_free(group);
}

static void members_are_ordered_by_address(void **state)
{
	struct vfa_group *group = snapshot(*state, 9);

	assert_int_equal(vfa_group_count_members(group), 3);
	assert_string_equal(vfa_group_get_member(group, 0)->name, PORT);
	assert_string_equal(vfa_group_get_member(group, 1)->name, LEFT);
	assert_string_equal(vfa_group_get_member(group, 2)->name, RIGHT);
	vfa_group_free(group);
}

static void drivers_decide_the_role(void **state)
{
	struct machine *machine = *state;
	struct vfa_group *group;

	tree_set_driver(&machine->tree, LEFT, NULL);
	tree_remove(&machine->tree, "sys/devices/pci0000:00/" PORT "/" LEFT "/vfio-dev");
	tree_set_driver(&machine->tree, RIGHT, "pci-stub");
	tree_remove(&machine->tree, "sys/devices/pci0000:00/" PORT "/" RIGHT "/vfio-dev");
	group = snapshot(machine, 9);
	assert_int_equal(vfa_group_get_member(group, 0)->role, VFA_MEMBER_PORT);
	assert_int_equal(vfa_group_get_member(group, 1)->role, VFA_MEMBER_UNBOUND);
	assert_string_equal(vfa_group_get_member(group, 1)->driver, "");
	assert_int_equal(vfa_group_get_member(group, 2)->role, VFA_MEMBER_STUB);
	vfa_group_free(group);
	group = snapshot(machine, 6);
	assert_int_equal(vfa_group_get_member(group, 1)->role, VFA_MEMBER_KERNEL);
	assert_string_equal(vfa_group_get_member(group, 1)->driver, "nvme");
	vfa_group_free(group);
}

static void members_of_other_buses_have_drivers(void **state)
{
	static const char *const names[] = { "9000000.dma", "arm-smmu-test.of-a-long-name" };
	struct machine *machine = *state;
	struct vfa_group *group;

	for (size_t i = 0; i < 2; i++)
		tree_link(&machine->tree, "/sys/bus/platform/drivers/pl330",
			  "sys/kernel/iommu_groups/4/devices/%s/driver", names[i]);
	group = snapshot(machine, 4);
	assert_int_equal(vfa_group_count_members(group), 3);
	for (size_t i = 1; i < 3; i++) {
		const struct vfa_group_member *member = vfa_group_get_member(group, i);

		assert_string_equal(member->name, names[i - 1]);
		assert_string_equal(member->driver, "pl330");
		assert_int_equal(member->role, VFA_MEMBER_KERNEL);
		assert_int_equal(member->vendor, 0);
	}
	vfa_group_free(group);
}

/* mlx5-vfio-pci, nvgrace-gpu-vfio-pci and others do not begin with vfio. */
static void a_variant_driver_is_a_vfio_driver(void **state)
{
	struct machine *machine = *state;
	struct vfa_group *group;

	tree_set_driver(&machine->tree, EDU, "mlx5-vfio-pci");
	group = snapshot(machine, 4);
	assert_int_equal(vfa_group_get_member(group, 0)->role, VFA_MEMBER_VFIO);
	vfa_group_free(group);
}

static void reserved_regions_are_read_by_type(void **state)
{
	struct machine *machine = *state;
	struct vfa_group *group;
	static const enum vfa_reserved_type types[] = {
		VFA_RESERVED_DIRECT, VFA_RESERVED_DIRECT_RELAXABLE, VFA_RESERVED_MSI,
		VFA_RESERVED_OTHER,  VFA_RESERVED_RESERVED,
	};

	tree_write(&machine->tree,
		   "0x00000000fee00000 0x00000000feefffff msi\n"
		   "0x0000000000001000 0x0000000000001fff direct\n"
		   "0x0000000000003000 0x0000000000003fff direct-relaxable\n"
		   "0x000000fd00000000 0x000000fdffffffff novelty\n"
		   "0xffffffff00000000 0xffffffffffffffff reserved\n",
		   "sys/kernel/iommu_groups/4/reserved_regions");
	group = snapshot(machine, 4);
	assert_int_equal(vfa_group_count_reserved_regions(group), 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(vfa_group_get_reserved_region(group, i)->type, types[i]);
		assert_int_equal(vfa_group_get_reserved_region(group, i)->group, 4);
	}
	assert_true(vfa_group_get_reserved_region(group, 4)->range.last == UINT64_MAX);
	assert_null(vfa_group_get_reserved_region(group, 5));
	vfa_group_free(group);
}

static void a_group_without_reserved_regions_is_fine(void **state)
{
	struct machine *machine = *state;
	struct vfa_group *group;

	tree_write(&machine->tree, "", "sys/kernel/iommu_groups/4/reserved_regions");
	group = snapshot(machine, 4);
	assert_int_equal(vfa_group_count_reserved_regions(group), 0);
	vfa_group_free(group);
	tree_remove(&machine->tree, "sys/kernel/iommu_groups/4/reserved_regions");
	group = snapshot(machine, 4);
	assert_int_equal(vfa_group_count_reserved_regions(group), 0);
	vfa_group_free(group);
}

static void a_device_leads_to_its_group(void **state)
{
	struct machine *machine = *state;
	struct vfa_group *group = NULL;

	assert_ok(vfa_group_new_for_device(machine->host, "01:02.0", &group));
	assert_int_equal(vfa_group_number(group), 9);
	vfa_group_free(group);
}

static void a_snapshot_does_not_change(void **state)
{
	struct machine *machine = *state;
	struct vfa_group *group = snapshot(machine, 4);

	tree_set_driver(&machine->tree, EDU, "edu");
	assert_string_equal(vfa_group_get_member(group, 0)->driver, "vfio-pci");
	vfa_group_free(group);
}

static void an_unknown_group_is_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_group *group = NULL;

	assert_fails(vfa_group_new(machine->host, 8, &group), ENOENT, NO_GROUP);
	assert_fails(vfa_group_new(machine->host, 4, NULL), EINVAL, BAD_ARGUMENT);
	assert_null(group);
	vfa_group_free(NULL);
}

static void a_device_without_group_is_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_group *group = NULL;

	assert_fails(vfa_group_new_for_device(machine->host, "zz", &group), EINVAL, BAD_BDF);
	assert_fails(vfa_group_new_for_device(machine->host, NULL, &group), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_group_new_for_device(machine->host, EDU, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_group_new_for_device(machine->host, "00:1e.0", &group), ENODEV, NO_DEVICE);
	tree_remove(&machine->tree, "sys/devices/pci0000:00/" EDU "/iommu_group");
	assert_fails(vfa_group_new_for_device(machine->host, EDU, &group), ENOENT, NO_IOMMU);
	assert_null(group);
}

static void roles_and_types_have_names(void **state)
{
	(void)state;
	assert_string_equal(vfa_member_role_name(VFA_MEMBER_UNBOUND), "unbound");
	assert_string_equal(vfa_member_role_name(VFA_MEMBER_VFIO), "vfio");
	assert_string_equal(vfa_member_role_name(VFA_MEMBER_STUB), "stub");
	assert_string_equal(vfa_member_role_name(VFA_MEMBER_PORT), "port");
	assert_string_equal(vfa_member_role_name(VFA_MEMBER_KERNEL), "kernel");
	assert_string_equal(vfa_member_role_name(77), "unknown");
	assert_string_equal(vfa_reserved_type_name(VFA_RESERVED_DIRECT), "direct");
	assert_string_equal(vfa_reserved_type_name(VFA_RESERVED_DIRECT_RELAXABLE),
			    "direct-relaxable");
	assert_string_equal(vfa_reserved_type_name(VFA_RESERVED_RESERVED), "reserved");
	assert_string_equal(vfa_reserved_type_name(VFA_RESERVED_MSI), "msi");
	assert_string_equal(vfa_reserved_type_name(0), "unknown");
	assert_string_equal(vfa_reserved_type_name(77), "unknown");
}

static void a_noiommu_group_is_told_from_others(void **state)
{
	struct machine *machine = *state;
	struct vfa_group *group = NULL;

	assert_ok(vfa_group_new(machine->host, 4, &group));
	assert_false(vfa_group_is_noiommu(group));
	vfa_group_free(group);
	tree_write(&machine->tree, "vfio-noiommu\n", "sys/kernel/iommu_groups/4/name");
	assert_ok(vfa_group_new(machine->host, 4, &group));
	assert_true(vfa_group_is_noiommu(group));
	vfa_group_free(group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(groups_are_listed_in_order),
		CASE(a_machine_without_iommu_has_no_groups),
		CASE(a_member_tells_its_identity),
		CASE(members_are_ordered_by_address),
		CASE(drivers_decide_the_role),
		CASE(members_of_other_buses_have_drivers),
		CASE(a_variant_driver_is_a_vfio_driver),
		CASE(reserved_regions_are_read_by_type),
		CASE(a_group_without_reserved_regions_is_fine),
		CASE(a_device_leads_to_its_group),
		CASE(a_snapshot_does_not_change),
		CASE(an_unknown_group_is_refused),
		CASE(a_device_without_group_is_refused),
		CASE(a_noiommu_group_is_told_from_others),
		cmocka_unit_test(roles_and_types_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
