/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * PCI config space of an assigned device, as VFIO shows it: some registers are
 * virtual (BARs, MSI), some writes are filtered. Values are in host order.
 *
 * Return values of all six: 0, or
 *	-EINVAL: a NULL argument, or @offset past the end (VFA_CAUSE_REGION_BOUNDS)
 *		or not a multiple of the width (VFA_CAUSE_MISALIGNED), or the device
 *		has no config space (VFA_CAUSE_NO_REGION)
 *	-EOPNOTSUPP: config space cannot be read or written (VFA_CAUSE_REGION_RIGHTS)
 *	-ENODEV: the device is gone (VFA_CAUSE_DEVICE_GONE); writes to it go nowhere, and
 *		may succeed
 *	-EIO: the kernel moved less than asked (VFA_CAUSE_KERNEL)
 *	-ENODEV: the device is gone (VFA_CAUSE_DEVICE_GONE)
 *	any other errno of pread(2) or pwrite(2)
 */

#ifndef VFA_CONFIG_H
#define VFA_CONFIG_H

#include <stdint.h>
#include <vfa/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * vfa_config_read8() - read a byte of config space
 * @device: the device
 * @offset: in bytes
 * @ret: the value
 */
int vfa_config_read8(struct vfa_device *device, uint32_t offset, uint8_t *ret);

/** vfa_config_read16() - read 16 bits of config space, @offset a multiple of 2 */
int vfa_config_read16(struct vfa_device *device, uint32_t offset, uint16_t *ret);

/** vfa_config_read32() - read 32 bits of config space, @offset a multiple of 4 */
int vfa_config_read32(struct vfa_device *device, uint32_t offset, uint32_t *ret);

/**
 * vfa_config_write8() - write a byte of config space
 * @device: the device
 * @offset: in bytes
 * @value: what to write; the kernel may filter it
 */
int vfa_config_write8(struct vfa_device *device, uint32_t offset, uint8_t value);

/** vfa_config_write16() - write 16 bits of config space, @offset a multiple of 2 */
int vfa_config_write16(struct vfa_device *device, uint32_t offset, uint16_t value);

/** vfa_config_write32() - write 32 bits of config space, @offset a multiple of 4 */
int vfa_config_write32(struct vfa_device *device, uint32_t offset, uint32_t value);

#ifdef __cplusplus
}
#endif

#endif
