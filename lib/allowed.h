/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What can be mapped in a container. */

#ifndef LIB_ALLOWED_H
#define LIB_ALLOWED_H

#include "container.h"

/**
 * allowed_refresh() - read it again, for what is attached now, with the container's lock held
 *
 * Return: 0, or -errno, recorded, with what was known before.
 */
int allowed_refresh(struct vfa_container *container);

#endif
