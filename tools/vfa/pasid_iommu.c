/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "pasid_iommu.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/sysfs.h"
#include "iommu_pasids.h"
#include "topology/iommu.h"

static void tell_intel(const char *name, uint64_t ecap, struct pasid_iommu *ret)
{
	struct iommu_pasids pasids = iommu_pasids_vtd(ecap);

	ret->fact.answer = pasids.answer;
	ret->bits = pasids.bits;
	if (pasids.lacks)
		snprintf(ret->fact.origin, sizeof(ret->fact.origin),
			 "%s is VT-d without %s (ecap %" PRIx64 ")", name, pasids.lacks, ecap);
	else
		snprintf(ret->fact.origin, sizeof(ret->fact.origin),
			 "%s is VT-d with scalable mode and PASIDs of %u bit%s (ecap %" PRIx64 ")",
			 name, pasids.bits, pasids.bits > 1 ? "s" : "", ecap);
}

static void tell_amd(const char *name, uint64_t efr, struct pasid_iommu *ret)
{
	struct iommu_pasids pasids = iommu_pasids_amd(efr);

	ret->fact.answer = pasids.answer;
	ret->bits = pasids.bits;
	if (pasids.lacks)
		snprintf(ret->fact.origin, sizeof(ret->fact.origin),
			 "%s is AMD-Vi without %s (EFR %" PRIx64 ")", name, pasids.lacks, efr);
	else
		snprintf(ret->fact.origin, sizeof(ret->fact.origin),
			 "%s is AMD-Vi with PASIDs of %u bit%s (EFR %" PRIx64 ")", name,
			 pasids.bits,
			 pasids.answer == VFA_YES ? "s" : ", of which the kernel uses none", efr);
}

void pasid_iommu_read(const struct vfa_host *host, const char *bdf, struct pasid_iommu *ret)
{
	char path[SYSFS_PATH], name[64];
	uint64_t value;

	*ret = (struct pasid_iommu){ .fact.answer = VFA_UNKNOWN };
	sysfs_path(host, path, "bus/pci/devices/%s/iommu", bdf);
	if (sysfs_link_name(host, path, name, sizeof(name))) {
		ret->fact.answer = VFA_NO;
		snprintf(ret->fact.origin, sizeof(ret->fact.origin), "%s is behind no IOMMU", bdf);
	} else if (!iommu_read_register(host, bdf, "intel-iommu/ecap", &value)) {
		tell_intel(name, value, ret);
	} else if (!iommu_read_register(host, bdf, "amd-iommu/features", &value)) {
		tell_amd(name, value, ret);
	} else {
		snprintf(ret->fact.origin, sizeof(ret->fact.origin),
			 "sysfs does not tell what the IOMMU %s can do", name);
	}
}
