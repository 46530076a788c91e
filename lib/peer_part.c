/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "peer_part.h"

#include <errno.h>
#include <inttypes.h>

#include "base/error.h"
#include "memory.h"
#include "region.h"

static int refuse_kind(const struct vfa_device *device, uint32_t region)
{
	const char *kind = region == VFA_REGION_CONFIG ? "config space"
			   : region == VFA_REGION_ROM  ? "the ROM"
						       : "no BAR";

	return error_set(EINVAL, VFA_CAUSE_NO_REGION,
			 "%s: region %u cannot be a peer: it is %s\n"
			 "give one of VFA_BAR(0) to VFA_BAR(5)",
			 device->bdf, region, kind);
}

static int check_bar(const struct vfa_device *device, uint32_t index)
{
	struct region *region = NULL;
	int err = index > VFA_BAR(5) ? refuse_kind(device, index)
				     : region_require(device, index, &region);

	if (err)
		return err;
	if (region->info.flags & VFA_REGION_IS_IO_PORTS)
		return error_set(EOPNOTSUPP, VFA_CAUSE_REGION_RIGHTS,
				 "%s: BAR %u cannot be a peer: it is I/O ports, to which there is "
				 "no DMA\n"
				 "give a BAR of memory",
				 device->bdf, index);
	if (region->info.size < memory_page_size())
		return error_set(EINVAL, VFA_CAUSE_MISALIGNED,
				 "%s: BAR %u cannot be a peer: it has 0x%" PRIx64
				 " bytes, less than a page of 0x%" PRIx64 "\n"
				 "an IOMMU maps whole pages, and something else may be in the rest "
				 "of this one",
				 device->bdf, index, region->info.size, memory_page_size());
	return 0;
}

static int check_whole_pages(const struct vfa_device *device, uint32_t region, const char *what,
			     uint64_t value)
{
	if (!(value & (memory_page_size() - 1)))
		return 0;
	return error_set(EINVAL, VFA_CAUSE_MISALIGNED,
			 "%s: %s 0x%" PRIx64 " of a part of BAR %u is not a multiple of 0x%" PRIx64
			 ", the page size\n"
			 "an IOMMU maps whole pages: give the pages that the part is in",
			 device->bdf, what, value, region, memory_page_size());
}

int peer_check_part(const struct vfa_device *device, uint32_t region, uint64_t offset,
		    uint64_t size)
{
	int err = check_bar(device, region);

	if (!err)
		err = check_whole_pages(device, region, "offset", offset);
	if (!err)
		err = check_whole_pages(device, region, "size", size);
	if (!err)
		err = region_check_bounds(device, region, offset, size);
	return err ? err : region_check_mappable(device, region, offset, size);
}

int refuse_peer_lost(const struct vfa_device *device, uint32_t region)
{
	return error_set(EIO, VFA_CAUSE_REGION_OFF,
			 "%s: BAR %u did not answer while it was mapped\n"
			 "look whether the device is still there: vfa_device_check",
			 device->bdf, region);
}

int refuse_peer_abandoned(const struct vfa_iova_range *range)
{
	return error_set(ENODEV, VFA_CAUSE_WRONG_ORDER,
			 "0x%" PRIx64 "-0x%" PRIx64 " is of a device that was closed\n"
			 "unmap it first: vfa_container_unmap",
			 range->start, range->last);
}

int refuse_peer_closed(uint64_t iova, uint64_t size)
{
	return error_set(ENODEV, VFA_CAUSE_WRONG_ORDER,
			 "the peer at 0x%" PRIx64 "-0x%" PRIx64 " cannot be restored: its device "
			 "was closed\n"
			 "unmap it, open the device again and map it anew",
			 iova, iova + (size - 1));
}
