/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A snapshot with some bits taken for other than they are, and the groups that follow. */

#ifndef TOPOLOGY_PREDICTION_H
#define TOPOLOGY_PREDICTION_H

#include <vfa/isolation.h>

#include "topology/topology.h"

struct prediction {
	struct vfa_function *functions; /* the snapshot's, with the changes */
	int32_t *groups;                /* as vfa_topology_predict() gives them */
	size_t count;
};

/** prediction_obstacle() - the first function without which no group is known; NULL for none */
const struct vfa_function *prediction_obstacle(const struct vfa_topology *topology);

/**
 * prediction_make() - apply changes, and form the groups
 *
 * Return: 0, or the errors of vfa_topology_predict(), recorded.
 */
int prediction_make(const struct vfa_topology *topology, const struct vfa_acs_change *changes,
		    size_t count, struct prediction *ret);

void prediction_free(struct prediction *prediction);

#endif
