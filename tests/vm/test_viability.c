/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Verdicts on groups, with the kernel as the witness. */

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "edu.h"

#define MAX_GROUPS 64

/* Of the topology bridge-hotplug, with one bridge on the root bus and one below a port. */
#define HOTPLUG_BRIDGE "0000:00:04.0"
#define BEHIND_BRIDGE  "0000:01:01.0"
#define BESIDE_IT      "0000:01:02.0"
#define PORT_ABOVE     "0000:00:05.0"
#define BRIDGE_BELOW   "0000:02:00.0"
#define BEHIND_BOTH    "0000:03:01.0"

static void need_groups(void)
{
	vm_need(vm_profile()->has_iommu, "an IOMMU, as profile intel has it");
	vm_need(!access("/sys/bus/pci/devices/" BLOCKER, F_OK), "the usual devices, without -d");
}

/* That the kernel has bound the bridges to it is for the cases to see. */
static void need_hotplug_bridges(void)
{
	vm_need(!system("grep -q shpc=on /vm/devices"),
		"the topology bridge-hotplug (run.sh -d bridge-hotplug)");
	vm_need(!access("/sys/bus/pci/drivers/shpchp", F_OK), "shpchp, which the own kernel has");
}

static struct vfa_viability *look(const char *bdf)
{
	struct vfa_viability *viability;
	struct vfa_group *group;

	assert_ok(vfa_group_new_for_device(NULL, bdf, &group));
	assert_ok(vfa_viability_new(NULL, vfa_group_number(group), &viability));
	vfa_group_free(group);
	print_message("# %s\n", vfa_viability_message(viability));
	return viability;
}

static void check(const char *bdf, bool is_viable, enum vfa_viability_origin origin)
{
	struct vfa_viability *viability = look(bdf);

	assert_int_equal(vfa_viability_is_viable(viability), is_viable);
	assert_int_equal(vfa_viability_origin(viability), origin);
	vfa_viability_free(viability);
}

/* 1 or 0, or -1 where there is no node. */
static int ask_kernel(uint32_t group)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[64];
	int fd, err;

	snprintf(path, sizeof(path), "/dev/vfio/%u", group);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		assert_int_equal(errno, ENOENT);
		return -1;
	}
	err = ioctl(fd, VFIO_GROUP_GET_STATUS, &status);
	close(fd);
	assert_int_equal(err, 0);
	return !!(status.flags & VFIO_GROUP_FLAGS_VIABLE);
}

static void every_verdict_is_the_kernels(void **state)
{
	struct vfa_viability *viability;
	uint32_t numbers[MAX_GROUPS];
	unsigned int asked = 0;
	int count;

	(void)state;
	need_groups();
	count = assert_ok(vfa_group_list(NULL, numbers, MAX_GROUPS));
	for (int i = 0; i < count; i++) {
		int verdict = ask_kernel(numbers[i]);

		assert_ok(vfa_viability_new(NULL, numbers[i], &viability));
		assert_int_equal(vfa_viability_origin(viability),
				 verdict < 0 ? VFA_VIABILITY_SYSFS : VFA_VIABILITY_KERNEL);
		if (verdict >= 0)
			assert_int_equal(vfa_viability_is_viable(viability), verdict);
		asked += verdict >= 0;
		vfa_viability_free(viability);
	}
	assert_true(asked >= 6);
}

static void the_blocker_is_told_from_the_others(void **state)
{
	struct vfa_viability *viability;

	(void)state;
	need_groups();
	check(PORT_EDU_1, true, VFA_VIABILITY_KERNEL);
	viability = look(BLOCKED);
	assert_false(vfa_viability_is_viable(viability));
	assert_false(vfa_viability_get_member(viability, 0)->blocks);
	assert_true(vfa_viability_get_member(viability, 1)->blocks);
	assert_string_equal(vfa_viability_get_member(viability, 1)->use, "");
	assert_non_null(strstr(vfa_viability_message(viability), BLOCKER " is bound to nvme"));
	assert_null(strstr(vfa_viability_hint(viability), "echo " BLOCKED));
	assert_non_null(strstr(vfa_viability_hint(viability), "\n  echo " BLOCKER));
	vfa_viability_free(viability);
}

/* As nobody, to whom no node opens; 1 for a viable group. */
static int judge_unprivileged(void *data)
{
	struct vfa_viability *viability;
	struct vfa_group *group;
	int err = vm_become_nobody();

	if (!err)
		err = vfa_group_new_for_device(NULL, data, &group);
	if (err)
		return err;
	err = vfa_viability_new(NULL, vfa_group_number(group), &viability);
	vfa_group_free(group);
	if (err)
		return err;
	err = vfa_viability_origin(viability) == VFA_VIABILITY_SYSFS &&
			      strstr(vfa_viability_message(viability), "permission denied")
		      ? vfa_viability_is_viable(viability)
		      : -EPROTO;
	vfa_viability_free(viability);
	return err;
}

static void check_without_rights(const char *bdf, bool is_viable)
{
	struct vm_report report;

	vm_in_child(judge_unprivileged, (void *)bdf, &report);
	assert_int_equal(report.result, is_viable);
	check(bdf, is_viable, VFA_VIABILITY_KERNEL);
}

static void a_verdict_without_rights_is_the_kernels_too(void **state)
{
	(void)state;
	need_groups();
	check_without_rights(EDU, true);
	check_without_rights(PORT_EDU_2, true);
	check_without_rights(BLOCKED, false);
}

static void give(const char *bdf, const char *driver)
{
	struct vfa_driver_options options = VFA_DRIVER_OPTIONS_INIT;

	options.driver = driver;
	assert_ok(vfa_driver_bind(NULL, bdf, &options, NULL));
}

static void a_stub_does_not_block(void **state)
{
	(void)state;
	need_groups();
	vm_need(!access("/sys/bus/pci/drivers/pci-stub", F_OK),
		"pci-stub, which the own kernel has");
	give(BLOCKER, "pci-stub");
	check(BLOCKED, true, VFA_VIABILITY_KERNEL);
	give(BLOCKER, "nvme");
	check(BLOCKED, false, VFA_VIABILITY_KERNEL);
}

static void follow_hint(const char *bdf)
{
	struct vfa_viability *viability = look(bdf);
	char command[2048];

	snprintf(command, sizeof(command), "%s", strstr(vfa_viability_hint(viability), "\n  ") + 1);
	vfa_viability_free(viability);
	assert_int_equal(system(command), 0);
}

static void following_the_hint_makes_the_group_viable(void **state)
{
	(void)state;
	need_groups();
	follow_hint(BLOCKED);
	check(BLOCKED, true, VFA_VIABILITY_KERNEL);
	give(BLOCKER, "nvme");
	check(BLOCKED, false, VFA_VIABILITY_KERNEL);
}

static void an_open_group_stays_viable_and_tells_by_whom(void **state)
{
	struct vfa_viability *viability;
	struct vm *vm = *state;
	char holder[64];

	need_groups();
	vm_need_assignment(vm);
	snprintf(holder, sizeof(holder), "is held by process %d (test_viability)", (int)getpid());
	vm_device(vm, vm_container(vm), EDU);
	viability = look(EDU);
	assert_true(vfa_viability_is_viable(viability));
	assert_int_equal(vfa_viability_origin(viability), VFA_VIABILITY_SYSFS);
	assert_non_null(strstr(vfa_viability_message(viability), holder));
	vfa_viability_free(viability);
}

static void check_member(const struct vfa_viability *viability, size_t index, const char *bdf,
			 const char *driver, bool blocks)
{
	const struct vfa_group_member *member =
		vfa_group_get_member(vfa_viability_group(viability), index);
	const struct vfa_member_state *member_state = vfa_viability_get_member(viability, index);

	assert_non_null(member);
	assert_string_equal(member->name, bdf);
	assert_string_equal(member->driver, driver);
	assert_int_equal(member_state->blocks, blocks);
	print_message("# %s: %s\n", bdf, member_state->why);
}

static void check_blocker(const struct vfa_viability *viability, const char *bridge)
{
	uint32_t number = vfa_group_number(vfa_viability_group(viability));
	char expected[128];

	assert_int_equal(ask_kernel(number), 0);
	assert_int_equal(vfa_viability_origin(viability), VFA_VIABILITY_KERNEL);
	snprintf(expected, sizeof(expected), "not viable, says the kernel: %s is bound to shpchp",
		 bridge);
	assert_string_equal(strstr(vfa_viability_message(viability), "not viable"), expected);
}

static void a_bridge_on_the_hotplug_driver_blocks(void **state)
{
	struct vfa_viability *viability;

	(void)state;
	need_hotplug_bridges();
	viability = look(BEHIND_BRIDGE);
	check_blocker(viability, HOTPLUG_BRIDGE);
	check_member(viability, 0, HOTPLUG_BRIDGE, "shpchp", true);
	check_member(viability, 1, BEHIND_BRIDGE, "vfio-pci", false);
	check_member(viability, 2, BESIDE_IT, "vfio-pci", false);
	assert_non_null(
		strstr(vfa_viability_get_member(viability, 0)->why, "though it is a bridge"));
	vfa_viability_free(viability);
}

static void the_port_above_such_a_bridge_does_not_block(void **state)
{
	struct vfa_viability *viability;

	(void)state;
	need_hotplug_bridges();
	viability = look(BEHIND_BOTH);
	check_blocker(viability, BRIDGE_BELOW);
	check_member(viability, 0, PORT_ABOVE, "pcieport", false);
	check_member(viability, 1, BRIDGE_BELOW, "shpchp", true);
	check_member(viability, 2, BEHIND_BOTH, "vfio-pci", false);
	assert_null(strstr(vfa_viability_hint(viability), PORT_ABOVE));
	vfa_viability_free(viability);
	follow_hint(BEHIND_BOTH);
	check(BEHIND_BOTH, true, VFA_VIABILITY_KERNEL);
}

static void check_dma(struct vm *vm, struct vfa_container *space, const char *bdf)
{
	struct edu edu = edu_open(vm, space, bdf);
	struct vfa_buffer *buffer = edu_buffer(vm, space, PAGE_SIZE);
	uint8_t *bytes = vfa_buffer_vaddr(buffer);
	uint64_t iova = vfa_buffer_iova(buffer);

	edu_fill(bytes, 256, 1);
	edu_take(&edu, iova, 256);
	edu_give(&edu, iova + 256, 256);
	edu_check(bytes + 256, 256, 1);
}

static void a_device_opens_when_the_bridge_lost_its_driver(void **state)
{
	struct vfa_container *space;
	struct vfa_device *device;
	struct vm *vm = *state;

	need_hotplug_bridges();
	vm_need_assignment(vm);
	give(HOTPLUG_BRIDGE, "shpchp");
	space = vm_container(vm);
	assert_refused(vfa_device_open(space, BEHIND_BRIDGE, NULL, &device), EBUSY,
		       VFA_CAUSE_NOT_VIABLE);
	assert_said(HOTPLUG_BRIDGE " is bound to shpchp");
	follow_hint(BEHIND_BRIDGE);
	check(BEHIND_BRIDGE, true, VFA_VIABILITY_KERNEL);
	check_dma(vm, space, BEHIND_BRIDGE);
}

static void need_command(void)
{
	need_hotplug_bridges();
	vm_need(!access("/usr/bin/vfa", X_OK), "the command, which needs its libraries to build");
}

static void the_command_names_the_bridge_and_how_to_free_the_group(void **state)
{
	(void)state;
	need_command();
	give(HOTPLUG_BRIDGE, "shpchp");
	assert_int_equal(system("vfa group " BEHIND_BRIDGE), 0);
	assert_int_equal(system("vfa group -o NAME,DRIVER,BLOCKS,WHY " BEHIND_BRIDGE
				" | grep '" HOTPLUG_BRIDGE " *shpchp *yes .*it is a bridge'"),
			 0);
	assert_int_equal(system("vfa group " BEHIND_BRIDGE " 2>&1 | sed -n '/^  echo /p' | sh"), 0);
	check(BEHIND_BRIDGE, true, VFA_VIABILITY_KERNEL);
}

static void the_command_frees_the_group_and_gives_the_bridge_back(void **state)
{
	(void)state;
	need_command();
	give(HOTPLUG_BRIDGE, "shpchp");
	assert_int_equal(system("vfa bind --group " BEHIND_BRIDGE), 0);
	check(BEHIND_BRIDGE, true, VFA_VIABILITY_KERNEL);
	assert_int_equal(system("vfa unbind " HOTPLUG_BRIDGE), 0);
	check(BEHIND_BRIDGE, false, VFA_VIABILITY_KERNEL);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(every_verdict_is_the_kernels),
		VM_CASE_ONCE(the_blocker_is_told_from_the_others),
		VM_CASE_ONCE(a_verdict_without_rights_is_the_kernels_too),
		VM_CASE_ONCE(a_stub_does_not_block),
		VM_CASE_ONCE(following_the_hint_makes_the_group_viable),
		VM_CASE(an_open_group_stays_viable_and_tells_by_whom),
		VM_CASE_ONCE(a_bridge_on_the_hotplug_driver_blocks),
		VM_CASE_ONCE(the_port_above_such_a_bridge_does_not_block),
		VM_CASE(a_device_opens_when_the_bridge_lost_its_driver),
		VM_CASE_ONCE(the_command_names_the_bridge_and_how_to_free_the_group),
		VM_CASE_ONCE(the_command_frees_the_group_and_gives_the_bridge_back),
	};

	return vm_run_cases("viability", cases);
}
