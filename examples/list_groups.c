/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* list_groups: show every IOMMU group with its devices, their drivers and its reserved regions. */

#include "example.h"

#include <inttypes.h>

static void show_member(const struct vfa_group_member *member)
{
	printf("  %s [%04x:%04x] class %06x, %s, %s\n", member->name, member->vendor,
	       member->device, member->class_code, *member->driver ? member->driver : "no driver",
	       vfa_member_role_name(member->role));
}

static void show_reserved(const struct vfa_reserved_region *region)
{
	printf("  reserved %#" PRIx64 "-%#" PRIx64 " (%s)\n", region->range.start,
	       region->range.last, vfa_reserved_type_name(region->type));
}

static int show_group(uint32_t number)
{
	struct vfa_group *group;
	size_t i;

	if (vfa_group_new(NULL, number, &group) < 0)
		return -1;
	printf("IOMMU group %" PRIu32 "%s\n", vfa_group_number(group),
	       vfa_group_is_noiommu(group) ? ": noiommu, isolates nothing" : "");
	for (i = 0; i < vfa_group_count_members(group); i++)
		show_member(vfa_group_get_member(group, i));
	for (i = 0; i < vfa_group_count_reserved_regions(group); i++)
		show_reserved(vfa_group_get_reserved_region(group, i));
	vfa_group_free(group);
	return 0;
}

/* Ask for the number of groups first, then for the groups. */
static int list_groups(uint32_t **ret)
{
	int count = vfa_group_list(NULL, NULL, 0);
	uint32_t *numbers;
	int now;

	if (count < 0)
		return count;
	numbers = calloc((size_t)count + 1, sizeof(*numbers));
	if (!numbers)
		abort();
	now = vfa_group_list(NULL, numbers, (size_t)count);
	if (now < 0) {
		free(numbers);
		return now;
	}
	*ret = numbers;
	return now < count ? now : count; /* a device may have come or gone in between */
}

int main(void)
{
	uint32_t *numbers = NULL;
	int count = list_groups(&numbers);
	int err = count;
	int i;

	if (count == 0)
		printf("No IOMMU groups: no IOMMU, or it is off in firmware or on the kernel's "
		       "command line.\n");
	else
		printf("Address, ids, class, driver and what the driver means for the group:\n");
	for (i = 0; i < count && err >= 0; i++)
		err = show_group(numbers[i]);
	if (err < 0)
		example_complain("list_groups");
	free(numbers);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
