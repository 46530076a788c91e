/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The limit on locked memory, and what the kernel counts against it. */

#ifndef LIB_MEMLOCK_H
#define LIB_MEMLOCK_H

#include "container.h"

struct memlock {
	enum vfa_accounting accounting;
	uint64_t soft, hard;     /* in bytes, or VFA_LIMIT_NONE */
	uint64_t locked, pinned; /* VmLck and VmPin in bytes, or VFA_LIMIT_UNKNOWN */
	bool is_exempt;          /* by CAP_IPC_LOCK, where it counts */
};

/**
 * memlock_read() - what the kernel says now
 * @container: one with a backend that translates; locked
 *
 * Return: 0 or -errno; nothing is recorded.
 */
int memlock_read(const struct vfa_container *container, struct memlock *ret);

/** memlock_read_process() - the same of this process, without who is counted for */
int memlock_read_process(const struct vfa_host *host, struct memlock *ret);

/** memlock_require() - the same, with the failure recorded */
int memlock_require(const struct vfa_container *container, struct memlock *ret);

/**
 * memlock_counted() - bytes that count against the limit now, as far as it shows
 *
 * Where the kernel counts for the user, it tells only of this process: less than
 * what counts. Return: bytes, or VFA_LIMIT_UNKNOWN.
 */
uint64_t memlock_counted(const struct memlock *memlock);

/**
 * memlock_needed() - the limit that @size more bytes take
 *
 * Return: bytes, 0 when exempt, or VFA_LIMIT_UNKNOWN when what counts does not show.
 */
uint64_t memlock_needed(const struct memlock *memlock, uint64_t size);

/** memlock_refuses() - whether the limit can be why @size more bytes were refused */
bool memlock_refuses(const struct memlock *memlock, uint64_t size);

#endif
