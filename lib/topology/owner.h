/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Which process holds a device node. */

#ifndef TOPOLOGY_OWNER_H
#define TOPOLOGY_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/host.h"

struct owner {
	pid_t pid;
	char command[32];
};

/**
 * owner_find() - a process with @path open
 * @except: a process that does not count, 0 for none
 *
 * Return: false when none can be seen.
 */
bool owner_find(const struct vfa_host *host, const char *path, pid_t except, struct owner *ret);

#endif
