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

int options_copy(const char *what, const void *options, size_t least, void *ret, size_t size)
{
	uint32_t given;

	memset(ret, 0, size);
	if (!options)
		return 0;

	memcpy(&given, options, sizeof(given));
	if (given < least || given > LARGEST)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s: struct_size is %u, not %zu\n"
				 "initialise the struct with its _INIT macro",
				 what, given, size);
	if (given > size && !all_zero((const unsigned char *)options + size, given - size))
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s: a field newer than this library is set\n"
				 "update libvfa, or leave the field zero",
				 what);
	memcpy(ret, options, given < size ? given : size);
	return 0;
}
