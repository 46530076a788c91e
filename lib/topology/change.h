/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Bits of Access Control Services, taken for other than they are. */

#ifndef TOPOLOGY_CHANGE_H
#define TOPOLOGY_CHANGE_H

#include <vfa/isolation.h>

#include "topology/topology.h"

/**
 * change_apply() - a change to a copy of a snapshot's functions
 *
 * Return: 0, or the errors that vfa_topology_predict() has for a change, recorded; then
 * @functions are as they were.
 */
int change_apply(const struct vfa_topology *topology, const struct vfa_acs_change *change,
		 struct vfa_function *functions);

#endif
