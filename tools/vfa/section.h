/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a function has several of, as a table of its own. */

#ifndef VFA_TOOL_SECTION_H
#define VFA_TOOL_SECTION_H

#include "function.h"

/**
 * struct section - the parts behind a column of function_columns
 * @name: of the column
 * @columns: of the parts
 * @each: calls @add for each part; returns why they cannot be told, else NULL
 */
struct section {
	const char *name;
	const struct column *columns;
	const char *(*each)(const struct function_item *item,
			    void (*add)(void *to, const void *part), void *to);
};

extern const struct section section_capabilities;
extern const struct section section_interrupts;
extern const struct section section_regions;

/** section_set() - the parts' names as a list: what the column of the function shows */
void section_set(const struct section *section, const struct function_item *item,
		 struct cell *cell);

#endif
