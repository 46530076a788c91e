/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "capture/print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/text.h"

#define COMMENT                                                                                    \
	"# A machine as libvfa reads it. vfa_capture(3) tells what is in here, and what is not.\n"

/* A line, with what comes before the text of it, and the text of one escaped. */
#define BUFFER (2 * CAPTURE_LINE)

struct printer {
	const struct syscalls *sys;
	int fd;
	int err; /* the first one; nothing is written after it */
	size_t used;
	char buffer[BUFFER];
	char escaped[CAPTURE_LINE];
};

static void flush(struct printer *printer)
{
	size_t done = 0;

	while (done < printer->used && !printer->err) {
		ssize_t put = sys_write(printer->sys, printer->fd, printer->buffer + done,
					printer->used - done);

		if (put > 0)
			done += put;
		else
			printer->err = put ? put : -EIO;
	}
	printer->used = 0;
}

static void put(struct printer *printer, const char *text)
{
	size_t length = strlen(text);

	if (printer->used + length > BUFFER)
		flush(printer);
	memcpy(printer->buffer + printer->used, text, length);
	printer->used += length;
}

static void put_format(struct printer *printer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put_format(struct printer *printer, const char *format, ...)
{
	char text[128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	put(printer, text);
}

/* At most a quarter of a line, so that it is one in any case. */
static void put_escaped(struct printer *printer, const char *bytes, size_t size, bool in_name)
{
	text_escape(bytes, size, in_name, printer->escaped);
	put(printer, printer->escaped);
}

static void put_name(struct printer *printer, const char *name)
{
	put_escaped(printer, name, strlen(name), true);
}

static void print_text(struct printer *printer, const struct captured_file *file)
{
	const char *line = file->data, *newline = memchr(line, '\n', file->size);

	if (!newline && !file->size)
		return;
	if (!newline) {
		put(printer, " ");
		put_escaped(printer, line, file->size, false);
		return;
	}
	for (; line; line = newline ? newline + 1 : NULL) {
		size_t left = (const char *)file->data + file->size - line;

		newline = memchr(line, '\n', left);
		put(printer, "\n|");
		if (newline != line && left)
			put(printer, " ");
		put_escaped(printer, line, newline ? (size_t)(newline - line) : left, false);
	}
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

static void print_bytes(struct printer *printer, const struct captured_file *file)
{
	const unsigned char *bytes = file->data;

	put_format(printer, " %zu of %" PRIu64, file->size, file->whole);
	for (size_t at = 0; at < file->size; at += CAPTURE_ROW) {
		size_t size = file->size - at < CAPTURE_ROW ? file->size - at : CAPTURE_ROW;

		if (is_zero(bytes + at, size))
			continue;
		put_format(printer, "\n| %03zx:", at);
		for (size_t i = 0; i < size; i++)
			put_format(printer, " %02x", bytes[at + i]);
	}
}

static void print_node(struct printer *printer, const struct captured_entry *entry)
{
	const char *kind = "file";

	if (S_ISCHR(entry->node.mode))
		kind = "char";
	else if (S_ISBLK(entry->node.mode))
		kind = "block";
	put_format(printer, " %s %04o %u %u", kind, entry->node.mode & 07777, entry->node.uid,
		   entry->node.gid);
}

static void print_entry(struct printer *printer, const struct captured_entry *entry)
{
	static const char *const words[] = {
		[CAPTURED_TEXT] = "text ", [CAPTURED_BYTES] = "bytes ", [CAPTURED_LINK] = "link ",
		[CAPTURED_NODE] = "node ", [CAPTURED_ERROR] = "error ",
	};

	put(printer, words[entry->kind]);
	put_name(printer, entry->name);
	switch (entry->kind) {
	case CAPTURED_DIRECTORY:
		break;
	case CAPTURED_TEXT:
		print_text(printer, &entry->file);
		break;
	case CAPTURED_BYTES:
		print_bytes(printer, &entry->file);
		break;
	case CAPTURED_LINK:
		put(printer, " ");
		put_name(printer, entry->target);
		break;
	case CAPTURED_NODE:
		print_node(printer, entry);
		break;
	case CAPTURED_ERROR:
		put_format(printer, " %s", strerrorname_np(-entry->error));
		break;
	}
	put(printer, "\n");
}

/* A directory of directories alone shows in their paths. */
static void print_own(struct printer *printer, const struct captured_entry *directory)
{
	char path[CAPTURED_PATH];
	bool is_empty = !directory->directory.count && directory->parent;

	for (uint32_t i = 0; i < directory->directory.count && !is_empty; i++)
		is_empty = directory->directory.sorted[i]->kind != CAPTURED_DIRECTORY;
	if (!is_empty || captured_path(directory, path))
		return;
	put(printer, "\ndir ");
	put_name(printer, path);
	put(printer, "\n");
	for (uint32_t i = 0; i < directory->directory.count; i++) {
		if (directory->directory.sorted[i]->kind != CAPTURED_DIRECTORY)
			print_entry(printer, directory->directory.sorted[i]);
	}
}

/* As deep as a path is long. */
static void print_directory(struct printer *printer, const struct captured_entry *directory)
{
	print_own(printer, directory);
	for (uint32_t i = 0; i < directory->directory.count; i++) {
		if (directory->directory.sorted[i]->kind == CAPTURED_DIRECTORY)
			print_directory(printer, directory->directory.sorted[i]);
	}
}

int capture_print(const struct captured *tree, const struct syscalls *sys, int fd)
{
	struct printer *printer = malloc(sizeof(*printer));
	int err;

	if (!printer)
		return -ENOMEM;
	printer->sys = sys;
	printer->fd = fd;
	printer->err = 0;
	printer->used = 0;
	put(printer, CAPTURE_TITLE CAPTURE_VERSION "\n" COMMENT);
	print_directory(printer, captured_root(tree));
	put(printer, "\nend\n");
	flush(printer);
	err = printer->err;
	free(printer);
	return err;
}
