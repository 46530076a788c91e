/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/reserved.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/sysfs.h"

/* Of enum vfa_reserved_type, in the kernel's words. */
static const char *const type_names[] = {
	[VFA_RESERVED_DIRECT] = "direct",     [VFA_RESERVED_DIRECT_RELAXABLE] = "direct-relaxable",
	[VFA_RESERVED_RESERVED] = "reserved", [VFA_RESERVED_MSI] = "msi",
	[VFA_RESERVED_OTHER] = "other",
};

#define TYPES (sizeof(type_names) / sizeof(type_names[0]))

VFA_API const char *vfa_reserved_type_name(enum vfa_reserved_type type)
{
	if (type < VFA_RESERVED_DIRECT || type >= TYPES)
		return "unknown";
	return type_names[type];
}

static enum vfa_reserved_type parse_type(const char *name)
{
	for (size_t type = VFA_RESERVED_DIRECT; type < VFA_RESERVED_OTHER; type++)
		if (!strcmp(name, type_names[type]))
			return type;
	return VFA_RESERVED_OTHER;
}

static int compare_starts(const void *a, const void *b)
{
	const struct vfa_reserved_region *left = a, *right = b;

	return (left->range.start > right->range.start) - (left->range.start < right->range.start);
}

void reserved_sort(struct vfa_reserved_region *regions, size_t count)
{
	if (count)
		qsort(regions, count, sizeof(*regions), compare_starts);
}

static size_t count_lines(const char *text)
{
	size_t lines = *text ? 1 : 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static size_t parse_lines(char *text, uint32_t group, struct vfa_reserved_region *regions)
{
	size_t count = 0;
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct vfa_reserved_region region = { .group = group };
		char type[32];

		if (sscanf(line, "%" SCNx64 " %" SCNx64 " %31s", &region.range.start,
			   &region.range.last, type) != 3)
			continue;
		region.type = parse_type(type);
		regions[count++] = region;
	}
	return count;
}

int reserved_read(const struct vfa_host *host, uint32_t group, struct vfa_reserved_region **ret)
{
	struct vfa_reserved_region *regions = NULL;
	char path[SYSFS_PATH], text[4097]; /* a sysfs file is a page at most */
	size_t count;
	int err;

	sysfs_path(host, path, "kernel/iommu_groups/%u/reserved_regions", group);
	err = sysfs_read(host, path, text, sizeof(text));
	if (err < 0)
		return err;
	count = count_lines(text);
	if (count) {
		regions = calloc(count, sizeof(*regions));
		if (!regions)
			return -ENOMEM;
		count = parse_lines(text, group, regions);
		reserved_sort(regions, count);
	}
	*ret = regions;
	return count;
}
