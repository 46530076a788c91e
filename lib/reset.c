/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <vfa/reset.h>

#include "base/api.h"
#include "base/error.h"
#include "device.h"
#include "gone.h"
#include "irq.h"

VFA_API int vfa_device_can_reset(const struct vfa_device *device)
{
	return device ? !!(device->flags & VFIO_DEVICE_FLAGS_RESET) : error_null("device");
}

VFA_API int vfa_device_reset(struct vfa_device *device)
{
	int err;

	if (!device)
		return error_null("device");
	if (!vfa_device_can_reset(device))
		return error_set(
			EOPNOTSUPP, VFA_CAUSE_NO_RESET,
			"%s cannot be reset alone: it has no function-level reset and shares "
			"its bus or slot\n"
			"reset it by its own registers, or with its bus: vfa_device_hot_reset; "
			"vfa_reset_methods tells what the kernel has",
			device->bdf);
	err = device_ioctl(device, VFIO_DEVICE_RESET, NULL);
	if (err < 0)
		return error_device(device, err, "%s: VFIO_DEVICE_RESET", device->bdf);
	return irq_rearm_all(device);
}
