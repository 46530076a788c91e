/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Why functions are in one IOMMU group, and what would change that.
 *
 * The kernel forms groups when it finds devices, from what the ports between them
 * and the root complex isolate (ACS). These functions do the same from a
 * snapshot: with the bits that are on now, or with others. Where the kernel's groups
 * differ, the kernel is right: it knows of quirks that no register shows.
 */

#ifndef VFA_ISOLATION_H
#define VFA_ISOLATION_H

#include <vfa/topology.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct vfa_acs_change - bits of a port or function that are to be other than they are
 * @bdf: its address
 * @set: enum vfa_acs_bit to turn on
 * @clear: enum vfa_acs_bit to turn off
 *
 * A function without the capability is taken as having it, with only @set on.
 */
struct vfa_acs_change {
	const char *bdf;
	uint16_t set;
	uint16_t clear;
};

/**
 * vfa_topology_predict() - the groups that follow from the bits in a snapshot
 * @topology: the snapshot
 * @changes: bits to take for other than they are, may be NULL when @count is 0
 * @count: number of elements in @changes
 * @groups: for each function, the index of the first function of its group; -1 for one
 *	that the kernel has in no group now. May be NULL when @max is 0
 * @max: number of elements in @groups
 *
 * Nothing is changed: not in the machine, and not in @topology.
 *
 * Return: the number of functions, which may exceed @max, or
 *	-EINVAL: a NULL argument, @set and @clear share a bit or have an unknown one, or a bit
 *		of a function that cannot have it (VFA_CAUSE_BAD_ARGUMENT); @bdf does not
 *		parse (VFA_CAUSE_BAD_BDF)
 *	-ENODEV: there is no function @bdf (VFA_CAUSE_NO_DEVICE)
 *	-EACCES: config space of a function could not be read (VFA_CAUSE_ACCESS)
 *	-ENOMEM: no memory
 *
 * Kernel: pci_device_group() in drivers/iommu/iommu.c.
 */
int vfa_topology_predict(const struct vfa_topology *topology, const struct vfa_acs_change *changes,
			 size_t count, int32_t *groups, size_t max);

#ifdef __cplusplus
}
#endif

#endif
