/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why there is no such memory, told so that a person can act. */

#ifndef LIB_REFUSAL_MEMORY_H
#define LIB_REFUSAL_MEMORY_H

#include "memory.h"

/* Room for "512 KiB". */
#define SIZE_TEXT 32

/** memory_print_size() - in the largest unit that divides it */
void memory_print_size(uint64_t size, char text[SIZE_TEXT]);

/* All return the -errno to give, recorded. */

/** refuse_huge_pages() - the kernel said no to memory of huge pages */
int refuse_huge_pages(const struct vfa_host *host, const struct memory_wish *wish, const char *what,
		      int err);

/** refuse_node() - the kernel said no to a NUMA node */
int refuse_node(const struct vfa_host *host, uint32_t node, int err);

#endif
