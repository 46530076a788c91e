/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What an address space for some devices would be: the union of their limits. */

#ifndef VFA_TOOL_SPACE_H
#define VFA_TOOL_SPACE_H

#include <vfa/host.h>

#include "iova/range.h"

/**
 * struct space - the addresses of an address space
 * @usable: what can be mapped
 * @reserved: the reserved regions of all groups, by address
 * @source: who told: a backend, or sysfs
 * @has_width: what is usable ends where the IOMMU's addresses do
 */
struct space {
	struct range_list usable;
	struct vfa_reserved_region *reserved;
	size_t reserved_count;
	const char *source;
	bool has_width;
};

/**
 * space_read() - what sysfs tells: all but the reserved regions
 *
 * Return: 0, or -errno with the failure recorded.
 */
int space_read(struct vfa_host *host, char *const *bdfs, int count, struct space *ret);

/**
 * space_ask() - what the kernel tells of @space's devices, which it opens and closes again
 * @space: of space_read(); as it was on failure
 */
int space_ask(struct vfa_host *host, enum vfa_backend backend, char *const *bdfs, int count,
	      struct space *space);

void space_free(struct space *space);

#endif
