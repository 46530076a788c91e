/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake/internal.h"

/* One opener at a time, and none beside users of the device nodes. */
int fake_group_open(struct fake_group *group)
{
	struct fake_file *file;
	int fd;

	if (group->cdev_opens || group->file || fake_group_is_busy(group))
		return -EBUSY;
	file = fake_file_new(FILE_GROUP);
	file->group = group;
	group->file = file;
	fake_objects[FAKE_OBJECT_GROUP]++;
	fake_file_get(file);
	fd = fake_file_install(file);
	fake_file_put(file);
	return fd;
}

void fake_group_release(struct fake_file *file)
{
	struct fake_group *group = file->group;

	if (group->container)
		fake_container_remove_group(group->container, group);
	group->file = NULL;
	fake_objects[FAKE_OBJECT_GROUP]--;
}

static long set_container(struct fake_group *group, const int *fd)
{
	struct fake_file *file;

	if (!fd)
		return -EFAULT;
	file = fake_file_of_fd(*fd);
	if (!file)
		return -EBADF;
	if (group->container)
		return -EINVAL;
	if (file->kind != FILE_CONTAINER)
		return -EBADFD;
	return fake_container_add_group(file->container, group);
}

static long unset_container(struct fake_group *group)
{
	if (!group->container)
		return -EINVAL;
	if (group->container_users != 1)
		return -EBUSY;
	fake_container_remove_group(group->container, group);
	return 0;
}

static long get_status(const struct fake_group *group, struct vfio_group_status *status)
{
	if (!status)
		return -EFAULT;
	if (status->argsz < sizeof(*status))
		return -EINVAL;
	status->flags = 0;
	if (group->container)
		status->flags = VFIO_GROUP_FLAGS_CONTAINER_SET | VFIO_GROUP_FLAGS_VIABLE;
	else if (group->noiommu || (group->viable && !group->owner_count))
		status->flags = VFIO_GROUP_FLAGS_VIABLE;
	return 0;
}

#define TOKEN_ARGUMENT " vf_token="

/* "0000:00:04.0" or "0000:00:04.0 vf_token=UUID" */
static int match(struct fake_device *device, const char *name)
{
	size_t length = strlen(device->bdf);
	const char *token = NULL;
	int err;

	if (strncmp(device->bdf, name, length))
		return 0;
	if (name[length]) {
		if (strncmp(name + length, TOKEN_ARGUMENT, strlen(TOKEN_ARGUMENT)))
			return name[length] == ' ' ? -EINVAL : 0;
		token = name + length + strlen(TOKEN_ARGUMENT);
		if (strlen(token) != 36)
			return -EINVAL;
	}
	err = fake_token_match(device, token);
	return err ? err : 1;
}

static long get_device_fd(struct fake_group *group, const char *name)
{
	struct fake_device *device;
	int found = 0;

	if (!name)
		return -EFAULT;
	for (device = fake_devices; device; device = device->next) {
		if (device->group == group && !device->leaving)
			found = match(device, name);
		if (found)
			break;
	}
	if (found <= 0)
		return found ? found : -ENODEV;
	if (!group->container || !fake_container_has_iommu(group->container))
		return -EINVAL;
	return fake_device_open_by_group(device, group->file);
}

long fake_group_ioctl(struct fake_group *group, unsigned int request, void *argument)
{
	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		return get_status(group, argument);
	case VFIO_GROUP_SET_CONTAINER:
		return set_container(group, argument);
	case VFIO_GROUP_UNSET_CONTAINER:
		return unset_container(group);
	case VFIO_GROUP_GET_DEVICE_FD:
		return get_device_fd(group, argument);
	}
	return -ENOTTY;
}
