/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A device that comes in, held against the mappings that live already. */

#ifndef LIB_COLLISION_H
#define LIB_COLLISION_H

#include "container.h"
#include "topology/pci.h"

/* All but the last return 0, or -errno, recorded, and are called with the container's lock held. */

/** collision_check() - before the kernel is asked, against what sysfs tells */
int collision_check(const struct vfa_container *container, const struct pci_function *function);

/** collision_check_limits() - against the limits of the container, which were just read */
int collision_check_limits(const struct vfa_container *container, const char *bdf);

/**
 * collision_explain() - after the kernel refused, and that is recorded, say of what
 * @kind: the backend's
 * @join: what was tried, and is undone
 *
 * Its refusal names nothing. What the device could map alone is asked of an empty
 * address space; where that fails or shows nothing, the record stays as it is.
 * Without the lock, for the device is opened once more.
 */
void collision_explain(struct vfa_container *container, enum vfa_backend kind,
		       const struct join *join);

#endif
