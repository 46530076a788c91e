/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "space.h"

#include <stdlib.h>
#include <vfa/container.h>
#include <vfa/device.h>
#include <vfa/group.h>

#include "base/bdf.h"
#include "fail.h"
#include "topology/iommu.h"
#include "topology/reserved.h"

static bool has_group(const struct space *space, uint32_t group)
{
	for (size_t i = 0; i < space->reserved_count; i++) {
		if (space->reserved[i].group == group)
			return true;
	}
	return false;
}

static void add_group(struct space *space, const struct vfa_group *group)
{
	size_t count = vfa_group_count_reserved_regions(group);
	size_t all = space->reserved_count + count;

	if (!count || has_group(space, vfa_group_number(group)))
		return;
	space->reserved = must(realloc(space->reserved, all * sizeof(*space->reserved)));
	for (size_t i = 0; i < count; i++)
		space->reserved[space->reserved_count++] = *vfa_group_get_reserved_region(group, i);
}

/* The narrowest IOMMU of all devices. */
static void add_width(struct vfa_host *host, const char *bdf, unsigned int *bits)
{
	unsigned int own = 0;
	char full[BDF_SIZE];

	if (!bdf_parse(bdf, full))
		own = iommu_address_bits(host, full);
	if (own && (!*bits || own < *bits))
		*bits = own;
}

/* Relaxable ones are no obstacle to user space. */
static void cut_reserved(struct space *space)
{
	for (size_t i = 0; i < space->reserved_count; i++) {
		if (space->reserved[i].type != VFA_RESERVED_DIRECT_RELAXABLE)
			range_list_cut(&space->usable, &space->reserved[i].range);
	}
}

int space_read(struct vfa_host *host, char *const *bdfs, int count, struct space *ret)
{
	struct space space = { .source = "sysfs" };
	struct vfa_group *group;
	unsigned int bits = 0;

	for (int i = 0; i < count; i++) {
		int err = vfa_group_new_for_device(host, bdfs[i], &group);

		if (err) {
			space_free(&space);
			return err;
		}
		add_group(&space, group);
		vfa_group_free(group);
		add_width(host, bdfs[i], &bits);
	}
	reserved_sort(space.reserved, space.reserved_count);
	/* Each cut can make two of one. */
	space.usable.ranges = must(calloc(space.reserved_count + 1, sizeof(struct vfa_iova_range)));
	space.usable.ranges[0] = (struct vfa_iova_range){ 0, UINT64_MAX >> (bits ? 64 - bits : 0) };
	space.usable.count = 1;
	space.has_width = bits;
	cut_reserved(&space);
	*ret = space;
	return 0;
}

static int copy_ranges(struct vfa_container *container, struct range_list *ret)
{
	int count = vfa_container_iova_ranges(container, NULL, 0);

	if (count < 0)
		return count;
	free(ret->ranges);
	ret->ranges = must(calloc(count + 1, sizeof(*ret->ranges)));
	ret->count = count;
	vfa_container_iova_ranges(container, ret->ranges, count);
	return 0;
}

int space_ask(struct vfa_host *host, enum vfa_backend backend, char *const *bdfs, int count,
	      struct space *space)
{
	struct vfa_device **devices = must(calloc(count + 1, sizeof(*devices)));
	struct vfa_container *container = NULL;
	int err = vfa_container_open(host, backend, &container);

	for (int i = 0; i < count && !err; i++)
		err = vfa_device_open(container, bdfs[i], NULL, &devices[i]);
	if (!err)
		err = copy_ranges(container, &space->usable);
	if (!err) {
		space->source = vfa_backend_name(vfa_container_backend(container));
		space->has_width = true;
	}
	for (int i = 0; i < count; i++)
		vfa_device_close(devices[i]);
	vfa_container_close(container);
	free(devices);
	return err;
}

void space_free(struct space *space)
{
	free(space->usable.ranges);
	free(space->reserved);
}
