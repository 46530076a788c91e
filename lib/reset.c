/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <vfa/reset.h>

#include "base/api.h"
#include "base/error.h"
#include "device.h"
#include "gone.h"
#include "irq.h"
#include "peer.h"
#include "topology/function.h"

VFA_API int vfa_device_can_reset(const struct vfa_device *device)
{
	return device ? !!(device->flags & VFIO_DEVICE_FLAGS_RESET) : error_null("device");
}

/* What is left of ways depends on whether there is a bridge above. */
static int refuse_alone(const struct vfa_device *device)
{
	char bridge[BDF_SIZE];
	bool has_bus = function_parent(device->container->host, device->bdf, bridge) > 0;

	return error_set(EOPNOTSUPP, VFA_CAUSE_NO_RESET,
			 "%s cannot be reset alone: the kernel knows no way that works for it\n"
			 "%s",
			 device->bdf,
			 has_bus ? "reset it with its bus, vfa_device_hot_reset, or by its own "
				   "registers"
				 : "reset it by its own registers, if it has such");
}

/* The kernel holds the device's lock for as long as it waits for it to be closed. */
static int refuse_locked(const struct vfa_device *device)
{
	int err = device_require_answer(device);

	if (err)
		return err;
	if (device_is_leaving(device->container->host, device->bdf))
		return error_set(
			EAGAIN, VFA_CAUSE_IN_USE,
			"reset of %s: the kernel is taking it away, and waits for it to be "
			"closed\n"
			"close it: until then it works, but is not reset",
			device->bdf);
	return error_set(EAGAIN, VFA_CAUSE_IN_USE,
			 "reset of %s: somebody resets it, or changes its driver, at this moment\n"
			 "it was not reset: try again, and restore what others reach of its BARs: "
			 "vfa_peer_restore",
			 device->bdf);
}

VFA_API int vfa_device_reset(struct vfa_device *device)
{
	int err;

	if (!device)
		return error_null("device");
	if (!vfa_device_can_reset(device))
		return refuse_alone(device);
	err = device_ioctl(device, VFIO_DEVICE_RESET, NULL);
	peer_note_revocation(device, "a reset");
	if (err == -EAGAIN)
		return refuse_locked(device);
	if (err < 0)
		return error_device(device, err, "%s: VFIO_DEVICE_RESET", device->bdf);
	/* The kernel resets a slot whose device was pulled out, and is content. */
	err = device_require_answer(device);
	return err ? err : irq_rearm_all(device);
}
