/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why a device does not do as told, and what is wrong with any call. */

#include <linux/vfio.h>

#include "base/error.h"
#include "fake/no_snoop.h"
#include "messages/messages.h"

static void kernel_is_told(void **state)
{
	struct space space = open_space(state);

	fake_fail_ioctl(VFIO_DEVICE_RESET, EIO);
	SAYS(vfa_device_reset(space.device), KERNEL,
	     "0000:00:04.0: VFIO_DEVICE_RESET: Input/output error", "");
	close_space(space);
}

static void no_memory_is_told(void **state)
{
	SAYS(error_memory(), NO_MEMORY, "out of memory", "");
}

static void bad_argument_is_told(void **state)
{
	struct vfa_host_options options = { .struct_size = 3 };
	struct vfa_host *host;

	SAYS(vfa_container_fd(NULL), BAD_ARGUMENT, "container is NULL", "");
	SAYS(vfa_host_new(&options, &host), BAD_ARGUMENT,
	     "vfa_host_options: struct_size is 3, not 48",
	     "initialise the struct with its _INIT macro");
}

static void wrong_order_is_told(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct space space;

	SAYS(vfa_container_iova_ranges(container, NULL, 0), WRONG_ORDER,
	     "IOVA ranges: no device is in the container, so what can be mapped is "
	     "not known",
	     "open a device in it first: vfa_device_open, or let a PASID lead to it: "
	     "vfa_pasid_attach");
	vfa_container_close(container);
	space = open_space(state);
	SAYS(vfa_region_unmap(space.device, VFA_BAR(0)), WRONG_ORDER,
	     "0000:00:04.0: region 0 is not mapped", "unmap as often as it was mapped");
	SAYS(vfa_region_unmap_part(space.device, (void *)0x1000), WRONG_ORDER,
	     "0000:00:04.0: none of its regions is mapped at 0x1000",
	     "give an address of vfa_region_map_part, as often as it was mapped");
	close_space(space);
}

static void no_region_is_told(void **state)
{
	struct space space = open_space(state);
	volatile void *base;

	SAYS(vfa_region_map(space.device, 9, &base), NO_REGION,
	     "0000:00:04.0 has no region 9: vfa_region_count is 9", "use an index below it");
	SAYS(vfa_region_map(space.device, VFA_BAR(1), &base), NO_REGION,
	     "0000:00:04.0 does not implement region 1",
	     "vfa_region_get_info tells the size of each");
	SAYS(vfa_region_find(space.device, 0x80008086, 1), NO_REGION,
	     "0000:00:04.0 has no region of type 0x80008086 and subtype 0x1",
	     "the driver that it is bound to does not add one; vfa_region_get_info tells the "
	     "type of each");
	close_space(space);
}

static void region_bounds_is_told(void **state)
{
	struct space space = open_space(state);
	uint32_t value;

	SAYS(vfa_region_read(space.device, VFA_BAR(0), 1 << 20, &value, 4), REGION_BOUNDS,
	     "0000:00:04.0: 4 bytes at offset 0x100000 are past the end of region 0",
	     "the region has 0x100000 bytes");
	close_space(space);
}

static void no_capability_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_capability found;

	SAYS(vfa_capability_find(space.device, 0x11, &found), NO_CAPABILITY,
	     "0000:00:04.0 has no MSI-X capability (id 0x11)",
	     "vfa info 0000:00:04.0 lists those it has");
	close_space(space);
}

static void device_gone_is_told(void **state)
{
	fake_set_gone(EDU, true);
	SAYS(try_open(*state, EDU, NULL), DEVICE_GONE,
	     "0000:00:04.0 reads as all ones: it is asleep (D3cold) or gone",
	     "see power_state in its sysfs directory; the parameter disable_idle_d3=1 "
	     "of vfio_pci keeps devices awake; remove and rescan it if it fell off "
	     "the bus");
}

static void no_snoop_fixed_is_told(void **state)
{
	struct config config = config_express(0x020000, PCI_EXP_TYPE_ENDPOINT, true);
	struct machine *machine = *state;
	struct space space = open_space(state);

	SAYS(vfa_device_enable_no_snoop(space.device), NO_SNOOP_FIXED,
	     "0000:00:04.0 has no Enable No Snoop: it has no PCI Express capability",
	     "only PCI Express devices can be allowed no-snoop transactions");
	close_space(space);
	fake_set_config(NVME, 0, config.bytes, sizeof(config.bytes));
	fake_fix_config(NVME, CONFIG_CONTROL, PCI_EXP_DEVCTL_NOSNOOP_EN);
	space = open_space_of(state, NVME);
	SAYS(vfa_device_disable_no_snoop(space.device), NO_SNOOP_FIXED,
	     "0000:00:05.0: Enable No Snoop stays set: the device does not take what is written",
	     "only an IOMMU that enforces snooping keeps its DMA coherent");
	tree_link(&machine->tree, "../" EDU, "sys/bus/pci/devices/" NVME "/physfn");
	SAYS(vfa_device_disable_no_snoop(space.device), NO_SNOOP_FIXED,
	     "0000:00:05.0 is a virtual function: Enable No Snoop of its physical function "
	     "0000:00:04.0 rules it",
	     "whoever has 0000:00:04.0 can change it, for all its virtual functions");
	close_space(space);
	config = config_express(0x020000, PCI_EXP_TYPE_ENDPOINT, false);
	fake_set_config(NVME, 0, config.bytes, sizeof(config.bytes));
	tree_remove(&machine->tree, "sys/devices/pci0000:00/" NVME "/physfn");
	space = open_space_of(state, NVME);
	SAYS(vfa_device_enable_no_snoop(space.device), NO_SNOOP_FIXED,
	     "0000:00:05.0: Enable No Snoop stays clear: the device does not take what is written",
	     "the device never issues no-snoop transactions");
	close_space(space);
}

const struct CMUnitTest device_messages[] = {
	ON_TYPE1(kernel_is_told),       ON_TYPE1(no_memory_is_told),
	ON_TYPE1(bad_argument_is_told), ON_BOTH(wrong_order_is_told),
	ON_BOTH(no_region_is_told),     ON_BOTH(region_bounds_is_told),
	ON_BOTH(device_gone_is_told),   ON_BOTH(no_snoop_fixed_is_told),
	ON_BOTH(no_capability_is_told),
};

const size_t device_messages_count = sizeof(device_messages) / sizeof(device_messages[0]);
