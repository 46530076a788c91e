/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "fixture.h"
#include "gone.h"

#define EDU_PATH "sys/devices/pci0000:00/" EDU

static void a_device_that_answers_is_ready(void **state)
{
	struct space space = open_space(state);

	assert_int_equal(vfa_device_check(space.device), VFA_DEVICE_READY);
	close_space(space);
}

static void a_device_that_is_gone_is_told(void **state)
{
	struct space space = open_space(state);

	fake_set_gone(EDU, true);
	assert_fails(vfa_device_check(space.device), ENODEV, DEVICE_GONE);
	check_message(EDU " is gone: its config space reads as all ones", NULL);
	fake_set_gone(EDU, false);
	assert_int_equal(vfa_device_check(space.device), VFA_DEVICE_READY);
	close_space(space);
}

/* The kernel makes up these of a virtual function. */
static void ids_of_all_ones_are_no_sign(void **state)
{
	struct space space = open_space(state);

	fake_set_config(EDU, PCI_VENDOR_ID, "\xff\xff\xff\xff", 4);
	assert_int_equal(vfa_device_check(space.device), VFA_DEVICE_READY);
	close_space(space);
}

static void a_device_that_cannot_be_woken_is_gone(void **state)
{
	struct space space = open_space(state);

	fake_set_stuck(EDU, true);
	assert_fails(vfa_device_check(space.device), ENODEV, DEVICE_GONE);
	check_message(EDU " is gone: reading its config space fails with EIO", NULL);
	fake_set_stuck(EDU, false);
	close_space(space);
}

static void a_device_asleep_is_told_and_left_alone(void **state)
{
	struct machine *machine = *state;
	struct space space = open_space(state);

	tree_write(&machine->tree, "D3hot", EDU_PATH "/power_state");
	assert_int_equal(vfa_device_check(space.device), VFA_DEVICE_ASLEEP);
	/* A look at config space would wake it, so none is taken. */
	fake_set_gone(EDU, true);
	tree_write(&machine->tree, "suspended", EDU_PATH "/power/runtime_status");
	assert_int_equal(vfa_device_check(space.device), VFA_DEVICE_ASLEEP);
	/* This is what the kernel has of a device that was pulled out. */
	tree_write(&machine->tree, "active", EDU_PATH "/power/runtime_status");
	tree_write(&machine->tree, "D3cold", EDU_PATH "/power_state");
	assert_fails(vfa_device_check(space.device), ENODEV, DEVICE_GONE);
	close_space(space);
}

static void a_device_that_the_kernel_waits_for_is_leaving(void **state)
{
	struct machine *machine = *state;
	struct space space = open_space(state);

	tree_set_driver(&machine->tree, EDU, NULL);
	assert_int_equal(vfa_device_check(space.device), VFA_DEVICE_LEAVING);
	close_space(space);
}

static void without_sysfs_nothing_is_made_up(void **state)
{
	struct machine *machine = *state;
	struct space space = open_space(state);

	tree_remove(&machine->tree, "sys/bus");
	assert_int_equal(vfa_device_check(space.device), VFA_DEVICE_READY);
	fake_set_gone(EDU, true);
	assert_fails(vfa_device_check(space.device), ENODEV, DEVICE_GONE);
	close_space(space);
}

static void a_refusal_is_looked_into(void **state)
{
	struct space space = open_space(state);

	assert_fails(error_device(space.device, EAGAIN, "%s: call", EDU), EAGAIN, KERNEL);
	check_message(EDU ": call: Resource temporarily unavailable", "");
	fake_fail_call(1, ENODEV);
	assert_fails(error_device(space.device, EAGAIN, "%s: call", EDU), ENODEV, DEVICE_GONE);
	check_message(EDU " is gone: reading its config space fails with ENODEV", NULL);
	fake_set_gone(EDU, true);
	assert_fails(error_device(space.device, EAGAIN, "%s: call", EDU), ENODEV, DEVICE_GONE);
	check_message(EDU " is gone: its config space reads as all ones", NULL);
	close_space(space);
}

/* A call that works costs what it did before. */
static void a_success_is_not_looked_into(void **state)
{
	struct space space = open_space(state);
	uint16_t command;

	fake_fail_call(2, EINVAL);
	assert_ok(vfa_config_read16(space.device, PCI_COMMAND, &command));
	assert_false(fake_has_failed());
	fake_fail_call(0, 0);
	close_space(space);
}

static void a_gone_device_is_closed_like_any_other(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = NULL;
	volatile void *bar;

	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, NULL, &irq));
	assert_ok(vfa_region_map(space.device, VFA_BAR(0), &bar));
	fake_set_gone(EDU, true);
	vfa_irq_disable(irq);
	assert_int_equal(fake_count_vectors(), 0);
	assert_ok(vfa_region_unmap(space.device, VFA_BAR(0)));
	close_space(space);
}

static void waiting_for_a_gone_device_ends_with_that(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = NULL;
	struct vfa_irq_event event;

	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, NULL, &irq));
	fake_set_gone(EDU, true);
	assert_fails(vfa_irq_wait(irq, 0, 1, NULL), ENODEV, DEVICE_GONE);
	assert_fails(vfa_irq_wait_any(&irq, 1, 1, &event, 1), ENODEV, DEVICE_GONE);
	/* One that only looks is not held up. */
	assert_fails(vfa_irq_wait(irq, 0, 0, NULL), ETIMEDOUT, TIMEOUT);
	close_space(space);
}

static void a_reset_of_a_gone_device_is_none(void **state)
{
	struct space space = open_space(state);

	fake_set_gone(EDU, true);
	assert_fails(vfa_device_reset(space.device), ENODEV, DEVICE_GONE);
	close_space(space);
}

static void a_device_that_is_unplugged_is_asked_for(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *request = NULL;

	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_REQUEST, 0, 1, NULL, &request));
	fake_unplug(EDU);
	assert_ok(vfa_irq_wait(request, 0, 0, NULL));
	close_space(space);
}

/* On type1 the kernel takes the group of such a device out of its container. */
static void a_container_outlives_an_unplugged_device(void **state)
{
	struct space space = open_space(state);
	struct vfa_device *device = NULL;

	map_at(space.container, space.memory, PAGE, 0x10000);
	fake_unplug(EDU);
	vfa_device_close(space.device);
	assert_true(vfa_device_open(space.container, EDU, NULL, &device) < 0);
	assert_null(device);
	fake_plug(EDU);
	space.device = open_device(space.container, EDU);
	assert_int_equal(fake_count_mappings(), 1);
	close_space(space);
}

static void a_container_outlives_one_of_its_devices(void **state)
{
	struct space space = open_space(state);
	struct vfa_device *other = open_device(space.container, OTHER);

	map_at(space.container, space.memory, PAGE, 0x10000);
	fake_unplug(OTHER);
	vfa_device_close(other);
	assert_int_equal(fake_count_mappings(), 1);
	map_at(space.container, space.memory, PAGE, 0x20000);
	assert_int_equal(fake_count_mappings(), 2);
	close_space(space);
}

static void a_null_device_is_refused(void **state)
{
	(void)state;
	assert_fails(vfa_device_check(NULL), EINVAL, BAD_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_device_that_answers_is_ready),
		ON_BOTH(a_device_that_is_gone_is_told),
		ON_BOTH(ids_of_all_ones_are_no_sign),
		ON_BOTH(a_device_that_cannot_be_woken_is_gone),
		ON_BOTH(a_device_asleep_is_told_and_left_alone),
		ON_BOTH(a_device_that_the_kernel_waits_for_is_leaving),
		ON_BOTH(without_sysfs_nothing_is_made_up),
		ON_BOTH(a_refusal_is_looked_into),
		ON_BOTH(a_success_is_not_looked_into),
		ON_BOTH(a_gone_device_is_closed_like_any_other),
		ON_BOTH(waiting_for_a_gone_device_ends_with_that),
		ON_BOTH(a_reset_of_a_gone_device_is_none),
		ON_BOTH(a_device_that_is_unplugged_is_asked_for),
		ON_BOTH(a_container_outlives_an_unplugged_device),
		ON_BOTH(a_container_outlives_one_of_its_devices),
		CASE(a_null_device_is_refused),
	};

	return cmocka_run_group_tests_name("gone", tests, NULL, NULL);
}
