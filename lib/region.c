/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "region.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/api.h"
#include "base/error.h"
#include "base/info.h"

VFA_API int vfa_region_count(const struct vfa_device *device)
{
	return device ? (int)device->region_count : error_null("device");
}

static uint32_t translate_flags(const struct vfio_region_info *info)
{
	return (info->flags & VFIO_REGION_INFO_FLAG_READ ? VFA_REGION_CAN_READ : 0) |
	       (info->flags & VFIO_REGION_INFO_FLAG_WRITE ? VFA_REGION_CAN_WRITE : 0) |
	       (info->flags & VFIO_REGION_INFO_FLAG_MMAP ? VFA_REGION_CAN_MAP : 0);
}

/* A region of which only parts can be mapped lists them. */
static bool is_sparse(const struct vfio_region_info *info)
{
	return info->flags & VFIO_REGION_INFO_FLAG_CAPS &&
	       info_capability(info, info->cap_offset, VFIO_REGION_INFO_CAP_SPARSE_MMAP,
			       sizeof(struct vfio_region_info_cap_sparse_mmap));
}

static int read_region(struct vfa_device *device, uint32_t index, struct region *region)
{
	struct vfio_region_info fixed = { .argsz = sizeof(fixed), .index = index };
	struct vfio_region_info *info;
	int err = info_read(device->container->host, device->fd, VFIO_DEVICE_GET_REGION_INFO,
			    &fixed, (void **)&info);

	if (err == -EINVAL)
		return 0; /* an index without a region, such as VGA on most devices */
	if (err == -ENOMEM)
		return error_memory();
	if (err < 0)
		return error_kernel(err, "%s: VFIO_DEVICE_GET_REGION_INFO of region %u",
				    device->bdf, index);
	region->info = (struct vfa_region_info){
		.size = info->size,
		.offset = info->offset,
		.flags = translate_flags(info),
	};
	region->sparse = is_sparse(info);
	free(info);
	return 0;
}

int region_read_all(struct vfa_device *device, uint32_t count)
{
	device->regions = calloc(count ? count : 1, sizeof(*device->regions));
	if (!device->regions)
		return error_memory();
	device->region_count = count;
	for (uint32_t index = 0; index < count; index++) {
		int err = read_region(device, index, &device->regions[index]);

		if (err)
			return err;
	}
	return 0;
}

/* The region of an index, whether the device implements it or not. */
static int find_region(struct vfa_device *device, uint32_t index, struct region **ret)
{
	if (index >= device->region_count)
		return error_set(EINVAL, VFA_CAUSE_NO_REGION,
				 "%s has no region %u: vfa_region_count is %u\n"
				 "use an index below it",
				 device->bdf, index, device->region_count);
	*ret = &device->regions[index];
	return 0;
}

static int find_implemented(struct vfa_device *device, uint32_t index, struct region **ret)
{
	int err = find_region(device, index, ret);

	if (err || (*ret)->info.size)
		return err;
	return error_set(EINVAL, VFA_CAUSE_NO_REGION,
			 "%s does not implement region %u\n"
			 "vfa_region_get_info tells the size of each",
			 device->bdf, index);
}

VFA_API int vfa_region_get_info(struct vfa_device *device, uint32_t index,
				struct vfa_region_info *ret)
{
	struct region *region = NULL;
	int err;

	if (!device || !ret)
		return error_null(device ? "ret" : "device");
	err = find_region(device, index, &region);
	if (!err)
		*ret = region->info;
	return err;
}

static int check_mappable(const struct vfa_device *device, uint32_t index,
			  const struct region *region)
{
	if (!(region->info.flags & VFA_REGION_CAN_MAP))
		return error_set(
			EOPNOTSUPP, VFA_CAUSE_REGION_RIGHTS,
			"%s: region %u cannot be mapped: it is %s\n"
			"use vfa_region_read and vfa_region_write",
			device->bdf, index,
			index == VFA_REGION_CONFIG
				? "config space"
				: "I/O ports, smaller than a page, or guarded by its driver");
	if (region->sparse)
		return error_set(EOPNOTSUPP, VFA_CAUSE_REGION_RIGHTS,
				 "%s: only parts of region %u can be mapped\n"
				 "use vfa_region_read and vfa_region_write",
				 device->bdf, index);
	return 0;
}

static int map_region(struct vfa_device *device, uint32_t index, struct region *region)
{
	uint32_t flags = region->info.flags;
	int err = check_mappable(device, index, region);

	if (err)
		return err;
	err = sys_mmap(device_syscalls(device), NULL, region->info.size,
		       (flags & VFA_REGION_CAN_READ ? PROT_READ : 0) |
			       (flags & VFA_REGION_CAN_WRITE ? PROT_WRITE : 0),
		       MAP_SHARED, device->fd, region->info.offset, &region->address);
	return err ? error_kernel(err, "%s: mmap region %u", device->bdf, index) : 0;
}

VFA_API int vfa_region_map(struct vfa_device *device, uint32_t index, volatile void **ret)
{
	struct region *region = NULL;
	int err;

	if (!device || !ret)
		return error_null(device ? "ret" : "device");
	err = find_implemented(device, index, &region);
	if (err)
		return err;
	pthread_mutex_lock(&device->lock);
	if (!region->users)
		err = map_region(device, index, region);
	if (!err) {
		region->users++;
		*ret = region->address;
	}
	pthread_mutex_unlock(&device->lock);
	return err;
}

static void unmap_region(struct vfa_device *device, struct region *region)
{
	sys_munmap(device_syscalls(device), region->address, region->info.size);
	region->address = NULL;
	region->users = 0;
}

VFA_API int vfa_region_unmap(struct vfa_device *device, uint32_t index)
{
	struct region *region = NULL;
	int err;

	if (!device)
		return error_null("device");
	err = find_region(device, index, &region);
	if (err)
		return err;
	pthread_mutex_lock(&device->lock);
	if (!region->users)
		err = error_set(EINVAL, VFA_CAUSE_WRONG_ORDER,
				"%s: region %u is not mapped\nunmap as often as it was mapped",
				device->bdf, index);
	else if (region->users == 1)
		unmap_region(device, region);
	else
		region->users--;
	pthread_mutex_unlock(&device->lock);
	return err;
}

void region_release_all(struct vfa_device *device)
{
	for (uint32_t index = 0; index < device->region_count; index++)
		if (device->regions[index].users)
			unmap_region(device, &device->regions[index]);
	free(device->regions);
	device->regions = NULL;
	device->region_count = 0;
}

/* Whether a transfer lies in the region and is allowed; @place is where in the fd. */
static int check_transfer(struct vfa_device *device, uint32_t index, uint64_t offset, size_t size,
			  uint32_t right, off_t *place)
{
	struct region *region = NULL;
	int err = find_implemented(device, index, &region);

	if (err)
		return err;
	if (!size)
		return error_set(EINVAL, VFA_CAUSE_EMPTY,
				 "%s: a transfer of 0 bytes\ngive the size in bytes", device->bdf);
	if (offset >= region->info.size || size > region->info.size - offset)
		return error_set(EINVAL, VFA_CAUSE_REGION_BOUNDS,
				 "%s: %zu bytes at offset 0x%" PRIx64
				 " are past the end of region %u\n"
				 "the region has 0x%" PRIx64 " bytes",
				 device->bdf, size, offset, index, region->info.size);
	if (!(region->info.flags & right))
		return error_set(EOPNOTSUPP, VFA_CAUSE_REGION_RIGHTS,
				 "%s: region %u cannot be %s\n"
				 "the flags of vfa_region_get_info tell what it allows",
				 device->bdf, index,
				 right == VFA_REGION_CAN_READ ? "read" : "written");
	*place = region->info.offset + offset;
	return 0;
}

static int check_moved(const struct vfa_device *device, uint32_t index, const char *call,
		       ssize_t moved, size_t size)
{
	if (moved < 0)
		return error_kernel(moved, "%s: %s of region %u", device->bdf, call, index);
	if ((size_t)moved < size)
		return error_set(EIO, VFA_CAUSE_KERNEL,
				 "%s: %s of region %u moved %zd of %zu bytes\n"
				 "the device may be asleep, in reset or gone",
				 device->bdf, call, index, moved, size);
	return 0;
}

VFA_API int vfa_region_read(struct vfa_device *device, uint32_t index, uint64_t offset,
			    void *buffer, size_t size)
{
	ssize_t moved;
	off_t place = 0;
	int err;

	if (!device || !buffer)
		return error_null(device ? "buffer" : "device");
	err = check_transfer(device, index, offset, size, VFA_REGION_CAN_READ, &place);
	if (err)
		return err;
	moved = sys_pread(device_syscalls(device), device->fd, buffer, size, place);
	return check_moved(device, index, "pread", moved, size);
}

VFA_API int vfa_region_write(struct vfa_device *device, uint32_t index, uint64_t offset,
			     const void *buffer, size_t size)
{
	ssize_t moved;
	off_t place = 0;
	int err;

	if (!device || !buffer)
		return error_null(device ? "buffer" : "device");
	err = check_transfer(device, index, offset, size, VFA_REGION_CAN_WRITE, &place);
	if (err)
		return err;
	moved = sys_pwrite(device_syscalls(device), device->fd, buffer, size, place);
	return check_moved(device, index, "pwrite", moved, size);
}
