/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/group.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/bdf.h"
#include "base/error.h"
#include "base/sysfs.h"
#include "topology/pci.h"
#include "topology/reserved.h"

#define GROUPS "kernel/iommu_groups"

struct vfa_group {
	uint32_t number;
	bool noiommu;
	struct vfa_group_member *members;
	size_t member_count;
	struct vfa_reserved_region *reserved;
	size_t reserved_count;
};

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static int list_groups(char **names, int count, uint32_t *numbers, size_t max)
{
	uint32_t *all = calloc(count ? count : 1, sizeof(*all));

	if (!all)
		return error_memory();
	for (int i = 0; i < count; i++)
		all[i] = strtoul(names[i], NULL, 10);
	qsort(all, count, sizeof(*all), compare_numbers);
	for (int i = 0; i < count && (size_t)i < max; i++)
		numbers[i] = all[i];
	free(all);
	return count;
}

VFA_API int vfa_group_list(struct vfa_host *host, uint32_t *numbers, size_t max)
{
	char path[SYSFS_PATH], **names;
	int count, err;

	if (!numbers && max)
		return error_null("numbers");
	err = host_hold(host, &host);
	if (err)
		return err;
	sysfs_path(host, path, GROUPS);
	count = sysfs_list(host, path, &names);
	vfa_host_free(host);
	if (count == -ENOENT)
		return 0; /* a kernel without IOMMU support */
	if (count < 0)
		return error_kernel(count, "list %s", path);
	err = list_groups(names, count, numbers, max);
	sysfs_free_list(names, count);
	return err;
}

static enum vfa_member_role role_of(const struct pci_function *function)
{
	if (!function->driver[0])
		return VFA_MEMBER_UNBOUND;
	if (pci_is_vfio_bound(function))
		return VFA_MEMBER_VFIO;
	if (!strcmp(function->driver, "pci-stub"))
		return VFA_MEMBER_STUB;
	if (!strcmp(function->driver, "pcieport"))
		return VFA_MEMBER_PORT;
	return VFA_MEMBER_KERNEL;
}

/* An id from the member's own directory; devices of other buses have none. */
static uint32_t read_id(const struct vfa_host *host, uint32_t number, const char *name,
			const char *file)
{
	char path[SYSFS_PATH];
	uint64_t value = 0;

	sysfs_path(host, path, GROUPS "/%u/devices/%s/%s", number, name, file);
	(void)sysfs_read_number(host, path, &value);
	return value;
}

/* Members of other buses, such as platform devices, are to be found in the group alone. */
static void read_driver(const struct vfa_host *host, uint32_t number, const char *name,
			struct pci_function *function)
{
	char path[SYSFS_PATH];

	sysfs_path(host, path, GROUPS "/%u/devices/%s/driver", number, name);
	if (sysfs_link_name(host, path, function->driver, sizeof(function->driver)))
		function->driver[0] = '\0';
}

static int read_member(const struct vfa_host *host, uint32_t number, const char *name,
		       struct vfa_group_member *ret)
{
	struct pci_function function = { .driver = "" };

	if (strlen(name) < BDF_SIZE)
		pci_read(host, name, &function);
	if (!function.exists)
		read_driver(host, number, name, &function);
	*ret = (struct vfa_group_member){
		.name = strdup(name),
		.driver = strdup(function.driver),
		.class_code = read_id(host, number, name, "class"),
		.vendor = read_id(host, number, name, "vendor"),
		.device = read_id(host, number, name, "device"),
		.role = role_of(&function),
	};
	return ret->name && ret->driver ? 0 : -ENOMEM;
}

static int read_members(const struct vfa_host *host, struct vfa_group *group)
{
	char path[SYSFS_PATH], **names;
	int count, err = 0;

	sysfs_path(host, path, GROUPS "/%u/devices", group->number);
	count = sysfs_list(host, path, &names);
	if (count < 0)
		return count;
	group->members = calloc(count ? count : 1, sizeof(*group->members));
	if (!group->members)
		err = -ENOMEM;
	for (int i = 0; i < count && !err; i++) {
		group->member_count = i + 1;
		err = read_member(host, group->number, names[i], &group->members[i]);
	}
	sysfs_free_list(names, count);
	return err;
}

static int read_group(const struct vfa_host *host, struct vfa_group *group)
{
	int count, err = read_members(host, group);

	if (err)
		return err;
	group->noiommu = pci_is_noiommu_group(host, group->number);
	count = reserved_read(host, group->number, &group->reserved);
	if (count == -ENOENT)
		count = 0; /* noiommu groups have no such file */
	if (count < 0)
		return count;
	group->reserved_count = count;
	return 0;
}

static int refuse_group(const struct vfa_host *host, int err, uint32_t number)
{
	if (err == -ENOENT)
		return error_set(ENOENT, VFA_CAUSE_NO_GROUP,
				 "there is no IOMMU group %u\n"
				 "ls %s/" GROUPS " lists them; without an IOMMU there are none",
				 number, host->sysfs);
	if (err == -ENOMEM)
		return error_memory();
	return error_kernel(err, "read IOMMU group %u from sysfs", number);
}

VFA_API int vfa_group_new(struct vfa_host *host, uint32_t number, struct vfa_group **ret)
{
	struct vfa_group *group;
	int err;

	if (!ret)
		return error_null("ret");
	err = host_hold(host, &host);
	if (err)
		return err;
	group = calloc(1, sizeof(*group));
	if (group) {
		group->number = number;
		err = read_group(host, group);
	} else {
		err = -ENOMEM;
	}
	if (err) {
		vfa_group_free(group);
		err = refuse_group(host, err, number);
	} else {
		*ret = group;
	}
	vfa_host_free(host);
	return err;
}

static int find_group(struct vfa_host *host, const char *bdf, uint32_t *ret)
{
	struct pci_function function;
	char full[BDF_SIZE];
	int err = bdf_parse(bdf, full);

	if (err)
		return err;
	err = pci_require(host, full, &function);
	if (err)
		return err;
	*ret = function.group;
	return 0;
}

VFA_API int vfa_group_new_for_device(struct vfa_host *host, const char *bdf, struct vfa_group **ret)
{
	uint32_t number;
	int err;

	if (!ret)
		return error_null("ret");
	err = host_hold(host, &host);
	if (err)
		return err;
	err = find_group(host, bdf, &number);
	if (!err)
		err = vfa_group_new(host, number, ret);
	vfa_host_free(host);
	return err;
}

VFA_API void vfa_group_free(struct vfa_group *group)
{
	if (!group)
		return;
	for (size_t i = 0; i < group->member_count; i++) {
		free((char *)group->members[i].name);
		free((char *)group->members[i].driver);
	}
	free(group->members);
	free(group->reserved);
	free(group);
}

VFA_API uint32_t vfa_group_number(const struct vfa_group *group)
{
	return group->number;
}

VFA_API bool vfa_group_is_noiommu(const struct vfa_group *group)
{
	return group->noiommu;
}

VFA_API size_t vfa_group_count_members(const struct vfa_group *group)
{
	return group->member_count;
}

VFA_API const struct vfa_group_member *vfa_group_get_member(const struct vfa_group *group,
							    size_t index)
{
	return index < group->member_count ? &group->members[index] : NULL;
}

VFA_API size_t vfa_group_count_reserved_regions(const struct vfa_group *group)
{
	return group->reserved_count;
}

VFA_API const struct vfa_reserved_region *
vfa_group_get_reserved_region(const struct vfa_group *group, size_t index)
{
	return index < group->reserved_count ? &group->reserved[index] : NULL;
}

VFA_API const char *vfa_member_role_name(enum vfa_member_role role)
{
	switch (role) {
	case VFA_MEMBER_UNBOUND:
		return "unbound";
	case VFA_MEMBER_VFIO:
		return "vfio";
	case VFA_MEMBER_STUB:
		return "stub";
	case VFA_MEMBER_PORT:
		return "port";
	case VFA_MEMBER_KERNEL:
		return "kernel";
	}
	return "unknown";
}
