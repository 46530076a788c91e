/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa group: IOMMU groups and who is in them. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <vfa/group.h>

#include "command.h"
#include "fail.h"
#include "names.h"
#include "table.h"

/* A row: a group, or one of its members. */
struct item {
	const struct request *request;
	const struct vfa_group *group;
	const struct vfa_group_member *member; /* NULL for the group itself */
};

static void get_name(const void *data, struct cell *cell)
{
	const struct item *item = data;

	if (item->member)
		cell_set(cell, "%s", item->member->name);
	else
		cell_set(cell, "%" PRIu32, vfa_group_number(item->group));
}

static void get_class(const void *data, struct cell *cell)
{
	const struct item *item = data;
	const char *name;

	if (!item->member || !item->member->vendor)
		return;
	name = names_class(item->request->names, item->member->class_code);
	if (name)
		cell_set(cell, "%s", name);
	else
		cell_set(cell, "%06" PRIx32, item->member->class_code);
}

static void get_driver(const void *data, struct cell *cell)
{
	const struct item *item = data;

	if (item->member && *item->member->driver)
		cell_set(cell, "%s", item->member->driver);
}

static void get_role(const void *data, struct cell *cell)
{
	const struct item *item = data;

	if (!item->member)
		return;
	cell_set(cell, "%s", vfa_member_role_name(item->member->role));
	if (item->member->role == VFA_MEMBER_KERNEL)
		cell_set_colour(cell, COLOUR_BAD);
}

static const struct column columns[] = {
	{ "NAME", "number of the group, address of the member", COLUMN_TEXT,
	  COLUMN_DEFAULT | COLUMN_TREE, get_name },
	{ "CLASS", "class", COLUMN_TEXT, COLUMN_DEFAULT | COLUMN_CUT, get_class },
	{ "DRIVER", "driver of the member", COLUMN_TEXT, COLUMN_DEFAULT, get_driver },
	{ "ROLE", "what the driver means for the group", COLUMN_TEXT, COLUMN_DEFAULT, get_role },
	{ NULL },
};

static void add_group(struct table *table, const struct request *request,
		      const struct vfa_group *group)
{
	struct item item = { .request = request, .group = group };
	struct row *row = table_add(table, NULL, &item);

	for (size_t i = 0; i < vfa_group_count_members(group); i++) {
		item.member = vfa_group_get_member(group, i);
		table_add(table, row, &item);
	}
}

/* A number is a group's, anything else a device's. */
static int open_group(struct vfa_host *host, const char *word, struct vfa_group **ret)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(word, &end, 10);
	if (end == word || *end)
		return vfa_group_new_for_device(host, word, ret) ? fail() : STATUS_FINE;
	if (errno || number > UINT32_MAX)
		return fail_because("there is no IOMMU group %s", word);
	return vfa_group_new(host, number, ret) ? fail() : STATUS_FINE;
}

static int add_named(struct table *table, const struct request *request)
{
	struct vfa_group *group;

	for (int i = 0; i < request->count; i++) {
		int status = open_group(request->host, request->arguments[i], &group);

		if (status)
			return status;
		add_group(table, request, group);
		vfa_group_free(group);
	}
	return STATUS_FINE;
}

static int add_all(struct table *table, const struct request *request)
{
	int count = vfa_group_list(request->host, NULL, 0);
	struct vfa_group *group;
	uint32_t *numbers;
	int err = 0;

	if (count < 0)
		return fail();
	numbers = must(calloc(count + 1, sizeof(*numbers)));
	count = vfa_group_list(request->host, numbers, count);
	for (int i = 0; i < count && !err; i++) {
		err = vfa_group_new(request->host, numbers[i], &group);
		if (!err)
			add_group(table, request, group);
		if (!err)
			vfa_group_free(group);
	}
	free(numbers);
	return err ? fail() : STATUS_FINE;
}

static int run(const struct request *request)
{
	struct table *table;
	int status = table_new(request, "groups", &table);

	if (status)
		return status;
	status = request->count ? add_named(table, request) : add_all(table, request);
	if (!status)
		return table_print(table);
	table_free(table);
	return status;
}

const struct command command_group = {
	.name = "group",
	.arguments = "[GROUP|BDF]...",
	.max = -1,
	.summary = "Show IOMMU groups, their members and what is in the way",
	.columns = columns,
	.run = run,
};
