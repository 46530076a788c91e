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

static int count_by_process(struct vfa_container *container)
{
	return vfa_container_set_accounting(container, VFA_ACCOUNTING_PROCESS);
}

static int count_by_user(struct vfa_container *container)
{
	return vfa_container_set_accounting(container, VFA_ACCOUNTING_USER);
}

static void iommufd_counts_by_process_when_asked(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device;
	char *memory = memory_new(PAGE);

	fake_set_capabilities(1ull << CAP_SYS_RESOURCE);
	assert_ok(count_by_process(container));
	fake_set_capabilities(0);
	assert_int_equal(limits_of(container).accounting, VFA_ACCOUNTING_PROCESS);
	device = open_device(container, EDU);
	map_at(container, memory, PAGE, 0x10000);
	assert_int_equal(limits_of(container).locked_bytes, PAGE);
	assert_int_equal(limits_of(container).pinned_bytes, PAGE);
	vfa_device_close(device);
	vfa_container_close(container);
	memory_free(memory, PAGE);
}

static void accounting_changes_back(void **state)
{
	struct vfa_container *container = open_container(*state);

	fake_set_capabilities(1ull << CAP_SYS_RESOURCE);
	assert_ok(count_by_process(container));
	assert_ok(count_by_user(container));
	assert_int_equal(limits_of(container).accounting, VFA_ACCOUNTING_USER);
	vfa_container_close(container);
}

static void accounting_that_is_so_already_is_no_change(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, PAGE, 0x10000);
	if (is_type1(state))
		assert_ok(count_by_process(space.container));
	else
		assert_ok(count_by_user(space.container));
	close_space(space);
}

static void accounting_is_chosen_before_devices_and_mappings(void **state)
{
	struct space space = open_space(state);

	fake_set_capabilities(1ull << CAP_SYS_RESOURCE);
	assert_fails(count_by_process(space.container), EBUSY, WRONG_ORDER);
	map_at(space.container, space.memory, PAGE, 0x10000);
	vfa_device_close(space.device);
	assert_fails(count_by_process(space.container), EBUSY, WRONG_ORDER);
	assert_ok(vfa_container_unmap_all(space.container));
	assert_ok(count_by_process(space.container));
	space.device = open_device(space.container, EDU);
	close_space(space);
}

/* What is refused leaves a container that works as before. */
static void check_still_by_user(struct vfa_container *container)
{
	struct vfa_device *device = open_device(container, EDU);
	char *memory = memory_new(PAGE);

	map_at(container, memory, PAGE, 0x10000);
	assert_int_equal(limits_of(container).accounting, VFA_ACCOUNTING_USER);
	assert_int_equal(limits_of(container).locked_bytes, 0);
	vfa_device_close(device);
	vfa_container_close(container);
	memory_free(memory, PAGE);
}

static void a_change_of_accounting_wants_privilege(void **state)
{
	struct vfa_container *container = open_container(*state);
	uint32_t before, after;

	assert_ok(vfa_container_ioas(container, &before));
	fake_set_capabilities(~(1ull << CAP_SYS_RESOURCE));
	assert_fails(count_by_process(container), EPERM, DENIED);
	assert_ok(vfa_container_ioas(container, &after));
	assert_int_equal(before, after);
	assert_int_equal(fake_count_ioctls(UAPI_IOMMU_DESTROY), 0);
	check_still_by_user(container);
}

static void an_fd_that_serves_others_keeps_its_accounting(void **state)
{
	struct machine *machine = *state;
	int fd = open_node(machine, "iommu");
	struct vfa_container *container = NULL, *other = NULL;
	uint32_t ioas;

	fake_set_capabilities(1ull << CAP_SYS_RESOURCE);
	assert_ok(vfa_container_open_fd(machine->host, VFA_BACKEND_IOMMUFD, fd, &container));
	assert_ok(vfa_container_open_fd(machine->host, VFA_BACKEND_IOMMUFD, fd, &other));
	close_node(fd);
	assert_fails(count_by_process(container), EBUSY, BAD_FD);
	assert_ok(vfa_container_ioas(container, &ioas));
	vfa_container_close(other);
	check_still_by_user(container);
}

/* The kernel did it, and failed to say so. */
static void a_change_of_accounting_without_an_answer_is_none(void **state)
{
	struct vfa_container *container = open_container(*state);

	fake_set_capabilities(1ull << CAP_SYS_RESOURCE);
	fake_fail_answer(2); /* the first one tells what it is */
	assert_fails(count_by_process(container), EFAULT, KERNEL);
	assert_true(fake_has_failed());
	check_still_by_user(container);
}

/* The IOAS that could not be made at once is made for the next device. */
static void an_ioas_that_did_not_come_again_comes_later(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = NULL;
	uint32_t ioas;

	fake_set_capabilities(1ull << CAP_SYS_RESOURCE);
	fake_fail_ioctl(UAPI_IOMMU_IOAS_ALLOC, ENOMEM);
	assert_ok(count_by_process(container));
	assert_fails(vfa_container_ioas(container, &ioas), ENOMEM, KERNEL);
	assert_fails(vfa_device_open(container, EDU, NULL, &device), ENOMEM, NO_MEMORY);
	fake_fail_ioctl(0, 0);
	device = open_device(container, EDU);
	assert_ok(vfa_container_ioas(container, &ioas));
	vfa_device_close(device);
	vfa_container_close(container);
}

static void type1_counts_by_process_only(void **state)
{
	struct vfa_container *container = open_container(*state);

	assert_fails(count_by_user(container), EOPNOTSUPP, BAD_ARGUMENT);
	vfa_container_close(container);
}

static void accounting_needs_a_container_and_a_rule(void **state)
{
	struct vfa_container *container = open_container(*state);

	assert_fails(count_by_user(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_set_accounting(container, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(count_by_user(container), ENODEV, WRONG_ORDER);
	vfa_container_close(container);
}

static struct vfa_memlock_estimate estimate_of(struct vfa_container *container,
					       const struct vfa_plan *plan, size_t count)
{
	struct vfa_memlock_estimate estimate = VFA_MEMLOCK_ESTIMATE_INIT;

	assert_ok(vfa_container_estimate_memlock(container, plan, count, &estimate));
	return estimate;
}

static void an_estimate_is_the_sum_of_whole_pages(void **state)
{
	static const struct vfa_plan plan[] = {
		{ .size = PAGE, .count = 3 },
		{ .size = 1, .count = 2 },
		{ .size = 1, .page_size = 2 << 20, .count = 1 },
		{ .size = 1 << 20, .count = 1, .flags = VFA_PLAN_DEVICE_MEMORY },
	};
	struct space space = open_space(state);
	struct vfa_memlock_estimate estimate = estimate_of(space.container, plan, 4);

	assert_int_equal(estimate.struct_size, sizeof(estimate));
	assert_int_equal(estimate.accounting, limits_of(space.container).accounting);
	assert_int_equal(estimate.bytes, 5 * PAGE + (2 << 20));
	assert_int_equal(estimate.limit, estimate.bytes);
	assert_int_equal(estimate.entries, 7);
	close_space(space);
}

static void an_estimate_comes_on_top_of_what_counts(void **state)
{
	static const struct vfa_plan plan = { .size = PAGE, .count = 3 };
	struct space space = open_space(state);

	fake_set_locked_by_process(5 * PAGE);
	map_at(space.container, space.memory, 2 * PAGE, 0x10000);
	assert_int_equal(estimate_of(space.container, &plan, 1).bytes, 3 * PAGE);
	assert_int_equal(estimate_of(space.container, &plan, 1).limit,
			 (is_type1(state) ? 10 : 5) * PAGE);
	fake_set_capabilities(1ull << CAP_IPC_LOCK);
	assert_int_equal(estimate_of(space.container, &plan, 1).bytes, 3 * PAGE);
	assert_int_equal(estimate_of(space.container, &plan, 1).limit, 0);
	close_space(space);
}

static void an_estimate_has_what_the_next_device_pins(void **state)
{
	static const struct vfa_plan plan = { .size = PAGE, .count = 1 };
	struct space space = open_space(state);

	map_at(space.container, space.memory, 2 * PAGE, 0x10000);
	vfa_device_close(space.device);
	space.device = NULL;
	assert_int_equal(estimate_of(space.container, &plan, 1).bytes, PAGE);
	assert_int_equal(estimate_of(space.container, &plan, 1).limit, 3 * PAGE);
	close_space(space);
}

static void an_estimate_follows_the_iommus_page_size(void **state)
{
	static const struct vfa_plan plan = { .size = 1, .count = 1 };
	struct space space;

	fake_set_page_sizes(4, 0x10000);
	space = open_space(state);
	assert_int_equal(estimate_of(space.container, &plan, 1).bytes, 0x10000);
	close_space(space);
}

static void an_estimate_is_the_limit_that_is_just_enough(void **state)
{
	static const struct vfa_plan plan = { .size = PAGE, .count = 3 };
	struct space space = open_space(state);
	struct vfa_map_options options = at(0x30000);
	uint64_t limit = estimate_of(space.container, &plan, 1).limit;

	fake_set_memlock(limit - 1);
	for (uint64_t i = 0; i < 2; i++)
		map_at(space.container, space.memory, PAGE, 0x10000 + i * PAGE);
	assert_fails(vfa_container_map(space.container, space.memory, PAGE, &options, NULL), ENOMEM,
		     MEMLOCK);
	fake_set_memlock(limit);
	map_at(space.container, space.memory, PAGE, 0x30000);
	close_space(space);
}

static void an_estimate_without_proc_is_unknown(void **state)
{
	struct space space = open_space(state);

	tree_remove(&space.machine->tree, "proc/self/status");
	assert_int_equal(estimate_of(space.container, NULL, 0).limit, VFA_LIMIT_UNKNOWN);
	close_space(space);
}

static int try_estimate(struct vfa_container *container, struct vfa_plan plan)
{
	struct vfa_memlock_estimate estimate = VFA_MEMLOCK_ESTIMATE_INIT;
	int err = vfa_container_estimate_memlock(container, &plan, 1, &estimate);

	assert_int_equal(estimate.bytes, 0);
	return err;
}

static void a_plan_that_makes_no_sense_has_no_estimate(void **state)
{
	struct vfa_container *container = open_container(*state);

	assert_fails(try_estimate(container, (struct vfa_plan){ .size = 0, .count = 1 }), EINVAL,
		     EMPTY);
	assert_fails(try_estimate(container, (struct vfa_plan){ .size = 1 }), EINVAL, EMPTY);
	assert_fails(
		try_estimate(container, (struct vfa_plan){ .size = 1, .count = 1, .page_size = 3 }),
		EINVAL, BAD_ARGUMENT);
	assert_fails(
		try_estimate(container, (struct vfa_plan){ .size = 1, .count = 1, .flags = 2 }),
		EINVAL, BAD_ARGUMENT);
	assert_fails(
		try_estimate(container, (struct vfa_plan){ .size = 1, .count = 1, .reserved = 1 }),
		EINVAL, BAD_ARGUMENT);
	assert_fails(try_estimate(container, (struct vfa_plan){ .size = -1ull, .count = 1 }),
		     EINVAL, WRAPPED);
	assert_fails(try_estimate(container, (struct vfa_plan){ .size = 1ull << 60, .count = 16 }),
		     EINVAL, WRAPPED);
	vfa_container_close(container);
}

static void an_estimate_needs_a_container_a_plan_and_room(void **state)
{
	struct vfa_memlock_estimate estimate = VFA_MEMLOCK_ESTIMATE_INIT;
	struct vfa_container *container = open_container(*state);

	assert_fails(vfa_container_estimate_memlock(NULL, NULL, 0, &estimate), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_container_estimate_memlock(container, NULL, 1, &estimate), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_container_estimate_memlock(container, NULL, 0, NULL), EINVAL,
		     BAD_ARGUMENT);
	estimate.struct_size = 0;
	assert_fails(vfa_container_estimate_memlock(container, NULL, 0, &estimate), EINVAL,
		     BAD_ARGUMENT);
	vfa_container_close(container);
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
		ON_IOMMUFD(iommufd_counts_by_process_when_asked),
		ON_IOMMUFD(accounting_changes_back),
		ON_BOTH(accounting_that_is_so_already_is_no_change),
		ON_IOMMUFD(accounting_is_chosen_before_devices_and_mappings),
		ON_IOMMUFD(a_change_of_accounting_wants_privilege),
		ON_IOMMUFD(an_fd_that_serves_others_keeps_its_accounting),
		ON_IOMMUFD(a_change_of_accounting_without_an_answer_is_none),
		ON_IOMMUFD(an_ioas_that_did_not_come_again_comes_later),
		ON_TYPE1(type1_counts_by_process_only),
		CASE(accounting_needs_a_container_and_a_rule),
		ON_BOTH(an_estimate_is_the_sum_of_whole_pages),
		ON_BOTH(an_estimate_comes_on_top_of_what_counts),
		ON_BOTH(an_estimate_has_what_the_next_device_pins),
		ON_BOTH(an_estimate_follows_the_iommus_page_size),
		ON_BOTH(an_estimate_is_the_limit_that_is_just_enough),
		ON_BOTH(an_estimate_without_proc_is_unknown),
		ON_BOTH(a_plan_that_makes_no_sense_has_no_estimate),
		ON_BOTH(an_estimate_needs_a_container_a_plan_and_room),
		CASE(accountings_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
