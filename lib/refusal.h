/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why a device cannot join a container, told so that a person can act. */

#ifndef LIB_REFUSAL_H
#define LIB_REFUSAL_H

#include "backend/backend.h"
#include "topology/pci.h"

/* A join that the kernel refused. */
struct refused_join {
	const struct vfa_host *host;
	enum vfa_backend backend;
	const struct pci_function *function;
	const struct join *join; /* with the step that failed */
	size_t live_mappings;    /* of the container, in the kernel */
};

/* All return the -errno to give, recorded. */

/** refuse_unready() - what sysfs shows to be missing; 0 when nothing is */
int refuse_unready(const struct vfa_host *host, enum vfa_backend wanted,
		   const struct pci_function *function);

/** refuse_collision() - a live mapping is where the joining device has a reserved region */
int refuse_collision(const char *bdf, const struct vfa_iova_range *mapping,
		     const struct vfa_reserved_region *region);

/** refuse_unreachable() - a live mapping is outside what the joining device can map */
int refuse_unreachable(const char *bdf, const struct vfa_iova_range *mapping,
		       const struct range_list *allowed);

/** refuse_join() - the kernel said no, with @err */
int refuse_join(const struct refused_join *refused, int err);

/** refuse_token() - the VF token is missing or wrong (@err -EACCES), or not taken (-EINVAL) */
int refuse_token(const struct refused_join *refused, int err);

/** refuse_taken() - the kernel driver or process that has the group; 0 when none is seen */
int refuse_taken(const struct refused_join *refused);

/** refuse_busy() - the same, and where none is seen that it is busy all the same */
int refuse_busy(const struct refused_join *refused);

#endif
