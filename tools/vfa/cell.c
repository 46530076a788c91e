/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "cell.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fail.h"

static void append(struct cell *cell, const char *format, va_list arguments)
{
	va_list again;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (cell->used + length + 1 > cell->size) {
		cell->size = 2 * (cell->used + length + 1);
		cell->text = must(realloc(cell->text, cell->size));
	}
	vsnprintf(cell->text + cell->used, length + 1, format, arguments);
	cell->used += length;
	cell->is_set = true;
}

void cell_set(struct cell *cell, const char *format, ...)
{
	va_list arguments;

	cell->used = 0;
	va_start(arguments, format);
	append(cell, format, arguments);
	va_end(arguments);
}

static void separate(struct cell *cell, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	append(cell, format, arguments);
	va_end(arguments);
}

void cell_add(struct cell *cell, const char *format, ...)
{
	va_list arguments;

	if (cell->used)
		separate(cell, "%s", cell->json ? "\n" : ",");
	va_start(arguments, format);
	append(cell, format, arguments);
	va_end(arguments);
}

void cell_set_boolean(struct cell *cell, bool value)
{
	cell_set(cell, "%s", value ? "yes" : "no");
}

void cell_set_size(struct cell *cell, uint64_t bytes)
{
	const char *unit = "BKMGTPE";

	if (cell->json) {
		cell_set(cell, "%" PRIu64, bytes);
		return;
	}
	for (; bytes && !(bytes & 1023) && unit[1]; unit++)
		bytes >>= 10;
	cell_set(cell, "%" PRIu64 "%c", bytes, *unit);
}

void cell_set_unknown(struct cell *cell, const char *reason)
{
	if (!cell->json)
		cell_set(cell, "?");
	cell->unknown = reason;
}

void cell_set_colour(struct cell *cell, enum colour colour)
{
	cell->colour = colour;
}

const char *cell_colour(const struct cell *cell)
{
	static const char *const sequences[] = {
		[COLOUR_NONE] = NULL,          [COLOUR_GOOD] = "\033[32m",
		[COLOUR_WARNING] = "\033[33m", [COLOUR_BAD] = "\033[31m",
		[COLOUR_FAINT] = "\033[2m",
	};

	return sequences[cell->colour];
}

void cell_clear(struct cell *cell)
{
	cell->is_set = false;
	cell->unknown = NULL;
	cell->colour = COLOUR_NONE;
	cell->used = 0;
}

void cell_free(struct cell *cell)
{
	free(cell->text);
}
