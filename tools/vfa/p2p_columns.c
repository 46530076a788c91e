/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <stdio.h>
#include <string.h>

#include "p2p.h"

static void get_from(const void *data, struct cell *cell)
{
	const struct item *item = data;

	cell_set(cell, "%s", p2p_address(item->answer, item->path->requester));
}

static void get_to(const void *data, struct cell *cell)
{
	const struct item *item = data;

	cell_set(cell, "%s", p2p_address(item->answer, item->path->target));
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

const struct column way_columns[] = {
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
		cell_set(cell, "%s", p2p_address(answer, meeting));
}

static void get_summary(const void *data, struct cell *cell)
{
	const struct answer *answer = data;

	cell_set(cell, "%s", vfa_p2p_get_path(answer->there)->summary);
}

const struct column answer_columns[] = {
	{ "SUMMARY", "", COLUMN_TEXT, 0, get_summary },
	{ "PLACE", "", COLUMN_TEXT, 0, get_place },
	{ "MEETING", "", COLUMN_ADDRESS, 0, get_meeting },
	{ NULL },
};
