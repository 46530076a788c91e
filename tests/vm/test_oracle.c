/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What the library refuses before the kernel is asked against what the kernel
 * says when it is asked all the same. VFA_ORACLE_SEED repeats a run that was
 * seen, VFA_ORACLE_REQUESTS sets its length.
 */

#include <sys/mman.h>
#include <sys/random.h>

#include "oracle/oracle.h"
#include "raw.h"

#ifdef __SANITIZE_ADDRESS__
#define REQUESTS 100000 /* many times slower, and after other mistakes */
#else
#define REQUESTS 1000000
#endif

#define HUGE_PAGE (2ul << 20)
#define MEMORY    (2 * HUGE_PAGE)

static char *aligned_memory(struct vm *vm)
{
	char *memory = vm_memory(vm, MEMORY + HUGE_PAGE);

	return (char *)(((uintptr_t)memory + HUGE_PAGE - 1) & -HUGE_PAGE);
}

static void library_kernel_and_model_agree(void **state)
{
	struct vm *vm = *state;
	struct vm_usage before = vm_usage_now(), after;
	struct oracle_plan plan = { .kernel = raw_ioctl, .memory_size = MEMORY };
	uint64_t seed;

	vm_need_assignment(vm);
	plan.container = vm_container(vm);
	vm_device(vm, plan.container, EDU);
	plan.memory = aligned_memory(vm);
	assert_int_equal(getrandom(&seed, sizeof(seed), 0), sizeof(seed));
	oracle_plan_read(&plan, seed, REQUESTS);
	assert_int_equal(oracle_run(&plan), 0);
	after = vm_usage_now();
	assert_int_equal(after.locked, before.locked);
	assert_int_equal(after.pinned, before.pinned);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(library_kernel_and_model_agree),
	};

	return vm_run_cases("oracle", cases);
}
