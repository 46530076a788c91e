/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
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
	bool type1 = space.machine->backend == VFA_BACKEND_TYPE1;
	struct fake_mapping mapping;

	for (size_t i = 0; i < 2 * PAGE; i++)
		assert_int_equal(bytes[i], 0);
	bytes[2 * PAGE - 1] = 1;
	assert_true(fake_get_mapping(0, &mapping));
	assert_int_equal(mapping.iova, vfa_buffer_iova(buffer));
	assert_int_equal(mapping.vaddr, type1 ? (uintptr_t)bytes : 0);
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
	struct vfa_buffer_options options = VFA_BUFFER_OPTIONS_INIT;
	struct vfa_map_options map = at(0x10000);
	struct vfa_buffer *buffer = NULL, *second = NULL;
	struct fake_mapping mapping;

	map.access = VFA_ACCESS_READ;
	options.map = &map;
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
	struct vfa_buffer_options options = { .alignment = 1 };
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

static struct vfa_buffer *alloc_with(struct space space, size_t size,
				     const struct vfa_buffer_options *options)
{
	struct vfa_buffer *buffer = NULL;

	assert_ok(vfa_buffer_alloc(space.container, size, options, &buffer));
	return buffer;
}

static struct vfa_buffer_options with_flags(uint32_t flags)
{
	struct vfa_buffer_options options = VFA_BUFFER_OPTIONS_INIT;

	options.flags = flags;
	return options;
}

static struct vfa_buffer_options with_pages(uint64_t page_size, uint32_t flags)
{
	struct vfa_buffer_options options = with_flags(flags);

	options.page_size = page_size;
	return options;
}

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static void unknown_options_are_refused(void **state)
{
	struct vfa_buffer_options options = VFA_BUFFER_OPTIONS_INIT;
	struct space space = open_space(state);
	struct vfa_buffer *buffer = NULL;

	options.flags = 1 << 4;
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), EINVAL,
		     BAD_ARGUMENT);
	options = with_pages(3 * PAGE, 0);
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), EINVAL,
		     BAD_ARGUMENT);
	options = with_pages(PAGE / 2, 0);
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), EINVAL,
		     BAD_ARGUMENT);
	options = with_flags(0);
	options.alignment = 3 * PAGE;
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), EINVAL,
		     BAD_ARGUMENT);
	options = with_flags(0);
	options.node = 1;
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), EINVAL,
		     BAD_ARGUMENT);
	assert_null(buffer);
	close_space(space);
}

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static void a_buffer_is_a_memfd_of_sealed_size(void **state)
{
	struct space space = open_space(state);
	struct vfa_buffer *buffer = alloc(space, 2 * PAGE);
	int fd = vfa_buffer_fd(buffer);
	unsigned char *bytes = vfa_buffer_vaddr(buffer), *other;
	struct stat file;

	assert_int_equal(fstat(fd, &file), 0);
	assert_int_equal(file.st_size, 2 * PAGE);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GET_SEALS) & SEALS, SEALS);
	assert_int_equal(ftruncate(fd, PAGE), -1);
	assert_int_equal(errno, EPERM);
	other = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(other, MAP_FAILED);
	bytes[PAGE] = 17;
	assert_int_equal(other[PAGE], 17);
	vfa_buffer_free(buffer);
	assert_int_equal(other[PAGE], 17);
	munmap(other, 2 * PAGE);
	close_space(space);
}

static void an_anonymous_buffer_has_no_fd(void **state)
{
	struct vfa_buffer_options options = with_flags(VFA_BUFFER_ANONYMOUS);
	struct space space = open_space(state);
	struct vfa_buffer *buffer = alloc_with(space, PAGE, &options);
	struct fake_mapping mapping;

	assert_int_equal(vfa_buffer_fd(buffer), -1);
	assert_true(fake_get_mapping(0, &mapping));
	assert_int_equal(mapping.vaddr, (uintptr_t)vfa_buffer_vaddr(buffer));
	vfa_buffer_free(buffer);
	close_space(space);
}

static uint64_t inode_of(const struct vfa_buffer *buffer)
{
	struct stat file;

	assert_int_equal(fstat(vfa_buffer_fd(buffer), &file), 0);
	return file.st_ino;
}

static void a_memfd_is_mapped_by_file(void **state)
{
	struct space space = open_space(state);
	struct vfa_buffer *buffer = alloc(space, PAGE);
	struct fake_mapping mapping;

	assert_true(fake_get_mapping(0, &mapping));
	assert_int_equal(mapping.inode, inode_of(buffer));
	vfa_buffer_free(buffer);
	close_space(space);
}

static void a_kernel_without_map_file_is_asked_once(void **state)
{
	struct space space = open_space(state);
	struct vfa_buffer *first, *second;
	struct fake_mapping mapping;

	fake_set_map_file(false);
	first = alloc(space, PAGE);
	second = alloc(space, PAGE);
	assert_int_equal(fake_count_ioctls(UAPI_IOMMU_IOAS_MAP_FILE), 1);
	assert_true(fake_get_mapping(0, &mapping));
	assert_int_equal(mapping.vaddr, (uintptr_t)vfa_buffer_vaddr(first));
	vfa_buffer_free(first);
	vfa_buffer_free(second);
	close_space(space);
}

/* What this process has in address space, in pages; valgrind's own come and go. */
static unsigned long count_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu", &pages), 1);
	fclose(file);
	return pages;
}

#define SLACK 256 /* fewer than are taken to align one buffer */

static void addresses_are_aligned_and_nothing_stays_around_them(void **state)
{
	struct vfa_buffer_options options = VFA_BUFFER_OPTIONS_INIT;
	struct space space = open_space(state);
	struct vfa_buffer *large, *small;
	unsigned long before;

	vfa_buffer_free(alloc(space, PAGE));
	before = count_pages();
	large = alloc(space, 2 * MIB + PAGE);
	assert_in_range(count_pages(), before + 513, before + 513 + SLACK);
	assert_int_equal((uintptr_t)vfa_buffer_vaddr(large) % (2 * MIB), 0);
	assert_int_equal(vfa_buffer_iova(large) % (2 * MIB), 0);
	assert_int_equal(vfa_buffer_size(large), 2 * MIB + PAGE);
	options.alignment = GIB;
	small = alloc_with(space, PAGE, &options);
	assert_in_range(count_pages(), before + 514, before + 514 + SLACK);
	assert_int_equal((uintptr_t)vfa_buffer_vaddr(small) % GIB, 0);
	vfa_buffer_free(small);
	vfa_buffer_free(large);
	assert_in_range(count_pages(), 0, before + SLACK);
	close_space(space);
}

static void huge_pages_are_taken_where_there_are_some(void **state)
{
	static const uint32_t flags[] = { 0, VFA_BUFFER_STRICT, VFA_BUFFER_ANONYMOUS };
	struct space space = open_space(state);

	fake_set_huge_pages(2 * MIB, 2);
	for (size_t i = 0; i < 3; i++) {
		struct vfa_buffer_options options = with_pages(2 * MIB, flags[i]);
		struct vfa_buffer *buffer = alloc_with(space, 2 * MIB + 1, &options);

		assert_int_equal(vfa_buffer_page_size(buffer), 2 * MIB);
		assert_int_equal(vfa_buffer_size(buffer), 4 * MIB);
		assert_null(vfa_buffer_fallback(buffer));
		vfa_buffer_free(buffer);
	}
	close_space(space);
}

/* A failure of before, which a success leaves alone. */
static void error_is_kept(void)
{
	assert_fails(vfa_buffer_alloc(NULL, PAGE, NULL, NULL), EINVAL, BAD_ARGUMENT);
}

static void error_was_kept(void)
{
	assert_int_equal(vfa_error_last()->cause, VFA_CAUSE_BAD_ARGUMENT);
	check_message("container is NULL", "");
}

static void a_fallback_to_smaller_pages_is_told(void **state)
{
	struct vfa_buffer_options options = with_pages(GIB, 0);
	struct space space = open_space(state);
	struct vfa_buffer *buffer;

	error_is_kept();
	tree_huge_pages(&space.machine->tree, 2048, 1, 1, 0);
	tree_huge_pages(&space.machine->tree, 1048576, 0, 0, 0);
	fake_set_huge_pages(2 * MIB, 1);
	buffer = alloc_with(space, PAGE, &options);
	assert_int_equal(vfa_buffer_page_size(buffer), 2 * MIB);
	assert_int_equal(vfa_buffer_size(buffer), 2 * MIB);
	assert_non_null(strstr(vfa_buffer_fallback(buffer),
			       "buffer: huge pages of 1 GiB: 1 needed, 0 of 0 free\n"));
	assert_null(strstr(vfa_buffer_fallback(buffer), "2 MiB"));
	assert_non_null(strstr(space.machine->log,
			       "trying smaller pages: buffer: huge pages of 1 GiB: 1 needed"));
	vfa_buffer_free(buffer);

	buffer = alloc_with(space, 3 * MIB, &options);
	assert_int_equal(vfa_buffer_page_size(buffer), PAGE);
	assert_int_equal(vfa_buffer_size(buffer), 3 * MIB);
	assert_non_null(strstr(vfa_buffer_fallback(buffer), "huge pages of 1 GiB: 1 needed"));
	assert_non_null(
		strstr(vfa_buffer_fallback(buffer), "huge pages of 2 MiB: 2 needed, 1 of 1"));
	vfa_buffer_free(buffer);
	error_was_kept();
	close_space(space);
}

static void smaller_pages_are_not_tried_where_they_would_not_do(void **state)
{
	struct vfa_buffer_options options = with_pages(2 * MIB, VFA_BUFFER_ON_NODE);
	struct space space = open_space(state);
	struct vfa_buffer *buffer = NULL;

	fake_set_huge_pages(2 * MIB, 1);
	options.node = 3;
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), ENOENT, NO_NODE);
	assert_null(buffer);
	assert_null(strstr(space.machine->log, "smaller"));
	close_space(space);
}

static void a_strict_buffer_does_not_fall_back(void **state)
{
	struct vfa_buffer_options options = with_pages(2 * MIB, VFA_BUFFER_STRICT);
	struct space space = open_space(state);
	struct vfa_buffer *buffer = NULL;

	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), ENOMEM,
		     NO_HUGE_PAGES);
	fake_set_huge_pages(2 * MIB, 1);
	assert_fails(vfa_buffer_alloc(space.container, 3 * MIB, &options, &buffer), ENOMEM,
		     NO_HUGE_PAGES);
	options.flags |= VFA_BUFFER_ANONYMOUS;
	assert_fails(vfa_buffer_alloc(space.container, 3 * MIB, &options, &buffer), ENOMEM,
		     NO_HUGE_PAGES);
	assert_null(buffer);
	close_space(space);
}

/* What would be a signal at the first touch. */
static void pages_that_cannot_be_made_are_an_error(void **state)
{
	struct vfa_buffer_options options = with_pages(2 * MIB, VFA_BUFFER_STRICT);
	struct space space = open_space(state);
	struct vfa_buffer *buffer = NULL;

	fake_set_huge_pages(2 * MIB, 1);
	fake_set_populate_errno(EFAULT);
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), ENOMEM,
		     NO_HUGE_PAGES);
	options = with_flags(0);
	options.threads = 2;
	assert_fails(vfa_buffer_alloc(space.container, 16 * MIB, &options, &buffer), ENOMEM,
		     NO_MEMORY);
	assert_null(buffer);
	close_space(space);
}

/* Of huge pages that it did not find some kernels do not zero those pinned by file. */
static void a_kernel_that_cannot_populate_leaves_it_to_pinning(void **state)
{
	struct vfa_buffer_options options = with_pages(2 * MIB, VFA_BUFFER_STRICT);
	struct space space = open_space(state);
	struct fake_mapping mapping;
	struct vfa_buffer *buffer;

	fake_set_huge_pages(2 * MIB, 1);
	fake_set_populate_errno(EINVAL);
	options.threads = 1;
	buffer = alloc_with(space, PAGE, &options);
	assert_true(fake_get_mapping(0, &mapping));
	assert_int_equal(mapping.inode, 0);
	vfa_buffer_free(buffer);
	options.page_size = 0;
	vfa_buffer_free(alloc_with(space, PAGE, &options));
	close_space(space);
}

static unsigned int threads_for(struct space space, size_t size, uint32_t threads)
{
	struct vfa_buffer_options options = VFA_BUFFER_OPTIONS_INIT;
	unsigned int before = fake_count_threads();

	options.threads = threads;
	vfa_buffer_free(alloc_with(space, size, &options));
	return fake_count_threads() - before;
}

static void as_many_threads_are_made_as_are_asked_for_and_of_use(void **state)
{
	struct space space = open_space(state);

	assert_int_equal(threads_for(space, 16 * MIB, 0), 0);
	assert_int_equal(threads_for(space, 16 * MIB, 1), 0);
	assert_int_equal(threads_for(space, 16 * MIB, 3), 2);
	assert_int_equal(threads_for(space, 8 * MIB, 1000), 1);
	assert_int_equal(threads_for(space, PAGE, 4), 0);
	close_space(space);
}

static void a_node_is_preferred_or_else_the_only_one(void **state)
{
	struct vfa_buffer_options options = with_flags(VFA_BUFFER_ON_NODE);
	struct space space = open_space(state);
	struct vfa_buffer *buffer = NULL;
	int mode;

	fake_set_nodes(70);
	vfa_buffer_free(alloc(space, PAGE));
	assert_int_equal(fake_last_node(&mode), -1);
	vfa_buffer_free(alloc_with(space, PAGE, &options));
	assert_int_equal(fake_last_node(&mode), 0);
	assert_int_equal(mode, MPOL_PREFERRED);
	options.node = 65;
	options.flags |= VFA_BUFFER_STRICT;
	vfa_buffer_free(alloc_with(space, PAGE, &options));
	assert_int_equal(fake_last_node(&mode), 65);
	assert_int_equal(mode, MPOL_BIND);

	options.node = 70;
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), ENOENT, NO_NODE);
	options.node = UINT32_MAX;
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), ENOENT, NO_NODE);
	fake_set_nodes(0);
	options.node = 0;
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), ENOENT, NO_NODE);
	assert_null(buffer);
	close_space(space);
}

/* With 48 bits there is room where a sanitizer has taken all of the lower ones. */
static void an_identical_iova_is_found(void **state)
{
	struct vfa_buffer_options options = with_flags(VFA_BUFFER_IDENTITY);
	struct vfa_buffer *first, *second;
	struct space space;

	fake_set_aperture(4, 0, (1ull << 48) - 1);
	space = open_space(state);
	first = alloc_with(space, 3 * PAGE, &options);
	second = alloc_with(space, 2 * MIB, &options);
	assert_int_equal(vfa_buffer_iova(first), (uintptr_t)vfa_buffer_vaddr(first));
	assert_int_equal(vfa_buffer_iova(second), (uintptr_t)vfa_buffer_vaddr(second));
	assert_int_equal(vfa_buffer_iova(second) % (2 * MIB), 0);
	assert_true(vfa_buffer_iova(first) >= 4 * GIB);
	memset(vfa_buffer_vaddr(second), 1, 2 * MIB);
	vfa_buffer_free(first);
	vfa_buffer_free(second);
	close_space(space);
}

static void either_flag_asks_for_an_identical_iova(void **state)
{
	static const uint32_t flags[] = { 0, VFA_BUFFER_IDENTITY };
	struct space space = open_space(state);

	for (size_t i = 0; i < 2; i++) {
		struct vfa_buffer_options options = with_flags(flags[i]);
		struct vfa_map_options map = VFA_MAP_OPTIONS_INIT;
		struct vfa_buffer *buffer;

		map.flags = VFA_MAP_IDENTITY;
		map.iova_max = (1 << 28) - 1;
		options.map = &map;
		buffer = alloc_with(space, PAGE, &options);
		assert_int_equal(vfa_buffer_iova(buffer), (uintptr_t)vfa_buffer_vaddr(buffer));
		assert_in_range(vfa_buffer_iova(buffer), 1, map.iova_max);
		vfa_buffer_free(buffer);
	}
	close_space(space);
}

/* As the 28 address lines of a small device want it. */
static void an_identical_iova_keeps_within_limits(void **state)
{
	struct vfa_buffer_options options = with_flags(VFA_BUFFER_IDENTITY);
	struct vfa_map_options map = VFA_MAP_OPTIONS_INIT;
	struct space space = open_space(state);
	struct vfa_buffer *buffer;

	map.iova_min = 0x1000000;
	map.iova_max = (1 << 28) - 1;
	map.alignment = MIB;
	options.map = &map;
	buffer = alloc_with(space, PAGE, &options);
	assert_int_equal(vfa_buffer_iova(buffer), (uintptr_t)vfa_buffer_vaddr(buffer));
	assert_in_range(vfa_buffer_iova(buffer), map.iova_min, map.iova_max);
	assert_int_equal(vfa_buffer_iova(buffer) % MIB, 0);
	vfa_buffer_free(buffer);
	close_space(space);
}

static void what_is_in_the_way_of_an_identical_iova_is_passed(void **state)
{
	struct vfa_buffer_options options = with_flags(VFA_BUFFER_IDENTITY);
	struct space space = open_space(state);
	struct vfa_buffer *buffer = alloc_with(space, 2 * PAGE, &options);
	char *address = vfa_buffer_vaddr(buffer), *other;

	vfa_buffer_free(buffer);
	other = mmap(address + PAGE, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	assert_ptr_equal(other, address + PAGE);
	*other = 5;
	buffer = alloc_with(space, 2 * PAGE, &options);
	assert_true((char *)vfa_buffer_vaddr(buffer) >= other + PAGE);
	assert_int_equal(vfa_buffer_iova(buffer), (uintptr_t)vfa_buffer_vaddr(buffer));
	assert_int_equal(*other, 5);
	vfa_buffer_free(buffer);
	/* Nor is it replaced where /proc does not tell of it. */
	tree_remove(&space.machine->tree, "proc/self/maps");
	buffer = alloc_with(space, 2 * PAGE, &options);
	assert_true((char *)vfa_buffer_vaddr(buffer) >= other + PAGE);
	assert_int_equal(*other, 5);
	vfa_buffer_free(buffer);
	munmap(other, PAGE);
	close_space(space);
}

/* An address that is free both ways. */
static uint64_t find_free(struct space space)
{
	struct vfa_buffer_options options = with_flags(VFA_BUFFER_IDENTITY);
	struct vfa_buffer *buffer = alloc_with(space, PAGE, &options);
	uint64_t address = vfa_buffer_iova(buffer);

	vfa_buffer_free(buffer);
	return address;
}

static void a_fixed_identical_iova_replaces_nothing(void **state)
{
	struct vfa_buffer_options options = with_flags(VFA_BUFFER_IDENTITY);
	struct space space = open_space(state);
	struct vfa_map_options map = at((uintptr_t)space.memory);
	struct vfa_buffer *buffer = NULL;
	uint64_t address = find_free(space);

	options.map = &map;
	space.memory[0] = 9;
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), EEXIST, OVERLAP);
	assert_int_equal(space.memory[0], 9);
	map.iova = address;
	buffer = alloc_with(space, PAGE, &options);
	assert_int_equal((uintptr_t)vfa_buffer_vaddr(buffer), address);
	assert_int_equal(vfa_buffer_iova(buffer), address);
	vfa_buffer_free(buffer);
	buffer = NULL;
	map.iova = address + 16;
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), EINVAL,
		     BAD_ARGUMENT);
	assert_null(buffer);
	close_space(space);
}

static void a_fixed_identical_iova_has_to_be_one_that_can_be_mapped(void **state)
{
	struct vfa_buffer_options options = with_flags(VFA_BUFFER_IDENTITY);
	struct space space = open_space(state);
	struct vfa_map_options map = at(find_free(space));
	struct vfa_buffer *buffer = NULL;
	struct vfa_device *device;

	options.map = &map;
	fake_add_reserved(5, map.iova, map.iova + PAGE - 1, FAKE_RESERVED);
	device = open_device(space.container, NVME);
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), EINVAL,
		     OUTSIDE_APERTURE);
	assert_null(buffer);
	vfa_device_close(device);
	close_space(space);
}

/* Somebody else maps at each IOVA that was found: it ends all the same. */
static void a_race_for_an_identical_iova_is_given_up(void **state)
{
	struct vfa_buffer_options options = with_flags(VFA_BUFFER_IDENTITY);
	struct space space = open_space(state);
	bool type1 = space.machine->backend == VFA_BACKEND_TYPE1;
	unsigned long map = type1 ? VFIO_IOMMU_MAP_DMA : UAPI_IOMMU_IOAS_MAP_FILE;
	struct vfa_buffer *buffer = NULL;

	fake_fail_ioctl(map, EEXIST);
	assert_fails(vfa_buffer_alloc(space.container, PAGE, &options, &buffer), EEXIST, OVERLAP);
	assert_true(fake_count_ioctls(map) > 1);
	assert_null(buffer);
	fake_fail_ioctl(0, 0);
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
		ON_BOTH(unknown_options_are_refused),
		ON_BOTH(a_buffer_is_a_memfd_of_sealed_size),
		ON_BOTH(an_anonymous_buffer_has_no_fd),
		ON_IOMMUFD(a_memfd_is_mapped_by_file),
		ON_IOMMUFD(a_kernel_without_map_file_is_asked_once),
		ON_BOTH(addresses_are_aligned_and_nothing_stays_around_them),
		ON_BOTH(huge_pages_are_taken_where_there_are_some),
		ON_BOTH(a_fallback_to_smaller_pages_is_told),
		ON_BOTH(smaller_pages_are_not_tried_where_they_would_not_do),
		ON_BOTH(a_strict_buffer_does_not_fall_back),
		ON_BOTH(pages_that_cannot_be_made_are_an_error),
		ON_BOTH(a_kernel_that_cannot_populate_leaves_it_to_pinning),
		ON_BOTH(as_many_threads_are_made_as_are_asked_for_and_of_use),
		ON_BOTH(a_node_is_preferred_or_else_the_only_one),
		ON_BOTH(an_identical_iova_is_found),
		ON_BOTH(either_flag_asks_for_an_identical_iova),
		ON_BOTH(an_identical_iova_keeps_within_limits),
		ON_BOTH(what_is_in_the_way_of_an_identical_iova_is_passed),
		ON_BOTH(a_fixed_identical_iova_replaces_nothing),
		ON_BOTH(a_fixed_identical_iova_has_to_be_one_that_can_be_mapped),
		ON_BOTH(a_race_for_an_identical_iova_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
