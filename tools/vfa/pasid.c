/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa pasid: can address spaces be attached to these devices by PASID? */

#include <vfa/error.h>

#include "command.h"
#include "fail.h"
#include "pasid_facts.h"
#include "question.h"
#include "table.h"

static const struct column columns[] = {
	{ "NAME", "device, and what is asked of it", COLUMN_TEXT, COLUMN_DEFAULT | COLUMN_TREE,
	  question_name },
	{ "ANSWER", "verdict on a device, answer to a question", COLUMN_TEXT, COLUMN_DEFAULT,
	  question_answer },
	{ "ORIGIN", "the reason, and where the answer comes from", COLUMN_TEXT, COLUMN_DEFAULT,
	  question_origin },
	{ NULL },
};

static const struct {
	const char *name;
	enum colour colour;
} verdicts[] = {
	[PASID_IMPOSSIBLE] = { "impossible", COLOUR_BAD },
	[PASID_UNKNOWN] = { "unknown", COLOUR_WARNING },
	[PASID_AS_GROUP] = { "as a group", COLOUR_WARNING },
	[PASID_POSSIBLE] = { "possible", COLOUR_GOOD },
};

static void add_fact(struct table *table, struct row *parent, const char *name,
		     const struct pasid_fact *fact)
{
	const struct question item = {
		.name = name,
		.answer = vfa_answer_name(fact->answer),
		.origin = fact->origin,
	};

	table_add(table, parent, &item);
}

static void add_device(struct table *table, const char *bdf, const struct pasid_facts *facts)
{
	const struct question item = {
		.name = bdf,
		.answer = verdicts[facts->verdict].name,
		.colour = verdicts[facts->verdict].colour,
		.origin = facts->reason,
	};
	struct row *row = table_add(table, NULL, &item);

	add_fact(table, row, "device", &facts->device);
	add_fact(table, row, "enabled", &facts->enabled);
	add_fact(table, row, "iommu", &facts->iommu);
	add_fact(table, row, "alone", &facts->group);
	if (facts->group.answer == VFA_NO)
		add_fact(table, row, "others", &facts->others);
	add_fact(table, row, "kernel", &facts->kernel);
	add_fact(table, row, "ats", &facts->ats);
	add_fact(table, row, "pri", &facts->pri);
}

static int fill(const struct request *request, struct table *table)
{
	struct pasid_facts facts;
	char bdf[BDF_SIZE];

	for (int i = 0; i < request->count; i++) {
		if (bdf_parse(request->arguments[i], bdf) ||
		    pasid_facts_read(request->host, bdf, &facts))
			return fail();
		add_device(table, bdf, &facts);
	}
	return STATUS_FINE;
}

static int run(const struct request *request)
{
	struct table *table;
	int status = table_new(request, "pasid", &table);

	if (status)
		return status;
	status = fill(request, table);
	if (!status)
		return table_print(table);
	table_free(table);
	return status;
}

const struct command command_pasid = {
	.name = "pasid",
	.arguments = "BDF...",
	.min = 1,
	.max = -1,
	.summary = "Tell whether address spaces can be attached to devices by PASID, and why",
	.details = "Nothing is opened. ATS and PRI matter for page faults alone.",
	.columns = columns,
	.has_no_order = true,
	.run = run,
};
