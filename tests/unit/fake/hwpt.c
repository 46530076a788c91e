/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Page tables that are made by hand, and PASIDs that lead to them. */

#include <errno.h>
#include <string.h>

#include "fake/iommufd.h"
#include "fake/lock.h"
#include "uapi/vfio_cdev.h"

void fake_set_pasid_aperture(uint32_t group, uint64_t start, uint64_t last)
{
	fake_lock();
	fake_group_find(group, false)->pasid_aperture = (struct fake_range){ start, last };
	fake_unlock();
}

void fake_set_resetting(uint32_t group, bool resetting)
{
	fake_lock();
	fake_group_find(group, false)->resetting = resetting;
	fake_unlock();
}

static long check_alloc(const struct uapi_iommu_hwpt_alloc *command)
{
	uint32_t known = UAPI_IOMMU_HWPT_FAULT_ID_VALID;

	if (command->reserved)
		return -EOPNOTSUPP;
	if (!command->data_type != !command->data_len)
		return -EINVAL;
	if (fake_settings.pasids)
		known |= UAPI_IOMMU_HWPT_ALLOC_PASID;
	return command->flags & ~known || command->data_len ? -EOPNOTSUPP : 0;
}

static long make_table(struct fake_iommufd *iommufd, struct fake_iommufd_object *ioas,
		       const struct fake_group *group, uint32_t flags, uint32_t *ret)
{
	struct fake_iommufd_object *table;
	int err;

	*ret = fake_iommufd_object_new(iommufd, FAKE_PAGE_TABLE);
	if (!*ret)
		return -ENOMEM;
	err = fake_space_add_table(&ioas->space, *ret, group->pasid_aperture);
	if (err) {
		fake_iommufd_object_free(iommufd, *ret);
		return err;
	}
	table = iommufd->objects[*ret];
	table->ioas = ioas;
	table->coherent = group->coherent;
	table->is_by_hand = true;
	table->takes_pasids = flags & UAPI_IOMMU_HWPT_ALLOC_PASID;
	ioas->users++;
	fake_objects[FAKE_OBJECT_PAGE_TABLE]++;
	return 0;
}

long fake_hwpt_alloc(struct fake_iommufd *iommufd, struct uapi_iommu_hwpt_alloc *command)
{
	const struct fake_iommufd_object *device =
		fake_iommufd_object_find(iommufd, command->dev_id, FAKE_DEVICE);
	struct fake_iommufd_object *ioas =
		fake_iommufd_object_find(iommufd, command->pt_id, FAKE_IOAS);
	struct fake_iommufd_object *faults =
		fake_iommufd_object_find(iommufd, command->fault_id, FAKE_FAULT_QUEUE);
	bool reports = command->flags & UAPI_IOMMU_HWPT_FAULT_ID_VALID;
	long err;

	if (command->reserved)
		return -EOPNOTSUPP;
	if (!device)
		return -ENOENT;
	if (!ioas)
		return -EINVAL;
	err = check_alloc(command);
	if (!err && reports && !faults)
		err = -ENOENT;
	if (!err)
		err = make_table(iommufd, ioas, device->device->group, command->flags,
				 &command->out_hwpt_id);
	if (!err && reports) {
		iommufd->objects[command->out_hwpt_id]->faults = faults;
		faults->users++;
	}
	return err;
}

/* What the group's requests without a PASID go by. */
static const struct fake_iommufd_object *own_table(struct fake_iommufd *iommufd,
						   const struct fake_group *group)
{
	for (const struct fake_device *device = fake_devices; device; device = device->next)
		if (device->group == group && device->opened && device->opened->page_table)
			return iommufd->objects[device->opened->page_table];
	return NULL;
}

static struct fake_pasid *find_pasid(struct fake_group *group, uint32_t number)
{
	for (size_t i = 0; i < group->pasid_count; i++)
		if (group->pasids[i].number == number)
			return &group->pasids[i];
	return NULL;
}

static uint64_t device_bit(const struct fake_device *device)
{
	return 1ull << device->cdev;
}

/* A group that has no PASIDs of its own lets any be attached, which do nothing. */
static int check_first(struct fake_iommufd *iommufd, const struct fake_group *group,
		       uint32_t number)
{
	const struct fake_iommufd_object *own = own_table(iommufd, group);

	if (own && !own->takes_pasids)
		return -EINVAL;
	if (!number || (group->iommu.pasid_bits && number >> group->iommu.pasid_bits))
		return -EINVAL;
	return group->pasid_count == FAKE_PASIDS ? -ENOMEM : 0;
}

uint32_t fake_pasid_reporter(struct fake_iommufd *iommufd, uint32_t device_id, uint32_t number)
{
	const struct fake_iommufd_object *device =
		fake_iommufd_object_find(iommufd, device_id, FAKE_DEVICE);
	const struct fake_pasid *pasid = device ? find_pasid(device->device->group, number) : NULL;

	return pasid ? pasid->reporter : device_id;
}

static void answer_open(const struct fake_iommufd *iommufd, const struct fake_pasid *pasid)
{
	const struct fake_iommufd_object *faults = iommufd->objects[pasid->table]->faults;

	if (faults)
		fake_fault_queue_detach(faults->fault_queue, pasid->reporter, pasid->number);
}

static void move_pasid(struct fake_iommufd *iommufd, struct fake_pasid *pasid, uint32_t table,
		       uint32_t reporter)
{
	unsigned int users = __builtin_popcountll(pasid->devices);

	if (pasid->table == table)
		return;
	answer_open(iommufd, pasid);
	iommufd->objects[pasid->table]->users -= users;
	iommufd->objects[table]->users += users;
	pasid->table = table;
	pasid->reporter = reporter;
}

static int add_device(const struct fake_opened *opened, uint32_t number, uint32_t table)
{
	struct fake_iommufd *iommufd = opened->iommufd_file->iommufd;
	struct fake_group *group = opened->device->group;
	struct fake_pasid *pasid = find_pasid(group, number);
	uint64_t bit = device_bit(opened->device);
	int err;

	if (pasid && pasid->devices & bit) {
		move_pasid(iommufd, pasid, table, opened->id);
		return 0;
	}
	if (pasid && pasid->table != table)
		return -EINVAL;
	if (!pasid) {
		err = check_first(iommufd, group, number);
		if (err)
			return err;
		pasid = &group->pasids[group->pasid_count++];
		*pasid = (struct fake_pasid){
			.number = number,
			.table = table,
			.reporter = opened->id,
		};
	}
	pasid->devices |= bit;
	iommufd->objects[table]->users++;
	return 0;
}

long fake_pasid_attach(struct fake_opened *opened, struct uapi_vfio_attach_iommufd_pt *argument)
{
	struct fake_iommufd *iommufd = opened->iommufd_file->iommufd;
	const struct fake_iommufd_object *table;

	if (argument->pt_id >= FAKE_IOMMUFD_OBJECTS || !iommufd->objects[argument->pt_id])
		return -ENOENT;
	table = iommufd->objects[argument->pt_id];
	if (table->kind != FAKE_PAGE_TABLE || !table->takes_pasids)
		return -EINVAL;
	if (table->faults && opened->device->group->iommu.takes_no_faults)
		return -ENODEV;
	if (opened->device->group->resetting)
		return -EBUSY;
	return add_device(opened, argument->pasid, argument->pt_id);
}

/* The PASID is that of the whole group until the last device goes. */
static void remove_device(const struct fake_opened *opened, struct fake_pasid *pasid)
{
	struct fake_iommufd *iommufd = opened->iommufd_file->iommufd;
	struct fake_group *group = opened->device->group;
	uint64_t bit = device_bit(opened->device);

	if (!(pasid->devices & bit))
		return;
	pasid->devices &= ~bit;
	iommufd->objects[pasid->table]->users--;
	if (pasid->devices)
		return;
	answer_open(iommufd, pasid);
	*pasid = group->pasids[--group->pasid_count];
}

long fake_pasid_detach(struct fake_opened *opened, uint32_t number)
{
	struct fake_group *group = opened->device->group;
	struct fake_pasid *pasid = find_pasid(group, number);

	if (pasid)
		remove_device(opened, pasid);
	return 0;
}

void fake_pasid_detach_all(struct fake_opened *opened)
{
	struct fake_group *group = opened->device->group;

	for (size_t i = group->pasid_count; i > 0; i--)
		remove_device(opened, &group->pasids[i - 1]);
}

/* A device that comes to a group which is attached goes by the same page table. */
int fake_table_check(struct fake_iommufd *iommufd, const struct fake_group *group, uint32_t table)
{
	const struct fake_iommufd_object *own = own_table(iommufd, group);
	const struct fake_iommufd_object *wanted = table ? iommufd->objects[table] : NULL;

	if (own && (wanted ? own != wanted : own->is_by_hand))
		return -EINVAL;
	return group->pasid_count && !(wanted && wanted->takes_pasids) ? -EINVAL : 0;
}

/*
 * The group moves as one to another page table of its address space. As Linux up to 7.3
 * refuses it, it forgets what the group has reserved there.
 */
int fake_table_replace(struct fake_file *file, struct fake_group *group, uint32_t table)
{
	struct fake_iommufd *iommufd = file->iommufd;

	if (group->pasid_count && !iommufd->objects[table]->takes_pasids)
		return -EINVAL;
	if (group->resetting) {
		group->forgets_reserved = true;
		return -EBUSY;
	}
	for (struct fake_device *device = fake_devices; device; device = device->next) {
		struct fake_opened *opened = device->group == group ? device->opened : NULL;
		uint32_t old = opened ? opened->page_table : 0;

		if (!old || old == table)
			continue;
		iommufd->objects[table]->users++;
		opened->page_table = table;
		fake_iommufd_put_table(iommufd, old);
	}
	return 0;
}

size_t fake_count_pasids(const char *bdf)
{
	const struct fake_device *device;
	size_t count = 0;

	fake_lock();
	device = fake_device_find(bdf);
	for (size_t i = 0; i < device->group->pasid_count; i++)
		count += (device->group->pasids[i].devices & device_bit(device)) != 0;
	fake_unlock();
	return count;
}

bool fake_pasid_leads(const char *bdf, uint32_t pasid)
{
	bool answer;

	fake_lock();
	answer = find_pasid(fake_device_find(bdf)->group, pasid);
	fake_unlock();
	return answer;
}

bool fake_goes_with_pasids(const char *bdf)
{
	const struct fake_opened *opened;
	bool answer;

	fake_lock();
	opened = fake_device_find(bdf)->opened;
	answer = opened && opened->page_table &&
		 opened->iommufd_file->iommufd->objects[opened->page_table]->takes_pasids;
	fake_unlock();
	return answer;
}
