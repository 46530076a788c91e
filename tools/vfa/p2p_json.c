/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <stdio.h>

#include "fail.h"
#include "json.h"
#include "p2p.h"
#include "unknown.h"

/* On the way to JSON. */
struct objects {
	struct json json;
	const struct chosen_columns *chosen;
	struct unknowns unknowns;
	struct cell value;
};

static void add_value(struct objects *objects, const struct column *column, const void *item)
{
	columns_get(column, item, &objects->value);
	if (objects->value.unknown)
		unknowns_add(&objects->unknowns, objects->value.unknown);
	json_cell(&objects->json, column, &objects->value);
}

static void add_function(void *to, int depth, const struct function_item *item)
{
	struct objects *objects = to;

	(void)depth;
	json_open(&objects->json, NULL, '{');
	for (const struct column *column = path_columns; column->name; column++)
		add_value(objects, column, item);
	json_close(&objects->json, '}');
}

static void add_advice(void *to, const struct item *direction)
{
	struct objects *objects = to;

	json_open(&objects->json, NULL, '{');
	for (const struct column *column = advice_columns; column->name; column++)
		add_value(objects, column, direction);
	json_close(&objects->json, '}');
}

static void add_way(void *to, const struct item *item)
{
	struct objects *objects = to;

	json_open(&objects->json, NULL, '{');
	for (size_t i = 0; i < objects->chosen->count; i++)
		add_value(objects, objects->chosen->columns[i], item);
	json_close(&objects->json, '}');
}

static void add_ways(void *to, const struct item *direction)
{
	p2p_each_way(direction, add_way, to);
}

int p2p_print_json(const struct answer *answer, const struct chosen_columns *chosen)
{
	struct objects objects = {
		.json = { .out = stdout },
		.chosen = chosen,
		.value = { .json = true },
	};
	struct json *json = &objects.json;

	json_open(json, NULL, '{');
	json_open(json, "p2p", '{');
	for (const struct column *column = answer_columns; column->name; column++)
		add_value(&objects, column, answer);
	json_open(json, "path", '[');
	p2p_each_on_path(answer, add_function, &objects);
	json_close(json, ']');
	json_open(json, "advice", '[');
	p2p_each_direction(answer, add_advice, &objects);
	json_close(json, ']');
	json_open(json, "ways", '[');
	p2p_each_direction(answer, add_ways, &objects);
	json_close(json, ']');
	json_close(json, '}');
	json_close(json, '}');
	cell_free(&objects.value);
	unknowns_tell(&objects.unknowns);
	return STATUS_FINE;
}
