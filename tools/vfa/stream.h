/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Items that are printed as they come: a line each, for people or of JSON. */

#ifndef VFA_TOOL_STREAM_H
#define VFA_TOOL_STREAM_H

#include "columns.h"

struct stream;

/**
 * stream_new() - print the command's columns, as the user wants them
 *
 * The headings are out when it returns.
 *
 * Return: 0, or an exit status with the reason said.
 */
int stream_new(const struct request *request, struct stream **ret);

/** stream_add() - print an item; it is out when this returns */
void stream_add(struct stream *stream, const void *item);

void stream_free(struct stream *stream);

#endif
