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

#endif
