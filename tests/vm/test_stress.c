/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Threads that map and unmap in the real kernel, while others translate. With
 * VFA_VM_ACCEL=tcg,thread=multi the guest's processors run side by side.
 */

#include "oracle/stress.h"
#include "raw.h"

#ifdef __SANITIZE_ADDRESS__
#define ROUNDS 1500
#else
#define ROUNDS 15000
#endif

static void readers_see_right_answers_while_others_map(void **state)
{
	struct vm *vm = *state;
	struct stress_plan plan = { .kernel = raw_ioctl, .page = PAGE_SIZE, .rounds = ROUNDS };
	struct vm_usage before, after;

	vm_need_assignment(vm);
	plan.container = vm_container(vm);
	vm_device(vm, plan.container, EDU);
	plan.memory = vm_memory(vm, STRESS_MEMORY);
	before = vm_usage_now();
	assert_int_equal(stress_run(&plan), 0);
	after = vm_usage_now();
	assert_int_equal(after.locked, before.locked);
	assert_int_equal(after.pinned, before.pinned);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(readers_see_right_answers_while_others_map),
	};

	return vm_run_cases("stress", cases);
}
