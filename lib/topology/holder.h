/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Which process has a group, by its node or that of one of its members. */

#ifndef TOPOLOGY_HOLDER_H
#define TOPOLOGY_HOLDER_H

#include <vfa/group.h>

#include "base/sysfs.h"
#include "topology/owner.h"

struct holder {
	char path[SYSFS_PATH]; /* of the node that it has open */
	struct owner owner;
};

/**
 * holder_find() - a process with a node of the group's open
 * @except: a process that does not count, 0 for none
 *
 * The group's node and its members' device nodes exclude each other.
 *
 * Return: false when none can be seen.
 */
bool holder_find(const struct vfa_host *host, const struct vfa_group *group, pid_t except,
		 struct holder *ret);

/** holder_find_member() - the same, by the device node of one member */
bool holder_find_member(const struct vfa_host *host, const struct vfa_group_member *member,
			pid_t except, struct holder *ret);

/** holder_group_node() - the path of the group's node */
void holder_group_node(const struct vfa_host *host, const struct vfa_group *group,
		       char path[SYSFS_PATH]);

#endif
