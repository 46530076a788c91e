/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What KVM's VFIO device is asked: to have a file of VFIO, or to let go of it. */

#include <errno.h>

#include "base/error.h"
#include "kvm.h"
#include "uapi/kvm_vfio.h"

int kvm_ioctl(const struct vfa_host *host, int fd, unsigned long request, void *argument)
{
	return sys_ioctl(host->sys, fd, request, argument);
}

int kvm_refuse_foreign(const char *what)
{
	return error_set(EIO, VFA_CAUSE_BAD_FD,
			 "%s: the VM was made by another process, or is dead\n"
			 "KVM serves a VM to the process that made it only, not to its children",
			 what);
}

static int change(struct vfa_kvm *kvm, uint64_t what, int fd)
{
	struct uapi_kvm_device_attr attr = {
		.group = UAPI_KVM_DEV_VFIO_FILE,
		.attr = what,
		.addr = (uintptr_t)&fd,
	};

	return kvm_ioctl(kvm->host, kvm->fd, UAPI_KVM_SET_DEVICE_ATTR, &attr);
}

int kvm_add_file(struct vfa_kvm *kvm, const char *what, int fd)
{
	int err = change(kvm, UAPI_KVM_DEV_VFIO_FILE_ADD, fd);

	switch (err) {
	case 0:
		return 0;
	case -EEXIST:
		return error_set(EEXIST, VFA_CAUSE_REGISTERED,
				 "%s: the VM's VFIO device has it already\n"
				 "it was added by its fd, or by somebody else: add it once",
				 what);
	case -EINVAL:
		return error_set(EINVAL, VFA_CAUSE_BAD_FD,
				 "%s: KVM does not take it for a node of VFIO\n"
				 "pass an open /dev/vfio/GROUP, or since Linux 6.6 "
				 "/dev/vfio/devices/vfioN",
				 what);
	case -EIO:
		return kvm_refuse_foreign(what);
	default:
		return error_kernel(err, "%s: KVM_DEV_VFIO_FILE_ADD", what);
	}
}

int kvm_remove_file(struct vfa_kvm *kvm, const char *what, int fd)
{
	int err = change(kvm, UAPI_KVM_DEV_VFIO_FILE_DEL, fd);

	switch (err) {
	case 0:
		return 0;
	case -ENOENT:
		host_log(kvm->host, VFA_LOG_WARNING,
			 "%s: somebody else removed it from the VM's VFIO device", what);
		return 0;
	case -EIO:
		return kvm_refuse_foreign(what);
	default:
		return error_kernel(err, "%s: KVM_DEV_VFIO_FILE_DEL", what);
	}
}

void kvm_drop_file(struct vfa_kvm *kvm, const char *what, int fd)
{
	struct error_record saved;

	error_save(&saved);
	if (kvm_remove_file(kvm, what, fd))
		host_log(kvm->host, VFA_LOG_WARNING, "KVM keeps %s", vfa_error_last()->message);
	error_restore(&saved);
}
