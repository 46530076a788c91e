/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fail.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <vfa/error.h>

/* Names in a capture may be made up to play with the terminal. */
static void print_safely(const char *text)
{
	for (; *text; text++)
		fputc(*text != '\n' && iscntrl((unsigned char)*text) ? '?' : *text, stderr);
	fputc('\n', stderr);
}

static void complain(const char *format, va_list arguments)
{
	char text[4096];

	vsnprintf(text, sizeof(text), format, arguments);
	fflush(stdout); /* both streams may be one terminal */
	fputs("vfa: ", stderr);
	print_safely(text);
}

void hint(const char *text)
{
	if (!*text)
		return;
	fputs("hint: ", stderr);
	print_safely(text);
}

int fail(void)
{
	const struct vfa_error *error = vfa_error_last();

	fail_because("%s", error->message);
	hint(error->hint);
	return STATUS_REFUSED;
}

int fail_because(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
	return STATUS_REFUSED;
}

int fail_usage(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
	return STATUS_USAGE;
}

void note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
}

void *must(void *memory)
{
	if (!memory)
		exit(fail_because("out of memory"));
	return memory;
}
