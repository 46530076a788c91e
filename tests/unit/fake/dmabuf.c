/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * dma-bufs: parts of a device's BAR, which are revoked while it does not answer and for good
 * when it is closed; and those of other drivers, which iommufd does not map by file.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake/dmabuf.h"
#include "fake/lock.h"
#include "uapi/vfio_feature.h"

#define HEADER sizeof(struct vfio_device_feature)

static struct fake_dmabuf *dmabufs;

/* Its fd is a file of its size, as that of a real one tells its size. */
static int install(struct fake_dmabuf *dmabuf)
{
	struct fake_file *file = fake_file_new(FILE_DMABUF);
	struct stat status;
	int fd;

	dmabuf->next = dmabufs;
	dmabufs = dmabuf;
	file->dmabuf = dmabuf;
	fake_objects[FAKE_OBJECT_DMABUF]++;
	fake_file_get(file);
	fd = fake_file_install(file);
	fake_file_put(file);
	if (fd >= 0 && (ftruncate(fd, dmabuf->size) || fstat(fd, &status)))
		abort();
	if (fd >= 0)
		dmabuf->inode = status.st_ino;
	return fd;
}

void fake_dmabuf_release(struct fake_file *file)
{
	struct fake_dmabuf **link = &dmabufs;

	while (*link != file->dmabuf)
		link = &(*link)->next;
	*link = file->dmabuf->next;
	free(file->dmabuf);
	fake_objects[FAKE_OBJECT_DMABUF]--;
}

int fake_dmabuf_open(uint64_t size, bool can_mmap)
{
	struct fake_dmabuf *dmabuf = calloc(1, sizeof(*dmabuf));
	int fd;

	dmabuf->size = size;
	dmabuf->can_mmap = can_mmap;
	fake_lock();
	fd = install(dmabuf);
	fake_unlock();
	return fd;
}

/* Where the power state is in config space, or 0. */
static unsigned int power_register(const struct fake_device *device)
{
	unsigned int at = device->config[PCI_CAPABILITY_LIST];

	while (at && device->config[at] != PCI_CAP_ID_PM)
		at = device->config[at + 1];
	return at ? at + PCI_PM_CTRL : 0;
}

static unsigned int power_state(const struct fake_device *device)
{
	unsigned int at = power_register(device);

	return at ? device->config[at] & PCI_PM_CTRL_STATE_MASK : 0;
}

/* What the kernel goes by: not whether low power was entered. */
static bool decodes(const struct fake_device *device)
{
	return device->config[PCI_COMMAND] & PCI_COMMAND_MEMORY && power_state(device) < 3;
}

bool fake_device_answers(const struct fake_device *device)
{
	return decodes(device) && !device->low_power;
}

static bool is_port(const struct fake_device *device, uint32_t bar)
{
	return device->config[PCI_BASE_ADDRESS_0 + 4 * bar] & PCI_BASE_ADDRESS_SPACE_IO;
}

/* In the kernel's order. */
static int check_ranges(const struct fake_device *device,
			const struct uapi_vfio_feature_dma_buf *request,
			const struct uapi_vfio_region_dma_range *ranges, uint64_t *size)
{
	uint64_t bar = device->regions[request->region_index].size, end;

	for (uint32_t i = 0; i < request->nr_ranges; i++) {
		if (!ranges[i].length || (ranges[i].offset | ranges[i].length) & (FAKE_PAGE - 1))
			return -EINVAL;
		*size += ranges[i].length;
	}
	if (is_port(device, request->region_index))
		return -EINVAL;
	for (uint32_t i = 0; i < request->nr_ranges; i++) {
		if (__builtin_add_overflow(ranges[i].offset, ranges[i].length, &end))
			return -EOVERFLOW;
		if (end > bar)
			return -EINVAL;
	}
	return 0;
}

long fake_dmabuf_export(struct fake_device *device, const struct vfio_device_feature *argument)
{
	const struct uapi_vfio_feature_dma_buf *request = (const void *)argument->data;
	const struct uapi_vfio_region_dma_range *ranges = (const void *)(request + 1);
	struct fake_dmabuf *dmabuf;
	uint64_t size = 0;
	int err, fd;

	if (argument->argsz - HEADER < sizeof(*request))
		return -EINVAL;
	if (!request->nr_ranges || request->flags)
		return -EINVAL;
	if (request->region_index >= VFIO_PCI_ROM_REGION_INDEX ||
	    !device->regions[request->region_index].size)
		return -ENODEV;
	err = check_ranges(device, request, ranges, &size);
	if (err)
		return err;
	dmabuf = calloc(1, sizeof(*dmabuf));
	dmabuf->device = device;
	dmabuf->is_of_bar = true;
	dmabuf->region = request->region_index;
	dmabuf->start = ranges[0].offset;
	dmabuf->pieces = request->nr_ranges;
	dmabuf->size = size;
	dmabuf->revoked = !decodes(device);
	fd = install(dmabuf);
	if (fd >= 0 && !(request->open_flags & O_CLOEXEC))
		fcntl(fd, F_SETFD, 0);
	return fd;
}

int fake_dmabuf_check_map(const struct fake_dmabuf *dmabuf, uint64_t start, uint64_t length)
{
	/* Before Linux 6.19 it was a file like any that is no memory. */
	if (!fake_settings.dmabufs)
		return -EINVAL;
	if (start + length - 1 >= dmabuf->size)
		return -EINVAL;
	if (!dmabuf->is_of_bar)
		return -EOPNOTSUPP;
	if (dmabuf->revoked)
		return -ENODEV;
	return dmabuf->pieces > 1 ? -EOPNOTSUPP : 0;
}

int fake_dmabuf_mmap(const struct fake_dmabuf *dmabuf, int fd, size_t size, int protection,
		     int flags, uint64_t offset, void **ret)
{
	if (!dmabuf->can_mmap || !(flags & MAP_SHARED) || offset + size > dmabuf->size)
		return -EINVAL;
	*ret = mmap(*ret, size, protection, flags, fd, offset);
	if (*ret == MAP_FAILED)
		return -errno;
	fake_memory_add_pfns(*ret, size);
	return 0;
}

/* What is mapped stays so for the kernel's lists, but leads nowhere any more. */
static void cut_off(struct fake_dmabuf *dmabuf)
{
	dmabuf->revoked = true;
	fake_spaces_revoke(dmabuf);
}

void fake_dmabuf_move(struct fake_device *device, bool resets)
{
	for (struct fake_dmabuf *dmabuf = dmabufs; dmabuf; dmabuf = dmabuf->next) {
		if (dmabuf->device != device)
			continue;
		if (resets || !decodes(device))
			cut_off(dmabuf);
		dmabuf->revoked = !decodes(device);
	}
}

void fake_dmabuf_revoke(struct fake_device *device)
{
	for (struct fake_dmabuf *dmabuf = dmabufs; dmabuf; dmabuf = dmabuf->next)
		if (dmabuf->device == device)
			cut_off(dmabuf);
}

void fake_dmabuf_config(struct fake_device *device, uint64_t at, size_t size)
{
	unsigned int power = power_register(device);

	if ((at <= PCI_COMMAND && at + size > PCI_COMMAND) ||
	    (power && at <= power && at + size > power))
		fake_dmabuf_move(device, false);
}

void fake_dmabuf_cleanup(struct fake_device *device)
{
	for (struct fake_dmabuf *dmabuf = dmabufs; dmabuf; dmabuf = dmabuf->next) {
		if (dmabuf->device != device)
			continue;
		cut_off(dmabuf);
		dmabuf->device = NULL;
	}
}
