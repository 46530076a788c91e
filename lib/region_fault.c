/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Mapped regions whose device does not answer: what SIGBUS is about, and back again. */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/api.h"
#include "base/error.h"
#include "gone.h"
#include "region_mapping.h"

/* A device that does not answer does so nowhere: not a signal for each page of a large BAR. */
#define MOST_AT_ONCE (2ull << 20)

/* In one step, for other threads must not see pages that are not all ones, or no pages. */
static bool replace(const struct syscalls *sys, char *start, size_t size)
{
	void *ones;

	if (sys_mmap(sys, NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0,
		     &ones))
		return false;
	memset(ones, 0xff, size);
	if (!sys_mremap(sys, ones, size, start))
		return true;
	sys_munmap(sys, ones, size);
	return false;
}

/* The mark comes last, so that no restoring in between can miss these pages. */
static bool replace_around(struct vfa_device *device, struct region_mapping *mapping,
			   const char *address)
{
	uint64_t offset = (uint64_t)(address - mapping->address) & ~(MOST_AT_ONCE - 1);
	uint64_t size = mapping->size - offset;

	if (size > MOST_AT_ONCE)
		size = MOST_AT_ONCE;
	if (!replace(device_syscalls(device), mapping->address + offset, size))
		return false;
	mapping->replaced = true;
	return true;
}

/* Nothing here takes a lock, allocates or records: it runs in a signal handler. */
VFA_API int vfa_region_catch_fault(struct vfa_device *device, const void *address)
{
	struct region_mapping *mapping;
	int saved = errno;
	bool caught;

	if (!device)
		return 0;
	region_mappings_enter(device);
	mapping = region_mapping_find(device, address);
	caught = mapping && replace_around(device, mapping, address);
	region_mappings_leave(device);
	errno = saved;
	return caught;
}

/* Where mmap has taken the old pages away before it failed, nobody else must come there. */
static void keep_place(const struct syscalls *sys, const struct region_mapping *mapping)
{
	void *address;

	(void)sys_mmap(sys, mapping->address, mapping->size, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0, &address);
}

int region_mapping_restore(struct vfa_device *device, struct region_mapping *mapping)
{
	const struct syscalls *sys = device_syscalls(device);
	const struct region *region = &device->regions[mapping->index];
	void *address;
	int err;

	mapping->replaced = false;
	err = sys_mmap(sys, mapping->address, mapping->size,
		       region_mapping_protection(device, mapping), MAP_SHARED | MAP_FIXED,
		       device->fd, region->info.offset + mapping->offset, &address);
	if (!err)
		return 0;
	keep_place(sys, mapping);
	mapping->replaced = true;
	return error_device(device, err, "%s: mmap region %u again", device->bdf, mapping->index);
}

VFA_API int vfa_region_restore(struct vfa_device *device)
{
	struct region_mapping *mapping;
	int restored = 0, err = 0;

	if (!device)
		return error_null("device");
	pthread_mutex_lock(&device->lock);
	for (mapping = device->mappings.first; mapping && !err; mapping = mapping->next) {
		if (!mapping->replaced)
			continue;
		err = region_mapping_restore(device, mapping);
		restored += !err;
	}
	pthread_mutex_unlock(&device->lock);
	return err ? err : restored;
}
