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

#define UAPI_IOMMU_DESTROY           UAPI_IOMMUFD(0)
#define UAPI_IOMMU_IOAS_ALLOC        UAPI_IOMMUFD(1)
#define UAPI_IOMMU_IOAS_IOVA_RANGES  UAPI_IOMMUFD(4)
#define UAPI_IOMMU_IOAS_MAP          UAPI_IOMMUFD(5)
#define UAPI_IOMMU_IOAS_UNMAP        UAPI_IOMMUFD(6)
#define UAPI_IOMMU_OPTION            UAPI_IOMMUFD(7)
#define UAPI_IOMMU_VFIO_IOAS         UAPI_IOMMUFD(8)
#define UAPI_IOMMU_HWPT_ALLOC        UAPI_IOMMUFD(9)  /* Linux 6.7 */
#define UAPI_IOMMU_GET_HW_INFO       UAPI_IOMMUFD(10) /* Linux 6.6 */
#define UAPI_IOMMU_FAULT_QUEUE_ALLOC UAPI_IOMMUFD(14) /* Linux 6.11 */
#define UAPI_IOMMU_IOAS_MAP_FILE     UAPI_IOMMUFD(15) /* Linux 6.14 */

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
	__s32 fd; /* a memfd; a dma-buf of VFIO from Linux 6.19 on */
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

#define UAPI_IOMMU_HWPT_FAULT_ID_VALID (1u << 2) /* Linux 6.11 */
#define UAPI_IOMMU_HWPT_ALLOC_PASID    (1u << 3) /* Linux 6.15 */

struct uapi_iommu_hwpt_alloc {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 pt_id; /* an IOAS */
	__u32 out_hwpt_id;
	__u32 reserved;
	__u32 data_type; /* 0, with no data */
	__u32 data_len;
	__aligned_u64 data_uptr;
	__u32 fault_id;
	__u32 reserved2;
};

#define UAPI_IOMMU_HW_INFO_TYPE_NONE           0
#define UAPI_IOMMU_HW_INFO_TYPE_INTEL_VTD      1
#define UAPI_IOMMU_HW_INFO_TYPE_ARM_SMMUV3     2
#define UAPI_IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV 3
#define UAPI_IOMMU_HW_INFO_TYPE_AMD            4

#define UAPI_IOMMU_HW_CAP_DIRTY_TRACKING        (1u << 0)
#define UAPI_IOMMU_HW_CAP_PCI_PASID_EXEC        (1u << 1) /* Linux 6.15 */
#define UAPI_IOMMU_HW_CAP_PCI_PASID_PRIV        (1u << 2)
#define UAPI_IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED (1u << 3) /* after Linux 6.18 */

struct uapi_iommu_hw_info {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 data_len; /* room in, what there is out */
	__aligned_u64 data_uptr;
	__u32 out_data_type;
	__u8 out_max_pasid_log2; /* Linux 6.15 */
	__u8 reserved[3];
	__aligned_u64 out_capabilities;
};

struct uapi_iommu_hw_info_vtd {
	__u32 flags;
	__u32 reserved;
	__aligned_u64 cap_reg;
	__aligned_u64 ecap_reg;
};

struct uapi_iommu_hw_info_arm_smmuv3 {
	__u32 flags;
	__u32 reserved;
	__u32 idr[6];
	__u32 iidr;
	__u32 aidr;
};

struct uapi_iommu_hw_info_tegra241_cmdqv {
	__u32 flags;
	__u8 version;
	__u8 log2vcmdqs;
	__u8 log2vsids;
	__u8 reserved;
};

struct uapi_iommu_hw_info_amd {
	__aligned_u64 efr;
	__aligned_u64 efr2;
};

struct uapi_iommu_fault_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_fault_id;
	__u32 out_fault_fd;
};

#define UAPI_IOMMU_PGFAULT_FLAGS_PASID_VALID (1u << 0)
#define UAPI_IOMMU_PGFAULT_FLAGS_LAST_PAGE   (1u << 1)

#define UAPI_IOMMU_PGFAULT_PERM_READ  (1u << 0)
#define UAPI_IOMMU_PGFAULT_PERM_WRITE (1u << 1)
#define UAPI_IOMMU_PGFAULT_PERM_EXEC  (1u << 2)
#define UAPI_IOMMU_PGFAULT_PERM_PRIV  (1u << 3)

/* What is read from a fault queue: all of a group of requests at once, or EINVAL. */
struct uapi_iommu_hwpt_pgfault {
	__u32 flags;
	__u32 dev_id;
	__u32 pasid;
	__u32 grpid;
	__u32 perm;
	__u32 reserved;
	__aligned_u64 addr;
	__u32 length;
	__u32 cookie; /* of the group */
};

#define UAPI_IOMMUFD_PAGE_RESP_SUCCESS 0
#define UAPI_IOMMUFD_PAGE_RESP_INVALID 1

/* What is written to it. */
struct uapi_iommu_hwpt_page_response {
	__u32 cookie;
	__u32 code;
};

#endif
