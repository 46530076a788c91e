/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What can be mapped, and what is refused and why; and that the library's view
 * of it equals the kernel's.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "raw.h"

#define MSI_START 0xfee00000ull
#define MSI_END   0xfef00000ull /* the first byte behind */

/* A container with edu in it, and memory to map. */
struct space {
	struct vfa_container *container;
	char *memory;
	size_t size;
	struct vfa_iova_range ranges[8];
	int count;
};

static struct space space_open(struct vm *vm)
{
	struct space space;

	vm_need_assignment(vm);
	space.container = vm_container(vm);
	vm_device(vm, space.container, EDU);
	space.size = 8 * PAGE_SIZE;
	space.memory = vm_memory(vm, space.size);
	space.count = assert_ok(vfa_container_iova_ranges(space.container, space.ranges, 8));
	assert_in_range(space.count, 1, 8);
	return space;
}

static int map_at(const struct space *space, uint64_t iova, uint64_t size)
{
	struct vfa_map_options options = vm_fixed(iova);

	return vfa_container_map(space->container, space->memory, size, &options, NULL);
}

static uint64_t last_page(const struct vfa_iova_range *range)
{
	return range->last - PAGE_SIZE + 1;
}

static uint64_t after_last_range(const struct space *space)
{
	uint64_t last = space->ranges[space->count - 1].last;

	vm_need(last < UINT64_MAX, "an aperture below 64 bits, as in profile intel");
	return last + 1;
}

/* The kernel agrees that @iova, @size is free and usable. */
static void assert_kernel_has_room(const struct space *space, uint64_t iova, uint64_t size)
{
	uint64_t unmapped = 0;

	assert_int_equal(raw_map(space->container, space->memory, size, iova), 0);
	assert_int_equal(raw_unmap(space->container, iova, size, &unmapped), 0);
	assert_int_equal(unmapped, size);
}

/* The end of the last range in this profile, on this QEMU. */
static uint64_t reported_last(struct vm *vm, const struct vfa_iova_range *last)
{
	const struct vm_profile *profile = vm_profile();
	int i;

	if (!profile->ends[0].logged)
		return last->last;
	for (i = 0; profile->ends[i].logged; i++) {
		if (vm_log_had(vm, profile->ends[i].logged))
			return profile->ends[i].last;
	}
	fail_msg("the kernel logged nothing of what profile.c lists");
	return 0;
}

/* The library keeps from iommufd's last page of 64 bits. */
static uint64_t expected_last(struct vm *vm, const struct vfa_iova_range *range)
{
	uint64_t last = reported_last(vm, range);

	return last == UINT64_MAX && vm->backend == VFA_BACKEND_IOMMUFD ? last - PAGE_SIZE : last;
}

static void ranges_are_those_of_the_emulated_iommu(void **state)
{
	const struct vfa_iova_range *expected = vm_profile()->ranges;
	struct space space = space_open(*state);
	int i;

	for (i = 0; i < space.count; i++)
		print_message("# %#llx-%#llx\n", (unsigned long long)space.ranges[i].start,
			      (unsigned long long)space.ranges[i].last);
	for (i = 0; i < space.count; i++) {
		assert_int_equal(space.ranges[i].start, expected[i].start);
		assert_int_equal(space.ranges[i].last,
				 expected[i + 1].last ? expected[i].last
						      : expected_last(*state, &expected[i]));
	}
	assert_int_equal(expected[i].last, 0);
	/* Asking for the number alone, or with too little room, gives the same number. */
	assert_int_equal(vfa_container_iova_ranges(space.container, NULL, 0), space.count);
	assert_int_equal(vfa_container_iova_ranges(space.container, space.ranges, 1), space.count);
}

static void every_range_ends_where_the_kernel_says(void **state)
{
	struct space space = space_open(*state);
	int i;

	for (i = 0; i < space.count; i++) {
		const struct vfa_iova_range *range = &space.ranges[i];
		uint64_t edges[] = { range->start, last_page(range) };
		size_t j;

		for (j = 0; j < 2; j++) {
			assert_ok(map_at(&space, edges[j], PAGE_SIZE));
			assert_ok(vfa_container_unmap(space.container, edges[j], PAGE_SIZE));
			assert_kernel_has_room(&space, edges[j], PAGE_SIZE);
		}
		if (range->start > 0) {
			assert_true(map_at(&space, range->start - PAGE_SIZE, PAGE_SIZE) < 0);
			assert_true(raw_map(space.container, space.memory, PAGE_SIZE,
					    range->start - PAGE_SIZE) < 0);
		}
		/* Of the last page of 64 bits the kernel may have another opinion. */
		if (range->last < UINT64_MAX - PAGE_SIZE) {
			assert_true(map_at(&space, range->last + 1, PAGE_SIZE) < 0);
			assert_true(raw_map(space.container, space.memory, PAGE_SIZE,
					    range->last + 1) < 0);
			/* One foot in, one foot out. */
			assert_true(map_at(&space, last_page(range), 2 * PAGE_SIZE) < 0);
			assert_true(raw_map(space.container, space.memory, 2 * PAGE_SIZE,
					    last_page(range)) < 0);
		}
	}
}

static void last_page_of_the_last_range_maps_and_unmaps(void **state)
{
	struct space space = space_open(*state);
	uint64_t iova = last_page(&space.ranges[space.count - 1]);
	struct vfa_map_options options = vm_fixed(iova);
	struct vfa_mapping *mapping;

	assert_ok(vfa_container_map(space.container, space.memory, PAGE_SIZE, &options, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), iova);
	assert_ptr_equal(vfa_mapping_vaddr(mapping), space.memory);
	assert_int_equal(vfa_mapping_size(mapping), PAGE_SIZE);
	assert_int_equal(raw_map(space.container, space.memory, PAGE_SIZE, iova), -EEXIST);
	assert_ok(vfa_mapping_unmap(mapping));
	assert_kernel_has_room(&space, iova, PAGE_SIZE);
}

static void alignment_is_a_page(void **state)
{
	struct space space = space_open(*state);
	uint64_t alignment, sizes;

	assert_ok(vfa_container_alignment(space.container, &alignment));
	assert_int_equal(alignment, PAGE_SIZE);
	assert_ok(vfa_container_page_sizes(space.container, &sizes));
	assert_int_equal(sizes & (PAGE_SIZE | (PAGE_SIZE - 1)), PAGE_SIZE);
}

static void mapping_the_msi_window_is_refused_as_reserved(void **state)
{
	struct space space = space_open(*state);

	assert_refused(map_at(&space, MSI_START, PAGE_SIZE), EINVAL, VFA_CAUSE_RESERVED);
	assert_said("0xfee00000");
	assert_said("msi");
	assert_said("0xfedff000"); /* the nearest usable IOVA */
	assert_true(raw_map(space.container, space.memory, PAGE_SIZE, MSI_START) < 0);

	assert_refused(map_at(&space, MSI_START - PAGE_SIZE, 2 * PAGE_SIZE), EINVAL,
		       VFA_CAUSE_RESERVED);
	assert_refused(map_at(&space, MSI_END - PAGE_SIZE, 2 * PAGE_SIZE), EINVAL,
		       VFA_CAUSE_RESERVED);
	assert_ok(map_at(&space, MSI_END, PAGE_SIZE));
	assert_ok(vfa_container_unmap(space.container, MSI_END, PAGE_SIZE));
}

static void reserved_regions_name_the_msi_window(void **state)
{
	struct space space = space_open(*state);
	struct vfa_reserved_region regions[8];
	bool found = false;
	int count, i;

	count = assert_ok(vfa_container_reserved_regions(space.container, regions, 8));
	assert_in_range(count, 1, 8);
	for (i = 0; i < count; i++) {
		if (regions[i].type == VFA_RESERVED_MSI && regions[i].range.start == MSI_START &&
		    regions[i].range.last == MSI_END - 1)
			found = true;
	}
	assert_true(found);
}

static void mapping_beyond_the_aperture_is_refused(void **state)
{
	struct space space = space_open(*state);
	uint64_t beyond = after_last_range(&space);
	char number[32];

	assert_refused(map_at(&space, beyond, PAGE_SIZE), EINVAL, VFA_CAUSE_OUTSIDE_APERTURE);
	snprintf(number, sizeof(number), "%#llx", (unsigned long long)beyond - 1);
	assert_said(number);
	assert_refused(map_at(&space, beyond - PAGE_SIZE, 2 * PAGE_SIZE), EINVAL,
		       VFA_CAUSE_OUTSIDE_APERTURE);
	assert_refused(map_at(&space, UINT64_MAX - PAGE_SIZE + 1, PAGE_SIZE), EINVAL,
		       VFA_CAUSE_OUTSIDE_APERTURE);
}

static void misaligned_requests_are_refused(void **state)
{
	struct space space = space_open(*state);
	struct vfa_map_options options = vm_fixed(0x100000);

	assert_refused(map_at(&space, 0x100800, PAGE_SIZE), EINVAL, VFA_CAUSE_MISALIGNED);
	assert_said("0x100800");
	assert_refused(map_at(&space, 0x100000, PAGE_SIZE + 8), EINVAL, VFA_CAUSE_MISALIGNED);
	assert_refused(
		vfa_container_map(space.container, space.memory + 16, PAGE_SIZE, &options, NULL),
		EINVAL, VFA_CAUSE_MISALIGNED);
	assert_kernel_has_room(&space, 0x100000, 2 * PAGE_SIZE);
}

static void wrapped_requests_are_refused(void **state)
{
	struct space space = space_open(*state);
	uint64_t huge = UINT64_MAX - PAGE_SIZE + 1;

	assert_refused(map_at(&space, huge, 2 * PAGE_SIZE), EINVAL, VFA_CAUSE_WRAPPED);
	assert_refused(map_at(&space, 2 * PAGE_SIZE, huge), EINVAL, VFA_CAUSE_WRAPPED);
	assert_refused(vfa_container_unmap(space.container, huge, 2 * PAGE_SIZE), EINVAL,
		       VFA_CAUSE_WRAPPED);
}

static void empty_requests_are_refused(void **state)
{
	struct space space = space_open(*state);

	assert_refused(map_at(&space, 0x100000, 0), EINVAL, VFA_CAUSE_EMPTY);
	assert_refused(vfa_container_map(space.container, space.memory, 0, NULL, NULL), EINVAL,
		       VFA_CAUSE_EMPTY);
	assert_refused(vfa_container_unmap(space.container, 0x100000, 0), EINVAL, VFA_CAUSE_EMPTY);
}

static void overlapping_requests_name_the_mapping(void **state)
{
	struct space space = space_open(*state);

	assert_ok(map_at(&space, 0x200000, 4 * PAGE_SIZE));
	assert_refused(map_at(&space, 0x200000, 4 * PAGE_SIZE), EEXIST, VFA_CAUSE_OVERLAP);
	assert_said("0x200000-0x203fff");
	assert_refused(map_at(&space, 0x203000, PAGE_SIZE), EEXIST, VFA_CAUSE_OVERLAP);
	assert_said("0x200000-0x203fff");
	assert_refused(map_at(&space, 0x1ff000, 2 * PAGE_SIZE), EEXIST, VFA_CAUSE_OVERLAP);
	assert_refused(map_at(&space, 0x1ff000, 8 * PAGE_SIZE), EEXIST, VFA_CAUSE_OVERLAP);
	assert_int_equal(raw_map(space.container, space.memory, PAGE_SIZE, 0x203000), -EEXIST);

	assert_ok(map_at(&space, 0x1ff000, PAGE_SIZE)); /* neighbours are no overlap */
	assert_ok(map_at(&space, 0x204000, PAGE_SIZE));
	assert_ok(vfa_container_unmap_all(space.container));
}

static void partial_unmap_is_refused_and_changes_nothing(void **state)
{
	struct space space = space_open(*state);
	static const struct vfa_iova_range cuts[] = {
		{ 0x300000, 0x300fff }, { 0x303000, 0x303fff }, { 0x301000, 0x302fff },
		{ 0x2ff000, 0x300fff }, { 0x303000, 0x304fff }, { 0x301000, 0x310fff },
	};
	uint64_t unmapped = 0;
	size_t i;

	assert_ok(map_at(&space, 0x300000, 4 * PAGE_SIZE));
	assert_ok(map_at(&space, 0x310000, PAGE_SIZE));
	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		assert_refused(vfa_container_unmap(space.container, cuts[i].start,
						   cuts[i].last - cuts[i].start + 1),
			       EINVAL, VFA_CAUSE_PARTIAL_UNMAP);
		assert_said("0x300000-0x303fff");
	}
	assert_int_equal(raw_unmap(space.container, 0x300000, 4 * PAGE_SIZE, &unmapped), 0);
	assert_int_equal(unmapped, 4 * PAGE_SIZE); /* all of it had stayed */
	assert_refused(vfa_container_unmap(space.container, 0x300000, 0x11000), EIO,
		       VFA_CAUSE_SHORT_UNMAP);
}

static void short_unmap_is_an_error(void **state)
{
	struct space space = space_open(*state);
	uint64_t unmapped = 0;

	assert_ok(map_at(&space, 0x300000, 4 * PAGE_SIZE));
	assert_ok(map_at(&space, 0x304000, 4 * PAGE_SIZE));
	assert_int_equal(raw_unmap(space.container, 0x304000, 4 * PAGE_SIZE, &unmapped), 0);

	assert_refused(vfa_container_unmap(space.container, 0x300000, 8 * PAGE_SIZE), EIO,
		       VFA_CAUSE_SHORT_UNMAP);
	assert_ok(map_at(&space, 0x300000, 8 * PAGE_SIZE)); /* nothing is left in either view */
	assert_ok(vfa_container_unmap(space.container, 0x300000, 8 * PAGE_SIZE));
}

static void unmapping_nothing_is_an_error(void **state)
{
	struct space space = space_open(*state);

	assert_refused(vfa_container_unmap(space.container, 0x300000, PAGE_SIZE), ENOENT,
		       VFA_CAUSE_NOT_MAPPED);
	assert_said("0x300000");
}

static void one_unmap_covers_several_mappings_and_gaps(void **state)
{
	struct space space = space_open(*state);

	assert_ok(map_at(&space, 0x400000, PAGE_SIZE));
	assert_ok(map_at(&space, 0x401000, 2 * PAGE_SIZE));
	assert_ok(map_at(&space, 0x408000, PAGE_SIZE));
	assert_ok(map_at(&space, 0x410000, PAGE_SIZE));
	assert_ok(vfa_container_unmap(space.container, 0x3ff000, 0x10000));
	assert_kernel_has_room(&space, 0x400000, 8 * PAGE_SIZE);
	assert_kernel_has_room(&space, 0x408000, 8 * PAGE_SIZE);
	/* The one behind is still there. */
	assert_int_equal(raw_map(space.container, space.memory, PAGE_SIZE, 0x410000), -EEXIST);
	assert_ok(vfa_container_unmap(space.container, 0x410000, PAGE_SIZE));
}

static void unmap_all_leaves_nothing(void **state)
{
	struct space space = space_open(*state);
	uint64_t last = last_page(&space.ranges[space.count - 1]);

	assert_ok(map_at(&space, 0, PAGE_SIZE));
	assert_ok(map_at(&space, 0x400000, 4 * PAGE_SIZE));
	assert_ok(map_at(&space, last, PAGE_SIZE));
	assert_ok(vfa_container_unmap_all(space.container));
	assert_kernel_has_room(&space, 0, PAGE_SIZE);
	assert_kernel_has_room(&space, 0x400000, 4 * PAGE_SIZE);
	assert_kernel_has_room(&space, last, PAGE_SIZE);
	assert_ok(vfa_container_unmap_all(space.container)); /* nothing mapped is fine */
}

static void unmap_all_spares_buffers_by_refusing(void **state)
{
	struct space space = space_open(*state);
	struct vfa_buffer *buffer = NULL;

	assert_ok(map_at(&space, 0x400000, PAGE_SIZE));
	assert_ok(vfa_buffer_alloc(space.container, PAGE_SIZE, NULL, &buffer));
	assert_refused(vfa_container_unmap_all(space.container), EBUSY, VFA_CAUSE_WRONG_ORDER);
	assert_int_equal(raw_map(space.container, space.memory, PAGE_SIZE, 0x400000), -EEXIST);
	vfa_buffer_free(buffer);
	assert_ok(vfa_container_unmap_all(space.container));
	assert_kernel_has_room(&space, 0x400000, PAGE_SIZE);
}

static void chosen_iova_is_low_aligned_and_within_the_limits(void **state)
{
	struct space space = space_open(*state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct vfa_mapping *mapping;

	assert_ok(vfa_container_map(space.container, space.memory, PAGE_SIZE, NULL, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), PAGE_SIZE); /* the lowest, but not page 0 */
	options.iova_min = 0x10000800;
	options.alignment = 0x4000;
	assert_ok(vfa_container_map(space.container, space.memory, PAGE_SIZE, &options, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), 0x10004000);
	/* The MSI window is stepped over. */
	options.iova_min = MSI_START - PAGE_SIZE;
	options.alignment = PAGE_SIZE;
	assert_ok(vfa_container_map(space.container, space.memory, 2 * PAGE_SIZE, &options,
				    &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), MSI_END);
	/* A limit that admits two pages, once. */
	options.iova_min = 0x20000000;
	options.iova_max = 0x20001fff;
	assert_ok(vfa_container_map(space.container, space.memory, 2 * PAGE_SIZE, &options,
				    &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), 0x20000000);
	assert_refused(vfa_container_map(space.container, space.memory, PAGE_SIZE, &options, NULL),
		       ENOSPC, VFA_CAUSE_NO_SPACE);
	assert_ok(vfa_container_unmap_all(space.container));
}

static void mapping_before_a_device_joined_is_wrong_order(void **state)
{
	struct vm *vm = *state;
	struct space space;

	vm_need(vm->backend != VFA_BACKEND_IOMMUFD || vm_profile()->has_iommufd,
		"a kernel with iommufd, as in profile intel");
	space.container = vm_container(vm);
	space.memory = vm_memory(vm, PAGE_SIZE);
	assert_refused(map_at(&space, 0x100000, PAGE_SIZE), ENODEV, VFA_CAUSE_WRONG_ORDER);
	assert_refused(vfa_container_iova_ranges(space.container, NULL, 0), ENODEV,
		       VFA_CAUSE_WRONG_ORDER);
}

/* Type1 forgets mappings with its last group, but the group stays as long as such an fd. */
static void mappings_stay_true_while_a_device_fd_lives_on(void **state)
{
	struct vfa_map_options options = vm_fixed(0x100000);
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *device;
	uint64_t done;
	void *memory;
	int fd;

	vm_need_assignment(vm);
	space = vm_container(vm);
	memory = vm_memory(vm, PAGE_SIZE);
	assert_ok(vfa_device_open(space, EDU, NULL, &device));
	assert_ok(vfa_container_map(space, memory, PAGE_SIZE, &options, NULL));
	fd = fcntl(vfa_device_fd(device), F_DUPFD_CLOEXEC, 0);
	assert_true(fd >= 0);
	vfa_device_close(device);

	assert_int_equal(raw_map(space, memory, PAGE_SIZE, options.iova), -EEXIST);
	assert_ok(vfa_container_unmap(space, options.iova, PAGE_SIZE));
	assert_int_equal(raw_map(space, memory, PAGE_SIZE, options.iova), 0);
	assert_int_equal(raw_unmap(space, options.iova, PAGE_SIZE, &done), 0);
	assert_int_equal(done, PAGE_SIZE);

	close(fd);
	vm_device(vm, space, EDU);
	assert_ok(vfa_container_map(space, memory, PAGE_SIZE, &options, NULL));
}

/* What is refused before the kernel is asked is so for the kernel too. */
static void address_width_of_vtd_covers_the_ranges(void **state)
{
	struct space space = space_open(*state);
	unsigned int bits = 0;
	char text[32] = "";
	int cap = open("/sys/bus/pci/devices/" EDU "/iommu/intel-iommu/cap", O_RDONLY | O_CLOEXEC);

	vm_need(cap >= 0, "VT-d, as in profile intel");
	assert_true(read(cap, text, sizeof(text) - 1) > 0);
	close(cap);
	bits = (strtoull(text, NULL, 16) >> 16 & 63) + 1;
	print_message("# %u bits\n", bits);
	assert_int_equal(space.ranges[space.count - 1].last, UINT64_MAX >> (64 - bits));
}

/* The kernel refuses, names nothing, and has changed nothing. */
static void a_mapping_that_the_kernel_finds_in_the_way_stays(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *device = NULL;
	uint64_t done = 0;
	void *memory;

	vm_need_assignment(vm);
	vm_need(vm->backend == VFA_BACKEND_IOMMUFD, "iommufd: type1 maps nothing without a group");
	space = vm_container(vm);
	memory = vm_memory(vm, PAGE_SIZE);
	assert_int_equal(raw_map(space, memory, PAGE_SIZE, MSI_START), 0);
	assert_refused(vfa_device_open(space, EDU, NULL, &device), EADDRINUSE,
		       VFA_CAUSE_JOIN_CONFLICT);
	assert_null(device);
	assert_int_equal(raw_map(space, memory, PAGE_SIZE, MSI_START), -EEXIST);
	assert_int_equal(raw_unmap(space, MSI_START, PAGE_SIZE, &done), 0);
	assert_int_equal(done, PAGE_SIZE);
	vm_device(vm, space, EDU);
}

/* Kept mappings are pinned again, so their memory has to be there. */
static void lost_memory_keeps_a_device_out_unless_dropped(void **state)
{
	struct vfa_map_options options = vm_fixed(0x100000);
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *device = NULL;
	void *memory;

	vm_need_assignment(vm);
	space = vm_container(vm);
	memory = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_ok(vfa_device_open(space, EDU, NULL, &device));
	assert_ok(vfa_container_map(space, memory, PAGE_SIZE, &options, NULL));
	vfa_device_close(device);
	assert_int_equal(munmap(memory, PAGE_SIZE), 0);
	assert_refused(vfa_device_open(space, EDU, NULL, &device), EFAULT, VFA_CAUSE_BAD_ADDRESS);
	assert_ok(vfa_container_keep_mappings(space, false));
	vm_device(vm, space, EDU);
}

/* Not up to the end of 64 bits, where the library knows better. */
static void assert_kernel_agrees(const struct space *space, uint64_t iova, uint64_t size,
				 const struct vfa_verdict *verdict)
{
	uint64_t done;
	int err;

	if (iova + size < size)
		return;
	err = raw_map(space->container, space->memory, size, iova);
	assert_int_equal(err < 0, verdict->code < 0);
	if (!err)
		assert_ok(raw_unmap(space->container, iova, size, &done));
}

static void assert_maps(const struct space *space, uint64_t iova, uint64_t size)
{
	assert_ok(map_at(space, iova, size));
	assert_ok(vfa_container_unmap(space->container, iova, size));
}

/* The verdict, the kernel's answer to the same, that of a map, and what would do instead. */
static void check_verdict(const struct space *space, uint64_t iova, uint64_t size)
{
	struct vfa_map_options options = vm_fixed(iova);
	struct vfa_verdict verdict = VFA_VERDICT_INIT;

	assert_ok(
		vfa_container_check_map(space->container, space->memory, size, &options, &verdict));
	assert_kernel_agrees(space, iova, size, &verdict);
	if (!verdict.code) {
		assert_maps(space, iova, size);
		return;
	}
	assert_refused(map_at(space, iova, size), -verdict.code, verdict.cause);
	if (verdict.flags & VFA_VERDICT_NEAREST)
		assert_maps(space, verdict.nearest.start, size);
}

static void verdicts_are_those_of_the_kernel(void **state)
{
	struct space space = space_open(*state);
	const struct vfa_iova_range *top = &space.ranges[space.count - 1];
	uint64_t places[] = {
		0,        0x200000 - PAGE_SIZE,       0x200000,       0x203000,
		0x204000, MSI_START - PAGE_SIZE,      MSI_START,      MSI_END - PAGE_SIZE,
		MSI_END,  last_page(top) - PAGE_SIZE, last_page(top), top->last + 1
	};
	size_t i;

	assert_ok(map_at(&space, 0x200000, 4 * PAGE_SIZE));
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		check_verdict(&space, places[i], 2 * PAGE_SIZE);
}

static void windows_are_avoided_and_mapped_when_insisted_on(void **state)
{
	struct vfa_window window = { { 0x1000, 0x8000ff }, VFA_WINDOW_BAR, SHARED_MEMORY };
	struct vfa_map_options options = vm_fixed(0x800000);
	struct space space = space_open(*state);
	struct vfa_mapping *mapping;

	assert_ok(vfa_container_add_window(space.container, &window));
	assert_ok(vfa_container_map(space.container, space.memory, PAGE_SIZE, NULL, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), 0x801000);
	assert_int_equal(vfa_mapping_window(mapping, &window), 0);
	assert_ok(vfa_container_map(space.container, space.memory, PAGE_SIZE, &options, &mapping));
	assert_int_equal(vfa_mapping_window(mapping, &window), 1);
	assert_string_equal(window.bdf, SHARED_MEMORY);
	options = (struct vfa_map_options)VFA_MAP_OPTIONS_INIT;
	options.iova_max = 0x7fffff;
	assert_refused(vfa_container_map(space.container, space.memory, PAGE_SIZE, &options, NULL),
		       ENOSPC, VFA_CAUSE_NO_SPACE);
	assert_said("VFA_MAP_FIXED");
}

/* Low memory is in every aperture; what mmap() chooses is only in some. */
static void identity_mappings_are_where_the_memory_is(void **state)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct space space = space_open(*state);
	struct vfa_mapping *mapping;
	void *wanted = (void *)0x10000000, *memory;
	uint64_t chosen = (uintptr_t)space.memory;
	int err;

	memory = mmap(wanted, PAGE_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	assert_ptr_equal(memory, wanted);
	options.flags = VFA_MAP_IDENTITY;
	assert_ok(vfa_container_map(space.container, memory, PAGE_SIZE, &options, &mapping));
	assert_int_equal(vfa_mapping_iova(mapping), 0x10000000);
	assert_ok(vfa_mapping_unmap(mapping));
	munmap(memory, PAGE_SIZE);

	err = vfa_container_map(space.container, space.memory, PAGE_SIZE, &options, &mapping);
	if (chosen + PAGE_SIZE - 1 > space.ranges[space.count - 1].last)
		assert_refused(err, EINVAL, VFA_CAUSE_OUTSIDE_APERTURE);
	else
		assert_int_equal(vfa_mapping_iova(mapping), chosen);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(ranges_are_those_of_the_emulated_iommu),
		VM_CASE(every_range_ends_where_the_kernel_says),
		VM_CASE(last_page_of_the_last_range_maps_and_unmaps),
		VM_CASE(alignment_is_a_page),
		VM_CASE(mapping_the_msi_window_is_refused_as_reserved),
		VM_CASE(reserved_regions_name_the_msi_window),
		VM_CASE(mapping_beyond_the_aperture_is_refused),
		VM_CASE(misaligned_requests_are_refused),
		VM_CASE(wrapped_requests_are_refused),
		VM_CASE(empty_requests_are_refused),
		VM_CASE(overlapping_requests_name_the_mapping),
		VM_CASE(partial_unmap_is_refused_and_changes_nothing),
		VM_CASE(short_unmap_is_an_error),
		VM_CASE(unmapping_nothing_is_an_error),
		VM_CASE(one_unmap_covers_several_mappings_and_gaps),
		VM_CASE(unmap_all_leaves_nothing),
		VM_CASE(unmap_all_spares_buffers_by_refusing),
		VM_CASE(chosen_iova_is_low_aligned_and_within_the_limits),
		VM_CASE(mapping_before_a_device_joined_is_wrong_order),
		VM_CASE(mappings_stay_true_while_a_device_fd_lives_on),
		VM_CASE(address_width_of_vtd_covers_the_ranges),
		VM_CASE(a_mapping_that_the_kernel_finds_in_the_way_stays),
		VM_CASE(lost_memory_keeps_a_device_out_unless_dropped),
		VM_CASE(verdicts_are_those_of_the_kernel),
		VM_CASE(windows_are_avoided_and_mapped_when_insisted_on),
		VM_CASE(identity_mappings_are_where_the_memory_is),
	};

	return vm_run_cases("iova", cases);
}
