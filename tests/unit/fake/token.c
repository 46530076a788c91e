/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The tokens of physical and virtual functions, as vfio-pci judges them. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fake/internal.h"
#include "fake/lock.h"

void fake_set_token(const char *bdf, const char *uuid)
{
	struct fake_device *device;

	fake_lock();
	device = fake_device_find(bdf);
	snprintf(device->token, sizeof(device->token), "%s", uuid ? uuid : "");
	fake_unlock();
}

/* Nobody knows the token before the function has been opened with one. */
void fake_set_physical(const char *bdf)
{
	struct fake_device *device;

	fake_lock();
	device = fake_device_find(bdf);
	device->is_physical = true;
	strcpy(device->token, "nobody knows");
	fake_unlock();
}

void fake_set_virtual(const char *bdf, const char *physical)
{
	fake_lock();
	fake_device_find(bdf)->physical = physical ? fake_device_find(physical) : NULL;
	fake_unlock();
}

static bool has_users(const struct fake_device *physical)
{
	for (const struct fake_device *device = fake_devices; device; device = device->next)
		if (device->physical == physical && device->open_count)
			return true;
	return false;
}

static int match(const char *token, const char *uuid)
{
	return uuid && !strcasecmp(token, uuid) ? 0 : -EACCES;
}

int fake_token_match(struct fake_device *device, const char *uuid)
{
	if (device->physical)
		return match(device->physical->token, uuid);
	if (!device->is_physical && !device->token[0])
		return uuid ? -EINVAL : 0;
	if (!device->is_physical || has_users(device))
		return match(device->token, uuid);
	if (uuid)
		snprintf(device->token, sizeof(device->token), "%s", uuid);
	return 0;
}
