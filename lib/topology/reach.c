/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/reach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "topology/resource.h"
#include "topology/route.h"
#include "topology/surroundings.h"

/* Whose windows are looked for, and what was found so far. */
struct search {
	const struct vfa_topology *topology;
	const struct vfa_function *function;
	struct vfa_window *windows;
	size_t count;
};

static int add_window(struct search *search, const struct vfa_function *peer,
		      const struct resource *resource)
{
	struct vfa_window *windows =
		realloc(search->windows, (search->count + 1) * sizeof(*windows));

	if (!windows)
		return -ENOMEM;
	search->windows = windows;
	windows += search->count++;
	memset(windows, 0, sizeof(*windows));
	windows->range = resource->range;
	windows->kind = resource->is_window ? VFA_WINDOW_BRIDGE : VFA_WINDOW_BAR;
	strcpy(windows->bdf, peer->bdf);
	return 0;
}

/* A peer that has gone meanwhile answers nowhere. */
static int add_resources(struct search *search, const struct vfa_function *peer, bool with_windows)
{
	struct resource resources[RESOURCE_MAX];
	int err = 0,
	    count = resource_read(search->topology->host, peer->bdf, peer->is_bridge, resources);

	if (count == -ENOENT || count == -ENODEV)
		return 0;
	for (int i = 0; i < count && !err; i++) {
		if (with_windows || !resources[i].is_window)
			err = add_window(search, peer, &resources[i]);
	}
	return count < 0 ? count : err;
}

static bool is_below(const struct vfa_topology *topology, const struct vfa_function *function,
		     const struct vfa_function *bridge)
{
	while (function && function != bridge)
		function = topology_parent(topology, function);
	return function;
}

/* The windows of a bridge have in them those of all bridges below. */
static int add_tree(struct search *search, const struct vfa_function *top)
{
	const struct vfa_topology *topology = search->topology;
	int err = 0;

	for (size_t i = 0; i < topology->count && !err; i++) {
		const struct vfa_function *peer = &topology->functions[i];

		if (peer != search->function && is_below(topology, peer, top))
			err = add_resources(search, peer, peer == top);
	}
	return err;
}

static int add_beside(struct search *search, const struct vfa_function *at)
{
	const struct vfa_topology *topology = search->topology;
	int err = 0;

	for (size_t i = 0; i < topology->count && !err; i++) {
		const struct vfa_function *beside = &topology->functions[i];

		if (beside != at && route_are_one_device(topology, at, beside) &&
		    route_reaches_beside(topology, at, beside))
			err = add_tree(search, beside);
	}
	return err;
}

static int add_reached(struct search *search)
{
	const struct vfa_topology *topology = search->topology;
	const struct vfa_function *at = route_turning_point(topology, search->function);
	int err = at ? add_tree(search, at) : 0;

	for (at = at ? at : search->function; at && !err; at = topology_parent(topology, at))
		err = add_beside(search, at);
	return err;
}

static size_t count_members(const struct vfa_topology *topology, int32_t group)
{
	size_t count = 0;

	for (size_t i = 0; i < topology->count; i++)
		count += topology->functions[i].group == group;
	return count;
}

static bool is_member_below(const struct search *search, const struct vfa_function *bridge)
{
	const struct vfa_function *at = search->function;

	while (at && topology_parent(search->topology, at) != bridge)
		at = topology_parent(search->topology, at);
	return at && at->group == search->function->group;
}

/*
 * Without config space the kernel's groups have to do: a device that is alone in one was
 * isolated. Of a switch without ACS its group has one port only; the bridge above
 * that leads to the others.
 */
static int add_by_group(struct search *search)
{
	const struct vfa_topology *topology = search->topology;
	int32_t group = search->function->group;
	int err = 0;

	if (group < 0 || count_members(topology, group) < 2)
		return 0;
	for (size_t i = 0; i < topology->count && !err; i++) {
		const struct vfa_function *peer = &topology->functions[i];

		if (peer != search->function &&
		    (peer->group == group || is_member_below(search, peer)))
			err = add_resources(search, peer, true);
	}
	return err;
}

int reach_compare(const void *a, const void *b)
{
	const struct vfa_window *left = a, *right = b;

	if (left->range.start != right->range.start)
		return left->range.start < right->range.start ? -1 : 1;
	if (left->range.last != right->range.last)
		return left->range.last > right->range.last ? -1 : 1;
	return strcmp(left->bdf, right->bdf);
}

int reach_windows(const struct vfa_topology *topology, const struct vfa_function *function,
		  struct vfa_window **ret)
{
	struct search search = { .topology = topology, .function = function };
	int err = route_is_known(topology, function) ? add_reached(&search) : add_by_group(&search);

	if (err) {
		free(search.windows);
		return err;
	}
	if (search.count)
		qsort(search.windows, search.count, sizeof(*search.windows), reach_compare);
	*ret = search.windows;
	return search.count;
}

/* All that is of interest for a device that may reach others. */
static int read_reached(struct vfa_host *host, const struct vfa_topology *path,
			const struct vfa_function *function, struct vfa_topology **ret)
{
	if (route_is_known(path, function))
		return surroundings_tree(host, function->bdf, ret);
	return surroundings_group(host, function->bdf, function->group, ret);
}

/*
 * Whether all that a function sends goes up to the root complex. Of what is beside it and
 * the bridges above it, the worst is taken to be true.
 */
static bool is_confined(const struct vfa_topology *topology, const struct vfa_function *function)
{
	const struct vfa_function *at = function;

	for (; at; at = topology_parent(topology, at)) {
		if (at->is_multifunction && route_may_leave(at, VFA_ACS_RR))
			return false;
	}
	return !route_turning_point(topology, function);
}

static bool may_reach_others(const struct vfa_topology *path, const struct vfa_function *function)
{
	if (!route_is_known(path, function))
		return function->group >= 0;
	return !is_confined(path, function);
}

static const struct vfa_function *find(const struct vfa_topology *topology, const char *bdf)
{
	for (size_t i = 0; i < topology->count; i++) {
		if (!strcmp(topology->functions[i].bdf, bdf))
			return &topology->functions[i];
	}
	return NULL;
}

int reach_windows_of(struct vfa_host *host, const char *bdf, struct vfa_window **ret)
{
	struct vfa_topology *path, *reached = NULL;
	const struct vfa_function *function;
	int count;

	if (surroundings_are_empty(host, bdf))
		return 0;
	count = surroundings_path(host, bdf, &path);
	if (count)
		return count == -ENOENT || count == -EINVAL ? 0 : count;
	function = find(path, bdf);
	if (function && may_reach_others(path, function)) {
		count = read_reached(host, path, function, &reached);
		function = count ? NULL : find(reached, bdf);
		if (function)
			count = reach_windows(reached, function, ret);
	}
	vfa_topology_free(reached);
	vfa_topology_free(path);
	return count;
}
