/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "driver_use.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/node.h"
#include "topology/owner.h"
#include "topology/usage.h"

#define USES_TOLD 4

static int refuse_uses(const char *bdf, const struct usage *uses, int count)
{
	char list[USES_TOLD * USAGE_TEXT], text[USAGE_TEXT], more[32] = "";
	size_t used = 0;

	for (int i = 0; i < count && i < USES_TOLD; i++)
		used += snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
				 usage_print(&uses[i], text));
	if (count > USES_TOLD)
		snprintf(more, sizeof(more), ", and %d more", count - USES_TOLD);
	return error_set(EBUSY, VFA_CAUSE_IN_USE,
			 "%s is in use: %s%s\n"
			 "end that first: umount, swapoff, ip link set down; by force it is lost",
			 bdf, list, more);
}

static int check_kernel(const struct vfa_host *host, const char *bdf)
{
	struct usage uses[USES_TOLD];
	int count = usage_find(host, bdf, uses, USES_TOLD);

	if (count == -ENOMEM)
		return error_memory();
	if (count < 0)
		return error_kernel(count, "%s: look for what uses it", bdf);
	return count ? refuse_uses(bdf, uses, count) : 0;
}

static int check_virtual(const struct vfa_host *host, const char *bdf)
{
	char path[SYSFS_PATH];
	uint64_t count = 0;

	sysfs_path(host, path, "bus/pci/devices/%s/sriov_numvfs", bdf);
	if (sysfs_read_number(host, path, &count) || !count)
		return 0;
	return error_set(EBUSY, VFA_CAUSE_IN_USE,
			 "%s is in use: it has %u virtual functions, which go with its driver\n"
			 "take them away first, if nothing uses them:\n"
			 "  echo 0 > %s",
			 bdf, (unsigned int)count, path);
}

/* The node of the device, or of its group: through that the device is not to be seen. */
static bool find_holder(const struct vfa_host *host, const struct pci_function *function,
			char path[SYSFS_PATH], struct owner *ret)
{
	if (function->vfio_node[0]) {
		node_path(host, path, "vfio/devices/%s", function->vfio_node);
		if (owner_find(host, path, 0, ret))
			return true;
	}
	if (function->group < 0)
		return false;
	node_path(host, path, "vfio/%s%d", function->noiommu ? "noiommu-" : "", function->group);
	return owner_find(host, path, 0, ret);
}

static int check_holder(const struct vfa_host *host, const struct pci_function *function,
			bool forced)
{
	char path[SYSFS_PATH];
	struct owner owner;

	if (!pci_is_vfio_bound(function) || !find_holder(host, function, path, &owner))
		return 0;
	if (owner.pid == getpid())
		return error_set(
			EBUSY, VFA_CAUSE_IN_USE,
			"%s is in use: %s is open in this process\n"
			"close the device and its container first: the kernel waits for that",
			function->bdf, path);
	if (forced)
		return 0;
	return error_set(EBUSY, VFA_CAUSE_IN_USE,
			 "%s is in use: %s is held by process %d (%s)\n"
			 "end that process, or wait for it; by force the kernel waits until it "
			 "lets go",
			 function->bdf, path, (int)owner.pid, owner.command);
}

int driver_check_use(const struct vfa_host *host, const struct pci_function *function, bool forced)
{
	int err = check_holder(host, function, forced);

	if (!err && !forced)
		err = check_virtual(host, function->bdf);
	if (!err && !forced)
		err = check_kernel(host, function->bdf);
	return err;
}
