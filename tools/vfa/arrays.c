/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "arrays.h"

#include <stddef.h>
#include <string.h>

/* The length of a string with its quotes, or of anything else that stands alone. */
static size_t token_length(const char *json)
{
	size_t length = 1;

	if (*json != '"')
		return 1;
	while (json[length] && json[length] != '"')
		length += json[length] == '\\' && json[length + 1] ? 2 : 1;
	return json[length] ? length + 1 : length;
}

/* The length of an array with nothing but @word in it, 0 for anything else. */
static size_t array_of(const char *json, const char *word)
{
	const char *end = json;

	if (*end++ != '[')
		return 0;
	end += strspn(end, " \n");
	if (strncmp(end, word, strlen(word)))
		return 0;
	end += strlen(word);
	end += strspn(end, " \n");
	return *end == ']' ? end + 1 - json : 0;
}

void arrays_mend(char *json)
{
	char *to = json;
	size_t length;

	while (*json) {
		if ((length = array_of(json, "null"))) {
			to = stpcpy(to, "[]");
		} else if ((length = array_of(json, "\"" ARRAY_UNKNOWN "\""))) {
			to = stpcpy(to, "null");
		} else {
			length = token_length(json);
			memmove(to, json, length);
			to += length;
		}
		json += length;
	}
	*to = '\0';
}
