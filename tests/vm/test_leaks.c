/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Many lives of a device leave nothing behind: no fd, no locked page, no memory. */

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "edu.h"

#define WARM_UP     20 /* until the allocator and the kernel's caches have what they want */
#define LIVES       200
#define SHORT_LIVES 1000

/* How much freed memory malloc keeps depends on what was freed last. */
static struct vm_usage usage_now(void)
{
	malloc_trim(0);
	return vm_usage_now();
}

/*
 * A page of 4 KiB lost in each of 200 lives would be 800 KiB, 200 bytes 40 KiB.
 * AddressSanitizer holds freed memory back, and looks for leaks itself.
 */
static void assert_no_growth(const struct vm_usage *before, const struct vm_usage *after)
{
	assert_int_equal(after->locked, before->locked);
	assert_int_equal(after->pinned, before->pinned);
#ifndef __SANITIZE_ADDRESS__
	assert_true(after->anonymous <= before->anonymous + 32);
#endif
}

/* Open, map, be interrupted, close; and on the way a call that fails late. */
static void live(enum vfa_backend backend)
{
	struct vfa_container *space;
	struct vfa_device *device, *none = NULL;
	struct vfa_buffer *buffer;
	struct vfa_irq *irq;
	volatile void *bar;

	assert_ok(vfa_container_open(NULL, backend, &space));
	assert_ok(vfa_device_open(space, EDU, NULL, &device));
	assert_ok(vfa_buffer_alloc(space, 16 * PAGE_SIZE, NULL, &buffer));
	memset(vfa_buffer_vaddr(buffer), 1, vfa_buffer_size(buffer));
	assert_ok(vfa_region_map(device, VFA_BAR(0), &bar));
	assert_ok(vfa_device_enable_bus_master(device));
	assert_ok(vfa_irq_enable(device, VFA_IRQ_MSI, 0, 1, NULL, &irq));
	vfa_mmio_write32(bar, EDU_INTERRUPT_RAISE, 1);
	assert_ok(vfa_irq_wait(irq, 0, 5000, NULL));
	edu_acknowledge(bar);
	assert_int_equal(vfa_device_open(space, BLOCKED, NULL, &none), -EBUSY);
	vfa_irq_disable(irq);
	vfa_device_close(device);
	vfa_buffer_free(buffer);
	vfa_container_close(space);
}

/* What every life has. */
static void live_short(enum vfa_backend backend)
{
	struct vfa_container *space;
	struct vfa_device *device;
	volatile void *bar;

	assert_ok(vfa_container_open(NULL, backend, &space));
	assert_ok(vfa_device_open(space, EDU, NULL, &device));
	assert_ok(vfa_region_map(device, VFA_BAR(0), &bar));
	vfa_device_close(device);
	vfa_container_close(space);
}

static void check_lives(void **state, void (*body)(enum vfa_backend backend), int count)
{
	struct vm_usage before, after;
	struct vm *vm = *state;
	size_t fds;
	int i;

	vm_need_assignment(vm);
	vm_need_plain_memory();
	for (i = 0; i < WARM_UP; i++)
		body(vm->backend);
	fds = vm_count_entries("/proc/self/fd");
	before = usage_now();
	for (i = 0; i < count; i++)
		body(vm->backend);
	after = usage_now();
	print_message("# locked %lu to %lu, pinned %lu to %lu, anonymous %lu to %lu KiB\n",
		      before.locked, after.locked, before.pinned, after.pinned, before.anonymous,
		      after.anonymous);
	assert_no_growth(&before, &after);
	assert_int_equal(vm_count_entries("/proc/self/fd"), fds);
}

static void a_device_can_be_opened_again_and_again(void **state)
{
	check_lives(state, live, LIVES);
}

/* The newest kernel and the oldest have much time for it. */
static void a_device_can_be_opened_a_thousand_times(void **state)
{
	const char *name = vm_profile()->name;
	bool is_usual = !strcmp(name, "intel") || !strcmp(name, "stock");

	check_lives(state, live_short, is_usual ? SHORT_LIVES : LIVES);
}

static void mapped_memory_is_counted_and_given_back(void **state)
{
	struct vm_usage before, during, after;
	struct vfa_container *space;
	struct vm *vm = *state;
	struct vfa_buffer *buffer;
	int i;

	vm_need_assignment(vm);
	vm_need_plain_memory();
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	/* The container keeps what it needs to find mappings, once it has had one. */
	assert_ok(vfa_buffer_alloc(space, 1 << 20, NULL, &buffer));
	vfa_buffer_free(buffer);
	before = usage_now();
	for (i = 0; i < 100; i++) {
		assert_ok(vfa_buffer_alloc(space, 1 << 20, NULL, &buffer));
		during = vm_usage_now();
		vfa_buffer_free(buffer);
	}
	after = usage_now();
	/* Which shows that the numbers below would tell. */
	assert_int_equal(during.locked + during.pinned - before.locked - before.pinned, 1024);
	assert_no_growth(&before, &after);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(a_device_can_be_opened_again_and_again),
		VM_CASE(a_device_can_be_opened_a_thousand_times),
		VM_CASE(mapped_memory_is_counted_and_given_back),
	};

	/* The kernel would make a huge page of the heap, freed memory and all, when it has time. */
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		return 1;
	return vm_run_cases("leaks", cases);
}
