/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa group: IOMMU groups and who is in them. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <vfa/group.h>
#include <vfa/viability.h>

#include "base/sysfs.h"
#include "command.h"
#include "fail.h"
#include "names.h"
#include "table.h"
#include "use.h"

/* A row: a group, or one of its members. */
struct item {
	const struct request *request;
	const struct vfa_viability *viability;
	const struct vfa_group *group;
	const struct vfa_group_member *member; /* NULL for the group itself */
	const struct vfa_member_state *state;  /* likewise */
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
	if (item->state->blocks)
		cell_set_colour(cell, COLOUR_BAD);
}

static void get_viable(const void *data, struct cell *cell)
{
	const struct item *item = data;
	bool is_viable = vfa_viability_is_viable(item->viability);

	if (item->member)
		return;
	cell_set_boolean(cell, is_viable);
	cell_set_colour(cell, is_viable ? COLOUR_GOOD : COLOUR_BAD);
}

static void get_blocks(const void *data, struct cell *cell)
{
	const struct item *item = data;

	if (item->member)
		cell_set_boolean(cell, item->state->blocks);
}

static void get_why(const void *data, struct cell *cell)
{
	const struct item *item = data;

	cell_set(cell, "%s",
		 item->member ? item->state->why : vfa_viability_message(item->viability));
}

static void get_source(const void *data, struct cell *cell)
{
	const struct item *item = data;

	if (item->member)
		return;
	if (vfa_viability_origin(item->viability) == VFA_VIABILITY_KERNEL)
		cell_set(cell, "kernel");
	else
		cell_set(cell, "sysfs");
}

/* What the kernel uses it for comes one by one, as in vfa list; who else does is in the state. */
static void get_use(const void *data, struct cell *cell)
{
	const struct item *item = data;

	if (is_function(item) && item->member->role == VFA_MEMBER_KERNEL)
		usage_set(item->request->host, item->member->name, cell);
	else if (item->member && *item->state->use)
		cell_add(cell, "%s", item->state->use);
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
	{ "USE", "what the member is used for", COLUMN_LIST, COLUMN_DEFAULT, get_use },
	{ "BLOCKS", "whether the member keeps the group from user space", COLUMN_BOOLEAN, 0,
	  get_blocks },
	{ "WHY", "why the group is viable or not; why the member blocks or not", COLUMN_TEXT, 0,
	  get_why },
	{ "SOURCE", "whose verdict it is: the kernel's, or derived from sysfs", COLUMN_TEXT, 0,
	  get_source },
	{ "VENDOR", "name of the member's vendor", COLUMN_TEXT, COLUMN_CUT, get_vendor },
	{ "IDS", "vendor and device id", COLUMN_TEXT, 0, get_ids },
	{ "DOMAIN", "how the kernel itself uses the IOMMU for the group", COLUMN_TEXT, 0,
	  get_domain },
	{ "RESERVED", "reserved regions", COLUMN_LIST, 0, get_reserved },
	{ NULL },
};

static void add_members(struct table *table, struct row *row, struct item item)
{
	for (size_t i = 0; i < vfa_group_count_members(item.group); i++) {
		item.member = vfa_group_get_member(item.group, i);
		item.state = vfa_viability_get_member(item.viability, i);
		table_add(table, row, &item);
	}
}

static int add_group(struct table *table, const struct request *request, uint32_t number,
		     struct vfa_viability **ret)
{
	struct item item = { .request = request };

	if (vfa_viability_new(request->host, number, ret))
		return fail();
	item.viability = *ret;
	item.group = vfa_viability_group(*ret);
	add_members(table, table_add(table, NULL, &item), item);
	return STATUS_FINE;
}

static int number_of_device(struct vfa_host *host, const char *bdf, uint32_t *ret)
{
	struct vfa_group *group;

	if (vfa_group_new_for_device(host, bdf, &group))
		return fail();
	*ret = vfa_group_number(group);
	vfa_group_free(group);
	return STATUS_FINE;
}

/* A number is a group's, anything else a device's. */
static int read_number(struct vfa_host *host, const char *word, uint32_t *ret)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(word, &end, 10);
	if (end == word || *end)
		return number_of_device(host, word, ret);
	if (errno || number > UINT32_MAX)
		return fail_because("there is no IOMMU group %s", word);
	*ret = number;
	return STATUS_FINE;
}

/* Whoever asks for a group by name wants to know what to do about it. */
static void advise(const struct vfa_viability *viability)
{
	if (vfa_viability_is_viable(viability))
		return;
	note("%s", vfa_viability_message(viability));
	hint(vfa_viability_hint(viability));
}

static int show_named(struct table *table, const struct request *request)
{
	struct vfa_viability **verdicts = must(calloc(request->count, sizeof(*verdicts)));
	int status = STATUS_FINE;
	uint32_t number = 0;

	for (int i = 0; i < request->count && !status; i++) {
		status = read_number(request->host, request->arguments[i], &number);
		if (!status)
			status = add_group(table, request, number, &verdicts[i]);
	}
	if (!status)
		status = table_print(table);
	else
		table_free(table);
	for (int i = 0; i < request->count; i++) {
		if (!status)
			advise(verdicts[i]);
		vfa_viability_free(verdicts[i]);
	}
	free(verdicts);
	return status;
}

static int add_all(struct table *table, const struct request *request, const uint32_t *numbers,
		   size_t count)
{
	struct vfa_viability *viability;
	int status = STATUS_FINE;

	for (size_t i = 0; i < count && !status; i++) {
		status = add_group(table, request, numbers[i], &viability);
		if (!status)
			vfa_viability_free(viability);
	}
	return status;
}

static int show_all(struct table *table, const struct request *request)
{
	int count = vfa_group_list(request->host, NULL, 0), now, status;
	uint32_t *numbers;

	if (count < 0) {
		table_free(table);
		return fail();
	}
	if (!count)
		note("there are no IOMMU groups: this machine has no IOMMU, or it is off");
	numbers = must(calloc(count + 1, sizeof(*numbers)));
	now = vfa_group_list(request->host, numbers, count);
	/* One may have come or gone in between. */
	status = now < 0 ? fail() : add_all(table, request, numbers, now < count ? now : count);
	free(numbers);
	if (!status)
		return table_print(table);
	table_free(table);
	return status;
}

static int run(const struct request *request)
{
	struct table *table;
	int status = table_new(request, "groups", &table);

	if (status)
		return status;
	return request->count ? show_named(table, request) : show_all(table, request);
}

const struct command command_group = {
	.name = "group",
	.arguments = "[GROUP|BDF]...",
	.max = -1,
	.summary = "Show IOMMU groups, their members and what is in the way",
	.columns = columns,
	.run = run,
};
