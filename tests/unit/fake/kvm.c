/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* VMs of KVM, and the VFIO device of each. */

#include <errno.h>
#include <stdlib.h>

#include "fake/internal.h"
#include "fake/lock.h"
#include "uapi/kvm_vfio.h"

#define FILES_MAX 16

/* A VM and its VFIO device, which holds it. */
struct fake_vm {
	unsigned int refs;
	bool has_device;
	struct fake_file *files[FILES_MAX]; /* that were added */
	size_t count;
	bool noncoherent;
};

int fake_vm_open(void)
{
	struct fake_file *file;
	int fd;

	fake_lock();
	file = fake_file_new(FILE_VM);
	file->vm = calloc(1, sizeof(*file->vm));
	file->vm->refs = 1;
	fake_objects[FAKE_OBJECT_KVM]++;
	fake_file_get(file);
	fd = fake_file_install(file);
	fake_file_put(file);
	fake_unlock();
	return fd;
}

static bool is_coherent(const struct fake_file *file)
{
	return file->kind == FILE_GROUP ? file->group->coherent
					: file->opened->device->group->coherent;
}

/* All are asked again, whichever changed. */
static void update_coherency(struct fake_vm *vm)
{
	vm->noncoherent = false;
	for (size_t i = 0; i < vm->count; i++)
		vm->noncoherent |= !is_coherent(vm->files[i]);
}

static void drop_files(struct fake_vm *vm)
{
	while (vm->count)
		fake_file_put(vm->files[--vm->count]);
	update_coherency(vm);
}

static void put_vm(struct fake_vm *vm)
{
	if (--vm->refs)
		return;
	drop_files(vm);
	free(vm);
}

/* Before Linux 6.2 the device goes with its VM only. */
void fake_vm_release(struct fake_file *file)
{
	if (file->kind == FILE_KVM && !fake_settings.old_kvm) {
		drop_files(file->vm);
		file->vm->has_device = false;
	}
	fake_objects[FAKE_OBJECT_KVM]--;
	put_vm(file->vm);
}

static long create_device(struct fake_vm *vm, struct uapi_kvm_create_device *create)
{
	struct fake_file *file;
	int fd;

	if (!create)
		return -EFAULT;
	if (create->type != UAPI_KVM_DEV_TYPE_VFIO || !fake_settings.kvm_vfio)
		return -ENODEV;
	if (vm->has_device)
		return -EBUSY;
	file = fake_file_new(FILE_KVM);
	file->vm = vm;
	vm->refs++;
	fake_objects[FAKE_OBJECT_KVM]++;
	fake_file_get(file);
	fd = fake_file_install(file);
	vm->has_device = fd >= 0;
	fake_file_put(file);
	if (fd >= 0)
		create->fd = fd;
	return fd < 0 ? fd : 0;
}

static size_t find_file(const struct fake_vm *vm, const struct fake_file *file)
{
	size_t i = 0;

	while (i < vm->count && vm->files[i] != file)
		i++;
	return i;
}

static bool is_valid(const struct fake_file *file)
{
	return file->kind == FILE_GROUP || (file->kind == FILE_DEVICE && !fake_settings.old_kvm);
}

static long add_file(struct fake_vm *vm, struct fake_file *file)
{
	if (!is_valid(file))
		return -EINVAL;
	if (find_file(vm, file) < vm->count)
		return -EEXIST;
	if (vm->count == FILES_MAX)
		return -ENOMEM;
	fake_file_get(file);
	vm->files[vm->count++] = file;
	update_coherency(vm);
	return 0;
}

static long remove_file(struct fake_vm *vm, struct fake_file *file)
{
	size_t at = find_file(vm, file);

	if (at == vm->count)
		return -ENOENT;
	vm->files[at] = vm->files[--vm->count];
	fake_file_put(file);
	update_coherency(vm);
	return 0;
}

static long set_attr(struct fake_vm *vm, const struct uapi_kvm_device_attr *attr)
{
	const int *fd = (const int *)(uintptr_t)attr->addr;
	struct fake_file *file;

	if (attr->group != UAPI_KVM_DEV_VFIO_FILE)
		return -ENXIO;
	if (!fd)
		return -EFAULT;
	file = fake_file_of_fd(*fd);
	if (!file)
		return fake_is_open(*fd) ? -EINVAL : -EBADF;
	if (attr->attr == UAPI_KVM_DEV_VFIO_FILE_ADD)
		return add_file(vm, file);
	if (attr->attr == UAPI_KVM_DEV_VFIO_FILE_DEL)
		return remove_file(vm, file);
	return -ENXIO;
}

long fake_vm_ioctl(struct fake_file *file, unsigned int request, void *argument)
{
	const struct uapi_kvm_device_attr *attr = argument;

	if (fake_settings.foreign_vm)
		return -EIO;
	if (file->kind == FILE_VM)
		return request == UAPI_KVM_CREATE_DEVICE ? create_device(file->vm, argument)
							 : -ENOTTY;
	if (!argument)
		return -EFAULT;
	if (request == UAPI_KVM_SET_DEVICE_ATTR)
		return set_attr(file->vm, attr);
	if (request == UAPI_KVM_HAS_DEVICE_ATTR)
		return attr->group == UAPI_KVM_DEV_VFIO_FILE &&
				       attr->attr >= UAPI_KVM_DEV_VFIO_FILE_ADD &&
				       attr->attr <= UAPI_KVM_DEV_VFIO_FILE_DEL
			       ? 0
			       : -ENXIO;
	return -ENOTTY;
}

size_t fake_count_registered(int fd)
{
	struct fake_file *file;
	size_t count;

	fake_lock();
	file = fake_file_of_fd(fd);
	count = file->vm->count;
	fake_unlock();
	return count;
}

bool fake_is_noncoherent(int fd)
{
	struct fake_file *file;
	bool noncoherent;

	fake_lock();
	file = fake_file_of_fd(fd);
	noncoherent = file->vm->noncoherent;
	fake_unlock();
	return noncoherent;
}
