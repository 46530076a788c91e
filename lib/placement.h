/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Where a mapping goes: what the caller wishes, held against what can be had. */

#ifndef LIB_PLACEMENT_H
#define LIB_PLACEMENT_H

#include <vfa/verdict.h>

#include "container.h"

/* What NULL stands for. */
extern const struct vfa_map_options placement_defaults;

int placement_copy_options(const struct vfa_map_options *options, struct vfa_map_options *ret);

/**
 * placement_options() - the caller's options, checked and with all defaults filled in
 * @room: where they may be copied to
 *
 * Return: 0 or -errno, recorded.
 */
static inline int placement_options(const struct vfa_map_options *options,
				    struct vfa_map_options *room,
				    const struct vfa_map_options **ret)
{
	*ret = options ? room : &placement_defaults;
	return options ? placement_copy_options(options, room) : 0;
}

/**
 * place_mapping() - the IOVA for a piece of memory
 * @options: as placement_options() gives them
 *
 * With the container's lock held. Return: 0 or -errno, recorded.
 */
int place_mapping(const struct vfa_container *container, const void *vaddr, uint64_t size,
		  const struct vfa_map_options *options, uint64_t *ret);

/** placement_judge() - the same as a verdict; a refusal is recorded as well */
void placement_judge(const struct vfa_container *container, const void *vaddr, uint64_t size,
		     const struct vfa_map_options *options, struct vfa_verdict *ret);

#endif
