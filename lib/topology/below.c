/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/below.h"

#include <string.h>

#include "base/bdf.h"

static bool is_address(const char *component, size_t length, char ret[BDF_SIZE])
{
	struct bdf_parts parts;

	if (length >= BDF_SIZE)
		return false;
	memcpy(ret, component, length);
	ret[length] = '\0';
	return bdf_split(ret, &parts);
}

bool below_function(const char *path, const char *bdf)
{
	char nearest[BDF_SIZE] = "", component[BDF_SIZE];

	while (*path) {
		size_t length = strcspn(path, "/");

		if (is_address(path, length, component))
			strcpy(nearest, component);
		path += length;
		path += strspn(path, "/");
	}
	return !strcmp(nearest, bdf);
}
