/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "p2p.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"

enum colour p2p_colour(const struct vfa_p2p_advice *advice)
{
	switch (advice->kind) {
	case VFA_P2P_GO_THROUGH_IOMMU:
		return advice->is_isolated == VFA_YES ? COLOUR_GOOD : COLOUR_WARNING;
	case VFA_P2P_GO_WITH_DANGER:
	case VFA_P2P_GO_NOWHERE:
		return COLOUR_BAD;
	case VFA_P2P_GO_INSIDE:
		break;
	}
	return COLOUR_NONE;
}

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

static size_t count_of_group(const struct vfa_p2p_way *way, size_t first)
{
	size_t count = 1;

	while (first + count < way->merger_count &&
	       way->mergers[first + count].group == way->mergers[first].group)
		count++;
	return count;
}

/* A word for each group that would be. */
static void get_merges(const void *data, struct cell *cell)
{
	const struct item *item = data;
	const struct vfa_p2p_way *way = item->way;
	size_t count;

	for (size_t first = 0; first < way->merger_count; first += count) {
		char *word = must(strdup(""));

		count = count_of_group(way, first);
		for (size_t i = first; i < first + count; i++) {
			char *longer;

			if (asprintf(&longer, "%s%s%s", word, i > first ? "+" : "",
				     p2p_address(item->answer, way->mergers[i].function)) < 0)
				must(NULL);
			free(word);
			word = longer;
		}
		cell_add(cell, "%s", word);
		free(word);
	}
}

static void get_advice(const void *data, struct cell *cell)
{
	const struct item *item = data;

	cell_set(cell, "%s", vfa_p2p_advice_name(item->advice->kind));
	cell_set_colour(cell, p2p_colour(item->advice));
}

static void get_isolated(const void *data, struct cell *cell)
{
	const struct item *item = data;

	cell_set(cell, "%s", vfa_answer_name(item->advice->is_isolated));
	if (item->advice->is_isolated == VFA_UNKNOWN)
		cell->colour = COLOUR_WARNING;
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
	{ "MERGES", "functions that would share a group then, a + between them", COLUMN_LIST, 0,
	  get_merges },
	{ "ADVICE", "through the IOMMU, dangerous, inside or nowhere", COLUMN_TEXT, 0, get_advice },
	{ "ISOLATED", "whether TO is isolated from FROM", COLUMN_TEXT, 0, get_isolated },
	{ NULL },
};

static void get_advice_summary(const void *data, struct cell *cell)
{
	cell_set(cell, "%s", ((const struct item *)data)->advice->summary);
}

static void get_steps(const void *data, struct cell *cell)
{
	const char *step = ((const struct item *)data)->advice->steps;

	while (*step) {
		int length = strcspn(step, "\n");

		cell_add(cell, "%.*s", length, step);
		step += length + (step[length] != '\0');
	}
}

static void get_direct(const void *data, struct cell *cell)
{
	const struct item *item = data;

	if (*item->advice->direct)
		cell_set(cell, "%s", item->advice->direct);
}

static void get_windows(const void *data, struct cell *cell)
{
	const struct vfa_p2p_advice *advice = ((const struct item *)data)->advice;

	for (size_t i = 0; i < advice->window_count; i++)
		cell_add(cell, "0x%" PRIx64 "-0x%" PRIx64, advice->windows[i].range.start,
			 advice->windows[i].range.last);
}

const struct column advice_columns[] = {
	{ "FROM", "", COLUMN_ADDRESS, 0, get_from },
	{ "TO", "", COLUMN_ADDRESS, 0, get_to },
	{ "ADVICE", "", COLUMN_TEXT, 0, get_advice },
	{ "ISOLATED", "", COLUMN_TEXT, 0, get_isolated },
	{ "SUMMARY", "", COLUMN_TEXT, 0, get_advice_summary },
	{ "STEPS", "", COLUMN_LIST, 0, get_steps },
	{ "DIRECT", "", COLUMN_TEXT, 0, get_direct },
	{ "WINDOWS", "", COLUMN_LIST, 0, get_windows },
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
