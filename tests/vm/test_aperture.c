/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* An address space that is full to the last page: the same memory is mapped all over it. */

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"

#define GIB (1ull << 30)

/* What there is of memory, which 1 GiB of addresses shows again and again. */
#define FILE_SIZE (64ull << 20)

struct area {
	char *reserved;
	char *start; /* aligned to 1 GiB */
};

/* Of huge pages, without which pinning takes minutes. */
static struct area map_area(struct vm *vm)
{
	struct area area;
	int fd;

	vm_set(vm, "/proc/sys/vm/nr_hugepages", "32");
	fd = memfd_create("aperture", MFD_HUGETLB | MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, FILE_SIZE), 0);
	area.reserved =
		mmap(NULL, 2 * GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(area.reserved, MAP_FAILED);
	area.start = (char *)(((uintptr_t)area.reserved + GIB - 1) & -GIB);
	for (uint64_t offset = 0; offset < GIB; offset += FILE_SIZE)
		assert_ptr_not_equal(mmap(area.start + offset, FILE_SIZE, PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_FIXED, fd, 0),
				     MAP_FAILED);
	close(fd);
	return area;
}

/* In pieces as large as fit, until not a page is left. Returns the bytes mapped. */
static uint64_t fill(struct vfa_container *space, const struct area *area, uint64_t iova_min)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	uint64_t bytes = 0;

	options.iova_min = iova_min;
	for (uint64_t size = GIB; size >= PAGE_SIZE; size /= 2) {
		while (!vfa_container_map(space, area->start, size, &options, NULL))
			bytes += size;
		if (vfa_error_last()->cause != VFA_CAUSE_NO_SPACE)
			fail_msg("%s", vfa_error_last()->message);
	}
	return bytes;
}

/* Iommufd takes twice the time of type1: there it is the upper 64 GiB. */
static uint64_t lowest_iova(const struct vm *vm)
{
	return vm->backend == VFA_BACKEND_TYPE1 ? 0 : 448 * GIB;
}

static uint64_t bytes_from(struct vfa_container *space, uint64_t iova_min)
{
	struct vfa_iova_range ranges[4];
	int count = assert_ok(vfa_container_iova_ranges(space, ranges, 4));
	uint64_t bytes = 0;

	for (int i = 0; i < count; i++) {
		if (ranges[i].last < iova_min)
			continue;
		if (ranges[i].start < iova_min)
			ranges[i].start = iova_min;
		bytes += ranges[i].last - ranges[i].start + 1;
	}
	return iova_min ? bytes : bytes - PAGE_SIZE; /* page 0 is for those who ask for it */
}

static bool is_39_bits(const struct vm_profile *profile)
{
	return profile->has_iommufd && profile->ranges[1].last == 0x7fffffffff;
}

static void a_full_aperture_is_full_to_the_last_page(void **state)
{
	struct vfa_map_options last = vm_fixed(0x7ffffff000), any = VFA_MAP_OPTIONS_INIT;
	struct vfa_container *space;
	struct vfa_mapping *mapping;
	struct vm *vm = *state;
	struct area area;

	vm_need_assignment(vm);
	vm_need(is_39_bits(vm_profile()),
		"39 bits of addresses and a kernel that unmaps them in seconds, as in profile "
		"intel");
	vm_need_plain_memory();
	area = map_area(vm);
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	any.iova_min = lowest_iova(vm);
	/* A page of its own at the very end, to be freed and found again. */
	assert_ok(vfa_container_map(space, area.start, PAGE_SIZE, &last, &mapping));
	assert_int_equal(fill(space, &area, any.iova_min) + PAGE_SIZE,
			 bytes_from(space, any.iova_min));
	assert_refused(vfa_container_map(space, area.start, PAGE_SIZE, &any, NULL), ENOSPC,
		       VFA_CAUSE_NO_SPACE);
	assert_ok(vfa_mapping_unmap(mapping));
	assert_ok(vfa_container_map(space, area.start, PAGE_SIZE, &any, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), last.iova);
	assert_ok(vfa_container_unmap_all(space));
	munmap(area.reserved, 2 * GIB);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(a_full_aperture_is_full_to_the_last_page),
	};

	return vm_run_cases("aperture", cases);
}
