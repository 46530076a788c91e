/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa info: all that can be told of one function. */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "json.h"
#include "section.h"
#include "table.h"
#include "unknown.h"

static const struct section *const sections[] = {
	&section_regions,
	&section_interrupts,
	&section_capabilities,
};

static const struct section *section_of(const struct column *column)
{
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (!strcmp(sections[i]->name, column->name))
			return sections[i];
	}
	return NULL;
}

/* A line: what, and its value. */
struct fact {
	const struct column *column;
	const struct cell *value;
};

static void get_name(const void *data, struct cell *cell)
{
	const struct fact *fact = data;
	char name[32] = "";

	for (size_t i = 0; fact->column->name[i] && i + 1 < sizeof(name); i++)
		name[i] = tolower((unsigned char)fact->column->name[i]);
	cell_set(cell, "%s", name);
}

static void get_value(const void *data, struct cell *cell)
{
	const struct fact *fact = data;

	if (fact->value->unknown)
		cell_set(cell, "? (%s)", fact->value->unknown);
	else
		cell_set(cell, "%s", fact->value->text);
}

static const struct column fact_columns[] = {
	{ "NAME", "", COLUMN_TEXT, 0, get_name },
	{ "VALUE", "", COLUMN_TEXT, 0, get_value },
	{ NULL },
};

/* What it has several of follows as a table, if it can be told. */
static int print_facts(const struct chosen_columns *chosen, const struct function_item *item)
{
	struct table *table = table_new_fixed(fact_columns, false);
	struct cell value = { .json = false };
	struct fact fact = { .value = &value };

	for (size_t i = 0; i < chosen->count; i++) {
		fact.column = chosen->columns[i];
		columns_get(fact.column, item, &value);
		if (value.unknown || (value.is_set && !section_of(fact.column)))
			table_add(table, NULL, &fact);
	}
	cell_free(&value);
	return table_print(table);
}

static void add_row(void *to, const void *part)
{
	table_add(to, NULL, part);
}

static int print_section(const struct section *section, const struct function_item *item)
{
	bool headings = !request_option(item->request, "noheadings");
	struct table *table = table_new_fixed(section->columns, headings);

	if (section->each(item, add_row, table) || table_is_empty(table)) {
		table_free(table);
		return STATUS_FINE;
	}
	if (headings)
		printf("\n%s\n", section->name);
	return table_print(table);
}

static int print_people(const struct chosen_columns *chosen, const struct function_item *item)
{
	int status = print_facts(chosen, item);

	for (size_t i = 0; i < chosen->count && !status; i++) {
		if (section_of(chosen->columns[i]))
			status = print_section(section_of(chosen->columns[i]), item);
	}
	return status;
}

/* Parts of a section on their way to JSON. */
struct parts {
	struct json *json;
	const struct section *section;
	struct cell value;
};

static void add_object(void *to, const void *data)
{
	struct parts *parts = to;

	json_open(parts->json, NULL, '{');
	for (const struct column *column = parts->section->columns; column->name; column++) {
		columns_get(column, data, &parts->value);
		json_cell(parts->json, column, &parts->value);
	}
	json_close(parts->json, '}');
}

static void print_array(struct json *json, const struct section *section,
			const struct function_item *item)
{
	struct parts parts = { .json = json, .section = section, .value = { .json = true } };

	json_open(json, section->name, '[');
	section->each(item, add_object, &parts);
	json_close(json, ']');
	cell_free(&parts.value);
}

static int print_json(const struct chosen_columns *chosen, const struct function_item *item)
{
	struct json json = { .out = stdout };
	struct unknowns unknowns = { .count = 0 };
	struct cell value = { .json = true };
	const struct column *column;

	json_open(&json, NULL, '{');
	json_open(&json, "device", '{');
	for (size_t i = 0; i < chosen->count; i++) {
		column = chosen->columns[i];
		columns_get(column, item, &value);
		if (value.unknown)
			unknowns_add(&unknowns, value.unknown);
		if (section_of(column) && !value.unknown)
			print_array(&json, section_of(column), item);
		else
			json_cell(&json, column, &value);
	}
	json_close(&json, '}');
	json_close(&json, '}');
	cell_free(&value);
	unknowns_tell(&unknowns);
	return STATUS_FINE;
}

static int show(const struct request *request, const struct chosen_columns *chosen,
		const struct vfa_topology *topology)
{
	struct function_item item = { .request = request, .topology = topology };
	int index = vfa_topology_find_function(topology, request->arguments[0]);

	if (index < 0)
		return fail();
	item.function = vfa_topology_get_function(topology, index);
	if (request_option(request, "json"))
		return print_json(chosen, &item);
	return print_people(chosen, &item);
}

static int run(const struct request *request)
{
	struct vfa_topology *topology;
	struct chosen_columns chosen;
	int status = columns_choose(request, &chosen);

	if (status)
		return status;
	if (vfa_topology_new(request->host, &topology)) {
		status = fail();
	} else {
		status = show(request, &chosen, topology);
		vfa_topology_free(topology);
	}
	columns_free(&chosen);
	return status;
}

const struct command command_info = {
	.name = "info",
	.arguments = "BDF",
	.min = 1,
	.max = 1,
	.summary = "Tell all of one PCI function",
	.columns = function_columns,
	.shows_all = true,
	.has_no_order = true,
	.run = run,
};
