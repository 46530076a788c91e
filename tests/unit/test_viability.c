/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fixture.h"

#include <linux/vfio.h>

#define BLOCKER "0000:00:06.1"

static struct vfa_viability *look(struct machine *machine, uint32_t number)
{
	struct vfa_viability *viability = NULL;

	assert_ok(vfa_viability_new(machine->host, number, &viability));
	assert_int_equal(vfa_group_number(vfa_viability_group(viability)), number);
	return viability;
}

static void check_verdict(const struct vfa_viability *viability, bool is_viable,
			  enum vfa_viability_origin origin, const char *message)
{
	assert_string_equal(vfa_viability_message(viability), message);
	assert_int_equal(vfa_viability_is_viable(viability), is_viable);
	assert_int_equal(vfa_viability_origin(viability), origin);
	assert_int_equal(vfa_viability_hint(viability)[0] == '\0', is_viable);
}

static void check_member(const struct vfa_viability *viability, size_t index, bool blocks,
			 const char *why, const char *use)
{
	const struct vfa_member_state *state = vfa_viability_get_member(viability, index);

	assert_non_null(state);
	assert_int_equal(state->blocks, blocks);
	assert_string_equal(state->why, why);
	assert_string_equal(state->use, use);
}

static void mount_blocker(struct machine *machine)
{
	tree_link(&machine->tree, "../../devices/pci0000:00/" BLOCKER "/nvme/nvme0/nvme0n1",
		  "sys/class/block/nvme0n1");
	tree_write(&machine->tree, "259:0\n", "sys/devices/pci0000:00/%s",
		   BLOCKER "/nvme/nvme0/nvme0n1/dev");
	tree_write(&machine->tree, "36 35 259:0 / /srv rw - ext4 /dev/nvme0n1 rw\n",
		   "proc/self/mountinfo");
}

static void the_kernel_says_yes(void **state)
{
	struct vfa_viability *viability = look(*state, 9);

	check_verdict(viability, true, VFA_VIABILITY_KERNEL, "group 9 is viable, says the kernel");
	check_member(viability, 0, false, "its driver serves a bridge and does no DMA", "");
	check_member(viability, 1, false, "its driver leaves DMA to user space", "");
	assert_null(vfa_viability_get_member(viability, 3));
	vfa_viability_free(viability);
}

static void the_kernel_says_no(void **state)
{
	struct vfa_viability *viability = look(*state, 6);

	check_verdict(viability, false, VFA_VIABILITY_KERNEL,
		      "group 6 is not viable, says the kernel: " BLOCKER " is bound to nvme");
	check_member(viability, 0, false, "its driver leaves DMA to user space", "");
	check_member(viability, 1, true, "its driver does DMA in the kernel", "");
	vfa_viability_free(viability);
}

static void a_blocker_in_use_is_told_before_its_command(void **state)
{
	struct machine *machine = *state;
	struct vfa_viability *viability;
	const char *hint;

	mount_blocker(machine);
	viability = look(machine, 6);
	check_member(viability, 1, true, "its driver does DMA in the kernel",
		     "nvme0n1 is mounted on /srv");
	hint = strstr(vfa_viability_hint(viability), "if nothing uses them:\n");
	assert_non_null(hint);
	hint += strlen("if nothing uses them:\n");
	assert_non_null(strstr(hint, BLOCKER " is in use: nvme0n1 is mounted on /srv; when that "
					     "has ended:\n  echo " BLOCKER " > "));
	assert_ptr_equal(strstr(hint, BLOCKER), hint);
	vfa_viability_free(viability);
}

/* A driver that the library does not know may be one that leaves DMA alone. */
static void the_kernels_yes_stands_against_sysfs(void **state)
{
	struct vfa_viability *viability;

	fake_set_viable(6, true);
	viability = look(*state, 6);
	check_verdict(viability, true, VFA_VIABILITY_KERNEL, "group 6 is viable, says the kernel");
	check_member(viability, 1, false, "the kernel knows that its driver does no DMA", "");
	vfa_viability_free(viability);
}

static void the_kernels_no_stands_against_sysfs(void **state)
{
	struct vfa_viability *viability;

	fake_set_viable(4, false);
	viability = look(*state, 4);
	check_verdict(viability, false, VFA_VIABILITY_KERNEL,
		      "group 4 is not viable, says the kernel: though no member is seen on a "
		      "driver that does DMA");
	vfa_viability_free(viability);
}

static void a_bridge_on_another_driver_blocks(void **state)
{
	struct machine *machine = *state;
	struct vfa_viability *viability;

	tree_set_driver(&machine->tree, PORT, "shpchp");
	fake_set_viable(9, false);
	viability = look(machine, 9);
	check_verdict(viability, false, VFA_VIABILITY_KERNEL,
		      "group 9 is not viable, says the kernel: " PORT " is bound to shpchp");
	check_member(viability, 0, true,
		     "its driver may do DMA for all that the kernel knows, though it is a bridge",
		     "");
	vfa_viability_free(viability);
}

static void an_open_group_is_judged_by_sysfs(void **state)
{
	struct machine *machine = *state;
	struct vfa_viability *viability;

	fake_set_group_busy(9, true);
	viability = look(machine, 9);
	assert_true(vfa_viability_is_viable(viability));
	assert_int_equal(vfa_viability_origin(viability), VFA_VIABILITY_SYSFS);
	vfa_viability_free(viability);
	tree_add_holder(&machine->tree, 77, "qemu", "vfio/devices/vfio4");
	viability = look(machine, 9);
	assert_non_null(strstr(vfa_viability_message(viability),
			       "group 9 is viable, by what sysfs "
			       "shows; the kernel was not asked: "));
	assert_non_null(strstr(vfa_viability_message(viability),
			       "/dev/vfio/devices/vfio4 is held by process 77 (qemu)"));
	check_member(viability, 1, false, "its driver leaves DMA to user space",
		     "held by process 77 (qemu)");
	vfa_viability_free(viability);
}

static void without_rights_it_is_judged_by_sysfs(void **state)
{
	struct vfa_viability *viability;

	fake_set_open_errno("vfio/6", EACCES);
	viability = look(*state, 6);
	assert_false(vfa_viability_is_viable(viability));
	assert_int_equal(vfa_viability_origin(viability), VFA_VIABILITY_SYSFS);
	assert_non_null(strstr(vfa_viability_message(viability), "permission denied: mode 0600"));
	vfa_viability_free(viability);
}

static void without_a_vfio_driver_it_is_judged_by_sysfs(void **state)
{
	struct machine *machine = *state;
	struct vfa_viability *viability;

	tree_set_driver(&machine->tree, EDU, NULL);
	tree_remove(&machine->tree, "sys/devices/pci0000:00/" EDU "/vfio-dev");
	tree_remove(&machine->tree, "dev/vfio/4");
	fake_set_open_errno("vfio/4", ENOENT);
	viability = look(machine, 4);
	assert_non_null(strstr(vfa_viability_message(viability),
			       "group 4 is viable, by what sysfs shows; the kernel was not asked: "
			       "without a member on a VFIO driver there is no "));
	check_member(viability, 0, false, "no driver has it", "");
	vfa_viability_free(viability);
}

static void a_refused_question_is_told(void **state)
{
	struct vfa_viability *viability;

	fake_fail_ioctl(VFIO_GROUP_GET_STATUS, EIO);
	viability = look(*state, 4);
	check_verdict(viability, true, VFA_VIABILITY_SYSFS,
		      "group 4 is viable, by what sysfs shows; the kernel was not asked: "
		      "VFIO_GROUP_GET_STATUS: Input/output error");
	vfa_viability_free(viability);
}

/* Half a command would be another one. */
static void many_blockers_are_told_in_whole_lines(void **state)
{
	struct machine *machine = *state;
	struct vfa_viability *viability;
	const char *hint, *last;

	for (int i = 0; i < 40; i++)
		tree_link(&machine->tree, "/sys/bus/platform/drivers/pl330",
			  "sys/kernel/iommu_groups/6/devices/%d.dma/driver", 9000000 + i);
	viability = look(machine, 6);
	assert_non_null(strstr(vfa_viability_message(viability), " more"));
	hint = vfa_viability_hint(viability);
	last = strrchr(hint, '\n');
	assert_non_null(last);
	assert_non_null(strstr(last, "/driver/unbind"));
	vfa_viability_free(viability);
}

static void looking_records_no_failure(void **state)
{
	struct machine *machine = *state;
	struct vfa_viability *viability = NULL;

	assert_fails(vfa_viability_new(machine->host, 8, &viability), ENOENT, NO_GROUP);
	fake_set_open_errno("vfio/6", EACCES);
	vfa_viability_free(look(machine, 6));
	assert_int_equal(vfa_error_last()->cause, VFA_CAUSE_NO_GROUP);
	assert_null(viability);
	assert_fails(vfa_viability_new(machine->host, 6, NULL), EINVAL, BAD_ARGUMENT);
	vfa_viability_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_kernel_says_yes),
		CASE(the_kernel_says_no),
		CASE(a_blocker_in_use_is_told_before_its_command),
		CASE(the_kernels_yes_stands_against_sysfs),
		CASE(the_kernels_no_stands_against_sysfs),
		CASE(a_bridge_on_another_driver_blocks),
		CASE(an_open_group_is_judged_by_sysfs),
		CASE(without_rights_it_is_judged_by_sysfs),
		CASE(without_a_vfio_driver_it_is_judged_by_sysfs),
		CASE(a_refused_question_is_told),
		CASE(many_blockers_are_told_in_whole_lines),
		CASE(looking_records_no_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
