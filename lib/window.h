/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The dangerous windows that a device brings along. */

#ifndef LIB_WINDOW_H
#define LIB_WINDOW_H

#include <vfa/window.h>

struct vfa_device;

/**
 * window_add_all() - to a container that a device reaches, with the container's lock held
 *
 * Return: 0, or -ENOMEM recorded, with none added.
 */
int window_add_all(struct vfa_container *container, const struct vfa_device *device);

/** window_remove_all() - those that were added for a device, with the container's lock held */
void window_remove_all(struct vfa_container *container, const struct vfa_device *device);

#endif
