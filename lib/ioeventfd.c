/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/ioeventfd.h>

#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <stdio.h>

#include "base/api.h"
#include "base/error.h"
#include "device_config.h"
#include "gone.h"
#include "region.h"

#define NO_FD -1 /* VFIO's way to say: remove it */

#define STORE_TEXT 80

static const char *store_text(const struct vfa_ioeventfd *store, char text[STORE_TEXT])
{
	snprintf(text, STORE_TEXT, "a %u-byte store of 0x%" PRIx64 " to 0x%" PRIx64 " of region %u",
		 store->width, store->value, store->offset, store->index);
	return text;
}

static int check_width(const struct vfa_device *device, const struct vfa_ioeventfd *store)
{
	uint32_t width = store->width;

	if (width != 1 && width != 2 && width != 4 && width != 8)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s: a store of %u bytes\ngive a width of 1, 2, 4 or 8",
				 device->bdf, width);
	if (width < 8 && store->value >> (8 * width))
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s: 0x%" PRIx64 " has more than %u bytes\n"
				 "give a value that the width has room for",
				 device->bdf, store->value, width);
	if (store->offset % width)
		return error_set(EINVAL, VFA_CAUSE_MISALIGNED,
				 "%s: region offset 0x%" PRIx64 " is not a multiple of %u\n"
				 "use a narrower store",
				 device->bdf, store->offset, width);
	return 0;
}

static int check_store(const struct vfa_device *device, const struct vfa_ioeventfd *store)
{
	int err;

	if (!device || !store)
		return error_null(device ? "store" : "device");
	err = check_width(device, store);
	if (!err)
		err = region_check_bounds(device, store->index, store->offset, store->width);
	if (err || store->index <= VFA_BAR(5))
		return err;
	return error_set(EOPNOTSUPP, VFA_CAUSE_IOEVENTFD,
			 "%s: eventfds make no stores to region %u: it is no BAR\n"
			 "use vfa_region_write",
			 device->bdf, store->index);
}

static int set_eventfd(struct vfa_device *device, const struct vfa_ioeventfd *store, int fd)
{
	struct vfio_device_ioeventfd ioeventfd = {
		.argsz = sizeof(ioeventfd),
		.flags = store->width, /* which VFIO's flags are */
		.offset = device->regions[store->index].info.offset + store->offset,
		.data = store->value,
		.fd = fd,
	};

	return device_ioctl(device, VFIO_DEVICE_IOEVENTFD, &ioeventfd);
}

/* What others added by the same fd is removed here too. */
static int change_stores(struct vfa_device *device, const struct vfa_ioeventfd *store, int fd)
{
	int err;

	pthread_mutex_lock(&device->lock);
	err = set_eventfd(device, store, fd);
	if (err >= 0 && fd != NO_FD)
		device->store_count++;
	else if (err >= 0 && device->store_count)
		device->store_count--;
	pthread_mutex_unlock(&device->lock);
	return err;
}

/* Where the MSI-X table is, or false where that cannot be read. */
static bool find_table(const struct vfa_device *device, uint32_t *bar, uint64_t *start,
		       uint64_t *last)
{
	struct device_config config;
	uint32_t flags, table;
	int at;

	device_config(device, &config);
	at = capability_find(&config.space, PCI_CAP_ID_MSIX);
	if (at <= 0 || config.space.read(&config.space, at, &flags) ||
	    config.space.read(&config.space, at + PCI_MSIX_TABLE, &table))
		return false;
	flags >>= 16; /* behind the id and the link */
	*bar = table & PCI_MSIX_TABLE_BIR;
	*start = table & PCI_MSIX_TABLE_OFFSET;
	*last = *start + ((flags & PCI_MSIX_FLAGS_QSIZE) + 1) * PCI_MSIX_ENTRY_SIZE - 1;
	return true;
}

/*
 * The kernel's EINVAL says no more. A width that it has no store for is EINVAL when the store
 * is removed, too; else that fails because there is none.
 */
static int refuse_invalid(struct vfa_device *device, const struct vfa_ioeventfd *store, int fd)
{
	uint64_t start, last;
	char text[STORE_TEXT];
	uint32_t bar;

	if (find_table(device, &bar, &start, &last) && bar == store->index &&
	    store->offset <= last && store->offset + store->width > start)
		return error_set(EOPNOTSUPP, VFA_CAUSE_IOEVENTFD,
				 "%s: %s hits the MSI-X table 0x%" PRIx64 "-0x%" PRIx64
				 ", which eventfds cannot write\n"
				 "leave the table to the kernel: vfa_irq_enable",
				 device->bdf, store_text(store, text), start, last);
	if (store->width == 8 && set_eventfd(device, store, NO_FD) == -EINVAL)
		return error_set(EOPNOTSUPP, VFA_CAUSE_IOEVENTFD,
				 "%s: eventfds of this kernel make no 8-byte stores\n"
				 "use two stores of 4 bytes where the device takes them",
				 device->bdf);
	if (fd != NO_FD)
		return error_set(EINVAL, VFA_CAUSE_BAD_FD,
				 "fd %d is not an eventfd\npass what eventfd(2) returned", fd);
	return error_device(device, EINVAL, "%s: VFIO_DEVICE_IOEVENTFD", device->bdf);
}

static int refuse(struct vfa_device *device, const struct vfa_ioeventfd *store, int fd, int err)
{
	char text[STORE_TEXT];

	switch (err) {
	case -EINVAL:
		return refuse_invalid(device, store, fd);
	case -ENOTTY:
		return error_set(
			EOPNOTSUPP, VFA_CAUSE_IOEVENTFD,
			"%s: this kernel makes no stores for eventfds\n"
			"wait for the eventfd and make the store; Linux has it from 4.17 on",
			device->bdf);
	case -EBADF:
		return error_set(EBADF, VFA_CAUSE_BAD_FD, "fd %d is not open\npass an eventfd", fd);
	case -EEXIST:
		return error_set(EEXIST, VFA_CAUSE_IOEVENTFD,
				 "%s: an eventfd makes %s already\n"
				 "remove it first: vfa_ioeventfd_remove",
				 device->bdf, store_text(store, text));
	case -ENOSPC:
		return error_set(ENOSPC, VFA_CAUSE_IOEVENTFD,
				 "%s: it has as many eventfds that make stores as the kernel "
				 "allows\nremove some: vfa_ioeventfd_remove",
				 device->bdf);
	}
	return error_device(device, err, "%s: VFIO_DEVICE_IOEVENTFD", device->bdf);
}

VFA_API int vfa_ioeventfd_add(struct vfa_device *device, const struct vfa_ioeventfd *store, int fd)
{
	int err = check_store(device, store);

	if (err)
		return err;
	if (fd < 0)
		return refuse(device, store, fd, -EBADF);
	err = change_stores(device, store, fd);
	return err < 0 ? refuse(device, store, fd, err) : 0;
}

VFA_API int vfa_ioeventfd_remove(struct vfa_device *device, const struct vfa_ioeventfd *store)
{
	char text[STORE_TEXT];
	int err = check_store(device, store);

	if (err)
		return err;
	err = change_stores(device, store, NO_FD);
	if (err == -ENODEV && !device_is_gone(device))
		return error_set(ENOENT, VFA_CAUSE_IOEVENTFD,
				 "%s: no eventfd makes %s\nremove what was added, and once",
				 device->bdf, store_text(store, text));
	return err < 0 ? refuse(device, store, NO_FD, err) : 0;
}
