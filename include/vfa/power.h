/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Low power of an open device.
 *
 * While a device is open it is awake, D0. A program that will not use it for a while can let the
 * kernel put it, and the bridges above it, to sleep, and take it back later. How deep depends on
 * the device and the platform: D3hot or D3cold of one with a Power Management capability, nothing
 * at all of one without.
 *
 * In low power
 *  - an access to a mapped region raises SIGBUS, as soon as low power was entered and whether the
 *    device sleeps or not; mappings stay, and work again after it was left. Reading and
 *    writing by vfa_region_read(), vfa_config_read16() and the like goes on, as does every other
 *    call for the device: each wakes it for that time;
 *  - DMA and messages (MSI, MSI-X) cannot be sent; stop the device before. Interrupts
 *    stay enabled, and INTx is masked while the device sleeps;
 *  - other devices do not reach its BARs (vfa/peer.h), and on iommufd not afterwards either;
 *  - what the device keeps in D3 is its own matter: config space is restored, registers and queues
 *    may be lost, and surely in D3cold.
 *
 * All functions may be called from any thread.
 */

#ifndef VFA_POWER_H
#define VFA_POWER_H

#include <vfa/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum vfa_power_state - the power states of PCI */
enum vfa_power_state {
	VFA_POWER_UNKNOWN = 0,
	VFA_POWER_D0, /* awake */
	VFA_POWER_D1,
	VFA_POWER_D2,
	VFA_POWER_D3HOT,  /* asleep, config space answers */
	VFA_POWER_D3COLD, /* without power: nothing answers */
};

/** VFA_POWER_NO_WAKEUP - for vfa_device_enter_low_power(): nobody is told when it wakes */
#define VFA_POWER_NO_WAKEUP (-1)

/**
 * vfa_device_enter_low_power() - let the kernel put a device to sleep
 * @device: the device
 * @wakeup_fd: an eventfd that is signalled when the device wakes, which then is out of low power;
 *	or VFA_POWER_NO_WAKEUP. The kernel holds it until then: the caller may close its own
 *
 * The device sleeps a moment later, when nothing else keeps it awake. It wakes by itself, when the
 * platform can hear its wish (PME), and by whatever is asked of it: any call of this library for
 * the device, any call with its fd. Without @wakeup_fd it goes back to sleep after that, until
 * vfa_device_exit_low_power(). With it the first waking ends low power for good, and
 * mapped regions can be accessed again.
 *
 * Return: 0, or
 *	-EINVAL: @device is NULL; it is in low power already (VFA_CAUSE_WRONG_ORDER);
 *		@wakeup_fd is no eventfd (VFA_CAUSE_BAD_FD)
 *	-EBADF: @wakeup_fd is not open (VFA_CAUSE_BAD_FD)
 *	-EOPNOTSUPP: the kernel has no low power: it came with Linux 6.1
 *		(VFA_CAUSE_NO_FEATURE)
 *	-ENODEV: the device has gone (VFA_CAUSE_DEVICE_GONE)
 *	-ENOMEM: no memory
 *	any other errno of the kernel
 *
 * Kernel: VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP. One
 * without CONFIG_PM takes both, and leaves the device awake.
 */
int vfa_device_enter_low_power(struct vfa_device *device, int wakeup_fd);

/**
 * vfa_device_exit_low_power() - take a device back
 * @device: the device
 *
 * It is awake when this returns, and stays so. Of a device that is not in low power, nothing
 * is done. vfa_device_close() does the same.
 *
 * Return: 0, or the errors of vfa_device_enter_low_power().
 *
 * Kernel: VFIO_DEVICE_FEATURE_LOW_POWER_EXIT.
 */
int vfa_device_exit_low_power(struct vfa_device *device);

/**
 * vfa_device_power_state() - what the kernel last brought a device to
 * @device: the device
 *
 * The device is not asked, and so not woken.
 *
 * Return: of enum vfa_power_state, VFA_POWER_UNKNOWN also when sysfs does not tell; or
 * -EINVAL when @device is NULL.
 *
 * Kernel: /sys/bus/pci/devices/BDF/power_state, from Linux 5.12.
 */
int vfa_device_power_state(const struct vfa_device *device);

/**
 * vfa_power_state_name() - such as "D3hot"
 * @state: any value; "unknown" for one this library does not know
 */
const char *vfa_power_state_name(enum vfa_power_state state);

#ifdef __cplusplus
}
#endif

#endif
