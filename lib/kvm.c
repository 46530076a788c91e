/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "kvm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"
#include "base/node.h"
#include "uapi/kvm_vfio.h"

/* A node that the caller added by its fd. */
struct added_node {
	struct added_node *next;
	int given; /* the caller's fd */
	int fd;    /* a duplicate: the caller may close its own */
	char name[16];
};

struct vfa_kvm {
	struct vfa_host *host;
	int fd;

	pthread_mutex_t lock;       /* of all below; a container's may be taken under it */
	struct vfa_device *devices; /* that were added */
	struct added_node *nodes;
};

static int kvm_ioctl(const struct vfa_host *host, int fd, unsigned long request, void *argument)
{
	return sys_ioctl(host->sys, fd, request, argument);
}

static int refuse_foreign(const char *what)
{
	return error_set(EIO, VFA_CAUSE_BAD_FD,
			 "%s: the VM was made by another process, or is dead\n"
			 "KVM serves a VM to the process that made it only, not to its children",
			 what);
}

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
		return refuse_foreign("KVM_CREATE_DEVICE");
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
		return refuse_foreign("KVM_HAS_DEVICE_ATTR");
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

static int change(struct vfa_kvm *kvm, uint64_t what, int fd)
{
	struct uapi_kvm_device_attr attr = {
		.group = UAPI_KVM_DEV_VFIO_FILE,
		.attr = what,
		.addr = (uintptr_t)&fd,
	};

	return kvm_ioctl(kvm->host, kvm->fd, UAPI_KVM_SET_DEVICE_ATTR, &attr);
}

/* @what: the device's address, or "fd 7" */
static int add_file(struct vfa_kvm *kvm, const char *what, int fd)
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
		return refuse_foreign(what);
	default:
		return error_kernel(err, "%s: KVM_DEV_VFIO_FILE_ADD", what);
	}
}

/* What KVM does not have any more is removed as well. */
static int remove_file(struct vfa_kvm *kvm, const char *what, int fd)
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
		return refuse_foreign(what);
	default:
		return error_kernel(err, "%s: KVM_DEV_VFIO_FILE_DEL", what);
	}
}

/* A removal that nobody waits for the end of. */
static void drop_file(struct vfa_kvm *kvm, const char *what, int fd)
{
	struct error_record saved;

	error_save(&saved);
	if (remove_file(kvm, what, fd))
		host_log(kvm->host, VFA_LOG_WARNING, "KVM keeps %s", vfa_error_last()->message);
	error_restore(&saved);
}

static int file_of(struct vfa_device *device)
{
	struct vfa_container *container = device->container;
	int fd;

	container_lock(container);
	fd = container->backend->ops->owner_fd(container->backend, &device->join);
	container_unlock(container);
	return fd;
}

/* On type1 several devices are one file to KVM. */
static bool has_file(const struct vfa_kvm *kvm, int fd)
{
	const struct vfa_device *device = kvm->devices;

	while (device && device->kvm.fd != fd)
		device = device->kvm.next;
	return device;
}

static void link_device(struct vfa_kvm *kvm, struct vfa_device *device, int fd)
{
	device->kvm = (struct kvm_link){ .kvm = kvm, .next = kvm->devices, .fd = fd };
	kvm->devices = device;
}

static void unlink_device(struct vfa_kvm *kvm, struct vfa_device *device)
{
	struct vfa_device **link = &kvm->devices;

	while (*link != device)
		link = &(*link)->kvm.next;
	*link = device->kvm.next;
	device->kvm = (struct kvm_link){ .kvm = NULL };
}

static int add_device(struct vfa_kvm *kvm, struct vfa_device *device)
{
	int fd, err;

	if (device->kvm.kvm)
		return error_set(EEXIST, VFA_CAUSE_REGISTERED,
				 "%s was added to %s VM already\n"
				 "add a device once; vfa_kvm_remove takes it out again",
				 device->bdf, device->kvm.kvm == kvm ? "this" : "another");
	fd = file_of(device);
	err = has_file(kvm, fd) ? 0 : add_file(kvm, device->bdf, fd);
	if (!err)
		link_device(kvm, device, fd);
	return err;
}

VFA_API int vfa_kvm_add(struct vfa_kvm *kvm, struct vfa_device *device)
{
	int err;

	if (!kvm || !device)
		return error_null(kvm ? "device" : "kvm");
	pthread_mutex_lock(&kvm->lock);
	err = add_device(kvm, device);
	pthread_mutex_unlock(&kvm->lock);
	return err;
}

/* Out of the list first, so that what is left tells whether its file is still needed. */
static int remove_device(struct vfa_kvm *kvm, struct vfa_device *device)
{
	int fd = device->kvm.fd, err = 0;

	unlink_device(kvm, device);
	if (!has_file(kvm, fd))
		err = remove_file(kvm, device->bdf, fd);
	if (err)
		link_device(kvm, device, fd);
	return err;
}

VFA_API int vfa_kvm_remove(struct vfa_kvm *kvm, struct vfa_device *device)
{
	int err;

	if (!kvm || !device)
		return error_null(kvm ? "device" : "kvm");
	pthread_mutex_lock(&kvm->lock);
	if (device->kvm.kvm == kvm)
		err = remove_device(kvm, device);
	else
		err = error_set(ENOENT, VFA_CAUSE_WRONG_ORDER,
				"%s was not added to this VM\nadd it first: vfa_kvm_add",
				device->bdf);
	pthread_mutex_unlock(&kvm->lock);
	return err;
}

static void drop_device(struct vfa_kvm *kvm, struct vfa_device *device)
{
	int fd = device->kvm.fd;

	unlink_device(kvm, device);
	if (!has_file(kvm, fd))
		drop_file(kvm, device->bdf, fd);
}

void kvm_forget_device(struct vfa_device *device)
{
	struct vfa_kvm *kvm = device->kvm.kvm;

	if (!kvm)
		return;
	pthread_mutex_lock(&kvm->lock);
	drop_device(kvm, device);
	pthread_mutex_unlock(&kvm->lock);
}

static struct added_node **find_node(struct vfa_kvm *kvm, int given)
{
	struct added_node **link = &kvm->nodes;

	while (*link && (*link)->given != given)
		link = &(*link)->next;
	return link;
}

static void free_node(struct vfa_kvm *kvm, struct added_node **link)
{
	struct added_node *node = *link;

	*link = node->next;
	sys_close(kvm->host->sys, node->fd);
	free(node);
}

static int add_node(struct vfa_kvm *kvm, int given)
{
	struct added_node *node;
	int err;

	if (*find_node(kvm, given))
		return error_set(EEXIST, VFA_CAUSE_REGISTERED,
				 "fd %d was added to this VM already\n"
				 "remove it, by vfa_kvm_remove_fd, before the number stands for "
				 "something else",
				 given);
	node = calloc(1, sizeof(*node));
	if (!node)
		return error_memory();
	*node = (struct added_node){ .next = kvm->nodes, .given = given };
	node->fd = err = node_adopt(kvm->host, given, "/dev/vfio/GROUP or /dev/vfio/devices/vfioN");
	if (err < 0) {
		free(node);
		return err;
	}
	kvm->nodes = node;
	snprintf(node->name, sizeof(node->name), "fd %d", given);
	err = add_file(kvm, node->name, node->fd);
	if (err)
		free_node(kvm, &kvm->nodes);
	return err;
}

VFA_API int vfa_kvm_add_fd(struct vfa_kvm *kvm, int fd)
{
	int err;

	if (!kvm)
		return error_null("kvm");
	pthread_mutex_lock(&kvm->lock);
	err = add_node(kvm, fd);
	pthread_mutex_unlock(&kvm->lock);
	return err;
}

static int remove_node(struct vfa_kvm *kvm, int given)
{
	struct added_node **link = find_node(kvm, given);
	int err;

	if (!*link)
		return error_set(ENOENT, VFA_CAUSE_WRONG_ORDER,
				 "fd %d was not added to this VM\n"
				 "give the number that vfa_kvm_add_fd was given",
				 given);
	err = remove_file(kvm, (*link)->name, (*link)->fd);
	if (!err)
		free_node(kvm, link);
	return err;
}

VFA_API int vfa_kvm_remove_fd(struct vfa_kvm *kvm, int fd)
{
	int err;

	if (!kvm)
		return error_null("kvm");
	pthread_mutex_lock(&kvm->lock);
	err = remove_node(kvm, fd);
	pthread_mutex_unlock(&kvm->lock);
	return err;
}

/* Older kernels keep what was added until the VM ends: remove it one by one. */
VFA_API void vfa_kvm_close(struct vfa_kvm *kvm)
{
	if (!kvm)
		return;
	while (kvm->devices)
		drop_device(kvm, kvm->devices);
	while (kvm->nodes) {
		drop_file(kvm, kvm->nodes->name, kvm->nodes->fd);
		free_node(kvm, &kvm->nodes);
	}
	free_kvm(kvm);
}
