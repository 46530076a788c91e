/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What is captured of a machine: one table, to which everything belongs that the library
 * or the command reads of a machine to tell about it.
 */

#ifndef CAPTURE_PLAN_H
#define CAPTURE_PLAN_H

#include <stddef.h>

#include "capture/mask.h"

enum plan_kind {
	PLAN_FILE,   /* what there is: a text, a link with what it leads to, or a directory */
	PLAN_CONFIG, /* the bytes of a config space */
	PLAN_NODE,   /* a device node: kind, mode and owner */
};

/**
 * struct plan_item - files to capture
 * @pattern: their paths below a root, where * and [ stand for names as in fnmatch(3); links
 *	on the way are captured and followed
 * @only: what the first link on the way has to lead to, a pattern as well; NULL for anything
 * @kind: what they are
 * @filter: leaves what is needed of a text, in place; NULL for all of it; 0 or -ENOMEM
 */
struct plan_item {
	const char *pattern;
	const char *only;
	enum plan_kind kind;
	int (*filter)(char *text, struct mask_names *names);
};

extern const struct plan_item plan[];
extern const size_t plan_count;

#endif
