/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Having pages before they are touched. */

#ifndef LIB_POPULATE_H
#define LIB_POPULATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/syscalls.h"

/**
 * populate() - have all pages of a piece of memory, zeroed and writable
 * @page_size: of the memory
 * @threads: to work at a time, the calling one among them; at least 1. Fewer do
 *	where there is less to do, or where no more threads can be made
 *
 * All threads have ended when it returns.
 *
 * Return: 0 or -errno, not recorded: -EFAULT where a touch would be a SIGBUS, for
 * want of pages; -EINVAL from kernels before Linux 5.14.
 */
int populate(const struct syscalls *sys, void *start, size_t size, uint64_t page_size,
	     uint32_t threads);

#endif
