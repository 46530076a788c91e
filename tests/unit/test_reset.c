/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/vfio.h>

#include "fixture.h"

static void a_reset_reaches_the_kernel(void **state)
{
	struct space space = open_space(state);

	assert_int_equal(vfa_device_can_reset(space.device), 1);
	assert_ok(vfa_device_reset(space.device));
	assert_int_equal(fake_count_resets(EDU), 1);
	fake_fail_ioctl(VFIO_DEVICE_RESET, EAGAIN);
	assert_fails(vfa_device_reset(space.device), EAGAIN, IN_USE);
	fake_set_gone(EDU, true);
	assert_fails(vfa_device_reset(space.device), ENODEV, DEVICE_GONE);
	fake_set_gone(EDU, false);
	fake_fail_ioctl(VFIO_DEVICE_RESET, EIO);
	assert_fails(vfa_device_reset(space.device), EIO, KERNEL);
	fake_fail_ioctl(0, 0);
	close_space(space);
}

static void a_device_without_reset_is_told(void **state)
{
	struct space space;

	fake_set_reset(EDU, false);
	space = open_space(state);
	assert_int_equal(vfa_device_can_reset(space.device), 0);
	assert_fails(vfa_device_reset(space.device), EOPNOTSUPP, NO_RESET);
	assert_int_equal(fake_count_ioctls(VFIO_DEVICE_RESET), 0);
	close_space(space);
}

static void interrupts_stay_enabled_over_a_reset(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq;

	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 0, 4, NULL, &irq));
	assert_ok(vfa_device_reset(space.device));
	assert_int_equal(fake_count_ioctls(VFIO_DEVICE_SET_IRQS), 2);
	assert_true(fake_fire(NVME, VFA_IRQ_MSIX, 3));
	assert_ok(vfa_irq_wait(irq, 3, 0, NULL));
	vfa_irq_disable(irq);
	close_space(space);
}

static void intx_that_fired_is_unmasked_by_a_reset(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq;

	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_INTX, 0, 1, NULL, &irq));
	fake_fire(EDU, VFA_IRQ_INTX, 0);
	assert_true(fake_is_masked(EDU));
	assert_ok(vfa_device_reset(space.device));
	assert_false(fake_is_masked(EDU));
	vfa_irq_disable(irq);
	close_space(space);
}

static void interrupts_that_cannot_be_armed_are_told_of(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq;

	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 0, 4, NULL, &irq));
	fake_fail_ioctl(VFIO_DEVICE_SET_IRQS, EIO);
	assert_fails(vfa_device_reset(space.device), EIO, KERNEL);
	assert_int_equal(fake_count_resets(NVME), 1);
	fake_fail_ioctl(0, 0);
	assert_ok(vfa_device_reset(space.device));
	vfa_irq_disable(irq);
	close_space(space);
}

static void check_method(const struct vfa_reset_method *method, enum vfa_reset_kind kind,
			 const char *name, uint32_t functions)
{
	assert_int_equal(method->kind, kind);
	assert_string_equal(method->name, name);
	assert_int_equal(method->functions, functions);
	assert_true(method->effect[0]);
}

static void methods_are_those_of_the_kernel(void **state)
{
	struct machine *machine = *state;
	struct vfa_reset_method methods[8];

	assert_int_equal(vfa_reset_methods(machine->host, "00:04.0", methods, 8), 1);
	check_method(&methods[0], VFA_RESET_FLR, "flr", 1);

	tree_write(&machine->tree, "device_specific acpi af_flr pm later\n",
		   "sys/devices/pci0000:00/" EDU "/reset_method");
	assert_int_equal(vfa_reset_methods(machine->host, EDU, methods, 8), 5);
	check_method(&methods[0], VFA_RESET_DEVICE_SPECIFIC, "device_specific", 1);
	check_method(&methods[1], VFA_RESET_ACPI, "acpi", 1);
	check_method(&methods[2], VFA_RESET_AF_FLR, "af_flr", 1);
	check_method(&methods[3], VFA_RESET_PM, "pm", 1);
	check_method(&methods[4], VFA_RESET_UNKNOWN, "later", 1);
}

/* The kernel's list may be older than the neighbours. */
static void a_bus_that_others_share_is_no_method(void **state)
{
	struct machine *machine = *state;
	struct vfa_reset_method methods[8];

	tree_write(&machine->tree, "flr bus cxl_bus\n",
		   "sys/devices/pci0000:00/" PORT "/" LEFT "/reset_method");
	assert_int_equal(vfa_reset_methods(machine->host, LEFT, methods, 8), 2);
	check_method(&methods[0], VFA_RESET_FLR, "flr", 1);
	check_method(&methods[1], VFA_RESET_HOT, "hot", 2);
	tree_remove(&machine->tree, "sys/bus/pci/devices/" RIGHT);
	assert_int_equal(vfa_reset_methods(machine->host, LEFT, methods, 8), 4);
	check_method(&methods[1], VFA_RESET_BUS, "bus", 1);
	check_method(&methods[2], VFA_RESET_CXL_BUS, "cxl_bus", 1);
	check_method(&methods[3], VFA_RESET_HOT, "hot", 1);
}

static void behind_a_bridge_the_bus_can_be_reset_too(void **state)
{
	struct machine *machine = *state;
	struct vfa_reset_method methods[8];

	assert_int_equal(vfa_reset_methods(machine->host, LEFT, methods, 8), 2);
	check_method(&methods[1], VFA_RESET_HOT, "hot", 2);
	assert_int_equal(vfa_reset_methods(machine->host, PORT, methods, 8), 1);
	tree_link(&machine->tree, "../" RIGHT, "sys/bus/pci/devices/" LEFT "/physfn");
	assert_int_equal(vfa_reset_methods(machine->host, LEFT, methods, 8), 1);
}

static void without_methods_there_are_none(void **state)
{
	struct machine *machine = *state;
	struct vfa_reset_method method;

	tree_write(&machine->tree, "\n", "sys/devices/pci0000:00/" EDU "/reset_method");
	assert_int_equal(vfa_reset_methods(machine->host, EDU, &method, 1), 0);
	tree_remove(&machine->tree, "sys/devices/pci0000:00/" EDU "/reset_method");
	assert_int_equal(vfa_reset_methods(machine->host, EDU, &method, 1), 0);
	/* An old kernel has a way, and does not tell which. */
	tree_write(&machine->tree, "", "sys/devices/pci0000:00/" EDU "/reset");
	assert_int_equal(vfa_reset_methods(machine->host, EDU, &method, 1), 1);
	check_method(&method, VFA_RESET_UNKNOWN, "unknown", 1);
}

static void the_list_ends_where_it_has_no_room(void **state)
{
	struct machine *machine = *state;
	struct vfa_reset_method methods[2] = { { .functions = 77 }, { .functions = 77 } };

	assert_int_equal(vfa_reset_methods(machine->host, LEFT, NULL, 0), 2);
	assert_int_equal(vfa_reset_methods(machine->host, LEFT, methods, 1), 2);
	check_method(&methods[0], VFA_RESET_FLR, "flr", 1);
	assert_int_equal(methods[1].functions, 77);
}

static void more_methods_than_there_can_be_are_left_out(void **state)
{
	struct machine *machine = *state;

	tree_write(&machine->tree, "a b c d e f g h i j k l m n o p q r s t\n",
		   "sys/devices/pci0000:00/" PORT "/" LEFT "/reset_method");
	assert_int_equal(vfa_reset_methods(machine->host, LEFT, NULL, 0), 16);
}

static void bad_arguments_are_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_reset_method method;

	assert_fails(vfa_device_can_reset(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_reset(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_reset_methods(machine->host, EDU, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_reset_methods(machine->host, NULL, &method, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_reset_methods(machine->host, "bad", &method, 1), EINVAL, BAD_BDF);
	assert_fails(vfa_reset_methods(machine->host, "00:1e.0", &method, 1), ENODEV, NO_DEVICE);
}

static void kinds_have_the_words_of_the_kernel(void **state)
{
	(void)state;
	assert_string_equal(vfa_reset_kind_name(VFA_RESET_FLR), "flr");
	assert_string_equal(vfa_reset_kind_name(VFA_RESET_HOT), "hot");
	assert_string_equal(vfa_reset_kind_name(VFA_RESET_HOT + 1), "unknown");
	assert_string_equal(vfa_reset_kind_name(-1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_reset_reaches_the_kernel),
		ON_BOTH(a_device_without_reset_is_told),
		ON_BOTH(interrupts_stay_enabled_over_a_reset),
		ON_BOTH(intx_that_fired_is_unmasked_by_a_reset),
		ON_BOTH(interrupts_that_cannot_be_armed_are_told_of),
		CASE(methods_are_those_of_the_kernel),
		CASE(a_bus_that_others_share_is_no_method),
		CASE(behind_a_bridge_the_bus_can_be_reset_too),
		CASE(without_methods_there_are_none),
		CASE(the_list_ends_where_it_has_no_room),
		CASE(more_methods_than_there_can_be_are_left_out),
		CASE(bad_arguments_are_refused),
		CASE(kinds_have_the_words_of_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
