/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/iommu.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sysfs.h"

#define SNOOP_CONTROL (1ull << 7) /* of VT-d's Extended Capability Register */

int iommu_read_register(const struct vfa_host *host, const char *bdf, const char *name,
			uint64_t *ret)
{
	char path[SYSFS_PATH], text[64], *end;
	int size;

	sysfs_path(host, path, "bus/pci/devices/%s/iommu/%s", bdf, name);
	size = sysfs_read(host, path, text, sizeof(text));
	if (size < 0)
		return size;
	errno = 0;
	*ret = strtoull(text, &end, 16);
	return end == text || errno ? -EINVAL : 0;
}

/* The Maximum Guest Address Width of VT-d's Capability Register: bits 21:16, less one. */
unsigned int iommu_address_bits(const struct vfa_host *host, const char *bdf)
{
	uint64_t capability;

	if (iommu_read_register(host, bdf, "intel-iommu/cap", &capability))
		return 0;
	return (capability >> 16 & 63) + 1;
}

enum vfa_answer iommu_enforces_snooping(const struct vfa_host *host, const char *bdf)
{
	uint64_t extended;

	if (iommu_read_register(host, bdf, "intel-iommu/ecap", &extended))
		return VFA_UNKNOWN;
	return extended & SNOOP_CONTROL ? VFA_YES : VFA_NO;
}
