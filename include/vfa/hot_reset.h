/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Hot reset: of a bus or slot, with all functions on it.
 *
 * Where no method resets a function alone (vfa/reset.h), or where that does not bring it back,
 * the bridge above it can reset its bus: everything on the bus and below it. The kernel does so
 * for a caller that owns all of that. On type1 and noiommu who has a group open owns its
 * members; on iommufd who has a device open owns it, and the members of its group that
 * nobody has open. Each has to be bound to a VFIO driver: a bridge below never is.
 *
 * All functions may be called from any thread.
 */

#ifndef VFA_HOT_RESET_H
#define VFA_HOT_RESET_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum vfa_ownership - whose a function is */
enum vfa_ownership {
	VFA_OWNERSHIP_UNBOUND = 0, /* no VFIO driver has it */
	VFA_OWNERSHIP_NONE,        /* somebody else's, or nobody's */
	VFA_OWNERSHIP_GROUP,       /* the caller's, by its group; it is not open */
	VFA_OWNERSHIP_OPEN,        /* the caller's, and open */
};

/**
 * struct vfa_hot_reset_function - a function that a hot reset resets
 * @bdf: its address, such as "0000:01:00.0"
 * @group: its IOMMU group, -1 when it is not known
 * @ownership: whose it is
 */
struct vfa_hot_reset_function {
	char bdf[20];
	int32_t group;
	enum vfa_ownership ownership;
};

/**
 * vfa_hot_reset_functions() - what would be reset with a device
 * @device: the device
 * @list: filled in ascending order, may be NULL when @max is 0
 * @max: number of elements in @list
 *
 * @device is one of them. Owned is what belongs to its container; on iommufd also what belongs
 * to others with the same open /dev/iommu.
 *
 * Return: the number of functions, which may exceed @max, or
 *	-EINVAL: @device is NULL, or @list though @max is not 0
 *	-EOPNOTSUPP: it is on a root bus, or its bus cannot be reset (VFA_CAUSE_NO_RESET)
 *	-EPERM: one of them is in no IOMMU group
 *	-ENOMEM: no memory
 *	-ENODEV: the device has gone (VFA_CAUSE_DEVICE_GONE)
 *	any other errno of the kernel
 *
 * Kernel: VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, which tells groups of a device that came through
 * one, and ids of devices of iommufd.
 */
int vfa_hot_reset_functions(struct vfa_device *device, struct vfa_hot_reset_function *list,
			    size_t max);

/**
 * vfa_device_hot_reset() - reset a device with all others on its bus or slot
 * @device: the device
 * @others: devices of other containers that own more of them, such as one a group; may be
 *	NULL when @count is 0. Those of the same container need not be given. None of them
 *	may be closed meanwhile
 * @count: number of elements in @others
 *
 * Each of vfa_hot_reset_functions() loses its state, with its link; the kernel restores the
 * config space of all of them. DMA of all stops, mappings of memory stay, but parts of
 * BARs that other devices reach (vfa/peer.h) are taken away on iommufd. An access to a mapped
 * region of any of them waits until the reset is done; one that is about to wait in the kernel as
 * it begins makes it fail with EBUSY. Interrupts of the devices that
 * are open here stay enabled, with the same eventfds; INTx that was masked since it fired
 * is unmasked. Devices in low power are woken for it.
 *
 * On iommufd the kernel knows whose devices are by the open /dev/iommu: @others serve to
 * have their interrupts armed again, and to let vfa_peer_check() know what was taken away of
 * their BARs.
 *
 * Return: 0, or
 *	-EINVAL: @device is NULL, or @others though @count is not 0, or one of @others
 *	-EPERM: not all of them are owned; the message names those (VFA_CAUSE_NOT_OWNED).
 *		One of them is in no IOMMU group
 *	-EOPNOTSUPP: it is on a root bus, or its bus cannot be reset (VFA_CAUSE_NO_RESET)
 *	-EBUSY: registers of one of them are being accessed through a mapping at this
 *		moment (VFA_CAUSE_IN_USE): nothing was reset; on iommufd parts of BARs that
 *		other devices reach were taken away all the same (vfa_peer_restore())
 *	-EAGAIN: somebody resets one of them, or changes its driver, at this moment, or the
 *		kernel waits for one of them to be closed (VFA_CAUSE_IN_USE): nothing was
 *		reset; parts of BARs were taken away as with EBUSY
 *	-ENOMEM: no memory
 *	-ENODEV: the device has gone (VFA_CAUSE_DEVICE_GONE)
 *	any other errno of the kernel, also of arming the interrupts after the reset
 *
 * Kernel: VFIO_DEVICE_PCI_HOT_RESET.
 */
int vfa_device_hot_reset(struct vfa_device *device, struct vfa_device *const *others, size_t count);

/**
 * vfa_ownership_name() - "unbound", "not owned", "group" or "open"
 * @ownership: any value; "unknown" for one this library does not know
 */
const char *vfa_ownership_name(enum vfa_ownership ownership);

#ifdef __cplusplus
}
#endif

#endif
