/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A fake libudev: what lib/monitor.c calls of it. A test that is linked with udev.c has
 * it instead of the real one.
 */

#ifndef FAKE_UDEV_H
#define FAKE_UDEV_H

#include <stdbool.h>
#include <stddef.h>

struct fake_event {
	const char *action;
	const char *subsystem;
	const char *path; /* below /sys */
	const char *driver;
	const char *node;
};

/** fake_udev_send() - something happens; a monitor hears of it that listens and wants it */
void fake_udev_send(const struct fake_event *event);

/** fake_udev_fail() - the next call of a function fails; an @err of 0: without an errno */
void fake_udev_fail(const char *function, int err);

/** fake_udev_source() - what the monitor listens to, "kernel" or "udev" */
const char *fake_udev_source(void);
int fake_udev_buffer_size(void);

/** fake_udev_count() - objects that are there */
size_t fake_udev_count(void);

#endif
