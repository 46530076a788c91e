/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The rules of the kernel, in its order: a function's own alias, the ports above it that
 * do not isolate, the functions beside it that do not. A bridge is found, and has
 * its group, before what is below it.
 */

#include "topology/grouping.h"

#include <errno.h>
#include <stdlib.h>

#include "topology/acs.h"

#define NONE (-1)

struct grouping {
	const struct vfa_function *functions;
	size_t count;
	int32_t *groups;
};

static int32_t group_of(const struct grouping *grouping, const struct vfa_function *function)
{
	return grouping->groups[function - grouping->functions];
}

static const struct vfa_function *above(const struct vfa_function *functions,
					const struct vfa_function *function)
{
	return function->parent < 0 ? NULL : &functions[function->parent];
}

/* Bridges to and from conventional PCI put their own address on what comes from below. */
static bool takes_over_requests(const struct vfa_function *bridge)
{
	return bridge->type == VFA_FUNCTION_CONVENTIONAL ||
	       bridge->type == VFA_FUNCTION_PCI_BRIDGE ||
	       bridge->type == VFA_FUNCTION_EXPRESS_BRIDGE;
}

/* The function that the IOMMU sees; up to the first that has a group already. */
static const struct vfa_function *find_alias(const struct grouping *grouping,
					     const struct vfa_function *function)
{
	const struct vfa_function *alias = function, *bridge = function;

	while (group_of(grouping, alias) == NONE && (bridge = above(grouping->functions, bridge))) {
		if (takes_over_requests(bridge))
			alias = bridge;
	}
	return alias;
}

bool grouping_path_isolates(const struct vfa_function *functions,
			    const struct vfa_function *function)
{
	for (; function; function = above(functions, function)) {
		if (!acs_isolates(function))
			return false;
	}
	return true;
}

/* The highest function that requests may turn round at; up to the first that has a group. */
static const struct vfa_function *climb(const struct grouping *grouping,
					const struct vfa_function *function)
{
	const struct vfa_function *bridge;

	while (group_of(grouping, function) == NONE &&
	       (bridge = above(grouping->functions, function)) &&
	       !grouping_path_isolates(grouping->functions, bridge))
		function = bridge;
	return function;
}

static bool are_in_one_slot(const struct vfa_function *a, const struct vfa_function *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot;
}

/* The group of a function beside it, where neither isolates itself from the other. */
static int32_t find_beside(const struct grouping *grouping, const struct vfa_function *function)
{
	if (!function->is_multifunction || acs_isolates(function))
		return NONE;
	for (size_t i = 0; i < grouping->count; i++) {
		const struct vfa_function *other = &grouping->functions[i];

		if (other != function && are_in_one_slot(other, function) && !acs_isolates(other) &&
		    grouping->groups[i] != NONE)
			return grouping->groups[i];
	}
	return NONE;
}

static int32_t find_group(const struct grouping *grouping, const struct vfa_function *function)
{
	const struct vfa_function *top = climb(grouping, find_alias(grouping, function));
	int32_t group = group_of(grouping, top);

	return group == NONE ? find_beside(grouping, top) : group;
}

static unsigned int depth_of(const struct vfa_function *functions,
			     const struct vfa_function *function)
{
	unsigned int depth = 0;

	while ((function = above(functions, function)))
		depth++;
	return depth;
}

/* What is below a bridge comes after it; the order of bus numbers says so, but need not. */
static int form(struct grouping *grouping, const unsigned int *depths, unsigned int depth)
{
	int left = 0;

	for (size_t i = 0; i < grouping->count; i++) {
		const struct vfa_function *function = &grouping->functions[i];
		int32_t group;

		left += depths[i] > depth;
		if (depths[i] != depth || function->group < 0)
			continue;
		group = find_group(grouping, function);
		grouping->groups[i] = group == NONE ? (int32_t)i : group;
	}
	return left;
}

/* Named by their first functions, which are not always the first to have been found. */
static void rename_groups(struct grouping *grouping, int32_t *first)
{
	for (size_t i = 0; i < grouping->count; i++)
		first[i] = NONE;
	for (size_t i = 0; i < grouping->count; i++) {
		int32_t group = grouping->groups[i];

		if (group == NONE)
			continue;
		if (first[group] == NONE)
			first[group] = i;
		grouping->groups[i] = first[group];
	}
}

int grouping_form(const struct vfa_function *functions, size_t count, int32_t *groups)
{
	struct grouping grouping = { functions, count, groups };
	unsigned int *depths = calloc(count + 1, sizeof(*depths)), depth = 0;
	int32_t *first = calloc(count + 1, sizeof(*first));
	int err = depths && first ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < count; i++) {
		groups[i] = NONE;
		depths[i] = depth_of(functions, &functions[i]);
	}
	if (!err) {
		while (form(&grouping, depths, depth))
			depth++;
		rename_groups(&grouping, first);
	}
	free(depths);
	free(first);
	return err;
}
