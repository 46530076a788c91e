/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Regions of a device, as the rest of the library uses them. */

#ifndef LIB_REGION_H
#define LIB_REGION_H

#include "device.h"

/** region_read_all() - learn the regions of a device that is being opened; 0 or -errno, recorded */
int region_read_all(struct vfa_device *device, uint32_t count);

/** region_release_all() - unmap what is still mapped and forget the regions */
void region_release_all(struct vfa_device *device);

/** region_unmap_all() - whoever still uses it */
void region_unmap_all(struct vfa_device *device);

/** region_get() - the region of an index, which may be empty; 0 or -errno, recorded */
int region_get(const struct vfa_device *device, uint32_t index, struct region **ret);

/** region_require() - the same, but the device must have it */
int region_require(const struct vfa_device *device, uint32_t index, struct region **ret);

/** region_check_bounds() - whether @size bytes at @offset are in it; 0 or -errno, recorded */
int region_check_bounds(const struct vfa_device *device, uint32_t index, uint64_t offset,
			uint64_t size);

/** region_check_mappable() - whether the kernel maps that much; 0 or -errno, recorded */
int region_check_mappable(const struct vfa_device *device, uint32_t index, uint64_t offset,
			  uint64_t size);

/**
 * region_require_pages() - whether the pages at an address are the device's
 *
 * Those that vfa_region_catch_fault() put in their place are given back first. Return: 0 or
 * -errno, recorded.
 */
int region_require_pages(struct vfa_device *device, const volatile void *address);

/** region_has_pages() - the same, of what is there now */
bool region_has_pages(struct vfa_device *device, const volatile void *address);

/**
 * region_abandon_pages() - have nothing behind an address, and nobody else come there
 *
 * Return: whether it is so; then the pages are the caller's to unmap.
 */
bool region_abandon_pages(struct vfa_device *device, const volatile void *address);

#endif
