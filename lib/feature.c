/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "feature.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "device.h"
#include "gone.h"
#include "peer.h"
#include "uapi/vfio_feature.h"

_Static_assert(VFA_FEATURE_PCI_VF_TOKEN == VFIO_DEVICE_FEATURE_PCI_VF_TOKEN, "");
_Static_assert(VFA_FEATURE_MIGRATION == VFIO_DEVICE_FEATURE_MIGRATION, "");
_Static_assert(VFA_FEATURE_MIGRATION_STATE == VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, "");
_Static_assert(VFA_FEATURE_LOW_POWER_ENTRY == VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, "");
_Static_assert(VFA_FEATURE_LOW_POWER_ENTRY_WAKEUP ==
		       VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
	       "");
_Static_assert(VFA_FEATURE_LOW_POWER_EXIT == VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, "");
_Static_assert(VFA_FEATURE_DMA_LOGGING_START == VFIO_DEVICE_FEATURE_DMA_LOGGING_START, "");
_Static_assert(VFA_FEATURE_DMA_LOGGING_STOP == VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, "");
_Static_assert(VFA_FEATURE_DMA_LOGGING_REPORT == VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, "");
_Static_assert(VFA_FEATURE_MIGRATION_DATA_SIZE == UAPI_VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, "");
_Static_assert(VFA_FEATURE_BUS_MASTER == UAPI_VFIO_DEVICE_FEATURE_BUS_MASTER, "");
_Static_assert(VFA_FEATURE_DMA_BUF == UAPI_VFIO_DEVICE_FEATURE_DMA_BUF, "");
_Static_assert(VFA_FEATURE_MIGRATION_PRECOPY_INFO_2 == UAPI_VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2,
	       "");
_Static_assert(VFA_FEATURE_ZPCI_ERROR == UAPI_VFIO_DEVICE_FEATURE_ZPCI_ERROR, "");

/* The least size is that of the kernel's struct, without an array at its end. */
static const struct {
	const char *name;
	size_t least;
} features[] = {
	[VFA_FEATURE_PCI_VF_TOKEN] = { "VF token", 16 },
	[VFA_FEATURE_MIGRATION] = { "migration", 8 },
	[VFA_FEATURE_MIGRATION_STATE] = { "migration state", 8 },
	[VFA_FEATURE_LOW_POWER_ENTRY] = { "low power entry", 0 },
	[VFA_FEATURE_LOW_POWER_ENTRY_WAKEUP] = { "low power entry with wakeup", 8 },
	[VFA_FEATURE_LOW_POWER_EXIT] = { "low power exit", 0 },
	[VFA_FEATURE_DMA_LOGGING_START] = { "DMA logging start", 24 },
	[VFA_FEATURE_DMA_LOGGING_STOP] = { "DMA logging stop", 0 },
	[VFA_FEATURE_DMA_LOGGING_REPORT] = { "DMA logging report", 32 },
	[VFA_FEATURE_MIGRATION_DATA_SIZE] = { "migration data size", 8 },
	[VFA_FEATURE_BUS_MASTER] = { "bus master", 4 },
	[VFA_FEATURE_DMA_BUF] = { "dma-buf", 16 },
	[VFA_FEATURE_MIGRATION_PRECOPY_INFO_2] = { "migration precopy info 2", 0 },
	[VFA_FEATURE_ZPCI_ERROR] = { "zPCI error", 0 },
};

static bool is_known(uint32_t feature)
{
	return feature < sizeof(features) / sizeof(features[0]);
}

VFA_API const char *vfa_feature_name(uint32_t feature)
{
	return is_known(feature) ? features[feature].name : "unknown";
}

static uint32_t flags_of(uint32_t feature, uint32_t access)
{
	return feature | (access & VFA_FEATURE_GET ? VFIO_DEVICE_FEATURE_GET : 0) |
	       (access & VFA_FEATURE_SET ? VFIO_DEVICE_FEATURE_SET : 0);
}

static bool is_low_power_entry(uint32_t feature)
{
	return feature == VFA_FEATURE_LOW_POWER_ENTRY ||
	       feature == VFA_FEATURE_LOW_POWER_ENTRY_WAKEUP;
}

/*
 * The kernel revokes before it looks whether the device is in low power already, which it has
 * EINVAL for.
 */
static void note_low_power(struct vfa_device *device, uint32_t feature, int value)
{
	bool enters = is_low_power_entry(feature);

	if (enters && (value >= 0 || value == -EINVAL))
		peer_note_revocation(device, "low power");
	if (value >= 0 && (enters || feature == VFA_FEATURE_LOW_POWER_EXIT))
		device->low_power = enters;
}

int feature_call(struct vfa_device *device, uint32_t feature, uint32_t access, void *data,
		 size_t size)
{
	struct vfio_device_feature *request = calloc(1, sizeof(*request) + size);
	int value;

	if (!request)
		return -ENOMEM;
	request->argsz = sizeof(*request) + size;
	request->flags = flags_of(feature, access);
	if (size)
		memcpy(request->data, data, size);
	value = device_ioctl(device, VFIO_DEVICE_FEATURE, request);
	if (access == VFA_FEATURE_SET)
		note_low_power(device, feature, value);
	if (value >= 0 && size)
		memcpy(data, request->data, size);
	free(request);
	return value;
}

/* 1 or 0, or -errno. The kernel has ENOTTY for no feature, EINVAL for no such access to it. */
static int probe_access(struct vfa_device *device, uint32_t feature, uint32_t access)
{
	struct vfio_device_feature request = {
		.argsz = sizeof(request),
		.flags = flags_of(feature, access) | VFIO_DEVICE_FEATURE_PROBE,
	};
	int err = device_ioctl(device, VFIO_DEVICE_FEATURE, &request);

	if (err == -ENOTTY || err == -EINVAL)
		return 0;
	return err < 0 ? err : 1;
}

static int probe(struct vfa_device *device, uint32_t feature)
{
	int can_get = probe_access(device, feature, VFA_FEATURE_GET);
	int can_set = can_get < 0 ? can_get : probe_access(device, feature, VFA_FEATURE_SET);

	if (can_set < 0)
		return can_set;
	return (can_get ? VFA_FEATURE_GET : 0) | (can_set ? VFA_FEATURE_SET : 0);
}

static int check_number(const struct vfa_device *device, uint32_t feature)
{
	if (feature <= VFIO_DEVICE_FEATURE_MASK)
		return 0;
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			 "%s: feature %u is no feature: numbers end at %u\n"
			 "use enum vfa_feature",
			 device->bdf, feature, VFIO_DEVICE_FEATURE_MASK);
}

VFA_API int vfa_feature_probe(struct vfa_device *device, uint32_t feature)
{
	int err = device ? check_number(device, feature) : error_null("device");
	int found;

	if (err)
		return err;
	found = probe(device, feature);
	if (found < 0)
		return error_device(device, found, "%s: VFIO_DEVICE_FEATURE %u (%s)", device->bdf,
				    feature, vfa_feature_name(feature));
	return found;
}

static const char *verb(uint32_t access)
{
	return access == VFA_FEATURE_GET ? "get" : "set";
}

static int refuse_missing(const struct vfa_device *device, uint32_t feature)
{
	return error_set(EOPNOTSUPP, VFA_CAUSE_NO_FEATURE,
			 "%s has no feature %u (%s)\n"
			 "the kernel, the driver of the device or the device itself lacks it: "
			 "vfa_feature_probe tells what there is",
			 device->bdf, feature, vfa_feature_name(feature));
}

/* EINVAL is for an access that the feature lacks too: then the kernel is asked about that. */
int feature_refuse(struct vfa_device *device, uint32_t feature, uint32_t access, int err)
{
	int found;

	if (err == -ENOMEM)
		return error_memory();
	if (err == -ENOTTY)
		return refuse_missing(device, feature);
	found = err == -EINVAL ? probe(device, feature) : (int)access;
	if (!found)
		return refuse_missing(device, feature);
	if (found > 0 && !(found & access))
		return error_set(EOPNOTSUPP, VFA_CAUSE_NO_FEATURE,
				 "%s: %s feature %u (%s): it can only be %s\n"
				 "vfa_feature_probe tells what can be done with it",
				 device->bdf, verb(access), feature, vfa_feature_name(feature),
				 access == VFA_FEATURE_GET ? "set" : "got");
	return error_device(device, err, "%s: %s feature %u (%s)", device->bdf, verb(access),
			    feature, vfa_feature_name(feature));
}

static int check_data(const struct vfa_device *device, uint32_t feature, const void *data,
		      size_t size)
{
	size_t most = UINT32_MAX - sizeof(struct vfio_device_feature);
	size_t least = is_known(feature) ? features[feature].least : 0;

	if (size && !data)
		return error_null("data");
	if (size >= least && size <= most)
		return 0;
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			 "%s: feature %u (%s): %zu bytes of data, but it takes %zu %s\n"
			 "give the feature's struct, as linux/vfio.h has it",
			 device->bdf, feature, vfa_feature_name(feature), size,
			 size < least ? least : most, size < least ? "or more" : "at most");
}

static int call(struct vfa_device *device, uint32_t feature, uint32_t access, void *data,
		size_t size)
{
	int err = device ? check_number(device, feature) : error_null("device");
	int value;

	if (!err)
		err = check_data(device, feature, data, size);
	if (err)
		return err;
	value = feature_call(device, feature, access, data, size);
	return value < 0 ? feature_refuse(device, feature, access, value) : value;
}

VFA_API int vfa_feature_get(struct vfa_device *device, uint32_t feature, void *data, size_t size)
{
	return call(device, feature, VFA_FEATURE_GET, data, size);
}

VFA_API int vfa_feature_set(struct vfa_device *device, uint32_t feature, void *data, size_t size)
{
	return call(device, feature, VFA_FEATURE_SET, data, size);
}
