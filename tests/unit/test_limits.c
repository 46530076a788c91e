/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/capability.h>
#include <linux/vfio.h>

#include "fixture.h"
#include "uapi/iommufd.h"

static bool is_type1(void **state)
{
	return ((struct machine *)*state)->backend == VFA_BACKEND_TYPE1;
}

static struct vfa_limits limits_of(struct vfa_container *container)
{
	struct vfa_limits limits = VFA_LIMITS_INIT;

	assert_ok(vfa_container_limits(container, &limits));
	return limits;
}

static void limits_follow_the_mappings(void **state)
{
	struct space space;
	struct vfa_limits limits;
	bool type1 = is_type1(state);

	fake_set_entry_limit(10);
	space = open_space(state);
	map_at(space.container, space.memory, 3 * PAGE, 0x10000);
	map_at(space.container, space.memory, PAGE, 0x20000);
	limits = limits_of(space.container);
	assert_int_equal(limits.struct_size, sizeof(limits));
	assert_int_equal(limits.accounting, type1 ? VFA_ACCOUNTING_PROCESS : VFA_ACCOUNTING_USER);
	assert_int_equal(limits.entries_used, 2);
	assert_int_equal(limits.entries_available, type1 ? 8 : VFA_LIMIT_NONE);
	assert_int_equal(limits.mapped_bytes, 4 * PAGE);
	assert_int_equal(limits.locked_bytes, type1 ? 4 * PAGE : 0);
	assert_int_equal(limits.pinned_bytes, type1 ? 0 : 4 * PAGE);
	assert_ok(vfa_container_unmap_all(space.container));
	limits = limits_of(space.container);
	assert_int_equal(limits.entries_used, 0);
	assert_int_equal(limits.entries_available, type1 ? 10 : VFA_LIMIT_NONE);
	assert_int_equal(limits.mapped_bytes + limits.locked_bytes + limits.pinned_bytes, 0);
	close_space(space);
}

static void limits_tell_the_limit_on_locked_memory(void **state)
{
	struct space space = open_space(state);
	struct vfa_limits limits = limits_of(space.container);

	assert_int_equal(limits.memlock_soft, VFA_LIMIT_NONE);
	assert_int_equal(limits.memlock_hard, VFA_LIMIT_NONE);
	fake_set_memlock(5 * PAGE);
	fake_set_memlock_hard(7 * PAGE);
	fake_set_locked_by_process(2 * PAGE);
	limits = limits_of(space.container);
	assert_int_equal(limits.memlock_soft, 5 * PAGE);
	assert_int_equal(limits.memlock_hard, 7 * PAGE);
	assert_int_equal(limits.locked_bytes, 2 * PAGE);
	close_space(space);
}

static void only_the_machines_own_privilege_exempts(void **state)
{
	struct space space = open_space(state);
	const struct tree *tree = &space.machine->tree;

	assert_int_equal(limits_of(space.container).is_exempt, 0);
	fake_set_capabilities(~(1ull << CAP_IPC_LOCK));
	assert_int_equal(limits_of(space.container).is_exempt, 0);
	fake_set_capabilities(1ull << CAP_IPC_LOCK);
	assert_int_equal(limits_of(space.container).is_exempt, 1);
	tree_link(tree, "user:[4026532177]", "proc/self/ns/user");
	assert_int_equal(limits_of(space.container).is_exempt, 0);
	close_space(space);
}

static void without_a_device_nothing_is_in_use(void **state)
{
	struct space space = open_space(state);
	bool type1 = is_type1(state);
	struct vfa_limits limits;

	map_at(space.container, space.memory, PAGE, 0x20000);
	vfa_device_close(space.device);
	limits = limits_of(space.container);
	assert_int_equal(limits.entries_used, type1 ? 0 : 1);
	assert_int_equal(limits.entries_available, type1 ? VFA_LIMIT_UNKNOWN : VFA_LIMIT_NONE);
	assert_int_equal(limits.mapped_bytes, PAGE);
	assert_int_equal(limits.locked_bytes + limits.pinned_bytes, 0);
	space.device = NULL;
	close_space(space);
}

static void without_proc_the_counts_are_unknown(void **state)
{
	struct space space = open_space(state);
	struct vfa_limits limits;

	tree_remove(&space.machine->tree, "proc/self/status");
	limits = limits_of(space.container);
	assert_int_equal(limits.locked_bytes, VFA_LIMIT_UNKNOWN);
	assert_int_equal(limits.pinned_bytes, VFA_LIMIT_UNKNOWN);
	close_space(space);
}

static void limits_of_a_program_with_another_header_are_cut_or_zero(void **state)
{
	struct {
		struct vfa_limits known;
		uint64_t newer;
	} more = { .known = { .struct_size = sizeof(more) }, .newer = 7 };
	struct vfa_limits less = VFA_LIMITS_INIT;
	struct space space = open_space(state);

	assert_ok(vfa_container_limits(space.container, (struct vfa_limits *)&more));
	assert_int_equal(more.known.struct_size, sizeof(more));
	assert_int_equal(more.known.memlock_soft, VFA_LIMIT_NONE);
	assert_int_equal(more.newer, 0);
	less.struct_size = sizeof(less) - 4;
	less.memlock_soft = 7;
	assert_fails(vfa_container_limits(space.container, &less), EINVAL, BAD_ARGUMENT);
	assert_int_equal(less.memlock_soft, 7);
	close_space(space);
}

static void limits_need_a_container_and_room(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_limits limits = VFA_LIMITS_INIT;

	assert_fails(vfa_container_limits(NULL, &limits), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_limits(container, NULL), EINVAL, BAD_ARGUMENT);
	assert_ok(vfa_container_limits(container, &limits));
	vfa_container_close(container);
}

static void an_undecided_container_has_no_limits_yet(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_limits limits = VFA_LIMITS_INIT;

	assert_fails(vfa_container_limits(container, &limits), ENODEV, WRONG_ORDER);
	vfa_container_close(container);
}

static void noiommu_has_no_limits(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = NULL;
	struct vfa_limits limits = VFA_LIMITS_INIT;

	fake_set_noiommu(true);
	assert_ok(vfa_container_open(machine->host, VFA_BACKEND_NOIOMMU, &container));
	assert_fails(vfa_container_limits(container, &limits), EOPNOTSUPP, NOIOMMU);
	vfa_container_close(container);
}

static void limits_pass_on_what_the_kernel_says(void **state)
{
	struct space space = open_space(state);
	struct vfa_limits limits = VFA_LIMITS_INIT;

	fake_fail_ioctl(is_type1(state) ? VFIO_IOMMU_GET_INFO : UAPI_IOMMU_OPTION, EIO);
	assert_fails(vfa_container_limits(space.container, &limits), EIO, KERNEL);
	assert_int_equal(limits.accounting, 0);
	close_space(space);
}

static void accountings_have_names(void **state)
{
	(void)state;
	assert_string_equal(vfa_accounting_name(VFA_ACCOUNTING_PROCESS), "process");
	assert_string_equal(vfa_accounting_name(VFA_ACCOUNTING_USER), "user");
	assert_string_equal(vfa_accounting_name(0), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(limits_follow_the_mappings),
		ON_BOTH(limits_tell_the_limit_on_locked_memory),
		ON_BOTH(only_the_machines_own_privilege_exempts),
		ON_BOTH(without_a_device_nothing_is_in_use),
		ON_BOTH(without_proc_the_counts_are_unknown),
		ON_BOTH(limits_of_a_program_with_another_header_are_cut_or_zero),
		ON_BOTH(limits_need_a_container_and_room),
		CASE(an_undecided_container_has_no_limits_yet),
		CASE(noiommu_has_no_limits),
		ON_BOTH(limits_pass_on_what_the_kernel_says),
		CASE(accountings_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
