/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Text that grows in a buffer of a given size. */

#ifndef BASE_APPEND_H
#define BASE_APPEND_H

#include <stdbool.h>
#include <stddef.h>

/**
 * append_whole() - more text, all or nothing: the half of a command is another command
 * @text: terminated, in @size bytes
 *
 * Return: whether there was room.
 */
bool append_whole(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
