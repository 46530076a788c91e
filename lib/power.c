/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <linux/vfio.h>
#include <string.h>
#include <vfa/power.h>

#include "base/api.h"
#include "base/error.h"
#include "base/sysfs.h"
#include "device.h"
#include "feature.h"

static const char *const names[] = {
	[VFA_POWER_UNKNOWN] = "unknown", [VFA_POWER_D0] = "D0",       [VFA_POWER_D1] = "D1",
	[VFA_POWER_D2] = "D2",           [VFA_POWER_D3HOT] = "D3hot", [VFA_POWER_D3COLD] = "D3cold",
};

#define STATES (sizeof(names) / sizeof(names[0]))

VFA_API const char *vfa_power_state_name(enum vfa_power_state state)
{
	return (unsigned int)state < STATES ? names[state] : "unknown";
}

static int refuse_fd(const struct vfa_device *device, int err, int fd)
{
	return error_set(err, VFA_CAUSE_BAD_FD,
			 "%s: enter low power: fd %d is %s\n"
			 "pass an eventfd, or VFA_POWER_NO_WAKEUP",
			 device->bdf, fd, err == -EBADF ? "not open" : "no eventfd");
}

static int refuse_again(const struct vfa_device *device)
{
	return error_set(EINVAL, VFA_CAUSE_WRONG_ORDER,
			 "%s is in low power already\n"
			 "take it back first: vfa_device_exit_low_power",
			 device->bdf);
}

/*
 * The kernel has one errno for a second entry, and for an fd that is no eventfd. Who else has the
 * device may have entered it too, of which nothing is known here.
 */
static int refuse_entry(struct vfa_device *device, uint32_t feature, int wakeup_fd, int err)
{
	int code = feature_refuse(device, feature, VFA_FEATURE_SET, err);

	if (code == -EBADF)
		return refuse_fd(device, code, wakeup_fd);
	if (code != -EINVAL)
		return code;
	if (device->low_power || wakeup_fd == VFA_POWER_NO_WAKEUP)
		return refuse_again(device);
	return refuse_fd(device, code, wakeup_fd);
}

static int enter(struct vfa_device *device, int wakeup_fd)
{
	struct vfio_device_low_power_entry_with_wakeup entry = { .wakeup_eventfd = wakeup_fd };
	bool wakes = wakeup_fd != VFA_POWER_NO_WAKEUP;
	uint32_t feature = wakes ? VFA_FEATURE_LOW_POWER_ENTRY_WAKEUP : VFA_FEATURE_LOW_POWER_ENTRY;
	int err = feature_call(device, feature, VFA_FEATURE_SET, wakes ? &entry : NULL,
			       wakes ? sizeof(entry) : 0);

	return err < 0 ? refuse_entry(device, feature, wakeup_fd, err) : 0;
}

VFA_API int vfa_device_enter_low_power(struct vfa_device *device, int wakeup_fd)
{
	int err;

	if (!device)
		return error_null("device");
	if (wakeup_fd < VFA_POWER_NO_WAKEUP)
		return refuse_fd(device, -EBADF, wakeup_fd);
	pthread_mutex_lock(&device->lock);
	err = enter(device, wakeup_fd);
	pthread_mutex_unlock(&device->lock);
	return err;
}

VFA_API int vfa_device_exit_low_power(struct vfa_device *device)
{
	int err;

	if (!device)
		return error_null("device");
	pthread_mutex_lock(&device->lock);
	err = feature_call(device, VFA_FEATURE_LOW_POWER_EXIT, VFA_FEATURE_SET, NULL, 0);
	if (err < 0)
		err = feature_refuse(device, VFA_FEATURE_LOW_POWER_EXIT, VFA_FEATURE_SET, err);
	pthread_mutex_unlock(&device->lock);
	return err;
}

VFA_API int vfa_device_power_state(const struct vfa_device *device)
{
	char path[SYSFS_PATH], text[32];

	if (!device)
		return error_null("device");
	sysfs_path(device->container->host, path, "bus/pci/devices/%s/power_state", device->bdf);
	if (sysfs_read(device->container->host, path, text, sizeof(text)) < 0)
		return VFA_POWER_UNKNOWN;
	for (int state = VFA_POWER_D0; state < (int)STATES; state++)
		if (!strcmp(text, names[state]))
			return state;
	return VFA_POWER_UNKNOWN;
}
