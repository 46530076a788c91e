/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A value on its way to the output: unset, unknown, or text. */

#ifndef VFA_TOOL_CELL_H
#define VFA_TOOL_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum colour {
	COLOUR_NONE,
	COLOUR_GOOD,
	COLOUR_WARNING,
	COLOUR_BAD,
	COLOUR_FAINT,
};

/**
 * struct cell - a value
 * @json: it is for programs: sizes in bytes, words of a list apart by newlines
 * @is_set: there is a value
 * @unknown: why there may be one that could not be read, else NULL
 * @colour: for people
 * @text: the value
 */
struct cell {
	bool json;
	bool is_set;
	const char *unknown;
	enum colour colour;
	char *text;
	size_t used, size;
};

/** cell_set() - text, or a number in decimal */
void cell_set(struct cell *cell, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** cell_add() - one more word of a list */
void cell_add(struct cell *cell, const char *format, ...) __attribute__((format(printf, 2, 3)));

void cell_set_boolean(struct cell *cell, bool value);

/** cell_set_size() - bytes, for people in the largest unit that is exact */
void cell_set_size(struct cell *cell, uint64_t bytes);

/**
 * cell_set_unknown() - it could not be read
 * @reason: a string that stays, such as "config space: permission denied"
 *
 * For people it is "?", for programs null.
 */
void cell_set_unknown(struct cell *cell, const char *reason);

void cell_set_colour(struct cell *cell, enum colour colour);

/** cell_colour() - how a terminal is told, NULL for none */
const char *cell_colour(const struct cell *cell);

/** cell_clear() - as new; the room for text stays */
void cell_clear(struct cell *cell);
void cell_free(struct cell *cell);

#endif
