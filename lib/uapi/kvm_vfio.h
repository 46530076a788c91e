/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What the library uses of KVM's VFIO device. KVM's own header does not compile on
 * processors that have no KVM; and what it calls a file now was a group before
 * Linux 6.6, with the same numbers. tests/checks/uapi.sh compares it with the
 * kernel's own.
 */

#ifndef UAPI_KVM_VFIO_H
#define UAPI_KVM_VFIO_H

#include <linux/types.h>
#include <sys/ioctl.h>

struct uapi_kvm_create_device {
	__u32 type;
	__u32 fd; /* out */
	__u32 flags;
};

struct uapi_kvm_device_attr {
	__u32 flags;
	__u32 group;
	__u64 attr;
	__u64 addr; /* of an int with the fd */
};

#define UAPI_KVM_CREATE_DEVICE   _IOWR(0xae, 0xe0, struct uapi_kvm_create_device)
#define UAPI_KVM_SET_DEVICE_ATTR _IOW(0xae, 0xe1, struct uapi_kvm_device_attr)
#define UAPI_KVM_HAS_DEVICE_ATTR _IOW(0xae, 0xe3, struct uapi_kvm_device_attr)

#define UAPI_KVM_DEV_TYPE_VFIO 4

#define UAPI_KVM_DEV_VFIO_FILE     1
#define UAPI_KVM_DEV_VFIO_FILE_ADD 1
#define UAPI_KVM_DEV_VFIO_FILE_DEL 2

#endif
