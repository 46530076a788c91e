/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake/internal.h"
#include "uapi/vfio_cdev.h"

/* Any number of openers; only one can bind. */
int fake_cdev_open(struct fake_device *device)
{
	struct fake_file *file = fake_file_new(FILE_DEVICE);
	int fd;

	file->opened = fake_opened_new(device);
	fake_file_get(file);
	fd = fake_file_install(file);
	fake_file_put(file);
	return fd;
}

/* The text of a UUID, from its 16 bytes as they are in the text. */
static void print_uuid(const unsigned char *bytes, char text[40])
{
	char *out = text;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		out += sprintf(out, "%02x", bytes[i]);
	}
}

static int check_token(struct fake_device *device, const struct uapi_vfio_bind_iommufd *bind)
{
	char text[40] = "";

	/* Linux did not ask for one before it took one. */
	if (!fake_settings.bind_token)
		return 0;
	if (!(bind->flags & UAPI_VFIO_DEVICE_BIND_FLAG_TOKEN))
		return fake_token_match(device, NULL);
	if (!bind->token_uuid_ptr)
		return -EFAULT;
	print_uuid((const unsigned char *)(uintptr_t)bind->token_uuid_ptr, text);
	return fake_token_match(device, text);
}

/* A struct longer than the kernel's must be zero beyond it. */
static int copy_bind(const struct uapi_vfio_bind_iommufd *argument,
		     struct uapi_vfio_bind_iommufd *bind)
{
	size_t least = offsetof(struct uapi_vfio_bind_iommufd, token_uuid_ptr);
	size_t size = argument->argsz;
	uint32_t known = fake_settings.bind_token ? UAPI_VFIO_DEVICE_BIND_FLAG_TOKEN : 0;

	if (size < least)
		return -EINVAL;
	memset(bind, 0, sizeof(*bind));
	memcpy(bind, argument, size < sizeof(*bind) ? size : sizeof(*bind));
	return bind->iommufd < 0 || bind->flags & ~known ? -EINVAL : 0;
}

static int bind_to(struct fake_opened *opened, struct fake_file *iommufd)
{
	struct fake_device *device = opened->device;
	int err;

	if (!iommufd)
		return -EBADF;
	if (iommufd->kind != FILE_IOMMUFD)
		return -EBADFD;
	if (device->open_count || device->busy)
		return -EINVAL;
	err = fake_iommufd_bind(iommufd, device, &opened->id);
	if (err)
		return err;
	fake_file_get(iommufd);
	opened->iommufd_file = iommufd;
	opened->granted = true;
	device->open_count = 1;
	device->opened = opened;
	device->group->cdev_opens++;
	fake_device_first_open(device);
	return 0;
}

long fake_cdev_bind(struct fake_opened *opened, void *argument)
{
	struct uapi_vfio_bind_iommufd *request = argument;
	struct fake_device *device = opened->device;
	struct uapi_vfio_bind_iommufd bind;
	int err;

	if (!argument)
		return -EFAULT;
	err = copy_bind(argument, &bind);
	if (err)
		return err;
	if (opened->group_file)
		return -EINVAL;
	if (device->group->file || device->group->busy)
		return -EBUSY;
	if (opened->granted)
		return -EINVAL;
	err = check_token(device, &bind);
	if (!err)
		err = bind_to(opened, fake_file_of_fd(bind.iommufd));
	if (!err)
		request->out_devid = opened->id;
	return err;
}

/* A second attach replaces the first. */
static long attach(struct fake_opened *opened, struct uapi_vfio_attach_iommufd_pt *argument)
{
	if (!argument)
		return -EFAULT;
	if (argument->argsz < offsetof(struct uapi_vfio_attach_iommufd_pt, pasid))
		return -EINVAL;
	if (argument->flags == UAPI_VFIO_DEVICE_ATTACH_PASID && fake_settings.pasids)
		return argument->argsz < sizeof(*argument) ? -EINVAL
							   : fake_pasid_attach(opened, argument);
	if (argument->flags)
		return -EINVAL;
	return fake_iommufd_attach(opened->iommufd_file, opened->device, &argument->pt_id,
				   &opened->page_table);
}

static long detach(struct fake_opened *opened, const struct uapi_vfio_detach_iommufd_pt *argument)
{
	if (!argument)
		return -EFAULT;
	if (argument->argsz < offsetof(struct uapi_vfio_detach_iommufd_pt, pasid))
		return -EINVAL;
	if (argument->flags == UAPI_VFIO_DEVICE_DETACH_PASID && fake_settings.pasids)
		return argument->argsz < sizeof(*argument)
			       ? -EINVAL
			       : fake_pasid_detach(opened, argument->pasid);
	if (argument->flags)
		return -EINVAL;
	if (opened->page_table)
		fake_iommufd_detach(opened->iommufd_file, opened->device, &opened->page_table);
	return 0;
}

long fake_cdev_ioctl(struct fake_opened *opened, unsigned int request, void *argument)
{
	if (request == UAPI_VFIO_DEVICE_BIND_IOMMUFD)
		return fake_cdev_bind(opened, argument);
	if (!opened->granted)
		return -EINVAL;
	if (request == UAPI_VFIO_DEVICE_ATTACH_IOMMUFD_PT)
		return attach(opened, argument);
	if (request == UAPI_VFIO_DEVICE_DETACH_IOMMUFD_PT)
		return detach(opened, argument);
	return fake_device_ioctl(opened, request, argument);
}
