/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "section.h"

struct naming {
	const struct section *section;
	struct cell *cell;
	struct cell name;
};

static void add_name(void *to, const void *part)
{
	struct naming *naming = to;

	columns_get(&naming->section->columns[0], part, &naming->name);
	cell_add(naming->cell, "%s", naming->name.text);
}

void section_set(const struct section *section, const struct function_item *item, struct cell *cell)
{
	struct naming naming = { .section = section, .cell = cell };
	const char *unknown = section->each(item, add_name, &naming);

	if (unknown)
		cell_set_unknown(cell, unknown);
	cell_free(&naming.name);
}
