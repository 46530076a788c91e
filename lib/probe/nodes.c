/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/node.h"
#include "base/sysfs.h"
#include "probe/probe.h"

#define MOST_GROUPS 256

struct nodes {
	unsigned int bound;        /* functions on a VFIO driver */
	unsigned int missing;      /* of them, without a node */
	unsigned int denied;       /* with nodes, none of which this user may open */
	char missing_of[BDF_SIZE]; /* the first of these */
	char denied_path[SYSFS_PATH];
	struct sysfs_status denied_node;
};

static bool is_in_group(gid_t group)
{
	gid_t groups[MOST_GROUPS];
	int count = getgroups(MOST_GROUPS, groups);

	for (int i = 0; i < count; i++) {
		if (groups[i] == group)
			return true;
	}
	return group == getegid();
}

/* As the kernel decides, but for access control lists, which do not show. */
static bool may_open(const struct sysfs_status *node)
{
	mode_t rights = node->mode;

	if (!geteuid())
		return true;
	if (node->uid == geteuid())
		rights >>= 6;
	else if (is_in_group(node->gid))
		rights >>= 3;
	return (rights & 6) == 6;
}

/* -errno where there is none, else whether it opens. */
static int try_node(const struct vfa_host *host, const char *path, struct nodes *nodes)
{
	struct sysfs_status status;
	int err = sysfs_stat(host, path, &status);

	if (err)
		return err;
	if (may_open(&status))
		return 1;
	snprintf(nodes->denied_path, sizeof(nodes->denied_path), "%s", path);
	nodes->denied_node = status;
	return 0;
}

/* The group's node serves type1, the function's own one iommufd: one of them is enough. */
static void add_function(const struct vfa_host *host, const struct pci_function *function,
			 struct nodes *nodes)
{
	char path[SYSFS_PATH];
	int by_group, by_device = -ENOENT;

	nodes->bound++;
	node_path(host, path, "vfio/%s%d", function->noiommu ? "noiommu-" : "", function->group);
	by_group = try_node(host, path, nodes);
	node_path(host, path, "vfio/devices/%s", function->vfio_node);
	if (function->has_node)
		by_device = try_node(host, path, nodes);
	if (by_group < 0 && by_device < 0 && !nodes->missing++)
		strcpy(nodes->missing_of, function->bdf);
	else if (by_group <= 0 && by_device <= 0 && !(by_group < 0 && by_device < 0))
		nodes->denied++;
}

static void collect(const struct vfa_host *host, const char *bdf, struct nodes *nodes)
{
	struct pci_function function;

	pci_read(host, bdf, &function);
	if (pci_is_vfio_bound(&function))
		add_function(host, &function, nodes);
}

/* 0 or -errno. */
static int collect_all(const struct vfa_host *host, struct nodes *nodes)
{
	char path[SYSFS_PATH], **names;
	int count;

	sysfs_path(host, path, "bus/pci/devices");
	count = sysfs_list(host, path, &names);
	for (int i = 0; i < count; i++) {
		if (strlen(names[i]) < BDF_SIZE)
			collect(host, names[i], nodes);
	}
	if (count >= 0)
		sysfs_free_list(names, count);
	return count < 0 && count != -ENOENT ? count : 0;
}

static void tell_nodes(struct vfa_probe *probe, const struct vfa_host *host,
		       const struct nodes *nodes)
{
	if (nodes->missing)
		probe_add(
			probe, "nodes", VFA_PROBE_WARNING,
			"%u of %u functions on a VFIO driver have no node in %s/vfio, %s for one\n"
			"in a container, pass the nodes in; else see whether udev or devtmpfs runs",
			nodes->missing, nodes->bound, host->dev, nodes->missing_of);
	else if (nodes->bound)
		probe_add(probe, "nodes", VFA_PROBE_OK,
			  "%u function%s on a VFIO driver, with nodes", nodes->bound,
			  nodes->bound == 1 ? "" : "s");
	else
		probe_add(probe, "nodes", VFA_PROBE_OK, "no function is on a VFIO driver");
}

static void tell_rights(struct vfa_probe *probe, const struct vfa_host *host,
			const struct nodes *nodes)
{
	const struct sysfs_status *node = &nodes->denied_node;

	if (host_require_live(host, "tell rights"))
		probe_add(probe, "rights", VFA_PROBE_UNKNOWN,
			  "a captured machine does not tell who will open its nodes");
	else if (nodes->denied)
		probe_add(
			probe, "rights", VFA_PROBE_WARNING,
			"this user may not open the nodes of %u of %u functions on a VFIO driver: "
			"%s has mode %04o, owner %u, group %u; this process runs as user %u, "
			"group %u\n"
			"give them to the user by a udev rule, or for now:\n  chown %u %s",
			nodes->denied, nodes->bound, nodes->denied_path, node->mode & 07777,
			node->uid, node->gid, geteuid(), getegid(), geteuid(), nodes->denied_path);
	else
		probe_add(probe, "rights", VFA_PROBE_OK, "%s",
			  nodes->bound ? "this user may open the nodes" : "there is no node yet");
}

void probe_nodes(struct vfa_probe *probe, const struct vfa_host *host, const char *bdf)
{
	struct nodes nodes = { 0 };
	int err = 0;

	if (bdf)
		collect(host, bdf, &nodes);
	else
		err = collect_all(host, &nodes);
	if (err) {
		probe_add(probe, "nodes", VFA_PROBE_UNKNOWN,
			  "%s/bus/pci/devices cannot be listed: %s", host->sysfs,
			  strerrordesc_np(-err));
		return;
	}
	tell_nodes(probe, host, &nodes);
	tell_rights(probe, host, &nodes);
}
