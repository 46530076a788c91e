/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The IOMMU in front of a device. */

#ifndef LIB_IOMMU_INFO_H
#define LIB_IOMMU_INFO_H

#include <vfa/iommu.h>

#include "device.h"

/**
 * iommu_info_read() - ask the kernel, under the container's lock
 * @ret: filled whole, whatever its struct_size
 *
 * Return: 0 or -errno, recorded.
 */
int iommu_info_read(struct vfa_device *device, struct vfa_iommu_info *ret);

#endif
