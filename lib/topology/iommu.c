/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/iommu.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sysfs.h"

/* The Maximum Guest Address Width of VT-d's Capability Register: bits 21:16, less one. */
unsigned int iommu_address_bits(const struct vfa_host *host, const char *bdf)
{
	char path[SYSFS_PATH], text[32], *end;
	unsigned long long capability;

	sysfs_path(host, path, "bus/pci/devices/%s/iommu/intel-iommu/cap", bdf);
	if (sysfs_read(host, path, text, sizeof(text)) < 0)
		return 0;
	errno = 0;
	capability = strtoull(text, &end, 16);
	return end == text || errno ? 0 : (capability >> 16 & 63) + 1;
}
