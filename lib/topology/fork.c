/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/fork.h"

#include <stddef.h>

static const struct vfa_function *above(const struct vfa_function *functions,
					const struct vfa_function *function)
{
	return function->parent < 0 ? NULL : &functions[function->parent];
}

static unsigned int depth_of(const struct vfa_function *functions,
			     const struct vfa_function *function)
{
	unsigned int depth = 0;

	while ((function = above(functions, function)))
		depth++;
	return depth;
}

/* One step up, leaving behind where it came from. */
static void climb(const struct vfa_function *functions, const struct vfa_function **function,
		  const struct vfa_function **before)
{
	*before = *function;
	*function = above(functions, *function);
}

struct fork fork_find(const struct vfa_function *functions, const struct vfa_function *one,
		      const struct vfa_function *other)
{
	unsigned int left = depth_of(functions, one), right = depth_of(functions, other);
	struct fork fork = { NULL, NULL, NULL };

	for (; left > right; left--)
		climb(functions, &one, &fork.left);
	for (; right > left; right--)
		climb(functions, &other, &fork.right);
	while (one != other) {
		climb(functions, &one, &fork.left);
		climb(functions, &other, &fork.right);
	}
	fork.common = one;
	return fork;
}
