/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * An IOMMU group as a fact: its members, their drivers, its reserved regions.
 *
 * A group is the smallest set of devices that the machine can isolate from all
 * others, so it is given to user space whole. This object is a snapshot of
 * sysfs: it has nothing open, never changes, and may be read by all threads.
 */

#ifndef VFA_GROUP_H
#define VFA_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vfa/host.h>
#include <vfa/iova.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_group;

/** enum vfa_member_role - what a member's driver means for the group */
enum vfa_member_role {
	VFA_MEMBER_UNBOUND = 1, /* no driver: harmless */
	VFA_MEMBER_VFIO,        /* a VFIO driver: ready for user space */
	VFA_MEMBER_STUB,        /* pci-stub: harmless, it does no DMA */
	VFA_MEMBER_PORT,        /* pcieport: harmless, a bridge that does no DMA of its own */
	VFA_MEMBER_KERNEL,      /* any other driver: blocks the group */
};

/**
 * struct vfa_group_member - one device of a group
 * @name: its address such as "0000:00:04.0", or its name on another bus
 * @driver: its driver, or an empty string
 * @class_code: PCI class, subclass and interface (24 bits), 0 where there is none
 * @vendor: PCI vendor id, 0 where there is none
 * @device: PCI device id, 0 where there is none
 * @role: what its driver means for the group
 */
struct vfa_group_member {
	const char *name;
	const char *driver;
	uint32_t class_code;
	uint16_t vendor;
	uint16_t device;
	enum vfa_member_role role;
};

/**
 * vfa_group_list() - the groups of a machine
 * @host: the machine, or NULL for this one
 * @numbers: filled in ascending order, may be NULL when @max is 0
 * @max: number of elements in @numbers
 *
 * Return: the number of groups there are, which may exceed @max, noiommu groups
 * included; 0 when the machine has no IOMMU; or
 *	-EINVAL: @numbers is NULL though @max is not 0
 *	-ENOMEM: no memory
 *	any other errno of reading sysfs
 */
int vfa_group_list(struct vfa_host *host, uint32_t *numbers, size_t max);

/**
 * vfa_group_new() - take a snapshot of a group
 * @host: the machine, or NULL for this one
 * @number: the group's number, as in /sys/kernel/iommu_groups
 * @ret: the group, to be freed with vfa_group_free()
 *
 * Return: 0, or
 *	-EINVAL: @ret is NULL
 *	-ENOENT: no such group (VFA_CAUSE_NO_GROUP)
 *	-ENOMEM: no memory
 *	any other errno of reading sysfs
 */
int vfa_group_new(struct vfa_host *host, uint32_t number, struct vfa_group **ret);

/**
 * vfa_group_new_for_device() - take a snapshot of a device's group
 * @host: the machine, or NULL for this one
 * @bdf: the device's PCI address, "0000:00:04.0" or "00:04.0"
 * @ret: the group, to be freed with vfa_group_free()
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, or @bdf does not parse (VFA_CAUSE_BAD_BDF)
 *	-ENODEV: no such device (VFA_CAUSE_NO_DEVICE)
 *	-ENOENT: the device is in no group (VFA_CAUSE_NO_IOMMU)
 *	-ENOMEM: no memory
 *	any other errno of reading sysfs
 */
int vfa_group_new_for_device(struct vfa_host *host, const char *bdf, struct vfa_group **ret);

/**
 * vfa_group_free() - free a snapshot
 * @group: the group, or NULL
 */
void vfa_group_free(struct vfa_group *group);

/**
 * vfa_group_number() - the group's number
 * @group: the group, not NULL
 */
uint32_t vfa_group_number(const struct vfa_group *group);

/**
 * vfa_group_is_noiommu() - whether VFIO made the group up, without an IOMMU behind it
 * @group: the group, not NULL
 *
 * Such a group isolates nothing. It exists while a device is bound to a VFIO driver
 * in noiommu mode.
 *
 * Kernel: the group's name in sysfs is "vfio-noiommu".
 */
bool vfa_group_is_noiommu(const struct vfa_group *group);

/**
 * vfa_group_count_members() - how many devices are in the group
 * @group: the group, not NULL
 */
size_t vfa_group_count_members(const struct vfa_group *group);

/**
 * vfa_group_get_member() - one device of the group
 * @group: the group, not NULL
 * @index: from 0 to vfa_group_count_members() - 1, ordered by address
 *
 * Return: the member, valid as long as @group; NULL when @index is too large.
 */
const struct vfa_group_member *vfa_group_get_member(const struct vfa_group *group, size_t index);

/**
 * vfa_group_count_reserved_regions() - how many reserved regions the group has
 * @group: the group, not NULL
 */
size_t vfa_group_count_reserved_regions(const struct vfa_group *group);

/**
 * vfa_group_get_reserved_region() - one reserved region of the group
 * @group: the group, not NULL
 * @index: from 0 to vfa_group_count_reserved_regions() - 1, by address
 *
 * Return: the region, valid as long as @group; NULL when @index is too large.
 */
const struct vfa_reserved_region *vfa_group_get_reserved_region(const struct vfa_group *group,
								size_t index);

/**
 * vfa_member_role_name() - "unbound", "vfio", "stub", "port" or "kernel"
 * @role: any value; "unknown" for one this library does not know
 */
const char *vfa_member_role_name(enum vfa_member_role role);

#ifdef __cplusplus
}
#endif

#endif
