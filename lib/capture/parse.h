/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* From the text of a capture to its tree. */

#ifndef CAPTURE_PARSE_H
#define CAPTURE_PARSE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/captured.h"

/* Where the text comes from. */
struct capture_source {
	const char *name; /* for messages */
	/* As read(2), with -errno on failure. */
	ssize_t (*read)(struct capture_source *source, void *buffer, size_t size);
};

/**
 * capture_parse() - read a capture to its end
 *
 * Memory is bounded, whatever the text is.
 *
 * Return: 0; -EINVAL for what is no capture, -EFBIG for one that takes too much memory,
 * -ENOMEM, or -errno of reading. All are recorded.
 */
int capture_parse(struct capture_source *source, struct captured **ret);

#endif
