/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "pasid.h"

#include <errno.h>
#include <stdlib.h>

#include "backend/page_table.h"
#include "base/api.h"
#include "base/error.h"
#include "base/options.h"
#include "fault_queue.h"
#include "refusal_pasid.h"

#define WIDEST 20 /* bits of a PASID, as PCI Express has it */

void pasid_lock(struct vfa_container *owner, struct vfa_container *space)
{
	container_lock(owner < space ? owner : space);
	if (owner != space)
		container_lock(owner < space ? space : owner);
}

void pasid_unlock(struct vfa_container *owner, struct vfa_container *space)
{
	container_unlock(owner);
	if (owner != space)
		container_unlock(space);
}

bool pasid_has_device(const struct pasid *pasid, const struct vfa_device *device)
{
	for (size_t i = 0; i < pasid->device_count; i++)
		if (pasid->devices[i] == device)
			return true;
	return false;
}

static bool is_of_group(const struct pasid *pasid, int group)
{
	return (int)vfa_group_number(pasid->group) == group;
}

struct pasid *pasid_find(const struct vfa_container *owner, int group,
			 const struct vfa_container *space)
{
	struct pasid *pasid = owner->pasids;

	while (pasid && (pasid->space != space || !is_of_group(pasid, group)))
		pasid = pasid->next;
	return pasid;
}

static const struct pasid *find_number(const struct vfa_container *owner, int group,
				       uint32_t number)
{
	const struct pasid *pasid = owner->pasids;

	while (pasid && (pasid->number != number || !is_of_group(pasid, group)))
		pasid = pasid->next;
	return pasid;
}

static void link_pasid(struct pasid *pasid)
{
	pasid->next = pasid->owner->pasids;
	pasid->owner->pasids = pasid;
	pasid->next_leading = pasid->space->leading;
	pasid->space->leading = pasid;
}

void pasid_unlink(struct pasid *pasid)
{
	struct pasid **link = &pasid->owner->pasids;

	while (*link != pasid)
		link = &(*link)->next;
	*link = pasid->next;
}

void pasid_unlink_leading(struct pasid *pasid)
{
	struct pasid **link = &pasid->space->leading;

	while (*link != pasid)
		link = &(*link)->next_leading;
	*link = pasid->next_leading;
}

/* Takes over the group. */
static struct pasid *new_pasid(const struct pasid_request *request, struct vfa_group *group,
			       uint32_t number)
{
	size_t room = vfa_group_count_members(group) + request->count;
	struct pasid *pasid = calloc(1, sizeof(*pasid) + room * sizeof(pasid->devices[0]));

	if (!pasid)
		return NULL;
	pasid->owner = request->owner;
	pasid->space = request->space;
	pasid->group = group;
	pasid->number = number;
	pasid->faults = request->options.faults;
	container_hold(pasid->space);
	if (pasid->faults)
		fault_queue_hold(pasid->faults);
	return pasid;
}

void pasid_free(struct pasid *pasid)
{
	if (!pasid)
		return;
	vfa_group_free(pasid->group);
	if (pasid->faults)
		fault_queue_release(pasid->faults);
	container_release(pasid->space);
	free(pasid);
}

static int require_same_iommufd(const struct pasid_request *request,
				const struct vfa_container *other, const char *what)
{
	int answer = page_table_is_same_iommufd(request->owner->backend, other->backend);

	if (answer < 0)
		return error_kernel(answer, "ask whether two containers are of one iommufd");
	return answer ? 0 : refuse_other_iommufd(request, what);
}

static int require_backends(const struct pasid_request *request)
{
	const struct vfa_fault_queue *faults = request->options.faults;
	int err = container_require_iommufd(request->owner, "attach a PASID");

	if (!err)
		err = container_require_iommufd(request->space, "attach a PASID");
	if (!err)
		err = require_same_iommufd(request, request->space, "address space");
	if (!err && faults)
		err = require_same_iommufd(request, fault_queue_container(faults), "fault queue");
	return err;
}

static int read_bits(struct vfa_device *device, unsigned int *ret)
{
	struct vfa_iommu_info info;
	int err = iommu_info_read(device, &info);

	if (err)
		return err;
	*ret = info.pasid_bits;
	if (!info.is_pasid_told)
		return error_old_kernel(device->bdf, "VFIO_DEVICE_ATTACH_PASID", "6.15");
	return info.pasid_bits ? 0 : refuse_no_pasids(device, &info);
}

/* The narrowest of them counts. */
static int find_bits(const struct pasid_request *request, unsigned int *ret)
{
	unsigned int bits;
	int err = 0;

	*ret = WIDEST;
	for (size_t i = 0; i < request->count && !err; i++) {
		err = read_bits(request->devices[i], &bits);
		if (!err && bits < *ret)
			*ret = bits;
	}
	return err;
}

static int check_fixed(const struct pasid_request *request, int group, unsigned int bits)
{
	uint32_t number = request->options.pasid;
	const struct pasid *user = find_number(request->owner, group, number);

	if (!number || number >> bits)
		return refuse_pasid_number(request->devices[0], number, bits);
	return user ? refuse_used_pasid(user) : 0;
}

static int choose_number(const struct pasid_request *request, int group, uint32_t *ret)
{
	unsigned int bits;
	uint32_t number = 1;
	int err = find_bits(request, &bits);

	if (err)
		return err;
	if (request->options.flags & VFA_PASID_FIXED) {
		*ret = request->options.pasid;
		return check_fixed(request, group, bits);
	}
	while (!(number >> bits) && find_number(request->owner, group, number))
		number++;
	*ret = number;
	return number >> bits ? refuse_no_free_pasid(request->devices[0], bits) : 0;
}

/* Takes over the group. What failed is freed without the locks. */
static int attach_new(const struct pasid_request *request, struct vfa_group *group,
		      struct pasid **failed, uint32_t *ret)
{
	struct pasid *pasid;
	uint32_t number;
	int err = choose_number(request, vfa_group_number(group), &number);

	pasid = err ? NULL : new_pasid(request, group, number);
	if (!pasid) {
		vfa_group_free(group);
		return err ? err : error_memory();
	}
	err = pasid_build(pasid, request);
	if (err) {
		*failed = pasid;
		return err;
	}
	link_pasid(pasid);
	host_log(request->owner->host, VFA_LOG_DEBUG, "PASID %u of group %u attached", number,
		 vfa_group_number(group));
	*ret = number;
	return 0;
}

/* What was asked for is there, but for devices that were closed meanwhile. */
static int attach_again(struct pasid *pasid, const struct pasid_request *request, uint32_t *ret)
{
	const struct vfa_pasid_options *options = &request->options;
	int err = 0;

	if (options->flags & VFA_PASID_FIXED && options->pasid != pasid->number)
		err = refuse_other_pasid(pasid, options->pasid);
	else if (options->faults && options->faults != pasid->faults)
		err = refuse_other_queue(pasid);
	if (!err)
		err = pasid_require_members(pasid, request);
	if (!err)
		err = pasid_add(pasid, request);
	if (!err)
		*ret = pasid->number;
	return err;
}

/*
 * The kernel tells of page faults of a group as those of the device that was attached first,
 * and goes on to when that one has been closed.
 */
static int require_lone_faults(const struct pasid_request *request, const struct vfa_group *group)
{
	if (!request->options.faults || request->count == 1)
		return 0;
	return error_set(EOPNOTSUPP, VFA_CAUSE_NO_FEATURE,
			 "group %u has %zu devices: the kernel would report page faults of all as "
			 "those of one\n"
			 "attach without a fault queue",
			 vfa_group_number(group), request->count);
}

static int attach(const struct pasid_request *request, struct pasid **failed, uint32_t *ret)
{
	struct pasid *pasid;
	struct vfa_group *group;
	int number, err = require_backends(request);

	if (err)
		return err;
	number = vfa_device_group(request->devices[0]);
	err = number < 0 ? number : vfa_group_new(request->owner->host, number, &group);
	if (err)
		return err;
	err = pasid_require_group(request, group);
	if (!err)
		err = require_lone_faults(request, group);
	pasid = pasid_find(request->owner, number, request->space);
	if (!err && !pasid)
		return attach_new(request, group, failed, ret);
	if (!err)
		err = attach_again(pasid, request, ret);
	vfa_group_free(group);
	return err;
}

static int check_options(const struct vfa_pasid_options *options)
{
	if (options->flags & ~(uint32_t)VFA_PASID_FIXED || options->reserved)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "attach a PASID: flags 0x%x have bits that are no flag, or "
				 "reserved is not 0\n"
				 "use enum vfa_pasid_flag, and VFA_PASID_OPTIONS_INIT",
				 options->flags);
	if (options->pasid && !(options->flags & VFA_PASID_FIXED))
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "attach a PASID: %u is given without VFA_PASID_FIXED\n"
				 "set the flag, or have one chosen",
				 options->pasid);
	return 0;
}

static int check_device(const struct pasid_request *request, size_t index)
{
	const struct vfa_device *device = request->devices[index];

	if (!device)
		return error_null("a device");
	if (device->container != request->devices[0]->container)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s and %s are in different containers\n"
				 "devices of one group are in one container",
				 request->devices[0]->bdf, device->bdf);
	for (size_t i = 0; i < index; i++)
		if (request->devices[i] == device)
			return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
					 "%s comes twice\ngive each device once", device->bdf);
	return 0;
}

static int check_devices(struct pasid_request *request)
{
	int err = 0;

	if (!request->devices || !request->space)
		return error_null(request->space ? "devices" : "space");
	if (!request->count)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "no device is given\ngive all devices of a group");
	for (size_t i = 0; i < request->count && !err; i++)
		err = check_device(request, i);
	if (!err)
		request->owner = request->devices[0]->container;
	return err;
}

static int attach_checked(struct pasid_request *request, const struct vfa_pasid_options *options,
			  uint32_t *ret)
{
	struct pasid *failed = NULL;
	int err = ret ? check_devices(request) : error_null("ret");

	if (!err)
		err = options_copy("vfa_pasid_options", options,
				   OPTIONS_UP_TO(struct vfa_pasid_options, faults),
				   &request->options, sizeof(request->options));
	if (!err)
		err = check_options(&request->options);
	if (err)
		return err;
	pasid_lock(request->owner, request->space);
	err = attach(request, &failed, ret);
	pasid_unlock(request->owner, request->space);
	pasid_free(failed);
	return err;
}

VFA_API int vfa_pasid_attach(struct vfa_device *device, struct vfa_container *space,
			     const struct vfa_pasid_options *options, uint32_t *ret)
{
	struct pasid_request request = { .devices = &device, .count = 1, .space = space };

	return device ? attach_checked(&request, options, ret) : error_null("device");
}

VFA_API int vfa_pasid_attach_group(struct vfa_device *const *devices, size_t count,
				   struct vfa_container *space,
				   const struct vfa_pasid_options *options, uint32_t *ret)
{
	struct pasid_request request = {
		.devices = devices,
		.count = count,
		.space = space,
		.is_whole = true,
	};

	return attach_checked(&request, options, ret);
}

/* Freed without the locks. */
static int detach(const struct pasid_request *request, struct pasid **ret)
{
	const struct vfa_device *first = request->devices[0];
	struct pasid *pasid = pasid_find(request->owner, first->join.group, request->space);
	int err;

	for (size_t i = 0; i < request->count; i++)
		if (!pasid || !pasid_has_device(pasid, request->devices[i]))
			return error_set(ENOENT, VFA_CAUSE_NO_PASID,
					 "no PASID of %s leads to this address space\n"
					 "vfa_pasid_list tells which it has",
					 request->devices[i]->bdf);
	err = pasid_require_all(pasid, request);
	if (!err)
		err = pasid_take_apart(pasid);
	if (err)
		return err;
	pasid_unlink(pasid);
	pasid_unlink_leading(pasid);
	pasid_settle(pasid);
	host_log(request->owner->host, VFA_LOG_DEBUG, "PASID %u of group %u detached",
		 pasid->number, vfa_group_number(pasid->group));
	*ret = pasid;
	return 0;
}

static int detach_checked(struct pasid_request *request)
{
	struct pasid *pasid = NULL;
	int err = check_devices(request);

	if (err)
		return err;
	pasid_lock(request->owner, request->space);
	err = detach(request, &pasid);
	pasid_unlock(request->owner, request->space);
	pasid_free(pasid);
	return err;
}

VFA_API int vfa_pasid_detach(struct vfa_device *device, struct vfa_container *space)
{
	struct pasid_request request = { .devices = &device, .count = 1, .space = space };

	return device ? detach_checked(&request) : error_null("device");
}

VFA_API int vfa_pasid_detach_group(struct vfa_device *const *devices, size_t count,
				   struct vfa_container *space)
{
	struct pasid_request request = {
		.devices = devices,
		.count = count,
		.space = space,
		.is_whole = true,
	};

	return detach_checked(&request);
}

/* The one of a device with the least number above another. */
static const struct pasid *next_of(const struct vfa_device *device, uint32_t above)
{
	const struct pasid *found = NULL;

	for (const struct pasid *pasid = device->container->pasids; pasid; pasid = pasid->next)
		if (pasid->number > above && (!found || pasid->number < found->number) &&
		    pasid_has_device(pasid, device))
			found = pasid;
	return found;
}

VFA_API int vfa_pasid_list(struct vfa_device *device, struct vfa_pasid_binding *list, size_t max)
{
	const struct pasid *pasid = NULL;
	size_t count = 0;

	if (!device || (!list && max))
		return error_null(device ? "list" : "device");
	container_lock(device->container);
	while ((pasid = next_of(device, pasid ? pasid->number : 0))) {
		if (count < max)
			list[count] = (struct vfa_pasid_binding){
				.space = pasid->space,
				.pasid = pasid->number,
				.device_count = pasid->device_count,
			};
		count++;
	}
	container_unlock(device->container);
	return count;
}
