/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The oracle of the emulated machine, asked of the fake kernel: where it says
 * otherwise than the real one, one of both runs disagrees with the model.
 */

#include "fixture.h"
#include "oracle/oracle.h"

#define HUGE_PAGE (2ul << 20)
#define SEED      1
#define REQUESTS  20000

static void agree(void **state)
{
	struct space space = open_space(state);
	char *memory = memory_new(3 * HUGE_PAGE);
	struct oracle_plan plan = {
		.container = space.container,
		.kernel = fake_syscalls.ioctl,
		.memory = (char *)(((uintptr_t)memory + HUGE_PAGE - 1) & -HUGE_PAGE),
		.memory_size = 2 * HUGE_PAGE,
	};

	oracle_plan_read(&plan, SEED, is_slow() ? REQUESTS / 20 : REQUESTS);
	assert_int_equal(oracle_run(&plan), 0);
	memory_free(memory, 3 * HUGE_PAGE);
	close_space(space);
}

static void library_kernel_and_model_agree(void **state)
{
	agree(state);
}

static void they_agree_up_to_the_end_of_64_bits(void **state)
{
	fake_set_aperture(4, 0, UINT64_MAX);
	agree(state);
}

/* More ranges, and some of one page. */
static void they_agree_among_many_regions(void **state)
{
	fake_add_reserved(4, 0, 0xfff, FAKE_RESERVED);
	fake_add_reserved(4, 0x2000, 0x2fff, FAKE_RESERVED);
	fake_add_reserved(4, 0x4000, 0x5fff, FAKE_DIRECT_RELAXABLE);
	fake_add_reserved(4, 0x100000000, 0x1ffffffff, FAKE_RESERVED);
	agree(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(library_kernel_and_model_agree),
		ON_BOTH(they_agree_up_to_the_end_of_64_bits),
		ON_BOTH(they_agree_among_many_regions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
