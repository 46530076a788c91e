/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The dangerous windows that a device brings along. */

#ifndef LIB_WINDOW_H
#define LIB_WINDOW_H

#include <vfa/window.h>

struct vfa_device;

/**
 * window_add_all() - to the container of a device that is in, with its lock held
 * @windows: in ascending order
 *
 * Return: 0, or -ENOMEM recorded, with none added.
 */
int window_add_all(struct vfa_device *device, const struct vfa_window *windows, size_t count);

/** window_remove_all() - those that were added for a device, with the container's lock held */
void window_remove_all(struct vfa_device *device);

#endif
