/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake/chain.h"
#include "fake/dmabuf.h"
#include "fake/internal.h"
#include "uapi/vfio_cdev.h"

#define OFFSET_SHIFT   40 /* vfio-pci puts the region's index above this bit */
#define CONFIG_COMMAND 4
#define COMMAND_MASTER 4

struct fake_opened *fake_opened_new(struct fake_device *device)
{
	struct fake_opened *opened = calloc(1, sizeof(*opened));

	if (opened) {
		opened->device = device;
		fake_objects[FAKE_OBJECT_DEVICE]++;
	}
	return opened;
}

/* vfio-pci resets a device that is opened, and keeps it from doing DMA. */
void fake_device_first_open(struct fake_device *device)
{
	device->config[CONFIG_COMMAND] &= ~COMMAND_MASTER;
	device->config[CONFIG_COMMAND] |= 2;
	device->masked = false;
	device->pending = false;
	memcpy(device->saved, device->config, sizeof(device->saved));
}

/* And puts back what was there, of PCI Express too. */
static void last_close(struct fake_device *device)
{
	fake_dmabuf_cleanup(device);
	memcpy(device->config, device->saved, sizeof(device->config));
	device->config[CONFIG_COMMAND] &= ~COMMAND_MASTER;
	fake_irq_disable_all(device);
	fake_ioeventfd_drop_all(device);
	fake_power_leave(device);
}

static bool has_others(const struct fake_device *device)
{
	for (const struct fake_device *other = fake_devices; other; other = other->next)
		if (other != device && other->group == device->group && !other->leaving)
			return true;
	return false;
}

/* The last one takes its group out of the container. */
void fake_device_leave(struct fake_device *device)
{
	struct fake_group *group = device->group;

	if (!device->leaving || device->open_count || has_others(device))
		return;
	if (group->container)
		fake_container_remove_group(group->container, group);
}

int fake_device_open_by_group(struct fake_device *device, struct fake_file *group_file)
{
	struct fake_file *file = fake_file_new(FILE_DEVICE);
	int fd;

	file->opened = fake_opened_new(device);
	file->opened->granted = true;
	file->opened->group_file = group_file;
	if (device->open_count++ == 0) {
		fake_file_get(group_file);
		device->group->container_users++;
		fake_device_first_open(device);
	}
	fake_file_get(file);
	fd = fake_file_install(file);
	fake_file_put(file);
	return fd;
}

static void close_by_group(struct fake_opened *opened)
{
	if (--opened->device->open_count)
		return;
	last_close(opened->device);
	opened->device->group->container_users--;
	fake_device_leave(opened->device);
	fake_file_put(opened->group_file);
}

static void close_by_node(struct fake_opened *opened)
{
	struct fake_device *device = opened->device;

	if (!opened->granted)
		return;
	device->open_count--;
	device->opened = NULL;
	last_close(device);
	fake_pasid_detach_all(opened);
	if (opened->page_table)
		fake_iommufd_detach(opened->iommufd_file, device, &opened->page_table);
	fake_iommufd_unbind(opened->iommufd_file, device, opened->id);
	device->group->cdev_opens--;
	fake_file_put(opened->iommufd_file);
}

void fake_device_release(struct fake_file *file)
{
	struct fake_opened *opened = file->opened;

	if (opened->group_file)
		close_by_group(opened);
	else
		close_by_node(opened);
	fake_objects[FAKE_OBJECT_DEVICE]--;
	free(opened);
}

static long get_info(const struct fake_device *device, struct vfio_device_info *info)
{
	if (!info)
		return -EFAULT;
	if (info->argsz < offsetof(struct vfio_device_info, num_irqs) + 4)
		return -EINVAL;
	info->flags = VFIO_DEVICE_FLAGS_PCI;
	if (device->reset_works)
		info->flags |= VFIO_DEVICE_FLAGS_RESET;
	info->num_regions = device->region_count;
	info->num_irqs = VFIO_PCI_NUM_IRQS;
	return 0;
}

static void add_sparse(const struct fake_region *region, struct fake_chain *chain)
{
	struct vfio_region_sparse_mmap_area areas[FAKE_AREAS];
	size_t size = region->sparse_count * sizeof(areas[0]);
	char *data = fake_chain_add(chain, VFIO_REGION_INFO_CAP_SPARSE_MMAP, 1, 8 + size);

	for (uint32_t i = 0; i < region->sparse_count; i++) {
		areas[i].offset = region->sparse[i].start;
		areas[i].size = region->sparse[i].last - region->sparse[i].start + 1;
	}
	memcpy(data, &region->sparse_count, 4);
	memcpy(data + 8, areas, size);
}

static void fill_chain(const struct fake_region *region, struct fake_chain *chain)
{
	uint32_t type[] = { region->type, region->subtype };

	if (region->type)
		memcpy(fake_chain_add(chain, VFIO_REGION_INFO_CAP_TYPE, 1, sizeof(type)), type,
		       sizeof(type));
	if (region->is_sparse)
		add_sparse(region, chain);
	if (region->maps_msix)
		fake_chain_add(chain, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, 1, 0);
}

static long get_region_info(const struct fake_device *device, struct vfio_region_info *argument)
{
	struct vfio_region_info info;
	struct fake_chain chain = { .header = sizeof(info) };
	const struct fake_region *region;

	if (!argument)
		return -EFAULT;
	info = *argument;
	if (info.argsz < sizeof(info) || info.index >= device->region_count)
		return -EINVAL;
	if (device->info_errno)
		return -device->info_errno;
	region = &device->regions[info.index];
	if (info.index == VFIO_PCI_VGA_REGION_INDEX && !region->size)
		return -EINVAL;
	info.offset = (uint64_t)info.index << OFFSET_SHIFT;
	info.size = region->size;
	info.flags = region->flags;
	fill_chain(region, &chain);
	if (chain.size) {
		info.flags |= VFIO_REGION_INFO_FLAG_CAPS;
		fake_chain_copy(&chain, argument, &info.argsz, &info.cap_offset);
	}
	*argument = info;
	return 0;
}

static long get_irq_info(const struct fake_device *device, struct vfio_irq_info *info)
{
	if (!info)
		return -EFAULT;
	if (info->argsz < sizeof(*info) || info->index >= FAKE_IRQS)
		return -EINVAL;
	if (device->info_errno)
		return -device->info_errno;
	info->flags = VFIO_IRQ_INFO_EVENTFD;
	info->count = fake_irq_count(device, info->index);
	if (info->index == VFIO_PCI_INTX_IRQ_INDEX)
		info->flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	else if (info->index != VFIO_PCI_MSIX_IRQ_INDEX || !fake_settings.dynamic_msix)
		info->flags |= VFIO_IRQ_INFO_NORESIZE;
	return 0;
}

static long reset(struct fake_device *device)
{
	if (!device->reset_works)
		return -EINVAL;
	device->resets++;
	fake_dmabuf_move(device, true);
	return 0;
}

long fake_device_ioctl(struct fake_opened *opened, unsigned int request, void *argument)
{
	fake_power_wake(opened->device);
	switch (request) {
	case UAPI_VFIO_DEVICE_BIND_IOMMUFD:
		return fake_cdev_bind(opened, argument);
	case VFIO_DEVICE_GET_INFO:
		return get_info(opened->device, argument);
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region_info(opened->device, argument);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq_info(opened->device, argument);
	case VFIO_DEVICE_SET_IRQS:
		return fake_irq_set(opened->device, argument);
	case VFIO_DEVICE_RESET:
		return reset(opened->device);
	case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
		return fake_hot_reset_info(opened, argument);
	case VFIO_DEVICE_PCI_HOT_RESET:
		return fake_hot_reset(opened, argument);
	case VFIO_DEVICE_IOEVENTFD:
		return fake_ioeventfd_set(opened->device, argument);
	case VFIO_DEVICE_FEATURE:
		return fake_feature(opened->device, argument);
	}
	return -ENOTTY;
}

/* Registers that a device does not let software write, as vfio-pci has them. */
static bool is_read_only(uint64_t at)
{
	return at < 4 || (at >= 6 && at < 0xc) || at == 0xe || (at >= 0x2c && at < 0x30) ||
	       at == 0x34 || at == 0x3d;
}

static unsigned int find_capability(const struct fake_device *device, uint8_t id)
{
	unsigned int at = device->config[PCI_CAPABILITY_LIST];

	while (at && device->config[at] != id)
		at = device->config[at + 1];
	return at;
}

/* A bit that is always read as 0, and resets where another one says so. */
static void reset_by_bit(struct fake_device *device, uint8_t *control, uint8_t bit, bool is_capable)
{
	if (!(*control & bit))
		return;
	*control &= ~bit;
	if (!is_capable)
		return;
	device->resets++;
	fake_dmabuf_move(device, true);
}

static void reset_by_register(struct fake_device *device)
{
	unsigned int at = find_capability(device, PCI_CAP_ID_EXP);
	uint8_t *config = device->config;

	if (at)
		reset_by_bit(device, &config[at + PCI_EXP_DEVCTL + 1], PCI_EXP_DEVCTL_BCR_FLR >> 8,
			     config[at + PCI_EXP_DEVCAP + 3] & PCI_EXP_DEVCAP_FLR >> 24);
	at = find_capability(device, PCI_CAP_ID_AF);
	if (at)
		reset_by_bit(device, &config[at + PCI_AF_CTRL], PCI_AF_CTRL_FLR,
			     config[at + PCI_AF_CAP] & PCI_AF_CAP_FLR &&
				     config[at + PCI_AF_CAP] & PCI_AF_CAP_TP);
}

static ssize_t config_write(struct fake_device *device, const uint8_t *bytes, size_t size,
			    uint64_t at)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t *byte = &device->config[at + i], fixed = device->fixed[at + i];

		if (!is_read_only(at + i))
			*byte = (*byte & fixed) | (bytes[i] & ~fixed);
	}
	fake_dmabuf_config(device, at, size);
	reset_by_register(device);
	return size;
}

static ssize_t config_read(struct fake_device *device, void *buffer, size_t size, uint64_t at)
{
	uint8_t lost[FAKE_CONFIG];

	if (device->gone)
		fake_config_lose(device, lost);
	memcpy(buffer, (device->gone ? lost : device->config) + at, size);
	return size;
}

/* Of memory the kernel knows that it does not answer. */
static bool is_off(const struct fake_device *device, uint64_t index)
{
	bool ports = index <= VFIO_PCI_BAR5_REGION_INDEX &&
		     device->config[PCI_BASE_ADDRESS_0 + 4 * index] & PCI_BASE_ADDRESS_SPACE_IO;

	return index <= VFIO_PCI_ROM_REGION_INDEX && !ports &&
	       !(device->config[PCI_COMMAND] & PCI_COMMAND_MEMORY);
}

/*
 * Which region an access goes to, and how much of it is done; 0 where the
 * region's end or its rights do not admit it.
 */
static ssize_t admit(const struct fake_device *device, uint64_t offset, size_t size, uint32_t right)
{
	uint64_t index = offset >> OFFSET_SHIFT, at = offset & ((1ull << OFFSET_SHIFT) - 1);
	const struct fake_region *region;

	if (index >= device->region_count)
		return -EINVAL;
	if (device->stuck)
		return -EIO;
	region = &device->regions[index];
	if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		if (at >= region->size || at + size > region->size)
			return -EFAULT;
	} else if (at >= region->size || !(region->flags & right)) {
		return -EINVAL;
	}
	if (is_off(device, index))
		return -EIO;
	if (size > region->size - at)
		size = region->size - at;
	return size < device->transfer ? size : device->transfer;
}

static off_t memory_offset(uint64_t offset)
{
	return (offset >> OFFSET_SHIFT) * FAKE_BAR_ROOM + (offset & ((1ull << OFFSET_SHIFT) - 1));
}

void fake_device_store(struct fake_device *device, uint64_t offset, const void *bytes, size_t size)
{
	if (pwrite(device->memory_fd, bytes, size, memory_offset(offset)) != (ssize_t)size)
		abort();
}

ssize_t fake_device_read(struct fake_opened *opened, void *buffer, size_t size, uint64_t offset)
{
	struct fake_device *device = opened->device;
	ssize_t done;

	if (!opened->granted)
		return -EINVAL;
	fake_power_wake(device);
	if (!size)
		return 0;
	done = admit(device, offset, size, VFIO_REGION_INFO_FLAG_READ);
	if (done <= 0)
		return done;
	if (offset >> OFFSET_SHIFT == VFIO_PCI_CONFIG_REGION_INDEX)
		return config_read(device, buffer, done, offset & ((1ull << OFFSET_SHIFT) - 1));
	if (device->gone)
		memset(buffer, 0xff, done);
	else
		done = pread(device->memory_fd, buffer, done, memory_offset(offset));
	return done;
}

ssize_t fake_device_write(struct fake_opened *opened, const void *buffer, size_t size,
			  uint64_t offset)
{
	struct fake_device *device = opened->device;
	ssize_t done;

	if (!opened->granted)
		return -EINVAL;
	fake_power_wake(device);
	if (!size)
		return 0;
	done = admit(device, offset, size, VFIO_REGION_INFO_FLAG_WRITE);
	if (done <= 0)
		return done;
	if (offset >> OFFSET_SHIFT == VFIO_PCI_CONFIG_REGION_INDEX)
		return config_write(device, buffer, done, offset & ((1ull << OFFSET_SHIFT) - 1));
	return pwrite(device->memory_fd, buffer, done, memory_offset(offset));
}

static bool can_map(const struct fake_region *region, uint64_t at, uint64_t size)
{
	if (!(region->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return false;
	if (at + size > ((region->size + FAKE_PAGE - 1) & -FAKE_PAGE))
		return false;
	for (uint32_t i = 0; i < region->sparse_count; i++)
		if (at >= region->sparse[i].start && at + size - 1 <= region->sparse[i].last)
			return true;
	return !region->is_sparse;
}

int fake_device_mmap(struct fake_opened *opened, size_t size, int protection, int flags,
		     uint64_t offset, void **ret)
{
	uint64_t index = offset >> OFFSET_SHIFT, at = offset & ((1ull << OFFSET_SHIFT) - 1);
	struct fake_device *device = opened->device;

	if (!opened->granted || index >= device->region_count || !(flags & MAP_SHARED))
		return -EINVAL;
	if (index >= VFIO_PCI_ROM_REGION_INDEX && index < VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	if (!can_map(&device->regions[index], at, (size + FAKE_PAGE - 1) & -FAKE_PAGE))
		return -EINVAL;
	*ret = mmap(*ret, size, protection, flags, device->memory_fd, memory_offset(offset));
	if (*ret == MAP_FAILED)
		return -errno;
	fake_memory_add_mmio(*ret, size, device);
	return 0;
}
