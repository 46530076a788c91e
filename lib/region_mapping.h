/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What is mapped of a device's regions: a list that changes under the device's lock, and
 * that a signal handler walks without it, in whatever the signal interrupted.
 *
 * Guarantees:
 * - Where a mapping is does not change while it is in the list.
 * - A mapping that was taken out of the list stays readable while anybody walks it.
 */

#ifndef LIB_REGION_MAPPING_H
#define LIB_REGION_MAPPING_H

#include "region.h"

/* Pages of a region, shared by all who asked for them. */
struct region_mapping {
	_Atomic(struct region_mapping *) next;
	struct region_mapping *next_retired;
	uint32_t index;
	uint64_t offset; /* in the region */
	uint64_t size;
	char *address;
	unsigned int users;
	atomic_bool replaced; /* pages of it are no longer the device's */
};

/** region_mapping_add() - to the list; under the lock */
void region_mapping_add(struct vfa_device *device, struct region_mapping *mapping);

/** region_mapping_remove() - from the list, and free it now or later; under the lock */
void region_mapping_remove(struct vfa_device *device, struct region_mapping *mapping);

/**
 * region_mapping_find() - the mapping of an address, or NULL
 *
 * Under the lock, or between region_mappings_enter() and region_mappings_leave().
 */
struct region_mapping *region_mapping_find(const struct vfa_device *device, const void *address);

void region_mappings_enter(struct vfa_device *device);
void region_mappings_leave(struct vfa_device *device);

/** region_mappings_release() - what is left of an empty list that nobody walks any more */
void region_mappings_release(struct vfa_device *device);

/** region_mapping_protection() - of its pages, for mmap */
int region_mapping_protection(const struct vfa_device *device,
			      const struct region_mapping *mapping);

/** region_mapping_restore() - give all its pages back to the device; 0 or -errno, recorded */
int region_mapping_restore(struct vfa_device *device, struct region_mapping *mapping);

#endif
