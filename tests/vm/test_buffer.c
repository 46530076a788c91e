/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Buffers of every kind, as the real kernel makes, pins and maps them. */

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* For edu, which drives 28 address lines. */
struct wish {
	struct vfa_buffer_options options;
	struct vfa_map_options map;
};

static struct wish reachable(uint32_t flags)
{
	struct wish wish = { VFA_BUFFER_OPTIONS_INIT, VFA_MAP_OPTIONS_INIT };

	wish.options.flags = flags;
	wish.map.iova_max = EDU_DMA_MASK;
	return wish;
}

static struct vfa_buffer *get(struct vm *vm, struct vfa_container *space, size_t size,
			      struct wish *wish)
{
	wish->options.map = &wish->map;
	return vm_buffer_of(vm, space, size, &wish->options);
}

/* From one end of the buffer through the device to the other. */
static void check_dma(const struct edu *edu, const struct vfa_buffer *buffer)
{
	char *bytes = vfa_buffer_vaddr(buffer);
	uint64_t iova = vfa_buffer_iova(buffer);
	size_t last = vfa_buffer_size(buffer) - PAGE_SIZE;

	edu_fill(bytes, EDU_TRANSFER_MAX, 21);
	edu_take(edu, iova, EDU_TRANSFER_MAX);
	edu_give(edu, iova + last, EDU_TRANSFER_MAX);
	edu_check(bytes + last, EDU_TRANSFER_MAX, 21);
}

static void a_device_reaches_every_kind_of_buffer(void **state)
{
	static const uint32_t flags[] = {
		0,
		VFA_BUFFER_ANONYMOUS,
		VFA_BUFFER_IDENTITY,
		VFA_BUFFER_IDENTITY | VFA_BUFFER_ANONYMOUS,
	};
	struct vm *vm = *state;
	struct vfa_container *space;
	struct edu edu;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct wish wish = reachable(flags[i]);
		struct vfa_buffer *buffer;

		wish.options.threads = 2 * (i & 1);
		buffer = get(vm, space, 3 * PAGE_SIZE, &wish);
		assert_int_equal(vfa_buffer_page_size(buffer), PAGE_SIZE);
		if (flags[i] & VFA_BUFFER_IDENTITY)
			assert_int_equal(vfa_buffer_iova(buffer),
					 (uintptr_t)vfa_buffer_vaddr(buffer));
		check_dma(&edu, buffer);
	}
}

static void large_buffers_are_aligned_for_large_pages(void **state)
{
	struct wish wish = reachable(0);
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *buffer;
	struct edu edu;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	wish.options.threads = 2;
	buffer = get(vm, space, 20 * MIB, &wish);
	assert_int_equal((uintptr_t)vfa_buffer_vaddr(buffer) % (2 * MIB), 0);
	assert_int_equal(vfa_buffer_iova(buffer) % (2 * MIB), 0);
	check_dma(&edu, buffer);
	wish.options.alignment = GIB;
	buffer = get(vm, space, PAGE_SIZE, &wish);
	assert_int_equal((uintptr_t)vfa_buffer_vaddr(buffer) % GIB, 0);
	check_dma(&edu, buffer);
}

static void a_device_reaches_huge_pages(void **state)
{
	static const uint32_t flags[] = { 0, VFA_BUFFER_ANONYMOUS, VFA_BUFFER_IDENTITY };
	struct vm *vm = *state;
	struct vfa_container *space;
	struct edu edu;

	vm_need_assignment(vm);
	vm_need_huge_pages(vm, "6");
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct wish wish = reachable(flags[i] | VFA_BUFFER_STRICT);
		struct vfa_buffer *buffer;

		wish.options.page_size = 2 * MIB;
		wish.options.threads = i;
		buffer = get(vm, space, 2 * MIB + 1, &wish);
		assert_int_equal(vfa_buffer_page_size(buffer), 2 * MIB);
		assert_int_equal(vfa_buffer_size(buffer), 4 * MIB);
		assert_null(vfa_buffer_fallback(buffer));
		check_dma(&edu, buffer);
	}
}

static void missing_huge_pages_are_told_with_numbers(void **state)
{
	struct wish wish = reachable(VFA_BUFFER_STRICT);
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *buffer = NULL;

	vm_need_assignment(vm);
	vm_need_huge_pages(vm, "3");
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	wish.options.map = &wish.map;
	wish.options.page_size = 2 * MIB;
	get(vm, space, 2 * MIB, &wish);
	assert_refused(vfa_buffer_alloc(space, 8 * MIB, &wish.options, &buffer), ENOMEM,
		       VFA_CAUSE_NO_HUGE_PAGES);
	assert_said("huge pages of 2 MiB: 4 needed, 2 of 3 free");
	assert_said("echo 5 > " VM_HUGE_PAGES);
	wish.options.flags |= VFA_BUFFER_ANONYMOUS;
	assert_refused(vfa_buffer_alloc(space, 8 * MIB, &wish.options, &buffer), ENOMEM,
		       VFA_CAUSE_NO_HUGE_PAGES);
	vm_set(vm, VM_HUGE_PAGES, "5"); /* as the hint said */
	get(vm, space, 8 * MIB, &wish);
}

static void a_fallback_is_told_with_numbers(void **state)
{
	struct wish wish = reachable(0);
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *buffer;
	struct edu edu;

	vm_need_assignment(vm);
	vm_need_huge_pages(vm, "1");
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	wish.options.page_size = GIB;
	wish.map.iova_max = 0; /* rounded up to 1 GiB it is too large for edu */
	buffer = get(vm, space, 2 * MIB, &wish);
	assert_int_equal(vfa_buffer_page_size(buffer), 2 * MIB);
	assert_int_equal(vfa_buffer_size(buffer), 2 * MIB);
	print_message("# %.*s\n", (int)strcspn(vfa_buffer_fallback(buffer), "\n"),
		      vfa_buffer_fallback(buffer));
	assert_non_null(strstr(vfa_buffer_fallback(buffer), "1 GiB"));

	wish.map.iova_max = EDU_DMA_MASK;
	wish.options.page_size = 2 * MIB;
	buffer = get(vm, space, 3 * MIB, &wish);
	assert_int_equal(vfa_buffer_page_size(buffer), PAGE_SIZE);
	assert_int_equal(vfa_buffer_size(buffer), 3 * MIB);
	assert_non_null(
		strstr(vfa_buffer_fallback(buffer), "huge pages of 2 MiB: 2 needed, 0 of 1"));
	check_dma(&edu, buffer);
}

static bool is_present(const void *address)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t at = (off_t)((uintptr_t)address / PAGE_SIZE * sizeof(entry));

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &entry, sizeof(entry), at), sizeof(entry));
	close(fd);
	return entry >> 63;
}

/*
 * What is pinned by address comes into the page tables of this process; what is
 * pinned by file does not, and yet the device reaches it.
 */
static void iommufd_pins_the_file_and_not_the_address(void **state)
{
	struct wish wish = reachable(0);
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *file, *anonymous;
	struct stat memfd;
	struct edu edu;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	file = get(vm, space, 16 * PAGE_SIZE, &wish);
	wish.options.flags = VFA_BUFFER_ANONYMOUS;
	anonymous = get(vm, space, 16 * PAGE_SIZE, &wish);
	assert_int_equal(fstat(vfa_buffer_fd(file), &memfd), 0);
	assert_int_equal(memfd.st_blocks * 512, 16 * PAGE_SIZE); /* all pages are there */
	assert_true(is_present(vfa_buffer_vaddr(anonymous)));
	assert_int_equal(is_present(vfa_buffer_vaddr(file)), vm->backend == VFA_BACKEND_TYPE1);
	check_dma(&edu, file);
}

static void pages_are_present_where_threads_made_them(void **state)
{
	struct wish wish = reachable(0);
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *buffer;
	char *bytes;

	vm_need_assignment(vm);
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	wish.options.threads = 3;
	buffer = get(vm, space, 10 * MIB, &wish);
	bytes = vfa_buffer_vaddr(buffer);
	for (size_t i = 0; i < 10 * MIB; i += PAGE_SIZE)
		assert_true(is_present(bytes + i) && !bytes[i]);
}

static void another_process_shares_the_memory_by_its_fd(void **state)
{
	struct wish wish = reachable(0);
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *buffer;
	struct edu edu;
	int status;
	pid_t pid;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	buffer = get(vm, space, 2 * PAGE_SIZE, &wish);
	assert_int_equal(ftruncate(vfa_buffer_fd(buffer), PAGE_SIZE), -1);
	assert_int_equal(errno, EPERM);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		char *other = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
				   vfa_buffer_fd(buffer), 0);

		if (other == MAP_FAILED)
			_exit(1);
		edu_fill(other, EDU_TRANSFER_MAX, 33);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	edu_take(&edu, vfa_buffer_iova(buffer), EDU_TRANSFER_MAX);
	edu_give(&edu, vfa_buffer_iova(buffer) + PAGE_SIZE, EDU_TRANSFER_MAX);
	edu_check((char *)vfa_buffer_vaddr(buffer) + PAGE_SIZE, EDU_TRANSFER_MAX, 33);
}

static void a_child_writes_what_the_device_sees(void **state)
{
	static const uint32_t flags[] = { 0, VFA_BUFFER_ANONYMOUS };
	struct vm *vm = *state;
	struct vfa_container *space;
	struct edu edu;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	for (unsigned int i = 0; i < 2; i++) {
		struct wish wish = reachable(flags[i]);
		struct vfa_buffer *buffer = get(vm, space, 2 * PAGE_SIZE, &wish);
		char *bytes = vfa_buffer_vaddr(buffer);
		int status;
		pid_t pid;

		bytes[0] = 1;
		pid = fork();
		assert_true(pid >= 0);
		if (!pid) {
			edu_fill(bytes, EDU_TRANSFER_MAX, 40 + i);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		edu_take(&edu, vfa_buffer_iova(buffer), EDU_TRANSFER_MAX);
		edu_give(&edu, vfa_buffer_iova(buffer) + PAGE_SIZE, EDU_TRANSFER_MAX);
		edu_check(bytes + PAGE_SIZE, EDU_TRANSFER_MAX, 40 + i);
	}
}

static void what_this_process_has_at_an_identical_iova_stays(void **state)
{
	struct wish wish = reachable(VFA_BUFFER_IDENTITY);
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *buffer = NULL, *second;
	char *memory;

	vm_need_assignment(vm);
	vm_need_plain_memory();
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	memory = mmap((void *)0x1000000, PAGE_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	assert_ptr_equal(memory, (void *)0x1000000);
	*memory = 7;
	wish.options.map = &wish.map;
	wish.map.iova_min = 0x1000000;
	second = get(vm, space, PAGE_SIZE, &wish);
	assert_int_equal(vfa_buffer_iova(second), 0x1001000);
	wish.map.flags = VFA_MAP_FIXED;
	wish.map.iova = 0x1000000;
	assert_refused(vfa_buffer_alloc(space, PAGE_SIZE, &wish.options, &buffer), EEXIST,
		       VFA_CAUSE_OVERLAP);
	assert_int_equal(*memory, 7);
	munmap(memory, PAGE_SIZE);
	get(vm, space, PAGE_SIZE, &wish);
}

static void no_address_free_both_ways_is_told(void **state)
{
	struct wish wish = reachable(VFA_BUFFER_IDENTITY);
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *buffer = NULL;

	vm_need_assignment(vm);
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	wish.options.map = &wish.map;
	wish.map.iova_max = 0xfff; /* below vm.mmap_min_addr */
	assert_refused(vfa_buffer_alloc(space, PAGE_SIZE, &wish.options, &buffer), ENOSPC,
		       VFA_CAUSE_NO_SPACE);
}

/* The last node that has memory, or -1 where the kernel knows no nodes. */
static int last_node(void)
{
	FILE *file = fopen("/sys/devices/system/node/has_memory", "re");
	int first, last = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d-%d", &first, &last) == 1)
		last = first;
	fclose(file);
	return last;
}

static int node_of(void *address)
{
	int node = -1;

	assert_int_equal(
		syscall(SYS_get_mempolicy, &node, NULL, 0, address, MPOL_F_NODE | MPOL_F_ADDR), 0);
	return node;
}

static void a_numa_node_is_taken_or_refused(void **state)
{
	struct wish wish = reachable(VFA_BUFFER_ON_NODE);
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *buffer = NULL;
	int node = last_node();
	struct edu edu;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	wish.options.map = &wish.map;
	if (node < 0) {
		assert_refused(vfa_buffer_alloc(space, PAGE_SIZE, &wish.options, &buffer), ENOENT,
			       VFA_CAUSE_NO_NODE);
		return;
	}
	for (wish.options.node = 0; wish.options.node <= (uint32_t)node; wish.options.node++) {
		for (uint32_t threads = 0; threads < 3; threads++) {
			wish.options.flags ^= VFA_BUFFER_STRICT;
			wish.options.threads = threads;
			buffer = get(vm, space, 5 * MIB, &wish);
			check_dma(&edu, buffer);
			for (size_t i = 0; i < 5 * MIB; i += MIB)
				assert_int_equal(node_of((char *)vfa_buffer_vaddr(buffer) + i),
						 wish.options.node);
		}
	}
	assert_refused(vfa_buffer_alloc(space, PAGE_SIZE, &wish.options, &buffer), ENOENT,
		       VFA_CAUSE_NO_NODE);
}

#define NODE_PAGES "/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/nr_hugepages"

/*
 * The kernel grants them by their number on the whole machine; what is missing on
 * the node would be a signal later.
 */
static void huge_pages_of_another_node_do_not_do(void **state)
{
	struct wish wish = reachable(VFA_BUFFER_ON_NODE | VFA_BUFFER_STRICT);
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *buffer = NULL;
	char path[128];

	vm_need_assignment(vm);
	vm_need(last_node() > 0, "two NUMA nodes, as profile stock has them");
	vm_need_huge_pages(vm, "0");
	snprintf(path, sizeof(path), NODE_PAGES, last_node());
	vm_set(vm, path, "2");
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	wish.options.map = &wish.map;
	wish.options.page_size = 2 * MIB;
	wish.options.node = 0;
	assert_refused(vfa_buffer_alloc(space, 4 * MIB, &wish.options, &buffer), ENOMEM,
		       VFA_CAUSE_NO_HUGE_PAGES);
	assert_said("2 needed, 0 of 0 free");
	assert_said("/node0/");
	wish.options.node = (uint32_t)last_node();
	buffer = get(vm, space, 4 * MIB, &wish);
	assert_int_equal(node_of(vfa_buffer_vaddr(buffer)), last_node());
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(a_device_reaches_every_kind_of_buffer),
		VM_CASE(large_buffers_are_aligned_for_large_pages),
		VM_CASE(a_device_reaches_huge_pages),
		VM_CASE(missing_huge_pages_are_told_with_numbers),
		VM_CASE(a_fallback_is_told_with_numbers),
		VM_CASE(iommufd_pins_the_file_and_not_the_address),
		VM_CASE(pages_are_present_where_threads_made_them),
		VM_CASE(another_process_shares_the_memory_by_its_fd),
		VM_CASE(a_child_writes_what_the_device_sees),
		VM_CASE(what_this_process_has_at_an_identical_iova_stays),
		VM_CASE(no_address_free_both_ways_is_told),
		VM_CASE(a_numa_node_is_taken_or_refused),
		VM_CASE(huge_pages_of_another_node_do_not_do),
	};

	return vm_run_cases("buffer", cases);
}
