/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "stream.h"

#include <stdio.h>
#include <stdlib.h>

#include "fail.h"
#include "json.h"

struct stream {
	struct chosen_columns chosen;
	struct cell cell; /* each in turn */
};

/* What does not fit pushes the rest on; the last column is not filled up. */
static void print_padded(const struct stream *stream, size_t index, const char *text)
{
	int width = COLUMN_WIDTH_OF(stream->chosen.columns[index]->flags);

	if (index + 1 < stream->chosen.count)
		printf("%-*s ", width, text);
	else
		printf("%s\n", text);
}

static void print_headings(const struct stream *stream)
{
	for (size_t i = 0; i < stream->chosen.count; i++)
		print_padded(stream, i, stream->chosen.columns[i]->name);
	fflush(stdout);
}

int stream_new(const struct request *request, struct stream **ret)
{
	struct stream *stream = must(calloc(1, sizeof(*stream)));
	int status = columns_choose(request, &stream->chosen);

	if (status) {
		free(stream);
		return status;
	}
	stream->cell.json = request_option(request, "json");
	if (!stream->cell.json && !request_option(request, "noheadings"))
		print_headings(stream);
	*ret = stream;
	return STATUS_FINE;
}

static void print_json(struct stream *stream, const void *item)
{
	struct json json = { .out = stdout, .one_line = true };

	json_open(&json, NULL, '{');
	for (size_t i = 0; i < stream->chosen.count; i++) {
		columns_get(stream->chosen.columns[i], item, &stream->cell);
		json_cell(&json, stream->chosen.columns[i], &stream->cell);
	}
	json_close(&json, '}');
}

static void print_line(struct stream *stream, const void *item)
{
	for (size_t i = 0; i < stream->chosen.count; i++) {
		columns_get(stream->chosen.columns[i], item, &stream->cell);
		print_padded(stream, i, stream->cell.is_set ? stream->cell.text : "-");
	}
}

void stream_add(struct stream *stream, const void *item)
{
	if (stream->cell.json)
		print_json(stream, item);
	else
		print_line(stream, item);
	fflush(stdout);
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	columns_free(&stream->chosen);
	cell_free(&stream->cell);
	free(stream);
}
