/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why a device cannot join a container, told so that a person can act. */

#ifndef LIB_REFUSAL_H
#define LIB_REFUSAL_H

#include "backend/backend.h"
#include "topology/pci.h"

/** refuse_unready() - what sysfs shows to be missing; 0 when nothing is */
int refuse_unready(const struct vfa_host *host, enum vfa_backend wanted,
		   const struct pci_function *function);

/** refuse_collision() - a live mapping is where the joining device has a reserved region */
int refuse_collision(const char *bdf, const struct vfa_iova_range *mapping,
		     const struct vfa_reserved_region *region);

/**
 * refuse_join() - the kernel said no
 * @join: with the step that failed
 * @live_mappings: how many mappings the container has
 * @err: its -errno
 *
 * Return: the -errno to give, recorded.
 */
int refuse_join(const struct vfa_host *host, enum vfa_backend backend,
		const struct pci_function *function, const struct join *join,
		size_t live_mappings, int err);

#endif
