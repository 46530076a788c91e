/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "use.h"

#include "topology/usage.h"

/* More are not worth a line. */
#define MAX_USES 16

void usage_set(const struct vfa_host *host, const char *bdf, struct cell *cell)
{
	struct usage uses[MAX_USES];
	char text[USAGE_TEXT];
	int count = usage_find(host, bdf, uses, MAX_USES);

	if (count < 0)
		cell_set_unknown(cell, "sysfs: the devices below could not be read");
	for (int i = 0; i < count && i < MAX_USES; i++)
		cell_add(cell, "%s", usage_print(&uses[i], text));
}
