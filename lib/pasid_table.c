/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A group with PASIDs has a page table that goes with PASIDs for its requests without
 * one too: the kernel wants that. Its devices know it by their joins, and the last
 * one that is detached from it destroys it.
 */

#include <string.h>

#include "allowed.h"
#include "backend/page_table.h"
#include "base/error.h"
#include "pasid.h"
#include "refusal_pasid.h"

static bool is_of_group(const struct vfa_device *device, int group)
{
	return device->join.is_attached && device->join.group == group;
}

static uint32_t table_among(const struct vfa_device *devices, int group)
{
	while (devices && !is_of_group(devices, group))
		devices = devices->next;
	return devices ? devices->join.table : 0;
}

uint32_t pasid_table_of(const struct vfa_container *container, int group)
{
	uint32_t table = 0;

	if (group >= 0)
		table = table_among(container->devices, group);
	return table || group < 0 ? table : table_among(container->moving, group);
}

static void set_table(struct vfa_device *devices, int group, uint32_t table)
{
	for (struct vfa_device *device = devices; device; device = device->next)
		if (is_of_group(device, group))
			device->join.table = table;
}

/* The kernel moves the group with any of its devices. */
static int use_table(struct vfa_device *device, uint32_t table)
{
	struct vfa_container *owner = device->container;
	int err = page_table_attach(owner->backend, &device->join, table);

	if (err < 0)
		return err;
	set_table(owner->devices, device->join.group, table);
	set_table(owner->moving, device->join.group, table);
	return 0;
}

int pasid_make_table(struct vfa_container *container, const struct vfa_device *device,
		     uint32_t fault_queue, uint32_t *ret)
{
	int err = page_table_alloc(container->backend, device->join.device_id, fault_queue, ret);

	return err < 0 ? refuse_table(container, device, err) : 0;
}

int pasid_make_own(struct vfa_device *device)
{
	struct vfa_container *owner = device->container;
	uint32_t table;
	int err;

	if (device->join.table)
		return 0;
	err = pasid_make_table(owner, device, 0, &table);
	if (err)
		return err;
	err = use_table(device, table);
	if (err < 0) {
		(void)page_table_destroy(owner->backend, table);
		return refuse_own_table(device, err);
	}
	host_log(owner->host, VFA_LOG_DEBUG, "group %d: a page table that goes with PASIDs",
		 device->join.group);
	return allowed_refresh(owner);
}

static struct vfa_device *find_device(const struct vfa_container *owner, int group)
{
	struct vfa_device *device = owner->devices;

	while (device && !is_of_group(device, group))
		device = device->next;
	return device;
}

static bool has_pasids(const struct vfa_container *owner, int group)
{
	const struct pasid *pasid = owner->pasids;

	while (pasid && vfa_group_number(pasid->group) != (uint32_t)group)
		pasid = pasid->next;
	return pasid;
}

/* If it cannot be had, the one for PASIDs serves as well, until the last device leaves. */
void pasid_drop_own(struct vfa_container *owner, int group)
{
	struct vfa_device *device = find_device(owner, group);
	uint32_t table = device ? device->join.table : 0;
	int err;

	if (!table || has_pasids(owner, group))
		return;
	err = use_table(device, 0);
	if (err < 0) {
		host_log(owner->host, VFA_LOG_WARNING,
			 "group %d keeps a page table that goes with PASIDs: %s", group,
			 strerrordesc_np(-err));
		return;
	}
	(void)page_table_destroy(owner->backend, table);
	if (allowed_refresh(owner))
		host_log(owner->host, VFA_LOG_WARNING, "group %d has no PASIDs any more: %s", group,
			 vfa_error_last()->message);
}

void pasid_forget_table(struct vfa_device *device)
{
	struct vfa_container *owner = device->container;
	uint32_t table = device->join.table;

	device->join.table = 0;
	if (table && pasid_table_of(owner, device->join.group) != table)
		(void)page_table_destroy(owner->backend, table);
}
