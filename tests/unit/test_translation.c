/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <sys/mman.h>

#include "fixture.h"

static uint64_t iova_of(struct space space, size_t offset, uint64_t size)
{
	uint64_t iova = 77;

	assert_ok(vfa_container_find_iova(space.container, space.memory + offset, size, &iova));
	return iova;
}

static void *vaddr_of(struct space space, uint64_t iova, uint64_t size)
{
	void *vaddr = NULL;

	assert_ok(vfa_container_find_vaddr(space.container, iova, size, &vaddr));
	return vaddr;
}

static int try_iova(struct space space, size_t offset, uint64_t size)
{
	uint64_t iova = 77;
	int err = vfa_container_find_iova(space.container, space.memory + offset, size, &iova);

	assert_int_equal(iova, 77);
	return err;
}

static void any_bytes_of_a_mapping_are_found(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, 2 * PAGE, 0x10000);
	assert_int_equal(iova_of(space, 0, 1), 0x10000);
	assert_int_equal(iova_of(space, 0, 2 * PAGE), 0x10000);
	assert_int_equal(iova_of(space, 2 * PAGE - 1, 1), 0x11fff);
	assert_int_equal(iova_of(space, PAGE - 8, 16), 0x10ff8);
	assert_ptr_equal(vaddr_of(space, 0x10000, 2 * PAGE), space.memory);
	assert_ptr_equal(vaddr_of(space, 0x11fff, 1), space.memory + 2 * PAGE - 1);
	close_space(space);
}

static void what_is_not_mapped_is_not_found(void **state)
{
	struct space space = open_space(state);
	struct vfa_mapping *mapping;
	void *vaddr = space.memory;

	assert_fails(try_iova(space, 0, 1), ENOENT, NOT_MAPPED);
	mapping = map_at(space.container, space.memory + PAGE, PAGE, 0x10000);
	assert_fails(try_iova(space, 0, 1), ENOENT, NOT_MAPPED);
	assert_fails(try_iova(space, PAGE - 1, 2), ENOENT, NOT_MAPPED);
	assert_fails(try_iova(space, PAGE, PAGE + 1), ENOENT, NOT_MAPPED);
	assert_fails(vfa_container_find_vaddr(space.container, 0xffff, 1, &vaddr), ENOENT,
		     NOT_MAPPED);
	assert_fails(vfa_container_find_vaddr(space.container, 0x10fff, 2, &vaddr), ENOENT,
		     NOT_MAPPED);
	assert_ptr_equal(vaddr, space.memory);
	assert_ok(vfa_mapping_unmap(mapping));
	assert_fails(try_iova(space, PAGE, 1), ENOENT, NOT_MAPPED);
	assert_fails(vfa_container_find_vaddr(space.container, 0x10000, 1, &vaddr), ENOENT,
		     NOT_MAPPED);
	close_space(space);
}

static void bad_requests_are_refused(void **state)
{
	struct space space = open_space(state);
	uint64_t iova;

	assert_fails(vfa_container_find_iova(NULL, space.memory, 1, &iova), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_find_iova(space.container, space.memory, 1, NULL), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_container_find_vaddr(space.container, 0, 1, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_segments(space.container, space.memory, 1, NULL, 1), EINVAL,
		     BAD_ARGUMENT);
	map_at(space.container, space.memory, PAGE, 0x10000);
	assert_fails(try_iova(space, 0, 0), EINVAL, EMPTY);
	assert_fails(try_iova(space, 0, UINT64_MAX), EINVAL, WRAPPED);
	assert_fails(vfa_container_segments(space.container, space.memory, 0, NULL, 0), EINVAL,
		     EMPTY);
	close_space(space);
}

static void neighbours_that_continue_are_one_piece(void **state)
{
	struct space space = open_space(state);

	map_at(space.container, space.memory, PAGE, 0x10000);
	map_at(space.container, space.memory + PAGE, PAGE, 0x11000);
	map_at(space.container, space.memory + 2 * PAGE, PAGE, 0x20000);
	assert_int_equal(iova_of(space, 0, 2 * PAGE), 0x10000);
	assert_ptr_equal(vaddr_of(space, 0x10800, PAGE), space.memory + 0x800);
	assert_fails(try_iova(space, 0, 2 * PAGE + 1), ERANGE, NOT_CONTIGUOUS);
	assert_true(strstr(vfa_error_last()->message, "0x2000 bytes"));
	/* What is not mapped at all counts for more. */
	assert_fails(try_iova(space, 0, 3 * PAGE + 1), ENOENT, NOT_MAPPED);
	close_space(space);
}

static void segments_are_as_long_as_can_be(void **state)
{
	struct vfa_segment segments[4] = { { 0, 0 } };
	struct space space = open_space(state);

	map_at(space.container, space.memory, PAGE, 0x10000);
	map_at(space.container, space.memory + PAGE, PAGE, 0x11000);
	map_at(space.container, space.memory + 2 * PAGE, PAGE, 0x40000);
	map_at(space.container, space.memory + 3 * PAGE, PAGE, 0x20000);
	assert_int_equal(vfa_container_segments(space.container, space.memory + 8, 4 * PAGE - 16,
						segments, 4),
			 3);
	assert_int_equal(segments[0].iova, 0x10008);
	assert_int_equal(segments[0].size, 2 * PAGE - 8);
	assert_int_equal(segments[1].iova, 0x40000);
	assert_int_equal(segments[1].size, PAGE);
	assert_int_equal(segments[2].iova, 0x20000);
	assert_int_equal(segments[2].size, PAGE - 8);
	memset(segments, 0, sizeof(segments));
	assert_int_equal(
		vfa_container_segments(space.container, space.memory, 4 * PAGE, segments, 1), 3);
	assert_int_equal(segments[0].size, 2 * PAGE);
	assert_int_equal(segments[1].size, 0);
	assert_int_equal(vfa_container_segments(space.container, space.memory, 4 * PAGE, NULL, 0),
			 3);
	assert_fails(vfa_container_segments(space.container, space.memory, 5 * PAGE, segments, 4),
		     ENOENT, NOT_MAPPED);
	close_space(space);
}

/* Mapped three times: the first answers, then whoever is left. */
static void memory_mapped_again_is_found_to_the_last(void **state)
{
	struct space space = open_space(state);
	struct vfa_mapping *first = map_at(space.container, space.memory, 2 * PAGE, 0x10000);
	struct vfa_mapping *second = map_at(space.container, space.memory + PAGE, PAGE, 0x20000);
	struct vfa_mapping *third = map_at(space.container, space.memory, 4 * PAGE, 0x30000);

	assert_int_equal(iova_of(space, PAGE, 1), 0x11000);
	assert_int_equal(iova_of(space, 2 * PAGE, 1), 0x32000);
	assert_fails(try_iova(space, PAGE, 2 * PAGE), ERANGE, NOT_CONTIGUOUS);
	assert_ok(vfa_mapping_unmap(first));
	assert_ptr_equal(vaddr_of(space, iova_of(space, PAGE, 1), 1), space.memory + PAGE);
	assert_int_equal(iova_of(space, 0, PAGE), 0x30000);
	assert_ok(vfa_mapping_unmap(second));
	assert_int_equal(iova_of(space, 0, 4 * PAGE), 0x30000);
	assert_ptr_equal(vaddr_of(space, 0x30000, 4 * PAGE), space.memory);
	assert_ok(vfa_mapping_unmap(third));
	assert_fails(try_iova(space, PAGE, 1), ENOENT, NOT_MAPPED);
	close_space(space);
}

/* All at the same address, and unmapped in an order of its own. */
static void many_mappings_of_one_page_are_told_apart(void **state)
{
	struct space space = open_space(state);
	struct vfa_mapping *mappings[64];

	for (uint64_t i = 0; i < 64; i++)
		mappings[i] = map_at(space.container, space.memory, PAGE, 0x100000 + i * PAGE);
	for (size_t i = 0; i < 64; i++) {
		size_t gone = i * 37 % 64;
		uint64_t iova = iova_of(space, 0, PAGE);

		assert_ptr_equal(vaddr_of(space, iova, PAGE), space.memory);
		assert_ok(vfa_mapping_unmap(mappings[gone]));
	}
	assert_fails(try_iova(space, 0, 1), ENOENT, NOT_MAPPED);
	close_space(space);
}

static void large_mappings_are_found_at_any_alignment(void **state)
{
	const uint64_t size = 6ull << 20;
	struct space space = open_space(state);
	char *memory = memory_new(size);
	uint64_t iova;

	map_at(space.container, memory, size, 0x40000000 + PAGE);
	for (uint64_t offset = 0; offset < size; offset += 5 * PAGE + 1) {
		assert_ok(vfa_container_find_iova(space.container, memory + offset, size - offset,
						  &iova));
		assert_int_equal(iova, 0x40000000 + PAGE + offset);
		assert_ptr_equal(vaddr_of(space, iova, size - offset), memory + offset);
	}
	assert_ok(vfa_container_unmap_all(space.container));
	memory_free(memory, size);
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(any_bytes_of_a_mapping_are_found),
		ON_BOTH(what_is_not_mapped_is_not_found),
		ON_BOTH(bad_requests_are_refused),
		ON_BOTH(neighbours_that_continue_are_one_piece),
		ON_BOTH(segments_are_as_long_as_can_be),
		ON_BOTH(memory_mapped_again_is_found_to_the_last),
		ON_BOTH(many_mappings_of_one_page_are_told_apart),
		ON_BOTH(large_mappings_are_found_at_any_alignment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
