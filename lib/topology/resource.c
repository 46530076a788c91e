/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/resource.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sysfs.h"

/* Flags of struct resource in the kernel, which the file shows. */
#define IS_MEMORY    0x00000200ull
#define HAS_NO_PLACE 0x30000000ull /* disabled, or not assigned yet */

/* Behind six BARs and the ROM; an endpoint has those of its virtual functions there. */
#define FIRST_WINDOW 7

/* "start last flags" in hexadecimal. */
static bool parse_line(const char **text, uint64_t values[3])
{
	for (int i = 0; i < 3; i++) {
		char *end;

		errno = 0;
		values[i] = strtoull(*text, &end, 16);
		if (errno || end == *text)
			return false;
		*text = end;
	}
	return **text == '\n' || !**text;
}

static bool is_memory(const uint64_t values[3])
{
	return values[0] && values[0] <= values[1] && values[2] & IS_MEMORY &&
	       !(values[2] & HAS_NO_PLACE);
}

int resource_read(const struct vfa_host *host, const char *bdf, bool is_bridge,
		  struct resource ret[RESOURCE_MAX])
{
	char path[SYSFS_PATH], text[2048];
	const char *rest = text;
	uint64_t values[3];
	int count = 0, err;

	sysfs_path(host, path, "bus/pci/devices/%s/resource", bdf);
	err = sysfs_read(host, path, text, sizeof(text));
	if (err < 0)
		return err;
	for (int i = 0; i < RESOURCE_MAX && parse_line(&rest, values); i++) {
		if (is_memory(values))
			ret[count++] = (struct resource){ { values[0], values[1] },
							  is_bridge && i >= FIRST_WINDOW };
	}
	return count;
}
