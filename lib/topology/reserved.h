/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A group's reserved_regions file. */

#ifndef TOPOLOGY_RESERVED_H
#define TOPOLOGY_RESERVED_H

#include <stddef.h>

#include "base/host.h"
#include "iova/range.h"

/**
 * reserved_read() - read a group's reserved regions
 * @ret: the regions by address, to be freed; NULL when there are none
 *
 * Return: how many, or -errno; nothing is recorded.
 */
int reserved_read(const struct vfa_host *host, uint32_t group, struct vfa_reserved_region **ret);

/** reserved_sort() - by address */
void reserved_sort(struct vfa_reserved_region *regions, size_t count);

#endif
