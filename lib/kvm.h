/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Registration with KVM: kvm.c makes and closes the handle, kvm_device.c and kvm_node.c
 * have what was added, and kvm_file.c asks the kernel.
 */

#ifndef LIB_KVM_H
#define LIB_KVM_H

#include <vfa/kvm.h>

#include "device.h"

struct added_node;

struct vfa_kvm {
	struct vfa_host *host;
	int fd;

	pthread_mutex_t lock;       /* of all below; a container's may be taken under it */
	struct vfa_device *devices; /* that were added */
	struct added_node *nodes;
};

/** kvm_forget_device() - remove a device that is about to be closed, if it was added */
void kvm_forget_device(struct vfa_device *device);

/* All that was added, when the handle is closed. */
void kvm_drop_devices(struct vfa_kvm *kvm);
void kvm_drop_nodes(struct vfa_kvm *kvm);

/* kvm_file.c: 0 or -errno, recorded. @what: the device's address, or "fd 7". */

int kvm_add_file(struct vfa_kvm *kvm, const char *what, int fd);

/** kvm_remove_file() - what KVM does not have any more is removed as well */
int kvm_remove_file(struct vfa_kvm *kvm, const char *what, int fd);

/** kvm_drop_file() - a removal that nobody waits for the end of */
void kvm_drop_file(struct vfa_kvm *kvm, const char *what, int fd);

/** kvm_ioctl() - on a VM or its VFIO device; 0 or more, or -errno, unrecorded */
int kvm_ioctl(const struct vfa_host *host, int fd, unsigned long request, void *argument);

/** kvm_refuse_foreign() - for EIO, by which KVM refuses other processes; recorded */
int kvm_refuse_foreign(const char *what);

#endif
