/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What another process opened and passed on. Fds that are given here are taken over,
 * and closed after a failure.
 */

#ifndef LIB_ADOPT_H
#define LIB_ADOPT_H

#include <vfa/window.h>

#include "device.h"

/** container_adopt() - an address space; 0 or -errno, recorded */
int container_adopt(struct vfa_host *host, enum vfa_backend kind, int fd, uint32_t ioas,
		    struct vfa_container **ret);

/* A device that is in the address space, opened. */
struct adopted {
	const char *bdf;
	int group; /* its number, or -1 */
	uint32_t id;
	int fd;
	const struct vfa_window *windows; /* that it brings along */
	size_t window_count;
};

/** device_adopt() - a device of an adopted container; 0 or -errno, recorded */
int device_adopt(struct vfa_container *container, const struct adopted *adopted,
		 struct vfa_device **ret);

#endif
