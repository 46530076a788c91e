/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Tables, trees and JSON over libsmartcols.
 *
 * A command has a static table of columns, each with a function that tells its
 * value for an item. Only the columns that are printed are asked.
 */

#ifndef VFA_TABLE_H
#define VFA_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"

struct cell;
struct row;
struct table;

enum column_type {
	COLUMN_TEXT,
	COLUMN_NUMBER,  /* decimal; a number in JSON */
	COLUMN_SIZE,    /* bytes, for people in units; a number in JSON */
	COLUMN_BOOLEAN, /* yes or no */
	COLUMN_LIST,    /* words; an array in JSON */
	COLUMN_ADDRESS, /* a PCI address, sorted as one */
};

enum column_flag {
	COLUMN_DEFAULT = 1 << 0, /* shown without -o */
	COLUMN_TREE = 1 << 1,    /* carries the tree's branches */
	COLUMN_CUT = 1 << 2,     /* may be cut to fit a terminal */
};

/**
 * struct column - what can be told of an item
 * @name: its heading, and in lower case its key in JSON; ends a table when NULL
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

enum colour {
	COLOUR_NONE,
	COLOUR_GOOD,
	COLOUR_WARNING,
	COLOUR_BAD,
	COLOUR_FAINT,
};

/** cell_set() - text, or a number in decimal */
void cell_set(struct cell *cell, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** cell_add() - one more word of a list */
void cell_add(struct cell *cell, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** cell_list() - there is a list, which may be empty */
void cell_list(struct cell *cell);

void cell_set_boolean(struct cell *cell, bool value);
void cell_set_size(struct cell *cell, uint64_t bytes);

/** cell_set_unknown() - it could not be read: "?", and null in JSON */
void cell_set_unknown(struct cell *cell);

void cell_set_colour(struct cell *cell, enum colour colour);

/** cell_request() - what the user asked for */
const struct request *cell_request(const struct cell *cell);

/**
 * table_new() - a table of the command's columns, as -o and its companions say
 * @name: of the array in JSON
 *
 * Return: 0, or an exit status, with the reason said.
 */
int table_new(const struct request *request, const char *name, struct table **ret);

/**
 * table_add() - one more item
 * @parent: the row that it is a child of, NULL for none
 *
 * Return: its row, which the table owns.
 */
struct row *table_add(struct table *table, struct row *parent, const void *item);

/** table_has() - whether a column is printed */
bool table_has(const struct table *table, const char *column);

/** table_print() - print and free it; returns an exit status */
int table_print(struct table *table);

void table_free(struct table *table);

#endif
