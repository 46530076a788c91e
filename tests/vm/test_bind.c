/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* vfa bind and vfa unbind on the real kernel, with its driver links as the witness. */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common.h"
#include "shell.h"

#define MEMORY "/run/vfa/"

static void assert_printed(const char *line, int status, const char *text)
{
	assert_int_equal(shell_run(line), status);
	assert_string_equal(shell_output, text);
}

static void assert_driver(const char *bdf, const char *driver)
{
	char path[128], target[256] = "";

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", bdf);
	(void)!readlink(path, target, sizeof(target) - 1);
	assert_string_equal(target[0] ? strrchr(target, '/') + 1 : "", driver);
}

static void need_vfio(void)
{
	vm_need(vm_profile()->has_iommu, "an IOMMU, without which vfio-pci takes no device");
}

static void undo_line_gives_a_device_back(void **state)
{
	char undo[256];

	(void)state;
	need_vfio();
	assert_printed("vfa bind 00:06.1", 0,
		       BLOCKER " (1b36 0010): nvme -> vfio-pci\n"
			       "undo: vfa unbind " BLOCKER "\n");
	assert_driver(BLOCKER, "vfio-pci");
	snprintf(undo, sizeof(undo), "%s", strstr(shell_output, "undo: ") + strlen("undo: "));
	assert_printed("vfa bind " BLOCKER, 0, BLOCKER " (1b36 0010): vfio-pci already\n");
	assert_printed("cat " MEMORY BLOCKER, 0,
		       "id=1b360010\ndriver=nvme\noverride=nvme\ngiven=vfio-pci\n");
	assert_printed(undo, 0, BLOCKER " (1b36 0010): vfio-pci -> nvme\n");
	assert_driver(BLOCKER, "nvme");
	assert_printed("cat /sys/bus/pci/devices/" BLOCKER "/driver_override", 0, "nvme\n");
	assert_true(access(MEMORY BLOCKER, F_OK));
	assert_printed("vfa unbind --driver nvme " BLOCKER, 0,
		       BLOCKER " (1b36 0010): nvme, with another override\n");
	assert_printed("vfa unbind " BLOCKER, 0, BLOCKER " (1b36 0010): nvme already\n");
	assert_int_equal(shell_run("echo nvme > /sys/bus/pci/devices/" BLOCKER "/driver_override"),
			 0);
}

/* It has been on vfio-pci since the machine came up, and nothing is known from before. */
static void what_is_not_remembered_is_the_kernels_choice(void **state)
{
	(void)state;
	need_vfio();
	assert_printed("vfa unbind " NVME, 0, NVME " (1b36 0010): vfio-pci -> nvme\n");
	assert_driver(NVME, "nvme");
	assert_int_equal(shell_run("vfa bind " NVME), 0);
	assert_driver(NVME, "vfio-pci");
}

static void device_without_driver_has_none_again(void **state)
{
	(void)state;
	need_vfio();
	assert_int_equal(shell_run("vfa unbind " EDU " " OTHER_EDU), 0);
	assert_printed("vfa bind " EDU " " OTHER_EDU, 0,
		       EDU " (1234 11e8): no driver -> vfio-pci\n" OTHER_EDU
			   " (1234 11e8): no driver -> vfio-pci\n"
			   "undo: vfa unbind " EDU " " OTHER_EDU "\n");
	assert_int_equal(shell_run("vfa unbind " EDU), 0);
	assert_driver(EDU, "");
	assert_int_equal(shell_run("vfa bind " EDU), 0);
	assert_driver(EDU, "vfio-pci");
}

static void dry_run_prints_what_a_shell_can_do(void **state)
{
	(void)state;
	need_vfio();
	assert_printed("vfa bind --dry-run " BLOCKER, 0,
		       "  echo vfio-pci > /sys/bus/pci/devices/" BLOCKER "/driver_override\n"
		       "  echo " BLOCKER " > /sys/bus/pci/drivers/nvme/unbind\n"
		       "  echo " BLOCKER " > /sys/bus/pci/drivers/vfio-pci/bind\n" BLOCKER
		       " (1b36 0010): nvme -> vfio-pci (not done)\n");
	assert_driver(BLOCKER, "nvme");
	assert_int_equal(shell_run("vfa bind --dry-run " BLOCKER " | grep '^  ' | sh -e"), 0);
	assert_driver(BLOCKER, "vfio-pci");
	assert_printed("vfa unbind -v --driver nvme " BLOCKER, 0,
		       "  echo nvme > /sys/bus/pci/devices/" BLOCKER "/driver_override\n"
		       "  echo " BLOCKER " > /sys/bus/pci/drivers/vfio-pci/unbind\n"
		       "  echo " BLOCKER " > /sys/bus/pci/drivers/nvme/bind\n"
		       "  echo > /sys/bus/pci/devices/" BLOCKER "/driver_override\n" BLOCKER
		       " (1b36 0010): vfio-pci -> nvme\n");
	assert_int_equal(shell_run("echo nvme > /sys/bus/pci/devices/" BLOCKER "/driver_override"),
			 0);
}

static void group_is_viable_with_its_blockers(void **state)
{
	struct vfa_container *space;
	struct vfa_device *device;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	assert_printed("vfa bind --group " BLOCKED, 0,
		       BLOCKED " (1b36 0010): vfio-pci already\n" BLOCKER
			       " (1b36 0010): nvme -> vfio-pci\n"
			       "undo: vfa unbind " BLOCKER "\n");
	assert_ok(vfa_container_open(NULL, vm->backend, &space));
	assert_ok(vfa_device_open(space, BLOCKER, NULL, &device));
	assert_int_equal(shell_run("vfa unbind " BLOCKER), 1);
	assert_non_null(strstr(shell_output, "is in use: /dev/vfio/"));
	assert_driver(BLOCKER, "vfio-pci");
	vfa_device_close(device);
	vfa_container_close(space);
	assert_int_equal(shell_run("vfa unbind " BLOCKER), 0);
	assert_driver(BLOCKER, "nvme");
}

static void refusals_have_their_exit_status(void **state)
{
	(void)state;
	assert_int_equal(shell_run("vfa bind --driver no-such-driver " BLOCKER), 1);
	assert_non_null(strstr(shell_output,
			       "cannot load the module no-such-driver: there is none in "
			       "/lib/modules/"));
	assert_int_equal(shell_run("vfa bind " PORT), 1);
	assert_non_null(strstr(shell_output, "is a bridge"));
	assert_int_equal(shell_run("vfa bind 0000:00:1e.7"), 1);
	assert_int_equal(shell_run("vfa bind"), 2);
	assert_int_equal(shell_run("vfa bind --no-such-option " BLOCKER), 2);
	assert_int_equal(shell_run("vfa --host / bind " BLOCKER), 1);
	assert_driver(BLOCKER, "nvme");
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(undo_line_gives_a_device_back),
		VM_CASE_ONCE(what_is_not_remembered_is_the_kernels_choice),
		VM_CASE_ONCE(device_without_driver_has_none_again),
		VM_CASE_ONCE(dry_run_prints_what_a_shell_can_do),
		VM_CASE(group_is_viable_with_its_blockers),
		VM_CASE_ONCE(refusals_have_their_exit_status),
	};

	return vm_run_cases("bind", cases);
}
