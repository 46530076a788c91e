/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What buffers are made of, below the public functions: pages, and threads that make them. */

#include "memory.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/host.h"
#include "fixture.h"
#include "populate.h"
#include "refusal_memory.h"

#define MIB (1ull << 20)

/* What threads do in madvise, of which the real one does the work. */
static atomic_int inside, calls, unblocked;
static pthread_t caller;

static int watched_madvise(void *address, size_t size, int advice)
{
	sigset_t blocked;
	int err;

	inside++;
	calls++;
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	if (!pthread_equal(pthread_self(), caller) && !sigismember(&blocked, SIGUSR1))
		unblocked++;
	err = madvise(address, size, advice);
	inside--;
	return err;
}

static struct syscalls watch(void)
{
	struct syscalls sys = syscalls_real;

	inside = calls = unblocked = 0;
	caller = pthread_self();
	sys.madvise = watched_madvise;
	return sys;
}

static size_t count_resident(char *memory, size_t size)
{
	static unsigned char resident[64 * MIB / PAGE];
	size_t count = 0;

	assert_int_equal(mincore(memory, size, resident), 0);
	for (size_t i = 0; i < size / PAGE; i++)
		count += resident[i] & 1;
	return count;
}

static void all_pages_are_there_afterwards(void **state)
{
	static const uint32_t threads[] = { 1, 2, 5, 64, UINT32_MAX };
	size_t size = 13 * MIB + PAGE;

	(void)state;
	for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
		struct syscalls sys = watch();
		char *memory = memory_new(size);

		assert_int_equal(count_resident(memory, size), 0);
		assert_int_equal(populate(&sys, memory, size, PAGE, threads[i]), 0);
		assert_int_equal(count_resident(memory, size), size / PAGE);
		assert_int_equal(calls, 4);
		assert_int_equal(inside, 0);
		assert_int_equal(unblocked, 0);
		memory_free(memory, size);
	}
}

static int no_thread(pthread_t *ret, const pthread_attr_t *attributes, void *(*run)(void *data),
		     void *data)
{
	(void)ret;
	(void)attributes;
	(void)run;
	(void)data;
	return EAGAIN;
}

static void without_threads_the_caller_does_it_all(void **state)
{
	struct syscalls sys = watch();
	char *memory = memory_new(16 * MIB);

	(void)state;
	sys.thread_create = no_thread;
	assert_int_equal(populate(&sys, memory, 16 * MIB, PAGE, 4), 0);
	assert_int_equal(count_resident(memory, 16 * MIB), 16 * MIB / PAGE);
	memory_free(memory, 16 * MIB);
}

/* All threads stop at the first failure, whoever meets it, and the caller gets it. */
static void a_failure_of_any_thread_is_told(void **state)
{
	struct syscalls sys = watch();
	char *memory = memory_new(64 * MIB);

	(void)state;
	for (size_t hole = 0; hole < 64 * MIB; hole += 20 * MIB) {
		memory_free(memory + hole, PAGE);
		assert_int_equal(populate(&sys, memory, 64 * MIB, PAGE, 3), -ENOMEM);
		assert_int_equal(inside, 0);
	}
	memory_free(memory, 64 * MIB);
}

/* One byte of a chunk more than the first thread takes; and pages larger than a chunk. */
static void odd_sizes_are_populated_whole(void **state)
{
	struct syscalls sys = watch();
	char *memory = memory_new(8 * MIB);

	(void)state;
	assert_int_equal(populate(&sys, memory, 4 * MIB + PAGE, PAGE, 2), 0);
	assert_int_equal(calls, 2);
	assert_int_equal(count_resident(memory, 8 * MIB), 4 * MIB / PAGE + 1);
	assert_int_equal(populate(&sys, memory, 8 * MIB, 8 * MIB, 2), 0);
	assert_int_equal(calls, 3);
	assert_int_equal(count_resident(memory, 8 * MIB), 8 * MIB / PAGE);
	memory_free(memory, 8 * MIB);
}

static void the_next_smaller_page_is_one_that_the_kernel_has(void **state)
{
	struct machine *machine = *state;

	assert_int_equal(memory_next_smaller(machine->host, 1 << 30), PAGE);
	tree_huge_pages(&machine->tree, 2048, 0, 0, 0);
	tree_huge_pages(&machine->tree, 64, 0, 0, 0);
	tree_huge_pages(&machine->tree, 1048576, 0, 0, 0);
	assert_int_equal(memory_next_smaller(machine->host, 1 << 30), 2 * MIB);
	assert_int_equal(memory_next_smaller(machine->host, 2 * MIB), 64 << 10);
	assert_int_equal(memory_next_smaller(machine->host, 64 << 10), PAGE);
}

static void sizes_are_printed_in_their_unit(void **state)
{
	static const struct {
		uint64_t size;
		const char *text;
	} sizes[] = {
		{ 0, "0 bytes" },          { 1000, "1000 bytes" }, { 4096, "4 KiB" },
		{ 2 << 20, "2 MiB" },      { 1 << 30, "1 GiB" },   { 1536ull << 20, "1536 MiB" },
		{ 16ull << 40, "16 TiB" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char text[SIZE_TEXT];

		memory_print_size(sizes[i].size, text);
		assert_string_equal(text, sizes[i].text);
	}
}

static void half_made_memory_can_be_closed(void **state)
{
	struct machine *machine = *state;
	struct memory_wish wish = { .size = PAGE, .page_size = PAGE };
	struct memory memory;

	assert_ok(memory_open(machine->host, &wish, &memory));
	memory_close(machine->host, &memory);
	memory_close(machine->host, &memory);
	assert_int_equal(count_fds(), machine->fds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_pages_are_there_afterwards),
		cmocka_unit_test(without_threads_the_caller_does_it_all),
		cmocka_unit_test(a_failure_of_any_thread_is_told),
		cmocka_unit_test(odd_sizes_are_populated_whole),
		CASE(the_next_smaller_page_is_one_that_the_kernel_has),
		cmocka_unit_test(sizes_are_printed_in_their_unit),
		CASE(half_made_memory_can_be_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
