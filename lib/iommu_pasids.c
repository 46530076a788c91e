/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "iommu_pasids.h"

#include <stddef.h>

/* VT-d's Extended Capability Register. */
#define ECAP_PASID      (1ull << 40)
#define ECAP_SCALABLE   (1ull << 43)
#define ECAP_BITS(ecap) ((unsigned int)((ecap) >> 35 & 31) + 1)

/* The Extended Feature Register of AMD's IOMMU. */
#define EFR_PPR       (1ull << 1)
#define EFR_GUEST     (1ull << 4)
#define EFR_GUEST_IO  (1ull << 48)
#define EFR_EPH       (1ull << 50)
#define EFR_BITS(efr) ((unsigned int)((efr) >> 32 & 31) + 1)

/* Width of substream ids. */
#define IDR1_SSIDSIZE(idr1) ((idr1) >> 6 & 31)

static struct iommu_pasids judge(const char *lacks, unsigned int bits, unsigned int least)
{
	return (struct iommu_pasids){
		.answer = !lacks && bits >= least ? VFA_YES : VFA_NO,
		.bits = bits,
		.lacks = lacks,
	};
}

struct iommu_pasids iommu_pasids_vtd(uint64_t ecap)
{
	const char *lacks = NULL;

	if (!(ecap & ECAP_SCALABLE))
		lacks = "scalable mode";
	else if (!(ecap & ECAP_PASID))
		lacks = "PASIDs";
	return judge(lacks, ECAP_BITS(ecap), 1);
}

struct iommu_pasids iommu_pasids_amd(uint64_t efr)
{
	const char *lacks = NULL;

	if (!(efr & EFR_GUEST))
		lacks = "guest translation";
	else if (!(efr & EFR_PPR))
		lacks = "page requests";
	else if (!(efr & EFR_GUEST_IO))
		lacks = "guest I/O protection";
	else if (!(efr & EFR_EPH))
		lacks = "enhanced handling of page requests";
	return judge(lacks, EFR_BITS(efr), 2);
}

struct iommu_pasids iommu_pasids_smmuv3(uint32_t idr1)
{
	return judge(IDR1_SSIDSIZE(idr1) ? NULL : "substream ids", IDR1_SSIDSIZE(idr1), 1);
}
