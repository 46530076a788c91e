/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Parts of a machine, for questions that need not look at all of it. */

#ifndef TOPOLOGY_SURROUNDINGS_H
#define TOPOLOGY_SURROUNDINGS_H

#include "topology/topology.h"

/**
 * surroundings_are_empty() - a device has nobody beside it, and no bridge above it
 *
 * As most have in a virtual machine: on a root bus, in a slot of one function. Then it has
 * no other way than up. Not certain: false.
 */
bool surroundings_are_empty(const struct vfa_host *host, const char *bdf);

/**
 * surroundings_path() - a device and the bridges above it
 *
 * The snapshots here are to be freed with vfa_topology_free(). Return: 0, or as
 * vfa_topology_new(), or -errno of finding the device in sysfs, not recorded.
 */
int surroundings_path(struct vfa_host *host, const char *bdf, struct vfa_topology **ret);

/** surroundings_tree() - all that is in or below the slot of the root bus that it is in or below */
int surroundings_tree(struct vfa_host *host, const char *bdf, struct vfa_topology **ret);

/** surroundings_group() - its path, and the members of its group */
int surroundings_group(struct vfa_host *host, const char *bdf, int32_t group,
		       struct vfa_topology **ret);

#endif
