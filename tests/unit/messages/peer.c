/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What cannot be a peer, and what becomes of those that are. */

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "messages/messages.h"
#include "uapi/iommufd.h"

#define READ_WRITE (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)

#define PAGES "an IOMMU maps whole pages: give the pages that the part is in"

static int try_map(struct space space, uint32_t region, uint64_t offset, uint64_t size)
{
	struct vfa_peer *peer = NULL;

	return vfa_peer_map(space.container, space.device, region, offset, size, NULL, &peer);
}

static void no_region_is_told(void **state)
{
	struct space space = open_space(state);

	SAYS(try_map(space, VFA_REGION_CONFIG, 0, PAGE), NO_REGION,
	     "0000:00:04.0: region 7 cannot be a peer: it is config space",
	     "give one of VFA_BAR(0) to VFA_BAR(5)");
	SAYS(try_map(space, VFA_REGION_ROM, 0, PAGE), NO_REGION,
	     "0000:00:04.0: region 6 cannot be a peer: it is the ROM",
	     "give one of VFA_BAR(0) to VFA_BAR(5)");
	SAYS(try_map(space, 8, 0, PAGE), NO_REGION,
	     "0000:00:04.0: region 8 cannot be a peer: it is no BAR",
	     "give one of VFA_BAR(0) to VFA_BAR(5)");
	close_space(space);
}

static void region_rights_is_told(void **state)
{
	struct space space = open_space(state);

	SAYS(try_map(space, VFA_BAR(2), 0, PAGE), REGION_RIGHTS,
	     "0000:00:04.0: BAR 2 cannot be a peer: it is I/O ports, to which there is no DMA",
	     "give a BAR of memory");
	close_space(space);
}

static void misaligned_is_told(void **state)
{
	struct space space;

	fake_set_region(EDU, 1, 256, READ_WRITE);
	space = open_space(state);
	SAYS(try_map(space, VFA_BAR(1), 0, 256), MISALIGNED,
	     "0000:00:04.0: BAR 1 cannot be a peer: it has 0x100 bytes, less than a page of 0x1000",
	     "an IOMMU maps whole pages, and something else may be in the rest of this one");
	SAYS(try_map(space, VFA_BAR(0), 0x10, PAGE), MISALIGNED,
	     "0000:00:04.0: offset 0x10 of a part of BAR 0 is not a multiple of 0x1000, the page "
	     "size",
	     PAGES);
	SAYS(try_map(space, VFA_BAR(0), 0, 0x800), MISALIGNED,
	     "0000:00:04.0: size 0x800 of a part of BAR 0 is not a multiple of 0x1000, the page "
	     "size",
	     PAGES);
	close_space(space);
}

static void no_feature_is_told(void **state)
{
	struct space space = open_space(state);

	fake_fail_ioctl(UAPI_IOMMU_IOAS_MAP_FILE, EOPNOTSUPP);
	SAYS(try_map(space, VFA_BAR(0), 0, PAGE), NO_FEATURE,
	     "map a BAR: the iommufd of this kernel maps no dma-bufs of BARs",
	     "that needs Linux 6.19 with CONFIG_PCI_P2PDMA; a container on type1 does "
	     "without");
	fake_fail_ioctl(UAPI_IOMMU_IOAS_MAP_FILE, ENOMEM);
	SAYS(try_map(space, VFA_BAR(0), 0, PAGE), NO_MEMORY,
	     "map 0x1000-0x1fff: the kernel has no memory to map a BAR",
	     "free memory, or give the memory cgroup more");
	fake_fail_ioctl(UAPI_IOMMU_IOAS_MAP_FILE, 0);
	fake_set_map_file(false);
	SAYS(try_map(space, VFA_BAR(0), 0, PAGE), NO_FEATURE,
	     "map a BAR: the iommufd of this kernel maps no files",
	     "that needs Linux 6.14, and Linux 6.19 for BARs; a container on type1 does without");
	close_space(space);
}

static void region_off_is_told(void **state)
{
	struct space space;

	fake_set_config(EDU, 0x40, "\1", 1); /* Power Management */
	fake_set_config(EDU, PCI_CAPABILITY_LIST, "\x40", 1);
	fake_set_config(EDU, PCI_STATUS, "\x10", 1);
	space = open_space(state);
	assert_ok(vfa_device_enter_low_power(space.device, VFA_POWER_NO_WAKEUP));
	SAYS(try_map(space, VFA_BAR(0), 0, PAGE), REGION_OFF,
	     "0000:00:04.0 decodes no memory: it is in low power",
	     "take it back first: vfa_device_exit_low_power");
	assert_ok(vfa_device_exit_low_power(space.device));
	assert_ok(vfa_config_write16(space.device, 0x40 + PCI_PM_CTRL, 3));
	SAYS(try_map(space, VFA_BAR(0), 0, PAGE), REGION_OFF,
	     "0000:00:04.0 decodes no memory: it is in D3hot",
	     "write D0 to the control register of its Power Management capability");
	assert_ok(vfa_config_write16(space.device, 0x40 + PCI_PM_CTRL, 0));
	assert_ok(vfa_config_write16(space.device, PCI_COMMAND, 0));
	SAYS(try_map(space, VFA_BAR(0), 0, PAGE), REGION_OFF,
	     "0000:00:04.0 decodes no memory: Memory Space Enable is off",
	     "set it in its Command register");
	assert_ok(vfa_config_write16(space.device, PCI_COMMAND, PCI_COMMAND_MEMORY));
	close_space(space);
}

static void turn_off(void *data)
{
	assert_ok(vfa_config_write16(data, PCI_COMMAND, 0));
}

/* It was on when it was looked at. */
static void region_off_in_the_middle_is_told(void **state)
{
	struct space space = open_space(state);
	bool by_file = space.machine->backend == VFA_BACKEND_IOMMUFD;

	fake_visit_ioctl(by_file ? UAPI_IOMMU_IOAS_MAP_FILE : VFIO_IOMMU_MAP_DMA, turn_off,
			 space.device);
	SAYS(try_map(space, VFA_BAR(0), 0, PAGE), REGION_OFF,
	     "map 0x1000-0x1fff: the BAR does not answer: its device decodes no memory, or is gone",
	     "look after the device: vfa_device_check, and Memory Space Enable in its Command "
	     "register");
	close_space(space);
}

static void take_pages(void *data)
{
	volatile void *bar = NULL;

	assert_ok(vfa_region_map_part(data, VFA_BAR(0), 0, PAGE, &bar));
	assert_true(vfa_region_catch_fault(data, (const void *)bar));
	assert_ok(vfa_region_unmap_part(data, bar));
}

static void pages_that_were_replaced_are_told(void **state)
{
	struct space space = open_space(state);

	fake_visit_ioctl(VFIO_IOMMU_MAP_DMA, take_pages, space.device);
	SAYS(try_map(space, VFA_BAR(0), 0, PAGE), REGION_OFF,
	     "0000:00:04.0: BAR 0 did not answer while it was mapped",
	     "look whether the device is still there: vfa_device_check");
	close_space(space);
}

static void wrong_order_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_peer *peer = NULL;

	assert_ok(vfa_peer_map(space.container, space.device, VFA_BAR(0), 0, PAGE, NULL, &peer));
	SAYS(vfa_container_unmap_all(space.container), WRONG_ORDER,
	     "unmap: 0x1000-0x1fff belongs to a peer", "unmap the peer first: vfa_peer_unmap");
	vfa_device_close(space.device);
	SAYS(vfa_peer_restore(peer), WRONG_ORDER,
	     "the peer at 0x1000-0x1fff cannot be restored: its device was closed",
	     "unmap it, open the device again and map it anew");
	assert_ok(vfa_peer_unmap(peer));
	space.device = open_device(space.container, EDU);
	close_space(space);
}

static void what_stayed_mapped_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_container *other = open_container(*state);
	struct vfa_device *device = open_device(other, OTHER);
	struct vfa_peer *peer = NULL;

	assert_ok(vfa_peer_map(other, space.device, VFA_BAR(0), 0, PAGE, NULL, &peer));
	fake_fail_ioctl(VFIO_IOMMU_UNMAP_DMA, EIO);
	vfa_device_close(space.device);
	fake_fail_ioctl(VFIO_IOMMU_UNMAP_DMA, 0);
	vfa_device_close(device);
	SAYS(vfa_device_open(other, OTHER, NULL, &device), WRONG_ORDER,
	     "0x1000-0x1fff is of a device that was closed", "unmap it first: vfa_container_unmap");
	assert_ok(vfa_container_unmap(other, 0x1000, PAGE));
	assert_ok(vfa_peer_unmap(peer));
	vfa_container_close(other);
	space.device = open_device(space.container, EDU);
	close_space(space);
}

static void in_use_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_container *other = open_container(*state);
	struct vfa_device *device = open_device(other, OTHER);
	struct vfa_peer *peer = NULL;

	assert_ok(vfa_peer_map(other, space.device, VFA_BAR(0), 0, PAGE, NULL, &peer));
	SAYS(vfa_share_send(-1, space.container), IN_USE,
	     "0000:00:04.0 cannot be sent: containers lead to parts of its BARs",
	     "unmap those first: vfa_peer_unmap");
	assert_ok(vfa_peer_unmap(peer));
	vfa_device_close(device);
	vfa_container_close(other);
	close_space(space);
}

const struct CMUnitTest peer_messages[] = {
	ON_BOTH(no_region_is_told),
	ON_BOTH(region_rights_is_told),
	ON_BOTH(misaligned_is_told),
	ON_IOMMUFD(no_feature_is_told),
	ON_BOTH(region_off_is_told),
	ON_BOTH(region_off_in_the_middle_is_told),
	ON_TYPE1(pages_that_were_replaced_are_told),
	ON_BOTH(wrong_order_is_told),
	ON_TYPE1(what_stayed_mapped_is_told),
	ON_BOTH(in_use_is_told),
};
const size_t peer_messages_count = sizeof(peer_messages) / sizeof(peer_messages[0]);
