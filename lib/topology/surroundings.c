/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/surroundings.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "base/sysfs.h"

#define DEVICES              "bus/pci/devices"
#define HEADER_MULTIFUNCTION 0x80 /* PCI_HEADER_TYPE_MFD of newer headers */

#define PATH 64 /* functions above one another: far more than there are */

/* The functions from the root bus down to a device: its link goes through their names. */
struct path {
	char text[SYSFS_PATH];
	char *names[PATH];
	int count;
};

static int read_path(const struct vfa_host *host, const char *bdf, struct path *ret)
{
	char link[SYSFS_PATH], *rest = NULL;
	struct bdf_parts parts;
	int err;

	ret->count = 0;
	sysfs_path(host, link, DEVICES "/%s", bdf);
	err = sysfs_link(host, link, ret->text);
	if (err)
		return err;
	for (char *name = strtok_r(ret->text, "/", &rest); name && ret->count < PATH;
	     name = strtok_r(NULL, "/", &rest)) {
		if (bdf_split(name, &parts))
			ret->names[ret->count++] = name;
	}
	return ret->count ? 0 : -ENODEV;
}

static bool is_multifunction(const struct vfa_host *host, const char *bdf)
{
	struct function_config config;
	int type;

	function_config_open(host, bdf, &config);
	type = config_read8(&config.space, PCI_HEADER_TYPE);
	function_config_close(&config);
	return type < 0 || type & HEADER_MULTIFUNCTION;
}

bool surroundings_are_empty(const struct vfa_host *host, const char *bdf)
{
	struct bdf_parts parts;
	struct path path;

	return !read_path(host, bdf, &path) && path.count == 1 && bdf_split(bdf, &parts) &&
	       !parts.function && !is_multifunction(host, bdf);
}

int surroundings_path(struct vfa_host *host, const char *bdf, struct vfa_topology **ret)
{
	struct path path;
	int err = read_path(host, bdf, &path);

	return err ? err : topology_read_some(host, path.names, path.count, ret);
}

/* The address of a slot: without the function's number. */
static bool is_in_one_slot(const char *a, const char *b)
{
	const char *dot = strrchr(a, '.');

	return dot && !strncmp(a, b, dot + 1 - a);
}

/* Bring those below the slot of @root to the front; how many there are. */
static int keep(const struct vfa_host *host, char **names, int count, const char *root)
{
	struct path path;
	int kept = 0;

	for (int i = 0; i < count; i++) {
		char *name = names[i];

		if (!read_path(host, name, &path) && is_in_one_slot(root, path.names[0])) {
			names[i] = names[kept];
			names[kept++] = name;
		}
	}
	return kept;
}

int surroundings_tree(struct vfa_host *host, const char *bdf, struct vfa_topology **ret)
{
	char directory[SYSFS_PATH], **names;
	struct path path;
	int count, err = read_path(host, bdf, &path);

	if (err)
		return err;
	sysfs_path(host, directory, DEVICES);
	count = sysfs_list(host, directory, &names);
	if (count < 0)
		return count;
	err = topology_read_some(host, names, keep(host, names, count, path.names[0]), ret);
	sysfs_free_list(names, count);
	return err;
}

static bool has_name(const struct path *path, const char *name)
{
	for (int i = 0; i < path->count; i++) {
		if (!strcmp(path->names[i], name))
			return true;
	}
	return false;
}

static int read_members(struct vfa_host *host, struct path *path, char **members, int count,
			struct vfa_topology **ret)
{
	char **names = calloc(path->count + count, sizeof(*names));
	int used = 0, err;

	if (!names)
		return -ENOMEM;
	for (int i = 0; i < path->count; i++)
		names[used++] = path->names[i];
	for (int i = 0; i < count; i++) {
		if (!has_name(path, members[i]))
			names[used++] = members[i];
	}
	err = topology_read_some(host, names, used, ret);
	free(names);
	return err;
}

int surroundings_group(struct vfa_host *host, const char *bdf, int32_t group,
		       struct vfa_topology **ret)
{
	char directory[SYSFS_PATH], **members;
	struct path path;
	int count, err = read_path(host, bdf, &path);

	if (err)
		return err;
	sysfs_path(host, directory, "kernel/iommu_groups/%d/devices", group);
	count = sysfs_list(host, directory, &members);
	if (count < 0)
		return count;
	err = read_members(host, &path, members, count, ret);
	sysfs_free_list(members, count);
	return err;
}
