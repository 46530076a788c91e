/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "json.h"

#include <ctype.h>
#include <string.h>

static void begin_value(struct json *json)
{
	if (json->follows)
		fputc(',', json->out);
	if (json->one_line && json->follows)
		fputc(' ', json->out);
	if (!json->one_line && json->depth)
		fprintf(json->out, "\n%*s", 3 * json->depth, "");
	json->follows = true;
}

static void print_text(struct json *json, const char *text, size_t length)
{
	fputc('"', json->out);
	for (; length--; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(json->out, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			fprintf(json->out, "\\u%04x", *text);
		else
			fputc(*text, json->out);
	}
	fputc('"', json->out);
}

static void print_key(struct json *json, const char *name)
{
	fputc('"', json->out);
	for (; *name; name++)
		fputc(tolower((unsigned char)*name), json->out);
	fputs("\": ", json->out);
}

void json_open(struct json *json, const char *name, char bracket)
{
	begin_value(json);
	if (name)
		print_key(json, name);
	fputc(bracket, json->out);
	json->follows = false;
	json->depth++;
}

void json_close(struct json *json, char bracket)
{
	json->depth--;
	if (json->follows && !json->one_line)
		fprintf(json->out, "\n%*s", 3 * json->depth, "");
	fputc(bracket, json->out);
	json->follows = true;
	if (!json->depth) {
		json->follows = false;
		fputc('\n', json->out);
	}
}

/* Words apart by newlines. */
static void print_list(struct json *json, const char *text)
{
	size_t length;

	fputc('[', json->out);
	for (; *text; text += length + !!text[length]) {
		length = strcspn(text, "\n");
		print_text(json, text, length);
		if (text[length])
			fputs(", ", json->out);
	}
	fputc(']', json->out);
}

static void print_value(struct json *json, enum column_type type, const struct cell *cell)
{
	if (cell->unknown)
		fputs("null", json->out);
	else if (type == COLUMN_LIST)
		print_list(json, cell->is_set ? cell->text : "");
	else if (!cell->is_set)
		fputs("null", json->out);
	else if (type == COLUMN_NUMBER || type == COLUMN_SIZE)
		fputs(cell->text, json->out);
	else if (type == COLUMN_BOOLEAN)
		fputs(*cell->text == 'y' ? "true" : "false", json->out);
	else
		print_text(json, cell->text, strlen(cell->text));
}

void json_cell(struct json *json, const struct column *column, const struct cell *cell)
{
	begin_value(json);
	print_key(json, column->name);
	print_value(json, column->type, cell);
}
