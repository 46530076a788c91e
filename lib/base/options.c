/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/options.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

/* No struct of options will ever be this large: the size was not initialised. */
#define LARGEST 4096

static int all_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return 0;
	return 1;
}

static int check_size(const char *what, uint32_t given, size_t least, size_t size)
{
	if (given >= least && given <= LARGEST)
		return 0;
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			 "%s: struct_size is %u, not %zu\n"
			 "initialise the struct with its _INIT macro",
			 what, given, size);
}

int options_copy(const char *what, const void *options, size_t least, void *ret, size_t size)
{
	uint32_t given;
	int err;

	memset(ret, 0, size);
	if (!options)
		return 0;

	memcpy(&given, options, sizeof(given));
	err = check_size(what, given, least, size);
	if (err)
		return err;
	if (given > size && !all_zero((const unsigned char *)options + size, given - size))
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s: a field newer than this library is set\n"
				 "update libvfa, or leave the field zero",
				 what);
	memcpy(ret, options, given < size ? given : size);
	return 0;
}

int options_check_result(const char *what, const void *result, size_t least)
{
	uint32_t given;

	memcpy(&given, result, sizeof(given));
	return check_size(what, given, least, least);
}

void options_return(const void *answer, size_t size, void *ret)
{
	uint32_t given;

	memcpy(&given, ret, sizeof(given));
	memset(ret, 0, given);
	memcpy(ret, answer, given < size ? given : size);
	memcpy(ret, &given, sizeof(given));
}
