/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Where a request of a function turns round before it reaches the root complex, by the
 * bits that are on. PCI Express Base Specification, Access Control Services.
 */

#ifndef TOPOLOGY_ROUTE_H
#define TOPOLOGY_ROUTE_H

#include "topology/topology.h"

/** route_are_one_device() - functions of one slot, or behind one port of PCI Express */
bool route_are_one_device(const struct vfa_topology *topology, const struct vfa_function *a,
			  const struct vfa_function *b);

/** route_is_known() - the config space of a function and of all above it could be read */
bool route_is_known(const struct vfa_topology *topology, const struct vfa_function *function);

/**
 * route_may_leave() - whether a request for a peer may go another way than up
 * @at: a function, or a port that the request comes to from below
 * @bit: VFA_ACS_RR to another function or port beside it; VFA_ACS_UF back to where it came
 *	from
 */
bool route_may_leave(const struct vfa_function *at, uint16_t bit);

/**
 * route_is_vouched_for() - the kernel isolates what no register says is isolated
 *
 * It knows devices that isolate without the capability, and so has put functions into
 * two groups that would else be in one.
 */
bool route_is_vouched_for(const struct vfa_function *at, const struct vfa_function *other);

/**
 * route_turning_point() - the highest bridge at which requests of a function may turn round
 *
 * From there they reach all that is below the bridge. NULL for none.
 */
const struct vfa_function *route_turning_point(const struct vfa_topology *topology,
					       const struct vfa_function *function);

/** route_reaches_beside() - whether a request may go over from @at to @beside, of one device */
bool route_reaches_beside(const struct vfa_topology *topology, const struct vfa_function *at,
			  const struct vfa_function *beside);

#endif
