/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Drivers changed on the real kernel, with its own links and attributes as the witness. All
 * of it by the library itself, so what a case leaves behind is put back by the same means.
 */

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

#define NETWORK "0000:00:0a.0" /* e1000e, on vfio-pci; the kernel has no driver for it */

static void need_vfio(void)
{
	vm_need(vm_profile()->has_iommu, "an IOMMU, without which vfio-pci takes no device");
}

static void read_driver(const char *bdf, char ret[64])
{
	char path[128], target[256];
	ssize_t size;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", bdf);
	size = readlink(path, target, sizeof(target) - 1);
	target[size > 0 ? size : 0] = '\0';
	snprintf(ret, 64, "%s", size > 0 ? strrchr(target, '/') + 1 : "");
}

static void read_override(const char *bdf, char ret[64])
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", bdf);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(ret, 64, file));
	fclose(file);
	ret[strcspn(ret, "\n")] = '\0';
}

static void assert_binding(const char *bdf, const char *driver, const char *override)
{
	char now[64];

	read_driver(bdf, now);
	assert_string_equal(now, driver);
	read_override(bdf, now);
	assert_string_equal(now, override);
}

#define NO_OVERRIDE "(null)"

static struct vfa_driver_options to(const char *driver, const char *override)
{
	struct vfa_driver_options options = VFA_DRIVER_OPTIONS_INIT;

	options.driver = driver;
	options.override = override;
	return options;
}

/* As init has bound them, by overrides: BLOCKER to nvme, the others to vfio-pci. */
static void put_back(const char *bdf)
{
	struct vfa_driver_options nvme = to("nvme", "nvme");

	if (!strcmp(bdf, BLOCKER))
		assert_ok(vfa_driver_unbind(NULL, bdf, &nvme, NULL));
	else
		assert_ok(vfa_driver_bind(NULL, bdf, NULL, NULL));
}

static void disk_goes_to_vfio_and_back(void **state)
{
	struct vfa_driver_change there = VFA_DRIVER_CHANGE_INIT, back = VFA_DRIVER_CHANGE_INIT;
	struct vfa_driver_options before;

	(void)state;
	need_vfio();
	assert_ok(vfa_driver_bind(NULL, BLOCKER, NULL, &there));
	assert_true(there.changed);
	assert_string_equal(there.from, "nvme");
	assert_binding(BLOCKER, "vfio-pci", "vfio-pci");
	assert_ok(vfa_driver_bind(NULL, BLOCKER, NULL, &back));
	assert_false(back.changed);
	before = to(there.from, there.override);
	assert_ok(vfa_driver_unbind(NULL, BLOCKER, &before, &back));
	assert_string_equal(back.from, "vfio-pci");
	assert_string_equal(back.to, "nvme");
	assert_binding(BLOCKER, "nvme", there.override);
	assert_ok(vfa_driver_unbind(NULL, BLOCKER, &before, &back));
	assert_false(back.changed);
}

static void kernel_finds_the_driver_of_a_disk(void **state)
{
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;

	(void)state;
	need_vfio();
	assert_ok(vfa_driver_unbind(NULL, NVME, NULL, &change));
	assert_string_equal(change.from, "vfio-pci");
	assert_string_equal(change.to, "nvme");
	assert_binding(NVME, "nvme", NO_OVERRIDE);
	assert_ok(vfa_driver_unbind(NULL, NVME, NULL, &change));
	assert_false(change.changed);
	put_back(NVME);
	assert_binding(NVME, "vfio-pci", "vfio-pci");
}

static void kernel_has_no_driver_for_a_function(void **state)
{
	static const char *const functions[] = { EDU, NETWORK };
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;

	(void)state;
	need_vfio();
	for (size_t i = 0; i < 2; i++) {
		assert_ok(vfa_driver_unbind(NULL, functions[i], NULL, &change));
		assert_true(change.changed);
		assert_string_equal(change.to, "");
		assert_binding(functions[i], "", NO_OVERRIDE);
		assert_ok(vfa_driver_bind(NULL, functions[i], NULL, &change));
		assert_string_equal(change.from, "");
		assert_binding(functions[i], "vfio-pci", "vfio-pci");
	}
}

/* edu is no port, which the driver of ports finds out by itself. */
static void driver_that_refuses_gives_the_function_back(void **state)
{
	struct vfa_driver_change change = VFA_DRIVER_CHANGE_INIT;
	struct vfa_driver_options ports = to("pcieport", NULL);

	(void)state;
	need_vfio();
	assert_refused(vfa_driver_bind(NULL, EDU, &ports, &change), ENODEV,
		       VFA_CAUSE_DRIVER_REFUSED);
	assert_said("it is bound to vfio-pci, as before");
	assert_binding(EDU, "vfio-pci", "vfio-pci");
	assert_string_equal(change.from, "");
}

static void bridge_and_unknown_driver_change_nothing(void **state)
{
	struct vfa_driver_options other = to("no-such-driver", NULL);
	char before[64];

	(void)state;
	read_override(BLOCKER, before);
	assert_refused(vfa_driver_bind(NULL, PORT, NULL, NULL), EINVAL, VFA_CAUSE_DRIVER_REFUSED);
	assert_binding(PORT, "pcieport", NO_OVERRIDE);
	assert_refused(vfa_driver_bind(NULL, BLOCKER, &other, NULL), ENOENT, VFA_CAUSE_NO_DRIVER);
	assert_binding(BLOCKER, "nvme", before);
	assert_refused(vfa_driver_bind(NULL, "0000:00:1e.7", NULL, NULL), ENODEV,
		       VFA_CAUSE_NO_DEVICE);
}

static void without_iommu_the_old_driver_is_kept(void **state)
{
	char before[64];

	(void)state;
	vm_need(!vm_profile()->has_iommu, "a machine without IOMMU, as profile none is");
	read_override(BLOCKER, before);
	assert_refused(vfa_driver_bind(NULL, BLOCKER, NULL, NULL), ENOENT, VFA_CAUSE_NO_IOMMU);
	assert_said("it is bound to nvme, as before");
	assert_binding(BLOCKER, "nvme", before);
}

static int try_device(enum vfa_backend backend, const char *bdf)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	int err = vfa_container_open(NULL, backend, &space);

	if (!err)
		err = vfa_device_open(space, bdf, NULL, &device);
	vfa_device_close(device);
	vfa_container_close(space);
	return err;
}

/* Word by word: the lines that start with two spaces, one after the other, by a shell. */
static void follow_hint(void)
{
	char script[2048] = "set -e\n", hint[2048];

	snprintf(hint, sizeof(hint), "%s", vfa_error_last()->hint);
	assert_non_null(strstr(hint, "\n  "));
	for (char *line = strtok(hint, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "  ", 2) || strstr(line, "modprobe"))
			continue; /* which the machine does not have: modules are there */
		strcat(strcat(script, line), "\n");
	}
	print_message("%s", script);
	assert_int_equal(system(script), 0);
}

static void printed_commands_make_the_group_viable(void **state)
{
	struct vm *vm = *state;

	vm_need_assignment(vm);
	assert_refused(try_device(vm->backend, BLOCKED), EBUSY, VFA_CAUSE_NOT_VIABLE);
	follow_hint();
	assert_ok(try_device(vm->backend, BLOCKED));
	put_back(BLOCKER);
	assert_refused(try_device(vm->backend, BLOCKED), EBUSY, VFA_CAUSE_NOT_VIABLE);
}

static void binding_the_blocker_makes_the_group_viable(void **state)
{
	struct vm *vm = *state;

	vm_need_assignment(vm);
	assert_refused(try_device(vm->backend, BLOCKED), EBUSY, VFA_CAUSE_NOT_VIABLE);
	assert_ok(vfa_driver_bind(NULL, BLOCKER, NULL, NULL));
	assert_ok(try_device(vm->backend, BLOCKED));
	assert_ok(try_device(vm->backend, BLOCKER));
	put_back(BLOCKER);
}

static void what_this_process_holds_is_refused(void **state)
{
	struct vfa_driver_options options = to(NULL, NULL);
	struct vm *vm = *state;

	vm_need_assignment(vm);
	vm_device(vm, vm_container(vm), EDU);
	options.flags = VFA_DRIVER_FORCE;
	assert_refused(vfa_driver_unbind(NULL, EDU, NULL, NULL), EBUSY, VFA_CAUSE_IN_USE);
	assert_refused(vfa_driver_unbind(NULL, EDU, &options, NULL), EBUSY, VFA_CAUSE_IN_USE);
	assert_said("this process");
	assert_binding(EDU, "vfio-pci", "vfio-pci");
}

/* What the kernel tells udev, from here on. */
static int listen_to_kernel(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* The disk whose sectors are kept until the machine is turned off: one of 8 MiB. */
#define FIND_DISK                                                                                  \
	"cd /sys/class/block && for disk in nvme*n1; do "                                          \
	"[ \"$(cat $disk/size)\" = 16384 ] && break; disk=; done; [ \"$disk\" ]"

/* Linux 6.1 still looks for the disk when the driver has long been bound. */
static void await_disk(int events)
{
	struct pollfd ready = { .fd = events, .events = POLLIN };
	char event[4096];

	do {
		assert_int_equal(poll(&ready, 1, 20000), 1);
		assert_true(recv(events, event, sizeof(event), 0) > 0);
	} while (system(FIND_DISK));
}

static void start_swap(void)
{
	int events = listen_to_kernel();

	assert_ok(vfa_driver_unbind(NULL, NVME, NULL, NULL));
	await_disk(events);
	close(events);
	assert_int_equal(system(FIND_DISK " && mkswap /dev/$disk && swapon /dev/$disk"), 0);
}

static void disk_with_swap_is_taken_by_force_only(void **state)
{
	struct vfa_driver_options options = to(NULL, NULL);

	(void)state;
	need_vfio();
	start_swap();
	assert_refused(vfa_driver_bind(NULL, NVME, NULL, NULL), EBUSY, VFA_CAUSE_IN_USE);
	assert_said("swap");
	assert_binding(NVME, "nvme", NO_OVERRIDE);
	options.flags = VFA_DRIVER_FORCE;
	assert_ok(vfa_driver_bind(NULL, NVME, &options, NULL));
	assert_binding(NVME, "vfio-pci", "vfio-pci");
}

static int bind_as_nobody(void *data)
{
	(void)data;
	assert_int_equal(vm_become_nobody(), 0);
	return vfa_driver_bind(NULL, BLOCKER, NULL, NULL);
}

static void without_privilege_nothing_changes(void **state)
{
	struct vm_report report;
	char before[64];

	(void)state;
	read_override(BLOCKER, before);
	vm_in_child(bind_as_nobody, NULL, &report);
	assert_child_refused(&report, EACCES, VFA_CAUSE_ACCESS);
	assert_binding(BLOCKER, "nvme", before);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(disk_goes_to_vfio_and_back),
		VM_CASE_ONCE(kernel_finds_the_driver_of_a_disk),
		VM_CASE_ONCE(kernel_has_no_driver_for_a_function),
		VM_CASE_ONCE(driver_that_refuses_gives_the_function_back),
		VM_CASE_ONCE(bridge_and_unknown_driver_change_nothing),
		VM_CASE_ONCE(without_iommu_the_old_driver_is_kept),
		VM_CASE(printed_commands_make_the_group_viable),
		VM_CASE(binding_the_blocker_makes_the_group_viable),
		VM_CASE(what_this_process_holds_is_refused),
		VM_CASE_ONCE(without_privilege_nothing_changes),
		/* The last: what the kernel swapped to it may be gone. */
		VM_CASE_ONCE(disk_with_swap_is_taken_by_force_only),
	};

	return vm_run_cases("driver", cases);
}
