/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>

#include "fixture.h"

#define THIRD "0000:01:03.0"

/* One more function on the bus of LEFT and RIGHT, in a group of its own. */
static void add_third(struct machine *machine)
{
	const struct tree_device third = {
		THIRD, PORT, "vfio-pci", 0x8086, 0x10d3, 0x020000, 10, 6
	};

	tree_add_group(&machine->tree, 10, "");
	fake_add_group(10);
	tree_add_device(&machine->tree, &third);
	fake_add_device(THIRD, 10, 6);
}

static void check_function(const struct vfa_hot_reset_function *function, const char *bdf,
			   int32_t group, enum vfa_ownership ownership)
{
	assert_string_equal(function->bdf, bdf);
	assert_int_equal(function->group, group);
	assert_string_equal(vfa_ownership_name(function->ownership), vfa_ownership_name(ownership));
}

static void all_on_the_bus_are_told(void **state)
{
	struct vfa_hot_reset_function functions[4];
	struct space space;

	add_third(*state);
	space = open_space_of(state, LEFT);
	assert_int_equal(vfa_hot_reset_functions(space.device, functions, 4), 3);
	check_function(&functions[0], LEFT, 9, VFA_OWNERSHIP_OPEN);
	check_function(&functions[1], RIGHT, 9, VFA_OWNERSHIP_GROUP);
	check_function(&functions[2], THIRD, 10, VFA_OWNERSHIP_NONE);
	close_space(space);
}

static void what_vfio_does_not_have_is_unbound(void **state)
{
	struct space space = open_space_of(state, LEFT);
	struct machine *machine = space.machine;
	struct vfa_hot_reset_function functions[2];

	tree_set_driver(&machine->tree, RIGHT, NULL);
	tree_remove(&machine->tree, "sys/devices/pci0000:00/" PORT "/" RIGHT "/vfio-dev");
	fake_set_unbound(RIGHT, true);
	assert_int_equal(vfa_hot_reset_functions(space.device, functions, 2), 2);
	check_function(&functions[1], RIGHT, 9, VFA_OWNERSHIP_UNBOUND);
	assert_fails(vfa_device_hot_reset(space.device, NULL, 0), EPERM, NOT_OWNED);
	check_message("hot reset of " LEFT " would reset " RIGHT " (no VFIO driver), "
		      "which is not owned here",
		      "bind them to vfio-pci, vfa bind ADDRESS, and open them too");
	assert_int_equal(fake_count_hot_resets(LEFT), 0);
	close_space(space);
}

/* In sysfs, as the kernel leaves it while it waits for the device to be closed. */
static void take_driver(struct machine *machine, const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), "sys/devices/pci0000:00/" PORT "/%s/vfio-dev", bdf);
	tree_set_driver(&machine->tree, bdf, NULL);
	tree_remove(&machine->tree, path);
}

static void a_device_on_its_way_out_is_told(void **state)
{
	struct vfa_hot_reset_function functions[2];
	struct space space = open_space_of(state, LEFT);
	struct vfa_device *right = open_device(space.container, RIGHT);

	take_driver(space.machine, RIGHT);
	fake_fail_ioctl(VFIO_DEVICE_PCI_HOT_RESET, EAGAIN);
	assert_int_equal(vfa_hot_reset_functions(space.device, functions, 2), 2);
	check_function(&functions[1], RIGHT, 9, VFA_OWNERSHIP_OPEN);
	assert_fails(vfa_device_hot_reset(space.device, NULL, 0), EAGAIN, IN_USE);
	check_message("hot reset of " LEFT ": the kernel is taking " RIGHT " away, and waits for "
		      "it to be closed",
		      "close it: until then its bus is not reset");
	vfa_device_close(right);
	assert_int_equal(vfa_hot_reset_functions(space.device, functions, 2), 2);
	check_function(&functions[1], RIGHT, 9, VFA_OWNERSHIP_UNBOUND);
	fake_fail_ioctl(0, 0);
	close_space(space);
}

static void the_list_ends_where_it_has_no_room(void **state)
{
	struct vfa_hot_reset_function functions[2] = { { .group = 77 }, { .group = 77 } };
	struct space space = open_space_of(state, RIGHT);

	assert_int_equal(vfa_hot_reset_functions(space.device, NULL, 0), 2);
	assert_int_equal(vfa_hot_reset_functions(space.device, functions, 1), 2);
	check_function(&functions[0], LEFT, 9, VFA_OWNERSHIP_GROUP);
	assert_int_equal(functions[1].group, 77);
	close_space(space);
}

/* More than there is room for at first; and some come while the kernel tells. */
static void a_full_bus_is_told_whole(void **state)
{
	struct space space = open_space_of(state, LEFT);
	struct vfa_hot_reset_function functions[32];
	char bdf[16];

	for (unsigned int i = 3; i < 32; i++) {
		snprintf(bdf, sizeof(bdf), "0000:01:%02x.0", i);
		fake_add_device(bdf, 9, 100 + i);
	}
	fake_set_hot_reset_races(2);
	assert_int_equal(vfa_hot_reset_functions(space.device, functions, 32), 31);
	check_function(&functions[30], "0000:01:1f.0",
		       space.machine->backend == VFA_BACKEND_TYPE1 ? 9 : -1, VFA_OWNERSHIP_GROUP);
	assert_int_equal(vfa_device_hot_reset(space.device, NULL, 0), 0);
	assert_int_equal(fake_count_hot_resets("0000:01:1f.0"), 1);
	close_space(space);
}

static void a_bus_that_never_comes_to_rest_is_an_error(void **state)
{
	struct space space = open_space_of(state, LEFT);

	fake_set_hot_reset_races(1000);
	assert_fails(vfa_hot_reset_functions(space.device, NULL, 0), EAGAIN, KERNEL);
	close_space(space);
}

static void an_own_bus_is_reset(void **state)
{
	struct space space = open_space_of(state, LEFT);

	assert_ok(vfa_device_hot_reset(space.device, NULL, 0));
	assert_int_equal(fake_count_hot_resets(LEFT), 1);
	assert_int_equal(fake_count_hot_resets(RIGHT), 1);
	assert_int_equal(fake_count_hot_resets(EDU), 0);
	close_space(space);
}

static void what_is_not_owned_is_named(void **state)
{
	struct machine *machine = *state;
	struct space space;
	bool type1 = machine->backend == VFA_BACKEND_TYPE1;

	add_third(machine);
	space = open_space_of(state, LEFT);
	assert_fails(vfa_device_hot_reset(space.device, NULL, 0), EPERM, NOT_OWNED);
	check_message(
		"hot reset of " LEFT " would reset " THIRD " (group 10), which is not owned "
		"here",
		type1 ? "open one of each group too, in this container, or pass one of "
			"another container"
		      : "open them too, through the same /dev/iommu, or have their user close "
			"them");
	assert_int_equal(fake_count_ioctls(VFIO_DEVICE_PCI_HOT_RESET), 0);
	close_space(space);
}

static void two_groups_of_one_container_are_reset(void **state)
{
	struct space space;
	struct vfa_device *third;

	add_third(*state);
	space = open_space_of(state, LEFT);
	third = open_device(space.container, THIRD);
	assert_ok(vfa_device_hot_reset(space.device, NULL, 0));
	assert_ok(vfa_device_hot_reset(third, NULL, 0));
	assert_int_equal(fake_count_hot_resets(LEFT), 2);
	assert_int_equal(fake_count_hot_resets(THIRD), 2);
	vfa_device_close(third);
	close_space(space);
}

/* On type1 the groups of both prove it; on iommufd the kernel has to see it by the fd. */
static void devices_of_another_container_prove_it_on_type1(void **state)
{
	struct machine *machine = *state;
	struct vfa_hot_reset_function functions[3];
	struct space space, other;

	add_third(machine);
	space = open_space_of(state, LEFT);
	other = open_space_of(state, THIRD);
	assert_int_equal(vfa_hot_reset_functions(space.device, functions, 3), 3);
	check_function(&functions[2], THIRD, 10, VFA_OWNERSHIP_NONE);
	if (machine->backend == VFA_BACKEND_TYPE1) {
		assert_ok(vfa_device_hot_reset(space.device, &other.device, 1));
		assert_int_equal(fake_count_hot_resets(THIRD), 1);
	} else {
		assert_fails(vfa_device_hot_reset(space.device, &other.device, 1), EPERM,
			     NOT_OWNED);
	}
	close_space(other);
	close_space(space);
}

static void a_shared_iommufd_proves_it(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *other;
	struct vfa_device *third = NULL;
	struct space space;

	add_third(machine);
	space = open_space_of(state, LEFT);
	assert_ok(vfa_container_open_fd(machine->host, VFA_BACKEND_IOMMUFD,
					vfa_container_fd(space.container), &other));
	third = open_device(other, THIRD);
	assert_ok(vfa_device_hot_reset(space.device, NULL, 0));
	assert_ok(vfa_device_hot_reset(third, &space.device, 1));
	assert_int_equal(fake_count_hot_resets(THIRD), 2);
	vfa_device_close(third);
	vfa_container_close(other);
	close_space(space);
}

static void somebody_elses_device_is_not_owned(void **state)
{
	struct vfa_hot_reset_function functions[3];
	struct machine *machine = *state;
	struct space space;

	add_third(machine);
	fake_set_group_busy(10, true);
	space = open_space_of(state, LEFT);
	assert_int_equal(vfa_hot_reset_functions(space.device, functions, 3), 3);
	check_function(&functions[2], THIRD, 10, VFA_OWNERSHIP_NONE);
	close_space(space);
}

static void interrupts_of_all_devices_are_armed_again(void **state)
{
	struct space space = open_space_of(state, LEFT);
	struct vfa_device *right = open_device(space.container, RIGHT);
	struct vfa_device *edu = open_device(space.container, EDU);
	struct vfa_irq *irqs[3];

	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_INTX, 0, 1, NULL, &irqs[0]));
	assert_ok(vfa_irq_enable(right, VFA_IRQ_INTX, 0, 1, NULL, &irqs[1]));
	assert_ok(vfa_irq_enable(edu, VFA_IRQ_INTX, 0, 1, NULL, &irqs[2]));
	fake_fire(LEFT, VFA_IRQ_INTX, 0);
	fake_fire(RIGHT, VFA_IRQ_INTX, 0);
	fake_fire(EDU, VFA_IRQ_INTX, 0);
	assert_ok(vfa_device_hot_reset(space.device, &right, 1));
	assert_false(fake_is_masked(LEFT));
	assert_false(fake_is_masked(RIGHT));
	assert_true(fake_is_masked(EDU)); /* it is on another bus */
	vfa_device_close(edu);
	vfa_device_close(right);
	close_space(space);
}

static void a_root_bus_cannot_be_reset(void **state)
{
	struct space space = open_space(state);

	assert_fails(vfa_hot_reset_functions(space.device, NULL, 0), EOPNOTSUPP, NO_RESET);
	assert_fails(vfa_device_hot_reset(space.device, NULL, 0), EOPNOTSUPP, NO_RESET);
	fake_set_gone(EDU, true);
	assert_fails(vfa_device_hot_reset(space.device, NULL, 0), ENODEV, DEVICE_GONE);
	fake_set_gone(EDU, false);
	close_space(space);
}

static void what_the_kernel_refuses_is_told(void **state)
{
	struct space space = open_space_of(state, LEFT);

	fake_fail_ioctl(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, EPERM);
	assert_fails(vfa_device_hot_reset(space.device, NULL, 0), EPERM, NOT_OWNED);
	fake_fail_ioctl(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, EIO);
	assert_fails(vfa_device_hot_reset(space.device, NULL, 0), EIO, KERNEL);
	fake_fail_ioctl(VFIO_DEVICE_PCI_HOT_RESET, EBUSY);
	assert_fails(vfa_device_hot_reset(space.device, NULL, 0), EBUSY, IN_USE);
	fake_fail_ioctl(VFIO_DEVICE_PCI_HOT_RESET, EAGAIN);
	assert_fails(vfa_device_hot_reset(space.device, NULL, 0), EAGAIN, IN_USE);
	fake_fail_ioctl(VFIO_DEVICE_PCI_HOT_RESET, EINVAL);
	assert_fails(vfa_device_hot_reset(space.device, NULL, 0), EINVAL, KERNEL);
	fake_fail_ioctl(0, 0);
	close_space(space);
}

static void bad_arguments_are_refused(void **state)
{
	struct space space = open_space_of(state, LEFT);
	struct vfa_device *none = NULL;

	assert_fails(vfa_hot_reset_functions(NULL, NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_hot_reset_functions(space.device, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_hot_reset(NULL, NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_hot_reset(space.device, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_hot_reset(space.device, &none, 1), EINVAL, BAD_ARGUMENT);
	close_space(space);
}

static void ownership_has_names(void **state)
{
	(void)state;
	assert_string_equal(vfa_ownership_name(VFA_OWNERSHIP_UNBOUND), "unbound");
	assert_string_equal(vfa_ownership_name(VFA_OWNERSHIP_OPEN), "open");
	assert_string_equal(vfa_ownership_name(VFA_OWNERSHIP_OPEN + 1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(all_on_the_bus_are_told),
		ON_BOTH(what_vfio_does_not_have_is_unbound),
		ON_BOTH(a_device_on_its_way_out_is_told),
		ON_BOTH(the_list_ends_where_it_has_no_room),
		ON_BOTH(a_full_bus_is_told_whole),
		ON_BOTH(a_bus_that_never_comes_to_rest_is_an_error),
		ON_BOTH(an_own_bus_is_reset),
		ON_BOTH(what_is_not_owned_is_named),
		ON_BOTH(two_groups_of_one_container_are_reset),
		ON_BOTH(devices_of_another_container_prove_it_on_type1),
		ON_IOMMUFD(a_shared_iommufd_proves_it),
		ON_BOTH(somebody_elses_device_is_not_owned),
		ON_BOTH(interrupts_of_all_devices_are_armed_again),
		ON_BOTH(a_root_bus_cannot_be_reset),
		ON_BOTH(what_the_kernel_refuses_is_told),
		ON_BOTH(bad_arguments_are_refused),
		CASE(ownership_has_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
