/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The devices that a VM has: what KVM has of them are files. */

#include <errno.h>

#include "base/api.h"
#include "base/error.h"
#include "kvm.h"

/* A container that KVM learns of is not sent meanwhile. */
static void lock_both(struct vfa_kvm *kvm, const struct vfa_device *device)
{
	pthread_mutex_lock(&kvm->lock);
	container_lock(device->container);
}

static void unlock_both(struct vfa_kvm *kvm, const struct vfa_device *device)
{
	container_unlock(device->container);
	pthread_mutex_unlock(&kvm->lock);
}

static int file_of(const struct vfa_device *device)
{
	struct backend *backend = device->container->backend;

	return backend->ops->owner_fd(backend, &device->join);
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
	err = has_file(kvm, fd) ? 0 : kvm_add_file(kvm, device->bdf, fd);
	if (!err)
		link_device(kvm, device, fd);
	return err;
}

VFA_API int vfa_kvm_add(struct vfa_kvm *kvm, struct vfa_device *device)
{
	int err;

	if (!kvm || !device)
		return error_null(kvm ? "device" : "kvm");
	lock_both(kvm, device);
	err = container_require_unsent(device->container, device->bdf);
	if (!err)
		err = add_device(kvm, device);
	unlock_both(kvm, device);
	return err;
}

/* Out of the list first, so that what is left tells whether its file is still needed. */
static int remove_device(struct vfa_kvm *kvm, struct vfa_device *device)
{
	int fd = device->kvm.fd, err = 0;

	unlink_device(kvm, device);
	if (!has_file(kvm, fd))
		err = kvm_remove_file(kvm, device->bdf, fd);
	if (err)
		link_device(kvm, device, fd);
	return err;
}

VFA_API int vfa_kvm_remove(struct vfa_kvm *kvm, struct vfa_device *device)
{
	int err;

	if (!kvm || !device)
		return error_null(kvm ? "device" : "kvm");
	lock_both(kvm, device);
	if (device->kvm.kvm == kvm)
		err = remove_device(kvm, device);
	else
		err = error_set(ENOENT, VFA_CAUSE_WRONG_ORDER,
				"%s was not added to this VM\nadd it first: vfa_kvm_add",
				device->bdf);
	unlock_both(kvm, device);
	return err;
}

static void drop_device(struct vfa_kvm *kvm, struct vfa_device *device)
{
	int fd = device->kvm.fd;

	unlink_device(kvm, device);
	if (!has_file(kvm, fd))
		kvm_drop_file(kvm, device->bdf, fd);
}

void kvm_forget_device(struct vfa_device *device)
{
	struct vfa_kvm *kvm = device->kvm.kvm;

	if (!kvm)
		return;
	lock_both(kvm, device);
	drop_device(kvm, device);
	unlock_both(kvm, device);
}

void kvm_drop_devices(struct vfa_kvm *kvm)
{
	while (kvm->devices)
		kvm_forget_device(kvm->devices);
}
