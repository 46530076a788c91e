/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "gone.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "base/sysfs.h"

#define ALL_ONES "its config space reads as all ones"

/*
 * What tells that a device is gone, or NULL. All ones is what a bus answers for a device
 * that does not. VFIO answers for the ids by itself, and for the bit in Status that tells of
 * capabilities; no bit of the class and the revision is its own.
 */
static const char *look(const struct vfa_device *device)
{
	const struct vfa_region_info *config;
	uint32_t class_code = 0;
	ssize_t got;

	if (!(device->flags & VFIO_DEVICE_FLAGS_PCI) || device->region_count <= VFA_REGION_CONFIG)
		return NULL;
	config = &device->regions[VFA_REGION_CONFIG].info;
	got = sys_pread(device_syscalls(device), device->fd, &class_code, sizeof(class_code),
			config->offset + PCI_CLASS_REVISION);
	if (got == -EIO) /* the kernel could not wake it */
		return "reading its config space fails with EIO";
	if (got == -ENODEV)
		return "reading its config space fails with ENODEV";
	return class_code == UINT32_MAX ? ALL_ONES : NULL;
}

static int refuse_gone(const struct vfa_device *device, const char *seen)
{
	return error_set(ENODEV, VFA_CAUSE_DEVICE_GONE,
			 "%s is gone: %s\n"
			 "stop using it and close it: the kernel waits for that; if it was not "
			 "removed, it fell off its bus: remove and rescan it, or cycle its power",
			 device->bdf, seen);
}

bool device_is_gone(const struct vfa_device *device)
{
	return look(device);
}

int device_require_answer(const struct vfa_device *device)
{
	const char *seen = look(device);

	return seen ? refuse_gone(device, seen) : 0;
}

int error_gone(const struct vfa_device *device)
{
	int err = device_require_answer(device);

	return err ? err : refuse_gone(device, ALL_ONES);
}

int error_device(const struct vfa_device *device, int err, const char *format, ...)
{
	int gone = device_require_answer(device);
	va_list arguments;
	char text[256];

	if (gone)
		return gone;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_kernel(err, "%s", text);
}

/* What a look at config space would undo. */
static bool is_suspended(const struct vfa_device *device)
{
	const struct vfa_host *host = device->container->host;
	char path[SYSFS_PATH], status[32];

	sysfs_path(host, path, "bus/pci/devices/%s/power/runtime_status", device->bdf);
	return sysfs_read(host, path, status, sizeof(status)) > 0 && !strcmp(status, "suspended");
}

/* D3hot, to which the Power Management capability takes it; config space works there. */
static bool is_in_d3(const struct vfa_device *device)
{
	const struct vfa_host *host = device->container->host;
	char path[SYSFS_PATH], state[32];

	sysfs_path(host, path, "bus/pci/devices/%s/power_state", device->bdf);
	return sysfs_read(host, path, state, sizeof(state)) > 0 && !strncmp(state, "D3", 2);
}

/* The link to the driver goes first when a driver is to let go, and then the kernel waits. */
bool device_is_leaving(const struct vfa_host *host, const char *bdf)
{
	char directory[SYSFS_PATH], driver[SYSFS_PATH];

	sysfs_path(host, directory, "bus/pci/devices/%s", bdf);
	sysfs_path(host, driver, "bus/pci/devices/%s/driver", bdf);
	return sysfs_exists(host, directory) && !sysfs_exists(host, driver);
}

VFA_API int vfa_device_check(struct vfa_device *device)
{
	int err;

	if (!device)
		return error_null("device");
	if (is_suspended(device))
		return VFA_DEVICE_ASLEEP;
	err = device_require_answer(device);
	if (err)
		return err;
	if (device_is_leaving(device->container->host, device->bdf))
		return VFA_DEVICE_LEAVING;
	return is_in_d3(device) ? VFA_DEVICE_ASLEEP : VFA_DEVICE_READY;
}
