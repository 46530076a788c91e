/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * JSON that libsmartcols does not write: objects in objects, and an object a line.
 * Values come from columns, so that they look the same everywhere.
 */

#ifndef VFA_TOOL_JSON_H
#define VFA_TOOL_JSON_H

#include <stdbool.h>
#include <stdio.h>

#include "columns.h"

/* Starts all zero but for @out. */
struct json {
	FILE *out;
	bool one_line;
	bool follows; /* a comma has to come first */
	int depth;
};

/** json_open() - an object or array; @name is NULL for one without */
void json_open(struct json *json, const char *name, char bracket);
void json_close(struct json *json, char bracket);

/** json_cell() - the value of a column; its name in lower case is the key */
void json_cell(struct json *json, const struct column *column, const struct cell *cell);

#endif
