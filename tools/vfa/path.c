/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "path.h"

static void get_address(const void *data, struct cell *cell)
{
	cell_set(cell, "%s", ((const struct function_item *)data)->function->bdf);
}

static void get_bits(const void *data, struct cell *cell)
{
	const struct vfa_function *function = ((const struct function_item *)data)->function;

	function_acs_set(function, &function->acs, cell);
}

const struct column path_columns[] = {
	{ "ADDRESS", "", COLUMN_TEXT, COLUMN_TREE, get_address },
	{ "TYPE", "", COLUMN_TEXT, 0, get_type },
	{ "ACS", "", COLUMN_TEXT, 0, get_bits },
	{ NULL },
};

/* The functions from the root bus down to one; more are cut, from the top. */
static size_t list_path(const struct vfa_topology *topology, int32_t index,
			const struct vfa_function *ret[PATH_DEPTH])
{
	size_t count = 0;

	for (; index >= 0 && count < PATH_DEPTH; count++) {
		ret[count] = vfa_topology_get_function(topology, index);
		index = ret[count]->parent;
	}
	for (size_t i = 0; i < count / 2; i++) {
		const struct vfa_function *function = ret[i];

		ret[i] = ret[count - 1 - i];
		ret[count - 1 - i] = function;
	}
	return count;
}

/* Both, of which the upper part may be one. */
void path_each(const struct request *request, const struct vfa_topology *topology,
	       const int32_t ends[2], path_add_fn add, void *to)
{
	const struct vfa_function *one[PATH_DEPTH], *other[PATH_DEPTH];
	size_t count = list_path(topology, ends[0], one);
	size_t other_count = list_path(topology, ends[1], other), same = 0;
	struct function_item item = { request, topology, NULL };

	for (size_t i = 0; i < count; i++) {
		item.function = one[i];
		add(to, i, &item);
	}
	while (same < count && same < other_count && one[same] == other[same])
		same++;
	for (size_t i = same; i < other_count; i++) {
		item.function = other[i];
		add(to, i, &item);
	}
}
