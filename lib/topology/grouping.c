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
#include "topology/function.h"

#define NONE (-1)

/* What is asked of a function again and again. */
struct place {
	uint32_t depth;     /* bridges above it */
	bool path_isolates; /* it does, and all above it */
};

struct grouping {
	const struct vfa_function *functions;
	size_t count;
	struct place *places;
	int32_t *groups;
};

static size_t index_of(const struct grouping *grouping, const struct vfa_function *function)
{
	return function - grouping->functions;
}

static int32_t group_of(const struct grouping *grouping, const struct vfa_function *function)
{
	return grouping->groups[index_of(grouping, function)];
}

static const struct vfa_function *above(const struct grouping *grouping,
					const struct vfa_function *function)
{
	return function->parent < 0 ? NULL : &grouping->functions[function->parent];
}

/* The function that the IOMMU sees; up to the first that has a group already. */
static const struct vfa_function *find_alias(const struct grouping *grouping,
					     const struct vfa_function *function)
{
	const struct vfa_function *alias = function, *bridge = function;

	while (group_of(grouping, alias) == NONE && (bridge = above(grouping, bridge))) {
		if (acs_takes_over(bridge))
			alias = bridge;
	}
	return alias;
}

/* The highest function that requests may turn round at; up to the first that has a group. */
static const struct vfa_function *climb(const struct grouping *grouping,
					const struct vfa_function *function)
{
	const struct vfa_function *bridge;

	while (group_of(grouping, function) == NONE && (bridge = above(grouping, function)) &&
	       !grouping->places[index_of(grouping, bridge)].path_isolates)
		function = bridge;
	return function;
}

/* The first function of the slot: they are neighbours. */
static size_t find_slot(const struct grouping *grouping, const struct vfa_function *function)
{
	size_t first = index_of(grouping, function);

	while (first && function_shares_slot(&grouping->functions[first - 1], function))
		first--;
	return first;
}

/* The group of a function beside it, where neither isolates itself from the other. */
static int32_t find_beside(const struct grouping *grouping, const struct vfa_function *function)
{
	const struct vfa_function *end = grouping->functions + grouping->count;
	const struct vfa_function *other = grouping->functions + find_slot(grouping, function);

	if (!function->is_multifunction || acs_isolates(function))
		return NONE;
	for (; other < end && function_shares_slot(other, function); other++) {
		if (!acs_isolates(other) && group_of(grouping, other) != NONE)
			return group_of(grouping, other);
	}
	return NONE;
}

static int32_t find_group(const struct grouping *grouping, const struct vfa_function *function)
{
	const struct vfa_function *top = climb(grouping, find_alias(grouping, function));
	int32_t group = group_of(grouping, top);

	return group == NONE ? find_beside(grouping, top) : group;
}

static uint32_t depth_of(const struct grouping *grouping, const struct vfa_function *function)
{
	uint32_t depth = 0;

	while ((function = above(grouping, function)))
		depth++;
	return depth;
}

static void place(struct grouping *grouping, size_t index)
{
	const struct vfa_function *function = &grouping->functions[index];
	const struct vfa_function *bridge = above(grouping, function);

	grouping->places[index].path_isolates =
		acs_isolates(function) &&
		(!bridge || grouping->places[index_of(grouping, bridge)].path_isolates);
}

static void join(struct grouping *grouping, size_t index)
{
	const struct vfa_function *function = &grouping->functions[index];
	int32_t group;

	if (function->group < 0)
		return;
	group = find_group(grouping, function);
	grouping->groups[index] = group == NONE ? (int32_t)index : group;
}

/*
 * What is below a bridge comes after it; the order of bus numbers says so, but need not.
 * Return whether there is anything deeper.
 */
static bool form(struct grouping *grouping, uint32_t depth)
{
	bool is_deeper = false;

	for (size_t i = 0; i < grouping->count; i++) {
		is_deeper |= grouping->places[i].depth > depth;
		if (grouping->places[i].depth != depth)
			continue;
		place(grouping, i);
		join(grouping, i);
	}
	return is_deeper;
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

static void form_all(struct grouping *grouping)
{
	uint32_t depth = 0;

	for (size_t i = 0; i < grouping->count; i++) {
		grouping->groups[i] = NONE;
		grouping->places[i].depth = depth_of(grouping, &grouping->functions[i]);
	}
	while (form(grouping, depth))
		depth++;
}

int grouping_form(const struct vfa_function *functions, size_t count, int32_t *groups)
{
	struct place *places = calloc(count + 1, sizeof(*places));
	int32_t *first = calloc(count + 1, sizeof(*first));
	struct grouping grouping = { functions, count, places, groups };
	int err = places && first ? 0 : -ENOMEM;

	if (!err) {
		form_all(&grouping);
		rename_groups(&grouping, first);
	}
	free(places);
	free(first);
	return err;
}
