/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Which memory can be mapped, how much of it, and how many pieces. */

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "edu.h"

struct attempt {
	enum vfa_backend backend;
	uint64_t size;
	rlim_t limit;
};

/* With privileges as far as opening goes, then without them and with little to lock. */
static int map_as_nobody(void *data)
{
	const struct attempt *attempt = data;
	struct rlimit limit = { attempt->limit, attempt->limit };
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	void *memory;
	int err;

	memory = mmap(NULL, attempt->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (memory == MAP_FAILED || vfa_container_open(NULL, attempt->backend, &space) < 0 ||
	    vfa_device_open(space, EDU, NULL, &device) < 0)
		_exit(1);
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || vm_become_nobody())
		_exit(1);
	err = vfa_container_map(space, memory, attempt->size, NULL, NULL);
	vfa_device_close(device);
	vfa_container_close(space);
	munmap(memory, attempt->size);
	return err;
}

static void limit_on_locked_memory_is_told_with_numbers(void **state)
{
	struct vm *vm = *state;
	struct attempt attempt = {
		.backend = vm->backend,
		.size = 1 << 20,
		.limit = 64 << 10,
	};
	struct vm_report report;

	vm_need_assignment(vm);
	vm_in_child(map_as_nobody, &attempt, &report);
	assert_child_refused(&report, ENOMEM, VFA_CAUSE_MEMLOCK);
	assert_true(strstr(report.message, "1048576") || strstr(report.message, "1024 KiB") ||
		    strstr(report.message, "1 MiB"));
	assert_true(strstr(report.message, "65536") || strstr(report.message, "64 KiB"));

	attempt.limit = 2 << 20; /* and with enough of it the same call works */
	vm_in_child(map_as_nobody, &attempt, &report);
	assert_int_equal(report.result, 0);
}

static void limit_on_type1_mappings_is_told_with_numbers(void **state)
{
	struct vfa_container *space;
	struct vm *vm = *state;
	char *memory;
	int i;

	vm_need_assignment(vm);
	vm_need(vm->backend == VFA_BACKEND_TYPE1, "type1, for iommufd has no such limit");
	vm_set(vm, "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit", "4");
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	memory = vm_memory(vm, 5 * PAGE_SIZE);
	for (i = 0; i < 4; i++)
		assert_ok(vfa_container_map(space, memory + i * PAGE_SIZE, PAGE_SIZE, NULL, NULL));
	assert_refused(vfa_container_map(space, memory + 4 * PAGE_SIZE, PAGE_SIZE, NULL, NULL),
		       ENOSPC, VFA_CAUSE_ENTRY_LIMIT);
	assert_said("4");
	assert_said("dma_entry_limit");
	assert_ok(vfa_container_unmap_all(space));
	assert_ok(vfa_container_map(space, memory, PAGE_SIZE, NULL, NULL));
	assert_ok(vfa_container_unmap_all(space));
}

static void memory_that_is_not_there_is_a_bad_address(void **state)
{
	struct vfa_map_options fixed = vm_fixed(0x500000);
	struct vfa_container *space;
	struct vm *vm = *state;
	char *memory;

	vm_need_assignment(vm);
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	memory = vm_memory(vm, 2 * PAGE_SIZE);
	assert_int_equal(munmap(memory + PAGE_SIZE, PAGE_SIZE), 0);
	assert_refused(vfa_container_map(space, memory, 2 * PAGE_SIZE, &fixed, NULL), EFAULT,
		       VFA_CAUSE_BAD_ADDRESS);
	assert_ok(vfa_container_map(space, memory, PAGE_SIZE, &fixed, NULL)); /* nothing stayed */
	assert_ok(vfa_container_unmap(space, 0x500000, PAGE_SIZE));
}

static void read_only_memory_is_mapped_for_reading_only(void **state)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct vfa_container *space;
	struct vm *vm = *state;
	char *memory;

	vm_need_assignment(vm);
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	memory = vm_memory(vm, PAGE_SIZE);
	memory[0] = 1;
	assert_int_equal(mprotect(memory, PAGE_SIZE, PROT_READ), 0);
	assert_refused(vfa_container_map(space, memory, PAGE_SIZE, NULL, NULL), EFAULT,
		       VFA_CAUSE_BAD_ADDRESS);
	options.access = VFA_ACCESS_READ;
	assert_ok(vfa_container_map(space, memory, PAGE_SIZE, &options, NULL));
	assert_ok(vfa_container_unmap_all(space));
}

static void bar_as_dma_target_needs_type1(void **state)
{
	struct vfa_map_options options = vm_fixed(0x800000);
	struct vfa_container *space;
	struct vm *vm = *state;
	volatile char *bar;
	struct edu edu;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	bar = vm_bar(vm_device(vm, space, SHARED_MEMORY), 2);
	if (vm->backend == VFA_BACKEND_IOMMUFD) {
		assert_refused(vfa_container_map(space, (void *)bar, PAGE_SIZE, &options, NULL),
			       EFAULT, VFA_CAUSE_MMIO_ADDRESS);
		return;
	}
	/* There edu gives what it took from one page of the other device to the next one. */
	assert_ok(vfa_container_map(space, (void *)bar, 2 * PAGE_SIZE, &options, NULL));
	edu_fill((void *)bar, EDU_TRANSFER_MAX, 15);
	edu_take(&edu, 0x800000, EDU_TRANSFER_MAX);
	edu_give(&edu, 0x801000, EDU_TRANSFER_MAX);
	edu_check((void *)(bar + PAGE_SIZE), EDU_TRANSFER_MAX, 15);
	assert_ok(vfa_container_unmap_all(space));
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(limit_on_locked_memory_is_told_with_numbers),
		VM_CASE(limit_on_type1_mappings_is_told_with_numbers),
		VM_CASE(memory_that_is_not_there_is_a_bad_address),
		VM_CASE(read_only_memory_is_mapped_for_reading_only),
		VM_CASE(bar_as_dma_target_needs_type1),
	};

	return vm_run_cases("memory", cases);
}
