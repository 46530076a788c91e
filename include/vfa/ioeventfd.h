/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Eventfds that write a register: when one is written, the kernel makes a store to a BAR,
 * without a step of this process.
 *
 * A virtual machine monitor gives the same eventfd to KVM, so that a guest rings a doorbell
 * of a device without leaving the kernel. A program that has the eventfd but not the
 * device can ring it, too. The device owns what is added, and drops it when all who have
 * the device open have closed it: with vfa_device_close(), unless KVM holds its node
 * (vfa_kvm_add_fd()). Remove it first in that case, and before the device is passed on
 * (vfa/share.h).
 * The eventfd stays the caller's, who must not read it: the kernel does.
 */

#ifndef VFA_IOEVENTFD_H
#define VFA_IOEVENTFD_H

#include <stdint.h>
#include <vfa/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct vfa_ioeventfd - a store that an eventfd makes
 * @index: the region, VFA_BAR(n)
 * @width: how many bytes are stored: 1, 2, 4, or where the kernel does that 8
 * @offset: where, in bytes from the region's start, a multiple of @width
 * @value: what, in host order, of no more than @width bytes
 */
struct vfa_ioeventfd {
	uint32_t index;
	uint32_t width;
	uint64_t offset;
	uint64_t value;
};

/**
 * vfa_ioeventfd_add() - let an eventfd make a store
 * @device: the device
 * @store: the store; of each there is one eventfd
 * @fd: the eventfd, which may make other stores too
 *
 * Each write to @fd from here on makes the store once, whatever is written; an eventfd
 * that has been written before makes it at once. The kernel may make it a little after the
 * write returns, and makes none while the device decodes no memory.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, @width or @value is wrong (VFA_CAUSE_BAD_ARGUMENT), @offset
 *		is no multiple of @width (VFA_CAUSE_MISALIGNED), no such region
 *		(VFA_CAUSE_NO_REGION), past its end (VFA_CAUSE_REGION_BOUNDS), or @fd is no
 *		eventfd (VFA_CAUSE_BAD_FD)
 *	-EBADF: @fd is not open (VFA_CAUSE_BAD_FD)
 *	-EOPNOTSUPP: the region is no BAR, the store hits the MSI-X table, or the kernel does
 *		not know such eventfds, or not of 8 bytes (VFA_CAUSE_IOEVENTFD)
 *	-EEXIST: an eventfd makes this store already (VFA_CAUSE_IOEVENTFD)
 *	-ENOSPC: the device has 1000, and the kernel allows no more (VFA_CAUSE_IOEVENTFD)
 *	-ENODEV: the device is gone (VFA_CAUSE_DEVICE_GONE)
 *	any other errno of the kernel
 *
 * Kernel: VFIO_DEVICE_IOEVENTFD, from Linux 4.17 on.
 */
int vfa_ioeventfd_add(struct vfa_device *device, const struct vfa_ioeventfd *store, int fd);

/**
 * vfa_ioeventfd_remove() - undo a vfa_ioeventfd_add()
 * @device: the device
 * @store: the same store
 *
 * Return: 0, or as vfa_ioeventfd_add(), and
 *	-ENOENT: no eventfd makes this store (VFA_CAUSE_IOEVENTFD)
 */
int vfa_ioeventfd_remove(struct vfa_device *device, const struct vfa_ioeventfd *store);

#ifdef __cplusplus
}
#endif

#endif
