/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Mapped regions whose device does not answer. */

#include <linux/vfio.h>
#include <pthread.h>
#include <signal.h>

#include "fixture.h"

#define BAR_SIZE (1u << 20)
#define LARGE    (5u << 20)
#define AT_ONCE  (2u << 20)
#define ALL_RIGHTS                                                                                 \
	(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE | VFIO_REGION_INFO_FLAG_MMAP)

static const void *plain(const volatile void *bar, size_t offset)
{
	return (const char *)bar + offset;
}

static volatile void *map_bar(struct space space, uint32_t index)
{
	volatile void *bar = NULL;

	assert_ok(vfa_region_map(space.device, VFA_BAR(index), &bar));
	return bar;
}

static void a_fault_in_a_mapped_region_is_caught(void **state)
{
	struct space space = open_space(state);
	volatile void *bar = map_bar(space, 0);
	uint32_t value = 0;

	vfa_mmio_write32(bar, 0x80, 1);
	errno = EXDEV;
	assert_int_equal(vfa_region_catch_fault(space.device, plain(bar, 0x80)), 1);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(vfa_mmio_read32(bar, 0x80), UINT32_MAX);
	assert_true(vfa_mmio_read64(bar, BAR_SIZE - 8) == UINT64_MAX);
	vfa_mmio_write32(bar, 0x80, 2);
	assert_ok(vfa_region_read(space.device, VFA_BAR(0), 0x80, &value, sizeof(value)));
	assert_int_equal(value, 1);
	close_space(space);
}

static void a_fault_elsewhere_is_not_caught(void **state)
{
	struct space space = open_space(state), other = open_space_of(state, OTHER);
	volatile void *bar = map_bar(space, 0);

	assert_int_equal(vfa_region_catch_fault(space.device, plain(bar, BAR_SIZE)), 0);
	assert_int_equal(vfa_region_catch_fault(space.device, (const char *)bar - 1), 0);
	assert_int_equal(vfa_region_catch_fault(space.device, NULL), 0);
	assert_int_equal(vfa_region_catch_fault(space.device, &space), 0);
	assert_int_equal(vfa_region_catch_fault(NULL, plain(bar, 0)), 0);
	assert_int_equal(vfa_region_catch_fault(other.device, plain(bar, 0)), 0);
	assert_ok(vfa_region_unmap(space.device, VFA_BAR(0)));
	assert_int_equal(vfa_region_catch_fault(space.device, plain(bar, 0)), 0);
	close_space(other);
	close_space(space);
}

static void restoring_gives_the_region_back_where_it_was(void **state)
{
	struct space space = open_space(state);
	volatile void *bar = map_bar(space, 0), *part = NULL;

	assert_ok(vfa_region_map_part(space.device, VFA_BAR(4), PAGE, 16, &part));
	vfa_mmio_write32(bar, 0, 1);
	vfa_mmio_write32(part, 0, 2);
	assert_int_equal(vfa_region_restore(space.device), 0);
	assert_int_equal(vfa_region_catch_fault(space.device, plain(bar, 0)), 1);
	assert_int_equal(vfa_region_catch_fault(space.device, plain(part, 0)), 1);
	assert_int_equal(vfa_mmio_read32(part, 0), UINT32_MAX);
	assert_int_equal(vfa_region_restore(space.device), 2);
	assert_int_equal(vfa_mmio_read32(bar, 0), 1);
	assert_int_equal(vfa_mmio_read32(part, 0), 2);
	assert_int_equal(vfa_region_restore(space.device), 0);
	assert_fails(vfa_region_restore(NULL), EINVAL, BAD_ARGUMENT);
	close_space(space);
}

static void mapping_again_gives_the_region_back(void **state)
{
	struct space space = open_space(state);
	volatile void *bar = map_bar(space, 0);

	vfa_mmio_write32(bar, 0, 1);
	assert_int_equal(vfa_region_catch_fault(space.device, plain(bar, 0)), 1);
	assert_ptr_equal(map_bar(space, 0), bar);
	assert_int_equal(vfa_mmio_read32(bar, 0), 1);
	close_space(space);
}

static void of_a_large_region_a_part_is_replaced(void **state)
{
	struct space space;
	volatile void *bar;

	fake_set_region(NVME, 2, LARGE, ALL_RIGHTS);
	space = open_space_of(state, NVME);
	bar = map_bar(space, 2);
	assert_int_equal(vfa_region_catch_fault(space.device, plain(bar, AT_ONCE)), 1);
	assert_int_equal(vfa_mmio_read32(bar, AT_ONCE - 4), 0);
	assert_int_equal(vfa_mmio_read32(bar, AT_ONCE), UINT32_MAX);
	assert_int_equal(vfa_mmio_read32(bar, 2 * AT_ONCE - 4), UINT32_MAX);
	assert_int_equal(vfa_mmio_read32(bar, 2 * AT_ONCE), 0);
	assert_int_equal(vfa_region_catch_fault(space.device, plain(bar, LARGE - 1)), 1);
	assert_int_equal(vfa_mmio_read32(bar, LARGE - 4), UINT32_MAX);
	assert_int_equal(vfa_region_restore(space.device), 1);
	assert_int_equal(vfa_mmio_read32(bar, AT_ONCE), 0);
	assert_int_equal(vfa_mmio_read32(bar, LARGE - 4), 0);
	close_space(space);
}

/* No memory, and no room for another mapping. */
static void what_cannot_be_caught_stays_as_it_is(void **state)
{
	struct space space = open_space(state);
	volatile void *bar = map_bar(space, 0);

	for (unsigned int call = 1; call <= 2; call++) {
		fake_fail_call(call, ENOMEM);
		assert_int_equal(vfa_region_catch_fault(space.device, plain(bar, 0)), 0);
		assert_true(fake_has_failed());
		assert_int_equal(vfa_mmio_read32(bar, 0), 0);
	}
	fake_fail_call(0, 0);
	assert_int_equal(vfa_region_restore(space.device), 0);
	close_space(space);
}

static void what_cannot_be_restored_is_told_and_can_be_later(void **state)
{
	struct space space = open_space(state);
	volatile void *bar = map_bar(space, 0), *again = NULL;

	assert_int_equal(vfa_region_catch_fault(space.device, plain(bar, 0)), 1);
	fake_fail_call(1, ENOMEM);
	assert_fails(vfa_region_restore(space.device), ENOMEM, KERNEL);
	fake_fail_call(1, ENOMEM);
	assert_fails(vfa_region_map(space.device, VFA_BAR(0), &again), ENOMEM, KERNEL);
	assert_null(again);
	fake_fail_call(0, 0);
	assert_int_equal(vfa_mmio_read32(bar, 0), UINT32_MAX);
	assert_int_equal(vfa_region_restore(space.device), 1);
	assert_int_equal(vfa_mmio_read32(bar, 0), 0);
	assert_ok(vfa_region_unmap(space.device, VFA_BAR(0)));
	assert_fails(vfa_region_unmap(space.device, VFA_BAR(0)), EINVAL, WRONG_ORDER);
	close_space(space);
}

/* As a program does it. */

static struct vfa_device *of_handler;
static volatile sig_atomic_t signals;

static void handle_fault(int signal_number, siginfo_t *info, void *context)
{
	(void)context;
	signals++;
	if (!vfa_region_catch_fault(of_handler, info->si_addr))
		signal(signal_number, SIG_DFL);
}

static void a_program_survives_by_its_own_handler(void **state)
{
	struct sigaction handler = { .sa_sigaction = handle_fault, .sa_flags = SA_SIGINFO }, old;
	struct space space = open_space(state);
	volatile void *bar = map_bar(space, 0);

	of_handler = space.device;
	signals = 0;
	assert_int_equal(sigaction(SIGBUS, &handler, &old), 0);
	fake_set_decoding(EDU, false);
	assert_int_equal(vfa_mmio_read32(bar, 0), UINT32_MAX);
	vfa_mmio_write32(bar, 4, 7);
	assert_int_equal(signals, 1);
	fake_set_decoding(EDU, true);
	assert_int_equal(vfa_region_restore(space.device), 1);
	assert_int_equal(vfa_mmio_read32(bar, 4), 0);
	assert_int_equal(signals, 1);
	fake_set_decoding(EDU, false);
	vfa_mmio_write32(bar, 4, 7);
	assert_int_equal(signals, 2);
	sigaction(SIGBUS, &old, NULL);
	close_space(space);
}

/* Threads: one that maps and unmaps, one that takes faults in what stays mapped. */

#define ROUNDS 2000

static void *map_and_unmap(void *data)
{
	struct vfa_device *device = data;
	volatile void *part = NULL;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		if (vfa_region_map_part(device, VFA_BAR(0), i % 16 * PAGE, PAGE, &part) ||
		    vfa_region_unmap_part(device, part))
			return (void *)"a part was not mapped or unmapped";
	}
	return NULL;
}

struct taker {
	struct space space;
	const void *address;
};

static void *take_faults(void *data)
{
	const struct taker *taker = data;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		if (vfa_region_catch_fault(taker->space.device, taker->space.memory))
			return (void *)"a fault was caught in memory";
		if (i % 64 == 0 && !vfa_region_catch_fault(taker->space.device, taker->address))
			return (void *)"a fault was not caught";
	}
	return NULL;
}

static void faults_are_caught_while_others_map_and_unmap(void **state)
{
	struct space space = open_space(state);
	struct taker taker = { space, plain(map_bar(space, 0), 0) };
	pthread_t threads[2];
	void *wrong = NULL;

	assert_int_equal(pthread_create(&threads[0], NULL, map_and_unmap, space.device), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, take_faults, &taker), 0);
	for (size_t i = 0; i < 2; i++) {
		pthread_join(threads[i], &wrong);
		if (wrong)
			fail_msg("%s", (const char *)wrong);
	}
	assert_int_equal(vfa_region_restore(space.device), 1);
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_fault_in_a_mapped_region_is_caught),
		ON_BOTH(a_fault_elsewhere_is_not_caught),
		ON_BOTH(restoring_gives_the_region_back_where_it_was),
		ON_BOTH(mapping_again_gives_the_region_back),
		ON_BOTH(of_a_large_region_a_part_is_replaced),
		ON_BOTH(what_cannot_be_caught_stays_as_it_is),
		ON_BOTH(what_cannot_be_restored_is_told_and_can_be_later),
		ON_BOTH(a_program_survives_by_its_own_handler),
		ON_BOTH(faults_are_caught_while_others_map_and_unmap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
