/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Parts of a BAR as a dma-buf: a file that others make DMA to, where a device is to reach
 * the memory of another one directly. Between devices that one process has open vfa/peer.h
 * does it in one call.
 *
 * A dma-buf is an fd, and the caller's: it is passed on like any other and closed with
 * close(2). Another container on iommufd maps it by vfa_container_map_file(), in this
 * process or in one that was given the fd; drivers of the kernel import it, such as those of
 * GPUs and RDMA adapters. Nobody maps it into a process: it has no mmap(2).
 *
 * The kernel revokes it while the device does not answer: while it does not decode memory,
 * is in D3hot or in low power, and as it is reset. What importers had mapped leads nowhere
 * from then on, and DMA to it fails; what they map afterwards is right again. A device that
 * woke from low power by itself answers, but its dma-bufs stay revoked until
 * vfa_device_exit_low_power(). Closing the device revokes it for good: a dma-buf does not keep
 * its device open.
 */

#ifndef VFA_DMABUF_H
#define VFA_DMABUF_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/region.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * vfa_dmabuf_export() - make a dma-buf of parts of a BAR
 * @device: the device, on any backend
 * @region: VFA_BAR(0) to VFA_BAR(5), of memory
 * @areas: the parts, in the order in which they follow each other in the dma-buf; they may
 *	overlap. Offsets and sizes are multiples of the size of a page
 * @count: how many. iommufd maps a dma-buf of one area only
 *
 * Of a device that does not decode memory it is made too, and cannot be used before it does.
 * Of one in low power it is not made: the kernel would let it be used while the device sleeps.
 *
 * May be called from any thread.
 *
 * Return: an fd, close-on-exec, which the caller closes; or
 *	-EINVAL: a NULL argument; the device has no such region (VFA_CAUSE_NO_REGION), or it
 *		is no BAR of memory (VFA_CAUSE_REGION_RIGHTS); @count or a size is 0
 *		(VFA_CAUSE_EMPTY); an area is past its end (VFA_CAUSE_REGION_BOUNDS), or not
 *		of whole pages (VFA_CAUSE_MISALIGNED), which none of a BAR smaller than a
 *		page is
 *	-EOPNOTSUPP: the kernel makes no dma-bufs of BARs, or the device's driver does not
 *		(VFA_CAUSE_NO_FEATURE)
 *	-EIO: the device is in low power (VFA_CAUSE_REGION_OFF), by the library's account:
 *		until vfa_device_exit_low_power(), even where it woke by itself
 *	-EBUSY: its container was sent to another process (VFA_CAUSE_SENT)
 *	-ENODEV: the device is gone (VFA_CAUSE_DEVICE_GONE); or the kernel could not claim
 *		the BAR, which somebody else has (VFA_CAUSE_KERNEL)
 *	-ENOMEM: no memory
 *	any other errno of the kernel, such as EMFILE
 *
 * Kernel: VFIO_DEVICE_FEATURE_DMA_BUF, from Linux 6.19, with CONFIG_PCI_P2PDMA and
 * CONFIG_DMA_SHARED_BUFFER.
 */
int vfa_dmabuf_export(struct vfa_device *device, uint32_t region,
		      const struct vfa_region_area *areas, size_t count);

#ifdef __cplusplus
}
#endif

#endif
