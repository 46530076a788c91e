/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "table.h"

#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrays.h"
#include "fail.h"
#include "terminal.h"
#include "unknown.h"

struct table {
	struct libscols_table *printed;
	struct chosen_columns chosen;
	struct unknowns unknowns;
	struct cell cell; /* each in turn */
};

static int json_type(enum column_type type)
{
	switch (type) {
	case COLUMN_NUMBER:
	case COLUMN_SIZE:
		return SCOLS_JSON_NUMBER;
	case COLUMN_BOOLEAN:
		return SCOLS_JSON_BOOLEAN_OPTIONAL;
	case COLUMN_LIST:
		return SCOLS_JSON_ARRAY_STRING;
	case COLUMN_TEXT:
	case COLUMN_ADDRESS:
		break;
	}
	return SCOLS_JSON_STRING;
}

/* A number, or a size as it is printed. */
static unsigned long long number_of(const char *text)
{
	const char *units = "BKMGTPE", *unit;
	unsigned long long value;
	char *end;

	value = strtoull(text, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	return unit ? value << 10 * (unit - units) : value;
}

/* What is not set comes before all others. */
static int compare_numbers(struct libscols_cell *left, struct libscols_cell *right, void *data)
{
	const char *a = scols_cell_get_data(left), *b = scols_cell_get_data(right);
	unsigned long long x, y;

	(void)data;
	if (!a || !b)
		return !!a - !!b;
	x = number_of(a);
	y = number_of(b);
	return (x > y) - (x < y);
}

/* Of the same length the order of letters is that of hexadecimal digits. */
static int compare_addresses(struct libscols_cell *left, struct libscols_cell *right, void *data)
{
	const char *a = scols_cell_get_data(left), *b = scols_cell_get_data(right);

	(void)data;
	if (!a || !b)
		return !!a - !!b;
	if (strlen(a) != strlen(b))
		return strlen(a) < strlen(b) ? -1 : 1;
	return strcmp(a, b);
}

static void set_order(struct libscols_column *printed, enum column_type type)
{
	if (type == COLUMN_NUMBER || type == COLUMN_SIZE)
		scols_column_set_cmpfunc(printed, compare_numbers, NULL);
	else if (type == COLUMN_ADDRESS)
		scols_column_set_cmpfunc(printed, compare_addresses, NULL);
	else
		scols_column_set_cmpfunc(printed, scols_cmpstr_cells, NULL);
}

/* Columns that are cut share what the others leave in equal parts. */
static double width_hint(const struct column *column)
{
	return column->flags & COLUMN_CUT ? 0.2 : 0;
}

static int print_flags(const struct column *column)
{
	int flags = 0;

	if (column->type == COLUMN_NUMBER || column->type == COLUMN_SIZE)
		flags |= SCOLS_FL_RIGHT;
	if (column->flags & COLUMN_TREE)
		flags |= SCOLS_FL_TREE;
	if (column->flags & COLUMN_CUT)
		flags |= SCOLS_FL_TRUNC;
	return flags;
}

static void print_column(struct table *table, const struct column *column)
{
	bool is_array = table->cell.json && column->type == COLUMN_LIST;
	struct libscols_column *printed;
	int flags = print_flags(column);

	if (is_array)
		flags |= SCOLS_FL_WRAP;
	printed = must(
		scols_table_new_column(table->printed, column->name, width_hint(column), flags));
	scols_column_set_json_type(printed, json_type(column->type));
	if (is_array)
		scols_column_set_wrapfunc(printed, scols_wrapnl_chunksize, scols_wrapnl_nextchunk,
					  NULL);
	set_order(printed, column->type);
}

static struct table *new_table(const struct chosen_columns *chosen, const char *name, bool json)
{
	struct table *table = must(calloc(1, sizeof(*table)));

	table->chosen = *chosen;
	table->cell.json = json;
	table->printed = must(scols_new_table());
	scols_table_set_name(table->printed, name);
	scols_table_enable_json(table->printed, json);
	scols_table_enable_colors(table->printed, terminal_has_colours());
	for (size_t i = 0; i < table->chosen.count; i++)
		print_column(table, table->chosen.columns[i]);
	return table;
}

int table_new(const struct request *request, const char *name, struct table **ret)
{
	struct chosen_columns chosen;
	int status = columns_choose(request, &chosen);

	if (status)
		return status;
	*ret = new_table(&chosen, name, request_option(request, "json"));
	scols_table_enable_noheadings((*ret)->printed, !!request_option(request, "noheadings"));
	return STATUS_FINE;
}

struct table *table_new_fixed(const struct column *columns, bool headings)
{
	struct chosen_columns chosen;
	struct table *table;

	columns_choose_all(columns, &chosen);
	table = new_table(&chosen, "", false);
	scols_table_enable_noheadings(table->printed, !headings);
	return table;
}

bool table_is_empty(const struct table *table)
{
	return scols_table_is_empty(table->printed);
}

static void print_cell(struct table *table, struct libscols_line *line, size_t index)
{
	const char *colour = cell_colour(&table->cell);

	if (table->cell.unknown)
		unknowns_add(&table->unknowns, table->cell.unknown);
	if (table->cell.unknown && table->cell.json &&
	    table->chosen.columns[index]->type == COLUMN_LIST)
		cell_set(&table->cell, ARRAY_UNKNOWN);
	if (table->cell.is_set && scols_line_set_data(line, index, table->cell.text))
		must(NULL);
	if (colour)
		scols_cell_set_color(scols_line_get_cell(line, index), colour);
}

struct row *table_add(struct table *table, struct row *parent, const void *item)
{
	struct libscols_line *line =
		must(scols_table_new_line(table->printed, (struct libscols_line *)parent));

	for (size_t i = 0; i < table->chosen.count; i++) {
		columns_get(table->chosen.columns[i], item, &table->cell);
		print_cell(table, line, i);
	}
	return (struct row *)line;
}

static void sort(struct table *table)
{
	if (!table->chosen.sort)
		return;
	for (size_t i = 0; i < table->chosen.count; i++) {
		if (table->chosen.columns[i] == table->chosen.sort)
			scols_sort_table(table->printed, scols_table_get_column(table->printed, i));
	}
	if (scols_table_is_tree(table->printed))
		scols_sort_table_by_tree(table->printed);
}

static int print_json(struct table *table)
{
	char *text;
	int err = scols_print_table_to_string(table->printed, &text);

	if (err)
		return err;
	arrays_mend(text);
	printf("%s%s", text, text[strlen(text) - 1] == '\n' ? "" : "\n");
	free(text);
	return 0;
}

int table_print(struct table *table)
{
	int err;

	sort(table);
	err = table->cell.json ? print_json(table) : scols_print_table(table->printed);
	if (!err)
		unknowns_tell(&table->unknowns);
	table_free(table);
	return err ? fail_because("cannot print: %s", strerror(-err)) : STATUS_FINE;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	scols_unref_table(table->printed);
	columns_free(&table->chosen);
	cell_free(&table->cell);
	free(table);
}
