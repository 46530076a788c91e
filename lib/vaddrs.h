/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Which IOVA an address of this process has. Memory may be mapped more than
 * once: the index has the mapping that was there first, and those that are, in
 * part at least, in its shadow, are listed until it goes. Those without an address
 * are in neither.
 */

#ifndef LIB_VADDRS_H
#define LIB_VADDRS_H

#include "iova/index.h"

struct vfa_mapping;

struct vaddrs {
	struct index index; /* from address to IOVA */

	/* By address. A reader that finds nothing in the index looks at their number. */
	struct vfa_mapping **shadowed;
	_Atomic size_t count;
	size_t room;
	uint64_t longest; /* of them, in bytes */
};

void vaddrs_init(struct vaddrs *vaddrs);
void vaddrs_clear(struct vaddrs *vaddrs);

/** vaddrs_reserve() - make the next insertion one that cannot fail; 0 or -ENOMEM */
int vaddrs_reserve(struct vaddrs *vaddrs, const void *vaddr, uint64_t size);

void vaddrs_insert(struct vaddrs *vaddrs, struct vfa_mapping *mapping);
void vaddrs_remove(struct vaddrs *vaddrs, struct vfa_mapping *mapping);

/** vaddrs_find_shadowed() - a listed mapping that has an address, or NULL */
const struct vfa_mapping *vaddrs_find_shadowed(const struct vaddrs *vaddrs, uint64_t address);

#endif
