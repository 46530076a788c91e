/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a function can do, by the lists in its config space. */

#include <inttypes.h>

#include "section.h"
#include "topology/function.h"

static void get_name(const void *data, struct cell *cell)
{
	const struct vfa_capability *capability = data;
	const char *name = capability_name(capability);

	if (name)
		cell_set(cell, "%s", name);
	else
		cell_set(cell, "%sid 0x%x", capability->is_extended ? "extended " : "",
			 capability->id);
}

static void get_offset(const void *data, struct cell *cell)
{
	const struct vfa_capability *capability = data;

	cell_set(cell, "0x%x", capability->offset);
}

static void get_id(const void *data, struct cell *cell)
{
	const struct vfa_capability *capability = data;

	cell_set(cell, "0x%x", capability->id);
}

static void get_extended(const void *data, struct cell *cell)
{
	const struct vfa_capability *capability = data;

	cell_set_boolean(cell, capability->is_extended);
}

static const struct column columns[] = {
	{ "NAME", "", COLUMN_TEXT, COLUMN_DEFAULT, get_name },
	{ "OFFSET", "", COLUMN_TEXT, COLUMN_DEFAULT, get_offset },
	{ "ID", "", COLUMN_TEXT, COLUMN_DEFAULT, get_id },
	{ "EXTENDED", "", COLUMN_BOOLEAN, COLUMN_DEFAULT, get_extended },
	{ NULL },
};

static const char *each(const struct function_item *item, void (*add)(void *to, const void *part),
			void *to)
{
	struct capability_set set;
	struct function_config config;
	int err;

	function_config_open(item->request->host, item->function->bdf, &config);
	err = capability_read(&config.space, &set);
	function_config_close(&config);
	if (err)
		return config_reason(err);
	for (size_t i = 0; i < set.count; i++)
		add(to, &set.list[i]);
	return NULL;
}

const struct section section_capabilities = {
	.name = "CAPABILITIES",
	.columns = columns,
	.each = each,
};

void get_capabilities(const void *data, struct cell *cell)
{
	section_set(&section_capabilities, data, cell);
}
