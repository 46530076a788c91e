/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What the library uses of VFIO's device nodes (Linux 6.6), beyond the oldest
 * supported linux/vfio.h. tests/checks/uapi.sh compares it with the kernel's own.
 */

#ifndef UAPI_VFIO_CDEV_H
#define UAPI_VFIO_CDEV_H

#include <linux/types.h>
#include <linux/vfio.h>

#define UAPI_VFIO_DEVICE_BIND_IOMMUFD      _IO(VFIO_TYPE, VFIO_BASE + 18)
#define UAPI_VFIO_DEVICE_ATTACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 19)
#define UAPI_VFIO_DEVICE_DETACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 20)

#define UAPI_VFIO_DEVICE_BIND_FLAG_TOKEN (1u << 0) /* after Linux 6.16 */

/* What VFIO_DEVICE_GET_PCI_HOT_RESET_INFO answers of a device node. */
#define UAPI_VFIO_PCI_HOT_RESET_FLAG_DEV_ID       (1u << 0) /* group_id is an id in the iommufd */
#define UAPI_VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED (1u << 1) /* all of them are owned */
#define UAPI_VFIO_PCI_DEVID_OWNED                 0u        /* by its group */
#define UAPI_VFIO_PCI_DEVID_NOT_OWNED             (~0u)

struct uapi_vfio_bind_iommufd {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
	__aligned_u64 token_uuid_ptr;
};

#define UAPI_VFIO_DEVICE_ATTACH_PASID (1u << 0) /* Linux 6.15 */
#define UAPI_VFIO_DEVICE_DETACH_PASID (1u << 0)

struct uapi_vfio_attach_iommufd_pt {
	__u32 argsz;
	__u32 flags;
	__u32 pt_id;
	__u32 pasid; /* with the flag; older kernels have a shorter struct */
};

struct uapi_vfio_detach_iommufd_pt {
	__u32 argsz;
	__u32 flags;
	__u32 pasid;
};

#endif
