/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What there is to say of resets, features and power. */

#include <linux/vfio.h>

#include "messages/messages.h"

static void no_reset_is_told(void **state)
{
	struct space space;

	fake_set_reset(EDU, false);
	space = open_space(state);
	SAYS(vfa_device_reset(space.device), NO_RESET,
	     "0000:00:04.0 cannot be reset alone: the kernel knows no way that works for it",
	     "reset it by its own registers, if it has such");
	SAYS(vfa_device_hot_reset(space.device, NULL, 0), NO_RESET,
	     "0000:00:04.0 has no bus or slot that can be reset: it is on a root bus, or the "
	     "bridge above it does not do it",
	     "reset it by its own registers, if it has such");
	close_space(space);
	fake_set_reset(LEFT, false);
	space = open_space_of(state, LEFT);
	SAYS(vfa_device_reset(space.device), NO_RESET,
	     "0000:01:01.0 cannot be reset alone: the kernel knows no way that works for it",
	     "reset it with its bus, vfa_device_hot_reset, or by its own registers");
	close_space(space);
	space = open_space_of(state, NVME);
	SAYS(vfa_device_hot_reset(space.device, NULL, 0), NO_RESET,
	     "0000:00:05.0 has no bus or slot that can be reset: it is on a root bus, or the "
	     "bridge above it does not do it",
	     "reset it alone: vfa_device_reset");
	close_space(space);
}

static void in_use_is_told(void **state)
{
	struct space space = open_space_of(state, LEFT);

	fake_fail_ioctl(VFIO_DEVICE_RESET, EAGAIN);
	SAYS(vfa_device_reset(space.device), IN_USE,
	     "reset of 0000:01:01.0: somebody resets it, or changes its driver, at this moment",
	     "it was not reset: try again, and restore what others reach of its BARs: "
	     "vfa_peer_restore");
	tree_set_driver(&space.machine->tree, LEFT, NULL);
	SAYS(vfa_device_reset(space.device), IN_USE,
	     "reset of 0000:01:01.0: the kernel is taking it away, and waits for it to be closed",
	     "close it: until then it works, but is not reset");
	tree_set_driver(&space.machine->tree, LEFT, "vfio-pci");
	fake_fail_ioctl(VFIO_DEVICE_PCI_HOT_RESET, EBUSY);
	SAYS(vfa_device_hot_reset(space.device, NULL, 0), IN_USE,
	     "hot reset of 0000:01:01.0: registers of a device on its bus are being accessed at "
	     "this moment",
	     "nothing was reset: try again, or keep other threads from them, and restore what "
	     "others reach of BARs there: vfa_peer_restore");
	fake_fail_ioctl(VFIO_DEVICE_PCI_HOT_RESET, EAGAIN);
	SAYS(vfa_device_hot_reset(space.device, NULL, 0), IN_USE,
	     "hot reset of 0000:01:01.0: somebody resets a device on its bus, or changes its "
	     "driver, at this moment",
	     "nothing was reset: try again, and restore what others reach of BARs there: "
	     "vfa_peer_restore");
	tree_set_driver(&space.machine->tree, LEFT, NULL);
	SAYS(vfa_device_hot_reset(space.device, NULL, 0), IN_USE,
	     "hot reset of 0000:01:01.0: the kernel is taking 0000:01:01.0 away, and waits for it "
	     "to be closed",
	     "close it: until then its bus is not reset");
	fake_fail_ioctl(0, 0);
	close_space(space);
}

static void not_owned_is_told(void **state)
{
	struct space space = open_space_of(state, LEFT);
	struct machine *machine = space.machine;

	tree_set_driver(&machine->tree, RIGHT, NULL);
	tree_remove(&machine->tree, "sys/devices/pci0000:00/" PORT "/" RIGHT "/vfio-dev");
	SAYS(vfa_device_hot_reset(space.device, NULL, 0), NOT_OWNED,
	     "hot reset of 0000:01:01.0 would reset 0000:01:02.0 (no VFIO driver), which is not "
	     "owned here",
	     "bind them to vfio-pci, vfa bind ADDRESS, and open them too");
	fake_fail_ioctl(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, EPERM);
	SAYS(vfa_hot_reset_functions(space.device, NULL, 0), NOT_OWNED,
	     "hot reset of 0000:01:01.0: a function on its bus is in no IOMMU group",
	     "the kernel does not reset what it cannot isolate");
	fake_fail_ioctl(0, 0);
	close_space(space);
}

static void no_feature_is_told(void **state)
{
	struct space space = open_space(state);
	uint64_t data;

	SAYS(vfa_feature_get(space.device, VFA_FEATURE_MIGRATION, &data, sizeof(data)), NO_FEATURE,
	     "0000:00:04.0 has no feature 1 (migration)",
	     "the kernel, the driver of the device or the device itself lacks it: "
	     "vfa_feature_probe tells what there is");
	SAYS(vfa_feature_get(space.device, VFA_FEATURE_LOW_POWER_ENTRY, NULL, 0), NO_FEATURE,
	     "0000:00:04.0: get feature 3 (low power entry): it can only be set",
	     "vfa_feature_probe tells what can be done with it");
	SAYS(vfa_feature_set(space.device, VFA_FEATURE_PCI_VF_TOKEN, &data, sizeof(data)),
	     BAD_ARGUMENT,
	     "0000:00:04.0: feature 0 (VF token): 8 bytes of data, but it takes 16 or more",
	     "give the feature's struct, as linux/vfio.h has it");
	SAYS(vfa_feature_probe(space.device, 0x10000), BAD_ARGUMENT,
	     "0000:00:04.0: feature 65536 is no feature: numbers end at 65535",
	     "use enum vfa_feature");
	close_space(space);
}

static void low_power_is_told(void **state)
{
	struct space space = open_space(state);

	SAYS(vfa_device_enter_low_power(space.device, 0), BAD_FD,
	     "0000:00:04.0: enter low power: fd 0 is no eventfd",
	     "pass an eventfd, or VFA_POWER_NO_WAKEUP");
	SAYS(vfa_device_enter_low_power(space.device, 9999), BAD_FD,
	     "0000:00:04.0: enter low power: fd 9999 is not open",
	     "pass an eventfd, or VFA_POWER_NO_WAKEUP");
	assert_ok(vfa_device_enter_low_power(space.device, VFA_POWER_NO_WAKEUP));
	SAYS(vfa_device_enter_low_power(space.device, VFA_POWER_NO_WAKEUP), WRONG_ORDER,
	     "0000:00:04.0 is in low power already",
	     "take it back first: vfa_device_exit_low_power");
	close_space(space);
}

const struct CMUnitTest reset_messages[] = {
	ON_BOTH(no_reset_is_told),   ON_BOTH(in_use_is_told),    ON_BOTH(not_owned_is_told),
	ON_BOTH(no_feature_is_told), ON_BOTH(low_power_is_told),
};

const size_t reset_messages_count = sizeof(reset_messages) / sizeof(reset_messages[0]);
