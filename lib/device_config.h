/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Config space of an open device, for the walk along its capabilities. */

#ifndef LIB_DEVICE_CONFIG_H
#define LIB_DEVICE_CONFIG_H

#include "device.h"
#include "topology/capability.h"

struct device_config {
	struct config_space space;
	const struct vfa_device *device;
};

/** device_config() - as VFIO shows it; reading it records nothing */
void device_config(const struct vfa_device *device, struct device_config *ret);

#endif
