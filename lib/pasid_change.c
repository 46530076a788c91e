/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a PASID takes in the kernel, and the way back. */

#include "allowed.h"
#include "backend/page_table.h"
#include "base/error.h"
#include "fault_queue.h"
#include "mapping.h"
#include "pasid.h"
#include "refusal_pasid.h"
#include "window.h"

/* PASIDs are no part of routing: the device reaches by them what it reaches without. */
static int add_windows(const struct pasid *pasid, const struct vfa_device *device)
{
	return pasid->space == pasid->owner ? 0 : window_add_all(pasid->space, device);
}

static void remove_windows(const struct pasid *pasid, const struct vfa_device *device)
{
	if (pasid->space != pasid->owner)
		window_remove_all(pasid->space, device);
}

static int attach(const struct pasid *pasid, const struct vfa_device *device)
{
	return page_table_attach_pasid(pasid->owner->backend, &device->join, pasid->number,
				       pasid->table);
}

static int detach(const struct pasid *pasid, const struct vfa_device *device)
{
	int err = page_table_detach_pasid(pasid->owner->backend, &device->join, pasid->number);

	if (!err && pasid->faults)
		fault_queue_forget(pasid->faults, device->join.device_id, pasid->number);
	return err;
}

static int add_device(struct pasid *pasid, struct vfa_device *device)
{
	int err = add_windows(pasid, device);

	if (err)
		return err;
	err = attach(pasid, device);
	if (err < 0) {
		remove_windows(pasid, device);
		return refuse_pasid_attach(pasid, device, err);
	}
	pasid->devices[pasid->device_count++] = device;
	return 0;
}

void pasid_remove_device(struct pasid *pasid, struct vfa_device *device)
{
	size_t i = 0;

	while (pasid->devices[i] != device)
		i++;
	(void)detach(pasid, device);
	remove_windows(pasid, device);
	for (pasid->device_count--; i < pasid->device_count; i++)
		pasid->devices[i] = pasid->devices[i + 1];
}

static void keep_devices(struct pasid *pasid, size_t count)
{
	while (pasid->device_count > count)
		pasid_remove_device(pasid, pasid->devices[pasid->device_count - 1]);
}

int pasid_add(struct pasid *pasid, const struct pasid_request *request)
{
	size_t before = pasid->device_count;
	struct error_record saved;
	int err = 0;

	for (size_t i = 0; i < request->count && !err; i++)
		if (!pasid_has_device(pasid, request->devices[i]))
			err = add_device(pasid, request->devices[i]);
	if (err) {
		error_save(&saved);
		keep_devices(pasid, before);
		error_restore(&saved);
	}
	return err;
}

static int build(struct pasid *pasid, const struct pasid_request *request)
{
	uint32_t queue = pasid->faults ? fault_queue_id(pasid->faults) : 0;
	int err = pasid_make_own(request->devices[0]);

	if (!err)
		err = pasid_make_table(pasid->space, request->devices[0], queue, &pasid->table);
	if (!err)
		err = allowed_refresh(pasid->space);
	return err ? err : pasid_add(pasid, request);
}

int pasid_build(struct pasid *pasid, const struct pasid_request *request)
{
	struct error_record saved;
	int err = build(pasid, request);

	if (err) {
		error_save(&saved);
		pasid_clean_up(pasid);
		pasid_settle(pasid);
		error_restore(&saved);
	}
	return err;
}

void pasid_clean_up(struct pasid *pasid)
{
	keep_devices(pasid, 0);
	if (pasid->table)
		(void)page_table_destroy(pasid->space->backend, pasid->table);
	pasid->table = 0;
}

/* Ranges can grow; not to know of it is safe. */
void pasid_settle(const struct pasid *pasid)
{
	struct vfa_container *space = pasid->space;
	int err = 0;

	pasid_drop_own(pasid->owner, vfa_group_number(pasid->group));
	if (container_is_reached(space))
		err = allowed_refresh(space);
	else if (space->drops_mappings)
		err = unmap_droppable(space);
	if (err)
		host_log(space->host, VFA_LOG_WARNING, "PASID %u of group %u was detached: %s",
			 pasid->number, vfa_group_number(pasid->group), vfa_error_last()->message);
}

static void attach_again(const struct pasid *pasid, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)attach(pasid, pasid->devices[i]);
}

int pasid_take_apart(struct pasid *pasid)
{
	size_t done = 0;
	int err = 0;

	while (done < pasid->device_count && !err) {
		err = detach(pasid, pasid->devices[done]);
		done += !err;
	}
	if (!err)
		err = page_table_destroy(pasid->space->backend, pasid->table);
	if (err) {
		attach_again(pasid, done);
		return error_kernel(err, "detach PASID %u of group %u", pasid->number,
				    vfa_group_number(pasid->group));
	}
	while (pasid->device_count)
		remove_windows(pasid, pasid->devices[--pasid->device_count]);
	pasid->table = 0;
	return 0;
}
