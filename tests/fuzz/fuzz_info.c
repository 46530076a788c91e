/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The walk of capabilities in VFIO's answers: it ends, and stays in the answer. */

#include <stdlib.h>
#include <string.h>

#include "base/info.h"
#include "fuzz.h"

/* An answer, and where its chain starts. */
struct start {
	struct info info;
	uint32_t first;
};

static void check(const struct start *answer, size_t size, uint16_t id, size_t least)
{
	const void *found = info_capability(answer, answer->first, id, least);
	size_t offset = (const char *)found - (const char *)answer;

	if (!found)
		return;
	fuzz_require(offset >= sizeof(struct info) && offset < size);
	fuzz_require(size - offset >= least);
	fuzz_require(info_room(answer, found) == size - offset);
	fuzz_require(!memcmp(found, &id, sizeof(id)));
}

/* In memory of just its size, whose ends a sanitizer sees. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct start *answer;

	if (size < sizeof(*answer))
		return 0;
	answer = malloc(size);
	fuzz_require(answer);
	memcpy(answer, data, size);
	answer->info.argsz = size;
	for (uint16_t id = 0; id < 8; id++)
		for (size_t least = sizeof(struct vfio_info_cap_header); least < 40; least += 8)
			check(answer, size, id, least);
	free(answer);
	return 0;
}
