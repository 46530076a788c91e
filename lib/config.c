/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/config.h>

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <vfa/region.h>

#include "base/api.h"
#include "base/error.h"
#include "gone.h"

/* An access across registers would be split by the kernel. */
static int check_aligned(const struct vfa_device *device, uint32_t offset, uint32_t width)
{
	if (!device)
		return error_null("device");
	if (offset % width == 0)
		return 0;
	return error_set(EINVAL, VFA_CAUSE_MISALIGNED,
			 "%s: config offset 0x%x is not a multiple of %u\nuse a narrower access",
			 vfa_device_bdf(device), offset, width);
}

static int config_read(struct vfa_device *device, uint32_t offset, void *ret, uint32_t width)
{
	int err = check_aligned(device, offset, width);

	if (!err)
		err = vfa_region_read(device, VFA_REGION_CONFIG, offset, ret, width);
	/* Of a device that went away reading succeeds. */
	if (!err && !memcmp(ret, "\xff\xff\xff\xff", width))
		err = device_require_answer(device);
	return err;
}

static int config_write(struct vfa_device *device, uint32_t offset, const void *value,
			uint32_t width)
{
	int err = check_aligned(device, offset, width);

	return err ? err : vfa_region_write(device, VFA_REGION_CONFIG, offset, value, width);
}

VFA_API int vfa_config_read8(struct vfa_device *device, uint32_t offset, uint8_t *ret)
{
	uint8_t value;
	int err;

	if (!ret)
		return error_null("ret");
	err = config_read(device, offset, &value, sizeof(value));
	if (!err)
		*ret = value;
	return err;
}

VFA_API int vfa_config_read16(struct vfa_device *device, uint32_t offset, uint16_t *ret)
{
	uint16_t value;
	int err;

	if (!ret)
		return error_null("ret");
	err = config_read(device, offset, &value, sizeof(value));
	if (!err)
		*ret = le16toh(value);
	return err;
}

VFA_API int vfa_config_read32(struct vfa_device *device, uint32_t offset, uint32_t *ret)
{
	uint32_t value;
	int err;

	if (!ret)
		return error_null("ret");
	err = config_read(device, offset, &value, sizeof(value));
	if (!err)
		*ret = le32toh(value);
	return err;
}

VFA_API int vfa_config_write8(struct vfa_device *device, uint32_t offset, uint8_t value)
{
	return config_write(device, offset, &value, sizeof(value));
}

VFA_API int vfa_config_write16(struct vfa_device *device, uint32_t offset, uint16_t value)
{
	uint16_t little = htole16(value);

	return config_write(device, offset, &little, sizeof(little));
}

VFA_API int vfa_config_write32(struct vfa_device *device, uint32_t offset, uint32_t value)
{
	uint32_t little = htole32(value);

	return config_write(device, offset, &little, sizeof(little));
}
