/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa group: IOMMU groups and who is in them. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <vfa/group.h>

#include "base/sysfs.h"
#include "command.h"
#include "fail.h"
#include "names.h"
#include "table.h"
#include "use.h"

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

/* Members on other buses have no ids. */
static bool is_function(const struct item *item)
{
	return item->member && item->member->vendor;
}

static void get_class(const void *data, struct cell *cell)
{
	const struct item *item = data;
	const char *name;

	if (!is_function(item))
		return;
	name = names_class(item->request->names, item->member->class_code);
	if (name)
		cell_set(cell, "%s", name);
	else
		cell_set(cell, "%06" PRIx32, item->member->class_code);
}

static void get_vendor(const void *data, struct cell *cell)
{
	const struct item *item = data;
	const char *name;

	if (!is_function(item))
		return;
	name = names_vendor(item->request->names, item->member->vendor);
	if (name)
		cell_set(cell, "%s", name);
	else
		cell_set(cell, "%04x", item->member->vendor);
}

static void get_device(const void *data, struct cell *cell)
{
	const struct item *item = data;
	const char *name;

	if (!is_function(item))
		return;
	name = names_device(item->request->names, item->member->vendor, item->member->device);
	if (name)
		cell_set(cell, "%s", name);
	else
		cell_set(cell, "%04x", item->member->device);
}

static void get_ids(const void *data, struct cell *cell)
{
	const struct item *item = data;

	if (is_function(item))
		cell_set(cell, "%04x:%04x", item->member->vendor, item->member->device);
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

static void get_viable(const void *data, struct cell *cell)
{
	const struct item *item = data;
	bool is_viable = true;

	if (item->member)
		return;
	for (size_t i = 0; i < vfa_group_count_members(item->group); i++) {
		if (vfa_group_get_member(item->group, i)->role == VFA_MEMBER_KERNEL)
			is_viable = false;
	}
	cell_set_boolean(cell, is_viable);
	cell_set_colour(cell, is_viable ? COLOUR_GOOD : COLOUR_BAD);
}

static void get_use(const void *data, struct cell *cell)
{
	const struct item *item = data;

	if (is_function(item))
		usage_set(item->request->host, item->member->name, cell);
}

static void get_domain(const void *data, struct cell *cell)
{
	const struct item *item = data;
	char path[SYSFS_PATH], text[32];

	if (item->member)
		return;
	sysfs_path(item->request->host, path, "kernel/iommu_groups/%" PRIu32 "/type",
		   vfa_group_number(item->group));
	if (vfa_group_is_noiommu(item->group))
		cell_set(cell, "none");
	else if (sysfs_read(item->request->host, path, text, sizeof(text)) > 0)
		cell_set(cell, "%s", text);
}

static void get_reserved(const void *data, struct cell *cell)
{
	const struct item *item = data;
	const struct vfa_reserved_region *region;

	for (size_t i = 0; !item->member && i < vfa_group_count_reserved_regions(item->group);
	     i++) {
		region = vfa_group_get_reserved_region(item->group, i);
		cell_add(cell, "0x%" PRIx64 "-0x%" PRIx64 " %s", region->range.start,
			 region->range.last, vfa_reserved_type_name(region->type));
	}
}

static const struct column columns[] = {
	{ "NAME", "number of the group, address of the member", COLUMN_TEXT,
	  COLUMN_DEFAULT | COLUMN_TREE, get_name },
	{ "VIABLE", "whether the group can be given to user space", COLUMN_BOOLEAN, COLUMN_DEFAULT,
	  get_viable },
	{ "CLASS", "name of the member's class", COLUMN_TEXT, COLUMN_DEFAULT | COLUMN_CUT,
	  get_class },
	{ "DEVICE", "name of the device", COLUMN_TEXT, COLUMN_DEFAULT | COLUMN_CUT, get_device },
	{ "DRIVER", "driver that the member is bound to", COLUMN_TEXT, COLUMN_DEFAULT, get_driver },
	{ "ROLE", "what the driver means for the group", COLUMN_TEXT, COLUMN_DEFAULT, get_role },
	{ "USE", "what the kernel uses the member for", COLUMN_LIST, COLUMN_DEFAULT, get_use },
	{ "VENDOR", "name of the member's vendor", COLUMN_TEXT, COLUMN_CUT, get_vendor },
	{ "IDS", "vendor and device id", COLUMN_TEXT, 0, get_ids },
	{ "DOMAIN", "how the kernel itself uses the IOMMU for the group", COLUMN_TEXT, 0,
	  get_domain },
	{ "RESERVED", "reserved regions", COLUMN_LIST, 0, get_reserved },
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
