/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/monitor.h>

#include <errno.h>
#include <inttypes.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/host.h"
#include "base/options.h"
#include "base/sysfs.h"
#include "topology/below.h"

/* Is there while udev runs; libudev looks at the same, and is deaf to udev without it. */
#define UDEV_CONTROL "/run/udev/control"

/* Enough for a bus full of functions at once. */
#define BUFFER_SIZE (8 << 20)

struct vfa_monitor {
	struct vfa_host *host;
	struct udev *udev;
	struct udev_monitor *events;
	enum vfa_monitor_source source;
};

static const char *const actions[] = {
	[VFA_MONITOR_ADD] = "add",       [VFA_MONITOR_REMOVE] = "remove",
	[VFA_MONITOR_CHANGE] = "change", [VFA_MONITOR_MOVE] = "move",
	[VFA_MONITOR_ONLINE] = "online", [VFA_MONITOR_OFFLINE] = "offline",
	[VFA_MONITOR_BIND] = "bind",     [VFA_MONITOR_UNBIND] = "unbind",
};

static const char *const subsystems[] = {
	[VFA_MONITOR_PCI] = "pci",
	[VFA_MONITOR_VFIO] = "vfio",
	[VFA_MONITOR_VFIO_DEVICE] = "vfio-dev",
};

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

VFA_API const char *vfa_monitor_action_name(enum vfa_monitor_action action)
{
	return action && (unsigned int)action < COUNT(actions) ? actions[action] : "unknown";
}

VFA_API const char *vfa_monitor_subsystem_name(enum vfa_monitor_subsystem subsystem)
{
	return subsystem && (unsigned int)subsystem < COUNT(subsystems) ? subsystems[subsystem]
									: "unknown";
}

/* The index of a name, which is not 0; 0 for one that is not there. */
static unsigned int find_name(const char *const *names, size_t count, const char *name)
{
	for (unsigned int i = 1; name && i < count; i++)
		if (!strcmp(names[i], name))
			return i;
	return 0;
}

static int choose_source(const struct vfa_host *host, enum vfa_monitor_source wanted,
			 enum vfa_monitor_source *ret)
{
	bool runs = sysfs_exists(host, UDEV_CONTROL);

	switch (wanted) {
	case VFA_MONITOR_AUTO:
		*ret = runs ? VFA_MONITOR_UDEV : VFA_MONITOR_KERNEL;
		return 0;
	case VFA_MONITOR_KERNEL:
		*ret = VFA_MONITOR_KERNEL;
		return 0;
	case VFA_MONITOR_UDEV:
		*ret = VFA_MONITOR_UDEV;
		if (runs)
			return 0;
		return error_set(ENOENT, VFA_CAUSE_NO_UDEV,
				 "monitor: udev does not run here: there is no " UDEV_CONTROL "\n"
				 "listen to the kernel: VFA_MONITOR_KERNEL, or VFA_MONITOR_AUTO");
	}
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			 "monitor: %d is no source of events\nuse one of enum vfa_monitor_source",
			 wanted);
}

static int add_filters(struct udev_monitor *events)
{
	int err = 0;

	for (size_t i = 1; i < COUNT(subsystems) && err >= 0; i++)
		err = udev_monitor_filter_add_match_subsystem_devtype(events, subsystems[i], NULL);
	return err;
}

/* libudev gives no more than NULL and errno when an object cannot be made. */
static int made(const void *object)
{
	if (object)
		return 0;
	return -(errno ? errno : ENOMEM);
}

static int listen_to(struct vfa_monitor *monitor, uint64_t buffer_size)
{
	bool udev = monitor->source == VFA_MONITOR_UDEV;
	int err;

	errno = 0;
	monitor->udev = udev_new();
	err = made(monitor->udev);
	if (!err) {
		monitor->events =
			udev_monitor_new_from_netlink(monitor->udev, udev ? "udev" : "kernel");
		err = made(monitor->events);
	}
	if (!err)
		err = add_filters(monitor->events);
	if (err >= 0)
		err = udev_monitor_enable_receiving(monitor->events);
	if (err < 0)
		return error_kernel(err, "monitor: cannot listen to %s",
				    udev ? "udev" : "the kernel");
	/* With less of it a burst may be cut, which is told then. */
	(void)udev_monitor_set_receive_buffer_size(monitor->events, buffer_size);
	return 0;
}

static int open_monitor(struct vfa_host *host, const struct vfa_monitor_options *options,
			struct vfa_monitor **ret)
{
	struct vfa_monitor *monitor = calloc(1, sizeof(*monitor));
	int err;

	if (!monitor)
		return error_memory();
	err = host_hold(host, &monitor->host);
	if (!err)
		err = host_require_live(monitor->host, "monitor");
	if (!err)
		err = choose_source(monitor->host, options->source, &monitor->source);
	if (!err)
		err = listen_to(monitor, options->buffer_size);
	if (err) {
		vfa_monitor_close(monitor);
		return err;
	}
	*ret = monitor;
	return 0;
}

VFA_API int vfa_monitor_open(struct vfa_host *host, const struct vfa_monitor_options *options,
			     struct vfa_monitor **ret)
{
	struct vfa_monitor_options given;
	int err;

	if (!ret)
		return error_null("ret");
	err = options_copy("vfa_monitor_options", options,
			   OPTIONS_UP_TO(struct vfa_monitor_options, buffer_size), &given,
			   sizeof(given));
	if (err)
		return err;
	if (given.buffer_size > INT32_MAX)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "monitor: a buffer of %" PRIu64 " bytes\nask for less than 2 GiB",
				 given.buffer_size);
	if (!given.buffer_size)
		given.buffer_size = BUFFER_SIZE;
	return open_monitor(host, &given, ret);
}

VFA_API void vfa_monitor_close(struct vfa_monitor *monitor)
{
	if (!monitor)
		return;
	udev_monitor_unref(monitor->events);
	udev_unref(monitor->udev);
	vfa_host_free(monitor->host);
	free(monitor);
}

VFA_API int vfa_monitor_fd(const struct vfa_monitor *monitor)
{
	return monitor ? udev_monitor_get_fd(monitor->events) : error_null("monitor");
}

VFA_API int vfa_monitor_source(const struct vfa_monitor *monitor)
{
	return monitor ? (int)monitor->source : error_null("monitor");
}

static void copy_text(char *ret, size_t size, const char *text)
{
	snprintf(ret, size, "%s", text ? text : "");
}

/* noiommu's nodes are called "noiommu-N". */
static int32_t group_of(const char *name)
{
	const char *digits = name ? strpbrk(name, "0123456789") : NULL;

	return digits ? (int32_t)strtol(digits, NULL, 10) : -1;
}

/* False for what cannot be told: an action that is newer than the library. */
static bool translate(struct udev_device *device, struct vfa_monitor_event *ret)
{
	const char *path = udev_device_get_devpath(device);
	unsigned int action = find_name(actions, COUNT(actions), udev_device_get_action(device));
	unsigned int subsystem =
		find_name(subsystems, COUNT(subsystems), udev_device_get_subsystem(device));
	char bdf[BDF_SIZE] = "";

	if (!action || !subsystem || !path)
		return false;
	*ret = (struct vfa_monitor_event){ .action = action, .subsystem = subsystem, .group = -1 };
	copy_text(ret->path, sizeof(ret->path), path);
	copy_text(ret->node, sizeof(ret->node), udev_device_get_devnode(device));
	if (subsystem == VFA_MONITOR_VFIO)
		ret->group = group_of(udev_device_get_sysname(device));
	else if (below_which(path, bdf))
		copy_text(ret->bdf, sizeof(ret->bdf), bdf);
	if (subsystem == VFA_MONITOR_PCI)
		copy_text(ret->driver, sizeof(ret->driver),
			  udev_device_get_property_value(device, "DRIVER"));
	return true;
}

static int refuse_receive(int err)
{
	if (err == ENOBUFS)
		return error_set(ENOBUFS, VFA_CAUSE_EVENTS_LOST,
				 "monitor: events were lost: they came faster than they were read\n"
				 "look at the machine anew and read on; more buffer_size helps");
	return error_kernel(err, "monitor: receive");
}

/* 1 with an event, 0 when there is none. */
static int receive(struct vfa_monitor *monitor, struct vfa_monitor_event *ret)
{
	struct udev_device *device;
	bool known;

	do {
		errno = 0;
		device = udev_monitor_receive_device(monitor->events);
		if (!device)
			return !errno || errno == EAGAIN ? 0 : refuse_receive(errno);
		known = translate(device, ret);
		udev_device_unref(device);
	} while (!known);
	return 1;
}

static int check_event(const struct vfa_monitor *monitor, const struct vfa_monitor_event *ret)
{
	if (!monitor || !ret)
		return error_null(monitor ? "ret" : "monitor");
	return options_check_result("vfa_monitor_event", ret,
				    OPTIONS_UP_TO(struct vfa_monitor_event, path));
}

VFA_API int vfa_monitor_read(struct vfa_monitor *monitor, struct vfa_monitor_event *ret)
{
	struct vfa_monitor_event event;
	int got = check_event(monitor, ret);

	if (!got)
		got = receive(monitor, &event);
	if (got > 0)
		options_return(&event, sizeof(event), ret);
	return got;
}

VFA_API int vfa_monitor_wait(struct vfa_monitor *monitor, int timeout_ms,
			     struct vfa_monitor_event *ret)
{
	struct deadline deadline = deadline_in(timeout_ms);
	struct pollfd wanted = { .events = POLLIN };
	int ready, got;

	/* What is readable may be of no interest: libudev says so then, and the wait goes on. */
	while (!(got = vfa_monitor_read(monitor, ret))) {
		wanted.fd = vfa_monitor_fd(monitor);
		ready = deadline_poll(monitor->host->sys, &deadline, &wanted, 1);
		if (ready < 0)
			return error_kernel(ready, "monitor: poll");
		if (!ready)
			return error_set(ETIMEDOUT, VFA_CAUSE_TIMEOUT,
					 "monitor: nothing happened within %d ms\n"
					 "only PCI functions and VFIO nodes are heard of",
					 timeout_ms);
	}
	return got < 0 ? got : 0;
}
