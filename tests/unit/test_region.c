/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "fixture.h"

static void regions_are_described(void **state)
{
	struct space space = open_space(state);
	struct vfa_region_info info;

	assert_int_equal(vfa_region_count(space.device), 9);
	assert_ok(vfa_region_get_info(space.device, VFA_BAR(0), &info));
	assert_int_equal(info.size, 1 << 20);
	assert_int_equal(info.flags,
			 VFA_REGION_CAN_READ | VFA_REGION_CAN_WRITE | VFA_REGION_CAN_MAP);
	assert_ok(vfa_region_get_info(space.device, VFA_BAR(2), &info));
	assert_int_equal(info.flags,
			 VFA_REGION_CAN_READ | VFA_REGION_CAN_WRITE | VFA_REGION_IS_IO_PORTS);
	assert_ok(vfa_region_get_info(space.device, VFA_BAR(4), &info));
	assert_int_equal(info.flags, VFA_REGION_CAN_READ | VFA_REGION_CAN_WRITE |
					     VFA_REGION_CAN_MAP | VFA_REGION_IS_SPARSE);
	assert_ok(vfa_region_get_info(space.device, VFA_REGION_ROM, &info));
	assert_int_equal(info.flags, VFA_REGION_CAN_READ);
	assert_ok(vfa_region_get_info(space.device, VFA_REGION_CONFIG, &info));
	assert_int_equal(info.size, 256);
	assert_int_equal(info.offset, (uint64_t)VFA_REGION_CONFIG << 40);
	close_space(space);
}

#define READ_WRITE (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define ALL_RIGHTS (READ_WRITE | VFIO_REGION_INFO_FLAG_MMAP)

/* A 64-bit one, whose upper half is no BAR. */
static void a_prefetchable_bar_is_told(void **state)
{
	uint32_t bars[] = { PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH,
			    0xffffffff };
	struct vfa_region_info info;
	struct space space;

	fake_set_region(NVME, 2, 1 << 20, ALL_RIGHTS);
	fake_set_config(NVME, PCI_BASE_ADDRESS_2, bars, sizeof(bars));
	space = open_space_of(state, NVME);
	assert_ok(vfa_region_get_info(space.device, VFA_BAR(0), &info));
	assert_int_equal(info.flags & VFA_REGION_IS_PREFETCHABLE, 0);
	assert_ok(vfa_region_get_info(space.device, VFA_BAR(2), &info));
	assert_int_equal(info.flags, VFA_REGION_CAN_READ | VFA_REGION_CAN_WRITE |
					     VFA_REGION_CAN_MAP | VFA_REGION_IS_PREFETCHABLE);
	assert_ok(vfa_region_get_info(space.device, VFA_BAR(3), &info));
	assert_int_equal(info.size, 0);
	assert_int_equal(info.flags, 0);
	close_space(space);
}

static void a_mappable_msix_table_is_told(void **state)
{
	struct vfa_region_info info;
	volatile void *base = NULL;
	struct space space;

	fake_set_msix_mappable(NVME, 0);
	space = open_space_of(state, NVME);
	assert_ok(vfa_region_get_info(space.device, VFA_BAR(0), &info));
	assert_true(info.flags & VFA_REGION_MSIX_IS_MAPPABLE);
	assert_false(info.flags & VFA_REGION_IS_SPARSE);
	assert_ok(vfa_region_map(space.device, VFA_BAR(0), &base));
	close_space(space);
}

/* VFIO marks the types of a vendor, by its PCI id, with the highest bit. */
#define INTEL 0x80008086u

static void a_region_of_the_driver_is_found_by_its_type(void **state)
{
	struct vfa_region_info info;
	struct space space;
	int index;

	fake_add_region(EDU, INTEL, VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG, 256,
			VFIO_REGION_INFO_FLAG_READ);
	fake_add_region(EDU, INTEL, VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION, 8192, READ_WRITE);
	space = open_space(state);
	assert_int_equal(vfa_region_count(space.device), 11);
	index = vfa_region_find(space.device, INTEL, VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION);
	assert_int_equal(index, 10);
	assert_ok(vfa_region_get_info(space.device, index, &info));
	assert_int_equal(info.size, 8192);
	assert_int_equal(info.type, INTEL);
	assert_int_equal(info.subtype, VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION);
	assert_fails(vfa_region_find(space.device, INTEL, 7), ENOENT, NO_REGION);
	assert_fails(vfa_region_find(space.device, INTEL + 1, 1), ENOENT, NO_REGION);
	assert_fails(vfa_region_find(space.device, 0, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_find(NULL, INTEL, 1), EINVAL, BAD_ARGUMENT);
	assert_ok(vfa_region_get_info(space.device, VFA_BAR(0), &info));
	assert_int_equal(info.type, 0);
	close_space(space);
}

static void a_region_of_the_driver_is_read(void **state)
{
	struct space space;
	uint8_t out[4] = "abc", in[4] = "";
	uint32_t index = fake_add_region(EDU, INTEL, 1, 4096, READ_WRITE);

	space = open_space(state);
	assert_ok(vfa_region_write(space.device, index, 100, out, sizeof(out)));
	assert_ok(vfa_region_read(space.device, index, 100, in, sizeof(in)));
	assert_memory_equal(in, out, sizeof(out));
	close_space(space);
}

static void bars_that_cannot_be_read_are_told(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = NULL;

	fake_set_transfer(EDU, 3);
	assert_fails(vfa_device_open(container, EDU, NULL, &device), EIO, KERNEL);
	assert_null(device);
	vfa_container_close(container);
}

static void an_empty_region_has_no_size(void **state)
{
	struct space space = open_space(state);
	struct vfa_region_info info = { .size = 7 };
	volatile void *base = NULL;
	uint32_t value;

	assert_ok(vfa_region_get_info(space.device, VFA_BAR(1), &info));
	assert_int_equal(info.size, 0);
	info.size = 7;
	assert_ok(vfa_region_get_info(space.device, VFA_REGION_VGA, &info));
	assert_int_equal(info.size, 0);
	assert_fails(vfa_region_map(space.device, VFA_BAR(1), &base), EINVAL, NO_REGION);
	assert_fails(vfa_region_read(space.device, VFA_BAR(1), 0, &value, 4), EINVAL, NO_REGION);
	assert_fails(vfa_region_write(space.device, VFA_BAR(1), 0, &value, 4), EINVAL, NO_REGION);
	assert_null(base);
	close_space(space);
}

static void an_index_too_large_is_refused(void **state)
{
	static const uint32_t indexes[] = { 9, 10, 0x80000000, UINT32_MAX };
	struct space space = open_space(state);
	struct vfa_region_info info = { .size = 7 };
	volatile void *base = NULL;
	uint32_t value;

	for (size_t i = 0; i < 4; i++) {
		uint32_t index = indexes[i];

		assert_fails(vfa_region_get_info(space.device, index, &info), EINVAL, NO_REGION);
		assert_fails(vfa_region_map(space.device, index, &base), EINVAL, NO_REGION);
		assert_fails(vfa_region_unmap(space.device, index), EINVAL, NO_REGION);
		assert_fails(vfa_region_read(space.device, index, 0, &value, 4), EINVAL, NO_REGION);
	}
	assert_int_equal(info.size, 7);
	assert_null(base);
	close_space(space);
}

static void nulls_are_refused(void **state)
{
	struct space space = open_space(state);
	struct vfa_region_info info;
	volatile void *base;
	uint32_t value;

	assert_fails(vfa_region_count(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_get_info(NULL, 0, &info), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_get_info(space.device, 0, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_map(NULL, 0, &base), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_map(space.device, 0, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_unmap(NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_read(NULL, 0, 0, &value, 4), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_read(space.device, 0, 0, NULL, 4), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_write(NULL, 0, 0, &value, 4), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_write(space.device, 0, 0, NULL, 4), EINVAL, BAD_ARGUMENT);
	close_space(space);
}

static void a_mapped_bar_is_the_devices(void **state)
{
	struct space space = open_space(state);
	volatile void *base = NULL;
	uint32_t value = 0;

	assert_ok(vfa_region_map(space.device, VFA_BAR(0), &base));
	vfa_mmio_write32(base, 0x80, 0x12345678);
	vfa_mmio_write64(base, (1 << 20) - 8, 0x1122334455667788);
	assert_ok(vfa_region_read(space.device, VFA_BAR(0), 0x80, &value, 4));
	assert_int_equal(le32toh(value), 0x12345678);
	assert_int_equal(vfa_mmio_read8(base, 0x80), 0x78);
	assert_int_equal(vfa_mmio_read16(base, 0x82), 0x1234);
	assert_int_equal(vfa_mmio_read64(base, (1 << 20) - 8), 0x1122334455667788);
	assert_ok(vfa_region_unmap(space.device, VFA_BAR(0)));
	close_space(space);
}

static void a_region_mapped_twice_is_mapped_once(void **state)
{
	struct space space = open_space(state);
	volatile void *first = NULL, *second = NULL;

	assert_ok(vfa_region_map(space.device, VFA_BAR(0), &first));
	assert_ok(vfa_region_map(space.device, VFA_BAR(0), &second));
	assert_ptr_equal(first, second);
	assert_ok(vfa_region_unmap(space.device, VFA_BAR(0)));
	vfa_mmio_write32(first, 0, 1);
	assert_ok(vfa_region_unmap(space.device, VFA_BAR(0)));
	assert_fails(vfa_region_unmap(space.device, VFA_BAR(0)), EINVAL, WRONG_ORDER);
	close_space(space);
}

static void regions_that_cannot_be_mapped_are_refused(void **state)
{
	struct space space = open_space(state);
	volatile void *base = NULL;

	assert_fails(vfa_region_map(space.device, VFA_BAR(2), &base), EOPNOTSUPP, REGION_RIGHTS);
	assert_fails(vfa_region_map(space.device, VFA_BAR(4), &base), EOPNOTSUPP, REGION_RIGHTS);
	assert_fails(vfa_region_map(space.device, VFA_REGION_CONFIG, &base), EOPNOTSUPP,
		     REGION_RIGHTS);
	assert_null(base);
	close_space(space);
}

#define AREAS 4

static void assert_areas(struct vfa_device *device, uint32_t index, int count,
			 const struct vfa_region_area *wanted)
{
	struct vfa_region_area areas[AREAS];

	assert_int_equal(vfa_region_areas(device, index, NULL, 0), count);
	memset(areas, 0xff, sizeof(areas));
	assert_int_equal(vfa_region_areas(device, index, areas, AREAS), count);
	assert_memory_equal(areas, wanted, count * sizeof(areas[0]));
}

static void areas_that_can_be_mapped_are_listed(void **state)
{
	static const struct vfa_region_area whole = { 0, 1 << 20 }, part = { PAGE, PAGE };
	struct space space = open_space(state);
	struct vfa_region_area none = { 7, 7 };

	assert_areas(space.device, VFA_BAR(0), 1, &whole);
	assert_areas(space.device, VFA_BAR(4), 1, &part);
	assert_areas(space.device, VFA_BAR(1), 0, NULL);
	assert_areas(space.device, VFA_BAR(2), 0, NULL);
	assert_areas(space.device, VFA_REGION_CONFIG, 0, NULL);
	assert_fails(vfa_region_areas(space.device, 9, &none, 1), EINVAL, NO_REGION);
	assert_fails(vfa_region_areas(NULL, 0, &none, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_areas(space.device, 0, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_int_equal(none.size, 7);
	close_space(space);
}

/* As the kernels before Linux 4.16 cut the page of the MSI-X table out. */
static void a_region_is_mapped_around_what_is_cut_out(void **state)
{
	static const struct vfa_region_area wanted[] = { { 0, PAGE }, { 2 * PAGE, 2 * PAGE } };
	struct vfa_region_area areas[AREAS];
	volatile void *base = NULL;
	struct space space;

	fake_add_sparse(NVME, 0, 0, PAGE);
	fake_add_sparse(NVME, 0, 2 * PAGE, 2 * PAGE);
	space = open_space_of(state, NVME);
	assert_areas(space.device, VFA_BAR(0), 2, wanted);
	assert_int_equal(vfa_region_areas(space.device, VFA_BAR(0), areas, 1), 2);
	assert_fails(vfa_region_map(space.device, VFA_BAR(0), &base), EOPNOTSUPP, REGION_RIGHTS);
	for (size_t i = 0; i < 2; i++) {
		uint32_t value = 0, out = 0x1000 + i;

		assert_ok(vfa_region_map_part(space.device, VFA_BAR(0), wanted[i].offset,
					      wanted[i].size, &base));
		assert_ok(vfa_region_write(space.device, VFA_BAR(0), wanted[i].offset + 8, &out,
					   sizeof(out)));
		value = vfa_mmio_read32(base, 8);
		assert_int_equal(value, out);
	}
	close_space(space);
}

/* What no kernel should say: not in pages, not in the region, empty. */
static void areas_are_cut_to_whole_pages_of_the_region(void **state)
{
	static const struct vfa_region_area wanted[] = { { PAGE, PAGE }, { 3 * PAGE, PAGE } };
	struct space space;

	fake_add_sparse(NVME, 0, 100, 2 * PAGE);
	fake_add_sparse(NVME, 0, 3 * PAGE, UINT64_MAX);
	fake_add_sparse(NVME, 0, 100, 200);
	fake_add_sparse(NVME, 0, 4 * PAGE, PAGE);
	space = open_space_of(state, NVME);
	assert_areas(space.device, VFA_BAR(0), 2, wanted);
	close_space(space);
}

static void a_region_without_areas_cannot_be_mapped(void **state)
{
	struct vfa_region_info info;
	volatile void *base = NULL;
	struct space space;

	fake_add_sparse(NVME, 0, 0, 0);
	space = open_space_of(state, NVME);
	assert_ok(vfa_region_get_info(space.device, VFA_BAR(0), &info));
	assert_int_equal(info.flags, VFA_REGION_CAN_READ | VFA_REGION_CAN_WRITE);
	assert_areas(space.device, VFA_BAR(0), 0, NULL);
	assert_fails(vfa_region_map(space.device, VFA_BAR(0), &base), EOPNOTSUPP, REGION_RIGHTS);
	assert_fails(vfa_region_map_part(space.device, VFA_BAR(0), 0, 1, &base), EOPNOTSUPP,
		     REGION_RIGHTS);
	assert_null(base);
	close_space(space);
}

static void an_area_that_is_the_region_is_mapped_whole(void **state)
{
	volatile void *base = NULL;
	struct space space;

	fake_add_sparse(NVME, 0, 0, 16 << 10);
	space = open_space_of(state, NVME);
	assert_ok(vfa_region_map(space.device, VFA_BAR(0), &base));
	close_space(space);
}

static void a_part_is_what_was_asked_for(void **state)
{
	struct space space = open_space(state);
	volatile void *whole = NULL, *part = NULL;

	assert_ok(vfa_region_map(space.device, VFA_BAR(0), &whole));
	vfa_mmio_write32(whole, 3 * PAGE + 0x80, 0x12345678);
	vfa_mmio_write8(whole, 5 * PAGE - 1, 0x9a);
	assert_ok(vfa_region_map_part(space.device, VFA_BAR(0), 3 * PAGE + 0x80, 2 * PAGE - 0x80,
				      &part));
	assert_ptr_not_equal((const char *)part, (const char *)whole + 3 * PAGE + 0x80);
	assert_int_equal(vfa_mmio_read32(part, 0), 0x12345678);
	assert_int_equal(vfa_mmio_read8(part, 2 * PAGE - 0x81), 0x9a);
	assert_ok(vfa_region_unmap(space.device, VFA_BAR(0)));
	assert_int_equal(vfa_mmio_read32(part, 0), 0x12345678);
	assert_ok(vfa_region_unmap_part(space.device, part));
	assert_fails(vfa_region_unmap_part(space.device, part), EINVAL, WRONG_ORDER);
	close_space(space);
}

static void parts_in_the_same_pages_share_them(void **state)
{
	struct space space = open_space(state);
	volatile void *first = NULL, *second = NULL;

	assert_ok(vfa_region_map_part(space.device, VFA_BAR(4), PAGE, 16, &first));
	assert_ok(vfa_region_map_part(space.device, VFA_BAR(4), PAGE + 256, PAGE - 256, &second));
	assert_ptr_equal((const char *)second, (const char *)first + 256);
	assert_ok(vfa_region_unmap_part(space.device, first));
	vfa_mmio_write32(second, 0, 1);
	assert_ok(vfa_region_unmap_part(space.device, second));
	assert_fails(vfa_region_unmap_part(space.device, first), EINVAL, WRONG_ORDER);
	close_space(space);
}

static void the_whole_region_may_be_mapped_as_a_part(void **state)
{
	struct space space = open_space(state);
	volatile void *whole = NULL, *part = NULL;

	assert_ok(vfa_region_map(space.device, VFA_BAR(0), &whole));
	assert_ok(vfa_region_map_part(space.device, VFA_BAR(0), 16, (1 << 20) - 16, &part));
	assert_ptr_equal((const char *)part, (const char *)whole + 16);
	assert_ok(vfa_region_unmap_part(space.device, part));
	assert_ok(vfa_region_unmap(space.device, VFA_BAR(0)));
	close_space(space);
}

/* A BAR smaller than a page that vfio-pci maps has its page alone. */
static void a_part_of_a_small_region_is_mapped(void **state)
{
	static const struct vfa_region_area whole = { 0, 512 };
	volatile void *base = NULL, *part = NULL;
	struct space space;

	fake_set_region(NVME, 2, 512, ALL_RIGHTS);
	space = open_space_of(state, NVME);
	assert_areas(space.device, VFA_BAR(2), 1, &whole);
	assert_ok(vfa_region_map(space.device, VFA_BAR(2), &base));
	vfa_mmio_write32(base, 508, 7);
	assert_ok(vfa_region_map_part(space.device, VFA_BAR(2), 508, 4, &part));
	assert_int_equal(vfa_mmio_read32(part, 0), 7);
	assert_fails(vfa_region_map_part(space.device, VFA_BAR(2), 508, 5, &part), EINVAL,
		     REGION_BOUNDS);
	close_space(space);
}

#define LARGE (2ull << 20)

/* So that the processor needs few entries for it; without room it is mapped all the same. */
static void a_large_region_is_mapped_where_it_is_aligned(void **state)
{
	volatile void *base = NULL, *part = NULL;
	struct space space;

	fake_set_region(NVME, 2, 4 * LARGE, ALL_RIGHTS);
	space = open_space_of(state, NVME);
	assert_ok(vfa_region_map(space.device, VFA_BAR(2), &base));
	assert_int_equal((uintptr_t)base % LARGE, 0);
	assert_ok(vfa_region_map_part(space.device, VFA_BAR(2), LARGE - PAGE, 2 * LARGE, &part));
	assert_int_equal((uintptr_t)part % LARGE, LARGE - PAGE);
	assert_ok(vfa_region_unmap_part(space.device, part));
	fake_fail_call(1, ENOMEM);
	assert_ok(vfa_region_map_part(space.device, VFA_BAR(2), LARGE - PAGE, 2 * LARGE, &part));
	assert_true(fake_has_failed());
	vfa_mmio_write32(base, LARGE, 1);
	assert_int_equal(vfa_mmio_read32(part, PAGE), 1);
	close_space(space);
}

static void parts_that_cannot_be_mapped_are_refused(void **state)
{
	struct space space = open_space(state);
	struct vfa_device *device = space.device;
	volatile void *base = NULL;

	assert_fails(vfa_region_map_part(device, VFA_BAR(4), 0, PAGE, &base), EOPNOTSUPP,
		     REGION_RIGHTS);
	assert_fails(vfa_region_map_part(device, VFA_BAR(4), PAGE - 1, 2, &base), EOPNOTSUPP,
		     REGION_RIGHTS);
	assert_fails(vfa_region_map_part(device, VFA_BAR(4), PAGE, PAGE + 1, &base), EOPNOTSUPP,
		     REGION_RIGHTS);
	assert_fails(vfa_region_map_part(device, VFA_BAR(2), 0, 16, &base), EOPNOTSUPP,
		     REGION_RIGHTS);
	assert_fails(vfa_region_map_part(device, VFA_BAR(0), 0, 0, &base), EINVAL, EMPTY);
	assert_fails(vfa_region_map_part(device, VFA_BAR(0), 1 << 20, 1, &base), EINVAL,
		     REGION_BOUNDS);
	assert_fails(vfa_region_map_part(device, VFA_BAR(0), 1, UINT64_MAX, &base), EINVAL,
		     REGION_BOUNDS);
	assert_fails(vfa_region_map_part(device, VFA_BAR(1), 0, 1, &base), EINVAL, NO_REGION);
	assert_fails(vfa_region_map_part(device, 9, 0, 1, &base), EINVAL, NO_REGION);
	assert_fails(vfa_region_map_part(NULL, 0, 0, 1, &base), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_map_part(device, 0, 0, 1, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_unmap_part(NULL, &base), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_unmap_part(device, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_region_unmap_part(device, &base), EINVAL, WRONG_ORDER);
	assert_null(base);
	close_space(space);
}

static void a_region_is_read_and_written_by_call(void **state)
{
	struct space space = open_space(state);
	uint8_t out[16] = "fifteen letters", in[16] = "";

	assert_ok(vfa_region_write(space.device, VFA_BAR(2), 240, out, sizeof(out)));
	assert_ok(vfa_region_read(space.device, VFA_BAR(2), 240, in, sizeof(in)));
	assert_memory_equal(in, out, sizeof(out));
	close_space(space);
}

static void transfers_past_the_end_are_refused(void **state)
{
	static const struct {
		uint64_t offset;
		size_t size;
	} wrong[] = {
		{ 256, 1 },        { 255, 2 },      { 0, 257 },      { UINT64_MAX, 1 },
		{ UINT64_MAX, 2 }, { 0, SIZE_MAX }, { 1, SIZE_MAX },
	};
	struct space space = open_space(state);
	uint8_t byte = 0;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_fails(vfa_region_read(space.device, VFA_BAR(2), wrong[i].offset, &byte,
					     wrong[i].size),
			     EINVAL, REGION_BOUNDS);
		assert_fails(vfa_region_write(space.device, VFA_BAR(2), wrong[i].offset, &byte,
					      wrong[i].size),
			     EINVAL, REGION_BOUNDS);
	}
	close_space(space);
}

static void an_empty_transfer_is_refused(void **state)
{
	struct space space = open_space(state);
	uint8_t byte = 0;

	assert_fails(vfa_region_read(space.device, VFA_BAR(2), 0, &byte, 0), EINVAL, EMPTY);
	assert_fails(vfa_region_write(space.device, VFA_BAR(2), 0, &byte, 0), EINVAL, EMPTY);
	close_space(space);
}

/* Unlike I/O ports and config space. */
static void memory_that_is_not_decoded_is_told(void **state)
{
	struct space space = open_space(state);
	uint32_t value = 0;

	assert_ok(vfa_config_write16(space.device, PCI_COMMAND, 0));
	assert_fails(vfa_region_read(space.device, VFA_BAR(0), 0, &value, 4), EIO, REGION_OFF);
	assert_fails(vfa_region_write(space.device, VFA_BAR(0), 0, &value, 4), EIO, REGION_OFF);
	assert_fails(vfa_region_read(space.device, VFA_REGION_ROM, 0, &value, 4), EIO, REGION_OFF);
	assert_ok(vfa_region_read(space.device, VFA_BAR(2), 0, &value, 4));
	fake_set_gone(EDU, true);
	assert_fails(vfa_region_read(space.device, VFA_BAR(0), 0, &value, 4), ENODEV, DEVICE_GONE);
	fake_set_gone(EDU, false);
	assert_ok(vfa_config_write16(space.device, PCI_COMMAND, PCI_COMMAND_MEMORY));
	assert_ok(vfa_region_read(space.device, VFA_BAR(0), 0, &value, 4));
	close_space(space);
}

static void a_rom_is_not_written(void **state)
{
	struct space space = open_space(state);
	uint8_t byte = 0;

	assert_ok(vfa_region_read(space.device, VFA_REGION_ROM, 0, &byte, 1));
	assert_fails(vfa_region_write(space.device, VFA_REGION_ROM, 0, &byte, 1), EOPNOTSUPP,
		     REGION_RIGHTS);
	close_space(space);
}

static void a_short_transfer_is_an_error(void **state)
{
	struct space space = open_space(state);
	uint64_t value = 0;

	fake_set_transfer(EDU, 4);
	assert_fails(vfa_region_read(space.device, VFA_BAR(0), 0, &value, 8), EIO, KERNEL);
	assert_fails(vfa_region_write(space.device, VFA_BAR(0), 0, &value, 8), EIO, KERNEL);
	fake_set_transfer(EDU, 0);
	assert_fails(vfa_region_read(space.device, VFA_BAR(0), 0, &value, 8), EIO, KERNEL);
	close_space(space);
}

static void a_kernel_that_does_not_describe_is_told(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = NULL;

	fake_set_info_errno(EDU, EIO);
	assert_fails(vfa_device_open(container, EDU, NULL, &device), EIO, KERNEL);
	assert_null(device);
	vfa_container_close(container);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(regions_are_described),
		ON_BOTH(a_prefetchable_bar_is_told),
		ON_BOTH(a_mappable_msix_table_is_told),
		ON_BOTH(a_region_of_the_driver_is_found_by_its_type),
		ON_BOTH(a_region_of_the_driver_is_read),
		ON_BOTH(bars_that_cannot_be_read_are_told),
		ON_BOTH(an_empty_region_has_no_size),
		ON_BOTH(an_index_too_large_is_refused),
		ON_BOTH(nulls_are_refused),
		ON_BOTH(a_mapped_bar_is_the_devices),
		ON_BOTH(a_region_mapped_twice_is_mapped_once),
		ON_BOTH(regions_that_cannot_be_mapped_are_refused),
		ON_BOTH(areas_that_can_be_mapped_are_listed),
		ON_BOTH(a_region_is_mapped_around_what_is_cut_out),
		ON_BOTH(areas_are_cut_to_whole_pages_of_the_region),
		ON_BOTH(a_region_without_areas_cannot_be_mapped),
		ON_BOTH(an_area_that_is_the_region_is_mapped_whole),
		ON_BOTH(a_part_is_what_was_asked_for),
		ON_BOTH(parts_in_the_same_pages_share_them),
		ON_BOTH(the_whole_region_may_be_mapped_as_a_part),
		ON_BOTH(a_part_of_a_small_region_is_mapped),
		ON_BOTH(a_large_region_is_mapped_where_it_is_aligned),
		ON_BOTH(parts_that_cannot_be_mapped_are_refused),
		ON_BOTH(a_region_is_read_and_written_by_call),
		ON_BOTH(transfers_past_the_end_are_refused),
		ON_BOTH(an_empty_transfer_is_refused),
		ON_BOTH(memory_that_is_not_decoded_is_told),
		ON_BOTH(a_rom_is_not_written),
		ON_BOTH(a_short_transfer_is_an_error),
		ON_BOTH(a_kernel_that_does_not_describe_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
