/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa p2p: the ways from one function to another, and back. */

#include <stdio.h>
#include <string.h>
#include <vfa/p2p.h>

#include "fail.h"
#include "json.h"
#include "path.h"
#include "table.h"
#include "unknown.h"

/* Both directions. */
struct answer {
	const struct request *request;
	struct vfa_topology *topology;
	struct vfa_p2p *there;
	struct vfa_p2p *back;
};

/* A row: a way from one to the other. */
struct item {
	const struct answer *answer;
	const struct vfa_p2p_path *path;
	const struct vfa_p2p_way *way;
};

static const char *address_of(const struct answer *answer, int32_t index)
{
	return vfa_topology_get_function(answer->topology, index)->bdf;
}

static void get_from(const void *data, struct cell *cell)
{
	const struct item *item = data;

	cell_set(cell, "%s", address_of(item->answer, item->path->requester));
}

static void get_to(const void *data, struct cell *cell)
{
	const struct item *item = data;

	cell_set(cell, "%s", address_of(item->answer, item->path->target));
}

static void get_way(const void *data, struct cell *cell)
{
	const struct item *item = data;

	cell_set(cell, "%s", vfa_p2p_kind_name(item->way->kind));
}

static void get_open(const void *data, struct cell *cell)
{
	const struct item *item = data;

	cell_set(cell, "%s", vfa_answer_name(item->way->is_open));
	if (item->way->is_open == VFA_UNKNOWN)
		cell->colour = COLOUR_WARNING;
}

static void get_reason(const void *data, struct cell *cell)
{
	const struct item *item = data;

	cell_set(cell, "%s", item->way->reason);
}

static void get_needs(const void *data, struct cell *cell)
{
	const struct item *item = data;

	if (*item->way->needs)
		cell_set(cell, "%s", item->way->needs);
}

static void get_costs(const void *data, struct cell *cell)
{
	const struct item *item = data;

	if (*item->way->costs)
		cell_set(cell, "%s", item->way->costs);
}

static void append_bits(char *text, size_t size, char sign, uint16_t bits)
{
	for (int bit = VFA_ACS_SV; bit <= VFA_ACS_DT; bit <<= 1) {
		size_t used = strlen(text);

		if (bits & bit)
			snprintf(text + used, size - used, "%s%c%s", used ? "," : "", sign,
				 vfa_acs_bit_name(bit));
	}
}

/* As vfa isolation takes them for --what-if. */
static void get_changes(const void *data, struct cell *cell)
{
	const struct item *item = data;

	for (size_t i = 0; i < item->way->change_count; i++) {
		const struct vfa_acs_change *change = &item->way->changes[i];
		char bits[64] = "";

		append_bits(bits, sizeof(bits), '+', change->set);
		append_bits(bits, sizeof(bits), '-', change->clear);
		cell_add(cell, "%s:%s", change->bdf, bits);
	}
}

static const struct column columns[] = {
	{ "FROM", "function that sends the requests", COLUMN_ADDRESS, COLUMN_DEFAULT, get_from },
	{ "TO", "function whose BARs they are for", COLUMN_ADDRESS, COLUMN_DEFAULT, get_to },
	{ "WAY", "direct, translated (ATS) or IOMMU", COLUMN_TEXT, COLUMN_DEFAULT, get_way },
	{ "OPEN", "yes, no or unknown", COLUMN_TEXT, COLUMN_DEFAULT, get_open },
	{ "REASON", "why", COLUMN_TEXT, COLUMN_DEFAULT, get_reason },
	{ "NEEDS", "what opens it, or how it is used", COLUMN_TEXT, 0, get_needs },
	{ "COSTS", "what that does to isolation", COLUMN_TEXT, 0, get_costs },
	{ "CHANGES", "ACS bits that have to change", COLUMN_LIST, 0, get_changes },
	{ NULL },
};

static void each_on_path(const struct answer *answer, path_add_fn add, void *to)
{
	const struct vfa_p2p_path *path = vfa_p2p_get_path(answer->there);
	const int32_t ends[] = { path->requester, path->target };

	path_each(answer->request, answer->topology, ends, add, to);
}

struct tree {
	struct table *table;
	struct row *rows[PATH_DEPTH]; /* the last of each depth */
};

static void add_branch(void *to, int depth, const struct function_item *item)
{
	struct tree *tree = to;

	tree->rows[depth] = table_add(tree->table, depth ? tree->rows[depth - 1] : NULL, item);
}

static void each_way(const struct answer *answer, void *to,
		     void (*add)(void *to, const struct item *item))
{
	const struct vfa_p2p *directions[] = { answer->there, answer->back };

	for (int i = 0; i < 2; i++) {
		struct item item = { .answer = answer, .path = vfa_p2p_get_path(directions[i]) };

		for (int kind = VFA_P2P_DIRECT; kind <= VFA_P2P_IOMMU; kind++) {
			item.way = vfa_p2p_get_way(directions[i], (enum vfa_p2p_kind)kind);
			add(to, &item);
		}
		if (item.path->place == VFA_P2P_SAME_FUNCTION)
			return;
	}
}

static void add_row(void *to, const struct item *item)
{
	table_add(to, NULL, item);
}

static void print_way(void *to, const struct item *item)
{
	const struct vfa_p2p_way *way = item->way;

	(void)to;
	if (way->kind == VFA_P2P_DIRECT)
		printf("\n%s to %s\n", address_of(item->answer, item->path->requester),
		       address_of(item->answer, item->path->target));
	printf("  %s: %s: %s\n", vfa_p2p_kind_name(way->kind), vfa_answer_name(way->is_open),
	       way->reason);
	if (*way->needs)
		printf("    needs: %s\n", way->needs);
	if (*way->costs)
		printf("    costs: %s\n", way->costs);
}

static int print_people(const struct answer *answer)
{
	struct tree tree = {
		.table = table_new_fixed(path_columns,
					 !request_option(answer->request, "noheadings")),
	};
	int status;

	printf("%s\n\n", vfa_p2p_get_path(answer->there)->summary);
	each_on_path(answer, add_branch, &tree);
	status = table_print(tree.table);
	if (!status)
		each_way(answer, NULL, print_way);
	return status;
}

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

static void add_way(void *to, const struct item *item)
{
	struct objects *objects = to;

	json_open(&objects->json, NULL, '{');
	for (size_t i = 0; i < objects->chosen->count; i++)
		add_value(objects, objects->chosen->columns[i], item);
	json_close(&objects->json, '}');
}

static void get_place(const void *data, struct cell *cell)
{
	const struct answer *answer = data;

	cell_set(cell, "%s", vfa_p2p_place_name(vfa_p2p_get_path(answer->there)->place));
}

static void get_meeting(const void *data, struct cell *cell)
{
	const struct answer *answer = data;
	int32_t meeting = vfa_p2p_get_path(answer->there)->meeting;

	if (meeting >= 0)
		cell_set(cell, "%s", address_of(answer, meeting));
}

static void get_summary(const void *data, struct cell *cell)
{
	const struct answer *answer = data;

	cell_set(cell, "%s", vfa_p2p_get_path(answer->there)->summary);
}

static const struct column answer_columns[] = {
	{ "SUMMARY", "", COLUMN_TEXT, 0, get_summary },
	{ "PLACE", "", COLUMN_TEXT, 0, get_place },
	{ "MEETING", "", COLUMN_ADDRESS, 0, get_meeting },
	{ NULL },
};

static int print_json(const struct answer *answer, const struct chosen_columns *chosen)
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
	each_on_path(answer, add_function, &objects);
	json_close(json, ']');
	json_open(json, "ways", '[');
	each_way(answer, &objects, add_way);
	json_close(json, ']');
	json_close(json, '}');
	json_close(json, '}');
	cell_free(&objects.value);
	unknowns_tell(&objects.unknowns);
	return STATUS_FINE;
}

static bool wants_columns(const struct request *request)
{
	return request_option(request, "output") || request_option(request, "output-all") ||
	       request_option(request, "sort");
}

static int print_table(const struct answer *answer)
{
	struct table *table;
	int status = table_new(answer->request, "ways", &table);

	if (status)
		return status;
	each_way(answer, table, add_row);
	return table_print(table);
}

static int print_chosen(const struct answer *answer)
{
	struct chosen_columns chosen;
	int status = STATUS_FINE;

	if (wants_columns(answer->request))
		status = columns_choose(answer->request, &chosen);
	else
		columns_choose_all(columns, &chosen);
	if (status)
		return status;
	status = print_json(answer, &chosen);
	columns_free(&chosen);
	return status;
}

static int show(const struct answer *answer)
{
	if (request_option(answer->request, "json"))
		return print_chosen(answer);
	return wants_columns(answer->request) ? print_table(answer) : print_people(answer);
}

static int ask(struct answer *answer)
{
	char *const *words = answer->request->arguments;

	if (vfa_topology_new(answer->request->host, &answer->topology) ||
	    vfa_p2p_new(answer->topology, words[0], words[1], &answer->there) ||
	    vfa_p2p_new(answer->topology, words[1], words[0], &answer->back))
		return fail();
	return STATUS_FINE;
}

static int run(const struct request *request)
{
	struct answer answer = { .request = request };
	int status = ask(&answer);

	if (!status)
		status = show(&answer);
	vfa_p2p_free(answer.there);
	vfa_p2p_free(answer.back);
	vfa_topology_free(answer.topology);
	return status;
}

const struct command command_p2p = {
	.name = "p2p",
	.arguments = "A B",
	.min = 2,
	.max = 2,
	.summary = "Show how two functions reach each other's BARs, and what that takes",
	.details = "Without -o: the path, and each way with what it needs and costs.",
	.columns = columns,
	.run = run,
};
