/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * PASIDs isolate nothing from each other what the group does not isolate: so a PASID is
 * for all of a group's devices that can do DMA. Bridges are not counted, as for the
 * viability of a group: they send no requests of their own.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/api.h"
#include "base/append.h"
#include "base/error.h"
#include "pasid.h"

#define CLASS_PCI_BRIDGE 0x0604 /* linux/pci_ids.h, in the kernel only */

/* Members in words, as many as there is room for. */
struct names {
	size_t count;
	size_t told;
	char list[384];
};

static bool can_do_dma(const struct vfa_group_member *member)
{
	return member->role != VFA_MEMBER_PORT && member->class_code >> 8 != CLASS_PCI_BRIDGE;
}

static void add_name(struct names *names, const struct vfa_group_member *member)
{
	const char *driver = *member->driver ? member->driver : "no driver";

	names->count++;
	names->told += append_whole(names->list, sizeof(names->list) - 32, "%s%s (%s)",
				    names->told ? ", " : "", member->name, driver);
}

static const char *end_names(struct names *names)
{
	if (names->told < names->count)
		append_whole(names->list, sizeof(names->list), " and %zu more",
			     names->count - names->told);
	return names->list;
}

static bool is_given(const struct pasid_request *request, const char *bdf)
{
	for (size_t i = 0; i < request->count; i++)
		if (!strcmp(request->devices[i]->bdf, bdf))
			return true;
	return false;
}

static int refuse_lone(const struct pasid_request *request, const struct vfa_group *group,
		       struct names *others)
{
	return error_set(EINVAL, VFA_CAUSE_PASID_GROUP,
			 "%s is not alone in group %u: nothing isolates it from %s, whatever "
			 "the PASID\n"
			 "open all of them in one container, and use vfa_pasid_attach_group",
			 request->devices[0]->bdf, vfa_group_number(group), end_names(others));
}

static int refuse_missing(const struct vfa_group *group, struct names *missing)
{
	return error_set(EINVAL, VFA_CAUSE_PASID_GROUP,
			 "group %u is not whole: %s could do DMA too, and %s not given\n"
			 "bind to vfio-pci what is not, open it in the same container, and give "
			 "all of the group",
			 vfa_group_number(group), end_names(missing),
			 missing->count == 1 ? "is" : "are");
}

static int check_groups(const struct pasid_request *request, const struct vfa_group *group)
{
	for (size_t i = 0; i < request->count; i++) {
		const struct vfa_device *device = request->devices[i];

		if (device->join.group != (int)vfa_group_number(group))
			return error_set(EINVAL, VFA_CAUSE_PASID_GROUP,
					 "%s is in group %u, %s in group %d\n"
					 "attach each group by itself",
					 request->devices[0]->bdf, vfa_group_number(group),
					 device->bdf, device->join.group);
	}
	return 0;
}

int pasid_require_group(const struct pasid_request *request, const struct vfa_group *group)
{
	struct names missing = { .count = 0 };
	int err = check_groups(request, group);

	if (err)
		return err;
	for (size_t i = 0; i < vfa_group_count_members(group); i++) {
		const struct vfa_group_member *member = vfa_group_get_member(group, i);

		if (can_do_dma(member) && !is_given(request, member->name))
			add_name(&missing, member);
	}
	if (!missing.count)
		return 0;
	return request->is_whole ? refuse_missing(group, &missing)
				 : refuse_lone(request, group, &missing);
}

static bool has_member(const struct vfa_group *group, const char *name)
{
	for (size_t i = 0; i < vfa_group_count_members(group); i++)
		if (!strcmp(vfa_group_get_member(group, i)->name, name))
			return true;
	return false;
}

bool pasid_is_member(const struct pasid *pasid, const char *bdf)
{
	return has_member(pasid->group, bdf);
}

/* The kernel set the PASID up for those that were there. */
int pasid_require_members(const struct pasid *pasid, const struct pasid_request *request)
{
	for (size_t i = 0; i < request->count; i++) {
		const struct vfa_device *device = request->devices[i];

		if (!pasid_is_member(pasid, device->bdf))
			return error_set(EBUSY, VFA_CAUSE_PASID_GROUP,
					 "%s came to group %u after PASID %u was attached\n"
					 "detach the PASID, and attach it to all of the group",
					 device->bdf, vfa_group_number(pasid->group),
					 pasid->number);
	}
	return 0;
}

int pasid_require_all(const struct pasid *pasid, const struct pasid_request *request)
{
	for (size_t i = 0; i < pasid->device_count; i++) {
		const char *bdf = pasid->devices[i]->bdf;

		if (!is_given(request, bdf))
			return error_set(
				EBUSY, VFA_CAUSE_PASID_GROUP,
				"PASID %u of group %u is also that of %s, which is not "
				"given\n"
				"vfa_pasid_detach_group takes all %zu devices that have it",
				pasid->number, vfa_group_number(pasid->group), bdf,
				pasid->device_count);
	}
	return 0;
}

/* The oldest one knows most newcomers. */
static const struct pasid *find_oldest(const struct vfa_device *device)
{
	const struct pasid *oldest = NULL;

	for (const struct pasid *pasid = device->container->pasids; pasid; pasid = pasid->next)
		if ((int)vfa_group_number(pasid->group) == device->join.group)
			oldest = pasid;
	return oldest;
}

void pasid_warn_of(const struct vfa_device *device)
{
	const struct pasid *pasid = find_oldest(device);

	if (!pasid || pasid_is_member(pasid, device->bdf))
		return;
	host_log(device->container->host, VFA_LOG_WARNING,
		 "%s has come to group %u, which has PASIDs: nothing isolates it from the devices "
		 "that have them",
		 device->bdf, vfa_group_number(pasid->group));
}

static int list_newcomers(const struct pasid *pasid, const struct vfa_group *now,
			  struct vfa_pasid_newcomer *list, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < vfa_group_count_members(now); i++) {
		const struct vfa_group_member *member = vfa_group_get_member(now, i);

		if (!can_do_dma(member) || pasid_is_member(pasid, member->name))
			continue;
		if (count < max)
			snprintf(list[count].bdf, sizeof(list[count].bdf), "%s", member->name);
		count++;
	}
	return count;
}

static int find_newcomers(const struct vfa_device *device, struct vfa_pasid_newcomer *list,
			  size_t max)
{
	const struct pasid *pasid = find_oldest(device);
	struct vfa_group *now;
	int err;

	if (!pasid)
		return 0;
	err = vfa_group_new(device->container->host, device->join.group, &now);
	if (err)
		return err;
	err = list_newcomers(pasid, now, list, max);
	vfa_group_free(now);
	return err;
}

VFA_API int vfa_pasid_newcomers(struct vfa_device *device, struct vfa_pasid_newcomer *list,
				size_t max)
{
	int count;

	if (!device || (!list && max))
		return error_null(device ? "list" : "device");
	container_lock(device->container);
	count = find_newcomers(device, list, max);
	container_unlock(device->container);
	return count;
}
