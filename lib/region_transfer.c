/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Regions that are read and written by call. */

#include "region.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <vfa/config.h>

#include "base/api.h"
#include "base/error.h"
#include "gone.h"
#include "peer.h"

/* Whether a transfer lies in the region and is allowed; @place is where in the fd. */
static int check_transfer(struct vfa_device *device, uint32_t index, uint64_t offset, size_t size,
			  uint32_t right, off_t *place)
{
	const struct region *region;
	int err = region_check_bounds(device, index, offset, size);

	if (err)
		return err;
	region = &device->regions[index];
	if (!(region->info.flags & right))
		return error_set(EOPNOTSUPP, VFA_CAUSE_REGION_RIGHTS,
				 "%s: region %u cannot be %s\n"
				 "the flags of vfa_region_get_info tell what it allows",
				 device->bdf, index,
				 right == VFA_REGION_CAN_READ ? "read" : "written");
	*place = region->info.offset + offset;
	return 0;
}

/* The kernel looks before each access of memory; I/O ports it does not guard. */
static int refuse_silent(struct vfa_device *device, uint32_t index, int err, const char *call)
{
	uint16_t command = 0;

	if (err != -EIO || index > VFA_REGION_ROM || device_is_gone(device) ||
	    vfa_config_read16(device, PCI_COMMAND, &command))
		return error_device(device, err, "%s: %s of region %u", device->bdf, call, index);
	if (command & PCI_COMMAND_MEMORY)
		return error_set(EIO, VFA_CAUSE_REGION_OFF,
				 "%s: %s of region %u: the device decodes no memory, though Memory "
				 "Space Enable is set\n"
				 "it may sleep: power_state in its sysfs directory tells",
				 device->bdf, call, index);
	return error_set(EIO, VFA_CAUSE_REGION_OFF,
			 "%s: %s of region %u: the device decodes no memory\n"
			 "set Memory Space Enable in its Command register",
			 device->bdf, call, index);
}

static int check_moved(struct vfa_device *device, uint32_t index, const char *call, ssize_t moved,
		       size_t size)
{
	if (moved < 0)
		return refuse_silent(device, index, moved, call);
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
	if (index == VFA_REGION_CONFIG && moved > 0)
		peer_note_config_write(device, offset, buffer, moved);
	return check_moved(device, index, "pwrite", moved, size);
}
