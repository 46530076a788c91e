/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Stores that eventfds make. */

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake/internal.h"
#include "fake/lock.h"

#define OFFSET_SHIFT 40

static bool is_same(const struct fake_ioeventfd *store, const struct vfio_device_ioeventfd *wanted)
{
	return store->width && store->offset == wanted->offset && store->value == wanted->data &&
	       store->width == (wanted->flags & VFIO_DEVICE_IOEVENTFD_SIZE_MASK);
}

static struct fake_ioeventfd *find(struct fake_device *device,
				   const struct vfio_device_ioeventfd *wanted)
{
	for (size_t i = 0; i < FAKE_IOEVENTFDS; i++)
		if (is_same(&device->ioeventfds[i], wanted))
			return &device->ioeventfds[i];
	return NULL;
}

static unsigned int find_msix(const struct fake_device *device)
{
	unsigned int at = device->config[PCI_CAPABILITY_LIST];

	for (int i = 0; i < 48 && at >= PCI_STD_HEADER_SIZEOF; i++) {
		if (device->config[at] == PCI_CAP_ID_MSIX)
			return at;
		at = device->config[at + 1];
	}
	return 0;
}

static bool hits_msix(const struct fake_device *device, uint64_t index, uint64_t at, uint32_t width)
{
	unsigned int msix = find_msix(device);
	uint32_t table, start, size;

	if (!msix)
		return false;
	memcpy(&table, device->config + msix + PCI_MSIX_TABLE, sizeof(table));
	start = table & PCI_MSIX_TABLE_OFFSET;
	size = ((device->config[msix + 2] | (device->config[msix + 3] & 7) << 8) + 1) * 16;
	return index == (table & PCI_MSIX_TABLE_BIR) && at < start + size && at + width > start;
}

static long check(const struct fake_device *device, const struct vfio_device_ioeventfd *wanted)
{
	uint64_t index = wanted->offset >> OFFSET_SHIFT;
	uint64_t at = wanted->offset & ((1ull << OFFSET_SHIFT) - 1);
	uint32_t width = wanted->flags;

	if (wanted->argsz < 32 || wanted->fd < -1 ||
	    (width != 1 && width != 2 && width != 4 && width != 8))
		return -EINVAL;
	if (width > fake_settings.ioeventfd_width || index > VFIO_PCI_BAR5_REGION_INDEX ||
	    at + width > device->regions[index].size || hits_msix(device, index, at, width))
		return -EINVAL;
	return 0;
}

static bool is_eventfd(int fd)
{
	char path[64], name[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, name, sizeof(name) - 1) > 0 && !strcmp(name, "anon_inode:[eventfd]");
}

static long add(struct fake_device *device, const struct vfio_device_ioeventfd *wanted)
{
	uint32_t limit = fake_settings.ioeventfd_limit;

	for (uint32_t i = 0; i < limit; i++) {
		struct fake_ioeventfd *store = &device->ioeventfds[i];
		int fd;

		if (store->width)
			continue;
		fd = fcntl(wanted->fd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			return -errno;
		if (!is_eventfd(fd)) {
			close(fd);
			return -EINVAL;
		}
		*store = (struct fake_ioeventfd){ wanted->offset, wanted->data, wanted->flags, fd };
		return 0;
	}
	return -ENOSPC;
}

static void drop(struct fake_ioeventfd *store)
{
	close(store->fd);
	store->width = 0;
}

long fake_ioeventfd_set(struct fake_device *device, const struct vfio_device_ioeventfd *wanted)
{
	struct fake_ioeventfd *store;
	long err;

	if (!fake_settings.ioeventfd_width)
		return -ENOTTY;
	err = check(device, wanted);
	if (err)
		return err;
	store = find(device, wanted);
	if (wanted->fd >= 0)
		return store ? -EEXIST : add(device, wanted);
	if (!store)
		return -ENODEV;
	drop(store);
	return 0;
}

void fake_ioeventfd_drop_all(struct fake_device *device)
{
	for (size_t i = 0; i < FAKE_IOEVENTFDS; i++)
		if (device->ioeventfds[i].width)
			drop(&device->ioeventfds[i]);
}

size_t fake_ioeventfd_count(const struct fake_device *device)
{
	size_t count = 0;

	for (size_t i = 0; i < FAKE_IOEVENTFDS; i++)
		count += device->ioeventfds[i].width != 0;
	return count;
}

void fake_make_stores(const char *bdf)
{
	struct fake_device *device;
	uint64_t events;

	fake_lock();
	device = fake_device_find(bdf);
	for (size_t i = 0; i < FAKE_IOEVENTFDS; i++) {
		const struct fake_ioeventfd *store = &device->ioeventfds[i];

		if (store->width && read(store->fd, &events, sizeof(events)) == sizeof(events))
			fake_device_store(device, store->offset, &store->value, store->width);
	}
	fake_unlock();
}

size_t fake_count_stores(const char *bdf)
{
	size_t count;

	fake_lock();
	count = fake_ioeventfd_count(fake_device_find(bdf));
	fake_unlock();
	return count;
}
