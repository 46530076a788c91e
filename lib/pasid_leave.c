/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A device that is closed loses its PASIDs. The kernel detaches it at the latest when it
 * closes; only then it is sure that page tables can be destroyed.
 */

#include "pasid.h"

/* One of a device, with what it leads to held. */
static struct vfa_container *find_space(const struct vfa_device *device)
{
	struct vfa_container *owner = device->container, *space;
	const struct pasid *pasid;

	container_lock(owner);
	pasid = owner->pasids;
	while (pasid && !pasid_has_device(pasid, device))
		pasid = pasid->next;
	space = pasid ? pasid->space : NULL;
	if (space)
		container_hold(space);
	container_unlock(owner);
	return space;
}

/* It, if no device has it any more. It still leads to its container, as does the kernel's. */
static struct pasid *leave(struct vfa_device *device, const struct vfa_container *space)
{
	struct pasid *pasid = pasid_find(device->container, device->join.group, space);

	if (!pasid || !pasid_has_device(pasid, device))
		return NULL;
	pasid_remove_device(pasid, device);
	if (pasid->device_count)
		return NULL;
	pasid_unlink(pasid);
	return pasid;
}

struct pasid *pasid_leave(struct vfa_device *device)
{
	struct vfa_container *space;
	struct pasid *list = NULL, *pasid;

	while ((space = find_space(device))) {
		pasid_lock(device->container, space);
		pasid = leave(device, space);
		pasid_unlock(device->container, space);
		container_release(space);
		if (pasid) {
			pasid->next = list;
			list = pasid;
		}
	}
	return list;
}

void pasid_end(struct pasid *list)
{
	struct pasid *pasid;

	while ((pasid = list)) {
		list = pasid->next;
		pasid_lock(pasid->owner, pasid->space);
		pasid_clean_up(pasid);
		pasid_unlink_leading(pasid);
		pasid_settle(pasid);
		pasid_unlock(pasid->owner, pasid->space);
		pasid_free(pasid);
	}
}
