/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* VFIO_DEVICE_FEATURE, and what its low power does to a device. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fake/dmabuf.h"
#include "fake/internal.h"
#include "uapi/vfio_feature.h"

#define MINSZ sizeof(struct vfio_device_feature)
#define BOTH  (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET)

static void drop_wakeup(struct fake_device *device)
{
	if (device->wakeup_fd >= 0)
		close(device->wakeup_fd);
	device->wakeup_fd = -1;
}

void fake_power_leave(struct fake_device *device)
{
	device->low_power = false;
	drop_wakeup(device);
}

/* What the host asks of a device brings it back; where nobody is told, for that time only. */
void fake_power_wake(struct fake_device *device)
{
	if (!device->low_power || device->wakeup_fd < 0)
		return;
	fake_signal_eventfd(device->wakeup_fd);
	fake_power_leave(device);
}

static long enter(struct fake_device *device, int wakeup_fd)
{
	if (wakeup_fd >= 0 && fcntl(wakeup_fd, F_GETFD) < 0)
		return -EBADF;
	if (wakeup_fd >= 0 && !fake_is_eventfd(wakeup_fd))
		return -EINVAL;
	fake_dmabuf_revoke(device);
	if (device->low_power)
		return -EINVAL;
	device->wakeup_fd = wakeup_fd < 0 ? -1 : fcntl(wakeup_fd, F_DUPFD_CLOEXEC, 0);
	device->low_power = true;
	return 0;
}

static long enter_with_wakeup(struct fake_device *device, const void *data)
{
	struct vfio_device_low_power_entry_with_wakeup entry;

	memcpy(&entry, data, sizeof(entry));
	return entry.wakeup_eventfd < 0 ? -EINVAL : enter(device, entry.wakeup_eventfd);
}

static long set(struct fake_device *device, uint32_t number, const void *data)
{
	struct fake_feature *feature = &device->features[number];

	switch (number) {
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
		return enter(device, -1);
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
		return enter_with_wakeup(device, data);
	case VFIO_DEVICE_FEATURE_LOW_POWER_EXIT:
		fake_power_leave(device);
		fake_dmabuf_move(device, false);
		return 0;
	}
	memcpy(feature->data, data, feature->size);
	return 0;
}

long fake_feature(struct fake_device *device, struct vfio_device_feature *argument)
{
	uint32_t number, access,
		known = VFIO_DEVICE_FEATURE_MASK | BOTH | VFIO_DEVICE_FEATURE_PROBE;
	const struct fake_feature *feature;
	bool exports;

	if (!fake_settings.features)
		return -ENOTTY;
	if (!argument)
		return -EFAULT;
	number = argument->flags & VFIO_DEVICE_FEATURE_MASK;
	access = argument->flags & BOTH;
	if (argument->argsz < MINSZ || argument->flags & ~known)
		return -EINVAL;
	if (!(argument->flags & VFIO_DEVICE_FEATURE_PROBE) && access == BOTH)
		return -EINVAL;
	if (number >= FAKE_FEATURES)
		return -ENOTTY;
	feature = &device->features[number];
	exports = number == UAPI_VFIO_DEVICE_FEATURE_DMA_BUF && !feature->access &&
		  fake_settings.dmabufs;
	if (!feature->access && !exports)
		return -ENOTTY;
	if (access & ~(exports ? VFIO_DEVICE_FEATURE_GET : feature->access))
		return -EINVAL;
	if (argument->flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if (!access || argument->argsz - MINSZ < feature->size)
		return -EINVAL;
	if (exports)
		return fake_dmabuf_export(device, argument);
	if (access == VFIO_DEVICE_FEATURE_SET)
		return set(device, number, argument->data);
	memcpy(argument->data, feature->data, feature->size);
	return fake_settings.feature_result;
}

void fake_features_init(struct fake_device *device)
{
	device->wakeup_fd = -1;
	device->features[VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY].access = VFIO_DEVICE_FEATURE_SET;
	device->features[VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP] = (struct fake_feature){
		.access = VFIO_DEVICE_FEATURE_SET,
		.size = sizeof(struct vfio_device_low_power_entry_with_wakeup),
	};
	device->features[VFIO_DEVICE_FEATURE_LOW_POWER_EXIT].access = VFIO_DEVICE_FEATURE_SET;
}
