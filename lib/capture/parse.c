/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "capture/parse.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "capture/text.h"

/* Linux has no errno beyond it. */
#define LAST_ERRNO 133

struct parser {
	struct capture_source *source;
	struct captured *tree;
	struct captured_entry *directory; /* the last one named */
	size_t line;
	bool ended;
	bool has_file; /* one whose rows may follow */
	bool has_line; /* a text that is on its line, or has had a row */
	struct captured_entry file;
	char name[CAPTURED_NAME + 1];
	char *content;
	size_t used, size; /* of its content, and of the memory for it */
};

static int refuse(const struct parser *parser, const char *reason)
{
	return error_set(EINVAL, VFA_CAUSE_BAD_CAPTURE,
			 "%s, line %zu: %s\n"
			 "this is no capture, or a damaged one: make it anew on its machine:\n"
			 "  vfa capture FILE",
			 parser->source->name, parser->line, reason);
}

static int refuse_entry(const struct parser *parser, int err)
{
	switch (err) {
	case -ENOMEM:
		return error_memory();
	case -EEXIST:
		return refuse(parser, "the same name a second time");
	case -ENOTDIR:
		return refuse(parser, "a path through something that is no directory");
	case -ENAMETOOLONG:
		return refuse(parser, "a name or path that is too long");
	case -EFBIG:
		return error_set(EFBIG, VFA_CAUSE_BAD_CAPTURE,
				 "%s, line %zu: the captured machine takes more than %u MiB\n"
				 "leave out what the question is not about",
				 parser->source->name, parser->line, CAPTURED_MEMORY >> 20);
	default:
		return refuse(parser, "not a name or path");
	}
}

/* The file whose rows have come to their end. */
static int finish_file(struct parser *parser)
{
	struct captured_file *file = &parser->file.file;
	int err;

	if (!parser->has_file)
		return 0;
	parser->has_file = false;
	file->data = parser->content;
	if (parser->file.kind == CAPTURED_TEXT) {
		file->size = parser->used;
		file->whole = parser->used;
	}
	err = captured_add(parser->tree, parser->directory, parser->name, &parser->file);
	return err ? refuse_entry(parser, err) : 0;
}

/* Room for the content of a file: 0, or -ENOMEM, recorded. */
static int reserve(struct parser *parser, size_t size)
{
	size_t grown_size = size > 2 * parser->size ? size : 2 * parser->size;
	char *grown;

	if (size <= parser->size)
		return 0;
	grown = realloc(parser->content, grown_size);
	if (!grown)
		return error_memory();
	parser->content = grown;
	parser->size = grown_size;
	return 0;
}

static int parse_directory(struct parser *parser, char *rest)
{
	int err;

	if (text_unescape(rest) != (ptrdiff_t)strlen(rest))
		return refuse(parser, "not a path");
	err = captured_directory(parser->tree, rest, &parser->directory);
	return err ? refuse_entry(parser, err) : 0;
}

/* The name at the start of @rest, which is left behind it; NULL for none. */
static const char *take_name(char **rest)
{
	char *name = strsep(rest, " ");

	return text_unescape(name) == (ptrdiff_t)strlen(name) ? name : NULL;
}

static int parse_link(struct parser *parser, const char *name, char *rest)
{
	struct captured_entry link = { .kind = CAPTURED_LINK, .target = rest };
	int err;

	if (!rest || text_unescape(rest) != (ptrdiff_t)strlen(rest))
		return refuse(parser, "not a link's target");
	err = captured_add(parser->tree, parser->directory, name, &link);
	return err ? refuse_entry(parser, err) : 0;
}

/* A number up to @end, which is left behind. */
static bool take_number(char **text, unsigned int base, char end, uint64_t most, uint64_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t value = 0;
	char *at = *text;

	for (const char *digit; *at && (digit = strchr(digits, *at)); at++) {
		if ((unsigned int)(digit - digits) >= base)
			return false;
		value = value * base + (digit - digits);
		if (value > most)
			return false;
	}
	if (at == *text || *at != end)
		return false;
	*text = end ? at + 1 : at;
	*ret = value;
	return true;
}

static mode_t node_kind(const char *name)
{
	if (!strcmp(name, "char"))
		return S_IFCHR;
	if (!strcmp(name, "block"))
		return S_IFBLK;
	return strcmp(name, "file") ? 0 : S_IFREG;
}

static int parse_node(struct parser *parser, const char *name, char *rest)
{
	struct captured_entry node = { .kind = CAPTURED_NODE };
	mode_t kind = rest ? node_kind(strsep(&rest, " ")) : 0;
	uint64_t mode, uid, gid;
	int err;

	if (!kind || !rest || !take_number(&rest, 8, ' ', 07777, &mode) ||
	    !take_number(&rest, 10, ' ', UINT32_MAX, &uid) ||
	    !take_number(&rest, 10, '\0', UINT32_MAX, &gid))
		return refuse(parser, "a node is: node NAME char|block|file MODE USER GROUP");
	node.node.mode = kind | mode;
	node.node.uid = uid;
	node.node.gid = gid;
	err = captured_add(parser->tree, parser->directory, name, &node);
	return err ? refuse_entry(parser, err) : 0;
}

static int parse_error(struct parser *parser, const char *name, char *rest)
{
	struct captured_entry entry = { .kind = CAPTURED_ERROR };
	int err;

	for (int number = 1; number <= LAST_ERRNO && rest; number++) {
		const char *known = strerrorname_np(number);

		if (known && !strcmp(known, rest))
			entry.error = -number;
	}
	if (!entry.error)
		return refuse(parser, "an error is named as errno(3) does, such as EACCES");
	err = captured_add(parser->tree, parser->directory, name, &entry);
	return err ? refuse_entry(parser, err) : 0;
}

static int parse_text(struct parser *parser, const char *name, char *rest)
{
	ptrdiff_t size = rest ? text_unescape(rest) : 0;

	if (size < 0)
		return refuse(parser, "bytes that have to be escaped");
	if (size > CAPTURE_TEXT_LINE)
		return refuse(parser, "a line that is too long");
	if (reserve(parser, size + 1))
		return -ENOMEM;
	parser->file = (struct captured_entry){ .kind = CAPTURED_TEXT };
	memcpy(parser->content, rest ? rest : "", size);
	parser->used = size;
	parser->has_line = rest;
	strcpy(parser->name, name);
	parser->has_file = true;
	return 0;
}

static int parse_bytes(struct parser *parser, const char *name, char *rest)
{
	struct captured_file file = { 0 };
	uint64_t size;

	if (!rest || !take_number(&rest, 10, ' ', CAPTURE_CONTENT, &size) ||
	    strncmp(rest, "of ", 3) || !(rest += 3) ||
	    !take_number(&rest, 10, '\0', CAPTURE_CONTENT, &file.whole))
		return refuse(parser, "bytes are: bytes NAME READABLE of SIZE");
	file.size = size;
	parser->file = (struct captured_entry){ .kind = CAPTURED_BYTES, .file = file };
	if (reserve(parser, size + 1))
		return -ENOMEM;
	memset(parser->content, 0, size);
	parser->used = 0;
	strcpy(parser->name, name);
	parser->has_file = true;
	return 0;
}

static int parse_text_row(struct parser *parser, char *row)
{
	ptrdiff_t size = text_unescape(row);

	if (size < 0)
		return refuse(parser, "bytes that have to be escaped");
	if (size > CAPTURE_TEXT_LINE)
		return refuse(parser, "a line that is too long");
	if (parser->used + size + 1 > CAPTURE_CONTENT)
		return refuse(parser, "a text longer than any that is captured");
	if (reserve(parser, parser->used + size + 1))
		return -ENOMEM;
	if (parser->has_line)
		parser->content[parser->used++] = '\n';
	memcpy(parser->content + parser->used, row, size);
	parser->used += size;
	parser->has_line = true;
	return 0;
}

/* "040: 34 12 e8 ..." in ascending order; what is not shown is zero. */
static int parse_bytes_row(struct parser *parser, char *row)
{
	size_t size = parser->file.file.size;
	uint64_t offset, byte;

	if (!take_number(&row, 16, ':', CAPTURE_CONTENT, &offset))
		return refuse(parser, "a row of bytes is: OFFSET: BYTES");
	if (offset % CAPTURE_ROW || offset < parser->used || offset >= size)
		return refuse(parser, "a row of bytes that is not in its place");
	size = size - offset < CAPTURE_ROW ? size - offset : CAPTURE_ROW;
	if (strlen(row) != 3 * size)
		return refuse(parser, "a row with more or fewer bytes than belong there");
	for (size_t i = 0; i < size; i++) {
		char *at = row + 3 * i + 1, end = i + 1 < size ? ' ' : '\0';

		if (at[-1] != ' ' || !take_number(&at, 16, end, UINT8_MAX, &byte) ||
		    at != row + 3 * i + (end ? 4 : 3))
			return refuse(parser, "a byte is two hexadecimal digits");
		parser->content[offset + i] = (char)byte;
	}
	parser->used = offset + CAPTURE_ROW;
	return 0;
}

static int parse_row(struct parser *parser, char *row)
{
	if (!parser->has_file)
		return refuse(parser, "a row that belongs to no file");
	if (*row == ' ')
		row++;
	else if (*row)
		return refuse(parser, "a space belongs between a row and its bar");
	if (parser->file.kind == CAPTURED_TEXT)
		return parse_text_row(parser, row);
	return parse_bytes_row(parser, row);
}

static int parse_entry(struct parser *parser, char *line)
{
	static const struct {
		const char *word;
		int (*parse)(struct parser *parser, const char *name, char *rest);
	} words[] = {
		{ "bytes", parse_bytes }, { "error", parse_error }, { "link", parse_link },
		{ "node", parse_node },   { "text", parse_text },
	};
	const char *word = strsep(&line, " "), *name;

	if (!line)
		return refuse(parser, "not a line of a capture");
	if (!strcmp(word, "dir"))
		return parse_directory(parser, line);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i].word))
			continue;
		if (!parser->directory)
			return refuse(parser, "an entry before any directory");
		name = take_name(&line);
		if (!name || !*name || strlen(name) > CAPTURED_NAME)
			return refuse(parser, "not a name");
		return words[i].parse(parser, name, line);
	}
	return refuse(parser, "not a line of a capture");
}

static int parse_title(struct parser *parser, const char *line)
{
	if (strncmp(line, CAPTURE_TITLE, strlen(CAPTURE_TITLE)))
		return refuse(parser,
			      "a capture starts with \"" CAPTURE_TITLE CAPTURE_VERSION "\"");
	if (!strcmp(line + strlen(CAPTURE_TITLE), CAPTURE_VERSION))
		return 0;
	return error_set(EINVAL, VFA_CAUSE_BAD_CAPTURE,
			 "%s: a capture of another version than " CAPTURE_VERSION "\n"
			 "read it with the libvfa that wrote it, or a newer one",
			 parser->source->name);
}

static int parse_line(struct parser *parser, char *line)
{
	int err;

	parser->line++;
	if (parser->line == 1)
		return parse_title(parser, line);
	if (line[0] == '|' && !parser->ended)
		return parse_row(parser, line + 1);
	err = finish_file(parser);
	if (err || !line[0] || line[0] == '#')
		return err;
	if (parser->ended)
		return refuse(parser, "something behind the end");
	if (!strcmp(line, "end")) {
		parser->ended = true;
		return 0;
	}
	return parse_entry(parser, line);
}

/* The lines in a buffer of so many bytes; what is left of the last one moves to its start. */
static int parse_lines(struct parser *parser, char *buffer, size_t *used, bool is_last)
{
	char *line = buffer, *end = buffer + *used, *newline;
	int err;

	while ((newline = memchr(line, '\n', end - line)) || (is_last && line < end)) {
		if (!newline)
			newline = end;
		*newline = '\0';
		if (strlen(line) != (size_t)(newline - line)) {
			parser->line++;
			return refuse(parser, "a byte of zero");
		}
		err = parse_line(parser, line);
		if (err)
			return err;
		line = newline < end ? newline + 1 : end;
	}
	*used = end - line;
	memmove(buffer, line, *used);
	return 0;
}

static int parse_source(struct parser *parser, char *buffer)
{
	struct capture_source *source = parser->source;
	size_t used = 0;
	ssize_t got;
	int err;

	do {
		if (used == CAPTURE_LINE) {
			parser->line++;
			return refuse(parser, "a line that is too long");
		}
		got = source->read(source, buffer + used, CAPTURE_LINE - used);
		if (got < 0)
			return error_kernel(got, "read %s", source->name);
		used += got;
		err = parse_lines(parser, buffer, &used, !got);
		if (err)
			return err;
	} while (got);
	buffer[0] = '\0';
	if (!parser->line)
		return parse_line(parser, buffer); /* an empty one */
	return parser->ended ? 0 : refuse(parser, "the end is missing: it was cut");
}

static int parse_tree(struct parser *parser)
{
	char *buffer = malloc(CAPTURE_LINE + 1);
	int err;

	if (!buffer)
		return error_memory();
	err = parse_source(parser, buffer);
	free(buffer);
	if (err)
		return err;
	err = captured_sort(parser->tree);
	return err ? refuse_entry(parser, err) : 0;
}

int capture_parse(struct capture_source *source, struct captured **ret)
{
	struct parser *parser = calloc(1, sizeof(*parser));
	int err;

	if (!parser)
		return error_memory();
	parser->source = source;
	if (captured_new(&parser->tree)) {
		free(parser);
		return error_memory();
	}
	err = parse_tree(parser);
	if (err)
		captured_free(parser->tree);
	else
		*ret = parser->tree;
	free(parser->content);
	free(parser);
	return err;
}
