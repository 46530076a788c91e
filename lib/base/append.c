/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/append.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool append_whole(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text + used, size - used, format, arguments);
	va_end(arguments);
	if ((size_t)length < size - used)
		return true;
	text[used] = '\0';
	return false;
}
