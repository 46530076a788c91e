/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/vfio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "uapi/iommufd.h"

static struct vfa_buffer *alloc(struct space space, size_t size)
{
	struct vfa_buffer *buffer = NULL;

	assert_ok(vfa_buffer_alloc(space.container, size, NULL, &buffer));
	return buffer;
}

static void a_buffer_is_zeroed_and_mapped(void **state)
{
	struct space space = open_space(state);
	struct vfa_buffer *buffer = alloc(space, 2 * PAGE);
	unsigned char *bytes = vfa_buffer_vaddr(buffer);
	struct fake_mapping mapping;

	for (size_t i = 0; i < 2 * PAGE; i++)
		assert_int_equal(bytes[i], 0);
	bytes[2 * PAGE - 1] = 1;
	assert_true(fake_get_mapping(0, &mapping));
	assert_int_equal(mapping.iova, vfa_buffer_iova(buffer));
	assert_int_equal(mapping.vaddr, (uintptr_t)bytes);
	assert_int_equal(mapping.size, vfa_buffer_size(buffer));
	assert_true(mapping.readable && mapping.writable);
	vfa_buffer_free(buffer);
	assert_int_equal(fake_count_mappings(), 0);
	close_space(space);
}

static void sizes_are_rounded_up(void **state)
{
	struct space space = open_space(state);
	struct vfa_buffer *small = alloc(space, 1), *larger = alloc(space, PAGE + 1);

	assert_int_equal(vfa_buffer_size(small), PAGE);
	assert_int_equal(vfa_buffer_size(larger), 2 * PAGE);
	vfa_buffer_free(small);
	vfa_buffer_free(larger);
	vfa_buffer_free(NULL);
	close_space(space);
}

static void options_are_heeded(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = at(0x10000);
	struct vfa_buffer *buffer = NULL, *second = NULL;
	struct fake_mapping mapping;

	options.access = VFA_ACCESS_READ;
	assert_ok(vfa_buffer_alloc(space.container, PAGE, &options, &buffer));
	assert_int_equal(vfa_buffer_iova(buffer), 0x10000);
	assert_true(fake_get_mapping(0, &mapping));
	assert_false(mapping.writable);
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &second), EEXIST, OVERLAP);
	assert_null(second);
	vfa_buffer_free(buffer);
	close_space(space);
}

static void bad_arguments_are_refused(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = { .iova = 1 };
	struct vfa_buffer *buffer = NULL;

	assert_fails(vfa_buffer_alloc(NULL, PAGE, NULL, &buffer), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_buffer_alloc(space.container, PAGE, NULL, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_buffer_alloc(space.container, 0, NULL, &buffer), EINVAL, EMPTY);
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_buffer_alloc(space.container, SIZE_MAX, NULL, &buffer), EINVAL, WRAPPED);
	/* More than any machine has; which errno it is, is mmap's affair. */
	assert_true(vfa_buffer_alloc(space.container, SIZE_MAX / 2, NULL, &buffer) < 0);
	assert_null(buffer);
	close_space(space);
}

static void a_buffer_before_a_device_is_refused(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_buffer *buffer = NULL;

	assert_fails(vfa_buffer_alloc(container, PAGE, NULL, &buffer), ENODEV, WRONG_ORDER);
	assert_null(buffer);
	vfa_container_close(container);
}

static void only_its_owner_unmaps_a_buffer(void **state)
{
	struct space space = open_space(state);
	struct vfa_buffer *buffer = alloc(space, PAGE);
	void *memory = memory_new(PAGE);

	map_at(space.container, memory, PAGE, 0x100000);
	assert_fails(vfa_container_unmap_all(space.container), EBUSY, WRONG_ORDER);
	assert_fails(vfa_container_unmap(space.container, vfa_buffer_iova(buffer), PAGE), EBUSY,
		     WRONG_ORDER);
	assert_int_equal(fake_count_mappings(), 2);
	vfa_buffer_free(buffer);
	assert_ok(vfa_container_unmap_all(space.container));
	close_space(space);
	memory_free(memory, PAGE);
}

static void a_buffer_survives_the_last_device(void **state)
{
	struct space space = open_space(state);
	struct vfa_buffer *buffer = alloc(space, PAGE);
	uint64_t iova = vfa_buffer_iova(buffer);
	struct fake_mapping mapping;

	vfa_device_close(space.device);
	memset(vfa_buffer_vaddr(buffer), 0x55, PAGE);
	space.device = open_device(space.container, NVME);
	assert_true(fake_get_mapping(0, &mapping));
	assert_int_equal(mapping.iova, iova);
	vfa_device_close(space.device);
	vfa_buffer_free(buffer);
	space.device = open_device(space.container, EDU);
	assert_int_equal(fake_count_mappings(), 0);
	close_space(space);
}

/* Shared memory: the child writes where the device reads. */
static void a_fork_shares_the_buffer(void **state)
{
	struct space space = open_space(state);
	struct vfa_buffer *buffer = alloc(space, PAGE);
	unsigned char *bytes = vfa_buffer_vaddr(buffer);
	pid_t child = fork();
	int status = 0;

	if (!child) {
		bytes[7] = 42;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(bytes[7], 42);
	vfa_buffer_free(buffer);
	close_space(space);
}

/* DMA may still arrive there: the memory must not be given to anything else. */
static void memory_the_kernel_keeps_stays(void **state)
{
	struct space space = open_space(state);
	struct vfa_buffer *buffer = alloc(space, PAGE);
	unsigned char *bytes = vfa_buffer_vaddr(buffer);
	bool type1 = space.machine->backend == VFA_BACKEND_TYPE1;

	fake_fail_ioctl(type1 ? VFIO_IOMMU_UNMAP_DMA : UAPI_IOMMU_IOAS_UNMAP, EBUSY);
	vfa_buffer_free(buffer);
	fake_fail_ioctl(0, 0);
	assert_int_equal(fake_count_mappings(), 1);
	bytes[0] = 1;
	assert_true(space.machine->log[0]);
	assert_ok(vfa_container_unmap_all(space.container));
	assert_int_equal(fake_count_mappings(), 0);
	close_space(space);
}

static void a_forgotten_buffer_is_freed(void **state)
{
	struct space space = open_space(state);
	struct vfa_buffer *buffer = alloc(space, PAGE);

	fake_forget(vfa_buffer_iova(buffer), PAGE);
	vfa_buffer_free(buffer);
	assert_ok(vfa_container_unmap_all(space.container));
	close_space(space);
}

static void the_memlock_limit_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_buffer *buffer = NULL;

	fake_set_memlock(PAGE);
	assert_fails(vfa_buffer_alloc(space.container, 2 * PAGE, NULL, &buffer), ENOMEM, MEMLOCK);
	assert_null(buffer);
	vfa_buffer_free(alloc(space, PAGE));
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_buffer_is_zeroed_and_mapped),
		ON_BOTH(sizes_are_rounded_up),
		ON_BOTH(options_are_heeded),
		ON_BOTH(bad_arguments_are_refused),
		ON_BOTH(a_buffer_before_a_device_is_refused),
		ON_BOTH(only_its_owner_unmaps_a_buffer),
		ON_BOTH(a_buffer_survives_the_last_device),
		ON_BOTH(a_fork_shares_the_buffer),
		ON_BOTH(memory_the_kernel_keeps_stays),
		ON_BOTH(a_forgotten_buffer_is_freed),
		ON_BOTH(the_memlock_limit_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
