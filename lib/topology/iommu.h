/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What sysfs tells of the IOMMU that a device is behind. */

#ifndef TOPOLOGY_IOMMU_H
#define TOPOLOGY_IOMMU_H

#include <stdint.h>
#include <vfa/answer.h>

#include "base/host.h"

/**
 * iommu_read_register() - as its driver shows it in sysfs
 * @name: the driver's folder and file, such as "intel-iommu/ecap"
 *
 * Return: 0 or -errno, unrecorded.
 */
int iommu_read_register(const struct vfa_host *host, const char *bdf, const char *name,
			uint64_t *ret);

/**
 * iommu_address_bits() - beyond which it translates nothing, whatever the kernel
 *
 * Return: their number, 1 to 64; 0 when sysfs does not tell, as for all but VT-d.
 */
unsigned int iommu_address_bits(const struct vfa_host *host, const char *bdf);

/**
 * iommu_enforces_snooping() - whether it can make every access snoop the caches
 *
 * Return: VFA_UNKNOWN when sysfs does not tell, as for all but VT-d.
 */
enum vfa_answer iommu_enforces_snooping(const struct vfa_host *host, const char *bdf);

#endif
