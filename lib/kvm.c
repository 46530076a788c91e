/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "kvm.h"

#include <errno.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"
#include "base/node.h"
#include "uapi/kvm_vfio.h"

static int refuse_create(int vm_fd, int err)
{
	switch (err) {
	case -EBADF:
		return error_set(EBADF, VFA_CAUSE_BAD_FD,
				 "fd %d is not open\npass a VM, as KVM_CREATE_VM gives it", vm_fd);
	case -ENOTTY:
	case -EINVAL:
		return error_set(ENOTTY, VFA_CAUSE_BAD_FD,
				 "fd %d is not a VM of KVM\n"
				 "pass what KVM_CREATE_VM gives, not /dev/kvm nor a VCPU",
				 vm_fd);
	case -EBUSY:
		return error_set(EBUSY, VFA_CAUSE_REGISTERED,
				 "the VM behind fd %d has a VFIO device already\n"
				 "pass its fd to vfa_kvm_open_fd; on older kernels it stays with "
				 "the VM when it is closed",
				 vm_fd);
	case -ENODEV:
		return error_set(ENODEV, VFA_CAUSE_NO_KVM_VFIO,
				 "KVM of this kernel has no VFIO device\n"
				 "it needs CONFIG_KVM_VFIO, which comes with VFIO");
	case -EIO:
		return kvm_refuse_foreign("KVM_CREATE_DEVICE");
	default:
		return error_kernel(err, "KVM_CREATE_DEVICE of KVM_DEV_TYPE_VFIO");
	}
}

static int create_device(const struct vfa_host *host, int vm_fd)
{
	struct uapi_kvm_create_device create = { .type = UAPI_KVM_DEV_TYPE_VFIO };
	int err = kvm_ioctl(host, vm_fd, UAPI_KVM_CREATE_DEVICE, &create);

	return err < 0 ? refuse_create(vm_fd, err) : (int)create.fd;
}

static int check_device(const struct vfa_host *host, int fd, int given)
{
	struct uapi_kvm_device_attr attr = {
		.group = UAPI_KVM_DEV_VFIO_FILE,
		.attr = UAPI_KVM_DEV_VFIO_FILE_ADD,
	};
	int err = kvm_ioctl(host, fd, UAPI_KVM_HAS_DEVICE_ATTR, &attr);

	if (!err)
		return 0;
	if (err == -EIO)
		return kvm_refuse_foreign("KVM_HAS_DEVICE_ATTR");
	return error_set(ENOTTY, VFA_CAUSE_BAD_FD,
			 "fd %d is not a VFIO device of KVM\n"
			 "pass what KVM_CREATE_DEVICE gives for KVM_DEV_TYPE_VFIO",
			 given);
}

static int adopt_device(const struct vfa_host *host, int given)
{
	int fd = node_adopt(host, given, "VFIO device of KVM");
	int err = fd < 0 ? fd : check_device(host, fd, given);

	if (err && fd >= 0)
		sys_close(host->sys, fd);
	return err ? err : fd;
}

static void free_kvm(struct vfa_kvm *kvm)
{
	sys_close(kvm->host->sys, kvm->fd);
	pthread_mutex_destroy(&kvm->lock);
	vfa_host_free(kvm->host);
	free(kvm);
}

static struct vfa_kvm *new_kvm(struct vfa_host *host)
{
	struct vfa_kvm *kvm = calloc(1, sizeof(*kvm));

	if (!kvm)
		return NULL;
	if (host_hold(host, &kvm->host)) {
		free(kvm);
		return NULL;
	}
	kvm->fd = -1;
	pthread_mutex_init(&kvm->lock, NULL);
	return kvm;
}

static int open_kvm(struct vfa_host *host, int fd,
		    int (*get_device)(const struct vfa_host *host, int fd), struct vfa_kvm **ret)
{
	struct vfa_kvm *kvm;
	int err;

	if (!ret)
		return error_null("ret");
	kvm = new_kvm(host);
	if (!kvm)
		return error_memory();
	err = host_require_live(kvm->host, "use KVM");
	if (!err)
		kvm->fd = err = get_device(kvm->host, fd);
	if (err < 0) {
		free_kvm(kvm);
		return err;
	}
	*ret = kvm;
	return 0;
}

VFA_API int vfa_kvm_open(struct vfa_host *host, int vm_fd, struct vfa_kvm **ret)
{
	return open_kvm(host, vm_fd, create_device, ret);
}

VFA_API int vfa_kvm_open_fd(struct vfa_host *host, int fd, struct vfa_kvm **ret)
{
	return open_kvm(host, fd, adopt_device, ret);
}

VFA_API int vfa_kvm_fd(const struct vfa_kvm *kvm)
{
	return kvm ? kvm->fd : error_null("kvm");
}

/* Older kernels keep what was added until the VM ends: remove it one by one. */
VFA_API void vfa_kvm_close(struct vfa_kvm *kvm)
{
	if (!kvm)
		return;
	kvm_drop_devices(kvm);
	kvm_drop_nodes(kvm);
	free_kvm(kvm);
}
