/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The devices that a VM has: what KVM has of them are files. */

#include <errno.h>

#include "base/api.h"
#include "base/error.h"
#include "kvm.h"

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
		kvm_drop_file(kvm, device->bdf, fd);
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

void kvm_drop_devices(struct vfa_kvm *kvm)
{
	while (kvm->devices)
		drop_device(kvm, kvm->devices);
}
