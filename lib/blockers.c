/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "blockers.h"

#include <stdio.h>
#include <string.h>

#include "base/append.h"

#define MOST_USES 4
#define LATER     1280 /* bytes of commands for members in use */

int member_use(const struct vfa_host *host, const struct vfa_group_member *member,
	       char ret[MEMBER_USE])
{
	struct usage uses[MOST_USES];
	char text[USAGE_TEXT];
	int count = usage_find(host, member->name, uses, MOST_USES);

	ret[0] = '\0';
	for (int i = 0; i < count && i < MOST_USES; i++)
		append_whole(ret, MEMBER_USE, "%s%s", *ret ? ", " : "",
			     usage_print(&uses[i], text));
	if (count > MOST_USES)
		append_whole(ret, MEMBER_USE, " and %d more", count - MOST_USES);
	return count < 0 ? count : 0;
}

/* Devices without a PCI id are on another bus, to be found in the group alone. */
static void print_unbind(const struct vfa_host *host, const struct vfa_group *group,
			 const struct vfa_group_member *member, char *ret, size_t size)
{
	if (member->vendor)
		snprintf(ret, size, "  echo %s > %s/bus/pci/devices/%s/driver/unbind", member->name,
			 host->sysfs, member->name);
	else
		snprintf(ret, size,
			 "  echo %s > %s/kernel/iommu_groups/%u/devices/%s/driver/unbind",
			 member->name, host->sysfs, vfa_group_number(group), member->name);
}

/* Its command; those of members in use go to @later, behind what they would take away. */
static void add_command(const struct vfa_host *host, const struct vfa_group *group,
			const struct vfa_group_member *member, struct blockers *ret,
			char later[LATER])
{
	char command[1024], use[MEMBER_USE];

	(void)member_use(host, member, use);
	print_unbind(host, group, member, command, sizeof(command));
	if (!*use)
		append_whole(ret->hint, sizeof(ret->hint), "\n%s", command);
	else
		append_whole(later, LATER, "\n%s is in use: %s; when that has ended:\n%s",
			     member->name, use, command);
}

static void add_commands(const struct vfa_host *host, const struct vfa_group *group,
			 struct blockers *ret)
{
	char later[LATER] = "";

	for (size_t i = 0; i < vfa_group_count_members(group); i++) {
		const struct vfa_group_member *member = vfa_group_get_member(group, i);

		if (member->role == VFA_MEMBER_KERNEL)
			add_command(host, group, member, ret, later);
	}
	append_whole(ret->hint, sizeof(ret->hint), "%s", later);
}

size_t blockers_describe(const struct vfa_host *host, const struct vfa_group *group,
			 struct blockers *ret)
{
	size_t told = 0;

	*ret = (struct blockers){ 0 };
	for (size_t i = 0; i < vfa_group_count_members(group); i++) {
		const struct vfa_group_member *member = vfa_group_get_member(group, i);

		if (member->role != VFA_MEMBER_KERNEL)
			continue;
		ret->count++;
		told += append_whole(ret->list, sizeof(ret->list) - 32, "%s%s is bound to %s",
				     told ? ", " : "", member->name, member->driver);
	}
	if (told < ret->count)
		append_whole(ret->list, sizeof(ret->list), " and %zu more", ret->count - told);
	append_whole(
		ret->hint, sizeof(ret->hint),
		"members on pcieport, pci-stub or no driver do not block; take off the others, "
		"if nothing uses them:");
	add_commands(host, group, ret);
	return ret->count;
}
