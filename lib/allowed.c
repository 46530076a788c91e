/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "allowed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "device.h"
#include "topology/reserved.h"

/* Add the regions of one group to a list. */
static int append_reserved(const struct vfa_host *host, int group, struct iova_limits *limits)
{
	struct vfa_reserved_region *more = NULL, *all;
	int count = reserved_read(host, group, &more);

	if (count == -ENOMEM)
		return count;
	if (count <= 0)
		return 0; /* annotation: where sysfs is out of reach, go without */
	all = realloc(limits->reserved, (limits->reserved_count + count) * sizeof(*all));
	if (all) {
		memcpy(all + limits->reserved_count, more, count * sizeof(*all));
		limits->reserved = all;
		limits->reserved_count += count;
	}
	free(more);
	return all ? 0 : -ENOMEM;
}

static bool has_regions_of(const struct iova_limits *limits, int group)
{
	for (size_t i = 0; i < limits->reserved_count; i++)
		if (limits->reserved[i].group == (uint32_t)group)
			return true;
	return false;
}

/* Those of the groups of a list of devices. */
static int read_reserved_of(const struct vfa_container *container, const struct vfa_device *devices,
			    struct iova_limits *limits)
{
	int err = 0;

	for (const struct vfa_device *device = devices; device && !err; device = device->next) {
		const struct join *join = &device->join;

		if (join->is_attached && join->group >= 0 && !has_regions_of(limits, join->group))
			err = append_reserved(container->host, join->group, limits);
	}
	return err;
}

static int read_reserved(const struct vfa_container *container, struct iova_limits *limits)
{
	int err = read_reserved_of(container, container->devices, limits);

	if (!err)
		err = read_reserved_of(container, container->moving, limits);
	if (!err)
		reserved_sort(limits->reserved, limits->reserved_count);
	return err;
}

/*
 * iommufd of Linux up to 7.3 forgets what a group has reserved where the group could not be
 * moved to another page table, as while a device of it is reset; the IOMMU does not.
 */
static int cut_reserved(struct iova_limits *limits)
{
	struct range_list *allowed = &limits->allowed;
	struct vfa_iova_range *ranges;
	size_t room = allowed->count + limits->reserved_count;

	if (!allowed->count || !limits->reserved_count)
		return 0;
	ranges = realloc(allowed->ranges, room * sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	allowed->ranges = ranges;
	for (size_t i = 0; i < limits->reserved_count; i++)
		if (limits->reserved[i].type != VFA_RESERVED_DIRECT_RELAXABLE)
			range_list_cut(allowed, &limits->reserved[i].range);
	return 0;
}

int allowed_refresh(struct vfa_container *container)
{
	struct iova_limits limits = { .alignment = 0 };
	int err;

	if (container->wanted == VFA_BACKEND_NOIOMMU)
		return 0;
	err = container->backend->ops->read_limits(container->backend, &limits);
	if (!err)
		err = read_reserved(container, &limits);
	if (!err && container->backend->kind == VFA_BACKEND_IOMMUFD)
		err = cut_reserved(&limits);
	if (!err)
		err = iova_space_set_limits(&container->space, &limits);
	if (err) {
		iova_limits_clear(&limits);
		return err == -ENOMEM ? error_memory() : error_kernel(err, "read the IOVA ranges");
	}
	return 0;
}
