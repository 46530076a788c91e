/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "table.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"

struct cell {
	const struct request *request;
	enum column_type type;
	bool json;
	bool set;
	enum colour colour;
	char *text;
	size_t used, size;
};

struct shown_column {
	const struct column *column;
	struct libscols_column *printed;
};

struct table {
	struct libscols_table *printed;
	struct shown_column *columns;
	size_t count;
	const char *sort;
	struct cell cell; /* each in turn */
};

static const char *const colours[] = {
	[COLOUR_GOOD] = "\033[32m",
	[COLOUR_WARNING] = "\033[33m",
	[COLOUR_BAD] = "\033[31m",
	[COLOUR_FAINT] = "\033[2m",
};

/* Columns may be many and items thousands: the text keeps its room. */
static void append(struct cell *cell, const char *format, va_list arguments)
{
	va_list again;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (cell->used + length + 1 > cell->size) {
		cell->size = 2 * (cell->used + length + 1);
		cell->text = must(realloc(cell->text, cell->size));
	}
	vsnprintf(cell->text + cell->used, length + 1, format, arguments);
	cell->used += length;
	cell->set = true;
}

static void append_text(struct cell *cell, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	append(cell, format, arguments);
	va_end(arguments);
}

void cell_set(struct cell *cell, const char *format, ...)
{
	va_list arguments;

	cell->used = 0;
	va_start(arguments, format);
	append(cell, format, arguments);
	va_end(arguments);
}

void cell_add(struct cell *cell, const char *format, ...)
{
	va_list arguments;

	if (cell->used)
		append_text(cell, "%s", cell->json ? "\n" : ",");
	va_start(arguments, format);
	append(cell, format, arguments);
	va_end(arguments);
}

void cell_list(struct cell *cell)
{
	if (!cell->set)
		append_text(cell, "%s", "");
}

void cell_set_boolean(struct cell *cell, bool value)
{
	cell_set(cell, "%s", value ? "yes" : "no");
}

void cell_set_size(struct cell *cell, uint64_t bytes)
{
	const char *unit = "BKMGTPE";

	if (cell->json) {
		cell_set(cell, "%llu", (unsigned long long)bytes);
		return;
	}
	while (bytes && !(bytes & 1023) && unit[1]) {
		bytes >>= 10;
		unit++;
	}
	cell_set(cell, "%llu%c", (unsigned long long)bytes, *unit);
}

void cell_set_unknown(struct cell *cell)
{
	if (!cell->json)
		cell_set(cell, "?");
}

void cell_set_colour(struct cell *cell, enum colour colour)
{
	cell->colour = colour;
}

const struct request *cell_request(const struct cell *cell)
{
	return cell->request;
}

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

/* Of a number or a size as it is printed. */
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

static struct libscols_column *print_column(struct table *table, const struct column *column)
{
	bool is_list = table->cell.json && column->type == COLUMN_LIST;
	struct libscols_column *printed;
	int flags = 0;

	if (column->type == COLUMN_NUMBER || column->type == COLUMN_SIZE)
		flags |= SCOLS_FL_RIGHT;
	if (column->flags & COLUMN_TREE)
		flags |= SCOLS_FL_TREE;
	if (column->flags & COLUMN_CUT)
		flags |= SCOLS_FL_TRUNC;
	if (is_list)
		flags |= SCOLS_FL_WRAP;
	printed = must(scols_table_new_column(table->printed, column->name, 0, flags));
	scols_column_set_json_type(printed, json_type(column->type));
	if (is_list)
		scols_column_set_wrapfunc(printed, scols_wrapnl_chunksize, scols_wrapnl_nextchunk,
					  NULL);
	set_order(printed, column->type);
	return printed;
}

/* A column that is asked for twice is shown once. */
static void show_column(struct table *table, const struct column *column)
{
	struct shown_column *shown;

	if (table_has(table, column->name))
		return;
	table->columns = must(realloc(table->columns, (table->count + 1) * sizeof(*shown)));
	shown = &table->columns[table->count++];
	shown->column = column;
	shown->printed = print_column(table, column);
}

static void show_columns(struct table *table, const struct column *columns, unsigned int flags)
{
	for (const struct column *column = columns; column->name; column++) {
		if ((column->flags & flags) == flags)
			show_column(table, column);
	}
}

static const struct column *find_column(const struct column *columns, const char *name,
					size_t length)
{
	for (const struct column *column = columns; column->name; column++) {
		if (strlen(column->name) == length && !strncasecmp(column->name, name, length))
			return column;
	}
	return NULL;
}

static int refuse_column(const struct request *request, const char *name, size_t length)
{
	int status = fail_usage("%s: there is no column %.*s", request->command->name, (int)length,
				name);

	fprintf(stderr, "hint: the columns are");
	for (const struct column *column = request->command->columns; column->name; column++)
		fprintf(stderr, " %s", column->name);
	fputc('\n', stderr);
	return status;
}

static int show_list(struct table *table, const char *list)
{
	const struct request *request = table->cell.request;
	const struct column *column;
	size_t length;

	if (*list == '+')
		show_columns(table, request->command->columns, COLUMN_DEFAULT);
	list += *list == '+';
	for (;; list += length + 1) {
		length = strcspn(list, ",");
		column = find_column(request->command->columns, list, length);
		if (!column)
			return refuse_column(request, list, length);
		show_column(table, column);
		if (!list[length])
			return STATUS_FINE;
	}
}

static int choose_columns(struct table *table)
{
	const struct request *request = table->cell.request;
	const char *list = request_option(request, "output");

	if (request_option(request, "output-all"))
		show_columns(table, request->command->columns, 0);
	else if (!list)
		show_columns(table, request->command->columns, COLUMN_DEFAULT);
	return list ? show_list(table, list) : STATUS_FINE;
}

static int choose_order(struct table *table)
{
	const struct request *request = table->cell.request;

	table->sort = request_option(request, "sort");
	if (!table->sort)
		return STATUS_FINE;
	if (!find_column(request->command->columns, table->sort, strlen(table->sort)))
		return refuse_column(request, table->sort, strlen(table->sort));
	if (!table_has(table, table->sort))
		return fail_usage("%s: --sort %s: the column is not shown", request->command->name,
				  table->sort);
	return STATUS_FINE;
}

/* https://no-color.org: set to anything but nothing. */
static bool wants_colours(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no && *no);
}

int table_new(const struct request *request, const char *name, struct table **ret)
{
	struct table *table = must(calloc(1, sizeof(*table)));
	int status;

	table->cell.request = request;
	table->cell.json = request_option(request, "json");
	table->printed = must(scols_new_table());
	scols_table_set_name(table->printed, name);
	scols_table_enable_json(table->printed, table->cell.json);
	scols_table_enable_noheadings(table->printed, !!request_option(request, "noheadings"));
	scols_table_enable_colors(table->printed, wants_colours());
	status = choose_columns(table);
	if (!status)
		status = choose_order(table);
	if (status)
		table_free(table);
	else
		*ret = table;
	return status;
}

static void fill(struct table *table, struct libscols_line *line, size_t index, const void *item)
{
	struct cell *cell = &table->cell;

	cell->set = false;
	cell->used = 0;
	cell->colour = COLOUR_NONE;
	cell->type = table->columns[index].column->type;
	table->columns[index].column->get(item, cell);
	if (!cell->set)
		return;
	if (scols_line_set_data(line, index, cell->text))
		must(NULL);
	if (cell->colour)
		scols_cell_set_color(scols_line_get_cell(line, index), colours[cell->colour]);
}

struct row *table_add(struct table *table, struct row *parent, const void *item)
{
	struct libscols_line *line =
		must(scols_table_new_line(table->printed, (struct libscols_line *)parent));

	for (size_t i = 0; i < table->count; i++)
		fill(table, line, i, item);
	return (struct row *)line;
}

bool table_has(const struct table *table, const char *column)
{
	for (size_t i = 0; i < table->count; i++) {
		if (!strcasecmp(table->columns[i].column->name, column))
			return true;
	}
	return false;
}

static void sort(struct table *table)
{
	for (size_t i = 0; table->sort && i < table->count; i++) {
		if (!strcasecmp(table->columns[i].column->name, table->sort))
			scols_sort_table(table->printed, table->columns[i].printed);
	}
	if (table->sort && scols_table_is_tree(table->printed))
		scols_sort_table_by_tree(table->printed);
}

int table_print(struct table *table)
{
	int err;

	sort(table);
	err = scols_print_table(table->printed);
	table_free(table);
	return err ? fail_because("cannot print: %s", strerror(-err)) : STATUS_FINE;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	scols_unref_table(table->printed);
	free(table->columns);
	free(table->cell.text);
	free(table);
}
