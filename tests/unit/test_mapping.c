/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/vfio.h>
#include <sys/mman.h>

#include "fixture.h"
#include "uapi/iommufd.h"

/* A refused map changes nothing, in the kernel as in the results. */
static void refuse_map(struct space space, void *vaddr, uint64_t size,
		       const struct vfa_map_options *options, int err, enum vfa_cause cause)
{
	struct vfa_mapping *mapping = (struct vfa_mapping *)1;
	size_t before = fake_count_mappings();

	check_failure(vfa_container_map(space.container, vaddr, size, options, &mapping), -err,
		      cause);
	assert_ptr_equal(mapping, (struct vfa_mapping *)1);
	assert_int_equal(fake_count_mappings(), before);
}

static void refuse_map_at(struct space space, uint64_t iova, uint64_t size, int err,
			  enum vfa_cause cause)
{
	struct vfa_map_options options = at(iova);

	refuse_map(space, space.memory, size, &options, err, cause);
}

static void check_mapping(size_t index, uint64_t iova, uint64_t size, const void *vaddr)
{
	struct fake_mapping mapping;

	assert_true(fake_get_mapping(index, &mapping));
	assert_int_equal(mapping.iova, iova);
	assert_int_equal(mapping.size, size);
	assert_int_equal(mapping.vaddr, (uintptr_t)vaddr);
}

static void a_mapping_reaches_the_kernel(void **state)
{
	struct space space = open_space(state);
	struct vfa_mapping *mapping = map_at(space.container, space.memory, 2 * PAGE, 0x10000);

	check_mapping(0, 0x10000, 2 * PAGE, space.memory);
	assert_int_equal(vfa_mapping_iova(mapping), 0x10000);
	assert_int_equal(vfa_mapping_size(mapping), 2 * PAGE);
	assert_ptr_equal(vfa_mapping_vaddr(mapping), space.memory);
	assert_int_equal(vfa_mapping_access(mapping), VFA_ACCESS_READ_WRITE);
	assert_ok(vfa_mapping_unmap(mapping));
	assert_int_equal(fake_count_mappings(), 0);
	assert_ok(vfa_mapping_unmap(NULL));
	close_space(space);
}

static void access_is_as_asked(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = at(0x10000);
	struct vfa_mapping *mapping = NULL;
	struct fake_mapping seen;

	options.access = VFA_ACCESS_READ;
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, &options, &mapping));
	assert_int_equal(vfa_mapping_access(mapping), VFA_ACCESS_READ);
	options = at(0x20000);
	options.access = VFA_ACCESS_WRITE;
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, &options, NULL));
	assert_true(fake_get_mapping(0, &seen));
	assert_true(seen.readable && !seen.writable);
	assert_true(fake_get_mapping(1, &seen));
	assert_true(!seen.readable && seen.writable);
	close_space(space);
}

static void read_only_memory_maps_for_reading_only(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;

	mprotect(space.memory, PAGE, PROT_READ);
	refuse_map(space, space.memory, PAGE, NULL, EFAULT, VFA_CAUSE_BAD_ADDRESS);
	options.access = VFA_ACCESS_READ;
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, &options, NULL));
	close_space(space);
}

static void a_chosen_iova_is_low_but_not_page_0(void **state)
{
	struct space space = open_space(state);
	struct vfa_mapping *first = NULL, *second = NULL;

	assert_ok(vfa_container_map(space.container, space.memory, PAGE, NULL, &first));
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, NULL, &second));
	assert_int_equal(vfa_mapping_iova(first), PAGE);
	assert_int_equal(vfa_mapping_iova(second), 2 * PAGE);
	assert_ok(vfa_mapping_unmap(first));
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, NULL, &first));
	assert_int_equal(vfa_mapping_iova(first), PAGE);
	close_space(space);
}

static void page_0_is_given_when_asked_for(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, PAGE, 0);
	check_mapping(0, 0, PAGE, space.memory);
	assert_ok(vfa_container_unmap(space.container, 0, PAGE));
	close_space(space);
}

static void a_chosen_iova_keeps_to_its_bounds(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct vfa_mapping *mapping = NULL;

	options.iova_min = 0x1000800;
	options.iova_max = 0x1002fff;
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, &options, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), 0x1001000);
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, &options, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), 0x1002000);
	refuse_map(space, space.memory, PAGE, &options, ENOSPC, VFA_CAUSE_NO_SPACE);
	options.iova_min = 0x2000000;
	refuse_map(space, space.memory, PAGE, &options, EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	close_space(space);
}

/* A DMA mask that is given with a fixed IOVA is not for nothing. */
static void a_fixed_iova_keeps_to_its_bounds(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;

	options.flags = VFA_MAP_FIXED;
	options.iova = 0x10000000;
	options.iova_max = 0xfffffff;
	refuse_map(space, space.memory, PAGE, &options, EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	options.iova = 0xffff000;
	options.alignment = 1 << 20;
	refuse_map(space, space.memory, PAGE, &options, EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	options.alignment = 0;
	options.iova_min = 0x10000000 - PAGE;
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, &options, NULL));
	close_space(space);
}

static void an_iova_without_fixed_is_refused(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;

	options.iova = 0x10000;
	refuse_map(space, space.memory, PAGE, &options, EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	close_space(space);
}

static void a_chosen_iova_is_aligned(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct vfa_mapping *mapping = NULL;

	options.alignment = 1 << 20;
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, &options, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), 1 << 20);
	options.alignment = 1; /* less than the IOMMU wants */
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, &options, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), PAGE);
	close_space(space);
}

static void large_memory_gets_large_pages(void **state)
{
	struct space space = open_space(state);
	struct vfa_mapping *mapping = NULL;
	size_t size = 4 << 20, huge = 2 << 20;
	char *memory = memory_new(size + huge);
	char *aligned = (char *)(((uintptr_t)memory + huge - 1) & -huge);

	assert_ok(vfa_container_map(space.container, aligned, size, NULL, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping) % huge, 0);
	assert_ok(vfa_mapping_unmap(mapping));
	close_space(space);
	memory_free(memory, size + huge);
}

static void chosen_iovas_go_around_reserved_regions(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct vfa_mapping *mapping = NULL;

	options.iova_min = 0xfedff000;
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, &options, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), 0xfedff000);
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, &options, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), 0xfef00000);
	close_space(space);
}

static void map_before_a_device_fails(void **state)
{
	struct machine *machine = *state;
	struct space space = { machine, open_container(machine), NULL, memory_new(MEMORY) };

	refuse_map_at(space, 0x10000, PAGE, ENODEV, VFA_CAUSE_WRONG_ORDER);
	refuse_map(space, space.memory, PAGE, NULL, ENODEV, VFA_CAUSE_WRONG_ORDER);
	assert_ok(vfa_container_unmap_all(space.container));
	vfa_container_close(space.container);
	memory_free(space.memory, MEMORY);
}

static void map_without_options_of_a_size_fails(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = { .iova = 0x10000 };

	refuse_map(space, space.memory, PAGE, &options, EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	options = at(0x10000);
	options.flags |= 1u << 31;
	refuse_map(space, space.memory, PAGE, &options, EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	options = at(0x10000);
	options.access = 1u << 31;
	refuse_map(space, space.memory, PAGE, &options, EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	options = at(0x10000);
	options.reserved = 1;
	refuse_map(space, space.memory, PAGE, &options, EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	options = (struct vfa_map_options)VFA_MAP_OPTIONS_INIT;
	options.alignment = 0x3000;
	refuse_map(space, space.memory, PAGE, &options, EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	close_space(space);
}

static void map_nulls_fails(void **state)
{
	struct space space = open_space(state);

	assert_fails(vfa_container_map(NULL, space.memory, PAGE, NULL, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_map(space.container, NULL, PAGE, NULL, NULL), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_container_unmap(NULL, 0, PAGE), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_unmap_all(NULL), EINVAL, BAD_ARGUMENT);
	assert_int_equal(fake_count_mappings(), 0);
	close_space(space);
}

static void map_nothing_fails(void **state)
{
	struct space space = open_space(state);

	refuse_map_at(space, 0x10000, 0, EINVAL, VFA_CAUSE_EMPTY);
	refuse_map(space, space.memory, 0, NULL, EINVAL, VFA_CAUSE_EMPTY);
	assert_fails(vfa_container_unmap(space.container, 0x10000, 0), EINVAL, EMPTY);
	close_space(space);
}

static void map_unaligned_fails(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = at(0x10000);

	refuse_map_at(space, 0x10001, PAGE, EINVAL, VFA_CAUSE_MISALIGNED);
	refuse_map_at(space, 0x10800, PAGE, EINVAL, VFA_CAUSE_MISALIGNED);
	refuse_map_at(space, 0x10000, PAGE + 1, EINVAL, VFA_CAUSE_MISALIGNED);
	refuse_map_at(space, 0x10000, 1, EINVAL, VFA_CAUSE_MISALIGNED);
	refuse_map(space, space.memory + 8, PAGE, &options, EINVAL, VFA_CAUSE_MISALIGNED);
	refuse_map(space, space.memory, PAGE - 1, NULL, EINVAL, VFA_CAUSE_MISALIGNED);
	close_space(space);
}

static void map_beyond_64_bits_fails(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = at(PAGE);

	refuse_map_at(space, -PAGE, 2 * PAGE, EINVAL, VFA_CAUSE_WRAPPED);
	refuse_map_at(space, UINT64_MAX & -PAGE, 16 * PAGE, EINVAL, VFA_CAUSE_WRAPPED);
	refuse_map(space, (void *)(uintptr_t)-PAGE, 2 * PAGE, &options, EINVAL, VFA_CAUSE_WRAPPED);
	refuse_map(space, space.memory, UINT64_MAX & -PAGE, NULL, EINVAL, VFA_CAUSE_WRAPPED);
	assert_fails(vfa_container_unmap(space.container, -PAGE, 2 * PAGE), EINVAL, WRAPPED);
	close_space(space);
}

static void map_outside_the_aperture_fails(void **state)
{
	struct space space = open_space(state);

	refuse_map_at(space, 0x8000000000, PAGE, EINVAL, VFA_CAUSE_OUTSIDE_APERTURE);
	refuse_map_at(space, 0x7ffffff000, 2 * PAGE, EINVAL, VFA_CAUSE_OUTSIDE_APERTURE);
	refuse_map_at(space, -PAGE, PAGE, EINVAL, VFA_CAUSE_OUTSIDE_APERTURE);
	close_space(space);
}

static void map_reserved_region_fails(void **state)
{
	struct space space = open_space(state);

	refuse_map_at(space, 0xfee00000, PAGE, EINVAL, VFA_CAUSE_RESERVED);
	refuse_map_at(space, 0xfeeff000, PAGE, EINVAL, VFA_CAUSE_RESERVED);
	refuse_map_at(space, 0xfedff000, 2 * PAGE, EINVAL, VFA_CAUSE_RESERVED);
	refuse_map_at(space, 0xfeeff000, 2 * PAGE, EINVAL, VFA_CAUSE_RESERVED);
	refuse_map_at(space, 0xfed00000, 0x300000, EINVAL, VFA_CAUSE_RESERVED);
	close_space(space);
}

/* The kernel's ranges decide; sysfs only says why. */
static void a_gap_without_a_region_is_outside(void **state)
{
	struct space space;

	fake_add_reserved(4, 0x100000, 0x1fffff, FAKE_RESERVED);
	space = open_space(state);
	refuse_map_at(space, 0x100000, PAGE, EINVAL, VFA_CAUSE_OUTSIDE_APERTURE);
	close_space(space);
}

static void a_region_that_the_kernel_allows_is_mapped(void **state)
{
	struct machine *machine = *state;
	struct space space;

	tree_write(&machine->tree, "0x0000000000100000 0x00000000001fffff direct-relaxable\n",
		   "sys/kernel/iommu_groups/4/reserved_regions");
	space = open_space(state);
	map_at(space.container, space.memory, PAGE, 0x100000);
	close_space(space);
}

static void map_overlapping_iova_fails(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, 4 * PAGE, 0x10000);
	refuse_map_at(space, 0x10000, PAGE, EEXIST, VFA_CAUSE_OVERLAP);
	refuse_map_at(space, 0x13000, PAGE, EEXIST, VFA_CAUSE_OVERLAP);
	refuse_map_at(space, 0xf000, 2 * PAGE, EEXIST, VFA_CAUSE_OVERLAP);
	refuse_map_at(space, 0x13000, 2 * PAGE, EEXIST, VFA_CAUSE_OVERLAP);
	refuse_map_at(space, 0xf000, 8 * PAGE, EEXIST, VFA_CAUSE_OVERLAP);
	map_at(space.container, space.memory, PAGE, 0xf000);
	map_at(space.container, space.memory, PAGE, 0x14000);
	close_space(space);
}

/* Somebody else mapped through the container's fd. */
static void a_mapping_only_the_kernel_knows_is_told(void **state)
{
	struct space space = open_space(state);
	bool type1 = space.machine->backend == VFA_BACKEND_TYPE1;

	fake_fail_ioctl(type1 ? VFIO_IOMMU_MAP_DMA : UAPI_IOMMU_IOAS_MAP, EEXIST);
	refuse_map_at(space, 0x10000, PAGE, EEXIST, VFA_CAUSE_OVERLAP);
	fake_fail_ioctl(0, 0);
	map_at(space.container, space.memory, PAGE, 0x10000);
	close_space(space);
}

static void the_same_memory_maps_twice(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, PAGE, 0x10000);
	map_at(space.container, space.memory, PAGE, 0x20000);
	assert_int_equal(fake_count_mappings(), 2);
	close_space(space);
}

static void the_last_page_of_each_range_maps(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, PAGE, 0xfedff000);
	map_at(space.container, space.memory, PAGE, 0xfef00000);
	map_at(space.container, space.memory, PAGE, 0x7ffffff000);
	assert_ok(vfa_container_unmap(space.container, 0x7ffffff000, PAGE));
	assert_ok(vfa_container_unmap_all(space.container));
	assert_int_equal(fake_count_mappings(), 0);
	close_space(space);
}

static void the_last_page_of_64_bits_maps(void **state)
{
	struct space space;

	fake_set_aperture(4, 0, UINT64_MAX);
	space = open_space(state);
	map_at(space.container, space.memory, PAGE, -PAGE);
	check_mapping(0, -PAGE, PAGE, space.memory);
	refuse_map_at(space, -PAGE, PAGE, EEXIST, VFA_CAUSE_OVERLAP);
	map_at(space.container, space.memory, PAGE, -2 * PAGE);
	assert_ok(vfa_container_unmap(space.container, -PAGE, PAGE));
	assert_int_equal(fake_count_mappings(), 1);
	map_at(space.container, space.memory, PAGE, -PAGE);
	assert_ok(vfa_container_unmap_all(space.container));
	assert_int_equal(fake_count_mappings(), 0);
	close_space(space);
}

/* Where the kernel fails with it, it is none of the ranges: whether alone or not. */
static void a_last_page_that_fails_is_not_offered(void **state)
{
	struct vfa_iova_range ranges[4];
	struct space space;

	fake_set_loses_last_page(true);
	fake_set_aperture(4, 0, UINT64_MAX);
	space = open_space(state);
	assert_int_equal(vfa_container_iova_ranges(space.container, ranges, 4), 2);
	assert_true(ranges[1].last == UINT64_MAX - PAGE);
	refuse_map_at(space, -PAGE, PAGE, EINVAL, VFA_CAUSE_OUTSIDE_APERTURE);
	map_at(space.container, space.memory, PAGE, -2 * PAGE);
	assert_ok(vfa_container_unmap_all(space.container));
	close_space(space);

	fake_add_reserved(4, 0x100000000, UINT64_MAX - PAGE, FAKE_RESERVED);
	space = open_space(state);
	assert_int_equal(vfa_container_iova_ranges(space.container, ranges, 4), 2);
	assert_true(ranges[1].last == UINT32_MAX);
	close_space(space);
}

static void a_chosen_iova_can_be_the_last_page_of_64_bits(void **state)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct vfa_mapping *mapping = NULL;
	struct space space;

	fake_set_aperture(4, 0, UINT64_MAX);
	space = open_space(state);
	options.iova_min = -PAGE;
	assert_ok(vfa_container_map(space.container, space.memory, PAGE, &options, &mapping));
	assert_true(vfa_mapping_iova(mapping) == -PAGE);
	refuse_map(space, space.memory, PAGE, &options, ENOSPC, VFA_CAUSE_NO_SPACE);
	options.iova_min = UINT64_MAX;
	refuse_map(space, space.memory, PAGE, &options, ENOSPC, VFA_CAUSE_NO_SPACE);
	close_space(space);
}

static void map_bad_address_fails(void **state)
{
	struct space space = open_space(state);
	char *gone = memory_new(2 * PAGE);

	memory_free(gone + PAGE, PAGE);
	refuse_map(space, gone, 2 * PAGE, NULL, EFAULT, VFA_CAUSE_BAD_ADDRESS);
	refuse_map(space, gone + PAGE, PAGE, NULL, EFAULT, VFA_CAUSE_BAD_ADDRESS);
	mprotect(gone, PAGE, PROT_NONE);
	refuse_map(space, gone, PAGE, NULL, EFAULT, VFA_CAUSE_BAD_ADDRESS);
	memory_free(gone, PAGE);
	close_space(space);
}

static void type1_maps_device_memory(void **state)
{
	struct space space = open_space(state);
	volatile void *base = NULL;

	assert_ok(vfa_region_map(space.device, VFA_BAR(0), &base));
	map_at(space.container, (void *)base, PAGE, 0x10000);
	assert_ok(vfa_container_unmap_all(space.container));
	close_space(space);
}

static void iommufd_does_not_map_device_memory(void **state)
{
	struct space space = open_space(state);
	volatile void *base = NULL;

	assert_ok(vfa_region_map(space.device, VFA_BAR(0), &base));
	refuse_map(space, (void *)base, PAGE, NULL, EFAULT, VFA_CAUSE_MMIO_ADDRESS);
	close_space(space);
}

static void map_beyond_the_memlock_limit_fails(void **state)
{
	struct space space = open_space(state);

	fake_set_memlock(4 * PAGE);
	map_at(space.container, space.memory, 3 * PAGE, 0x10000);
	refuse_map_at(space, 0x20000, 2 * PAGE, ENOMEM, VFA_CAUSE_MEMLOCK);
	map_at(space.container, space.memory, PAGE, 0x20000);
	assert_ok(vfa_container_unmap(space.container, 0x10000, 3 * PAGE));
	map_at(space.container, space.memory, 2 * PAGE, 0x30000);
	close_space(space);
}

static void an_enomem_that_is_not_memlock_is_told_apart(void **state)
{
	struct space space = open_space(state);
	bool type1 = space.machine->backend == VFA_BACKEND_TYPE1;

	fake_fail_ioctl(type1 ? VFIO_IOMMU_MAP_DMA : UAPI_IOMMU_IOAS_MAP, ENOMEM);
	refuse_map_at(space, 0x20000, 2 * PAGE, ENOMEM, VFA_CAUSE_NO_MEMORY);
	close_space(space);
}

/* The root of a container is held to the limit all the same. */
static void only_the_machines_own_privilege_lifts_memlock(void **state)
{
	struct space space = open_space(state);
	const struct tree *tree = &space.machine->tree;

	bool type1 = space.machine->backend == VFA_BACKEND_TYPE1;

	fake_set_memlock(PAGE);
	fake_set_capabilities(UINT64_MAX);
	fake_set_own_namespace(true);
	tree_link(tree, "user:[4026532177]", "proc/self/ns/user");
	refuse_map_at(space, 0x20000, 2 * PAGE, ENOMEM, VFA_CAUSE_MEMLOCK);

	fake_set_own_namespace(false);
	tree_remove(tree, "proc/self/ns/user");
	tree_link(tree, "user:[4026531837]", "proc/self/ns/user");
	map_at(space.container, space.memory, 2 * PAGE, 0x20000);
	fake_fail_ioctl(type1 ? VFIO_IOMMU_MAP_DMA : UAPI_IOMMU_IOAS_MAP, ENOMEM);
	refuse_map_at(space, 0x30000, 2 * PAGE, ENOMEM, VFA_CAUSE_NO_MEMORY);
	close_space(space);
}

static void map_beyond_the_entry_limit_fails(void **state)
{
	struct space space;

	fake_set_entry_limit(2);
	space = open_space(state);
	map_at(space.container, space.memory, PAGE, 0x10000);
	map_at(space.container, space.memory, PAGE, 0x20000);
	refuse_map_at(space, 0x30000, PAGE, ENOSPC, VFA_CAUSE_ENTRY_LIMIT);
	assert_ok(vfa_container_unmap(space.container, 0x10000, PAGE));
	map_at(space.container, space.memory, PAGE, 0x30000);
	close_space(space);
}

/* The kernel did it, and failed to say so. */
static void a_map_without_an_answer_leaves_nothing(void **state)
{
	struct space space = open_space(state);

	fake_fail_answer(1);
	refuse_map_at(space, 0x10000, PAGE, EFAULT, VFA_CAUSE_BAD_ADDRESS);
	map_at(space.container, space.memory, PAGE, 0x10000);
	close_space(space);
}

static void a_larger_iommu_page_is_heeded(void **state)
{
	struct space space;

	fake_set_page_sizes(4, 0x40200000);
	space = open_space(state);
	refuse_map_at(space, 0x10000, PAGE, EINVAL, VFA_CAUSE_MISALIGNED);
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_mapping_reaches_the_kernel),
		ON_BOTH(access_is_as_asked),
		ON_BOTH(read_only_memory_maps_for_reading_only),
		ON_BOTH(a_chosen_iova_is_low_but_not_page_0),
		ON_BOTH(page_0_is_given_when_asked_for),
		ON_BOTH(a_chosen_iova_keeps_to_its_bounds),
		ON_BOTH(a_fixed_iova_keeps_to_its_bounds),
		ON_BOTH(an_iova_without_fixed_is_refused),
		ON_BOTH(a_chosen_iova_is_aligned),
		ON_BOTH(large_memory_gets_large_pages),
		ON_BOTH(chosen_iovas_go_around_reserved_regions),
		ON_BOTH(map_before_a_device_fails),
		ON_BOTH(map_without_options_of_a_size_fails),
		ON_BOTH(map_nulls_fails),
		ON_BOTH(map_nothing_fails),
		ON_BOTH(map_unaligned_fails),
		ON_BOTH(map_beyond_64_bits_fails),
		ON_BOTH(map_outside_the_aperture_fails),
		ON_BOTH(map_reserved_region_fails),
		ON_BOTH(a_gap_without_a_region_is_outside),
		ON_BOTH(a_region_that_the_kernel_allows_is_mapped),
		ON_BOTH(map_overlapping_iova_fails),
		ON_BOTH(a_mapping_only_the_kernel_knows_is_told),
		ON_BOTH(the_same_memory_maps_twice),
		ON_BOTH(the_last_page_of_each_range_maps),
		ON_TYPE1(the_last_page_of_64_bits_maps),
		ON_BOTH(a_last_page_that_fails_is_not_offered),
		ON_TYPE1(a_chosen_iova_can_be_the_last_page_of_64_bits),
		ON_BOTH(map_bad_address_fails),
		ON_TYPE1(type1_maps_device_memory),
		ON_IOMMUFD(iommufd_does_not_map_device_memory),
		ON_BOTH(map_beyond_the_memlock_limit_fails),
		ON_BOTH(an_enomem_that_is_not_memlock_is_told_apart),
		ON_BOTH(only_the_machines_own_privilege_lifts_memlock),
		ON_TYPE1(map_beyond_the_entry_limit_fails),
		ON_IOMMUFD(a_map_without_an_answer_leaves_nothing),
		ON_TYPE1(a_larger_iommu_page_is_heeded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
