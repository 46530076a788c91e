/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake/internal.h"
#include "fake/lock.h"

struct fake_group *fake_groups;
struct fake_device *fake_devices;

struct fake_group *fake_group_find(uint32_t number, bool noiommu)
{
	struct fake_group *group = fake_groups;

	while (group && (group->number != number || group->noiommu != noiommu))
		group = group->next;
	return group;
}

struct fake_device *fake_device_find(const char *bdf)
{
	struct fake_device *device = fake_devices;

	while (device && strcmp(device->bdf, bdf))
		device = device->next;
	return device;
}

struct fake_device *fake_device_find_cdev(uint32_t cdev)
{
	struct fake_device *device = fake_devices;

	while (device && device->cdev != cdev)
		device = device->next;
	return device;
}

bool fake_group_wants_identity_map(const struct fake_group *group)
{
	for (size_t i = 0; i < group->reserved_count; i++)
		if (group->reserved[i].type == FAKE_DIRECT)
			return true;
	return false;
}

/* Whether another process uses the group, by its node or a device's. */
bool fake_group_is_busy(const struct fake_group *group)
{
	for (const struct fake_device *device = fake_devices; device; device = device->next)
		if (device->group == group && device->busy)
			return true;
	return group->busy;
}

/* A kernel driver in the group is an owner, and a second owner gets EPERM. */
int fake_group_claim(struct fake_group *group, const void *owner)
{
	if (!group->viable || fake_group_is_busy(group))
		return -EPERM;
	if (group->owner_count) {
		if (group->owner != owner || owner == group)
			return -EPERM;
		group->owner_count++;
		return 0;
	}
	if (fake_group_wants_identity_map(group))
		return -EINVAL;
	group->owner = owner;
	group->owner_count = 1;
	return 0;
}

void fake_group_release_claim(struct fake_group *group)
{
	if (--group->owner_count == 0)
		group->owner = NULL;
}

static struct fake_group *add_group(uint32_t number, bool noiommu)
{
	struct fake_group *group = calloc(1, sizeof(*group));

	group->number = number;
	group->noiommu = noiommu;
	group->viable = true;
	group->coherent = true;
	group->isolated_msi = true;
	group->aperture.last = 0x7fffffffff;
	group->pasid_aperture.last = 0xffffffffffff;
	group->page_sizes = 0x40201000;
	group->next = fake_groups;
	fake_groups = group;
	return group;
}

void fake_add_group(uint32_t number)
{
	fake_lock();
	add_group(number, false);
	fake_unlock();
	fake_add_reserved(number, 0xfee00000, 0xfeefffff, FAKE_MSI);
}

void fake_add_noiommu_group(uint32_t number)
{
	fake_lock();
	add_group(number, true);
	fake_unlock();
}

static struct fake_group *group_any(uint32_t number)
{
	struct fake_group *group = fake_group_find(number, false);

	return group ? group : fake_group_find(number, true);
}

static void no_fds(struct fake_irq *irq)
{
	for (size_t i = 0; i < FAKE_VECTORS; i++)
		irq->fds[i] = -1;
}

void fake_add_device(const char *bdf, uint32_t group, uint32_t cdev)
{
	struct fake_device *device = calloc(1, sizeof(*device));

	fake_lock();
	snprintf(device->bdf, sizeof(device->bdf), "%s", bdf);
	device->group = group_any(group);
	device->cdev = cdev;
	device->reset_works = true;
	device->transfer = SIZE_MAX;
	device->irq_type = FAKE_IRQS;
	device->unmask_fd = -1;
	fake_features_init(device);
	for (size_t i = 0; i < FAKE_IRQS; i++)
		no_fds(&device->irqs[i]);
	device->region_count = VFIO_PCI_NUM_REGIONS;
	device->irqs[VFIO_PCI_INTX_IRQ_INDEX].count = 1;
	device->irqs[VFIO_PCI_ERR_IRQ_INDEX].count = 1;
	device->irqs[VFIO_PCI_REQ_IRQ_INDEX].count = 1;
	device->regions[VFIO_PCI_CONFIG_REGION_INDEX].size = 256;
	device->regions[VFIO_PCI_CONFIG_REGION_INDEX].flags =
		VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	device->memory_fd = memfd_create("[vfio-device]", MFD_CLOEXEC);
	if (ftruncate(device->memory_fd, FAKE_REGIONS * FAKE_BAR_ROOM))
		abort();
	device->next = fake_devices;
	fake_devices = device;
	fake_unlock();
}

void fake_machine_reset(void)
{
	while (fake_devices) {
		struct fake_device *device = fake_devices;

		fake_devices = device->next;
		close(device->memory_fd);
		free(device);
	}
	while (fake_groups) {
		struct fake_group *group = fake_groups;

		fake_groups = group->next;
		free(group);
	}
}

#define GROUP_SETTER(name, type, field)                                                            \
	void name(uint32_t group, type value)                                                      \
	{                                                                                          \
		fake_lock();                                                                       \
		group_any(group)->field = value;                                                   \
		fake_unlock();                                                                     \
	}

GROUP_SETTER(fake_set_page_sizes, uint64_t, page_sizes)
GROUP_SETTER(fake_set_viable, bool, viable)
GROUP_SETTER(fake_set_group_busy, bool, busy)
GROUP_SETTER(fake_set_coherent, bool, coherent)
GROUP_SETTER(fake_set_isolated_msi, bool, isolated_msi)

void fake_set_aperture(uint32_t number, uint64_t start, uint64_t last)
{
	fake_lock();
	group_any(number)->aperture = (struct fake_range){ start, last };
	fake_unlock();
}

void fake_add_reserved(uint32_t number, uint64_t start, uint64_t last, enum fake_reserved_type type)
{
	struct fake_group *group;

	fake_lock();
	group = group_any(number);
	if (group->reserved_count < FAKE_RESERVED_MAX)
		group->reserved[group->reserved_count++] =
			(struct fake_reserved){ { start, last }, type };
	fake_unlock();
}

#define DEVICE_SETTER(name, type, field)                                                           \
	void name(const char *bdf, type value)                                                     \
	{                                                                                          \
		fake_lock();                                                                       \
		fake_device_find(bdf)->field = value;                                              \
		fake_unlock();                                                                     \
	}

DEVICE_SETTER(fake_set_device_busy, bool, busy)
DEVICE_SETTER(fake_set_gone, bool, gone)
DEVICE_SETTER(fake_set_reset, bool, reset_works)
DEVICE_SETTER(fake_set_unbound, bool, unbound)
DEVICE_SETTER(fake_set_info_errno, int, info_errno)
DEVICE_SETTER(fake_set_transfer, size_t, transfer)
DEVICE_SETTER(fake_set_stuck, bool, stuck)
static DEVICE_SETTER(set_leaving, bool, leaving)

	void fake_unplug(const char *bdf)
{
	fake_fire(bdf, VFIO_PCI_REQ_IRQ_INDEX, 0);
	set_leaving(bdf, true);
	fake_lock();
	fake_device_leave(fake_device_find(bdf));
	fake_unlock();
}

void fake_plug(const char *bdf)
{
	set_leaving(bdf, false);
}

void fake_set_feature(const char *bdf, uint32_t feature, uint32_t access, uint32_t size,
		      const void *data)
{
	struct fake_feature *set;

	fake_lock();
	set = &fake_device_find(bdf)->features[feature];
	set->access = access;
	set->size = size;
	if (data)
		memcpy(set->data, data, size);
	fake_unlock();
}

void fake_get_feature(const char *bdf, uint32_t feature, void *ret)
{
	const struct fake_feature *set;

	fake_lock();
	set = &fake_device_find(bdf)->features[feature];
	memcpy(ret, set->data, set->size);
	fake_unlock();
}

void fake_wake(const char *bdf)
{
	fake_lock();
	fake_power_wake(fake_device_find(bdf));
	fake_unlock();
}

bool fake_is_in_low_power(const char *bdf)
{
	bool low;

	fake_lock();
	low = fake_device_find(bdf)->low_power;
	fake_unlock();
	return low;
}

void fake_set_region(const char *bdf, uint32_t index, uint64_t size, uint32_t flags)
{
	fake_lock();
	fake_device_find(bdf)->regions[index] =
		(struct fake_region){ .size = size, .flags = flags };
	fake_unlock();
}

void fake_add_sparse(const char *bdf, uint32_t index, uint64_t start, uint64_t size)
{
	struct fake_region *region;

	fake_lock();
	region = &fake_device_find(bdf)->regions[index];
	region->is_sparse = true;
	if (size)
		region->sparse[region->sparse_count++] =
			(struct fake_range){ start, start + size - 1 };
	fake_unlock();
}

uint32_t fake_add_region(const char *bdf, uint32_t type, uint32_t subtype, uint64_t size,
			 uint32_t flags)
{
	struct fake_device *device;
	uint32_t index;

	fake_lock();
	device = fake_device_find(bdf);
	index = device->region_count++;
	device->regions[index] = (struct fake_region){
		.size = size, .flags = flags, .type = type, .subtype = subtype
	};
	fake_unlock();
	return index;
}

void fake_set_msix_mappable(const char *bdf, uint32_t index)
{
	fake_lock();
	fake_device_find(bdf)->regions[index].maps_msix = true;
	fake_unlock();
}

/* What the BARs hold is lost with it. */
void fake_set_decoding(const char *bdf, bool on)
{
	fake_lock();
	if (ftruncate(fake_device_find(bdf)->memory_fd, on ? FAKE_REGIONS * FAKE_BAR_ROOM : 0))
		abort();
	fake_unlock();
}

void fake_set_irq_count(const char *bdf, uint32_t index, uint32_t count)
{
	fake_lock();
	fake_device_find(bdf)->irqs[index].count = count;
	fake_unlock();
}

void fake_set_config(const char *bdf, uint32_t offset, const void *bytes, size_t size)
{
	fake_lock();
	memcpy(fake_device_find(bdf)->config + offset, bytes, size);
	fake_unlock();
}

void fake_fix_config(const char *bdf, uint32_t offset, uint16_t bits)
{
	struct fake_device *device;

	fake_lock();
	device = fake_device_find(bdf);
	device->fixed[offset] = bits & 0xff;
	device->fixed[offset + 1] = bits >> 8;
	fake_unlock();
}

uint16_t fake_get_config(const char *bdf, uint32_t offset)
{
	const struct fake_device *device;
	uint16_t value;

	fake_lock();
	device = fake_device_find(bdf);
	value = device->config[offset] | device->config[offset + 1] << 8;
	fake_unlock();
	return value;
}

bool fake_is_masked(const char *bdf)
{
	bool masked;

	fake_lock();
	fake_irq_settle();
	masked = fake_device_find(bdf)->masked;
	fake_unlock();
	return masked;
}

unsigned int fake_count_resets(const char *bdf)
{
	unsigned int resets;

	fake_lock();
	resets = fake_device_find(bdf)->resets;
	fake_unlock();
	return resets;
}

unsigned int fake_count_hot_resets(const char *bdf)
{
	unsigned int resets;

	fake_lock();
	resets = fake_device_find(bdf)->hot_resets;
	fake_unlock();
	return resets;
}

bool fake_is_bus_master(const char *bdf)
{
	bool on;

	fake_lock();
	on = fake_device_find(bdf)->config[4] & 4;
	fake_unlock();
	return on;
}

size_t fake_count_vectors(void)
{
	size_t count = 0;

	fake_lock();
	for (struct fake_device *device = fake_devices; device; device = device->next)
		for (size_t i = 0; i < FAKE_IRQS; i++)
			for (size_t j = 0; j < device->irqs[i].count; j++)
				count += device->irqs[i].fds[j] >= 0;
	fake_unlock();
	return count;
}

uint32_t fake_count_allocated(const char *bdf)
{
	uint32_t count;

	fake_lock();
	count = fake_device_find(bdf)->irq_allocated;
	fake_unlock();
	return count;
}

/* A memory file a device, and the references to eventfds. */
size_t fake_count_own_fds(void)
{
	size_t count = fake_count_vectors();

	fake_lock();
	for (struct fake_device *device = fake_devices; device; device = device->next)
		count += 1 + fake_ioeventfd_count(device) + (device->wakeup_fd >= 0) +
			 (device->unmask_fd >= 0);
	fake_unlock();
	return count;
}

bool fake_fire(const char *bdf, uint32_t index, uint32_t vector)
{
	struct fake_device *device;
	bool heard;

	fake_lock();
	device = fake_device_find(bdf);
	fake_irq_settle();
	heard = device->irqs[index].fds[vector] >= 0;
	fake_irq_fire(device, index, vector);
	fake_unlock();
	return heard;
}
