/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Whether the IOMMU of a function has PASIDs, as its registers in sysfs say. */

#ifndef VFA_TOOL_PASID_IOMMU_H
#define VFA_TOOL_PASID_IOMMU_H

#include "base/host.h"
#include "pasid_facts.h"

struct pasid_iommu {
	struct pasid_fact fact;
	unsigned int bits; /* of its PASIDs, if it has any */
};

void pasid_iommu_read(const struct vfa_host *host, const char *bdf, struct pasid_iommu *ret);

#endif
