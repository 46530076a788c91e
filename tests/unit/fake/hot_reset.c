/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Resets of a whole bus: what is on it, and whose that is. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake/dmabuf.h"
#include "fake/internal.h"
#include "uapi/vfio_cdev.h"

#define BUS_MAX 256

struct address {
	unsigned int domain, bus, slot, function;
};

static struct address address_of(const struct fake_device *device)
{
	struct address at = { .bus = 0 };

	sscanf(device->bdf, "%x:%x:%x.%u", &at.domain, &at.bus, &at.slot, &at.function);
	return at;
}

/* All on one bus, in ascending order; none on the root bus, which has no bridge to reset it. */
static size_t find_bus(const struct fake_device *device, struct fake_device *bus[BUS_MAX])
{
	struct address here = address_of(device), there;
	size_t count = 0;

	for (unsigned int devfn = 0; here.bus && devfn < BUS_MAX; devfn++)
		for (struct fake_device *other = fake_devices; other; other = other->next) {
			there = address_of(other);
			if (there.domain == here.domain && there.bus == here.bus &&
			    there.slot << 3 == (devfn & ~7u) && there.function == (devfn & 7))
				bus[count++] = other;
		}
	return count;
}

static bool by_node(const struct fake_opened *opened)
{
	return !opened->group_file;
}

/* What the kernel calls the device's id in an iommufd: -ENODEV when it is not of it. */
static int id_in(const struct fake_device *device, const struct fake_iommufd *iommufd)
{
	if (device->opened && device->opened->iommufd_file->iommufd == iommufd)
		return device->opened->id;
	return device->group->owner == iommufd ? -ENOENT : -ENODEV;
}

static uint32_t tell_id(const struct fake_opened *opened, const struct fake_device *device)
{
	int id = device->unbound ? -ENODEV : id_in(device, opened->iommufd_file->iommufd);

	if (id == -ENOENT)
		return UAPI_VFIO_PCI_DEVID_OWNED;
	return id > 0 ? (uint32_t)id : UAPI_VFIO_PCI_DEVID_NOT_OWNED;
}

static void tell(const struct fake_opened *opened, const struct fake_device *device,
		 struct vfio_pci_hot_reset_info *info)
{
	struct vfio_pci_dependent_device *told = &info->devices[info->count++];
	struct address at = address_of(device);

	told->segment = at.domain;
	told->bus = at.bus;
	told->devfn = at.slot << 3 | at.function;
	told->group_id = by_node(opened) ? tell_id(opened, device) : device->group->number;
	if (by_node(opened) && told->group_id == UAPI_VFIO_PCI_DEVID_NOT_OWNED)
		info->flags &= ~UAPI_VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED;
}

long fake_hot_reset_info(const struct fake_opened *opened, struct vfio_pci_hot_reset_info *info)
{
	struct fake_device *bus[BUS_MAX];
	size_t count = find_bus(opened->device, bus);

	if (!info)
		return -EFAULT;
	if (info->argsz < sizeof(*info))
		return -EINVAL;
	info->flags = 0;
	if (!count)
		return -ENODEV;
	if (count > (info->argsz - sizeof(*info)) / sizeof(info->devices[0])) {
		info->count = count;
		return -ENOSPC;
	}
	if (fake_settings.hot_reset_races) {
		fake_settings.hot_reset_races--;
		return -EAGAIN;
	}
	info->count = 0;
	if (by_node(opened))
		info->flags = UAPI_VFIO_PCI_HOT_RESET_FLAG_DEV_ID |
			      UAPI_VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED;
	for (size_t i = 0; i < count; i++)
		tell(opened, bus[i], info);
	return 0;
}

static bool is_among(const struct fake_device *device, const struct vfio_pci_hot_reset *request)
{
	for (uint32_t i = 0; i < request->count; i++)
		if (fake_file_of_fd(request->group_fds[i])->group == device->group)
			return true;
	return false;
}

static int check_groups(const struct vfio_pci_hot_reset *request, size_t count)
{
	if (request->count > count)
		return -EINVAL;
	for (uint32_t i = 0; i < request->count; i++) {
		const struct fake_file *file = fake_file_of_fd(request->group_fds[i]);

		if (!file)
			return -EBADF;
		if (file->kind != FILE_GROUP)
			return -EINVAL;
	}
	return 0;
}

static bool owns(const struct fake_opened *opened, const struct fake_device *device,
		 const struct vfio_pci_hot_reset *request)
{
	if (device->unbound)
		return false;
	if (by_node(opened))
		return tell_id(opened, device) != UAPI_VFIO_PCI_DEVID_NOT_OWNED;
	return is_among(device, request);
}

long fake_hot_reset(const struct fake_opened *opened, const struct vfio_pci_hot_reset *request)
{
	struct fake_device *bus[BUS_MAX];
	size_t count = find_bus(opened->device, bus);
	int err;

	if (!request)
		return -EFAULT;
	if (request->argsz < sizeof(*request) || request->flags)
		return -EINVAL;
	if (!request->count != by_node(opened))
		return -EINVAL;
	if (!count)
		return -ENODEV;
	err = check_groups(request, count);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++)
		if (!owns(opened, bus[i], request))
			return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		fake_power_wake(bus[i]);
		bus[i]->hot_resets++;
		fake_dmabuf_move(bus[i], true);
	}
	return 0;
}
