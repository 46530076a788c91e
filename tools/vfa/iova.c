/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa iova: the addresses that some devices can use together. */

#include <inttypes.h>
#include <string.h>
#include <vfa/error.h>

#include "dangers.h"
#include "fail.h"
#include "space.h"
#include "table.h"

/* A row: usable addresses, dangerous ones of them, or reserved ones and who reserves them. */
struct item {
	const struct space *space;
	struct vfa_iova_range range;
	const struct vfa_window *window;           /* NULL for others */
	const struct vfa_reserved_region *regions; /* NULL for others */
	size_t count;
};

static void get_start(const void *data, struct cell *cell)
{
	const struct item *item = data;

	cell_set(cell, "0x%" PRIx64, item->range.start);
}

static void get_last(const void *data, struct cell *cell)
{
	const struct item *item = data;

	cell_set(cell, "0x%" PRIx64, item->range.last);
}

/* All 64 bits are one more than a number holds. */
static void get_size(const void *data, struct cell *cell)
{
	const struct item *item = data;
	uint64_t size = item->range.last - item->range.start + 1;

	if (size)
		cell_set_size(cell, size);
	else
		cell_set(cell, "%s", cell->json ? "18446744073709551616" : "16E");
}

static void get_kind(const void *data, struct cell *cell)
{
	const struct item *item = data;

	if (item->regions) {
		cell_set(cell, "%s", vfa_reserved_type_name(item->regions->type));
		return;
	}
	if (item->window) {
		cell_set(cell, "%s", vfa_window_kind_name(item->window->kind));
		cell_set_colour(cell, COLOUR_WARNING);
		return;
	}
	cell_set(cell, "usable");
	cell_set_colour(cell, COLOUR_GOOD);
}

static void get_of(const void *data, struct cell *cell)
{
	const struct item *item = data;

	if (item->window)
		cell_set(cell, "%s", item->window->bdf);
}

static void get_groups(const void *data, struct cell *cell)
{
	const struct item *item = data;

	for (size_t i = 0; i < item->count; i++)
		cell_add(cell, "%" PRIu32, item->regions[i].group);
}

static void get_source(const void *data, struct cell *cell)
{
	const struct item *item = data;

	cell_set(cell, "%s", item->regions || item->window ? "sysfs" : item->space->source);
}

static const struct column columns[] = {
	{ "START", "first address", COLUMN_TEXT, COLUMN_DEFAULT, get_start },
	{ "LAST", "last address", COLUMN_TEXT, COLUMN_DEFAULT, get_last },
	{ "SIZE", "how many bytes", COLUMN_SIZE, COLUMN_DEFAULT, get_size },
	{ "KIND", "usable; BAR or bridge window where that is dangerous; why it is reserved",
	  COLUMN_TEXT, COLUMN_DEFAULT, get_kind },
	{ "OF", "the peer or bridge that may be reached in place of memory", COLUMN_ADDRESS,
	  COLUMN_DEFAULT, get_of },
	{ "GROUPS", "IOMMU groups that reserve it", COLUMN_LIST, COLUMN_DEFAULT, get_groups },
	{ "SOURCE", "who told: the kernel by type1 or iommufd, or sysfs", COLUMN_TEXT,
	  COLUMN_DEFAULT, get_source },
	{ NULL },
};

static const struct option_spec options[] = {
	{ "backend", 'b', "BACKEND", "ask the kernel through type1 or iommufd" },
	{ "sysfs", 's', NULL, "do not ask the kernel, for which the devices are opened" },
	{ NULL },
};

static bool is_same(const struct vfa_reserved_region *a, const struct vfa_reserved_region *b)
{
	return a->type == b->type && a->range.start == b->range.start &&
	       a->range.last == b->range.last;
}

/* Regions that several groups have follow each other. */
static size_t add_reserved(struct table *table, const struct space *space, size_t index)
{
	struct item item = {
		.space = space,
		.range = space->reserved[index].range,
		.regions = &space->reserved[index],
		.count = 1,
	};

	while (index + item.count < space->reserved_count &&
	       is_same(item.regions, &item.regions[item.count]))
		item.count++;
	table_add(table, NULL, &item);
	return index + item.count;
}

static void add_usable(struct table *table, const struct space *space, size_t index)
{
	struct item item = { .space = space, .range = space->usable.ranges[index] };

	table_add(table, NULL, &item);
}

/* Behind what is usable, which they are parts of. */
static void add_dangers(struct table *table, const struct space *space,
			const struct dangers *dangers, uint64_t last, size_t *next)
{
	for (; *next < dangers->count && dangers->windows[*next].range.start <= last; ++*next) {
		const struct vfa_window *window = &dangers->windows[*next];
		struct item item = { .space = space, .range = window->range, .window = window };

		table_add(table, NULL, &item);
	}
}

static void add_all(struct table *table, const struct space *space, const struct dangers *dangers)
{
	size_t i = 0, reserved = 0, danger = 0;

	while (i < space->usable.count || reserved < space->reserved_count) {
		if (reserved == space->reserved_count ||
		    (i < space->usable.count &&
		     space->usable.ranges[i].start <= space->reserved[reserved].range.start)) {
			add_usable(table, space, i);
			add_dangers(table, space, dangers, space->usable.ranges[i++].last, &danger);
		} else {
			reserved = add_reserved(table, space, reserved);
		}
	}
	add_dangers(table, space, dangers, UINT64_MAX, &danger);
}

static int choose_backend(const struct request *request, enum vfa_backend *ret)
{
	const char *name = request_option(request, "backend");

	*ret = VFA_BACKEND_AUTO;
	if (!name)
		return STATUS_FINE;
	for (*ret = VFA_BACKEND_TYPE1; *ret <= VFA_BACKEND_IOMMUFD; ++*ret) {
		if (!strcmp(name, vfa_backend_name(*ret)))
			return STATUS_FINE;
	}
	return fail_usage("iova: --backend %s: neither type1 nor iommufd", name);
}

/* sysfs annotates; what the kernel refuses to say, only an address space can tell. */
static void ask_kernel(const struct request *request, enum vfa_backend backend, struct space *space)
{
	if (!space_ask(request->host, backend, request->arguments, request->count, space))
		return;
	note("iova: by sysfs, for the kernel could not be asked: %s", vfa_error_last()->message);
	hint(vfa_error_last()->hint);
}

static int show(const struct request *request, enum vfa_backend backend, struct table *table)
{
	struct dangers dangers;
	struct space space;

	if (space_read(request->host, request->arguments, request->count, &space)) {
		table_free(table);
		return fail();
	}
	if (dangers_read(request->host, request->arguments, request->count, &dangers))
		note("iova: what the devices reach without the IOMMU is not known: %s",
		     vfa_error_last()->message);
	if (!request_option(request, "sysfs"))
		ask_kernel(request, backend, &space);
	if (!space.has_width)
		note("iova: sysfs does not tell how wide the IOMMU's addresses are: "
		     "what is usable may end earlier");
	add_all(table, &space, &dangers);
	dangers_free(&dangers);
	space_free(&space);
	return table_print(table);
}

static int run(const struct request *request)
{
	enum vfa_backend backend;
	struct table *table;
	int status = choose_backend(request, &backend);

	if (!status)
		status = table_new(request, "iova", &table);
	return status ? status : show(request, backend, table);
}

const struct command command_iova = {
	.name = "iova",
	.arguments = "BDF...",
	.min = 1,
	.max = -1,
	.summary = "Show the I/O virtual addresses that devices can use together",
	.columns = columns,
	.options = options,
	.run = run,
};
