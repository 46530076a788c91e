/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "allocations.h"
#include "fake/udev.h"
#include "fixture.h"

#define EDU_PATH "/devices/pci0000:00/" EDU

static struct vfa_monitor *open_monitor(struct machine *machine)
{
	struct vfa_monitor *monitor = NULL;

	assert_ok(vfa_monitor_open(machine->host, NULL, &monitor));
	return monitor;
}

static void close_monitor(struct vfa_monitor *monitor)
{
	vfa_monitor_close(monitor);
	assert_int_equal(fake_udev_count(), 0);
}

static void send(const char *action, const char *subsystem, const char *path, const char *driver,
		 const char *node)
{
	fake_udev_send(&(struct fake_event){ action, subsystem, path, driver, node });
}

static struct vfa_monitor_event next(struct vfa_monitor *monitor)
{
	struct vfa_monitor_event event = VFA_MONITOR_EVENT_INIT;

	assert_int_equal(vfa_monitor_read(monitor, &event), 1);
	return event;
}

static void assert_nothing(struct vfa_monitor *monitor)
{
	struct vfa_monitor_event event = VFA_MONITOR_EVENT_INIT;

	assert_int_equal(vfa_monitor_read(monitor, &event), 0);
	assert_int_equal(event.action, 0);
}

static void a_function_that_comes_is_told(void **state)
{
	struct vfa_monitor *monitor = open_monitor(*state);
	struct vfa_monitor_event event;

	send("add", "pci", "/devices/pci0000:00/0000:00:09.0/" LEFT, NULL, NULL);
	event = next(monitor);
	assert_int_equal(event.action, VFA_MONITOR_ADD);
	assert_int_equal(event.subsystem, VFA_MONITOR_PCI);
	assert_int_equal(event.group, -1);
	assert_string_equal(event.bdf, LEFT);
	assert_string_equal(event.driver, "");
	assert_string_equal(event.node, "");
	assert_string_equal(event.path, "/devices/pci0000:00/0000:00:09.0/" LEFT);
	assert_nothing(monitor);
	close_monitor(monitor);
}

static void a_driver_is_told(void **state)
{
	struct vfa_monitor *monitor = open_monitor(*state);
	struct vfa_monitor_event event;

	send("bind", "pci", EDU_PATH, "vfio-pci", NULL);
	send("unbind", "pci", EDU_PATH, NULL, NULL);
	event = next(monitor);
	assert_int_equal(event.action, VFA_MONITOR_BIND);
	assert_string_equal(event.driver, "vfio-pci");
	event = next(monitor);
	assert_int_equal(event.action, VFA_MONITOR_UNBIND);
	assert_string_equal(event.driver, "");
	close_monitor(monitor);
}

static void nodes_are_told_with_what_they_belong_to(void **state)
{
	struct vfa_monitor *monitor = open_monitor(*state);
	struct vfa_monitor_event event;

	send("add", "vfio", "/devices/virtual/vfio/4", NULL, "/dev/vfio/4");
	send("remove", "vfio", "/devices/virtual/vfio/noiommu-12", NULL, "/dev/vfio/noiommu-12");
	send("add", "vfio-dev", EDU_PATH "/vfio-dev/vfio3", "other", "/dev/vfio/devices/vfio3");
	event = next(monitor);
	assert_int_equal(event.subsystem, VFA_MONITOR_VFIO);
	assert_int_equal(event.group, 4);
	assert_string_equal(event.bdf, "");
	assert_string_equal(event.node, "/dev/vfio/4");
	assert_int_equal(next(monitor).group, 12);
	event = next(monitor);
	assert_int_equal(event.subsystem, VFA_MONITOR_VFIO_DEVICE);
	assert_int_equal(event.group, -1);
	assert_string_equal(event.bdf, EDU);
	assert_string_equal(event.driver, "");
	assert_string_equal(event.node, "/dev/vfio/devices/vfio3");
	close_monitor(monitor);
}

static void what_is_of_no_interest_is_not_told(void **state)
{
	struct vfa_monitor *monitor = open_monitor(*state);

	send("add", "net", EDU_PATH "/net/eth0", NULL, NULL);
	send("dance", "pci", EDU_PATH, NULL, NULL);
	send("add", "pci", NULL, NULL, NULL);
	send("change", "pci", EDU_PATH, NULL, NULL);
	assert_int_equal(next(monitor).action, VFA_MONITOR_CHANGE);
	assert_nothing(monitor);
	close_monitor(monitor);
}

static void a_path_that_is_too_long_is_cut(void **state)
{
	struct vfa_monitor *monitor = open_monitor(*state);
	struct vfa_monitor_event event;
	char path[1024] = "/";

	memset(path + 1, 'x', sizeof(path) - 2);
	send("add", "pci", path, NULL, NULL);
	event = next(monitor);
	assert_int_equal(strlen(event.path), sizeof(event.path) - 1);
	assert_string_equal(event.bdf, "");
	close_monitor(monitor);
}

static void the_fd_is_readable_while_there_are_events(void **state)
{
	struct vfa_monitor *monitor = open_monitor(*state);
	struct pollfd wanted = { .fd = vfa_monitor_fd(monitor), .events = POLLIN };

	assert_true(fcntl(wanted.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(poll(&wanted, 1, 0), 0);
	send("add", "pci", EDU_PATH, NULL, NULL);
	assert_int_equal(poll(&wanted, 1, 0), 1);
	next(monitor);
	assert_int_equal(poll(&wanted, 1, 0), 0);
	close_monitor(monitor);
}

static void waiting_ends_with_an_event_or_in_time(void **state)
{
	struct vfa_monitor *monitor = open_monitor(*state);
	struct vfa_monitor_event event = VFA_MONITOR_EVENT_INIT;

	assert_fails(vfa_monitor_wait(monitor, 1, &event), ETIMEDOUT, TIMEOUT);
	assert_fails(vfa_monitor_wait(monitor, 0, &event), ETIMEDOUT, TIMEOUT);
	/* What wakes it may be of no interest. */
	send("add", "net", EDU_PATH "/net/eth0", NULL, NULL);
	assert_fails(vfa_monitor_wait(monitor, 1, &event), ETIMEDOUT, TIMEOUT);
	assert_int_equal(event.action, 0);
	send("add", "pci", EDU_PATH, NULL, NULL);
	assert_int_equal(vfa_monitor_wait(monitor, -1, &event), 0);
	assert_string_equal(event.bdf, EDU);
	close_monitor(monitor);
}

static void waiting_goes_on_after_a_signal_and_ends_on_an_error(void **state)
{
	struct vfa_monitor *monitor = open_monitor(*state);
	struct vfa_monitor_event event = VFA_MONITOR_EVENT_INIT;

	fake_fail_call(1, EINTR);
	assert_fails(vfa_monitor_wait(monitor, 1, &event), ETIMEDOUT, TIMEOUT);
	assert_true(fake_has_failed());
	fake_fail_call(1, EINVAL);
	assert_fails(vfa_monitor_wait(monitor, 1, &event), EINVAL, KERNEL);
	close_monitor(monitor);
}

static void lost_events_are_told_and_reading_goes_on(void **state)
{
	struct vfa_monitor *monitor = open_monitor(*state);
	struct vfa_monitor_event event = VFA_MONITOR_EVENT_INIT;

	send("add", "pci", EDU_PATH, NULL, NULL);
	fake_udev_fail("udev_monitor_receive_device", ENOBUFS);
	assert_fails(vfa_monitor_read(monitor, &event), ENOBUFS, EVENTS_LOST);
	assert_int_equal(event.action, 0);
	assert_string_equal(next(monitor).bdf, EDU);
	fake_udev_fail("udev_monitor_receive_device", EIO);
	assert_fails(vfa_monitor_read(monitor, &event), EIO, KERNEL);
	close_monitor(monitor);
}

static void udev_is_listened_to_where_it_runs(void **state)
{
	struct vfa_monitor *monitor;

	fake_set_udev(true);
	monitor = open_monitor(*state);
	assert_int_equal(vfa_monitor_source(monitor), VFA_MONITOR_UDEV);
	assert_string_equal(fake_udev_source(), "udev");
	close_monitor(monitor);

	fake_set_udev(false);
	monitor = open_monitor(*state);
	assert_int_equal(vfa_monitor_source(monitor), VFA_MONITOR_KERNEL);
	assert_string_equal(fake_udev_source(), "kernel");
	close_monitor(monitor);
}

static void the_source_may_be_chosen(void **state)
{
	struct vfa_monitor_options options = VFA_MONITOR_OPTIONS_INIT;
	struct machine *machine = *state;
	struct vfa_monitor *monitor = NULL;

	fake_set_udev(false);
	options.source = VFA_MONITOR_UDEV;
	assert_fails(vfa_monitor_open(machine->host, &options, &monitor), ENOENT, NO_UDEV);
	assert_null(monitor);
	fake_set_udev(true);
	assert_ok(vfa_monitor_open(machine->host, &options, &monitor));
	assert_string_equal(fake_udev_source(), "udev");
	close_monitor(monitor);
	options.source = VFA_MONITOR_KERNEL;
	options.buffer_size = 4096;
	assert_ok(vfa_monitor_open(machine->host, &options, &monitor));
	assert_string_equal(fake_udev_source(), "kernel");
	assert_int_equal(fake_udev_buffer_size(), 4096);
	close_monitor(monitor);
}

static void bad_arguments_are_refused(void **state)
{
	struct vfa_monitor_options options = VFA_MONITOR_OPTIONS_INIT;
	struct vfa_monitor_event event = { .struct_size = 3 };
	struct machine *machine = *state;
	struct vfa_monitor *monitor = NULL;

	assert_fails(vfa_monitor_open(machine->host, NULL, NULL), EINVAL, BAD_ARGUMENT);
	options.source = 9;
	assert_fails(vfa_monitor_open(machine->host, &options, &monitor), EINVAL, BAD_ARGUMENT);
	options.source = VFA_MONITOR_AUTO;
	options.buffer_size = 1ull << 31;
	assert_fails(vfa_monitor_open(machine->host, &options, &monitor), EINVAL, BAD_ARGUMENT);
	options.struct_size = 5;
	assert_fails(vfa_monitor_open(machine->host, &options, &monitor), EINVAL, BAD_ARGUMENT);
	assert_null(monitor);
	assert_fails(vfa_monitor_fd(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_monitor_source(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_monitor_read(NULL, &event), EINVAL, BAD_ARGUMENT);
	vfa_monitor_close(NULL);

	monitor = open_monitor(machine);
	assert_fails(vfa_monitor_read(monitor, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_monitor_read(monitor, &event), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_monitor_wait(monitor, 0, &event), EINVAL, BAD_ARGUMENT);
	close_monitor(monitor);
}

static void each_step_of_opening_may_fail(void **state)
{
	static const char *const steps[] = {
		"udev_new",
		"udev_monitor_new_from_netlink",
		"udev_monitor_filter_add_match_subsystem_devtype",
		"udev_monitor_enable_receiving",
	};
	struct machine *machine = *state;
	struct vfa_monitor *monitor = NULL;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		fake_udev_fail(steps[i], EMFILE);
		assert_fails(vfa_monitor_open(machine->host, NULL, &monitor), EMFILE, KERNEL);
		assert_null(monitor);
		assert_int_equal(fake_udev_count(), 0);
	}
	fake_udev_fail("udev_new", 0);
	assert_fails(vfa_monitor_open(machine->host, NULL, &monitor), ENOMEM, KERNEL);
	/* A buffer of the usual size serves as well. */
	fake_udev_fail("udev_monitor_set_receive_buffer_size", EPERM);
	monitor = open_monitor(machine);
	close_monitor(monitor);
}

static void each_allocation_may_fail(void **state)
{
	struct vfa_monitor *monitor = NULL;
	unsigned int number = 0;

	(void)state;
	do {
		allocations_fail_at(++number);
		if (vfa_monitor_open(NULL, NULL, &monitor) < 0)
			assert_int_equal(vfa_error_last()->code, -ENOMEM);
		vfa_monitor_close(monitor);
		monitor = NULL;
		assert_int_equal(fake_udev_count(), 0);
	} while (allocations_stop());
	assert_true(number > 4);
}

static void a_monitor_keeps_its_host(void **state)
{
	struct vfa_monitor *monitor = NULL;
	struct vfa_host *host;

	(void)state;
	assert_ok(vfa_host_new(NULL, &host));
	assert_ok(vfa_monitor_open(host, NULL, &monitor));
	vfa_host_free(host);
	assert_nothing(monitor);
	close_monitor(monitor);
}

static void names_are_the_kernels(void **state)
{
	(void)state;
	assert_string_equal(vfa_monitor_action_name(VFA_MONITOR_ADD), "add");
	assert_string_equal(vfa_monitor_action_name(VFA_MONITOR_UNBIND), "unbind");
	assert_string_equal(vfa_monitor_action_name(0), "unknown");
	assert_string_equal(vfa_monitor_action_name(VFA_MONITOR_UNBIND + 1), "unknown");
	assert_string_equal(vfa_monitor_subsystem_name(VFA_MONITOR_PCI), "pci");
	assert_string_equal(vfa_monitor_subsystem_name(VFA_MONITOR_VFIO), "vfio");
	assert_string_equal(vfa_monitor_subsystem_name(VFA_MONITOR_VFIO_DEVICE), "vfio-dev");
	assert_string_equal(vfa_monitor_subsystem_name(0), "unknown");
	assert_string_equal(vfa_monitor_subsystem_name(-1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_function_that_comes_is_told),
		CASE(a_driver_is_told),
		CASE(nodes_are_told_with_what_they_belong_to),
		CASE(what_is_of_no_interest_is_not_told),
		CASE(a_path_that_is_too_long_is_cut),
		CASE(the_fd_is_readable_while_there_are_events),
		CASE(waiting_ends_with_an_event_or_in_time),
		CASE(waiting_goes_on_after_a_signal_and_ends_on_an_error),
		CASE(lost_events_are_told_and_reading_goes_on),
		CASE(udev_is_listened_to_where_it_runs),
		CASE(the_source_may_be_chosen),
		CASE(bad_arguments_are_refused),
		CASE(each_step_of_opening_may_fail),
		CASE(each_allocation_may_fail),
		CASE(a_monitor_keeps_its_host),
		CASE(names_are_the_kernels),
	};

	return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
