/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "memlock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/sysfs.h"

#define CAP_IPC_LOCK 14 /* linux/capability.h */

/* What the kernel calls its first user namespace, in which capabilities count for it. */
#define FIRST_USER_NAMESPACE "user:[4026531837]"

/* A container's root has all capabilities, but over its own namespace only. */
static bool is_in_first_namespace(const struct vfa_host *host)
{
	char path[SYSFS_PATH], name[32];

	snprintf(path, sizeof(path), "%s/self/ns/user", host->proc);
	return sysfs_link_name(host, path, name, sizeof(name)) ||
	       !strcmp(name, FIRST_USER_NAMESPACE);
}

/* What follows a name in /proc/self/status, or NULL. */
static const char *field(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? line + strlen(name) : NULL;
}

static uint64_t read_kib(const char *status, const char *name)
{
	const char *value = field(status, name);

	return value ? strtoull(value, NULL, 10) * 1024 : VFA_LIMIT_UNKNOWN;
}

static bool has_ipc_lock(const struct vfa_host *host, const char *status)
{
	const char *value = field(status, "\nCapEff:");

	return value && strtoull(value, NULL, 16) & (1ull << CAP_IPC_LOCK) &&
	       is_in_first_namespace(host);
}

static void read_status(const struct vfa_host *host, struct memlock *ret)
{
	char path[SYSFS_PATH], status[8192];

	snprintf(path, sizeof(path), "%s/self/status", host->proc);
	if (sysfs_read(host, path, status, sizeof(status)) < 0)
		status[0] = '\0';
	ret->locked = read_kib(status, "\nVmLck:");
	ret->pinned = read_kib(status, "\nVmPin:");
	ret->is_exempt = has_ipc_lock(host, status);
}

static uint64_t from_rlim(rlim_t value)
{
	return value == RLIM_INFINITY ? VFA_LIMIT_NONE : value;
}

int memlock_read_process(const struct vfa_host *host, struct memlock *ret)
{
	struct rlimit limit;
	int err = sys_getrlimit(host->sys, RLIMIT_MEMLOCK, &limit);

	if (err < 0)
		return err;
	ret->soft = from_rlim(limit.rlim_cur);
	ret->hard = from_rlim(limit.rlim_max);
	read_status(host, ret);
	return 0;
}

int memlock_read(const struct vfa_container *container, struct memlock *ret)
{
	struct backend *backend = container->backend;
	int err = backend->ops->get_accounting(backend, &ret->accounting);

	return err < 0 ? err : memlock_read_process(container->host, ret);
}

int memlock_require(const struct vfa_container *container, struct memlock *ret)
{
	int err = memlock_read(container, ret);

	return err < 0 ? error_kernel(err, "ask for the limit on locked memory") : 0;
}

uint64_t memlock_counted(const struct memlock *memlock)
{
	return memlock->accounting == VFA_ACCOUNTING_USER ? memlock->pinned : memlock->locked;
}

uint64_t memlock_needed(const struct memlock *memlock, uint64_t size)
{
	uint64_t counted = memlock_counted(memlock);

	if (memlock->is_exempt)
		return 0;
	if (counted == VFA_LIMIT_UNKNOWN || size >= VFA_LIMIT_UNKNOWN - counted)
		return VFA_LIMIT_UNKNOWN;
	return counted + size;
}

bool memlock_refuses(const struct memlock *memlock, uint64_t size)
{
	if (memlock->is_exempt || memlock->soft == VFA_LIMIT_NONE)
		return false;
	/* Others of the user have their share, which does not show. */
	return memlock->accounting == VFA_ACCOUNTING_USER ||
	       memlock_needed(memlock, size) > memlock->soft;
}
