/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A container of the shared library, as a user has it, over a kernel that answers at
 * once and keeps no list: what is measured is the library. It is iommufd's side, which
 * has no limit on the number of mappings.
 */

#ifndef INSTANT_H
#define INSTANT_H

#include <vfa.h>

struct instant {
	struct vfa_host *host;
	struct vfa_container *container;
	struct vfa_device *device;
};

void instant_open(struct instant *instant);
void instant_close(struct instant *instant);

/** instant_reserve() - addresses for so many pages, of which none must be touched */
char *instant_reserve(size_t pages);

#endif
