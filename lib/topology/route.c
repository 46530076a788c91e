/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/route.h"

#include "topology/acs.h"

static bool is_express_port(const struct vfa_function *function)
{
	return function->type == VFA_FUNCTION_ROOT_PORT ||
	       function->type == VFA_FUNCTION_DOWNSTREAM_PORT;
}

/* Of a virtual function its physical one. */
static const struct vfa_function *first_of(const struct vfa_topology *topology,
					   const struct vfa_function *function)
{
	return function->physical < 0 ? function : &topology->functions[function->physical];
}

/* A link has one device at its end, whatever the numbers: some have more than 8 functions. */
bool route_are_one_device(const struct vfa_topology *topology, const struct vfa_function *a,
			  const struct vfa_function *b)
{
	const struct vfa_function *above = topology_parent(topology, a);

	if (a->domain == b->domain && a->bus == b->bus && a->slot == b->slot)
		return true;
	if (first_of(topology, a) == first_of(topology, b))
		return true;
	return above && above == topology_parent(topology, b) && is_express_port(above);
}

bool route_is_known(const struct vfa_topology *topology, const struct vfa_function *function)
{
	for (; function; function = topology_parent(topology, function)) {
		if (function->config_error)
			return false;
	}
	return true;
}

bool route_may_leave(const struct vfa_function *at, uint16_t bit)
{
	/* With egress control a vector decides, whatever the bit. */
	if (bit == VFA_ACS_RR && at->acs.present == VFA_YES && at->acs.control & VFA_ACS_EC)
		return true;
	return acs_missing(at) & bit;
}

bool route_is_vouched_for(const struct vfa_function *at, const struct vfa_function *other)
{
	return at->acs.present != VFA_YES && acs_applies(at) && at->group >= 0 &&
	       other->group >= 0 && at->group != other->group;
}

/* @below: the function below @port that the request comes through. */
static bool turns_at(const struct vfa_function *function, const struct vfa_function *below,
		     const struct vfa_function *port)
{
	const struct vfa_function *gate = port->type == VFA_FUNCTION_UPSTREAM_PORT ? below : port;

	return route_may_leave(gate, gate == below ? VFA_ACS_RR : VFA_ACS_UF) &&
	       !(gate != function && route_is_vouched_for(gate, function));
}

const struct vfa_function *route_turning_point(const struct vfa_topology *topology,
					       const struct vfa_function *function)
{
	const struct vfa_function *below = function, *port, *highest = NULL;

	while ((port = topology_parent(topology, below))) {
		if (turns_at(function, below, port))
			highest = port;
		below = port;
	}
	return highest;
}

/* Linux has it for one of several only since it has a group, which then tells nothing. */
static bool was_plugged_in(const struct vfa_topology *topology, const struct vfa_function *function)
{
	return function->is_multifunction &&
	       !topology->links[function - topology->functions].has_neighbours;
}

bool route_reaches_beside(const struct vfa_topology *topology, const struct vfa_function *at,
			  const struct vfa_function *beside)
{
	if (!route_may_leave(at, VFA_ACS_RR))
		return false;
	return !acs_missing(beside) || was_plugged_in(topology, at) ||
	       was_plugged_in(topology, beside) || !route_is_vouched_for(at, beside);
}
