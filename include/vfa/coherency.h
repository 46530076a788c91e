/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Can DMA bypass the CPU caches?
 *
 * A PCIe device may mark a transaction No Snoop. Whether that has an effect is
 * up to the IOMMU: it can force every access to snoop. vfa-coherency(7) tells
 * what a VMM makes of the answer.
 */

#ifndef VFA_COHERENCY_H
#define VFA_COHERENCY_H

#include <vfa/container.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * vfa_coherency_is_enforced() - whether the IOMMU makes all DMA snoop
 * @container: a container with a device in it
 *
 * The answer covers all devices that are in the container now: ask again when
 * one joins or leaves. Once 0 on iommufd, it can stay 0 after the device that made
 * it so has left.
 *
 * Return: 1 when the IOMMU enforces snooping for every mapping, 0 when a device
 * can break coherency, or
 *	-EINVAL: @container is NULL
 *	-ENODEV: no device has joined yet (VFA_CAUSE_WRONG_ORDER)
 *	-EOPNOTSUPP: noiommu enforces nothing and knows nothing (VFA_CAUSE_NOIOMMU)
 *	any other errno of the kernel
 *
 * Kernel: VFIO_CHECK_EXTENSION of VFIO_DMA_CC_IOMMU, on iommufd for the IOAS
 * named by IOMMU_VFIO_IOAS. The fd's compatibility IOAS is put back afterwards;
 * containers made from one fd must not ask at the same time.
 */
int vfa_coherency_is_enforced(struct vfa_container *container);

#ifdef __cplusplus
}
#endif

#endif
