/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The groups in a type1 container: a device comes in with its group, or to it. */

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/type1.h"
#include "base/error.h"
#include "base/node.h"

/* A group in the container, open for as long as one of its devices is attached. */
struct type1_group {
	struct type1_group *next;
	char bdf[32]; /* names the group where sysfs does not: its first device */
	int number;
	int fd;
	unsigned int devices;
};

static struct type1_group *find_group(struct type1 *type1, const struct join *join)
{
	for (struct type1_group *group = type1->groups; group; group = group->next)
		if (join->group >= 0 ? group->number == join->group
				     : !strcmp(group->bdf, join->bdf))
			return group;
	return NULL;
}

int type1_group_fd(struct backend *backend, int number, const char *bdf)
{
	struct type1_group *group = type1_of(backend)->groups;

	for (; group; group = group->next)
		if (group->number >= 0 ? group->number == number : !strcmp(group->bdf, bdf))
			return group->fd;
	return -ENOENT;
}

static int open_node(struct backend *backend, const struct join *join)
{
	if (join->fd >= 0)
		return sys_dup(backend->host->sys, join->fd);
	return node_open(backend->host, join->node);
}

static int check_viable(struct backend *backend, struct join *join, int fd)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int err;

	join->step = JOIN_GET_STATUS;
	err = sys_ioctl(backend->host->sys, fd, VFIO_GROUP_GET_STATUS, &status);
	if (err < 0)
		return err;
	/* SET_CONTAINER has one errno for this and for an IOMMU that does not fit. */
	if (status.flags & VFIO_GROUP_FLAGS_CONTAINER_SET)
		return -EBUSY;
	join->step = JOIN_VIABLE;
	return status.flags & VFIO_GROUP_FLAGS_VIABLE ? 0 : -EBUSY;
}

/* The first group gives the container its IOMMU; a later one takes part at once. */
static int attach_group(struct backend *backend, struct join *join, int fd)
{
	int err;

	join->step = JOIN_SET_CONTAINER;
	err = sys_ioctl(backend->host->sys, fd, VFIO_GROUP_SET_CONTAINER, &backend->fd);
	if (err < 0 || type1_of(backend)->groups)
		return err;

	join->step = JOIN_SET_IOMMU;
	err = type1_ioctl(backend, VFIO_SET_IOMMU, type1_argument(type1_iommu(backend)));
	if (err < 0)
		(void)sys_ioctl(backend->host->sys, fd, VFIO_GROUP_UNSET_CONTAINER, NULL);
	return err;
}

static int add_group(struct backend *backend, struct join *join, struct type1_group **ret)
{
	const struct syscalls *sys = backend->host->sys;
	struct type1_group *group = calloc(1, sizeof(*group));
	int err;

	join->step = JOIN_OPEN_NODE;
	if (!group)
		return error_memory();
	group->number = join->group;
	snprintf(group->bdf, sizeof(group->bdf), "%s", join->bdf);
	group->fd = err = open_node(backend, join);
	if (err < 0)
		goto free_group;
	err = check_viable(backend, join, group->fd);
	if (err < 0)
		goto close_group;
	err = attach_group(backend, join, group->fd);
	if (err < 0)
		goto close_group;

	group->next = type1_of(backend)->groups;
	type1_of(backend)->groups = group;
	*ret = group;
	return 0;

close_group:
	sys_close(sys, group->fd);
free_group:
	free(group);
	return err;
}

static void remove_group(struct backend *backend, struct type1_group *group)
{
	struct type1_group **link = &type1_of(backend)->groups;

	while (*link != group)
		link = &(*link)->next;
	*link = group->next;
	sys_close(backend->host->sys, group->fd);
	free(group);
}

/*
 * Take a group out that has no device open here. It stays, with the container's
 * IOMMU and mappings, while a duplicate of a device's fd is still open elsewhere.
 */
static void release_group(struct backend *backend, struct type1_group *group)
{
	int err = backend->is_sent ? 0
				   : sys_ioctl(backend->host->sys, group->fd,
					       VFIO_GROUP_UNSET_CONTAINER, NULL);

	/* EINVAL: of a group whose last device was unplugged the kernel has done it. */
	if (err < 0 && err != -EINVAL)
		host_log(backend->host, VFA_LOG_WARNING,
			 "group %d stays in the container: a device of it is open elsewhere",
			 group->number);
	else
		remove_group(backend, group);
}

int type1_attach(struct backend *backend, struct join *join)
{
	struct type1_group *group = find_group(type1_of(backend), join);
	int err = group ? 0 : add_group(backend, join, &group);

	if (err < 0)
		return err;
	group->devices++;
	join->group_fd = group->fd;
	join->is_attached = true;
	return 0;
}

int type1_adopt_device(struct backend *backend, struct join *join)
{
	struct type1_group *group = find_group(type1_of(backend), join);

	if (!group)
		return -ENOENT;
	group->devices++;
	join->group_fd = group->fd;
	join->is_attached = true;
	return 0;
}

void type1_detach(struct backend *backend, struct join *join)
{
	struct type1_group *group = find_group(type1_of(backend), join);

	join->is_attached = false;
	if (!--group->devices)
		release_group(backend, group);
}

int type1_owner_fd(struct backend *backend, const struct join *join)
{
	(void)backend;
	return join->group_fd;
}

bool type1_holds_mappings(const struct backend *backend)
{
	return ((const struct type1 *)backend)->groups;
}

static int check_group(struct backend *backend, int fd)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int err = sys_ioctl(backend->host->sys, fd, VFIO_GROUP_GET_STATUS, &status);

	if (err < 0 || !(status.flags & VFIO_GROUP_FLAGS_CONTAINER_SET))
		return type1_refuse_adopted("a group in a container");
	return 0;
}

int type1_adopt_group(struct backend *backend, int number, const char *bdf, int fd)
{
	int err = check_group(backend, fd);
	struct type1_group *group = err ? NULL : calloc(1, sizeof(*group));

	if (!group) {
		sys_close(backend->host->sys, fd);
		return err ? err : error_memory();
	}
	group->number = number;
	snprintf(group->bdf, sizeof(group->bdf), "%s", bdf);
	group->fd = fd;
	group->next = type1_of(backend)->groups;
	type1_of(backend)->groups = group;
	return 0;
}

void type1_close_groups(struct backend *backend)
{
	while (type1_of(backend)->groups)
		remove_group(backend, type1_of(backend)->groups);
}
