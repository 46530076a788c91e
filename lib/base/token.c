/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/token.h"

#include <ctype.h>
#include <stddef.h>

static int digit_of(char text)
{
	return isdigit((unsigned char)text) ? text - '0' : tolower((unsigned char)text) - 'a' + 10;
}

bool token_parse(const char *text, unsigned char ret[16])
{
	for (size_t i = 0; i < 16; i++, text += 2) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
			return false;
		ret[i] = digit_of(text[0]) << 4 | digit_of(text[1]);
	}
	return !*text;
}
