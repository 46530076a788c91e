/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Messages that pass a container on: any is refused with a reason, or all of it is inside
 * the message, and names that end.
 */

#include <stdlib.h>
#include <string.h>
#include <vfa/window.h>

#include "base/bdf.h"
#include "fuzz.h"
#include "share_message.h"

/* The byte in front of a message says how many fds come along. */
struct input {
	void *bytes; /* with nothing behind it, which a sanitizer watches */
	size_t size, fds;
};

static void check_inside(const struct input *input, const void *part, size_t size)
{
	const char *start = part, *bytes = input->bytes;

	fuzz_require(start >= bytes && size <= input->size);
	fuzz_require((size_t)(start - bytes) <= input->size - size);
}

static void check_name(const char *bdf)
{
	char full[BDF_SIZE];

	fuzz_require(memchr(bdf, '\0', SHARE_NAME));
	fuzz_require(!bdf_parse(bdf, full) && !strcmp(bdf, full));
}

static void check_parts(const struct input *input, const struct share_message *message)
{
	const struct share_header *header = message->header;

	fuzz_require(header->device_count && header->device_count <= VFA_SHARE_DEVICES_MAX);
	fuzz_require(input->fds == 1 + header->group_count + header->device_count);
	check_inside(input, message->groups, header->group_count * sizeof(*message->groups));
	check_inside(input, message->devices, header->device_count * sizeof(*message->devices));
	check_inside(input, message->windows, header->window_count * sizeof(*message->windows));
	for (uint32_t i = 0; i < header->group_count; i++)
		check_name(message->groups[i].bdf);
	for (uint32_t i = 0; i < header->device_count; i++)
		check_name(message->devices[i].bdf);
	for (uint32_t i = 0; i < header->window_count; i++) {
		struct vfa_window window;

		fuzz_require(strlen(message->windows[i].bdf) < sizeof(window.bdf));
		fuzz_require(message->windows[i].start <= message->windows[i].last);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct share_message message = { NULL };
	struct input input;

	if (!size)
		return 0;
	input.fds = data[0];
	input.size = size - 1;
	input.bytes = malloc(input.size);
	fuzz_require(input.bytes || !input.size);
	if (input.size)
		memcpy(input.bytes, data + 1, input.size);
	if (input.bytes && !share_parse(input.bytes, input.size, input.fds, &message))
		check_parts(&input, &message);
	else
		fuzz_require(!message.header);
	free(input.bytes);
	return 0;
}
