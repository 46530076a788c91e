/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fake/udev.h"

#include <errno.h>
#include <libudev.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS_MAX  16
#define FILTERS_MAX 8

struct udev {
	int unused;
};

struct udev_monitor {
	const char *source;
	const char *filters[FILTERS_MAX];
	size_t filter_count;
	int fd; /* readable while there are events */
	int buffer_size;
	bool receives;
	struct fake_event events[EVENTS_MAX];
	size_t first, count;
};

struct udev_device {
	struct fake_event event;
};

static struct udev_monitor *monitor; /* the only one */
static size_t objects;
static const char *failing;
static int failing_errno;

void fake_udev_fail(const char *function, int err)
{
	failing = function;
	failing_errno = err;
}

static bool fails_in(const char *function)
{
	if (!failing || strcmp(failing, function))
		return false;
	failing = NULL;
	errno = failing_errno;
	return true;
}

#define fails() fails_in(__func__)

const char *fake_udev_source(void)
{
	return monitor->source;
}

int fake_udev_buffer_size(void)
{
	return monitor->buffer_size;
}

size_t fake_udev_count(void)
{
	return objects;
}

/* As libudev, the kernel's events are filtered when they are received. */
void fake_udev_send(const struct fake_event *event)
{
	uint64_t one = 1;

	if (!monitor || !monitor->receives)
		return;
	monitor->events[monitor->count++ % EVENTS_MAX] = *event;
	if (write(monitor->fd, &one, sizeof(one)) < 0)
		abort();
}

struct udev *udev_new(void)
{
	struct udev *udev = fails() ? NULL : calloc(1, sizeof(*udev));

	objects += !!udev;
	return udev;
}

struct udev *udev_unref(struct udev *udev)
{
	objects -= !!udev;
	free(udev);
	return NULL;
}

struct udev_monitor *udev_monitor_new_from_netlink(struct udev *udev, const char *source)
{
	if (fails() || !udev)
		return NULL;
	monitor = calloc(1, sizeof(*monitor));
	if (!monitor)
		return NULL;
	monitor->source = source;
	monitor->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	objects++;
	return monitor;
}

struct udev_monitor *udev_monitor_unref(struct udev_monitor *given)
{
	if (!given)
		return NULL;
	close(given->fd);
	free(given);
	monitor = NULL;
	objects--;
	return NULL;
}

int udev_monitor_filter_add_match_subsystem_devtype(struct udev_monitor *given,
						    const char *subsystem, const char *devtype)
{
	(void)devtype;
	if (fails())
		return -failing_errno;
	given->filters[given->filter_count++] = subsystem;
	return 0;
}

int udev_monitor_enable_receiving(struct udev_monitor *given)
{
	if (fails())
		return -failing_errno;
	given->receives = true;
	return 0;
}

int udev_monitor_set_receive_buffer_size(struct udev_monitor *given, int size)
{
	if (fails())
		return -failing_errno;
	given->buffer_size = size;
	return 0;
}

int udev_monitor_get_fd(struct udev_monitor *given)
{
	return given->fd;
}

static bool wants(const struct udev_monitor *given, const struct fake_event *event)
{
	for (size_t i = 0; i < given->filter_count; i++)
		if (!strcmp(given->filters[i], event->subsystem))
			return true;
	return false;
}

struct udev_device *udev_monitor_receive_device(struct udev_monitor *given)
{
	struct udev_device *device;
	uint64_t one;

	if (fails())
		return NULL;
	while (given->first < given->count) {
		struct fake_event *event = &given->events[given->first++ % EVENTS_MAX];

		if (read(given->fd, &one, sizeof(one)) < 0)
			abort();
		if (!wants(given, event))
			continue;
		device = calloc(1, sizeof(*device));
		device->event = *event;
		objects++;
		return device;
	}
	errno = EAGAIN;
	return NULL;
}

struct udev_device *udev_device_unref(struct udev_device *device)
{
	objects--;
	free(device);
	return NULL;
}

const char *udev_device_get_action(struct udev_device *device)
{
	return device->event.action;
}

const char *udev_device_get_subsystem(struct udev_device *device)
{
	return device->event.subsystem;
}

const char *udev_device_get_devpath(struct udev_device *device)
{
	return device->event.path;
}

const char *udev_device_get_sysname(struct udev_device *device)
{
	return device->event.path ? strrchr(device->event.path, '/') + 1 : NULL;
}

const char *udev_device_get_devnode(struct udev_device *device)
{
	return device->event.node;
}

const char *udev_device_get_property_value(struct udev_device *device, const char *name)
{
	return strcmp(name, "DRIVER") ? NULL : device->event.driver;
}
