/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa p2p: the ways from one function to another, and back. */

#include "p2p.h"

#include "fail.h"
#include "table.h"

const char *p2p_address(const struct answer *answer, int32_t index)
{
	return vfa_topology_get_function(answer->topology, index)->bdf;
}

void p2p_each_on_path(const struct answer *answer, path_add_fn add, void *to)
{
	const struct vfa_p2p_path *path = vfa_p2p_get_path(answer->there);
	const int32_t ends[] = { path->requester, path->target };

	path_each(answer->request, answer->topology, ends, add, to);
}

void p2p_each_direction(const struct answer *answer, add_item_function *add, void *to)
{
	const struct vfa_p2p *directions[] = { answer->there, answer->back };

	for (int i = 0; i < 2; i++) {
		struct item item = {
			.answer = answer,
			.p2p = directions[i],
			.path = vfa_p2p_get_path(directions[i]),
			.advice = vfa_p2p_get_advice(directions[i]),
		};

		add(to, &item);
		if (item.path->place == VFA_P2P_SAME_FUNCTION)
			return;
	}
}

void p2p_each_way(const struct item *direction, add_item_function *add, void *to)
{
	struct item item = *direction;

	for (int kind = VFA_P2P_DIRECT; kind <= VFA_P2P_IOMMU; kind++) {
		item.way = vfa_p2p_get_way(item.p2p, (enum vfa_p2p_kind)kind);
		add(to, &item);
	}
}

static void add_row(void *to, const struct item *item)
{
	table_add(to, NULL, item);
}

static void add_rows(void *to, const struct item *direction)
{
	p2p_each_way(direction, add_row, to);
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
	p2p_each_direction(answer, add_rows, table);
	return table_print(table);
}

static int print_chosen(const struct answer *answer)
{
	struct chosen_columns chosen;
	int status = STATUS_FINE;

	if (wants_columns(answer->request))
		status = columns_choose(answer->request, &chosen);
	else
		columns_choose_all(way_columns, &chosen);
	if (status)
		return status;
	status = p2p_print_json(answer, &chosen);
	columns_free(&chosen);
	return status;
}

static int show(const struct answer *answer)
{
	if (request_option(answer->request, "json"))
		return print_chosen(answer);
	return wants_columns(answer->request) ? print_table(answer) : p2p_print_people(answer);
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
	.details = "Without -o: the path, how to go, and each way with what it needs and costs.",
	.columns = way_columns,
	.run = run,
};
