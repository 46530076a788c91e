/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "unknown.h"

#include <string.h>

#include "fail.h"

void unknowns_add(struct unknowns *unknowns, const char *reason)
{
	size_t i = 0;

	while (i < unknowns->count && strcmp(unknowns->reasons[i], reason))
		i++;
	if (i == MAX_UNKNOWNS)
		return;
	if (i == unknowns->count)
		unknowns->count++;
	unknowns->reasons[i] = reason;
	unknowns->times[i]++;
}

void unknowns_tell(const struct unknowns *unknowns)
{
	for (size_t i = 0; i < unknowns->count; i++)
		note("%zu value%s could not be read: %s", unknowns->times[i],
		     unknowns->times[i] == 1 ? "" : "s", unknowns->reasons[i]);
}
