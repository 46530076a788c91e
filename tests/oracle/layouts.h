/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Random layouts, one after the other, and a fault at each step of each change. After every
 * call the layout is the old one or the new one, whole, and the kernel has just that. The
 * same on a real kernel and on the fake one.
 */

#ifndef ORACLE_LAYOUTS_H
#define ORACLE_LAYOUTS_H

#include <stdbool.h>

#include "oracle/direct.h"

#define LAYOUTS_PAGES 24 /* of the window that layouts are in, and of their memory */

struct layouts_plan {
	struct vfa_container *container; /* with a device in it and nothing mapped */
	direct_ioctl *kernel;
	uint64_t iova; /* where the window starts */
	char *memory;  /* LAYOUTS_PAGES pages, and one more */
	uint64_t seed;
	unsigned int changes;
	void (*arm)(void *data, unsigned int n); /* let step n from now on fail; or NULL */
	bool (*disarm)(void *data);              /* whether it came to that */
	void *data;
};

struct layouts_tally {
	unsigned int calls;
	unsigned int failed;
	unsigned int disagreements;
};

/** layouts_run() - make all changes, and unmap everything; tells of disagreements */
void layouts_run(const struct layouts_plan *plan, struct layouts_tally *ret);

#endif
