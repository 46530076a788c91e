/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why a PASID cannot be attached, told so that a person can act. */

#ifndef LIB_REFUSAL_PASID_H
#define LIB_REFUSAL_PASID_H

#include "iommu_info.h"
#include "pasid.h"

/* All return the -errno to give, recorded. */

/** refuse_other_iommufd() - @what has nothing in common with the devices */
int refuse_other_iommufd(const struct pasid_request *request, const char *what);

/** refuse_no_pasids() - the kernel has none for the device: whose fault that is */
int refuse_no_pasids(const struct vfa_device *device, const struct vfa_iommu_info *info);

/** refuse_pasid_number() - a given one is not of those there are, 1 to 2^bits - 1 */
int refuse_pasid_number(const struct vfa_device *device, uint32_t pasid, unsigned int bits);

/** refuse_used_pasid() - it leads elsewhere */
int refuse_used_pasid(const struct pasid *user);

/** refuse_no_free_pasid() - all of @bits are in use */
int refuse_no_free_pasid(const struct vfa_device *device, unsigned int bits);

/** refuse_other_pasid() - the pair has one already, and another is asked for */
int refuse_other_pasid(const struct pasid *pasid, uint32_t wanted);

/** refuse_other_queue() - the pair has one already, with another fault queue */
int refuse_other_queue(const struct pasid *pasid);

/** refuse_table() - the kernel makes no page table, for @err */
int refuse_table(struct vfa_container *container, const struct vfa_device *device, int err);

/** refuse_own_table() - the kernel does not move the group to its page table for PASIDs, for @err
 */
int refuse_own_table(const struct vfa_device *device, int err);

/** refuse_pasid_attach() - the kernel attaches none, for @err */
int refuse_pasid_attach(const struct pasid *pasid, const struct vfa_device *device, int err);

#endif
