/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What was known of functions before they went: sysfs has forgotten by then. */

#ifndef VFA_TOOL_KNOWN_H
#define VFA_TOOL_KNOWN_H

#include <stdint.h>

#include "base/bdf.h"
#include "base/host.h"

struct known {
	char bdf[BDF_SIZE];
	char driver[64]; /* empty for none */
	int32_t group;   /* -1 for none */
	uint32_t class_code;
};

struct knowledge;

/**
 * knowledge_new() - learn what there is
 *
 * Return: 0, or an exit status with the reason said.
 */
int knowledge_new(struct vfa_host *host, struct knowledge **ret);
void knowledge_free(struct knowledge *knowledge);

/**
 * knowledge_learn() - a function came, or got a driver
 * @path: of the event
 * @driver: as the event told, NULL for none
 */
void knowledge_learn(struct knowledge *knowledge, const char *path, const char *driver);

/** knowledge_drop_driver() - it has none any more */
void knowledge_drop_driver(struct knowledge *knowledge, const char *path);

/** knowledge_drop() - it went */
void knowledge_drop(struct knowledge *knowledge, const char *path);

/** knowledge_find() - the function of an event's path; NULL when it is of none that is known */
const struct known *knowledge_find(const struct knowledge *knowledge, const char *path);

#endif
