/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "refusal_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/sysfs.h"

/* Of one size, on the machine or on one node of it. */
struct pool {
	char path[SYSFS_PATH];
	uint64_t needed;
	uint64_t total;
	uint64_t free; /* those that others have reserved not counted */
};

void memory_print_size(uint64_t size, char text[SIZE_TEXT])
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	for (; size && !(size & 1023) && unit < 4; unit++)
		size >>= 10;
	snprintf(text, SIZE_TEXT, "%" PRIu64 " %s", size, units[unit]);
}

static uint64_t read_count(const struct vfa_host *host, const struct pool *pool, const char *name)
{
	char path[SYSFS_PATH + 32];
	uint64_t value;

	snprintf(path, sizeof(path), "%s/%s", pool->path, name);
	return sysfs_read_number(host, path, &value) ? 0 : value;
}

static bool read_pool(const struct vfa_host *host, const struct memory_wish *wish,
		      struct pool *pool)
{
	uint64_t kib = wish->page_size >> 10, reserved;

	/* A node that is only preferred does not limit. */
	if (wish->flags & VFA_BUFFER_ON_NODE && wish->flags & VFA_BUFFER_STRICT)
		sysfs_path(host, pool->path,
			   "devices/system/node/node%u/hugepages/hugepages-%" PRIu64 "kB",
			   wish->node, kib);
	else
		sysfs_path(host, pool->path, "kernel/mm/hugepages/hugepages-%" PRIu64 "kB", kib);
	if (!sysfs_exists(host, pool->path))
		return false;
	pool->needed = wish->size / wish->page_size;
	pool->total = read_count(host, pool, "nr_hugepages");
	pool->free = read_count(host, pool, "free_hugepages");
	reserved = read_count(host, pool, "resv_hugepages");
	pool->free -= reserved < pool->free ? reserved : pool->free;
	return true;
}

int refuse_huge_pages(const struct vfa_host *host, const struct memory_wish *wish, const char *what,
		      int err)
{
	char page[SIZE_TEXT];
	struct pool pool;

	memory_print_size(wish->page_size, page);
	if (!read_pool(host, wish, &pool))
		return error_set(ENOMEM, VFA_CAUSE_NO_HUGE_PAGES,
				 "buffer: this machine has no pages of %s\n"
				 "ls %s/kernel/mm/hugepages lists the sizes there are",
				 page, host->sysfs);
	if (pool.needed <= pool.free)
		return error_set(
			ENOMEM, VFA_CAUSE_NO_HUGE_PAGES,
			"buffer: huge pages of %s: %" PRIu64 " needed, %" PRIu64 " of %" PRIu64
			" free, but the kernel does not give them: %s: %s\n"
			"a cgroup (hugetlb.*.max), a limit of this process or a memory policy "
			"may hold them back",
			page, pool.needed, pool.free, pool.total, what, strerrordesc_np(-err));
	return error_set(ENOMEM, VFA_CAUSE_NO_HUGE_PAGES,
			 "buffer: huge pages of %s: %" PRIu64 " needed, %" PRIu64 " of %" PRIu64
			 " free\n"
			 "reserve more%s:\n"
			 "  echo %" PRIu64 " > %s/nr_hugepages",
			 page, pool.needed, pool.free, pool.total,
			 wish->page_size >= 1ull << 30
				 ? ", best at boot (hugepagesz= and hugepages=), or now"
				 : "",
			 pool.total + pool.needed - pool.free, pool.path);
}

int refuse_node(const struct vfa_host *host, uint32_t node, int err)
{
	char path[SYSFS_PATH], nodes[128];

	if (err == -ENOSYS)
		return error_set(ENOENT, VFA_CAUSE_NO_NODE,
				 "buffer: no NUMA node %u: this kernel has none\n"
				 "leave out VFA_BUFFER_ON_NODE: all memory is equally near",
				 node);
	if (err != -EINVAL)
		return error_kernel(err, "mbind a buffer to NUMA node %u", node);
	sysfs_path(host, path, "devices/system/node/has_memory");
	if (sysfs_read(host, path, nodes, sizeof(nodes)) < 0)
		strcpy(nodes, "unknown");
	return error_set(ENOENT, VFA_CAUSE_NO_NODE,
			 "buffer: no NUMA node %u with memory for this process; nodes with memory: "
			 "%s\n"
			 "take one of these; numa_node in a device's sysfs directory names the "
			 "nearest, and a cpuset (Mems_allowed_list in /proc/self/status) may leave "
			 "fewer",
			 node, nodes);
}
