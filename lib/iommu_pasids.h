/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Whether an IOMMU has PASIDs that the kernel can use, by its registers. */

#ifndef LIB_IOMMU_PASIDS_H
#define LIB_IOMMU_PASIDS_H

#include <stdint.h>

#include <vfa/answer.h>

/**
 * struct iommu_pasids - what it has
 * @answer: whether the kernel can use them; whether it does is another question
 * @bits: their width, when nothing lacks
 * @lacks: the first thing that it would need and has not, or NULL
 */
struct iommu_pasids {
	enum vfa_answer answer;
	unsigned int bits;
	const char *lacks;
};

/** iommu_pasids_vtd() - by VT-d's Extended Capability Register */
struct iommu_pasids iommu_pasids_vtd(uint64_t ecap);

/**
 * iommu_pasids_amd() - by the Extended Feature Register of AMD-Vi
 *
 * One bit is not enough: the kernel leaves the last PASID out, and the first stands for
 * requests without.
 */
struct iommu_pasids iommu_pasids_amd(uint64_t efr);

/** iommu_pasids_smmuv3() - by IDR1 of an SMMUv3 */
struct iommu_pasids iommu_pasids_smmuv3(uint32_t idr1);

#endif
