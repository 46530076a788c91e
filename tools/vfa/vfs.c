/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa vfs: physical functions and their virtual ones, and how many there are. */

#include <stdlib.h>

#include "base/bdf.h"
#include "command.h"
#include "fail.h"
#include "function.h"
#include "numvfs.h"
#include "table.h"

/* Its own, or that of its physical function. */
static const struct vfa_function *physical_of(const struct function_item *item)
{
	int32_t physical = item->function->physical;

	return physical < 0 ? item->function : vfa_topology_get_function(item->topology, physical);
}

static void get_address(const void *data, struct cell *cell)
{
	const struct function_item *item = data;

	cell_set(cell, "%s", item->function->bdf);
}

static void get_count(const void *data, struct cell *cell)
{
	const struct function_item *item = data;

	if (item->function->vf_max)
		cell_set(cell, "%u", item->function->vf_count);
}

static void get_max(const void *data, struct cell *cell)
{
	const struct function_item *item = data;

	if (item->function->vf_max)
		cell_set(cell, "%u", item->function->vf_max);
}

/* vfio-pci wants one when it made the virtual functions, which it does for nobody else. */
static void get_token(const void *data, struct cell *cell)
{
	const struct function_item *item = data;

	if (item->function->physical >= 0)
		cell_set_boolean(cell, numvfs_is_vfio(item->request->host, physical_of(item)->bdf));
}

static const struct column columns[] = {
	{ "ADDRESS", "PCI address", COLUMN_ADDRESS, COLUMN_DEFAULT | COLUMN_TREE, get_address },
	{ "VFS", "virtual functions that it has", COLUMN_NUMBER, COLUMN_DEFAULT, get_count },
	{ "MAXVFS", "virtual functions that it can have", COLUMN_NUMBER, COLUMN_DEFAULT, get_max },
	{ "GROUP", "IOMMU group", COLUMN_NUMBER, COLUMN_DEFAULT, function_get_group },
	{ "DRIVER", "driver that it is bound to", COLUMN_TEXT, COLUMN_DEFAULT,
	  function_get_driver },
	{ "NODE", "node by which VFIO offers it", COLUMN_TEXT, COLUMN_DEFAULT, function_get_node },
	{ "TOKEN", "whether opening the virtual function takes a VF token", COLUMN_BOOLEAN, 0,
	  get_token },
	{ "IDS", "vendor and device id", COLUMN_TEXT, 0, function_get_ids },
	{ "USE", "what the kernel uses it for", COLUMN_LIST, 0, function_get_use },
	{ NULL },
};

/* A physical function with its virtual ones below it. */
static void add_physical(struct table *table, struct function_item item, size_t index)
{
	int count = vfa_topology_virtual_functions(item.topology, index, NULL, 0);
	size_t *indexes = must(calloc(count + 1, sizeof(*indexes)));
	struct row *row;

	item.function = vfa_topology_get_function(item.topology, index);
	row = table_add(table, NULL, &item);
	vfa_topology_virtual_functions(item.topology, index, indexes, count);
	for (int i = 0; i < count; i++) {
		item.function = vfa_topology_get_function(item.topology, indexes[i]);
		table_add(table, row, &item);
	}
	free(indexes);
}

static void add_all(struct table *table, const struct function_item *item)
{
	for (size_t i = 0; i < vfa_topology_count_functions(item->topology); i++)
		if (vfa_topology_get_function(item->topology, i)->vf_max)
			add_physical(table, *item, i);
}

static int add_named(struct table *table, const struct function_item *item, const char *bdf)
{
	int index = vfa_topology_find_function(item->topology, bdf);
	const struct vfa_function *function;

	if (index < 0)
		return fail();
	function = vfa_topology_get_function(item->topology, index);
	if (function->physical >= 0)
		index = function->physical;
	else if (!function->vf_max)
		return numvfs_refuse_plain(function);
	add_physical(table, *item, index);
	return STATUS_FINE;
}

static int show(const struct request *request, const struct vfa_topology *topology)
{
	struct function_item item = { .request = request, .topology = topology };
	struct table *table;
	int status = table_new(request, "functions", &table);

	if (status)
		return status;
	if (request->count)
		status = add_named(table, &item, request->arguments[0]);
	else
		add_all(table, &item);
	if (status) {
		table_free(table);
		return status;
	}
	if (table_is_empty(table))
		note("there are no functions with SR-IOV");
	return table_print(table);
}

static int run(const struct request *request)
{
	struct vfa_topology *topology;
	int status;

	if (vfa_topology_new(request->host, &topology))
		return fail();
	status = request->count > 1 ? numvfs_set(request, topology) : show(request, topology);
	vfa_topology_free(topology);
	return status;
}

static const struct option_spec options[] = {
	{ "force", 'f', NULL, "though virtual functions are in use" },
	{ "no-driver", 0, NULL, "let no driver bind to the new ones by itself" },
	{ "dry-run", 'N', NULL, "print what would be written, and change nothing" },
	{ "verbose", 'v', NULL, "print what is written" },
	{ NULL },
};

const struct command command_vfs = {
	.name = "vfs",
	.arguments = "[BDF [N]]",
	.max = 2,
	.summary = "Show virtual functions, or set how many there are",
	.details = "With N the physical function BDF gets so many; 0 takes all of them away.",
	.columns = columns,
	.options = options,
	.run = run,
};
