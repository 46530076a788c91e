/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "isolation.h"

static const char *bdf_of(const struct vfa_topology *topology, int32_t index)
{
	return vfa_topology_get_function(topology, index)->bdf;
}

static void get_address(const void *data, struct cell *cell)
{
	const struct step_item *item = data;

	cell_set(cell, "%s", item->base.function->bdf);
}

static void get_group(const void *data, struct cell *cell)
{
	const struct step_item *item = data;

	if (item->base.function->group >= 0)
		cell_set(cell, "%d", item->base.function->group);
}

static void get_driver(const void *data, struct cell *cell)
{
	const struct step_item *item = data;

	if (*item->base.function->driver)
		cell_set(cell, "%s", item->base.function->driver);
}

static void get_bits(const void *data, struct cell *cell)
{
	const struct step_item *item = data;

	function_acs_set(item->base.function, &item->step->acs, cell);
}

static void get_isolates(const void *data, struct cell *cell)
{
	const struct step_item *item = data;

	if (item->step->isolates == VFA_UNKNOWN) {
		cell_set_unknown(cell, config_reason(item->base.function->config_error));
		return;
	}
	cell_set_boolean(cell, item->step->isolates == VFA_YES);
	cell_set_colour(cell, item->step->isolates == VFA_YES ? COLOUR_GOOD : COLOUR_WARNING);
}

static void get_missing(const void *data, struct cell *cell)
{
	const struct step_item *item = data;

	for (unsigned int bit = VFA_ACS_SV; bit <= VFA_ACS_DT; bit <<= 1) {
		if (item->step->missing & bit)
			cell_add(cell, "%s", vfa_acs_bit_name(bit));
	}
}

static void get_multifunction(const void *data, struct cell *cell)
{
	const struct step_item *item = data;

	cell_set_boolean(cell, item->base.function->is_multifunction);
}

static void get_alias(const void *data, struct cell *cell)
{
	const struct step_item *item = data;

	cell_set_boolean(cell, item->step->is_alias);
}

static void get_step_reason(const void *data, struct cell *cell)
{
	const struct step_item *item = data;

	if (*item->step->reason)
		cell_set(cell, "%s", item->step->reason);
}

const struct column step_columns[] = {
	{ "ADDRESS", "PCI address, from the root bus down to the device", COLUMN_TEXT,
	  COLUMN_DEFAULT | COLUMN_TREE, get_address },
	{ "TYPE", "place in PCI Express", COLUMN_TEXT, COLUMN_DEFAULT, get_type },
	{ "GROUP", "IOMMU group that it is in", COLUMN_NUMBER, COLUMN_DEFAULT, get_group },
	{ "ACS", "Access Control Services that it has: on (+) or off (-)", COLUMN_TEXT,
	  COLUMN_DEFAULT, get_bits },
	{ "ISOLATES", "nothing turns round in it or below it", COLUMN_BOOLEAN, COLUMN_DEFAULT,
	  get_isolates },
	{ "MISSING", "Access Control Services that would have to be on for that", COLUMN_LIST, 0,
	  get_missing },
	{ "MULTI", "a function of several in its slot", COLUMN_BOOLEAN, 0, get_multifunction },
	{ "ALIAS", "its address is, or may be, on requests from below", COLUMN_BOOLEAN, 0,
	  get_alias },
	{ "ATS", "Address Translation Services: on or off", COLUMN_TEXT, COLUMN_DEFAULT, get_ats },
	{ "PRI", "Page Request Interface: on or off", COLUMN_TEXT, 0, get_pri },
	{ "PASID", "Process Address Space IDs: on or off", COLUMN_TEXT, 0, get_pasid },
	{ "DRIVER", "driver that it is bound to", COLUMN_TEXT, 0, get_driver },
	{ "REASON", "why it does not isolate", COLUMN_TEXT, COLUMN_DEFAULT, get_step_reason },
	{ NULL },
};

static void get_member(const void *data, struct cell *cell)
{
	const struct member_item *item = data;

	cell_set(cell, "%s", bdf_of(item->topology, item->member->function));
}

static void get_dangerous(const void *data, struct cell *cell)
{
	const struct member_item *item = data;

	cell_set_boolean(cell, item->is_dangerous);
	if (item->is_dangerous)
		cell_set_colour(cell, COLOUR_BAD);
}

static void get_culprit(const void *data, struct cell *cell)
{
	const struct member_item *item = data;

	if (item->member->culprit >= 0)
		cell_set(cell, "%s", bdf_of(item->topology, item->member->culprit));
}

static void get_member_reason(const void *data, struct cell *cell)
{
	const struct member_item *item = data;

	if (*item->member->reason)
		cell_set(cell, "%s", item->member->reason);
}

const struct column member_columns[] = {
	{ "MEMBER", "", COLUMN_ADDRESS, 0, get_member },
	{ "DANGEROUS", "", COLUMN_BOOLEAN, 0, get_dangerous },
	{ "CULPRIT", "", COLUMN_ADDRESS, 0, get_culprit },
	{ "REASON", "", COLUMN_TEXT, 0, get_member_reason },
	{ NULL },
};

static void get_merged_group(const void *data, struct cell *cell)
{
	const struct member_item *item = data;

	cell_set(cell, "%d", item->device->group);
}

static void get_device(const void *data, struct cell *cell)
{
	const struct member_item *item = data;

	cell_set(cell, "%s", item->device->bdf);
}

const struct column merged_columns[] = {
	{ "GROUP", "", COLUMN_NUMBER, 0, get_merged_group },
	{ "ADDRESS", "", COLUMN_ADDRESS, 0, get_device },
	{ "MEMBER", "", COLUMN_ADDRESS, 0, get_member },
	{ "DANGEROUS", "", COLUMN_BOOLEAN, 0, get_dangerous },
	{ "CULPRIT", "", COLUMN_ADDRESS, 0, get_culprit },
	{ "REASON", "", COLUMN_TEXT, 0, get_member_reason },
	{ NULL },
};

static void get_kind(const void *data, struct cell *cell)
{
	const struct note_item *item = data;

	cell_set(cell, "%s", vfa_isolation_note_name(item->note->kind));
}

static void get_about(const void *data, struct cell *cell)
{
	const struct note_item *item = data;

	cell_set(cell, "%s", bdf_of(item->topology, item->note->function));
}

static void get_lost(const void *data, struct cell *cell)
{
	const struct note_item *item = data;

	for (unsigned int bit = VFA_ACS_SV; bit <= VFA_ACS_DT; bit <<= 1) {
		if (item->note->missing & bit)
			cell_add(cell, "%s", vfa_acs_bit_name(bit));
	}
}

static void get_text(const void *data, struct cell *cell)
{
	const struct note_item *item = data;

	cell_set(cell, "%s", item->note->text);
}

const struct column note_columns[] = {
	{ "KIND", "", COLUMN_TEXT, 0, get_kind },
	{ "FUNCTION", "", COLUMN_ADDRESS, 0, get_about },
	{ "MISSING", "", COLUMN_LIST, 0, get_lost },
	{ "TEXT", "", COLUMN_TEXT, 0, get_text },
	{ NULL },
};

static void get_changed(const void *data, struct cell *cell)
{
	const struct changed_item *item = data;

	cell_set(cell, "%s", bdf_of(item->topology, item->index));
}

static void get_group_now(const void *data, struct cell *cell)
{
	const struct changed_item *item = data;

	cell_set(cell, "%d", vfa_topology_get_function(item->topology, item->index)->group);
}

static void get_companions(const void *data, struct cell *cell)
{
	const struct changed_item *item = data;

	for (size_t i = 0; i < vfa_topology_count_functions(item->topology); i++) {
		if (i != item->index && item->groups[i] == item->groups[item->index])
			cell_add(cell, "%s", bdf_of(item->topology, i));
	}
}

const struct column changed_columns[] = {
	{ "ADDRESS", "", COLUMN_ADDRESS, 0, get_changed },
	{ "GROUP", "", COLUMN_NUMBER, 0, get_group_now },
	{ "WITH", "", COLUMN_LIST, 0, get_companions },
	{ NULL },
};
