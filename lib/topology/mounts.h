/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What is mounted, and what the kernel swaps to. */

#ifndef TOPOLOGY_MOUNTS_H
#define TOPOLOGY_MOUNTS_H

#include <stdbool.h>

#include "base/host.h"

/* One mount; the strings live as long as the list. */
struct mount {
	const char *device; /* "259:2", empty for swap space; btrfs has numbers of its own */
	const char *source; /* "/dev/nvme0n1p2" */
	const char *where;  /* the mount point; NULL for swap space */
};

struct mounts {
	char *text;
	char *rest;
};

/** mounts_read() - of this process's view of file systems; 0 or -errno, to be freed */
int mounts_read(const struct vfa_host *host, struct mounts *ret);

/** swaps_read() - files and devices the kernel swaps to; 0 or -errno, to be freed */
int swaps_read(const struct vfa_host *host, struct mounts *ret);
void mounts_free(struct mounts *mounts);

/** mounts_next() - one mount after the other; false past the last */
bool mounts_next(struct mounts *mounts, struct mount *ret);

/** swaps_next() - the same of swap space */
bool swaps_next(struct mounts *swaps, struct mount *ret);

#endif
