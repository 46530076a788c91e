/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "device_config.h"

#include <endian.h>
#include <errno.h>

static int read_word(const struct config_space *config, unsigned int offset, uint32_t *ret)
{
	const struct vfa_device *device = ((const struct device_config *)config)->device;
	const struct vfa_region_info *info;
	uint32_t word;
	ssize_t got;

	if (device->region_count <= VFA_REGION_CONFIG)
		return -ENODATA;
	info = &device->regions[VFA_REGION_CONFIG].info;
	if (offset + sizeof(word) > info->size)
		return -ENODATA;
	got = sys_pread(device_syscalls(device), device->fd, &word, sizeof(word),
			info->offset + offset);
	if (got < 0)
		return got;
	if (got < (ssize_t)sizeof(word))
		return -EIO;
	*ret = le32toh(word);
	return 0;
}

void device_config(const struct vfa_device *device, struct device_config *ret)
{
	ret->space.read = read_word;
	ret->device = device;
}
