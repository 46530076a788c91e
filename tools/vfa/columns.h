/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Columns, and which of them the user wants.
 *
 * A command has a static table of columns, each with a function that tells its
 * value for an item. Only those that are shown are asked.
 */

#ifndef VFA_TOOL_COLUMNS_H
#define VFA_TOOL_COLUMNS_H

#include <stdbool.h>

#include "cell.h"
#include "command.h"

enum column_type {
	COLUMN_TEXT,
	COLUMN_NUMBER,  /* decimal; a number in JSON */
	COLUMN_SIZE,    /* by cell_set_size(); a number in JSON */
	COLUMN_BOOLEAN, /* by cell_set_boolean() */
	COLUMN_LIST,    /* by cell_add(); an array in JSON */
	COLUMN_ADDRESS, /* a PCI address, sorted as one */
};

enum column_flag {
	COLUMN_DEFAULT = 1 << 0, /* shown without -o */
	COLUMN_TREE = 1 << 1,    /* carries the branches of a tree */
	COLUMN_CUT = 1 << 2,     /* may be cut to fit a terminal */
};

/* In a column's flags: its width where items are printed as they come. */
#define COLUMN_WIDTH(width)    ((width) << 8)
#define COLUMN_WIDTH_OF(flags) ((int)((flags) >> 8))

/**
 * struct column - what can be told of an item
 * @name: its heading, and in lower case its key in JSON; a table ends with NULL
 * @help: one line
 * @type: what kind of value
 * @flags: of enum column_flag
 * @get: sets the value of @item; leaves it unset where there is none
 */
struct column {
	const char *name;
	const char *help;
	enum column_type type;
	unsigned int flags;
	void (*get)(const void *item, struct cell *cell);
};

/* The columns to show, in their order. */
struct chosen_columns {
	const struct column **columns;
	size_t count;
	const struct column *sort; /* NULL for no order but that of the items */
};

/**
 * columns_choose() - as -o and its companions say
 *
 * Return: 0, or an exit status with the reason said.
 */
int columns_choose(const struct request *request, struct chosen_columns *ret);

/** columns_choose_all() - all of them, in their order */
void columns_choose_all(const struct column *columns, struct chosen_columns *ret);

void columns_free(struct chosen_columns *chosen);

/** columns_is_usual() - shown without -o */
bool columns_is_usual(const struct command *command, const struct column *column);

/** columns_get() - the value of a column for an item */
void columns_get(const struct column *column, const void *item, struct cell *cell);

#endif
