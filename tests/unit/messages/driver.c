/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why a function does not get a driver. */

#include "base/host.h"
#include "messages/messages.h"

#define DISK "0000:00:06.1" /* on nvme */

static int bind_to(struct machine *machine, const char *bdf, const char *driver)
{
	struct vfa_driver_options options = VFA_DRIVER_OPTIONS_INIT;

	options.driver = driver;
	return vfa_driver_bind(machine->host, bdf, &options, NULL);
}

static void no_driver_is_told(void **state)
{
	SAYS(bind_to(*state, DISK, "uio_pci_generic"), NO_DRIVER,
	     "0000:00:06.1: there is no PCI driver uio_pci_generic in the kernel",
	     "load its module, which often has the same name:\n"
	     "  modprobe uio_pci_generic");
}

static void driver_refused_is_told(void **state)
{
	struct machine *machine = *state;

	SAYS(bind_to(machine, PORT, NULL), DRIVER_REFUSED,
	     "0000:00:09.0 is a bridge, which vfio-pci does not take",
	     "leave it on its driver: pcieport does not keep a group from being used");
	fake_set_native_driver(DISK, "nvme");
	fake_set_probe_errno("vfio-pci", EINVAL);
	SAYS(bind_to(machine, DISK, NULL), DRIVER_REFUSED,
	     "0000:00:06.1: vfio-pci refused it: Invalid argument; it is bound to nvme, as before",
	     "the kernel's log may tell why: dmesg | tail");
	tree_remove(&machine->tree, "sys/bus/pci/devices/" DISK "/iommu_group");
	SAYS(bind_to(machine, DISK, NULL), NO_IOMMU,
	     "0000:00:06.1 is in no IOMMU group, though this machine has an IOMMU; "
	     "it is bound to nvme, as before",
	     "the IOMMU does not cover this device: firmware tables leave it out, "
	     "or the kernel was told to pass it by");
}

static void take_away(void *data)
{
	struct machine *machine = data;

	tree_set_driver(&machine->tree, DISK, "pci-stub");
}

static void in_use_is_told(void **state)
{
	struct machine *machine = *state;

	tree_write(&machine->tree, "2\n", "sys/bus/pci/devices/" DISK "/sriov_numvfs");
	SAYS(bind_to(machine, DISK, NULL), IN_USE,
	     "0000:00:06.1 is in use: it has 2 virtual functions, which go with its driver",
	     "take them away first, if nothing uses them:\n"
	     "  echo 0 > /sys/bus/pci/devices/0000:00:06.1/sriov_numvfs");
	tree_remove(&machine->tree, "sys/bus/pci/devices/" DISK "/sriov_numvfs");
	fake_visit_write(2, take_away, machine);
	SAYS(bind_to(machine, DISK, NULL), KERNEL,
	     "0000:00:06.1: write to /sys/bus/pci/drivers/nvme/unbind: No such device; "
	     "it is bound to pci-stub",
	     "");
}

static void not_restored_is_told(void **state)
{
	struct machine *machine = *state;

	fake_set_probe_errno("vfio-pci", EIO);
	fake_set_probe_errno("nvme", ENXIO);
	SAYS(bind_to(machine, DISK, NULL), NOT_RESTORED,
	     "0000:00:06.1: vfio-pci refused it: Input/output error; and it is not bound to nvme "
	     "any more, as it was: 0000:00:06.1: nvme refused it: No such device or address",
	     "put it back as root, once what is in the way is gone:\n"
	     "  echo nvme > /sys/bus/pci/devices/0000:00:06.1/driver_override\n"
	     "  echo 0000:00:06.1 > /sys/bus/pci/drivers/nvme/bind\n"
	     "  echo > /sys/bus/pci/devices/0000:00:06.1/driver_override");
}

/* Opening the override is the call to fail: it is the first whose failure is one of writing. */
static unsigned int find_first_write(struct machine *machine)
{
	unsigned int n = 0;
	int err;

	do {
		tree_set_driver(&machine->tree, DISK, "nvme");
		tree_write(&machine->tree, "(null)\n",
			   "sys/bus/pci/devices/" DISK "/driver_override");
		fake_fail_call(++n, EACCES);
		err = bind_to(machine, DISK, NULL);
	} while (fake_has_failed() && (!err || vfa_error_last()->cause != VFA_CAUSE_ACCESS));
	return n;
}

static void no_right_to_write_is_told(void **state)
{
	unsigned int n = find_first_write(*state);

	fake_fail_call(n, EACCES);
	SAYS(bind_to(*state, DISK, NULL), ACCESS,
	     "0000:00:06.1: no right to write to "
	     "/sys/bus/pci/devices/0000:00:06.1/driver_override",
	     "changing a driver takes root, in the first user namespace");
	fake_fail_call(n, EROFS);
	SAYS(bind_to(*state, DISK, NULL), DENIED,
	     "0000:00:06.1: /sys/bus/pci/devices/0000:00:06.1/driver_override cannot be "
	     "written: sysfs is mounted for reading only",
	     "it is so in most containers: change the driver outside");
}

static void an_impossible_driver_is_told(void **state)
{
	SAYS(bind_to(*state, DISK, "../uio"), BAD_ARGUMENT,
	     "driver \"../uio\": no driver can have this name",
	     "give one of those in /sys/bus/pci/drivers, of at most 62 letters");
}

const struct CMUnitTest driver_messages[] = {
	CASE(no_driver_is_told),
	CASE(driver_refused_is_told),
	CASE(in_use_is_told),
	CASE(not_restored_is_told),
	CASE(no_right_to_write_is_told),
	CASE(an_impossible_driver_is_told),
};

const size_t driver_messages_count = sizeof(driver_messages) / sizeof(driver_messages[0]);
