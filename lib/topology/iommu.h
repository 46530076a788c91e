/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What sysfs tells of the IOMMU that a device is behind. */

#ifndef TOPOLOGY_IOMMU_H
#define TOPOLOGY_IOMMU_H

#include "base/host.h"

/**
 * iommu_address_bits() - beyond which it translates nothing, whatever the kernel
 *
 * Return: their number, 1 to 64; 0 when sysfs does not tell, as for all but VT-d.
 */
unsigned int iommu_address_bits(const struct vfa_host *host, const char *bdf);

#endif
