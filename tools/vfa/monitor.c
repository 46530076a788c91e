/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa monitor: PCI functions and VFIO nodes that come, go and change drivers. */

#include <errno.h>
#include <inttypes.h>
#include <libudev.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "fail.h"
#include "known.h"
#include "names.h"
#include "stream.h"

/* Enough for a bus full of functions at once. */
#define RECEIVE_BUFFER (8 << 20)

struct event {
	const struct request *request;
	struct udev_device *device;
	const struct known *known; /* the function it is about; NULL for a group */
	struct timespec time;
};

/* The clock for people, the moment for programs. */
static void get_time(const void *data, struct cell *cell)
{
	const struct event *event = data;
	char text[64], zone[16];
	struct tm tm;

	localtime_r(&event->time.tv_sec, &tm);
	strftime(text, sizeof(text), cell->json ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	cell_set(cell, "%s.%03ld%s", text, event->time.tv_nsec / 1000000, cell->json ? zone : "");
}

static void set_text(struct cell *cell, const char *text)
{
	if (text && *text)
		cell_set(cell, "%s", text);
}

static void get_action(const void *data, struct cell *cell)
{
	set_text(cell, udev_device_get_action(((const struct event *)data)->device));
}

static void get_subsystem(const void *data, struct cell *cell)
{
	set_text(cell, udev_device_get_subsystem(((const struct event *)data)->device));
}

static void get_address(const void *data, struct cell *cell)
{
	const struct event *event = data;

	if (event->known)
		set_text(cell, event->known->bdf);
}

static void get_driver(const void *data, struct cell *cell)
{
	const struct event *event = data;

	if (event->known)
		set_text(cell, event->known->driver);
}

/* VFIO's node for a whole group is named by it. */
static void get_group(const void *data, struct cell *cell)
{
	const struct event *event = data;
	const char *name = udev_device_get_sysname(event->device);

	if (event->known && event->known->group >= 0)
		cell_set(cell, "%" PRId32, event->known->group);
	else if (!event->known && name[strspn(name, "0123456789")] == '\0')
		set_text(cell, name);
}

static void get_node(const void *data, struct cell *cell)
{
	set_text(cell, udev_device_get_devnode(((const struct event *)data)->device));
}

static void get_class(const void *data, struct cell *cell)
{
	const struct event *event = data;

	if (event->known)
		set_text(cell, names_class(event->request->names, event->known->class_code));
}

static void get_path(const void *data, struct cell *cell)
{
	set_text(cell, udev_device_get_devpath(((const struct event *)data)->device));
}

static const struct column columns[] = {
	{ "TIME", "when it was heard of", COLUMN_TEXT, COLUMN_DEFAULT | COLUMN_WIDTH(12),
	  get_time },
	{ "ACTION", "add, remove, bind, unbind, change ...", COLUMN_TEXT,
	  COLUMN_DEFAULT | COLUMN_WIDTH(7), get_action },
	{ "SUBSYSTEM", "pci; vfio-dev for a device's node, vfio for a group's", COLUMN_TEXT,
	  COLUMN_DEFAULT | COLUMN_WIDTH(9), get_subsystem },
	{ "ADDRESS", "PCI address", COLUMN_ADDRESS, COLUMN_DEFAULT | COLUMN_WIDTH(12),
	  get_address },
	{ "GROUP", "IOMMU group", COLUMN_NUMBER, COLUMN_DEFAULT | COLUMN_WIDTH(5), get_group },
	{ "DRIVER", "driver that it is bound to, or was until now", COLUMN_TEXT,
	  COLUMN_DEFAULT | COLUMN_WIDTH(10), get_driver },
	{ "NODE", "device node", COLUMN_TEXT, COLUMN_DEFAULT | COLUMN_WIDTH(25), get_node },
	{ "CLASS", "name of its class", COLUMN_TEXT, COLUMN_WIDTH(25), get_class },
	{ "PATH", "directory below /sys", COLUMN_TEXT, COLUMN_WIDTH(50), get_path },
	{ NULL },
};

static const struct option_spec options[] = {
	{ "count", 'c', "N", "end after N events" },
	{ "timeout", 't', "SECONDS", "end after this time" },
	{ NULL },
};

struct monitor {
	const struct request *request;
	struct udev *udev;
	struct udev_monitor *events;
	struct stream *stream;
	struct knowledge *knowledge;
	int signals;
	uint64_t left;    /* events */
	int64_t deadline; /* in ms, -1 for none */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int read_limit(const struct request *request, const char *name, uint64_t max, uint64_t *ret)
{
	const char *text = request_option(request, name);
	char *end;

	if (!text)
		return STATUS_FINE;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || !*ret || *ret > max)
		return fail_usage("monitor: --%s %s: not a number from 1 to %" PRIu64, name, text,
				  max);
	return STATUS_FINE;
}

static int read_limits(struct monitor *monitor)
{
	uint64_t seconds = 0;
	int status = read_limit(monitor->request, "count", INT32_MAX, &monitor->left);

	if (!status)
		status = read_limit(monitor->request, "timeout", INT32_MAX, &seconds);
	monitor->deadline = seconds ? now_ms() + 1000 * (int64_t)seconds : -1;
	return status;
}

/* The kernel's own events: udevd, which repeats them, need not run. */
static int listen_to_kernel(struct monitor *monitor)
{
	monitor->udev = must(udev_new());
	monitor->events = udev_monitor_new_from_netlink(monitor->udev, "kernel");
	if (!monitor->events ||
	    udev_monitor_filter_add_match_subsystem_devtype(monitor->events, "pci", NULL) < 0 ||
	    udev_monitor_filter_add_match_subsystem_devtype(monitor->events, "vfio", NULL) < 0 ||
	    udev_monitor_filter_add_match_subsystem_devtype(monitor->events, "vfio-dev", NULL) <
		    0 ||
	    udev_monitor_enable_receiving(monitor->events) < 0)
		return fail_because("monitor: cannot listen to the kernel's events: %s",
				    strerror(errno));
	/* More than the default takes privilege; without it a burst may be cut, which is told. */
	udev_monitor_set_receive_buffer_size(monitor->events, RECEIVE_BUFFER);
	return STATUS_FINE;
}

static int listen_to_signals(struct monitor *monitor)
{
	sigset_t ending;

	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigprocmask(SIG_BLOCK, &ending, NULL);
	monitor->signals = signalfd(-1, &ending, SFD_CLOEXEC);
	if (monitor->signals < 0)
		return fail_because("monitor: signalfd: %s", strerror(errno));
	return STATUS_FINE;
}

static void tell(struct monitor *monitor, struct udev_device *device)
{
	struct event event = {
		.request = monitor->request,
		.device = device,
		.known = knowledge_find(monitor->knowledge, udev_device_get_devpath(device)),
	};

	clock_gettime(CLOCK_REALTIME, &event.time);
	stream_add(monitor->stream, &event);
}

/* sysfs may be ahead of the events, so what they say is believed first. */
static void handle(struct monitor *monitor, struct udev_device *device)
{
	struct knowledge *knowledge = monitor->knowledge;
	const char *action = udev_device_get_action(device);
	const char *path = udev_device_get_devpath(device);
	bool is_function = !strcmp(udev_device_get_subsystem(device), "pci");

	if (is_function && (!strcmp(action, "add") || !strcmp(action, "bind")))
		knowledge_learn(knowledge, path, udev_device_get_property_value(device, "DRIVER"));
	tell(monitor, device);
	if (is_function && !strcmp(action, "unbind"))
		knowledge_drop_driver(knowledge, path);
	if (is_function && !strcmp(action, "remove"))
		knowledge_drop(knowledge, path);
}

static void receive(struct monitor *monitor)
{
	struct udev_device *device = udev_monitor_receive_device(monitor->events);

	if (!device) {
		if (errno == ENOBUFS)
			note("monitor: events were lost: they came too fast");
		return;
	}
	handle(monitor, device);
	udev_device_unref(device);
	if (monitor->left && !--monitor->left)
		monitor->deadline = 0;
}

static int time_left(const struct monitor *monitor)
{
	int64_t left = monitor->deadline - now_ms();

	if (monitor->deadline < 0)
		return -1;
	if (left <= 0)
		return 0;
	return left > INT32_MAX ? INT32_MAX : left;
}

static int watch(struct monitor *monitor)
{
	struct pollfd fds[] = {
		{ .fd = udev_monitor_get_fd(monitor->events), .events = POLLIN },
		{ .fd = monitor->signals, .events = POLLIN },
	};
	int left;

	while ((left = time_left(monitor))) {
		if (poll(fds, 2, left) < 0 && errno != EINTR)
			return fail_because("monitor: poll: %s", strerror(errno));
		if (fds[1].revents)
			return STATUS_FINE;
		if (fds[0].revents)
			receive(monitor);
	}
	return STATUS_FINE;
}

/* Nothing may happen between the snapshot and the first event that is heard. */
static int start(struct monitor *monitor)
{
	int status = read_limits(monitor);

	if (!status)
		status = listen_to_signals(monitor);
	if (!status)
		status = listen_to_kernel(monitor);
	if (!status)
		status = knowledge_new(monitor->request->host, &monitor->knowledge);
	if (!status)
		status = stream_new(monitor->request, &monitor->stream);
	return status;
}

static void finish(struct monitor *monitor)
{
	stream_free(monitor->stream);
	knowledge_free(monitor->knowledge);
	udev_monitor_unref(monitor->events);
	udev_unref(monitor->udev);
	if (monitor->signals >= 0)
		close(monitor->signals);
}

static int run(const struct request *request)
{
	struct monitor monitor = { .request = request, .signals = -1 };
	int status;

	if (request_option(request, "host"))
		return fail_usage("monitor: nothing happens on a captured machine");
	status = start(&monitor);
	if (!status)
		status = watch(&monitor);
	finish(&monitor);
	return status;
}

const struct command command_monitor = {
	.name = "monitor",
	.arguments = "",
	.summary = "Tell of PCI functions and VFIO nodes that come and go",
	.columns = columns,
	.has_no_order = true,
	.options = options,
	.run = run,
};
