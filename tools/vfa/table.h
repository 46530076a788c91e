/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Tables, trees and JSON of them, by libsmartcols. */

#ifndef VFA_TOOL_TABLE_H
#define VFA_TOOL_TABLE_H

#include "columns.h"

struct row;
struct table;

/**
 * table_new() - a table of the command's columns, as the user wants them
 * @name: of the array in JSON
 *
 * Return: 0, or an exit status with the reason said.
 */
int table_new(const struct request *request, const char *name, struct table **ret);

/** table_new_fixed() - a table of all @columns, for people */
struct table *table_new_fixed(const struct column *columns, bool headings);

bool table_is_empty(const struct table *table);

/**
 * table_add() - one more item
 * @parent: the row that it is a child of, NULL for none
 *
 * Return: its row, which belongs to the table. @item is not kept.
 */
struct row *table_add(struct table *table, struct row *parent, const void *item);

/**
 * table_print() - print and free it
 *
 * What could not be read is said on standard error.
 *
 * Return: an exit status.
 */
int table_print(struct table *table);

void table_free(struct table *table);

#endif
