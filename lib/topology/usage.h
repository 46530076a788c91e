/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What a PCI function is used for in the kernel, so that taking its driver away would
 * take something from under somebody.
 *
 * Only what sysfs and procfs show: file systems mounted in another namespace, and open
 * files of a character device, are not seen.
 */

#ifndef TOPOLOGY_USAGE_H
#define TOPOLOGY_USAGE_H

#include <stddef.h>

#include "base/host.h"

enum usage_kind {
	USAGE_MOUNT = 1, /* a block device, or what is built on it, is mounted */
	USAGE_SWAP,      /* it is swapped to */
	USAGE_HOLDER,    /* device mapper or RAID has claimed it, with nothing mounted */
	USAGE_INTERFACE, /* a network interface is up, or part of another */
	USAGE_DISPLAY,   /* a screen is driven, or the console */
};

struct usage {
	enum usage_kind kind;
	char name[64];   /* "nvme0n1p2", "eth0", "card0" */
	char where[256]; /* mount point, holder, "up" or master, connector; empty for swap */
};

/* Room for usage_print(). */
#define USAGE_TEXT 400

/**
 * usage_find() - what a function is used for
 * @bdf: its address in its full form; one that is not there has no use
 * @list: filled, may be NULL when @max is 0
 *
 * Block devices come first, one use of each; then interfaces; then displays. Devices
 * below a bridge are not the bridge's.
 *
 * Return: how many uses there are, which may exceed @max, or -errno; nothing is recorded.
 */
int usage_find(const struct vfa_host *host, const char *bdf, struct usage *list, size_t max);

/** usage_print() - as a clause: "nvme0n1p2 is mounted on /home" */
const char *usage_print(const struct usage *usage, char text[USAGE_TEXT]);

#endif
