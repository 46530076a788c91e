/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa list: every PCI function of the machine. */

#include "command.h"
#include "fail.h"
#include "function.h"
#include "table.h"

static void add_functions(struct table *table, const struct request *request,
			  const struct vfa_topology *topology)
{
	struct function_item item = { .request = request, .topology = topology };

	for (size_t i = 0; i < vfa_topology_count_functions(topology); i++) {
		item.function = vfa_topology_get_function(topology, i);
		table_add(table, NULL, &item);
	}
}

static int run(const struct request *request)
{
	struct vfa_topology *topology;
	struct table *table;
	int status = table_new(request, "devices", &table);

	if (status)
		return status;
	if (vfa_topology_new(request->host, &topology)) {
		table_free(table);
		return fail();
	}
	add_functions(table, request, topology);
	if (table_is_empty(table))
		note("there are no PCI functions");
	status = table_print(table);
	vfa_topology_free(topology);
	return status;
}

const struct command command_list = {
	.name = "list",
	.arguments = "",
	.summary = "List the PCI functions",
	.columns = function_columns,
	.run = run,
};
