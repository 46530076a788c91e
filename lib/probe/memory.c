/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/sysfs.h"
#include "memlock.h"
#include "probe/probe.h"

/* What the kernel gives a user whom nobody has given more. */
#define DEFAULT_MEMLOCK (8ull << 20)

static void tell_memlock(struct vfa_probe *probe, const struct vfa_host *host)
{
	struct memlock memlock;

	if (host_require_live(host, "ask for limits"))
		probe_add(probe, "memlock", VFA_PROBE_UNKNOWN,
			  "a captured machine does not tell who will map memory");
	else if (memlock_read_process(host, &memlock) < 0)
		probe_add(probe, "memlock", VFA_PROBE_UNKNOWN,
			  "the limit on locked memory cannot be read");
	else if (memlock.is_exempt)
		probe_add(probe, "memlock", VFA_PROBE_OK,
			  "this process has CAP_IPC_LOCK, so no limit on locked memory counts");
	else if (memlock.soft == VFA_LIMIT_NONE)
		probe_add(probe, "memlock", VFA_PROBE_OK, "locked memory has no limit");
	else if (memlock.soft > DEFAULT_MEMLOCK)
		probe_add(probe, "memlock", VFA_PROBE_OK,
			  "this user may lock %" PRIu64 " KiB of memory", memlock.soft >> 10);
	else
		probe_add(probe, "memlock", VFA_PROBE_WARNING,
			  "this user may lock %" PRIu64 " KiB of memory, all that is mapped for "
			  "devices included\n"
			  "raise it in limits.d (memlock) or the service (LimitMEMLOCK=), to what "
			  "will be mapped; now, up to %" PRIu64 " KiB:\n  ulimit -l",
			  memlock.soft >> 10,
			  memlock.hard == VFA_LIMIT_NONE ? UINT64_MAX >> 10 : memlock.hard >> 10);
}

static uint64_t read_count(const struct vfa_host *host, const char *pool, const char *file)
{
	char path[SYSFS_PATH];
	uint64_t count = 0;

	sysfs_path(host, path, "kernel/mm/hugepages/%s/%s", pool, file);
	(void)sysfs_read_number(host, path, &count);
	return count;
}

/* Clauses of the sizes of which there are any. */
static void print_pools(const struct vfa_host *host, char **pools, int count, char *ret,
			size_t size)
{
	size_t used = 0;

	ret[0] = '\0';
	for (int i = 0; i < count && used + 80 < size; i++) {
		uint64_t total = read_count(host, pools[i], "nr_hugepages"), kib;

		if (total && sscanf(pools[i], "hugepages-%" SCNu64 "kB", &kib) == 1)
			used += snprintf(ret + used, size - used,
					 "%s%" PRIu64 " of %" PRIu64 " pages of %" PRIu64
					 " KiB are free",
					 used ? ", " : "",
					 read_count(host, pools[i], "free_hugepages"), total, kib);
	}
}

/* None is no fault: memory comes in large pages without them too, most of the time. */
static void tell_huge_pages(struct vfa_probe *probe, const struct vfa_host *host)
{
	char path[SYSFS_PATH], text[512], **pools;
	int count;

	sysfs_path(host, path, "kernel/mm/hugepages");
	count = sysfs_list(host, path, &pools);
	if (count < 0 && count != -ENOENT) {
		probe_add(probe, "hugepages", VFA_PROBE_UNKNOWN, "%s cannot be listed: %s", path,
			  strerrordesc_np(-count));
		return;
	}
	print_pools(host, pools, count, text, sizeof(text));
	if (count >= 0)
		sysfs_free_list(pools, count);
	probe_add(probe, "hugepages", VFA_PROBE_OK, "%s", *text ? text : "none are reserved");
}

void probe_memory(struct vfa_probe *probe, const struct vfa_host *host)
{
	tell_memlock(probe, host);
	tell_huge_pages(probe, host);
}
