/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "text.h"

#include <stddef.h>
#include <stdint.h>

/* The Unicode Standard, table 3-7: the second byte's limits keep out what is not shortest. */
struct form {
	uint8_t first, last;
	uint8_t second_first, second_last;
	uint8_t length;
};

static const struct form forms[] = {
	{ 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static size_t length_of(const uint8_t *text, const struct form *form)
{
	if (*text < form->first || *text > form->last)
		return 0;
	if (form->length > 1 && (text[1] < form->second_first || text[1] > form->second_last))
		return 0;
	for (size_t i = 2; i < form->length; i++) {
		if (text[i] < 0x80 || text[i] > 0xbf)
			return 0;
	}
	return form->length;
}

static size_t character_length(const uint8_t *text)
{
	size_t length = 0;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && !length; i++)
		length = length_of(text, &forms[i]);
	return length;
}

void text_make_utf8(char *text)
{
	size_t length;

	for (; *text; text += length) {
		length = character_length((const uint8_t *)text);
		if (!length) {
			*text = '?';
			length = 1;
		}
	}
}
