/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Random requests to one address space, and three witnesses: the library, which
 * has to refuse what the kernel would; the kernel, which is asked directly
 * whatever the library refuses; and a naive model. The same on a real kernel and
 * on the fake one.
 */

#ifndef ORACLE_H
#define ORACLE_H

#include <stddef.h>
#include <stdint.h>

#include "oracle/direct.h"

struct oracle_plan {
	struct vfa_container *container; /* with a device in it and nothing mapped */
	direct_ioctl *kernel;
	char *memory; /* aligned to 2 MiB */
	size_t memory_size;
	uint64_t seed;
	uint64_t requests;
};

/** oracle_plan_read() - seed and number of requests from the environment, or these */
void oracle_plan_read(struct oracle_plan *plan, uint64_t seed, uint64_t requests);

/** oracle_run() - make all requests, and unmap everything; returns the disagreements */
unsigned int oracle_run(const struct oracle_plan *plan);

#endif
