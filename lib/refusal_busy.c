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
#include "refusal.h"
#include "topology/owner.h"

/* The command that takes a member off its driver; devices without a PCI id are on another bus. */
static int print_unbind(const struct vfa_host *host, const struct vfa_group *group,
			const struct vfa_group_member *member, char *text, size_t size)
{
	if (member->vendor)
		return snprintf(text, size, "\n  echo %s > %s/bus/pci/devices/%s/driver/unbind",
				member->name, host->sysfs, member->name);
	return snprintf(text, size,
			"\n  echo %s > %s/kernel/iommu_groups/%u/devices/%s/driver/unbind",
			member->name, host->sysfs, vfa_group_number(group), member->name);
}

/* The members that keep the kernel from giving the group away; 0 when there are none. */
static int refuse_blocked(const struct refused_join *refused, const struct vfa_group *group)
{
	char blockers[512] = "", commands[1024] = "";
	size_t used = 0, typed = 0;

	for (size_t i = 0; i < vfa_group_count_members(group); i++) {
		const struct vfa_group_member *member = vfa_group_get_member(group, i);

		if (member->role != VFA_MEMBER_KERNEL || used >= sizeof(blockers) ||
		    typed >= sizeof(commands))
			continue;
		used += snprintf(blockers + used, sizeof(blockers) - used, "%s%s is bound to %s",
				 used ? ", " : "", member->name, member->driver);
		typed += print_unbind(refused->host, group, member, commands + typed,
				      sizeof(commands) - typed);
	}
	if (!used)
		return 0;
	return error_set(
		EBUSY, VFA_CAUSE_NOT_VIABLE,
		"%s cannot be used: group %u is not viable: %s\n"
		"members on pcieport, pci-stub or no driver do not block; take off the others, "
		"if nothing uses them:%s",
		refused->function->bdf, vfa_group_number(group), blockers, commands);
}

static bool find_member_holder(const struct refused_join *refused, pid_t except,
			       const struct vfa_group_member *member, char path[SYSFS_PATH],
			       struct owner *ret)
{
	struct pci_function function;
	char bdf[BDF_SIZE];

	snprintf(bdf, sizeof(bdf), "%s", member->name);
	pci_read(refused->host, bdf, &function);
	if (!function.vfio_node[0])
		return false;
	node_path(refused->host, path, "vfio/devices/%s", function.vfio_node);
	return owner_find(refused->host, path, except, ret);
}

/*
 * The group's node and its members' device nodes exclude each other. A caller that
 * passed a node in has it open for that reason, and is not in its own way.
 */
static bool find_holder(const struct refused_join *refused, const struct vfa_group *group,
			char path[SYSFS_PATH], struct owner *ret)
{
	pid_t except = refused->join->fd >= 0 ? getpid() : 0;
	bool found;

	node_path(refused->host, path, "vfio/%s%u", refused->function->noiommu ? "noiommu-" : "",
		  vfa_group_number(group));
	found = owner_find(refused->host, path, except, ret);
	for (size_t i = 0; i < vfa_group_count_members(group) && !found; i++)
		found = find_member_holder(refused, except, vfa_group_get_member(group, i), path,
					   ret);
	return found;
}

/* Of another member's node it is the group that is busy. */
static enum vfa_cause cause_of(const struct refused_join *refused, const char *path)
{
	char own[SYSFS_PATH];

	node_path(refused->host, own, "vfio/devices/%s", refused->function->vfio_node);
	return strcmp(path, own) ? VFA_CAUSE_GROUP_BUSY : VFA_CAUSE_DEVICE_BUSY;
}

static int refuse_held(const struct refused_join *refused, const struct vfa_group *group)
{
	char path[SYSFS_PATH];
	struct owner owner;

	if (!find_holder(refused, group, path, &owner))
		return 0;
	if (owner.pid == getpid())
		return error_set(
			EBUSY, cause_of(refused, path),
			"%s is busy: %s is open in this process\n"
			"a group admits one owner at a time: use the handle or the container "
			"that has it, or close that first",
			refused->function->bdf, path);
	return error_set(
		EBUSY, cause_of(refused, path),
		"%s is busy: %s is held by process %d (%s)\n"
		"a group admits one owner at a time: wait for that process to end, or use the "
		"device through it",
		refused->function->bdf, path, (int)owner.pid, owner.command);
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
