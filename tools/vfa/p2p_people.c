/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <stdio.h>
#include <string.h>

#include "fail.h"
#include "p2p.h"
#include "table.h"
#include "terminal.h"

struct tree {
	struct table *table;
	struct row *rows[PATH_DEPTH]; /* the last of each depth */
};

static void add_branch(void *to, int depth, const struct function_item *item)
{
	struct tree *tree = to;

	tree->rows[depth] = table_add(tree->table, depth ? tree->rows[depth - 1] : NULL, item);
}

static void print_way(void *to, const struct item *item)
{
	const struct vfa_p2p_way *way = item->way;

	(void)to;
	printf("  %s: %s: %s\n", vfa_p2p_kind_name(way->kind), vfa_answer_name(way->is_open),
	       way->reason);
	if (*way->needs)
		printf("    needs: %s\n", way->needs);
	if (*way->costs)
		printf("    costs: %s\n", way->costs);
}

static void print_steps(const char *step)
{
	while (*step) {
		int length = strcspn(step, "\n");

		printf("    - %.*s\n", length, step);
		step += length + (step[length] != '\0');
	}
}

static void print_advice(const struct vfa_p2p_advice *advice)
{
	printf("  ");
	terminal_print(p2p_colour(advice), vfa_p2p_advice_name(advice->kind));
	printf(": %s\n", advice->summary);
	print_steps(advice->steps);
	if (*advice->direct)
		printf("    - or directly: %s\n", advice->direct);
}

static void print_direction(void *to, const struct item *item)
{
	printf("\n%s to %s\n", p2p_address(item->answer, item->path->requester),
	       p2p_address(item->answer, item->path->target));
	print_advice(item->advice);
	p2p_each_way(item, print_way, to);
}

int p2p_print_people(const struct answer *answer)
{
	struct tree tree = {
		.table = table_new_fixed(path_columns,
					 !request_option(answer->request, "noheadings")),
	};
	int status;

	printf("%s\n\n", vfa_p2p_get_path(answer->there)->summary);
	p2p_each_on_path(answer, add_branch, &tree);
	status = table_print(tree.table);
	if (!status)
		p2p_each_direction(answer, print_direction, NULL);
	return status;
}
