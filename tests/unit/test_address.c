/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <stdio.h>

#include "fixture.h"

static struct vfa_address_info describe(struct space space, uint64_t iova)
{
	struct vfa_address_info info = VFA_ADDRESS_INFO_INIT;

	assert_ok(vfa_container_describe(space.container, iova, &info));
	assert_int_equal(info.struct_size, sizeof(info));
	assert_int_equal(info.iova, iova);
	return info;
}

static void assert_range(const struct vfa_iova_range *range, uint64_t start, uint64_t last)
{
	assert_int_equal(range->start, start);
	assert_int_equal(range->last, last);
}

static void explains(struct space space, uint64_t iova, uint32_t access, const char *sentence)
{
	struct vfa_address_info info = describe(space, iova);
	char text[512];
	int length = vfa_address_explain(&info, access, text, sizeof(text));

	assert_string_equal(text, sentence);
	assert_int_equal(length, strlen(sentence));
}

static void map_for(struct space space, uint64_t iova, uint64_t size, uint32_t access)
{
	struct vfa_map_options options = at(iova);

	options.access = access;
	assert_ok(vfa_container_map(space.container, space.memory, size, &options, NULL));
}

static void a_mapping_is_described(void **state)
{
	struct space space = open_space(state);
	struct vfa_address_info info;

	map_for(space, 0x10000, 4 * PAGE, VFA_ACCESS_READ);
	map_for(space, 0x20000, PAGE, VFA_ACCESS_WRITE);
	for (uint64_t iova = 0x10000; iova < 0x14000; iova += 0xfff) {
		info = describe(space, iova);
		assert_int_equal(info.kind, VFA_ADDRESS_MAPPED);
		assert_int_equal(info.flags, VFA_ADDRESS_HAS_BEHIND);
		assert_int_equal(info.access, VFA_ACCESS_READ);
		assert_range(&info.range, 0x10000, 0x13fff);
		assert_range(&info.behind, 0x20000, 0x20fff);
		assert_ptr_equal(info.vaddr, space.memory + iova - 0x10000);
	}
	info = describe(space, 0x20fff);
	assert_int_equal(info.kind, VFA_ADDRESS_MAPPED);
	assert_int_equal(info.flags, VFA_ADDRESS_HAS_BEFORE);
	assert_range(&info.before, 0x10000, 0x13fff);
	close_space(space);
}

static void a_gap_is_described_with_its_neighbours(void **state)
{
	struct space space = open_space(state);
	struct vfa_address_info info = describe(space, 0x5000);

	assert_int_equal(info.kind, VFA_ADDRESS_GAP);
	assert_int_equal(info.flags, 0);
	assert_range(&info.range, 0, 0xfedfffff);
	assert_null(info.vaddr);
	map_for(space, 0x10000, PAGE, 0);
	map_for(space, 0x20000, PAGE, 0);
	info = describe(space, 0x11040);
	assert_int_equal(info.flags, VFA_ADDRESS_HAS_BEFORE | VFA_ADDRESS_HAS_BEHIND);
	assert_range(&info.range, 0x11000, 0x1ffff);
	assert_range(&info.before, 0x10000, 0x10fff);
	assert_range(&info.behind, 0x20000, 0x20fff);
	info = describe(space, 0);
	assert_int_equal(info.flags, VFA_ADDRESS_HAS_BEHIND);
	assert_range(&info.range, 0, 0xffff);
	info = describe(space, 0x7fffffffff);
	assert_int_equal(info.flags, VFA_ADDRESS_HAS_BEFORE);
	assert_range(&info.range, 0xfef00000, 0x7fffffffff);
	close_space(space);
}

static void what_cannot_be_mapped_is_described(void **state)
{
	struct space space;
	struct vfa_address_info info;

	fake_add_reserved(4, 0x100000, 0x1fffff, FAKE_RESERVED); /* which sysfs does not list */
	space = open_space(state);
	map_for(space, 0xfedff000, PAGE, 0);
	info = describe(space, 0xfee00004);
	assert_int_equal(info.kind, VFA_ADDRESS_RESERVED);
	assert_int_equal(info.flags, VFA_ADDRESS_HAS_BEFORE);
	assert_range(&info.range, 0xfee00000, 0xfeefffff);
	assert_int_equal(info.reserved.type, VFA_RESERVED_MSI);
	assert_int_equal(info.reserved.group, 4);
	info = describe(space, 0x180000);
	assert_int_equal(info.kind, VFA_ADDRESS_OUTSIDE);
	assert_range(&info.range, 0x100000, 0x1fffff);
	info = describe(space, UINT64_MAX);
	assert_int_equal(info.kind, VFA_ADDRESS_OUTSIDE);
	assert_true(info.range.start == 0x8000000000 && info.range.last == UINT64_MAX);
	close_space(space);
}

static void the_ends_of_64_bits_are_described(void **state)
{
	struct vfa_address_info info;
	struct space space;

	fake_set_aperture(4, 0, UINT64_MAX);
	space = open_space(state);
	map_for(space, -PAGE, PAGE, 0);
	map_for(space, 0, PAGE, 0);
	info = describe(space, UINT64_MAX);
	assert_int_equal(info.kind, VFA_ADDRESS_MAPPED);
	assert_range(&info.before, 0, PAGE - 1);
	assert_int_equal(info.flags, VFA_ADDRESS_HAS_BEFORE);
	info = describe(space, 0);
	assert_int_equal(info.kind, VFA_ADDRESS_MAPPED);
	assert_int_equal(info.flags, VFA_ADDRESS_HAS_BEHIND);
	assert_true(info.behind.last == UINT64_MAX);
	close_space(space);
}

static void a_window_is_described_whatever_else_is_there(void **state)
{
	struct vfa_window window = { { 0x10000, 0x1ffff }, VFA_WINDOW_BAR, NVME };
	struct space space = open_space(state);
	struct vfa_address_info info;

	assert_ok(vfa_container_add_window(space.container, &window));
	map_for(space, 0x10000, PAGE, 0);
	info = describe(space, 0x10000);
	assert_int_equal(info.kind, VFA_ADDRESS_MAPPED);
	assert_int_equal(info.flags, VFA_ADDRESS_HAS_WINDOW);
	assert_string_equal(info.window.bdf, NVME);
	info = describe(space, 0x11000);
	assert_int_equal(info.kind, VFA_ADDRESS_GAP);
	assert_true(info.flags & VFA_ADDRESS_HAS_WINDOW);
	info = describe(space, 0x20000);
	assert_false(info.flags & VFA_ADDRESS_HAS_WINDOW);
	explains(space, 0x11000, 0,
		 "0x11000 is not mapped: in the gap 0x11000-0xfedfffff, right behind mapping "
		 "0x10000-0x10fff; it is in the BAR 0x10000-0x1ffff of 0000:00:05.0, which devices "
		 "may reach in place of the memory");
	close_space(space);
}

static void the_sentence_tells_what_faults(void **state)
{
	struct space space = open_space(state);
	char where[256], sentence[512];

	map_for(space, 0x10000000, 4 * PAGE, VFA_ACCESS_READ);
	snprintf(where, sizeof(where),
		 "0x10003000 is in mapping 0x10000000-0x10003fff (read-only for devices), "
		 "at %p in this process",
		 (void *)(space.memory + 0x3000));
	explains(space, 0x10003000, 0, where);
	snprintf(sentence, sizeof(sentence), "%s: a write faults", where);
	explains(space, 0x10003000, VFA_ACCESS_WRITE, sentence);
	snprintf(sentence, sizeof(sentence),
		 "%s: a read does not fault; one that did came before the mapping, or from a "
		 "device that is not in this container",
		 where);
	explains(space, 0x10003000, VFA_ACCESS_READ, sentence);
	map_for(space, 0x20000000, PAGE, VFA_ACCESS_WRITE);
	snprintf(sentence, sizeof(sentence),
		 "0x20000000 is in mapping 0x20000000-0x20000fff (write-only for devices), "
		 "at %p in this process: a read faults",
		 (void *)space.memory);
	explains(space, 0x20000000, VFA_ACCESS_READ, sentence);
	close_space(space);
}

/* Which the kernel may have taken away, and the library cannot be sure of. */
static void the_sentence_tells_of_a_bar(void **state)
{
	struct vfa_map_options options = at(0x30000);
	struct space space = open_space(state);
	struct vfa_peer *peer = NULL;
	char sentence[512];

	assert_ok(
		vfa_peer_map(space.container, space.device, VFA_BAR(0), 0, PAGE, &options, &peer));
	snprintf(sentence, sizeof(sentence),
		 "0x30000 is in mapping 0x30000-0x30fff (readable and writable for devices), "
		 "at %p in this process: a write of this BAR does not fault, unless the kernel has "
		 "taken it away, as iommufd does when its device is reset, or decodes no memory",
		 (void *)vfa_peer_address(peer));
	explains(space, 0x30000, VFA_ACCESS_WRITE, sentence);
	assert_ok(vfa_peer_unmap(peer));
	close_space(space);
}

static void the_sentence_tells_how_far_it_missed(void **state)
{
	struct space space = open_space(state);

	explains(space, 0x10000, VFA_ACCESS_READ,
		 "0x10000 is not mapped: in the gap 0x0-0xfedfffff: nothing is mapped in this "
		 "container");
	map_for(space, 0x10000, PAGE, 0);
	explains(space, 0xff00, 0,
		 "0xff00 is not mapped: in the gap 0x0-0xffff, 0x100 bytes before mapping "
		 "0x10000-0x10fff");
	map_for(space, 0x20000, PAGE, 0);
	explains(space, 0x11040, VFA_ACCESS_WRITE,
		 "0x11040 is not mapped: in the gap 0x11000-0x1ffff, 0x40 bytes behind the end of "
		 "mapping 0x10000-0x10fff and 0xefc0 bytes before mapping 0x20000-0x20fff");
	explains(space, 0xfee00000, 0,
		 "0xfee00000 is in reserved region 0xfee00000-0xfeefffff (msi) of group 4: nothing "
		 "can be mapped there");
	explains(space, 0x8000000000, 0,
		 "0x8000000000 is outside the IOMMU's aperture: nothing can be mapped from "
		 "0x8000000000 to 0xffffffffffffffff");
	close_space(space);
}

static void the_sentence_is_cut_to_fit(void **state)
{
	struct space space = open_space(state);
	struct vfa_address_info info = describe(space, 0x10000);
	char all[256], cut[256];
	int length = vfa_address_explain(&info, 0, all, sizeof(all));

	assert_int_equal(vfa_address_explain(&info, 0, NULL, 0), length);
	for (size_t size = 1; size < (size_t)length + 2; size++) {
		memset(cut, 'x', sizeof(cut));
		assert_int_equal(vfa_address_explain(&info, 0, cut, size), length);
		assert_int_equal(strlen(cut), size <= (size_t)length ? size - 1 : (size_t)length);
		assert_memory_equal(cut, all, strlen(cut));
		assert_int_equal(cut[size], 'x');
	}
	close_space(space);
}

static void bad_questions_are_refused(void **state)
{
	struct space space = open_space(state);
	struct vfa_address_info info = VFA_ADDRESS_INFO_INIT;
	struct vfa_container *empty = open_container(*state);
	char text[8];

	assert_fails(vfa_container_describe(NULL, 0, &info), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_describe(space.container, 0, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_describe(empty, 0, &info), ENODEV, WRONG_ORDER);
	assert_fails(vfa_address_explain(NULL, 0, text, sizeof(text)), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_address_explain(&info, 0, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_address_explain(&info, VFA_ACCESS_READ_WRITE, text, sizeof(text)), EINVAL,
		     BAD_ARGUMENT);
	info.struct_size = 4;
	assert_fails(vfa_container_describe(space.container, 0, &info), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_address_explain(&info, 0, text, sizeof(text)), EINVAL, BAD_ARGUMENT);
	assert_int_equal(info.kind, 0);
	vfa_container_close(empty);
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_mapping_is_described),
		ON_BOTH(a_gap_is_described_with_its_neighbours),
		ON_BOTH(what_cannot_be_mapped_is_described),
		ON_TYPE1(the_ends_of_64_bits_are_described),
		ON_BOTH(a_window_is_described_whatever_else_is_there),
		ON_BOTH(the_sentence_tells_what_faults),
		ON_BOTH(the_sentence_tells_of_a_bar),
		CASE(the_sentence_tells_how_far_it_missed),
		ON_BOTH(the_sentence_is_cut_to_fit),
		ON_BOTH(bad_questions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
