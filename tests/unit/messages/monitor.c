/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why nothing is heard of a machine. */

#include "fake/udev.h"
#include "messages/messages.h"

static void no_udev_is_told(void **state)
{
	struct vfa_monitor_options options = VFA_MONITOR_OPTIONS_INIT;
	struct machine *machine = *state;
	struct vfa_monitor *monitor;

	options.source = VFA_MONITOR_UDEV;
	SAYS(vfa_monitor_open(machine->host, &options, &monitor), NO_UDEV,
	     "monitor: udev does not run here: there is no /run/udev/control",
	     "listen to the kernel: VFA_MONITOR_KERNEL, or VFA_MONITOR_AUTO");
}

static void events_lost_is_told(void **state)
{
	struct vfa_monitor_event event = VFA_MONITOR_EVENT_INIT;
	struct machine *machine = *state;
	struct vfa_monitor *monitor;

	assert_ok(vfa_monitor_open(machine->host, NULL, &monitor));
	fake_udev_fail("udev_monitor_receive_device", ENOBUFS);
	SAYS(vfa_monitor_read(monitor, &event), EVENTS_LOST,
	     "monitor: events were lost: they came faster than they were read",
	     "look at the machine anew and read on; more buffer_size helps");
	vfa_monitor_close(monitor);
}

const struct CMUnitTest monitor_messages[] = {
	CASE(no_udev_is_told),
	CASE(events_lost_is_told),
};

const size_t monitor_messages_count = sizeof(monitor_messages) / sizeof(monitor_messages[0]);
