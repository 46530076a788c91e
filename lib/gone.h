/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Devices that went away while they were open: pulled, unplugged by force, or fallen
 * off their bus. The fd of such a device stays valid, and many calls on it succeed.
 */

#ifndef LIB_GONE_H
#define LIB_GONE_H

#include <stdbool.h>

#include "device.h"

/**
 * device_is_gone() - look whether the device still answers
 *
 * One read of config space. It wakes a device that the kernel has put to sleep.
 */
bool device_is_gone(const struct vfa_device *device);

/**
 * device_is_leaving() - look whether the kernel waits for a device to be closed
 * @bdf: of one that is open
 *
 * False where sysfs does not tell.
 */
bool device_is_leaving(const struct vfa_host *host, const char *bdf);

/** device_require_answer() - the same: 0, or -ENODEV, recorded with what tells that it is gone */
int device_require_answer(const struct vfa_device *device);

/** error_gone() - record that a device is gone which was read as all ones; -ENODEV */
int error_gone(const struct vfa_device *device);

/**
 * error_device() - record that the kernel refused a call on a device
 *
 * As error_kernel(), but a device that is gone is told as such, whatever the errno:
 * what fails then, and how, depends on the kernel.
 *
 * Return: @err made negative, or -ENODEV.
 */
int error_device(const struct vfa_device *device, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
