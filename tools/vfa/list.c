/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa list: every PCI function of the machine. */

#include <errno.h>
#include <string.h>

#include "base/sysfs.h"
#include "command.h"
#include "fail.h"
#include "names.h"
#include "table.h"
#include "topology/pci.h"

static void get_address(const void *item, struct cell *cell)
{
	const struct pci_function *function = item;

	cell_set(cell, "%s", function->bdf);
}

static void get_group(const void *item, struct cell *cell)
{
	const struct pci_function *function = item;

	if (function->group >= 0)
		cell_set(cell, "%d", function->group);
}

static void get_driver(const void *item, struct cell *cell)
{
	const struct pci_function *function = item;

	if (*function->driver)
		cell_set(cell, "%s", function->driver);
}

static const struct column columns[] = {
	{ "GROUP", "number of the IOMMU group", COLUMN_NUMBER, COLUMN_DEFAULT, get_group },
	{ "ADDRESS", "PCI address", COLUMN_ADDRESS, COLUMN_DEFAULT, get_address },
	{ "DRIVER", "driver", COLUMN_TEXT, COLUMN_DEFAULT, get_driver },
	{ NULL },
};

static int add_functions(struct table *table, struct vfa_host *host)
{
	char path[SYSFS_PATH], **names;
	struct pci_function function;
	int count;

	sysfs_path(host, path, "bus/pci/devices");
	count = sysfs_list(host, path, &names);
	if (count < 0)
		return fail_because("%s: %s", path, strerror(-count));
	for (int i = 0; i < count; i++) {
		if (strlen(names[i]) >= BDF_SIZE)
			continue;
		pci_read(host, names[i], &function);
		table_add(table, NULL, &function);
	}
	sysfs_free_list(names, count);
	return STATUS_FINE;
}

static int run(const struct request *request)
{
	struct table *table;
	int status = table_new(request, "devices", &table);

	if (status)
		return status;
	status = add_functions(table, request->host);
	if (!status)
		return table_print(table);
	table_free(table);
	return status;
}

const struct command command_list = {
	.name = "list",
	.arguments = "",
	.summary = "List the PCI functions",
	.columns = columns,
	.run = run,
};
