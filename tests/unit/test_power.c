/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <fcntl.h>
#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fixture.h"

static void low_power_is_entered_and_left(void **state)
{
	struct space space = open_space(state);
	uint16_t vendor;

	assert_ok(vfa_device_enter_low_power(space.device, VFA_POWER_NO_WAKEUP));
	assert_true(fake_is_in_low_power(EDU));
	assert_ok(vfa_config_read16(space.device, 0, &vendor)); /* wakes it for that time */
	assert_true(fake_is_in_low_power(EDU));
	assert_ok(vfa_device_exit_low_power(space.device));
	assert_false(fake_is_in_low_power(EDU));
	close_space(space);
}

static void leaving_what_was_not_entered_is_fine(void **state)
{
	struct space space = open_space(state);

	assert_ok(vfa_device_exit_low_power(space.device));
	close_space(space);
}

static void closing_leaves_low_power(void **state)
{
	struct space space = open_space(state);
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_ok(vfa_device_enter_low_power(space.device, fd));
	close(fd);
	close_space(space);
	assert_false(fake_is_in_low_power(EDU));
}

static bool was_signalled(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count);
}

static void waking_signals_the_eventfd_and_ends_low_power(void **state)
{
	struct space space = open_space(state);
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_ok(vfa_device_enter_low_power(space.device, fd));
	assert_false(was_signalled(fd));
	fake_wake(EDU);
	assert_true(was_signalled(fd));
	assert_false(fake_is_in_low_power(EDU));
	assert_ok(vfa_device_enter_low_power(space.device, fd));
	assert_true(fake_is_in_low_power(EDU));
	assert_ok(vfa_device_exit_low_power(space.device));
	assert_true(was_signalled(fd)); /* the call itself woke it */
	close(fd);
	close_space(space);
}

static void a_second_entry_is_refused(void **state)
{
	struct space space = open_space(state);

	assert_ok(vfa_device_enter_low_power(space.device, VFA_POWER_NO_WAKEUP));
	assert_fails(vfa_device_enter_low_power(space.device, VFA_POWER_NO_WAKEUP), EINVAL,
		     WRONG_ORDER);
	assert_true(fake_is_in_low_power(EDU));
	assert_ok(vfa_device_exit_low_power(space.device));
	assert_ok(vfa_device_enter_low_power(space.device, VFA_POWER_NO_WAKEUP));
	close_space(space);
}

/* As by a process that the device was passed on from. */
static void an_entry_of_somebody_else_counts(void **state)
{
	struct vfio_device_feature entry = {
		.argsz = sizeof(entry),
		.flags = VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY | VFIO_DEVICE_FEATURE_SET,
	};
	struct space space = open_space(state);

	assert_int_equal(
		fake_syscalls.ioctl(vfa_device_fd(space.device), VFIO_DEVICE_FEATURE, &entry), 0);
	assert_fails(vfa_device_enter_low_power(space.device, VFA_POWER_NO_WAKEUP), EINVAL,
		     WRONG_ORDER);
	close_space(space);
}

static void a_wakeup_that_is_no_eventfd_is_refused(void **state)
{
	struct space space = open_space(state);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_fails(vfa_device_enter_low_power(space.device, fd), EINVAL, BAD_FD);
	close(fd);
	assert_fails(vfa_device_enter_low_power(space.device, fd), EBADF, BAD_FD);
	assert_fails(vfa_device_enter_low_power(space.device, -2), EBADF, BAD_FD);
	assert_false(fake_is_in_low_power(EDU));
	close_space(space);
}

static void a_kernel_without_it_is_told(void **state)
{
	struct space space = open_space(state);

	fake_set_feature(EDU, VFA_FEATURE_LOW_POWER_ENTRY, 0, 0, NULL);
	assert_fails(vfa_device_enter_low_power(space.device, VFA_POWER_NO_WAKEUP), EOPNOTSUPP,
		     NO_FEATURE);
	fake_set_features(false);
	assert_fails(vfa_device_exit_low_power(space.device), EOPNOTSUPP, NO_FEATURE);
	fake_set_features(true);
	fake_fail_ioctl(VFIO_DEVICE_FEATURE, EIO);
	assert_fails(vfa_device_enter_low_power(space.device, 0), EIO, KERNEL);
	assert_fails(vfa_device_exit_low_power(space.device), EIO, KERNEL);
	fake_set_gone(EDU, true);
	assert_fails(vfa_device_exit_low_power(space.device), ENODEV, DEVICE_GONE);
	fake_set_gone(EDU, false);
	fake_fail_ioctl(0, 0);
	close_space(space);
}

static void the_state_is_that_of_the_kernel(void **state)
{
	static const struct {
		const char *text;
		int state;
	} states[] = {
		{ "D0\n", VFA_POWER_D0 },
		{ "D1\n", VFA_POWER_D1 },
		{ "D2\n", VFA_POWER_D2 },
		{ "D3hot\n", VFA_POWER_D3HOT },
		{ "D3cold\n", VFA_POWER_D3COLD },
		{ "unknown\n", VFA_POWER_UNKNOWN },
		{ "something\n", VFA_POWER_UNKNOWN },
	};
	struct space space = open_space(state);
	struct machine *machine = space.machine;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		tree_write(&machine->tree, states[i].text,
			   "sys/devices/pci0000:00/" EDU "/power_state");
		assert_int_equal(vfa_device_power_state(space.device), states[i].state);
	}
	tree_remove(&machine->tree, "sys/devices/pci0000:00/" EDU "/power_state");
	assert_int_equal(vfa_device_power_state(space.device), VFA_POWER_UNKNOWN);
	close_space(space);
}

static void bad_arguments_are_refused(void **state)
{
	(void)state;
	assert_fails(vfa_device_enter_low_power(NULL, -1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_exit_low_power(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_power_state(NULL), EINVAL, BAD_ARGUMENT);
}

static void states_have_names(void **state)
{
	(void)state;
	assert_string_equal(vfa_power_state_name(VFA_POWER_UNKNOWN), "unknown");
	assert_string_equal(vfa_power_state_name(VFA_POWER_D0), "D0");
	assert_string_equal(vfa_power_state_name(VFA_POWER_D3COLD), "D3cold");
	assert_string_equal(vfa_power_state_name(VFA_POWER_D3COLD + 1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(low_power_is_entered_and_left),
		ON_BOTH(leaving_what_was_not_entered_is_fine),
		ON_BOTH(closing_leaves_low_power),
		ON_BOTH(waking_signals_the_eventfd_and_ends_low_power),
		ON_BOTH(a_second_entry_is_refused),
		ON_BOTH(an_entry_of_somebody_else_counts),
		ON_BOTH(a_wakeup_that_is_no_eventfd_is_refused),
		ON_BOTH(a_kernel_without_it_is_told),
		ON_BOTH(the_state_is_that_of_the_kernel),
		CASE(bad_arguments_are_refused),
		CASE(states_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
