/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Parts of a BAR as a dma-buf, which others can make DMA to. */

#ifndef LIB_DMABUF_H
#define LIB_DMABUF_H

#include <vfa/dmabuf.h>

#include "device.h"

/**
 * dmabuf_export() - a dma-buf of parts of a BAR, one behind the other
 *
 * Of a device that does not decode memory, or is in low power, it is revoked from the
 * start: nobody can use it before that is over.
 *
 * Return: an fd that is the caller's, or -errno, recorded.
 */
int dmabuf_export(struct vfa_device *device, uint32_t region, const struct vfa_region_area *areas,
		  size_t count);

#endif
