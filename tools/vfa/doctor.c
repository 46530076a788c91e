/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa doctor: what a machine or a device lacks for being given to user space. */

#include <stdio.h>
#include <stdlib.h>
#include <vfa/probe.h>

#include "command.h"
#include "fail.h"
#include "table.h"

static void get_check(const void *item, struct cell *cell)
{
	const struct vfa_check *check = item;

	cell_set(cell, "%s", check->name);
}

static void get_result(const void *item, struct cell *cell)
{
	static const enum colour colours[] = {
		[VFA_PROBE_OK] = COLOUR_GOOD,
		[VFA_PROBE_UNKNOWN] = COLOUR_FAINT,
		[VFA_PROBE_WARNING] = COLOUR_WARNING,
		[VFA_PROBE_FAILURE] = COLOUR_BAD,
	};
	const struct vfa_check *check = item;

	cell_set(cell, "%s", vfa_probe_result_name(check->result));
	cell_set_colour(cell, colours[check->result]);
}

static void get_reason(const void *item, struct cell *cell)
{
	const struct vfa_check *check = item;

	cell_set(cell, "%s", check->reason);
}

static void get_hint(const void *item, struct cell *cell)
{
	const struct vfa_check *check = item;

	if (*check->hint)
		cell_set(cell, "%s", check->hint);
}

static const struct column columns[] = {
	{ "CHECK", "what was looked at", COLUMN_TEXT, COLUMN_DEFAULT, get_check },
	{ "RESULT", "ok, unknown, warning or failure", COLUMN_TEXT, COLUMN_DEFAULT, get_result },
	{ "REASON", "what was found", COLUMN_TEXT, COLUMN_DEFAULT, get_reason },
	{ "HINT", "what to do about it", COLUMN_TEXT, 0, get_hint },
	{ NULL },
};

/* Behind the table, on standard error, where commands keep their lines. */
static void print_hints(const struct vfa_probe *probe)
{
	for (size_t i = 0; i < vfa_probe_count_checks(probe); i++) {
		const struct vfa_check *check = vfa_probe_get_check(probe, i);
		char *text;

		if (!*check->hint)
			continue;
		if (asprintf(&text, "%s: %s", check->name, check->hint) < 0)
			must(NULL);
		hint(text);
		free(text);
	}
}

static int status_of(enum vfa_probe_result worst)
{
	switch (worst) {
	case VFA_PROBE_FAILURE:
		return STATUS_REFUSED;
	case VFA_PROBE_WARNING:
		return STATUS_WARNED;
	case VFA_PROBE_OK:
	case VFA_PROBE_UNKNOWN:
		break;
	}
	return STATUS_FINE;
}

static int print(struct table *table, const struct vfa_probe *probe)
{
	int status;

	for (size_t i = 0; i < vfa_probe_count_checks(probe); i++)
		table_add(table, NULL, vfa_probe_get_check(probe, i));
	status = table_print(table);
	if (status)
		return status;
	fflush(stdout);
	print_hints(probe);
	return status_of(vfa_probe_worst(probe));
}

static int run(const struct request *request)
{
	const char *bdf = request->count ? request->arguments[0] : NULL;
	struct vfa_probe *probe;
	struct table *table;
	int status = table_new(request, "checks", &table);

	if (status)
		return status;
	if (vfa_probe_new(request->host, bdf, &probe)) {
		table_free(table);
		return fail();
	}
	status = print(table, probe);
	vfa_probe_free(probe);
	return status;
}

const struct command command_doctor = {
	.name = "doctor",
	.arguments = "[BDF]",
	.max = 1,
	.summary = "Check what this machine or a device lacks for VFIO",
	.columns = columns,
	.run = run,
};
