/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fail.h"
#include "text.h"

bool columns_is_usual(const struct command *command, const struct column *column)
{
	return command->shows_all || column->flags & COLUMN_DEFAULT;
}

static bool is_shown(const struct chosen_columns *chosen, const struct column *column)
{
	for (size_t i = 0; i < chosen->count; i++) {
		if (chosen->columns[i] == column)
			return true;
	}
	return false;
}

/* One that is asked for twice is shown once. */
static void show(struct chosen_columns *chosen, const struct column *column)
{
	size_t size = (chosen->count + 1) * sizeof(*chosen->columns);

	if (is_shown(chosen, column))
		return;
	chosen->columns = must(realloc(chosen->columns, size));
	chosen->columns[chosen->count++] = column;
}

static void show_all(struct chosen_columns *chosen, const struct column *columns)
{
	for (; columns->name; columns++)
		show(chosen, columns);
}

static void show_usual(struct chosen_columns *chosen, const struct command *command)
{
	for (const struct column *column = command->columns; column->name; column++) {
		if (columns_is_usual(command, column))
			show(chosen, column);
	}
}

static const struct column *find(const struct column *columns, const char *name, size_t length)
{
	for (; columns->name; columns++) {
		if (strlen(columns->name) == length && !strncasecmp(columns->name, name, length))
			return columns;
	}
	return NULL;
}

static int refuse(const struct command *command, const char *name, size_t length)
{
	int status =
		fail_usage("%s: there is no column \"%.*s\"", command->name, (int)length, name);

	fprintf(stderr, "hint: the columns are");
	for (const struct column *column = command->columns; column->name; column++)
		fprintf(stderr, " %s", column->name);
	fputc('\n', stderr);
	return status;
}

static int show_list(struct chosen_columns *chosen, const struct command *command, const char *list)
{
	const struct column *column;
	size_t length;

	if (*list == '+')
		show_usual(chosen, command);
	list += *list == '+';
	for (;; list += length + 1) {
		length = strcspn(list, ",");
		column = find(command->columns, list, length);
		if (!column)
			return refuse(command, list, length);
		show(chosen, column);
		if (!list[length])
			return STATUS_FINE;
	}
}

static int refuse_hidden(const struct command *command, const char *name)
{
	int status = fail_usage("%s: --sort %s: the column is not shown", command->name, name);

	fprintf(stderr, "hint: add it to the columns, such as -o +%s\n", name);
	return status;
}

static int choose_order(struct chosen_columns *chosen, const struct command *command,
			const char *name)
{
	const struct column *column = find(command->columns, name, strlen(name));

	if (!column)
		return refuse(command, name, strlen(name));
	if (!is_shown(chosen, column))
		return refuse_hidden(command, name);
	chosen->sort = column;
	return STATUS_FINE;
}

int columns_choose(const struct request *request, struct chosen_columns *ret)
{
	const char *list = request_option(request, "output");
	const char *order = request_option(request, "sort");
	struct chosen_columns chosen = { .count = 0 };
	int status = STATUS_FINE;

	if (request_option(request, "output-all"))
		show_all(&chosen, request->command->columns);
	else if (list)
		status = show_list(&chosen, request->command, list);
	else
		show_usual(&chosen, request->command);
	if (!status && order)
		status = choose_order(&chosen, request->command, order);
	if (status)
		columns_free(&chosen);
	else
		*ret = chosen;
	return status;
}

void columns_choose_all(const struct column *columns, struct chosen_columns *ret)
{
	*ret = (struct chosen_columns){ .count = 0 };
	show_all(ret, columns);
}

void columns_free(struct chosen_columns *chosen)
{
	free(chosen->columns);
}

void columns_get(const struct column *column, const void *item, struct cell *cell)
{
	cell_clear(cell);
	column->get(item, cell);
	if (cell->is_set)
		text_make_utf8(cell->text);
}
