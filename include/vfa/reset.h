/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Reset of one device.
 *
 * The kernel knows up to seven ways to reset a function without touching another; which of
 * them it has is a matter of the device and of where it is. Whatever the way, it saves
 * config space before and puts it back after: BARs, the Command register, PCI Express, MSI and
 * MSI-X. All else is lost, as the device's own registers and queues. A device that has none of
 * them can be reset with all others on its bus: vfa/hot_reset.h.
 *
 * All functions may be called from any thread.
 */

#ifndef VFA_RESET_H
#define VFA_RESET_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/device.h>
#include <vfa/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum vfa_reset_kind - ways to reset a function, by the kernel's words */
enum vfa_reset_kind {
	VFA_RESET_UNKNOWN = 0,     /* one that this library or an old kernel has no word for */
	VFA_RESET_DEVICE_SPECIFIC, /* "device_specific": a quirk of the kernel's */
	VFA_RESET_ACPI,            /* "acpi": by firmware */
	VFA_RESET_FLR,             /* "flr": Function Level Reset of PCI Express */
	VFA_RESET_AF_FLR,          /* "af_flr": the same of conventional PCI */
	VFA_RESET_PM,              /* "pm": into D3hot and back, of devices that lose state so */
	VFA_RESET_BUS,             /* "bus": of a function that is alone on its bus or slot */
	VFA_RESET_CXL_BUS,         /* "cxl_bus": the same of CXL */
	VFA_RESET_HOT,             /* "hot": of the bus or slot, with all functions on it */
};

/**
 * struct vfa_reset_method - one way to reset a function
 * @kind: which one
 * @name: the kernel's word for it
 * @functions: how many functions it resets, this one included
 * @effect: what is lost; config space is restored
 */
struct vfa_reset_method {
	enum vfa_reset_kind kind;
	char name[24];
	uint32_t functions;
	const char *effect;
};

/**
 * vfa_reset_methods() - how a function can be reset
 * @host: the machine, or NULL for this one
 * @bdf: its address, "0000:00:04.0" or "00:04.0"
 * @list: filled, may be NULL when @max is 0
 * @max: number of elements in @list
 *
 * In the order in which the kernel tries them for vfa_device_reset(), which takes the first that
 * works; root can choose by writing to the file. VFA_RESET_BUS is left out where it does not
 * work, since the bus has other functions, though the kernel's list may have it. VFA_RESET_HOT
 * comes last: it is vfa_device_hot_reset()'s, for which all those functions have to be the
 * caller's, and it is not listed of bridges, of virtual functions, and of what is on a root bus.
 *
 * Return: the number of methods, which may exceed @max, 0 when there is none, or
 *	-EINVAL: @list is NULL though @max is not 0, or @bdf does not parse
 *		(VFA_CAUSE_BAD_BDF)
 *	-ENODEV: no such function (VFA_CAUSE_NO_DEVICE)
 *	-ENOMEM: no memory
 *	any other errno of reading sysfs
 *
 * Kernel: /sys/bus/pci/devices/BDF/reset_method, from Linux 5.15.
 */
int vfa_reset_methods(struct vfa_host *host, const char *bdf, struct vfa_reset_method *list,
		      size_t max);

/**
 * vfa_reset_kind_name() - such as "flr", the kernel's word
 * @kind: any value; "unknown" for one this library does not know
 */
const char *vfa_reset_kind_name(enum vfa_reset_kind kind);

/**
 * vfa_device_can_reset() - whether vfa_device_reset() has a way to work
 * @device: the device
 *
 * The kernel tried when the device was opened.
 *
 * Return: 1, 0, or -EINVAL when @device is NULL.
 */
int vfa_device_can_reset(const struct vfa_device *device);

/**
 * vfa_device_reset() - reset this device alone
 * @device: the device
 *
 * By the first of vfa_reset_methods() that works. DMA stops; mappings of memory stay, but parts of
 * its BARs that other devices reach (vfa/peer.h) are taken away on iommufd. An access to a mapped
 * region waits until the reset is done. Interrupts stay enabled, with the
 * same eventfds; INTx that was masked since it fired is unmasked. A device in low power
 * (vfa/power.h) is woken for it.
 *
 * Return: 0, or
 *	-EINVAL: @device is NULL
 *	-EOPNOTSUPP: no method for this device alone (VFA_CAUSE_NO_RESET)
 *	-ENODEV: it is gone (VFA_CAUSE_DEVICE_GONE)
 *	-EAGAIN: somebody resets it, or changes its driver, at this moment, or the kernel is
 *		taking it away and waits for it to be closed (VFA_CAUSE_IN_USE): it was not
 *		reset; on iommufd parts of its BARs that other devices reach were taken
 *		away all the same (vfa_peer_restore())
 *	any other errno of the kernel, also of arming the interrupts after the reset
 *
 * Kernel: VFIO_DEVICE_RESET.
 */
int vfa_device_reset(struct vfa_device *device);

#ifdef __cplusplus
}
#endif

#endif
