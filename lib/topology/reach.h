/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The dangerous windows of a device: what it reaches without the IOMMU. */

#ifndef TOPOLOGY_REACH_H
#define TOPOLOGY_REACH_H

#include <vfa/window.h>

#include "topology/topology.h"

/**
 * reach_windows() - windows from a snapshot that has all that may be reached
 * @ret: in ascending order, to be freed; NULL when there are none
 *
 * Return: how many, or -errno of reading sysfs; nothing is recorded.
 */
int reach_windows(const struct vfa_topology *topology, const struct vfa_function *function,
		  struct vfa_window **ret);

/** reach_compare() - the order of windows, for qsort(3): those around others come first */
int reach_compare(const void *a, const void *b);

/**
 * reach_windows_of() - windows of a device, for which no more is read than is needed
 *
 * Return: as reach_windows(), 0 for a device that sysfs does not show.
 */
int reach_windows_of(struct vfa_host *host, const char *bdf, struct vfa_window **ret);

#endif
