/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Reset of a device.
 *
 * Every function takes an open device and may be called from any thread; the
 * device's own lock keeps resets and changes of its interrupts apart.
 */

#ifndef VFA_RESET_H
#define VFA_RESET_H

#include <vfa/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * vfa_device_can_reset() - whether vfa_device_reset() has a way to work
 * @device: the device
 *
 * Return: 1, 0, or -EINVAL when @device is NULL.
 */
int vfa_device_can_reset(const struct vfa_device *device);

/**
 * vfa_device_reset() - reset this device alone
 * @device: the device
 *
 * Function-level reset, or another of the kernel's methods that touches no
 * other device. Config space is restored by the kernel, the device's own
 * registers are not. DMA stops; mappings stay. Disable interrupts before, and
 * enable them after.
 *
 * Return: 0, or
 *	-EINVAL: @device is NULL
 *	-EOPNOTSUPP: no method for this device alone (VFA_CAUSE_NO_RESET)
 *	any other errno of the kernel
 *
 * Kernel: VFIO_DEVICE_RESET; /sys/bus/pci/devices/BDF/reset_method.
 */
int vfa_device_reset(struct vfa_device *device);

#ifdef __cplusplus
}
#endif

#endif
