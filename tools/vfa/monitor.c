/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa monitor: PCI functions and VFIO nodes that come, go and change drivers. */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include <vfa/monitor.h>

#include "fail.h"
#include "known.h"
#include "names.h"
#include "stream.h"

struct event {
	const struct request *request;
	const struct vfa_monitor_event *told;
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

static const struct vfa_monitor_event *told(const void *data)
{
	return ((const struct event *)data)->told;
}

static void get_action(const void *data, struct cell *cell)
{
	set_text(cell, vfa_monitor_action_name(told(data)->action));
}

static void get_subsystem(const void *data, struct cell *cell)
{
	set_text(cell, vfa_monitor_subsystem_name(told(data)->subsystem));
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
	int32_t group = event->known ? event->known->group : event->told->group;

	if (group >= 0)
		cell_set(cell, "%" PRId32, group);
}

static void get_node(const void *data, struct cell *cell)
{
	set_text(cell, told(data)->node);
}

static void get_class(const void *data, struct cell *cell)
{
	const struct event *event = data;

	if (event->known)
		set_text(cell, names_class(event->request->names, event->known->class_code));
}

static void get_path(const void *data, struct cell *cell)
{
	set_text(cell, told(data)->path);
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
	struct vfa_monitor *events;
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

/* What happens is to be seen as it happens: udevd only repeats it. */
static int listen_to_kernel(struct monitor *monitor)
{
	struct vfa_monitor_options wanted = VFA_MONITOR_OPTIONS_INIT;

	wanted.source = VFA_MONITOR_KERNEL;
	return vfa_monitor_open(monitor->request->host, &wanted, &monitor->events) ? fail()
										   : STATUS_FINE;
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

static void tell(struct monitor *monitor, const struct vfa_monitor_event *told)
{
	struct event event = {
		.request = monitor->request,
		.told = told,
		.known = knowledge_find(monitor->knowledge, told->path),
	};

	clock_gettime(CLOCK_REALTIME, &event.time);
	stream_add(monitor->stream, &event);
}

/* sysfs may be ahead of the events, so what they say is believed first. */
static void handle(struct monitor *monitor, const struct vfa_monitor_event *event)
{
	struct knowledge *knowledge = monitor->knowledge;
	bool is_function = event->subsystem == VFA_MONITOR_PCI;

	if (is_function && (event->action == VFA_MONITOR_ADD || event->action == VFA_MONITOR_BIND))
		knowledge_learn(knowledge, event->path, event->driver);
	tell(monitor, event);
	if (is_function && event->action == VFA_MONITOR_UNBIND)
		knowledge_drop_driver(knowledge, event->path);
	if (is_function && event->action == VFA_MONITOR_REMOVE)
		knowledge_drop(knowledge, event->path);
}

static void receive(struct monitor *monitor)
{
	struct vfa_monitor_event event = VFA_MONITOR_EVENT_INIT;
	int got = vfa_monitor_read(monitor->events, &event);

	if (got == -ENOBUFS)
		note("monitor: events were lost: they came too fast");
	if (got <= 0)
		return;
	handle(monitor, &event);
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
		{ .fd = vfa_monitor_fd(monitor->events), .events = POLLIN },
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
	vfa_monitor_close(monitor->events);
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
