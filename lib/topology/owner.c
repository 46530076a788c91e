/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/owner.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sysfs.h"

/* Processes of other users cannot be looked into: they do not count. */
static bool holds(const struct vfa_host *host, const char *pid, const char *wanted)
{
	char path[SYSFS_PATH], target[SYSFS_PATH], **fds;
	bool found = false;
	int count;

	snprintf(path, sizeof(path), "%s/%s/fd", host->proc, pid);
	count = sysfs_list(host, path, &fds);
	for (int i = 0; i < count && !found; i++) {
		snprintf(path, sizeof(path), "%s/%s/fd/%s", host->proc, pid, fds[i]);
		found = !sysfs_link(host, path, target) && !strcmp(target, wanted);
	}
	if (count >= 0)
		sysfs_free_list(fds, count);
	return found;
}

static void describe(const struct vfa_host *host, const char *pid, struct owner *ret)
{
	char path[SYSFS_PATH];

	ret->pid = atoi(pid);
	snprintf(path, sizeof(path), "%s/%s/comm", host->proc, pid);
	if (sysfs_read(host, path, ret->command, sizeof(ret->command)) < 0)
		ret->command[0] = '\0';
}

bool owner_find(const struct vfa_host *host, const char *path, pid_t except, struct owner *ret)
{
	bool found = false;
	char **pids;
	int count = sysfs_list(host, host->proc, &pids);

	if (count < 0)
		return false;
	for (int i = 0; i < count && !found; i++) {
		found = isdigit((unsigned char)pids[i][0]) && atoi(pids[i]) != except &&
			holds(host, pids[i], path);
		if (found)
			describe(host, pids[i], ret);
	}
	sysfs_free_list(pids, count);
	return found;
}
