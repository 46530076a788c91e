/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Who has a group: a kernel driver that is bound to a member, or a process with
 * one of its nodes open. The kernel decided that it is taken; this only tells why.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <vfa/group.h>

#include "base/error.h"
#include "base/node.h"
#include "blockers.h"
#include "refusal.h"
#include "topology/holder.h"

/* The members that keep the kernel from giving the group away; 0 when there are none. */
static int refuse_blocked(const struct refused_join *refused, const struct vfa_group *group)
{
	struct blockers blockers;

	if (!blockers_describe(refused->host, group, &blockers))
		return 0;
	return error_set(
		EBUSY, VFA_CAUSE_NOT_VIABLE, "%s cannot be used: group %u is not viable: %s\n%s",
		refused->function->bdf, vfa_group_number(group), blockers.list, blockers.hint);
}

/* Of another member's node it is the group that is busy. */
static enum vfa_cause cause_of(const struct refused_join *refused, const char *path)
{
	char own[SYSFS_PATH];

	node_path(refused->host, own, "vfio/devices/%s", refused->function->vfio_node);
	return strcmp(path, own) ? VFA_CAUSE_GROUP_BUSY : VFA_CAUSE_DEVICE_BUSY;
}

/*
 * A caller that passed a node in has it open for that reason, and is not in its own way.
 */
static int refuse_held(const struct refused_join *refused, const struct vfa_group *group)
{
	pid_t except = refused->join->fd >= 0 ? getpid() : 0;
	struct holder holder;

	if (!holder_find(refused->host, group, except, &holder))
		return 0;
	if (holder.owner.pid == getpid())
		return error_set(
			EBUSY, cause_of(refused, holder.path),
			"%s is busy: %s is open in this process\n"
			"a group admits one owner at a time: use the handle or the container "
			"that has it, or close that first",
			refused->function->bdf, holder.path);
	return error_set(
		EBUSY, cause_of(refused, holder.path),
		"%s is busy: %s is held by process %d (%s)\n"
		"a group admits one owner at a time: wait for that process to end, or use the "
		"device through it",
		refused->function->bdf, holder.path, (int)holder.owner.pid, holder.owner.command);
}

int refuse_taken(const struct refused_join *refused)
{
	struct vfa_group *group;
	int err;

	if (refused->function->group < 0 ||
	    vfa_group_new((struct vfa_host *)refused->host, refused->function->group, &group))
		return 0;
	err = refuse_blocked(refused, group);
	if (!err)
		err = refuse_held(refused, group);
	vfa_group_free(group);
	return err;
}

int refuse_busy(const struct refused_join *refused)
{
	const char *dev = refused->host->dev;
	int err = refuse_taken(refused);

	if (err)
		return err;
	return error_set(
		EBUSY,
		refused->backend == VFA_BACKEND_IOMMUFD ? VFA_CAUSE_DEVICE_BUSY
							: VFA_CAUSE_GROUP_BUSY,
		"%s is busy: it or its group is open in a process that cannot be seen from "
		"here\n"
		"as root, fuser -v %s/vfio/* %s/vfio/devices/* names it; a device that was just "
		"closed may still be on its way out",
		refused->function->bdf, dev, dev);
}
