/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * KVM's VFIO device: by it KVM learns which devices a guest has.
 *
 * A VM has at most one. KVM asks of each device that is added whether its IOMMU
 * enforces snooping; while one is not held to that, the guest's WBINVD and memory
 * types are honoured (vfa-coherency(7)). It also makes the VM known to those kernel
 * drivers that want to know it when a device is opened: vfio-pci does on s390, and
 * drivers of mediated devices do; vfio-pci on other machines does not.
 *
 * KVM holds what was added, though its fds are closed: a device stays open, and its
 * group with it. So a device is removed when it is closed, and all that was added
 * here is removed with the handle. The handle keeps the VM alive.
 *
 * All functions may be called from any thread of the process that made the VM. But
 * while a handle is closed, no other call may use it, and none of its devices may be
 * closed; and a device may not be added to two VMs at the same time.
 */

#ifndef VFA_KVM_H
#define VFA_KVM_H

#include <vfa/device.h>
#include <vfa/host.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_kvm;

/**
 * vfa_kvm_open() - make the VFIO device of a VM
 * @host: the machine, or NULL for this one
 * @vm_fd: the VM, as KVM_CREATE_VM gave it; it stays the caller's
 * @ret: the handle, to be closed with vfa_kvm_close()
 *
 * Return: 0, or
 *	-EINVAL: @ret is NULL
 *	-EBADF: @vm_fd is closed (VFA_CAUSE_BAD_FD)
 *	-ENOTTY: @vm_fd is no VM (VFA_CAUSE_BAD_FD)
 *	-EBUSY: the VM has one already (VFA_CAUSE_REGISTERED): vfa_kvm_open_fd() takes
 *		its fd. Before Linux 6.2 it can stay with the VM when it is closed
 *	-ENODEV: KVM of this kernel has no VFIO device (VFA_CAUSE_NO_KVM_VFIO)
 *	-EIO: another process made the VM (VFA_CAUSE_BAD_FD)
 *	-EOPNOTSUPP: @host is a captured machine (VFA_CAUSE_CAPTURED)
 *	-ENOMEM: no memory
 *	any other errno of the kernel, such as EMFILE
 *
 * Kernel: KVM_CREATE_DEVICE of KVM_DEV_TYPE_VFIO.
 */
int vfa_kvm_open(struct vfa_host *host, int vm_fd, struct vfa_kvm **ret);

/**
 * vfa_kvm_open_fd() - use a VFIO device that was made already
 * @host: the machine, or NULL for this one
 * @fd: of the VFIO device, as KVM_CREATE_DEVICE gave it. It is duplicated: the caller
 *	keeps and closes its own
 * @ret: the handle, to be closed with vfa_kvm_close()
 *
 * What others added by the same device stays when the handle is closed.
 *
 * Return: 0, or
 *	-EINVAL: @ret is NULL
 *	-EBADF: @fd is closed (VFA_CAUSE_BAD_FD)
 *	-ENOTTY: @fd is no VFIO device of KVM (VFA_CAUSE_BAD_FD)
 *	and -EIO, -EOPNOTSUPP, -ENOMEM and others as vfa_kvm_open()
 *
 * Kernel: KVM_HAS_DEVICE_ATTR of KVM_DEV_VFIO_FILE_ADD.
 */
int vfa_kvm_open_fd(struct vfa_host *host, int fd, struct vfa_kvm **ret);

/**
 * vfa_kvm_close() - remove all that was added, and free the handle
 * @kvm: the handle, or NULL
 */
void vfa_kvm_close(struct vfa_kvm *kvm);

/**
 * vfa_kvm_fd() - the fd of the VFIO device
 * @kvm: the handle
 *
 * To be passed on, or for what the library does not cover.
 *
 * Return: the fd, which belongs to @kvm; -EINVAL when @kvm is NULL.
 */
int vfa_kvm_fd(const struct vfa_kvm *kvm);

/**
 * vfa_kvm_add() - tell KVM of a device
 * @kvm: the handle
 * @device: an open device, of whichever container
 *
 * KVM knows the device's group on type1 and noiommu, which is added with the first of
 * its devices and removed with the last, and the device itself on iommufd. It asks
 * for coherency now: on Linux 6.1 for the container with all that is in it, newer ones
 * for the IOMMU above the device. Each add and removal makes it ask again for all.
 *
 * The VM is made known to the device's driver too late: see vfa_kvm_add_fd().
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument
 *	-EBUSY: its container was sent to another process (VFA_CAUSE_SENT)
 *	-EEXIST: it is added already, to this VM or another one, or somebody else added it
 *		by the same VFIO device (VFA_CAUSE_REGISTERED)
 *	-EIO: another process made the VM (VFA_CAUSE_BAD_FD)
 *	any other errno of the kernel
 *
 * Kernel: KVM_SET_DEVICE_ATTR with KVM_DEV_VFIO_FILE_ADD, which is
 * KVM_DEV_VFIO_GROUP_ADD before Linux 6.6.
 */
int vfa_kvm_add(struct vfa_kvm *kvm, struct vfa_device *device);

/**
 * vfa_kvm_remove() - undo vfa_kvm_add()
 * @kvm: the handle
 * @device: a device that was added to it
 *
 * Not needed before vfa_device_close().
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument
 *	-ENOENT: it was not added to @kvm (VFA_CAUSE_WRONG_ORDER)
 *	-EIO: another process made the VM (VFA_CAUSE_BAD_FD); it is still there
 *	any other errno of the kernel; it is still there
 *
 * Kernel: KVM_SET_DEVICE_ATTR with KVM_DEV_VFIO_FILE_DEL.
 */
int vfa_kvm_remove(struct vfa_kvm *kvm, struct vfa_device *device);

/**
 * vfa_kvm_add_fd() - tell KVM of a device before it is opened
 * @kvm: the handle
 * @fd: an open node of the device (iommufd) or of its group. It is duplicated: the
 *	caller keeps and closes its own
 *
 * For drivers that want the VM when the device is opened. Then open the device from the
 * same fd by vfa_device_open_fd(), and do not add it once more. KVM holds the node, and
 * by that the device, until vfa_kvm_remove_fd() or vfa_kvm_close(), also when the
 * device is closed.
 *
 * An older kernel asks for coherency now, when the group is in no container yet, and
 * takes it for coherent: add something else later, or use vfa_kvm_add().
 *
 * Return: 0, or
 *	-EINVAL: @kvm is NULL, or @fd is no node of a group, nor, since Linux 6.6, of a
 *		device (VFA_CAUSE_BAD_FD)
 *	-EBADF: @fd is closed (VFA_CAUSE_BAD_FD)
 *	-EEXIST: it is added already (VFA_CAUSE_REGISTERED)
 *	-EIO: another process made the VM (VFA_CAUSE_BAD_FD)
 *	-ENOMEM: no memory
 *	any other errno of the kernel, such as EMFILE
 *
 * Kernel: as vfa_kvm_add().
 */
int vfa_kvm_add_fd(struct vfa_kvm *kvm, int fd);

/**
 * vfa_kvm_remove_fd() - undo vfa_kvm_add_fd()
 * @kvm: the handle
 * @fd: the number that was given to vfa_kvm_add_fd(); it may be closed by now
 *
 * Return: as vfa_kvm_remove().
 */
int vfa_kvm_remove_fd(struct vfa_kvm *kvm, int fd);

#ifdef __cplusplus
}
#endif

#endif
