/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * PASIDs: a device reaches more than one address space.
 *
 * A request of a device can carry a number, its Process Address Space ID. The IOMMU
 * translates a request without one by the address space of the device's own container,
 * and one with a PASID by that of the container which the PASID leads to:
 *
 *	vfa_container_open_beside(container, &space);
 *	vfa_pasid_attach(device, space, NULL, &pasid);
 *	vfa_container_map(space, memory, size, NULL, &mapping);
 *
 * and then the device is told, in its own way, to use that PASID for a queue or a process.
 * The container may have no device of its own: it can be mapped as soon as a PASID leads to
 * it. Both containers are of one iommufd.
 *
 * PCI Express routes by address, whatever the PASID: what devices of a group can do to each
 * other they do with PASIDs too. So a PASID belongs to a group. A device that is not
 * alone in its group is attached together with all others, or not at all.
 *
 * It takes iommufd, Linux 6.15, a device with the PASID capability, an IOMMU that has PASIDs,
 * and a kernel that has turned both on. A refusal says which of them is missing.
 *
 * What a PASID leads to stays while it does, though the container's handle is closed. It
 * ends by being detached, or with the last of its devices. All functions may be called from
 * any thread; but while a device is closed, no other call may use it.
 */

#ifndef VFA_PASID_H
#define VFA_PASID_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/device.h>
#include <vfa/fault_queue.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum vfa_pasid_flag - flags of struct vfa_pasid_options */
enum vfa_pasid_flag {
	VFA_PASID_FIXED = 1 << 0, /* the PASID is given, not chosen */
};

/**
 * struct vfa_pasid_options - how to attach
 * @struct_size: set by VFA_PASID_OPTIONS_INIT
 * @flags: enum vfa_pasid_flag
 * @pasid: with VFA_PASID_FIXED, from 1 on. Without, the lowest that the group has free is chosen
 * @faults: where page faults are reported, of the same iommufd (vfa/fault_queue.h); NULL for
 *	nowhere. It stays open in the kernel while the PASID is attached. Not for a group of
 *	several devices. On Arm a device without stalls can be attached so, and no fault ever
 *	comes
 */
struct vfa_pasid_options {
	uint32_t struct_size;
	uint32_t flags;
	uint32_t pasid;
	uint32_t reserved;
	struct vfa_fault_queue *faults;
};

#define VFA_PASID_OPTIONS_INIT                                                                     \
	{                                                                                          \
		sizeof(struct vfa_pasid_options), 0, 0, 0, NULL                                    \
	}

/**
 * struct vfa_pasid_binding - a PASID of a device
 * @space: what it leads to, to be used while the PASID is attached; there is nothing to close
 * @pasid: the number
 * @device_count: open devices of the group that have it, 1 for a device that is alone
 * @reserved: 0, for what later releases tell
 */
struct vfa_pasid_binding {
	struct vfa_container *space;
	uint32_t pasid;
	uint32_t device_count;
	uint32_t reserved[4];
};

/**
 * struct vfa_pasid_newcomer - a function that came to a group which has PASIDs
 * @bdf: its PCI address
 */
struct vfa_pasid_newcomer {
	char bdf[24];
};

/**
 * vfa_pasid_attach() - let a PASID of a device lead to an address space
 * @device: a device that is alone in its group, bridges aside
 * @space: the address space, on iommufd; may be the device's own container
 * @options: or NULL
 * @ret: the PASID
 *
 * The same pair again gives the same PASID, and is detached once. With the first PASID of a
 * group the page table of its own container becomes one that goes with PASIDs, and with the
 * last it is what it was; DMA goes on meanwhile. Either container can become narrower by
 * its new page table: where a live mapping is in the way, it is refused and named.
 *
 * What the IOMMU keeps from requests without PASID, such as the window of MSIs on x86, is
 * not reserved for those with one, unless the kernel says so: vfa_container_iova_ranges().
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, or wrong options (VFA_CAUSE_BAD_ARGUMENT): an unknown flag,
 *		a given PASID that is 0 or wider than device and IOMMU have; the group has more
 *		devices (VFA_CAUSE_PASID_GROUP)
 *	-EOPNOTSUPP: a container is not of iommufd (VFA_CAUSE_NOT_IOMMUFD) or noiommu
 *		(VFA_CAUSE_NOIOMMU); the kernel is older than Linux 6.15
 *		(VFA_CAUSE_OLD_KERNEL); driver, device or IOMMU have no PASIDs
 *		(VFA_CAUSE_NO_PASID), or with a fault queue no page faults (VFA_CAUSE_NO_FEATURE)
 *	-EXDEV: @space or the fault queue is of another iommufd (VFA_CAUSE_OTHER_IOMMUFD)
 *	-EBUSY: the PASID leads elsewhere, the pair has another PASID or fault queue than
 *		those given, no PASID is left, or a device of the group is being reset
 *		(VFA_CAUSE_PASID_IN_USE, or VFA_CAUSE_IN_USE for its own page table); a
 *		container was sent to another process (VFA_CAUSE_SENT)
 *	-EADDRINUSE: a live mapping is beyond what the new page table reaches
 *		(VFA_CAUSE_JOIN_CONFLICT)
 *	-ENODEV: @space has no backend yet (VFA_CAUSE_WRONG_ORDER)
 *	-ENOENT: sysfs does not tell the group (VFA_CAUSE_NO_GROUP)
 *	-ENOMEM: no memory; what is mapped exceeds the limit of locked memory
 *		(VFA_CAUSE_MEMLOCK)
 *	any other errno of the kernel
 *
 * Kernel: IOMMU_HWPT_ALLOC with IOMMU_HWPT_ALLOC_PASID, VFIO_DEVICE_ATTACH_IOMMUFD_PT with
 * VFIO_DEVICE_ATTACH_PASID, IOMMU_GET_HW_INFO; fcntl(2) with F_DUPFD_QUERY.
 */
int vfa_pasid_attach(struct vfa_device *device, struct vfa_container *space,
		     const struct vfa_pasid_options *options, uint32_t *ret);

/**
 * vfa_pasid_detach() - end what vfa_pasid_attach() began
 * @device: the device
 * @space: what its PASID leads to
 *
 * Requests with the PASID are blocked from then on. The device is to have stopped using
 * it: what it still has in flight fails.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument
 *	-ENOENT: no PASID of the device leads there (VFA_CAUSE_NO_PASID)
 *	-EBUSY: other devices have it too (VFA_CAUSE_PASID_GROUP): vfa_pasid_detach_group()
 *	-ENOMEM: no memory
 *	any other errno of the kernel; it is attached then as before
 *
 * Kernel: VFIO_DEVICE_DETACH_IOMMUFD_PT with VFIO_DEVICE_DETACH_PASID, IOMMU_DESTROY.
 */
int vfa_pasid_detach(struct vfa_device *device, struct vfa_container *space);

/**
 * vfa_pasid_attach_group() - let a PASID of a whole group lead to an address space
 * @devices: all devices of the group, open in one container
 * @count: how many
 * @space: the address space
 * @options: or NULL
 * @ret: the PASID, which is the same for all
 *
 * Bridges need not be given, which cannot be opened. All are attached, or none. The same
 * again gives the same PASID, and is detached once; a device that was closed meanwhile, and is
 * open again, is attached anew by that. Meanwhile the IOMMU goes on to translate its requests
 * with the PASID, which is blocked for all of the group when the last device goes.
 *
 * Return: 0, or as vfa_pasid_attach(), but
 *	-EINVAL: @count is 0, a device comes twice, or they are in several containers
 *		(VFA_CAUSE_BAD_ARGUMENT); they are of several groups, or one of the group is
 *		not among them (VFA_CAUSE_PASID_GROUP)
 *	-EOPNOTSUPP: also a fault queue for more than one device (VFA_CAUSE_NO_FEATURE): the
 *		kernel would report page faults of all as those of one
 *	-EBUSY: also a device that came to the group after its PASID was attached
 *		(VFA_CAUSE_PASID_GROUP): detach all, then attach all
 */
int vfa_pasid_attach_group(struct vfa_device *const *devices, size_t count,
			   struct vfa_container *space, const struct vfa_pasid_options *options,
			   uint32_t *ret);

/**
 * vfa_pasid_detach_group() - end what vfa_pasid_attach_group() began
 * @devices: all that have the PASID, in any order
 * @count: how many
 * @space: what it leads to
 *
 * Return: as vfa_pasid_detach(); and
 *	-EINVAL: @count is 0, a device comes twice, or they are in several containers
 *		(VFA_CAUSE_BAD_ARGUMENT)
 *	-EBUSY: one that has the PASID is not among them (VFA_CAUSE_PASID_GROUP)
 */
int vfa_pasid_detach_group(struct vfa_device *const *devices, size_t count,
			   struct vfa_container *space);

/**
 * vfa_pasid_list() - the PASIDs of a device
 * @device: the device
 * @list: filled in ascending order; may be NULL when @max is 0
 * @max: number of elements in @list
 *
 * Return: how many there are, which may exceed @max; -EINVAL for a NULL argument.
 */
int vfa_pasid_list(struct vfa_device *device, struct vfa_pasid_binding *list, size_t max);

/**
 * vfa_pasid_newcomers() - functions that have come to the group since it has PASIDs
 * @device: a device with a PASID
 * @list: filled by address; may be NULL when @max is 0
 * @max: number of elements in @list
 *
 * By hotplug a function can come to a group at any time, bridges are not counted. Nothing
 * isolates it from the others: requests with a PASID that the bound devices make can end in
 * its BARs and never meet the IOMMU, its own can end in theirs, and what it sends up
 * under an ID that it shares with them is translated by what they were given. To the
 * kernel it does not have their PASIDs. A program that does not trust it detaches, and one
 * that does takes it in: open it, detach all, attach all. When one joins the container, the
 * host's log has a warning.
 *
 * Return: how many there are, which may exceed @max; 0 without a PASID; or
 *	-EINVAL: a NULL argument
 *	-ENOMEM: no memory
 *	any other errno of reading sysfs
 */
int vfa_pasid_newcomers(struct vfa_device *device, struct vfa_pasid_newcomer *list, size_t max);

#ifdef __cplusplus
}
#endif

#endif
