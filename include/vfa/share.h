/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Passing on: one program opens, another one uses.
 *
 * A program with the rights to open nodes of VFIO opens devices, and sends their
 * container over a Unix socket to a program that has none: it needs no node, no
 * privilege and no sysfs. What goes over is the container with all devices in it, opened:
 * the address space is one, so it has one owner. Nodes that are only opened are passed
 * otherwise: vfa_container_open_fd(), vfa_device_open_fd().
 *
 * The sender may close what it has sent, and nothing else: before or after the other side
 * has received it, devices and container in any order. Nothing of it goes away by that.
 * All that was sent belongs to the receiver, which uses and closes it as if it had
 * opened it. What is mapped then is its memory, and counts for it: on type1 for the
 * process, on iommufd for the user of the process, or for the process if the sender had
 * chosen so (vfa/limits.h).
 *
 * Both sides have this library, on the same machine, in versions that may differ. The
 * receiver trusts the sender with the devices: a message tells their addresses, and it is
 * checked, but who sent it could have given others.
 */

#ifndef VFA_SHARE_H
#define VFA_SHARE_H

#include <stddef.h>
#include <vfa/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How many devices a container that is sent can have. */
#define VFA_SHARE_DEVICES_MAX 64

/**
 * vfa_share_send() - send a container with its devices over a socket
 * @socket: a connected Unix socket, SOCK_SEQPACKET or SOCK_STREAM; it stays the caller's
 * @container: with at least one device in it
 *
 * Nothing may be mapped, since mappings are of the sender's memory; no interrupt enabled,
 * and no eventfd make stores (vfa/ioeventfd.h), since the eventfds are the sender's; and no
 * device registered with KVM or in low power. No PASID may lead to the container, or be of its
 * devices (vfa/pasid.h). Dangerous windows (vfa/window.h) go along. One
 * message is sent, whole or not at all; while the socket has no room, the container cannot be
 * used by other threads, unless the socket does not block.
 *
 * Afterwards @container and its devices are to be closed: calls that need its address
 * space fail (VFA_CAUSE_SENT), pointers into BARs are not to be used.
 *
 * Return: 0, or
 *	-EINVAL: @container is NULL
 *	-ENODEV: no device is in it (VFA_CAUSE_WRONG_ORDER)
 *	-EOPNOTSUPP: it is noiommu, which lets nobody without CAP_SYS_RAWIO do DMA
 *		(VFA_CAUSE_NOIOMMU)
 *	-EBUSY: memory is mapped, a PASID attached, or its page table kept by a reset that goes
 *		on, an interrupt enabled, a store made by an eventfd, a device registered with
 *		KVM, in low power, somebody's peer (vfa/peer.h) in whatever state, or about
 *		to come or go in another thread (VFA_CAUSE_IN_USE); it was sent already
 *		(VFA_CAUSE_SENT)
 *	-E2BIG: more devices than VFA_SHARE_DEVICES_MAX, or more than 256 windows
 *		(VFA_CAUSE_BAD_ARGUMENT)
 *	-ENOTSOCK, -EBADF: @socket is no open socket (VFA_CAUSE_BAD_FD)
 *	-ENOMEM: no memory
 *	any other errno of sendmsg(2), such as EAGAIN, EPIPE or ETOOMANYREFS
 *
 * Kernel: sendmsg(2) with SCM_RIGHTS, unix(7).
 */
int vfa_share_send(int socket, struct vfa_container *container);

/**
 * vfa_share_receive() - receive a container with its devices
 * @socket: the other end; it stays the caller's
 * @host: the machine, or NULL for this one. Of its sysfs reserved regions are read, if
 *	they can be, to explain refusals
 * @ret: the container, to be closed with vfa_container_close()
 * @devices: the devices, to be closed with vfa_device_close(), in the order in which they
 *	were opened
 * @max: number of elements in @devices; with fewer than were sent nothing is received
 *
 * Waits for a message, unless the socket does not block. What is no message of this
 * library, or too much for @devices, stays unread. One that is damaged, or does not get
 * through for want of fds, is lost: its devices are closed. Mappings that the address
 * space may still have are taken out of it. Nobody else may read @socket meanwhile.
 *
 * Return: the number of devices, or
 *	-EINVAL: @ret or @devices is NULL
 *	-ENOSPC: more than @max devices were sent (VFA_CAUSE_BAD_ARGUMENT)
 *	-EBADMSG: not a message of this library, or a damaged one (VFA_CAUSE_BAD_MESSAGE)
 *	-EPROTONOSUPPORT: the message of another version (VFA_CAUSE_BAD_MESSAGE)
 *	-ENOTTY: an fd that came along is not what the message says (VFA_CAUSE_BAD_MESSAGE)
 *	-EMFILE: the limit on open fds is too low for those that came along
 *		(VFA_CAUSE_BAD_MESSAGE)
 *	-ECONNRESET: the other end is closed, and nothing more to be read
 *		(VFA_CAUSE_BAD_MESSAGE)
 *	-ENODEV: a device reads as all ones (VFA_CAUSE_DEVICE_GONE)
 *	-EOPNOTSUPP: @host is a captured machine (VFA_CAUSE_CAPTURED)
 *	-ENOTSOCK, -EBADF: @socket is no open socket (VFA_CAUSE_BAD_FD)
 *	-ENOMEM: no memory
 *	any other errno of recvmsg(2), such as EAGAIN, or of the kernel's VFIO
 *
 * Kernel: recvmsg(2) with SCM_RIGHTS and MSG_CMSG_CLOEXEC, unix(7).
 */
int vfa_share_receive(int socket, struct vfa_host *host, struct vfa_container **ret,
		      struct vfa_device **devices, size_t max);

#ifdef __cplusplus
}
#endif

#endif
