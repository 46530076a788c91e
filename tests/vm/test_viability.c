/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Verdicts on groups, with the kernel as the witness. */

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common.h"

#define MAX_GROUPS 64

static void need_groups(void)
{
	vm_need(vm_profile()->has_iommu, "an IOMMU, as profile intel has it");
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

static void give_blocker_to(const char *driver)
{
	struct vfa_driver_options options = VFA_DRIVER_OPTIONS_INIT;

	options.driver = driver;
	assert_ok(vfa_driver_bind(NULL, BLOCKER, &options, NULL));
}

static void a_stub_does_not_block(void **state)
{
	(void)state;
	need_groups();
	vm_need(!access("/sys/bus/pci/drivers/pci-stub", F_OK),
		"pci-stub, which the own kernel has");
	give_blocker_to("pci-stub");
	check(BLOCKED, true, VFA_VIABILITY_KERNEL);
	give_blocker_to("nvme");
	check(BLOCKED, false, VFA_VIABILITY_KERNEL);
}

static void following_the_hint_makes_the_group_viable(void **state)
{
	struct vfa_viability *viability;
	char command[2048];

	(void)state;
	need_groups();
	viability = look(BLOCKED);
	snprintf(command, sizeof(command), "%s", strstr(vfa_viability_hint(viability), "\n  ") + 1);
	vfa_viability_free(viability);
	assert_int_equal(system(command), 0);
	check(BLOCKED, true, VFA_VIABILITY_KERNEL);
	give_blocker_to("nvme");
	check(BLOCKED, false, VFA_VIABILITY_KERNEL);
}

static void an_open_group_stays_viable_and_tells_by_whom(void **state)
{
	struct vfa_viability *viability;
	struct vm *vm = *state;
	char holder[64];

	vm_need_assignment(vm);
	snprintf(holder, sizeof(holder), "is held by process %d (test_viability)", (int)getpid());
	vm_device(vm, vm_container(vm), EDU);
	viability = look(EDU);
	assert_true(vfa_viability_is_viable(viability));
	assert_int_equal(vfa_viability_origin(viability), VFA_VIABILITY_SYSFS);
	assert_non_null(strstr(vfa_viability_message(viability), holder));
	vfa_viability_free(viability);
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
	};

	return vm_run_cases("viability", cases);
}
