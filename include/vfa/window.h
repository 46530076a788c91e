/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Dangerous windows: IOVAs that the kernel maps, but that may not reach the IOMMU.
 *
 * Where the switches between devices do not force requests up to the IOMMU (ACS),
 * a device that uses an IOVA which is also the bus address of a peer, or of what a
 * bridge forwards, reaches the peer and not the memory that is mapped there. A
 * container chooses no IOVA in such windows; one that the caller gives is mapped, and
 * reported. The windows of a device are added as it joins, and go as it leaves. The
 * caller may add others, and remove them, at any time, from any thread, before a
 * device has joined too.
 */

#ifndef VFA_WINDOW_H
#define VFA_WINDOW_H

#include <vfa/mapping.h>
#include <vfa/topology.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum vfa_window_kind - what is at the addresses of a window */
enum vfa_window_kind {
	VFA_WINDOW_BRIDGE = 1, /* a bridge forwards them to the devices behind it */
	VFA_WINDOW_BAR,        /* a peer's registers or memory */
};

/**
 * struct vfa_window - addresses that may not reach the IOMMU
 * @range: the addresses, which need not be aligned
 * @kind: what is there
 * @bdf: the bridge or the peer, for messages; "" when it is not known
 */
struct vfa_window {
	struct vfa_iova_range range;
	enum vfa_window_kind kind;
	char bdf[20];
};

/**
 * vfa_window_kind_name() - "bridge window" or "BAR"
 * @kind: any value; "unknown" for one this library does not know
 */
const char *vfa_window_kind_name(enum vfa_window_kind kind);

struct vfa_device;

/**
 * vfa_topology_windows() - what a device reaches without the IOMMU
 * @topology: a snapshot
 * @bdf: its address, "0000:00:04.0" or "00:04.0"
 * @windows: filled in ascending order, may be NULL when @max is 0
 * @max: number of elements in @windows
 *
 * By the ACS bits that are on: what is in the same slot, beside it on a conventional bus, or
 * below the same switch or port, when its requests may turn round there. That
 * may be in another IOMMU group. They are the windows of the bridge where requests turn,
 * and the BARs, ROMs and BARs of virtual functions behind it, whether they are
 * decoded now or not. Requests that come to the root complex are taken to meet the IOMMU.
 *
 * Without the privilege to read config space the groups have to do: a device alone in its
 * group has no windows, another those of the members and of the bridge above them.
 *
 * The addresses are read now, not with the snapshot. They are CPU addresses, which are
 * bus addresses too on x86; elsewhere a host bridge may shift them.
 *
 * Return: the number of windows, which may exceed @max, or
 *	-EINVAL: a NULL argument, or @bdf does not parse (VFA_CAUSE_BAD_BDF)
 *	-ENODEV: no such function (VFA_CAUSE_NO_DEVICE)
 *	-ENOMEM: no memory
 *	any other errno of reading sysfs
 *
 * Kernel: /sys/bus/pci/devices/BDF/resource.
 */
int vfa_topology_windows(const struct vfa_topology *topology, const char *bdf,
			 struct vfa_window *windows, size_t max);

/**
 * vfa_device_windows() - the windows that its container has because of a device
 * @device: the device
 * @windows: filled in ascending order, may be NULL when @max is 0
 * @max: number of elements in @windows
 *
 * Found as it joined. Return: the number of windows, which may exceed @max, or -EINVAL for
 * a NULL argument.
 */
int vfa_device_windows(const struct vfa_device *device, struct vfa_window *windows, size_t max);

/**
 * vfa_container_add_window() - name addresses that may not reach the IOMMU
 * @container: the container; it may still be empty
 * @window: copied; mappings may live in it already: the host's log is told of the
 *	first, as a warning
 *
 * A window that is added twice is there until it is removed twice.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, a range that ends before it starts, an unknown kind,
 *		a bdf that is not terminated
 *	-ENOMEM: no memory
 */
int vfa_container_add_window(struct vfa_container *container, const struct vfa_window *window);

/**
 * vfa_container_remove_window() - take a window back
 * @container: the container
 * @window: equal to one that was added
 *
 * Those of devices stay as long as they are in: VFA_DEVICE_NO_WINDOWS opens one without.
 *
 * Return: 0, or the errors of vfa_container_add_window(), or
 *	-ENOENT: the caller added no such window (VFA_CAUSE_BAD_ARGUMENT)
 */
int vfa_container_remove_window(struct vfa_container *container, const struct vfa_window *window);

/**
 * vfa_container_windows() - all windows, of the caller and of the devices
 * @container: the container
 * @windows: filled in ascending order, may be NULL when @max is 0
 * @max: number of elements in @windows
 *
 * Return: the number of windows there are, which may exceed @max, or -EINVAL for
 * a NULL argument.
 */
int vfa_container_windows(struct vfa_container *container, struct vfa_window *windows, size_t max);

/**
 * vfa_mapping_window() - the window that a mapping touches
 * @mapping: the mapping
 * @ret: the window; where there are several, the one that starts lowest
 *
 * Computed from the windows that are there now.
 *
 * Return: 1 when it touches one, 0 when it does not and @ret is untouched;
 * -EINVAL for a NULL argument.
 */
int vfa_mapping_window(const struct vfa_mapping *mapping, struct vfa_window *ret);

#ifdef __cplusplus
}
#endif

#endif
