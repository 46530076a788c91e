/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/below.h"

#include <string.h>

static bool is_address(const char *component, size_t length, char ret[BDF_SIZE])
{
	struct bdf_parts parts;

	if (length >= BDF_SIZE)
		return false;
	memcpy(ret, component, length);
	ret[length] = '\0';
	return bdf_split(ret, &parts);
}

bool below_which(const char *path, char ret[BDF_SIZE])
{
	char component[BDF_SIZE];
	bool found = false;

	while (*path) {
		size_t length = strcspn(path, "/");

		if (is_address(path, length, component)) {
			strcpy(ret, component);
			found = true;
		}
		path += length;
		path += strspn(path, "/");
	}
	return found;
}

bool below_function(const char *path, const char *bdf)
{
	char nearest[BDF_SIZE];

	return below_which(path, nearest) && !strcmp(nearest, bdf);
}
