/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Taking a function from one driver to another, one verified step at a time, and
 * all the way back when a step fails.
 *
 * Guarantees:
 *  - no other driver can have the function on the way: its override names the next
 *    driver before it leaves the last;
 *  - a driver has it only when its driver link says so;
 *  - what others have done meanwhile is not undone.
 */

#ifndef LIB_REBIND_H
#define LIB_REBIND_H

#include <stdbool.h>
#include <vfa/driver.h>

#include "base/bdf.h"
#include "base/host.h"

/* A driver's name and an override, "" for none. */
struct binding {
	char driver[VFA_DRIVER_NAME];
	char override[VFA_DRIVER_NAME];
};

struct rebind {
	const struct vfa_host *host;
	char bdf[BDF_SIZE];
	bool dry_run; /* nothing is written */
	bool written; /* something was */
	bool moved;   /* it has left a driver, or got one */
	struct binding first;
	struct binding now;
};

/** rebind_start() - read what a function is bound to; 0 or -errno, recorded */
int rebind_start(struct rebind *rebind);

/**
 * rebind_to() - give the function to a driver, and leave an override
 * @wanted: driver and override; "" leaves it without the one or the other
 *
 * What is as wanted is not written.
 *
 * Return: 0 or -errno, recorded; then rebind_undo() is due.
 */
int rebind_to(struct rebind *rebind, const struct binding *wanted);

/** rebind_probe() - leave an override, and the driver to the kernel; otherwise likewise */
int rebind_probe(struct rebind *rebind, const char *override);

/**
 * rebind_undo() - go back to where it started, after a failure
 * @target: the driver that it was to get, NULL for whichever there is
 * @err: the failure, which is recorded
 *
 * Return: @err, recorded anew with what has become of the function.
 */
int rebind_undo(struct rebind *rebind, const char *target, int err);

#endif
