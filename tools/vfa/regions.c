/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Base address registers, ROM and windows of a function, by sysfs' resource file. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/sysfs.h"
#include "section.h"

#define BARS    6
#define ROM     6
#define WINDOWS 4

/* Kernel: what the third number of a line means. */
#define RESOURCE_PORTS        0x00000100
#define RESOURCE_MEMORY       0x00000200
#define RESOURCE_PREFETCHABLE 0x00002000
#define RESOURCE_READ_ONLY    0x00004000
#define RESOURCE_64_BIT       0x00100000
#define RESOURCE_DISABLED     0x10000000
#define RESOURCE_UNASSIGNED   0x20000000

/* A line is three numbers of 64 bits; a bridge has up to 17 of them. */
#define RESOURCE_SIZE 2048

struct region {
	char name[24];
	uint64_t start;
	uint64_t last;
	uint64_t flags;
};

static void get_name(const void *data, struct cell *cell)
{
	const struct region *region = data;

	cell_set(cell, "%s", region->name);
}

static void get_start(const void *data, struct cell *cell)
{
	const struct region *region = data;

	cell_set(cell, "0x%" PRIx64, region->start);
}

static void get_last(const void *data, struct cell *cell)
{
	const struct region *region = data;

	cell_set(cell, "0x%" PRIx64, region->last);
}

static void get_size(const void *data, struct cell *cell)
{
	const struct region *region = data;

	cell_set_size(cell, region->last - region->start + 1);
}

static void get_kind(const void *data, struct cell *cell)
{
	const struct region *region = data;

	cell_set(cell, "%s", region->flags & RESOURCE_PORTS ? "ports" : "memory");
}

static void get_flags(const void *data, struct cell *cell)
{
	static const struct {
		uint64_t flag;
		const char *name;
	} flags[] = {
		{ RESOURCE_64_BIT, "64-bit" },         { RESOURCE_PREFETCHABLE, "prefetchable" },
		{ RESOURCE_READ_ONLY, "read-only" },   { RESOURCE_DISABLED, "disabled" },
		{ RESOURCE_UNASSIGNED, "unassigned" },
	};
	const struct region *region = data;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (region->flags & flags[i].flag)
			cell_add(cell, "%s", flags[i].name);
	}
}

static const struct column columns[] = {
	{ "NAME", "", COLUMN_TEXT, COLUMN_DEFAULT, get_name },
	{ "START", "", COLUMN_TEXT, COLUMN_DEFAULT, get_start },
	{ "LAST", "", COLUMN_TEXT, COLUMN_DEFAULT, get_last },
	{ "SIZE", "", COLUMN_SIZE, COLUMN_DEFAULT, get_size },
	{ "KIND", "", COLUMN_TEXT, COLUMN_DEFAULT, get_kind },
	{ "FLAGS", "", COLUMN_LIST, COLUMN_DEFAULT, get_flags },
	{ NULL },
};

/* A bridge's windows are the last lines; those of virtual functions depend on the kernel. */
static void name_region(struct region *region, bool is_bridge, int line, int lines)
{
	static const char *const windows[WINDOWS] = { "port-window", "memory-window",
						      "prefetchable-window", "other-window" };
	int window = line - (lines - WINDOWS);

	if (line < BARS)
		snprintf(region->name, sizeof(region->name), "bar%d", line);
	else if (line == ROM)
		strcpy(region->name, "rom");
	else if (is_bridge && window >= 0)
		strcpy(region->name, windows[window]);
	else
		snprintf(region->name, sizeof(region->name), "vf-bar%d", line - ROM - 1);
}

static int count_lines(const char *text)
{
	int count = 1;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static const char *each(const struct function_item *item, void (*add)(void *to, const void *part),
			void *to)
{
	char path[SYSFS_PATH], text[RESOURCE_SIZE], *rest = text, *line;
	struct region region;
	int lines;

	sysfs_path(item->request->host, path, "bus/pci/devices/%s/resource", item->function->bdf);
	if (sysfs_read(item->request->host, path, text, sizeof(text)) < 0)
		return "sysfs: no resource file";
	lines = count_lines(text);
	for (int i = 0; (line = strsep(&rest, "\n")); i++) {
		if (sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNx64, &region.start, &region.last,
			   &region.flags) != 3 ||
		    !(region.flags & (RESOURCE_PORTS | RESOURCE_MEMORY)) ||
		    region.last < region.start)
			continue;
		name_region(&region, item->function->is_bridge, i, lines);
		add(to, &region);
	}
	return NULL;
}

const struct section section_regions = {
	.name = "REGIONS",
	.columns = columns,
	.each = each,
};

void get_regions(const void *data, struct cell *cell)
{
	section_set(&section_regions, data, cell);
}
