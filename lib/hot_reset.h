/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a hot reset affects, and who owns it. */

#ifndef LIB_HOT_RESET_H
#define LIB_HOT_RESET_H

#include <vfa/hot_reset.h>

#include "device.h"

struct hot_reset {
	struct vfa_device *device;
	struct vfa_device *const *others;
	size_t other_count;

	struct vfa_hot_reset_function *functions; /* in ascending order */
	size_t count;
};

/**
 * hot_reset_read() - ask the kernel what is affected
 * @hot_reset: with the devices; functions and count are set, functions to be freed
 *
 * Return: 0 or -errno, recorded.
 */
int hot_reset_read(struct hot_reset *hot_reset);

/** refuse_unowned() - say which functions are not owned, and what to do; -EPERM */
int refuse_unowned(const struct hot_reset *hot_reset);

static inline bool hot_reset_owns(const struct vfa_hot_reset_function *function)
{
	return function->ownership >= VFA_OWNERSHIP_GROUP;
}

#endif
