/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The snapshot, as the questions asked of it see it. */

#ifndef TOPOLOGY_TOPOLOGY_H
#define TOPOLOGY_TOPOLOGY_H

#include <vfa/topology.h>

#include "topology/function.h"

struct vfa_topology {
	struct vfa_function *functions; /* ascending by address */
	struct function_links *links;   /* the same order */
	size_t count;
};

/* The bridge above, NULL on a root bus. */
static inline const struct vfa_function *topology_parent(const struct vfa_topology *topology,
							 const struct vfa_function *function)
{
	return function->parent < 0 ? NULL : &topology->functions[function->parent];
}

#endif
