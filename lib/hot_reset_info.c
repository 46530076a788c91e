/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a hot reset affects, by the kernel's two kinds of answer. */

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "gone.h"
#include "hot_reset.h"
#include "topology/pci.h"
#include "uapi/vfio_cdev.h"

#define FIRST_ROOM 8
#define TRIES      8 /* while functions come and go */

/* Where the room is too small the kernel tells how much there should be. */
static int ask(struct vfa_device *device, uint32_t *room, struct vfio_pci_hot_reset_info **ret)
{
	size_t size = sizeof(**ret) + *room * sizeof((*ret)->devices[0]);
	struct vfio_pci_hot_reset_info *info = calloc(1, size);
	int err;

	if (!info)
		return -ENOMEM;
	info->argsz = size;
	err = device_ioctl(device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info);
	if (err < 0) {
		*room = info->count > *room ? info->count : *room;
		free(info);
		return err;
	}
	*ret = info;
	return 0;
}

static int refuse(struct vfa_device *device, int err)
{
	if (err == -ENOMEM)
		return error_memory();
	if (err == -ENODEV && !device_is_gone(device))
		return error_set(EOPNOTSUPP, VFA_CAUSE_NO_RESET,
				 "%s has no bus or slot that can be reset: it is on a root bus, or "
				 "the bridge above it does not do it\n"
				 "%s",
				 device->bdf,
				 device->flags & VFIO_DEVICE_FLAGS_RESET
					 ? "reset it alone: vfa_device_reset"
					 : "reset it by its own registers, if it has such");
	if (err == -EPERM)
		return error_set(EPERM, VFA_CAUSE_NOT_OWNED,
				 "hot reset of %s: a function on its bus is in no IOMMU group\n"
				 "the kernel does not reset what it cannot isolate",
				 device->bdf);
	return error_device(device, err, "%s: VFIO_DEVICE_GET_PCI_HOT_RESET_INFO", device->bdf);
}

static int read_info(struct vfa_device *device, struct vfio_pci_hot_reset_info **ret)
{
	uint32_t room = FIRST_ROOM;
	int err, tries = 0;

	do
		err = ask(device, &room, ret);
	while ((err == -ENOSPC || err == -EAGAIN) && ++tries < TRIES);
	return err ? refuse(device, err) : 0;
}

static bool is_open_in(struct vfa_container *container, const char *bdf)
{
	const struct vfa_device *device;

	container_lock(container);
	for (device = container->devices; device; device = device->next)
		if (!strcmp(device->bdf, bdf))
			break;
	container_unlock(container);
	return device;
}

static bool has_group(struct vfa_container *container, int group, const char *bdf)
{
	bool found;

	if (container->backend->kind == VFA_BACKEND_IOMMUFD)
		return false;
	container_lock(container);
	found = type1_group_fd(container->backend, group, bdf) >= 0;
	container_unlock(container);
	return found;
}

static enum vfa_ownership owned_in(struct vfa_container *container, int group, const char *bdf)
{
	if (is_open_in(container, bdf))
		return VFA_OWNERSHIP_OPEN;
	return has_group(container, group, bdf) ? VFA_OWNERSHIP_GROUP : VFA_OWNERSHIP_NONE;
}

/* By groups: those of its container, and of the containers of the others. */
static enum vfa_ownership owned_by_group(const struct hot_reset *hot_reset, int group,
					 const char *bdf)
{
	enum vfa_ownership best = owned_in(hot_reset->device->container, group, bdf);

	for (size_t i = 0; i < hot_reset->other_count && best != VFA_OWNERSHIP_OPEN; i++) {
		enum vfa_ownership here = owned_in(hot_reset->others[i]->container, group, bdf);

		best = here > best ? here : best;
	}
	return best;
}

static enum vfa_ownership owned_by_id(uint32_t id)
{
	if (id == UAPI_VFIO_PCI_DEVID_NOT_OWNED)
		return VFA_OWNERSHIP_NONE;
	return id == UAPI_VFIO_PCI_DEVID_OWNED ? VFA_OWNERSHIP_GROUP : VFA_OWNERSHIP_OPEN;
}

/* The kernel has no word for a function that VFIO does not have. */
static void describe(const struct hot_reset *hot_reset, bool by_id,
		     const struct vfio_pci_dependent_device *from,
		     struct vfa_hot_reset_function *ret)
{
	struct pci_function function;

	snprintf(ret->bdf, sizeof(ret->bdf), "%04x:%02x:%02x.%u", from->segment, from->bus,
		 from->devfn >> 3, from->devfn & 7u);
	pci_read(hot_reset->device->container->host, ret->bdf, &function);
	ret->group = by_id ? function.group : (int32_t)from->group_id;
	ret->ownership = by_id ? owned_by_id(from->group_id)
			       : owned_by_group(hot_reset, ret->group, ret->bdf);
	/* One that is open, but about to be taken away, has lost its driver in sysfs. */
	if (ret->ownership != VFA_OWNERSHIP_OPEN && function.exists &&
	    !pci_is_vfio_bound(&function))
		ret->ownership = VFA_OWNERSHIP_UNBOUND;
}

static int by_address(const void *a, const void *b)
{
	const struct vfa_hot_reset_function *one = a, *other = b;

	return strcmp(one->bdf, other->bdf);
}

int hot_reset_read(struct hot_reset *hot_reset)
{
	struct vfio_pci_hot_reset_info *info = NULL;
	int err = read_info(hot_reset->device, &info);

	if (err)
		return err;
	hot_reset->functions = calloc(info->count + 1, sizeof(*hot_reset->functions));
	if (!hot_reset->functions) {
		free(info);
		return error_memory();
	}
	hot_reset->count = info->count;
	for (uint32_t i = 0; i < info->count; i++)
		describe(hot_reset, info->flags & UAPI_VFIO_PCI_HOT_RESET_FLAG_DEV_ID,
			 &info->devices[i], &hot_reset->functions[i]);
	qsort(hot_reset->functions, hot_reset->count, sizeof(*hot_reset->functions), by_address);
	free(info);
	return 0;
}
