/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What could not be read, and why: said once, however often it happened. */

#ifndef VFA_TOOL_UNKNOWN_H
#define VFA_TOOL_UNKNOWN_H

#include <stddef.h>

#define MAX_UNKNOWNS 8

struct unknowns {
	const char *reasons[MAX_UNKNOWNS];
	size_t times[MAX_UNKNOWNS];
	size_t count;
};

/** unknowns_add() - a value is missing; the string @reason stays */
void unknowns_add(struct unknowns *unknowns, const char *reason);

/** unknowns_tell() - on standard error */
void unknowns_tell(const struct unknowns *unknowns);

#endif
