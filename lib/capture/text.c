/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "capture/text.h"

#include <stdbool.h>

static bool is_plain(unsigned char byte)
{
	return byte >= ' ' && byte <= '~';
}

static int digit(char character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

/* What follows a backslash: how many characters it was, 0 for nothing that is written. */
static int unescape_one(const char *text, char *ret)
{
	if (text[0] == '\\' || text[0] == 't') {
		*ret = text[0] == 't' ? '\t' : '\\';
		return 1;
	}
	if (text[0] != 'x' || digit(text[1]) < 0 || digit(text[2]) < 0)
		return 0;
	*ret = (char)(digit(text[1]) << 4 | digit(text[2]));
	return 3;
}

ptrdiff_t text_unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; out++) {
		int used = 1;

		if (!is_plain(*in))
			return -1;
		*out = *in;
		if (*in == '\\') {
			used = unescape_one(++in, out);
			if (!used)
				return -1;
		}
		in += used;
	}
	*out = '\0';
	return out - text;
}

static size_t escape_one(unsigned char byte, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	ret[0] = '\\';
	if (byte == '\\' || byte == '\t') {
		ret[1] = byte == '\t' ? 't' : '\\';
		return 2;
	}
	ret[1] = 'x';
	ret[2] = digits[byte >> 4];
	ret[3] = digits[byte & 15];
	return 4;
}

size_t text_escape(const char *bytes, size_t size, int in_name, char *ret)
{
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		bool hidden = bytes[i] == ' ' && (in_name || i + 1 == size);

		if (is_plain(bytes[i]) && bytes[i] != '\\' && !hidden)
			ret[used++] = bytes[i];
		else
			used += escape_one(bytes[i], ret + used);
	}
	ret[used] = '\0';
	return used;
}
