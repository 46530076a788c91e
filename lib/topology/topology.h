/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The snapshot, as the questions asked of it see it. */

#ifndef TOPOLOGY_TOPOLOGY_H
#define TOPOLOGY_TOPOLOGY_H

#include <vfa/topology.h>

#include "topology/function.h"

struct vfa_topology {
	struct vfa_host *host;
	struct vfa_function *functions; /* ascending by address */
	struct function_links *links;   /* the same order */
	size_t count;
};

/**
 * topology_read_some() - a snapshot of some functions only, and of their routes alone
 * @names: their addresses, each once; sorted here
 *
 * Parents and physical functions that are not among them are unknown to it. Return:
 * as vfa_topology_new().
 */
int topology_read_some(struct vfa_host *host, char **names, int count, struct vfa_topology **ret);

/* The bridge above, NULL on a root bus. */
static inline const struct vfa_function *topology_parent(const struct vfa_topology *topology,
							 const struct vfa_function *function)
{
	return function->parent < 0 ? NULL : &topology->functions[function->parent];
}

#endif
