/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Where the ways of two functions to the root meet. */

#ifndef TOPOLOGY_FORK_H
#define TOPOLOGY_FORK_H

#include <vfa/topology.h>

/**
 * struct fork - two ways that become one
 * @common: the lowest function above both, which may be one of them; NULL for none
 * @left: the last before it on the way of the first; NULL when that is @common itself
 * @right: the same of the second
 */
struct fork {
	const struct vfa_function *common;
	const struct vfa_function *left;
	const struct vfa_function *right;
};

struct fork fork_find(const struct vfa_function *functions, const struct vfa_function *one,
		      const struct vfa_function *other);

#endif
