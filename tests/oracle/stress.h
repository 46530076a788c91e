/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Threads that map and unmap, and threads that translate meanwhile and may see
 * right answers only. Bounded by work, not by time. The same on a real kernel and
 * on the fake one.
 */

#ifndef ORACLE_STRESS_H
#define ORACLE_STRESS_H

#include <stddef.h>
#include <stdint.h>

#include "oracle/direct.h"

/* Memory that it needs, of which it uses a few pages in each stride. */
#define STRESS_STRIDE (4ull << 20)
#define STRESS_MEMORY (4 * STRESS_STRIDE)

struct stress_plan {
	struct vfa_container *container; /* with a device in it and nothing mapped */
	direct_ioctl *kernel;
	char *memory;
	uint64_t page;
	uint64_t rounds; /* of each thread that maps */
};

/** stress_run() - run all threads, compare with the kernel, unmap all; returns the failures */
unsigned int stress_run(const struct stress_plan *plan);

#endif
