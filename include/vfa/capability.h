/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * PCI capabilities: what a function can do, by the lists in its config space.
 *
 * There are two lists: standard capabilities, and extended ones of PCI Express from
 * 0x100 on. Ids and the registers behind them are in linux/pci_regs.h: PCI_CAP_ID_MSIX,
 * PCI_EXT_CAP_ID_DSN. A register is read at the capability's offset plus its own:
 *
 *	vfa_capability_find(device, PCI_CAP_ID_EXP, &express);
 *	vfa_config_read16(device, express.offset + PCI_EXP_LNKSTA, &status);
 *
 * Whatever the links in config space say, the walk along them is bounded, and a list
 * that comes back to itself ends there. All functions may be called from any thread.
 */

#ifndef VFA_CAPABILITY_H
#define VFA_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vfa/device.h>
#include <vfa/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct vfa_capability - one capability
 * @id: PCI_CAP_ID_*, or of an extended one PCI_EXT_CAP_ID_*
 * @offset: where it starts in config space, in bytes
 * @size: the room it has, in bytes, header included: to the next one in config space or
 *	the end of that; or less, where the capability itself tells how long it is
 * @version: of an extended one, else 0
 * @is_extended: of which list it is; the same number means something else in the other
 * @reserved: 0, for what later releases tell
 */
struct vfa_capability {
	uint16_t id;
	uint16_t offset;
	uint16_t size;
	uint8_t version;
	bool is_extended;
	uint32_t reserved[2];
};

/**
 * vfa_device_capabilities() - what VFIO shows of an open device
 * @device: the device
 * @list: filled in the order of the lists, standard ones first; may be NULL when @max is 0
 * @max: number of elements in @list
 *
 * VFIO leaves out what it does not know, such as PASID, and lets few registers of what it
 * shows be written. Where it leaves out the first extended one, there is one of id 0
 * in its place: a null capability, which stands for nothing.
 *
 * Return: how many there are, which may exceed @max, or
 *	-EINVAL: @device is NULL, or @list though @max is not 0; the device has no config
 *		space (VFA_CAUSE_NO_REGION)
 *	-ENODEV: it reads as all ones (VFA_CAUSE_DEVICE_GONE)
 *	any other errno of pread(2)
 *
 * Kernel: the region VFIO_PCI_CONFIG_REGION_INDEX. PCI Express Base Specification,
 * chapter 7.
 */
int vfa_device_capabilities(struct vfa_device *device, struct vfa_capability *list, size_t max);

/**
 * vfa_capability_list() - what the kernel shows of any function, open or not
 * @host: the machine, or NULL for this one
 * @bdf: its PCI address, "0000:00:04.0" or "00:04.0"
 * @list: filled in the order of the lists, standard ones first; may be NULL when @max is 0
 * @max: number of elements in @list
 *
 * All of them, those that VFIO leaves out too. Takes CAP_SYS_ADMIN.
 *
 * Return: how many there are, which may exceed @max, or
 *	-EINVAL: @list is NULL though @max is not 0; @bdf is NULL or does not parse
 *		(VFA_CAUSE_BAD_BDF)
 *	-ENODEV: no such function (VFA_CAUSE_NO_DEVICE); it reads as all ones
 *		(VFA_CAUSE_DEVICE_GONE)
 *	-EACCES: the kernel does not show so much of config space (VFA_CAUSE_ACCESS)
 *	-ENOMEM: no memory
 *	any other errno of reading sysfs
 *
 * Kernel: /sys/bus/pci/devices/BDF/config.
 */
int vfa_capability_list(struct vfa_host *host, const char *bdf, struct vfa_capability *list,
			size_t max);

/**
 * vfa_capability_find() - the first standard capability of an id
 * @device: the device
 * @id: PCI_CAP_ID_*
 * @ret: filled on success
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument
 *	-ENOENT: there is none, or VFIO leaves it out; the message says which
 *		(VFA_CAUSE_NO_CAPABILITY)
 *	the errors of vfa_device_capabilities()
 */
int vfa_capability_find(struct vfa_device *device, uint8_t id, struct vfa_capability *ret);

/**
 * vfa_capability_find_extended() - the first extended capability of an id
 * @device: the device
 * @id: PCI_EXT_CAP_ID_*
 * @ret: filled on success
 *
 * Return: as vfa_capability_find().
 */
int vfa_capability_find_extended(struct vfa_device *device, uint16_t id,
				 struct vfa_capability *ret);

/**
 * vfa_capability_find_next() - the next one of the same id
 * @device: the device
 * @from: one that was found; of it the offset, the id and the list count
 * @ret: filled on success; may be @from
 *
 * For ids that come more than once, such as PCI_CAP_ID_VNDR of virtio devices.
 *
 * Return: as vfa_capability_find(), and
 *	-EINVAL: there is no such capability at the offset (VFA_CAUSE_BAD_ARGUMENT)
 */
int vfa_capability_find_next(struct vfa_device *device, const struct vfa_capability *from,
			     struct vfa_capability *ret);

/**
 * vfa_capability_find_dvsec() - a designated vendor-specific capability
 * @device: the device
 * @vendor: who defined it, such as 0x1e98 for CXL: need not be who made the device
 * @id: of the vendor's own numbering
 * @ret: filled on success
 *
 * Return: as vfa_capability_find(). Older kernels, such as Linux 6.1, leave all of these
 * out of what VFIO shows.
 */
int vfa_capability_find_dvsec(struct vfa_device *device, uint16_t vendor, uint16_t id,
			      struct vfa_capability *ret);

/**
 * vfa_capability_name() - such as "MSI-X" or "serial number"
 * @capability: of which the id and the list count; not NULL
 *
 * Return: a static string; "unknown" for one this library does not know.
 */
const char *vfa_capability_name(const struct vfa_capability *capability);

#ifdef __cplusplus
}
#endif

#endif
