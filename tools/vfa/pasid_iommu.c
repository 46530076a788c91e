/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "pasid_iommu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/sysfs.h"

/* VT-d's Extended Capability Register. */
#define ECAP_PASID      (1ull << 40)
#define ECAP_SCALABLE   (1ull << 43)
#define ECAP_BITS(ecap) ((unsigned int)((ecap) >> 35 & 31) + 1)

/* The Extended Feature Register of AMD's IOMMU. */
#define EFR_PPR       (1ull << 1)
#define EFR_GUEST     (1ull << 4)
#define EFR_BITS(efr) ((unsigned int)((efr) >> 32 & 31) + 1)

/* A register in hexadecimal, of one kind of IOMMU: 0 or -errno. */
static int read_register(const struct vfa_host *host, const char *bdf, const char *name,
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

static void tell_intel(const char *name, uint64_t ecap, struct pasid_iommu *ret)
{
	ret->fact.answer = ecap & ECAP_PASID && ecap & ECAP_SCALABLE ? VFA_YES : VFA_NO;
	ret->bits = ECAP_BITS(ecap);
	if (ret->fact.answer == VFA_YES)
		snprintf(ret->fact.origin, sizeof(ret->fact.origin),
			 "%s is VT-d with scalable mode and PASIDs of %u bit%s (ecap %" PRIx64 ")",
			 name, ret->bits, ret->bits > 1 ? "s" : "", ecap);
	else
		snprintf(ret->fact.origin, sizeof(ret->fact.origin),
			 "%s is VT-d without %s (ecap %" PRIx64 ")", name,
			 ecap & ECAP_SCALABLE ? "PASIDs" : "scalable mode", ecap);
}

/* Of all PASIDs the kernel leaves the last one out, and the first is for requests without. */
static void tell_amd(const char *name, uint64_t efr, struct pasid_iommu *ret)
{
	bool has_tables = efr & EFR_GUEST && efr & EFR_PPR;

	ret->bits = EFR_BITS(efr);
	ret->fact.answer = has_tables && ret->bits > 1 ? VFA_YES : VFA_NO;
	if (has_tables)
		snprintf(ret->fact.origin, sizeof(ret->fact.origin),
			 "%s is AMD-Vi with PASIDs of %u bit%s (EFR %" PRIx64 ")", name, ret->bits,
			 ret->bits > 1 ? "s" : ", of which the kernel uses none", efr);
	else
		snprintf(ret->fact.origin, sizeof(ret->fact.origin),
			 "%s is AMD-Vi without %s (EFR %" PRIx64 ")", name,
			 efr & EFR_GUEST ? "page requests" : "guest translation", efr);
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
	} else if (!read_register(host, bdf, "intel-iommu/ecap", &value)) {
		tell_intel(name, value, ret);
	} else if (!read_register(host, bdf, "amd-iommu/features", &value)) {
		tell_amd(name, value, ret);
	} else {
		snprintf(ret->fact.origin, sizeof(ret->fact.origin),
			 "sysfs does not tell what the IOMMU %s can do", name);
	}
}
