/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A device that comes in, held against the mappings that live already. */

#ifndef LIB_COLLISION_H
#define LIB_COLLISION_H

#include "container.h"
#include "topology/pci.h"

/* With the container's lock held. All but the last return 0, or -errno, recorded. */

/** collision_check() - before the kernel is asked, against what sysfs tells */
int collision_check(const struct vfa_container *container, const struct pci_function *function);

/** collision_check_limits() - against the limits of the container, which were just read */
int collision_check_limits(const struct vfa_container *container, const char *bdf);

/**
 * collision_explain() - after the kernel refused, and that is recorded, say of what
 * @join: what was tried
 *
 * Its refusal names nothing. What the device could map alone is asked of an empty
 * address space; where that fails or shows nothing, the record stays as it is.
 */
void collision_explain(const struct vfa_container *container, const struct join *join);

#endif
