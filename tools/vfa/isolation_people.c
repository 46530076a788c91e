/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <stdio.h>

#include "fail.h"
#include "isolation.h"
#include "table.h"
#include "terminal.h"

static void add_row(void *to, const void *item)
{
	table_add(to, NULL, item);
}

/* Each below the one before. */
struct branch {
	struct table *table;
	struct row *row;
};

static void add_below(void *to, const void *item)
{
	struct branch *branch = to;

	branch->row = table_add(branch->table, branch->row, item);
}

/* For people, with headings unless they want none. */
static struct table *new_table(const struct question *question, const struct column *columns)
{
	return table_new_fixed(columns, !request_option(question->request, "noheadings"));
}

static int print_path(const struct question *question, const struct vfa_isolation *isolation)
{
	struct branch branch = { .row = NULL };
	int status = table_new(question->request, "path", &branch.table);

	if (status)
		return status;
	each_step(question, isolation, add_below, &branch);
	return table_print(branch.table);
}

static int print_members(const struct question *question, const struct vfa_isolation *isolation)
{
	struct table *table;

	if (!vfa_isolation_count_members(isolation))
		return STATUS_FINE;
	putchar('\n');
	table = new_table(question, member_columns);
	each_member(question, isolation, add_row, table);
	return table_print(table);
}

static void print_note(void *to, const void *data)
{
	const struct note_item *item = data;

	(void)to;
	putchar('\n');
	terminal_print(item->note->kind == VFA_ISOLATION_DANGEROUS ? COLOUR_BAD : COLOUR_NONE,
		       vfa_isolation_note_name(item->note->kind));
	printf(": %s\n", item->note->text);
}

static int print_report(const struct question *question, const struct vfa_isolation *isolation)
{
	int status = print_path(question, isolation);

	if (!status)
		status = print_members(question, isolation);
	if (!status)
		each_note(question, isolation, print_note, NULL);
	return status;
}

static int print_changed(const struct question *question)
{
	struct table *table = new_table(question, changed_columns);

	each_changed(question, add_row, table);
	if (!table_is_empty(table)) {
		printf("\nThe groups of these would be others:\n");
		return table_print(table);
	}
	table_free(table);
	printf("\nNo group would be another.\n");
	return STATUS_FINE;
}

int isolation_print_people(const struct question *question, const struct vfa_isolation *now,
			   const struct vfa_isolation *then)
{
	int status = now ? print_report(question, now) : STATUS_FINE;

	if (status || !question->whatif.count)
		return status;
	if (then) {
		printf("\nWith these changes:\n");
		status = print_report(question, then);
	}
	return status ? status : print_changed(question);
}

int isolation_print_merged(const struct question *question)
{
	struct table *table = new_table(question, merged_columns);
	int status = each_merged(question, add_row, table);

	if (!status)
		return table_print(table);
	table_free(table);
	return status;
}
