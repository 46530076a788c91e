/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <stdio.h>

#include "fail.h"
#include "isolation.h"
#include "json.h"
#include "unknown.h"

/* Rows on their way to JSON. */
struct objects {
	struct json *json;
	const struct column *columns;
	const struct chosen_columns *path;
	struct unknowns unknowns;
};

static void add_value(struct objects *objects, const struct column *column, const void *item)
{
	struct cell value = { .json = true };

	columns_get(column, item, &value);
	if (value.unknown)
		unknowns_add(&objects->unknowns, value.unknown);
	json_cell(objects->json, column, &value);
	cell_free(&value);
}

static void add_object(void *to, const void *item)
{
	struct objects *objects = to;

	json_open(objects->json, NULL, '{');
	for (const struct column *column = objects->columns; column->name; column++)
		add_value(objects, column, item);
	json_close(objects->json, '}');
}

static void add_step(void *to, const void *item)
{
	struct objects *objects = to;

	json_open(objects->json, NULL, '{');
	for (size_t i = 0; i < objects->path->count; i++)
		add_value(objects, objects->path->columns[i], item);
	json_close(objects->json, '}');
}

static void add_array(struct objects *objects, const char *name, const struct column *columns)
{
	objects->columns = columns;
	json_open(objects->json, name, '[');
}

static void add_report(struct objects *objects, const char *name, const struct question *question,
		       const struct vfa_isolation *isolation)
{
	json_open(objects->json, name, '{');
	json_open(objects->json, "path", '[');
	each_step(question, isolation, add_step, objects);
	json_close(objects->json, ']');
	add_array(objects, "members", member_columns);
	each_member(question, isolation, add_object, objects);
	json_close(objects->json, ']');
	add_array(objects, "notes", note_columns);
	each_note(question, isolation, add_object, objects);
	json_close(objects->json, ']');
	json_close(objects->json, '}');
}

int isolation_print_json(const struct question *question, const struct vfa_isolation *now,
			 const struct vfa_isolation *then)
{
	struct json json = { .out = stdout };
	struct objects objects = { .json = &json, .path = &question->columns };

	json_open(&json, NULL, '{');
	if (now)
		add_report(&objects, "isolation", question, now);
	if (then)
		add_report(&objects, "whatif", question, then);
	if (question->whatif.count) {
		add_array(&objects, "changed", changed_columns);
		each_changed(question, add_object, &objects);
		json_close(&json, ']');
	}
	json_close(&json, '}');
	unknowns_tell(&objects.unknowns);
	return STATUS_FINE;
}

int isolation_print_merged_json(const struct question *question)
{
	struct json json = { .out = stdout };
	struct objects objects = { .json = &json };
	int status;

	json_open(&json, NULL, '{');
	add_array(&objects, "members", merged_columns);
	status = each_merged(question, add_object, &objects);
	json_close(&json, ']');
	json_close(&json, '}');
	return status;
}
