/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Devices that are plugged into the running machine, and taken away. It needs a
 * machine with QEMU's monitor behind ttyS2, such as that of topology hotplug.
 */

#ifndef PLUG_H
#define PLUG_H

#include <pthread.h>

#include "common.h"

/* Of topology hotplug: a slot, and QEMU's words for what is in it. */
#define SLOT_PORT   "0000:00:06.0"
#define SLOT_EDU    "0000:03:00.0"
#define SLOT_DEVICE "edu,bus=port3,id=edu"
#define SLOT_ID     "edu"
#define SLOT_OTHER  "0000:01:00.0" /* an e1000e in another slot */

/* Far more than it takes on a busy host. */
#define PLUG_TIMEOUT_MS 60000

/* Skip where nothing can be plugged in. */
void plug_need(void);

/* The next event of this kind about a function or its nodes; others are passed over. */
struct vfa_monitor_event plug_await(struct vfa_monitor *monitor,
				    enum vfa_monitor_subsystem subsystem,
				    enum vfa_monitor_action action, const char *bdf);

bool plug_is_there(const char *bdf);

/* Plug in below a port where nothing is, and wait until the kernel knows the function. */
void plug_in(struct vm *vm, const char *port, const char *device, const char *bdf);

/* Ask the guest to let go of a device, as by the button at its slot: it waits 5 s first. */
void plug_push_button(const char *id);

/*
 * Take a device away in sysfs: by its slot's power, from the bus, or from its driver. That
 * waits for whoever has it, so a thread does it; plug_finish() joins that.
 */
struct plug_order {
	pthread_t thread;
	char path[256];
	char text[64];
	bool done;
};

void plug_order_off(struct plug_order *order, const char *bdf);
void plug_order_removal(struct plug_order *order, const char *bdf);
void plug_order_unbinding(struct plug_order *order, const char *bdf);
void plug_finish(struct plug_order *order);

/* Look for devices on all buses. */
void plug_rescan(void);

/* Pull out what is below a port, without a word to anybody before. */
void plug_pull(const char *port);

#endif
