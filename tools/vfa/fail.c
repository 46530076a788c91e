/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <vfa/error.h>

/* Both streams may be one terminal. */
static void complain(const char *format, va_list arguments)
{
	fflush(stdout);
	fputs("vfa: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void hint(const char *text)
{
	if (*text)
		fprintf(stderr, "hint: %s\n", text);
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
