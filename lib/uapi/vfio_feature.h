/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What the library knows of VFIO_DEVICE_FEATURE beyond the oldest supported linux/vfio.h.
 * tests/checks/uapi.sh compares it with the kernel's own.
 */

#ifndef UAPI_VFIO_FEATURE_H
#define UAPI_VFIO_FEATURE_H

#include <linux/types.h>

#define UAPI_VFIO_DEVICE_FEATURE_MIG_DATA_SIZE      9
#define UAPI_VFIO_DEVICE_FEATURE_BUS_MASTER         10
#define UAPI_VFIO_DEVICE_FEATURE_DMA_BUF            11
#define UAPI_VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2 12
#define UAPI_VFIO_DEVICE_FEATURE_ZPCI_ERROR         13

struct uapi_vfio_region_dma_range {
	__u64 offset;
	__u64 length;
};

/* With UAPI_VFIO_DEVICE_FEATURE_DMA_BUF (Linux 6.19); @nr_ranges ranges follow. Gives an fd. */
struct uapi_vfio_feature_dma_buf {
	__u32 region_index;
	__u32 open_flags;
	__u32 flags;
	__u32 nr_ranges;
};

#endif
