/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A device by system calls alone, and by no more of them than it takes: what a program has
 * to do that knows the device's address, trusts the machine to be as it expects, and ends
 * when it is not. Devices of one space may be opened by several threads.
 */

#ifndef BARE_H
#define BARE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <vfa/container.h>

struct bare_space {
	enum vfa_backend backend;
	int fd;
	uint32_t ioas;
	pthread_mutex_t lock; /* of a container that has no IOMMU yet */
	int has_iommu;
};

struct bare_device {
	int group;
	int fd;
	void *bar;
	size_t size;
};

void bare_space_open(enum vfa_backend backend, struct bare_space *ret);
void bare_space_close(struct bare_space *space);

/** bare_device_open() - up to the mapped BAR 0 */
void bare_device_open(struct bare_space *space, const char *bdf, struct bare_device *ret);
void bare_device_close(struct bare_device *device);

#endif
