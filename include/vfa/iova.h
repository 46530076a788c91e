/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * I/O virtual addresses: what the kernel lets a device use, and why not.
 *
 * Ranges are inclusive at both ends, so that the last byte of the 64-bit space
 * can be named.
 */

#ifndef VFA_IOVA_H
#define VFA_IOVA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct vfa_iova_range - addresses from start to last, both included
 * @start: first byte
 * @last: last byte, at least @start
 */
struct vfa_iova_range {
	uint64_t start;
	uint64_t last;
};

/** enum vfa_reserved_type - why the kernel reserves a region */
enum vfa_reserved_type {
	VFA_RESERVED_DIRECT = 1,       /* firmware's identity map */
	VFA_RESERVED_DIRECT_RELAXABLE, /* the same, harmless once a device is assigned */
	VFA_RESERVED_RESERVED,         /* never translated */
	VFA_RESERVED_MSI,              /* writes there are interrupts */
	VFA_RESERVED_OTHER,            /* a type newer than this library */
};

/**
 * struct vfa_reserved_region - a line of sysfs' reserved_regions
 * @range: the addresses
 * @type: why
 * @group: the IOMMU group that has it
 *
 * An annotation. What may be mapped is told by vfa_container_iova_ranges().
 * Kernel: Documentation/ABI/testing/sysfs-kernel-iommu_groups.
 */
struct vfa_reserved_region {
	struct vfa_iova_range range;
	enum vfa_reserved_type type;
	uint32_t group;
};

/**
 * vfa_reserved_type_name() - the kernel's word: "direct", "msi", ...
 * @type: any value; "unknown" for one this library does not know
 */
const char *vfa_reserved_type_name(enum vfa_reserved_type type);

#ifdef __cplusplus
}
#endif

#endif
