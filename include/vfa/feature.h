/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Features of a device, by VFIO_DEVICE_FEATURE.
 *
 * A feature is a number with data that can be got, set, or both; linux/vfio.h has the
 * structs. Which there are depends on the kernel and on the driver that VFIO has for
 * the device: ask with vfa_feature_probe(). Where the library has functions for a
 * feature, use those: vfa/power.h.
 *
 * All functions may be called from any thread. Each of them wakes a device that is in low
 * power, as every call of the kernel for it does.
 */

#ifndef VFA_FEATURE_H
#define VFA_FEATURE_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum vfa_feature - the features known; others, up to 0xffff, can be given by number */
enum vfa_feature {
	VFA_FEATURE_PCI_VF_TOKEN = 0,       /* set: the UUID, 16 bytes */
	VFA_FEATURE_MIGRATION,              /* get: how the device can migrate */
	VFA_FEATURE_MIGRATION_STATE,        /* both: its state, and a data fd */
	VFA_FEATURE_LOW_POWER_ENTRY,        /* set, without data */
	VFA_FEATURE_LOW_POWER_ENTRY_WAKEUP, /* set: an eventfd */
	VFA_FEATURE_LOW_POWER_EXIT,         /* set, without data */
	VFA_FEATURE_DMA_LOGGING_START,      /* set: which IOVAs to log */
	VFA_FEATURE_DMA_LOGGING_STOP,       /* set, without data */
	VFA_FEATURE_DMA_LOGGING_REPORT,     /* get: which were written since */
	VFA_FEATURE_MIGRATION_DATA_SIZE,    /* get: how much there is to move */
	VFA_FEATURE_BUS_MASTER,             /* set: not of PCI devices, whose config space has it */
	VFA_FEATURE_DMA_BUF,                /* get: parts of a region, as the fd of a dma-buf */
	VFA_FEATURE_MIGRATION_PRECOPY_INFO_2, /* set, without data */
	VFA_FEATURE_ZPCI_ERROR,               /* get: errors of a device of s390 */
};

/** enum vfa_feature_access - what can be done with a feature */
enum vfa_feature_access {
	VFA_FEATURE_GET = 1 << 0,
	VFA_FEATURE_SET = 1 << 1,
};

/**
 * vfa_feature_probe() - what can be done with a feature
 * @device: the device
 * @feature: of enum vfa_feature, or another number up to 0xffff
 *
 * Nothing changes in the device. Kernels before 5.7 have no features at all.
 *
 * Return: bits of enum vfa_feature_access, 0 when kernel, driver or device lack the
 * feature, or
 *	-EINVAL: @device is NULL, or @feature is above 0xffff
 *	-ENODEV: the device is gone (VFA_CAUSE_DEVICE_GONE)
 *	any other errno of the kernel
 *
 * Kernel: VFIO_DEVICE_FEATURE with VFIO_DEVICE_FEATURE_PROBE.
 */
int vfa_feature_probe(struct vfa_device *device, uint32_t feature);

/**
 * vfa_feature_get() - get a feature's data
 * @device: the device
 * @feature: of enum vfa_feature, or another number up to 0xffff
 * @data: the feature's struct, as linux/vfio.h has it. Fields that say what is asked for
 *	are read, the others filled; untouched on failure. May be NULL when @size is 0
 * @size: its size in bytes
 *
 * Return: 0 or more: what the kernel returned, for VFA_FEATURE_DMA_BUF an fd, which is the
 * caller's to close; or
 *	-EINVAL: a NULL argument, @feature is above 0xffff, or @size is less than the
 *		feature's struct; or the kernel does not take what @data says
 *	-EOPNOTSUPP: there is no such feature, or it cannot be got (VFA_CAUSE_NO_FEATURE)
 *	-ENODEV: the device is gone (VFA_CAUSE_DEVICE_GONE)
 *	-ENOMEM: no memory
 *	any other errno of the kernel
 *
 * Kernel: VFIO_DEVICE_FEATURE with VFIO_DEVICE_FEATURE_GET.
 */
int vfa_feature_get(struct vfa_device *device, uint32_t feature, void *data, size_t size);

/**
 * vfa_feature_set() - set a feature
 * @device: the device
 * @feature: of enum vfa_feature, or another number up to 0xffff
 * @data: the feature's struct, as linux/vfio.h has it. What the kernel answers is
 *	written into it on success, as the data fd of VFA_FEATURE_MIGRATION_STATE. May
 *	be NULL when @size is 0
 * @size: its size in bytes
 *
 * Return: as vfa_feature_get(), of a feature that cannot be set.
 *
 * Kernel: VFIO_DEVICE_FEATURE with VFIO_DEVICE_FEATURE_SET.
 */
int vfa_feature_set(struct vfa_device *device, uint32_t feature, void *data, size_t size);

/**
 * vfa_feature_name() - such as "low power entry"
 * @feature: any value; "unknown" for one this library does not know
 */
const char *vfa_feature_name(uint32_t feature);

#ifdef __cplusplus
}
#endif

#endif
