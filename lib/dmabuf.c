/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "dmabuf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"
#include "feature.h"
#include "gone.h"
#include "memory.h"
#include "peer.h"
#include "region.h"
#include "uapi/vfio_feature.h"

/* As many as a request has room for, whose size in bytes is a uint32_t. */
#define MOST_AREAS (UINT32_MAX / sizeof(struct uapi_vfio_region_dma_range) - 2)

static int check_region(const struct vfa_device *device, uint32_t index)
{
	struct region *region = NULL;
	int err = region_require(device, index, &region);

	if (err)
		return err;
	if (index >= VFA_REGION_ROM)
		return error_set(EINVAL, VFA_CAUSE_REGION_RIGHTS,
				 "%s: region %u is no BAR\n"
				 "a dma-buf is of a BAR: VFA_BAR(0) to VFA_BAR(5)",
				 device->bdf, index);
	if (region->info.flags & VFA_REGION_IS_IO_PORTS)
		return error_set(EINVAL, VFA_CAUSE_REGION_RIGHTS,
				 "%s: BAR %u is I/O ports\n"
				 "a dma-buf is of a BAR that is memory: vfa_region_get_info tells",
				 device->bdf, index);
	return 0;
}

static int refuse_misaligned_area(const struct vfa_device *device, uint32_t region, const char *of,
				  uint64_t value)
{
	return error_set(EINVAL, VFA_CAUSE_MISALIGNED,
			 "%s: export of BAR %u: %s 0x%" PRIx64 " is not a multiple of 0x%" PRIx64
			 ", the size of a page\n"
			 "a dma-buf has whole pages, so that no others' registers are in it; "
			 "the BAR has 0x%" PRIx64 " bytes",
			 device->bdf, region, of, value, memory_page_size(),
			 device->regions[region].info.size);
}

static int check_area(const struct vfa_device *device, uint32_t region,
		      const struct vfa_region_area *area)
{
	uint64_t mask = memory_page_size() - 1;
	int err = region_check_bounds(device, region, area->offset, area->size);

	if (err)
		return err;
	if (area->offset & mask)
		return refuse_misaligned_area(device, region, "offset", area->offset);
	if (area->size & mask)
		return refuse_misaligned_area(device, region, "size", area->size);
	return 0;
}

static int check_areas(const struct vfa_device *device, uint32_t region,
		       const struct vfa_region_area *areas, size_t count)
{
	int err = 0;

	if (!count || count > MOST_AREAS)
		return error_set(EINVAL, count ? VFA_CAUSE_BAD_ARGUMENT : VFA_CAUSE_EMPTY,
				 "%s: export of BAR %u: %zu areas\ngive 1 to %zu", device->bdf,
				 region, count, MOST_AREAS);
	for (size_t i = 0; i < count && !err; i++)
		err = check_area(device, region, &areas[i]);
	return err;
}

static int call(struct vfa_device *device, uint32_t region, const struct vfa_region_area *areas,
		size_t count)
{
	struct uapi_vfio_feature_dma_buf *request;
	struct uapi_vfio_region_dma_range *ranges;
	size_t size = sizeof(*request) + count * sizeof(*ranges);
	int fd;

	request = calloc(1, size);
	if (!request)
		return -ENOMEM;
	request->region_index = region;
	request->open_flags = O_RDWR | O_CLOEXEC;
	request->nr_ranges = count;
	ranges = (void *)(request + 1);
	for (size_t i = 0; i < count; i++) {
		ranges[i].offset = areas[i].offset;
		ranges[i].length = areas[i].size;
	}
	fd = feature_call(device, VFA_FEATURE_DMA_BUF, VFA_FEATURE_GET, request, size);
	free(request);
	return fd;
}

/* The kernel claims each BAR as the device is opened, and exports none that it could not. */
static int refuse_unclaimed(const struct vfa_device *device, uint32_t region)
{
	int err = device_require_answer(device);

	if (err)
		return err;
	return error_set(ENODEV, VFA_CAUSE_KERNEL,
			 "%s: export of BAR %u: the kernel could not claim it\n"
			 "see who has it in /proc/iomem",
			 device->bdf, region);
}

static int refuse(const struct vfa_device *device, uint32_t region, int err)
{
	switch (err) {
	case -ENODEV:
		return refuse_unclaimed(device, region);
	case -ENOMEM:
		return error_memory();
	case -ENOTTY:
		return error_set(EOPNOTSUPP, VFA_CAUSE_NO_FEATURE,
				 "%s: export of BAR %u: this kernel makes no dma-bufs of BARs\n"
				 "it needs Linux 6.19 with CONFIG_PCI_P2PDMA and "
				 "CONFIG_DMA_SHARED_BUFFER",
				 device->bdf, region);
	case -EOPNOTSUPP:
		return error_set(EOPNOTSUPP, VFA_CAUSE_NO_FEATURE,
				 "%s: export of BAR %u: the driver that the device is bound to "
				 "makes no dma-bufs\n"
				 "bind it to vfio-pci, which does from Linux 6.19 on",
				 device->bdf, region);
	default:
		return error_device(device, err, "%s: export of BAR %u as dma-buf", device->bdf,
				    region);
	}
}

/*
 * The kernel revokes as low power is entered, and looks at the registers only as it makes a
 * new one: that would lead to a device which sleeps.
 */
static int export_awake(struct vfa_device *device, uint32_t region,
			const struct vfa_region_area *areas, size_t count)
{
	int fd;

	pthread_mutex_lock(&device->lock);
	if (device->low_power) {
		fd = refuse_low_power(device);
	} else {
		fd = call(device, region, areas, count);
		if (fd < 0)
			fd = refuse(device, region, fd);
	}
	pthread_mutex_unlock(&device->lock);
	return fd;
}

int dmabuf_export(struct vfa_device *device, uint32_t region, const struct vfa_region_area *areas,
		  size_t count)
{
	int err = check_region(device, region);

	if (!err)
		err = check_areas(device, region, areas, count);
	return err ? err : export_awake(device, region, areas, count);
}

static int require_unsent(const struct vfa_device *device)
{
	int err;

	container_lock(device->container);
	err = container_require_unsent(device->container, device->bdf);
	container_unlock(device->container);
	return err;
}

VFA_API int vfa_dmabuf_export(struct vfa_device *device, uint32_t region,
			      const struct vfa_region_area *areas, size_t count)
{
	int err;

	if (!device || (!areas && count))
		return error_null(device ? "areas" : "device");
	err = require_unsent(device);
	return err ? err : dmabuf_export(device, region, areas, count);
}
