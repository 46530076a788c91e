/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The block devices of a machine, and what is built on them. */

#ifndef TOPOLOGY_BLOCKS_H
#define TOPOLOGY_BLOCKS_H

#include <stdbool.h>

#include "base/host.h"
#include "base/sysfs.h"

struct block {
	char name[64];         /* "nvme0n1p2" */
	char mapper[128];      /* "vg-home" of dm-0, else empty */
	char device[16];       /* "259:2" */
	char path[SYSFS_PATH]; /* below /sys/devices */
	bool is_marked;
	struct block *next; /* marked, and what it leads to is not yet */
};

struct blocks {
	struct block *list;
	int count;
	struct block *pending;
};

/** blocks_read() - all block devices; 0, also where there are none, or -errno */
int blocks_read(const struct vfa_host *host, struct blocks *ret);
void blocks_free(struct blocks *blocks);

/**
 * blocks_mark() - those that a function carries
 *
 * Its disks and their partitions, the shared disk that its paths lead to, and all that is
 * built on them: device mapper, RAID.
 */
void blocks_mark(const struct vfa_host *host, struct blocks *blocks, const char *bdf);

/** blocks_find() - by number such as "259:2", or else by node such as "/dev/mapper/vg-home" */
struct block *blocks_find(struct blocks *blocks, const char *device, const char *node);

/** blocks_holder() - what has a block device claimed: 0 with its name, or -errno */
int blocks_holder(const struct vfa_host *host, const struct block *block, char *ret, size_t size);

#endif
