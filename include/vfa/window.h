/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Dangerous windows: IOVAs that the kernel maps, but that may not reach the IOMMU.
 *
 * Where the switches between devices do not force requests up to the IOMMU (ACS),
 * a device that uses an IOVA which is also the bus address of a peer, or of what a
 * bridge forwards, reaches the peer and not the memory that is mapped there. A
 * container is told of such windows. It chooses no IOVA in them; one that the
 * caller gives is mapped, and reported. Windows may be added and removed at any
 * time, from any thread, before a device has joined too.
 */

#ifndef VFA_WINDOW_H
#define VFA_WINDOW_H

#include <vfa/mapping.h>

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
 * Return: 0, or the errors of vfa_container_add_window(), or
 *	-ENOENT: there is no such window (VFA_CAUSE_BAD_ARGUMENT)
 */
int vfa_container_remove_window(struct vfa_container *container, const struct vfa_window *window);

/**
 * vfa_container_windows() - the windows that were added
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
