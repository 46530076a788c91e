/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/holder.h"

#include <stdio.h>

#include "base/node.h"
#include "topology/pci.h"

void holder_group_node(const struct vfa_host *host, const struct vfa_group *group,
		       char path[SYSFS_PATH])
{
	node_path(host, path, "vfio/%s%u", vfa_group_is_noiommu(group) ? "noiommu-" : "",
		  vfa_group_number(group));
}

bool holder_find_member(const struct vfa_host *host, const struct vfa_group_member *member,
			pid_t except, struct holder *ret)
{
	struct pci_function function;
	char bdf[BDF_SIZE];

	snprintf(bdf, sizeof(bdf), "%.17s", member->name);
	pci_read(host, bdf, &function);
	if (!function.vfio_node[0])
		return false;
	node_path(host, ret->path, "vfio/devices/%s", function.vfio_node);
	return owner_find(host, ret->path, except, &ret->owner);
}

bool holder_find(const struct vfa_host *host, const struct vfa_group *group, pid_t except,
		 struct holder *ret)
{
	bool found;

	holder_group_node(host, group, ret->path);
	found = owner_find(host, ret->path, except, &ret->owner);
	for (size_t i = 0; i < vfa_group_count_members(group) && !found; i++)
		found = holder_find_member(host, vfa_group_get_member(group, i), except, ret);
	return found;
}
