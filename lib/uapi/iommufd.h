/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What the library uses of iommufd (Linux 6.2), which the oldest supported
 * kernel headers do not have. tests/checks/uapi.sh compares it with the
 * kernel's own.
 */

#ifndef UAPI_IOMMUFD_H
#define UAPI_IOMMUFD_H

#include <linux/types.h>
#include <sys/ioctl.h>

#define UAPI_IOMMUFD(nr) _IO(';', 0x80 + (nr))

#define UAPI_IOMMU_DESTROY          UAPI_IOMMUFD(0)
#define UAPI_IOMMU_IOAS_ALLOC       UAPI_IOMMUFD(1)
#define UAPI_IOMMU_IOAS_IOVA_RANGES UAPI_IOMMUFD(4)
#define UAPI_IOMMU_IOAS_MAP         UAPI_IOMMUFD(5)
#define UAPI_IOMMU_IOAS_UNMAP       UAPI_IOMMUFD(6)
#define UAPI_IOMMU_OPTION           UAPI_IOMMUFD(7)
#define UAPI_IOMMU_VFIO_IOAS        UAPI_IOMMUFD(8)
#define UAPI_IOMMU_IOAS_MAP_FILE    UAPI_IOMMUFD(15) /* Linux 6.14 */

/* Every request starts with its own size in bytes. */

struct uapi_iommu_destroy {
	__u32 size;
	__u32 id;
};

struct uapi_iommu_ioas_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_ioas_id;
};

struct uapi_iommu_iova_range {
	__aligned_u64 start;
	__aligned_u64 last;
};

struct uapi_iommu_ioas_iova_ranges {
	__u32 size;
	__u32 ioas_id;
	__u32 num_iovas; /* room in, number out; EMSGSIZE when the room is too small */
	__u32 reserved;
	__aligned_u64 allowed_iovas;
	__aligned_u64 out_iova_alignment;
};

#define UAPI_IOMMU_IOAS_MAP_FIXED_IOVA (1u << 0)
#define UAPI_IOMMU_IOAS_MAP_WRITEABLE  (1u << 1)
#define UAPI_IOMMU_IOAS_MAP_READABLE   (1u << 2)

struct uapi_iommu_ioas_map {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 reserved;
	__aligned_u64 user_va;
	__aligned_u64 length;
	__aligned_u64 iova;
};

/* The flags are those of iommu_ioas_map. */
struct uapi_iommu_ioas_map_file {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__s32 fd; /* a memfd */
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 iova;
};

struct uapi_iommu_ioas_unmap {
	__u32 size;
	__u32 ioas_id;
	__aligned_u64 iova;
	__aligned_u64 length; /* asked in, done out; all ones with iova 0 is everything */
};

#define UAPI_IOMMU_OPTION_RLIMIT_MODE 0 /* 0: per user, 1: per process */

#define UAPI_IOMMU_OPTION_OP_SET 0
#define UAPI_IOMMU_OPTION_OP_GET 1

struct uapi_iommu_option {
	__u32 size;
	__u32 option_id;
	__u16 op;
	__u16 reserved;
	__u32 object_id;
	__aligned_u64 val64;
};

#define UAPI_IOMMU_VFIO_IOAS_GET   0
#define UAPI_IOMMU_VFIO_IOAS_SET   1
#define UAPI_IOMMU_VFIO_IOAS_CLEAR 2

struct uapi_iommu_vfio_ioas {
	__u32 size;
	__u32 ioas_id;
	__u16 op;
	__u16 reserved;
};

#endif
