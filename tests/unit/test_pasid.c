/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Devices that reach more than one address space. */

#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake/config.h"
#include "fixture.h"
#include "uapi/iommufd.h"
#include "uapi/vfio_cdev.h"

#define BITS 3 /* PASIDs from 1 to 7 */

static void give_pasids(uint32_t group, uint32_t bits)
{
	struct fake_iommu iommu = { .pasid_bits = bits };

	fake_set_iommu(group, &iommu);
}

/* A device with PASIDs, and an address space beside its own. */
struct pair {
	struct space space; /* the device's */
	struct vfa_container *beside;
};

static struct pair open_pair(void **state)
{
	struct pair pair = { .beside = NULL };

	give_pasids(4, BITS);
	pair.space = open_space(state);
	assert_ok(vfa_container_open_beside(pair.space.container, &pair.beside));
	return pair;
}

static void close_pair(struct pair pair)
{
	vfa_container_close(pair.beside);
	close_space(pair.space);
}

static uint32_t attach(struct vfa_device *device, struct vfa_container *space)
{
	uint32_t pasid = 0;

	assert_ok(vfa_pasid_attach(device, space, NULL, &pasid));
	return pasid;
}

static int attach_fixed(struct vfa_device *device, struct vfa_container *space, uint32_t pasid,
			uint32_t *ret)
{
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;

	options.flags = VFA_PASID_FIXED;
	options.pasid = pasid;
	return vfa_pasid_attach(device, space, &options, ret);
}

static void a_pasid_leads_to_another_space(void **state)
{
	struct pair pair = open_pair(state);
	struct vfa_pasid_binding binding;
	uint32_t pasid = attach(pair.space.device, pair.beside);

	assert_int_equal(pasid, 1);
	assert_int_equal(fake_count_pasids(EDU), 1);
	assert_true(fake_goes_with_pasids(EDU));
	assert_int_equal(vfa_pasid_list(pair.space.device, &binding, 1), 1);
	assert_ptr_equal(binding.space, pair.beside);
	assert_int_equal(binding.pasid, 1);
	assert_int_equal(binding.device_count, 1);
	assert_ok(vfa_pasid_detach(pair.space.device, pair.beside));
	assert_int_equal(fake_count_pasids(EDU), 0);
	assert_false(fake_goes_with_pasids(EDU));
	assert_int_equal(fake_count_kind(FAKE_OBJECT_PAGE_TABLE), 0);
	assert_int_equal(vfa_pasid_list(pair.space.device, NULL, 0), 0);
	close_pair(pair);
}

static void the_space_is_mapped_while_a_pasid_leads_there(void **state)
{
	struct pair pair = open_pair(state);
	struct vfa_map_options options = at(0xfee00000);
	struct vfa_iova_range range;

	assert_fails(vfa_container_map(pair.beside, pair.space.memory, PAGE, NULL, NULL), ENODEV,
		     WRONG_ORDER);
	attach(pair.space.device, pair.beside);
	assert_int_equal(vfa_container_iova_ranges(pair.beside, &range, 1), 1);
	assert_true(range.start == 0 && range.last == 0xffffffffffff);
	/* MSIs carry no PASID: their window is reserved for the device's own space alone. */
	assert_int_equal(vfa_container_reserved_regions(pair.beside, NULL, 0), 0);
	assert_ok(vfa_container_map(pair.beside, pair.space.memory, PAGE, &options, NULL));
	assert_fails(
		vfa_container_map(pair.space.container, pair.space.memory, PAGE, &options, NULL),
		EINVAL, RESERVED);
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_pasid_detach(pair.space.device, pair.beside));
	assert_fails(vfa_container_map(pair.beside, pair.space.memory, PAGE, NULL, NULL), ENODEV,
		     WRONG_ORDER);
	close_pair(pair);
}

static void mappings_wait_for_a_pasid_or_go_with_it(void **state)
{
	struct pair pair = open_pair(state);

	attach(pair.space.device, pair.beside);
	map_at(pair.beside, pair.space.memory, PAGE, 0x10000);
	assert_ok(vfa_pasid_detach(pair.space.device, pair.beside));
	assert_int_equal(fake_count_mappings(), 1);
	attach(pair.space.device, pair.beside);
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_container_keep_mappings(pair.beside, false));
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_pasid_detach(pair.space.device, pair.beside));
	assert_int_equal(fake_count_mappings(), 0);
	close_pair(pair);
}

static void the_same_pair_again_has_the_same_pasid(void **state)
{
	struct pair pair = open_pair(state);
	unsigned int tables;
	uint32_t pasid = 0;

	assert_int_equal(attach(pair.space.device, pair.beside), 1);
	tables = fake_count_ioctls(UAPI_IOMMU_HWPT_ALLOC);
	assert_int_equal(attach(pair.space.device, pair.beside), 1);
	assert_ok(attach_fixed(pair.space.device, pair.beside, 1, &pasid));
	assert_int_equal(pasid, 1);
	assert_fails(attach_fixed(pair.space.device, pair.beside, 2, &pasid), EBUSY, PASID_IN_USE);
	assert_int_equal(fake_count_ioctls(UAPI_IOMMU_HWPT_ALLOC), tables);
	assert_ok(vfa_pasid_detach(pair.space.device, pair.beside));
	assert_fails(vfa_pasid_detach(pair.space.device, pair.beside), ENOENT, NO_PASID);
	close_pair(pair);
}

static void the_lowest_free_pasid_is_chosen(void **state)
{
	struct pair pair = open_pair(state);
	struct vfa_container *spaces[7];
	struct vfa_pasid_binding list[8];
	uint32_t pasid = 0;

	assert_ok(attach_fixed(pair.space.device, pair.beside, 2, &pasid));
	for (uint32_t i = 0; i < 6; i++) {
		assert_ok(vfa_container_open_beside(pair.beside, &spaces[i]));
		assert_int_equal(attach(pair.space.device, spaces[i]), i ? i + 2 : 1);
	}
	assert_ok(vfa_container_open_beside(pair.beside, &spaces[6]));
	assert_fails(vfa_pasid_attach(pair.space.device, spaces[6], NULL, &pasid), EBUSY,
		     PASID_IN_USE);
	assert_int_equal(vfa_pasid_list(pair.space.device, list, 2), 7);
	assert_int_equal(vfa_pasid_list(pair.space.device, list, 8), 7);
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(list[i].pasid, i + 1);
	assert_ok(vfa_pasid_detach(pair.space.device, spaces[3]));
	assert_int_equal(attach(pair.space.device, spaces[6]), 5);
	for (size_t i = 0; i < 7; i++)
		vfa_container_close(spaces[i]);
	close_pair(pair);
}

static void a_given_pasid_is_checked(void **state)
{
	struct pair pair = open_pair(state);
	struct vfa_container *other = NULL;
	uint32_t pasid = 77;

	assert_ok(vfa_container_open_beside(pair.beside, &other));
	assert_fails(attach_fixed(pair.space.device, pair.beside, 0, &pasid), EINVAL, BAD_ARGUMENT);
	assert_fails(attach_fixed(pair.space.device, pair.beside, 1 << BITS, &pasid), EINVAL,
		     BAD_ARGUMENT);
	assert_int_equal(pasid, 77);
	assert_ok(attach_fixed(pair.space.device, pair.beside, (1 << BITS) - 1, &pasid));
	assert_int_equal(pasid, (1 << BITS) - 1);
	assert_fails(attach_fixed(pair.space.device, other, pasid, &pasid), EBUSY, PASID_IN_USE);
	vfa_container_close(other);
	close_pair(pair);
}

static void a_pasid_can_lead_back_to_its_own_container(void **state)
{
	struct pair pair = open_pair(state);
	uint64_t before, after;

	assert_ok(vfa_container_alignment(pair.space.container, &before));
	assert_int_equal(attach(pair.space.device, pair.space.container), 1);
	assert_int_equal(attach(pair.space.device, pair.beside), 2);
	assert_ok(vfa_pasid_detach(pair.space.device, pair.space.container));
	assert_true(fake_goes_with_pasids(EDU));
	assert_ok(vfa_pasid_detach(pair.space.device, pair.beside));
	assert_ok(vfa_container_alignment(pair.space.container, &after));
	assert_true(before == after);
	close_pair(pair);
}

static void what_a_page_table_does_not_reach_is_refused(void **state)
{
	struct pair pair = open_pair(state);
	struct vfa_iova_range ranges[2];
	uint32_t pasid;

	attach(pair.space.device, pair.beside);
	map_at(pair.beside, pair.space.memory, PAGE, 1ull << 40);
	assert_ok(vfa_pasid_detach(pair.space.device, pair.beside));
	fake_set_pasid_aperture(4, 0, (1ull << 32) - 1);
	assert_fails(vfa_pasid_attach(pair.space.device, pair.beside, NULL, &pasid), EADDRINUSE,
		     JOIN_CONFLICT);
	assert_false(fake_goes_with_pasids(EDU));
	assert_ok(vfa_container_unmap_all(pair.beside));
	attach(pair.space.device, pair.beside);
	assert_int_equal(vfa_container_iova_ranges(pair.beside, ranges, 2), 1);
	assert_true(ranges[0].last == 0xffffffff);
	assert_int_equal(vfa_container_iova_ranges(pair.space.container, ranges, 2), 2);
	assert_true(ranges[1].last == 0xffffffff);
	assert_ok(vfa_pasid_detach(pair.space.device, pair.beside));
	assert_int_equal(vfa_container_iova_ranges(pair.space.container, ranges, 2), 2);
	assert_true(ranges[1].last == 0x7fffffffff);
	close_pair(pair);
}

static void expect_own_ranges(struct vfa_container *container)
{
	struct vfa_iova_range ranges[3];

	assert_int_equal(vfa_container_iova_ranges(container, ranges, 3), 2);
	assert_true(ranges[0].start == 0 && ranges[0].last == 0xfedfffff);
	assert_true(ranges[1].start == 0xfef00000);
}

/* The kernel forgets where MSIs go when it refuses to replace the page table. */
static void what_a_reset_refuses_leaves_the_ranges(void **state)
{
	struct pair pair = open_pair(state);
	uint32_t pasid = 77;

	fake_set_resetting(4, true);
	assert_fails(vfa_pasid_attach(pair.space.device, pair.beside, NULL, &pasid), EBUSY, IN_USE);
	fake_set_resetting(4, false);
	assert_int_equal(pasid, 77);
	assert_int_equal(vfa_pasid_list(pair.space.device, NULL, 0), 0);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_PAGE_TABLE), 0);
	assert_false(fake_goes_with_pasids(EDU));
	expect_own_ranges(pair.space.container);
	attach(pair.space.device, pair.beside);
	expect_own_ranges(pair.space.container);
	fake_set_resetting(4, true);
	assert_fails(vfa_pasid_attach(pair.space.device, pair.space.container, NULL, &pasid), EBUSY,
		     PASID_IN_USE);
	fake_set_resetting(4, false);
	assert_int_equal(vfa_pasid_list(pair.space.device, NULL, 0), 1);
	assert_int_equal(fake_count_pasids(EDU), 1);
	expect_own_ranges(pair.space.container);
	assert_ok(vfa_pasid_detach(pair.space.device, pair.beside));
	expect_own_ranges(pair.space.container);
	close_pair(pair);
}

static void what_the_own_page_table_does_not_reach_is_refused(void **state)
{
	struct pair pair = open_pair(state);
	uint32_t pasid;

	map_at(pair.space.container, pair.space.memory, PAGE, 1ull << 33);
	fake_set_pasid_aperture(4, 0, (1ull << 32) - 1);
	assert_fails(vfa_pasid_attach(pair.space.device, pair.beside, NULL, &pasid), EADDRINUSE,
		     JOIN_CONFLICT);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_PAGE_TABLE), 0);
	close_pair(pair);
}

static void what_waits_to_be_pinned_is_held_to_the_limit(void **state)
{
	struct pair pair = open_pair(state);
	uint32_t pasid;

	attach(pair.space.device, pair.beside);
	map_at(pair.beside, pair.space.memory, 2 * PAGE, 0x10000);
	assert_ok(vfa_pasid_detach(pair.space.device, pair.beside));
	fake_set_memlock(PAGE);
	fake_set_capabilities(0);
	assert_fails(vfa_pasid_attach(pair.space.device, pair.beside, NULL, &pasid), ENOMEM,
		     MEMLOCK);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_PAGE_TABLE), 0);
	close_pair(pair);
}

static void a_closed_device_loses_its_pasids(void **state)
{
	struct pair pair = open_pair(state);

	attach(pair.space.device, pair.beside);
	attach(pair.space.device, pair.space.container);
	vfa_device_close(pair.space.device);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_PAGE_TABLE), 0);
	assert_fails(vfa_container_iova_ranges(pair.beside, NULL, 0), ENODEV, WRONG_ORDER);
	pair.space.device = open_device(pair.space.container, EDU);
	assert_int_equal(vfa_pasid_list(pair.space.device, NULL, 0), 0);
	assert_int_equal(attach(pair.space.device, pair.beside), 1);
	close_pair(pair);
}

static void a_passed_node_is_detached_when_it_is_closed_here(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine), *beside = NULL;
	int node = open_node(machine, "vfio/devices/vfio0");
	struct vfa_device *device = NULL;

	give_pasids(4, BITS);
	assert_ok(vfa_device_open_fd(container, EDU, node, NULL, &device));
	assert_ok(vfa_container_open_beside(container, &beside));
	attach(device, beside);
	vfa_device_close(device);
	assert_int_equal(fake_count_pasids(EDU), 0);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_PAGE_TABLE), 0);
	close_node(node);
	vfa_container_close(beside);
	vfa_container_close(container);
}

static void a_pasid_keeps_a_closed_space_alive(void **state)
{
	struct pair pair = open_pair(state);

	attach(pair.space.device, pair.beside);
	map_at(pair.beside, pair.space.memory, PAGE, 0x10000);
	vfa_container_close(pair.beside);
	assert_int_equal(fake_count_mappings(), 1);
	vfa_device_close(pair.space.device);
	assert_int_equal(fake_count_mappings(), 0);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_IOAS), 1);
	pair.space.device = NULL;
	pair.beside = NULL;
	close_pair(pair);
}

static void type1_has_no_pasids(void **state)
{
	struct space space = open_space(state);
	uint32_t pasid;

	give_pasids(4, BITS);
	assert_fails(vfa_pasid_attach(space.device, space.container, NULL, &pasid), EOPNOTSUPP,
		     NOT_IOMMUFD);
	close_space(space);
}

static void both_are_of_one_iommufd(void **state)
{
	struct pair pair = open_pair(state);
	struct vfa_container *other = open_container(*state), *same = NULL;
	uint32_t pasid;

	assert_fails(vfa_pasid_attach(pair.space.device, other, NULL, &pasid), EXDEV,
		     OTHER_IOMMUFD);
	assert_ok(vfa_container_open_fd(pair.space.machine->host, VFA_BACKEND_IOMMUFD,
					vfa_container_fd(pair.space.container), &same));
	assert_int_equal(attach(pair.space.device, same), 1);
	vfa_container_close(same);
	vfa_container_close(other);
	close_pair(pair);
}

static void a_space_without_a_backend_is_refused(void **state)
{
	struct pair pair = open_pair(state);
	struct vfa_container *undecided = NULL;
	uint32_t pasid;

	assert_ok(vfa_container_open(pair.space.machine->host, VFA_BACKEND_AUTO, &undecided));
	assert_fails(vfa_pasid_attach(pair.space.device, undecided, NULL, &pasid), ENODEV,
		     WRONG_ORDER);
	vfa_container_close(undecided);
	close_pair(pair);
}

static void who_lacks_pasids_is_told(void **state)
{
	struct pair pair = open_pair(state);
	uint32_t pasid;

	give_pasids(4, 0);
	assert_fails(vfa_pasid_attach(pair.space.device, pair.beside, NULL, &pasid), EOPNOTSUPP,
		     NO_PASID);
	give_pasids(4, BITS);
	fake_set_pasids(false);
	assert_fails(vfa_pasid_attach(pair.space.device, pair.beside, NULL, &pasid), EOPNOTSUPP,
		     OLD_KERNEL);
	fake_set_pasids(true);
	fake_fail_ioctl(UAPI_IOMMU_HWPT_ALLOC, EOPNOTSUPP);
	assert_fails(vfa_pasid_attach(pair.space.device, pair.beside, NULL, &pasid), EOPNOTSUPP,
		     NO_PASID);
	fake_fail_ioctl(UAPI_IOMMU_HWPT_ALLOC, 0);
	attach(pair.space.device, pair.beside);
	close_pair(pair);
}

static void bad_arguments_are_refused(void **state)
{
	struct pair pair = open_pair(state);
	struct vfa_device *device = pair.space.device, *twice[2] = { device, device };
	struct vfa_device *holes[2] = { device, NULL };
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	uint32_t pasid;

	assert_fails(vfa_pasid_attach(NULL, pair.beside, NULL, &pasid), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pasid_attach(device, NULL, NULL, &pasid), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pasid_attach(device, pair.beside, NULL, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pasid_attach_group(NULL, 1, pair.beside, NULL, &pasid), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_pasid_attach_group(&device, 0, pair.beside, NULL, &pasid), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_pasid_attach_group(twice, 2, pair.beside, NULL, &pasid), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_pasid_attach_group(holes, 2, pair.beside, NULL, &pasid), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_pasid_detach(NULL, pair.beside), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pasid_detach_group(&device, 0, pair.beside), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pasid_list(NULL, NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pasid_list(device, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pasid_newcomers(NULL, NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_pasid_newcomers(device, NULL, 1), EINVAL, BAD_ARGUMENT);
	options.flags = 1 << 7;
	assert_fails(vfa_pasid_attach(device, pair.beside, &options, &pasid), EINVAL, BAD_ARGUMENT);
	options.flags = 0;
	options.pasid = 3;
	assert_fails(vfa_pasid_attach(device, pair.beside, &options, &pasid), EINVAL, BAD_ARGUMENT);
	options.struct_size = 4;
	assert_fails(vfa_pasid_attach(device, pair.beside, &options, &pasid), EINVAL, BAD_ARGUMENT);
	close_pair(pair);
}

static void faults_come_to_the_queue_that_is_given(void **state)
{
	struct pair pair = open_pair(state);
	struct vfa_container *other = open_container(*state);
	struct vfa_fault_queue *queue = NULL, *strange = NULL;
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	uint32_t pasid = 0;

	assert_ok(vfa_fault_queue_open(pair.beside, &queue));
	assert_ok(vfa_fault_queue_open(other, &strange));
	options.faults = strange;
	assert_fails(vfa_pasid_attach(pair.space.device, pair.beside, &options, &pasid), EXDEV,
		     OTHER_IOMMUFD);
	options.faults = queue;
	assert_ok(vfa_pasid_attach(pair.space.device, pair.beside, &options, &pasid));
	assert_int_equal(attach(pair.space.device, pair.beside), pasid);
	options.faults = strange;
	assert_fails(vfa_pasid_attach(pair.space.device, pair.beside, &options, &pasid), EXDEV,
		     OTHER_IOMMUFD);
	vfa_fault_queue_close(strange);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_FAULT_QUEUE), 1);
	vfa_fault_queue_close(queue);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_FAULT_QUEUE), 1);
	assert_ok(vfa_pasid_detach(pair.space.device, pair.beside));
	assert_int_equal(fake_count_kind(FAKE_OBJECT_FAULT_QUEUE), 0);
	vfa_container_close(other);
	close_pair(pair);
}

static void a_queue_is_not_changed_while_attached(void **state)
{
	struct pair pair = open_pair(state);
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	uint32_t pasid = attach(pair.space.device, pair.beside);

	assert_ok(vfa_fault_queue_open(pair.beside, &options.faults));
	assert_fails(vfa_pasid_attach(pair.space.device, pair.beside, &options, &pasid), EBUSY,
		     PASID_IN_USE);
	vfa_fault_queue_close(options.faults);
	close_pair(pair);
}

static void a_container_with_pasids_is_not_sent(void **state)
{
	struct pair pair = open_pair(state);
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	attach(pair.space.device, pair.beside);
	assert_fails(vfa_share_send(ends[0], pair.space.container), EBUSY, IN_USE);
	assert_fails(vfa_share_send(ends[0], pair.beside), EBUSY, IN_USE);
	fake_set_resetting(4, true);
	assert_ok(vfa_pasid_detach(pair.space.device, pair.beside));
	assert_true(fake_goes_with_pasids(EDU));
	assert_fails(vfa_share_send(ends[0], pair.space.container), EBUSY, IN_USE);
	fake_set_resetting(4, false);
	/* Only the socket is wrong then. */
	assert_fails(vfa_share_send(-1, pair.space.container), EBADF, BAD_FD);
	assert_false(fake_goes_with_pasids(EDU));
	close(ends[0]);
	close(ends[1]);
	close_pair(pair);
}

/* A group of two behind a port. */
struct family {
	struct space space; /* of the first */
	struct vfa_device *devices[2];
	struct vfa_container *beside;
};

static struct family open_family(void **state)
{
	struct family family = { .beside = NULL };

	give_pasids(9, BITS);
	family.space = open_space_of(state, LEFT);
	family.devices[0] = family.space.device;
	family.devices[1] = open_device(family.space.container, RIGHT);
	assert_ok(vfa_container_open_beside(family.space.container, &family.beside));
	return family;
}

static void close_family(struct family family)
{
	vfa_device_close(family.devices[1]);
	family.space.device = family.devices[0];
	vfa_container_close(family.beside);
	close_space(family.space);
}

static uint32_t attach_family(struct family *family)
{
	uint32_t pasid = 0;

	assert_ok(vfa_pasid_attach_group(family->devices, 2, family->beside, NULL, &pasid));
	return pasid;
}

static void a_device_in_company_is_refused(void **state)
{
	struct family family = open_family(state);
	uint32_t pasid;

	assert_fails(vfa_pasid_attach(family.devices[0], family.beside, NULL, &pasid), EINVAL,
		     PASID_GROUP);
	assert_fails(vfa_pasid_attach_group(family.devices, 1, family.beside, NULL, &pasid), EINVAL,
		     PASID_GROUP);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_PAGE_TABLE), 0);
	close_family(family);
}

static void a_group_is_attached_whole(void **state)
{
	struct family family = open_family(state);
	struct vfa_pasid_binding binding;

	assert_int_equal(attach_family(&family), 1);
	assert_int_equal(attach_family(&family), 1);
	assert_int_equal(fake_count_pasids(LEFT), 1);
	assert_int_equal(fake_count_pasids(RIGHT), 1);
	assert_int_equal(vfa_pasid_list(family.devices[1], &binding, 1), 1);
	assert_int_equal(binding.device_count, 2);
	assert_fails(vfa_pasid_detach(family.devices[0], family.beside), EBUSY, PASID_GROUP);
	assert_ok(vfa_pasid_detach_group(family.devices, 2, family.beside));
	assert_int_equal(fake_count_pasids(LEFT), 0);
	assert_int_equal(fake_count_pasids(RIGHT), 0);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_PAGE_TABLE), 0);
	close_family(family);
}

static void a_group_of_several_reports_no_faults(void **state)
{
	struct family family = open_family(state);
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	uint32_t pasid = 0;

	assert_ok(vfa_fault_queue_open(family.beside, &options.faults));
	assert_fails(vfa_pasid_attach_group(family.devices, 2, family.beside, &options, &pasid),
		     EOPNOTSUPP, NO_FEATURE);
	assert_int_equal(pasid, 0);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_PAGE_TABLE), 0);
	attach_family(&family);
	assert_fails(vfa_pasid_attach_group(family.devices, 2, family.beside, &options, &pasid),
		     EOPNOTSUPP, NO_FEATURE);
	assert_int_equal(fake_count_pasids(RIGHT), 1);
	vfa_fault_queue_close(options.faults);
	close_family(family);
}

static void a_lone_device_given_as_a_group_reports_faults(void **state)
{
	struct pair pair = open_pair(state);
	struct vfa_pasid_options options = VFA_PASID_OPTIONS_INIT;
	uint32_t pasid = 0;

	assert_ok(vfa_fault_queue_open(pair.beside, &options.faults));
	assert_ok(vfa_pasid_attach_group(&pair.space.device, 1, pair.beside, &options, &pasid));
	vfa_fault_queue_close(options.faults);
	close_pair(pair);
}

/* The port's window is what both reach without the IOMMU. */
static void open_port(struct machine *machine)
{
	const struct tree_resource window = { 14, 0x2000, 0x4fff, TREE_MEMORY };
	struct config config;

	config_init(&config, 0x1b36, 0x000c);
	config_make_bridge(&config, 1, 1);
	tree_write_config(&machine->tree, PORT, &config, CONFIG_UNPRIVILEGED);
	tree_write_resources(&machine->tree, PORT, 17, &window, 1);
}

/* Routing takes no notice of a PASID. */
static void dangerous_windows_are_those_of_the_devices(void **state)
{
	struct family family;
	int count;

	open_port(*state);
	family = open_family(state);
	count = vfa_container_windows(family.space.container, NULL, 0);
	assert_true(count > 0);
	assert_int_equal(vfa_container_windows(family.beside, NULL, 0), 0);
	attach_family(&family);
	assert_int_equal(vfa_container_windows(family.beside, NULL, 0), count);
	assert_ok(vfa_pasid_detach_group(family.devices, 2, family.beside));
	assert_int_equal(vfa_container_windows(family.beside, NULL, 0), 0);
	assert_int_equal(vfa_container_windows(family.space.container, NULL, 0), count);
	close_family(family);
}

static void devices_of_several_groups_are_refused(void **state)
{
	struct family family = open_family(state);
	struct vfa_device *stranger = open_device(family.space.container, EDU);
	struct vfa_device *mixed[3] = { family.devices[0], family.devices[1], stranger };
	uint32_t pasid;

	give_pasids(4, BITS);
	assert_fails(vfa_pasid_attach_group(mixed, 3, family.beside, NULL, &pasid), EINVAL,
		     PASID_GROUP);
	assert_int_equal(attach_family(&family), 1);
	/* Each group has PASIDs of its own. */
	assert_int_equal(attach(stranger, family.beside), 1);
	vfa_device_close(stranger);
	close_family(family);
}

static void all_or_none_are_attached(void **state)
{
	struct family family = open_family(state);
	uint32_t pasid;

	for (unsigned int n = 1; n < 40; n++) {
		fake_fail_call(n, EIO);
		if (!vfa_pasid_attach_group(family.devices, 2, family.beside, NULL, &pasid))
			break;
		assert_int_equal(fake_count_pasids(LEFT), 0);
		assert_int_equal(fake_count_pasids(RIGHT), 0);
		assert_int_equal(fake_count_kind(FAKE_OBJECT_PAGE_TABLE), 0);
		assert_false(fake_goes_with_pasids(RIGHT));
	}
	fake_fail_call(0, 0);
	assert_int_equal(fake_count_pasids(RIGHT), 1);
	close_family(family);
}

static void a_member_comes_back_to_its_pasid(void **state)
{
	struct family family = open_family(state);

	attach_family(&family);
	vfa_device_close(family.devices[1]);
	assert_int_equal(fake_count_pasids(LEFT), 1);
	assert_true(fake_pasid_leads(RIGHT, 1));
	assert_int_equal(vfa_container_iova_ranges(family.beside, NULL, 0), 1);
	/* It joins by the page table that its group has. */
	family.devices[1] = open_device(family.space.container, RIGHT);
	assert_true(fake_goes_with_pasids(RIGHT));
	assert_int_equal(fake_count_pasids(RIGHT), 0);
	assert_int_equal(attach_family(&family), 1);
	assert_int_equal(fake_count_pasids(RIGHT), 1);
	assert_null(strstr(family.space.machine->log, "has come to group"));
	close_family(family);
}

static void the_last_member_takes_the_pasid_along(void **state)
{
	struct family family = open_family(state);

	attach_family(&family);
	vfa_device_close(family.devices[0]);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_PAGE_TABLE), 2);
	vfa_device_close(family.devices[1]);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_PAGE_TABLE), 0);
	family.devices[0] = family.devices[1] = NULL;
	close_family(family);
}

/* Into group 4. */
static void plug(struct machine *machine, const char *bdf)
{
	const struct tree_device device = {
		.bdf = bdf, .driver = "vfio-pci", .vendor = 0x1234, .group = 4, .cdev = 9
	};

	tree_add_device(&machine->tree, &device);
	fake_add_device(bdf, 4, 9);
}

static void newcomers_are_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine), *beside = NULL;
	struct vfa_pasid_newcomer list[2];
	struct vfa_device *device, *other, *both[2];
	uint32_t pasid;

	give_pasids(4, BITS);
	device = open_device(container, EDU);
	assert_ok(vfa_container_open_beside(container, &beside));
	assert_int_equal(vfa_pasid_newcomers(device, list, 2), 0);
	attach(device, beside);
	assert_int_equal(vfa_pasid_newcomers(device, list, 2), 0);
	plug(machine, "0000:00:04.1");
	assert_int_equal(vfa_pasid_newcomers(device, NULL, 0), 1);
	assert_int_equal(vfa_pasid_newcomers(device, list, 2), 1);
	assert_string_equal(list[0].bdf, "0000:00:04.1");
	assert_fails(vfa_pasid_attach(device, beside, NULL, &pasid), EINVAL, PASID_GROUP);
	other = open_device(container, "0000:00:04.1");
	assert_non_null(strstr(machine->log, "0000:00:04.1 has come to group 4"));
	both[0] = device;
	both[1] = other;
	assert_fails(vfa_pasid_attach_group(both, 2, beside, NULL, &pasid), EBUSY, PASID_GROUP);
	assert_ok(vfa_pasid_detach(device, beside));
	assert_ok(vfa_pasid_attach_group(both, 2, beside, NULL, &pasid));
	assert_int_equal(vfa_pasid_newcomers(device, list, 2), 0);
	vfa_device_close(other);
	vfa_device_close(device);
	vfa_container_close(beside);
	vfa_container_close(container);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_IOMMUFD(a_pasid_leads_to_another_space),
		ON_IOMMUFD(the_space_is_mapped_while_a_pasid_leads_there),
		ON_IOMMUFD(mappings_wait_for_a_pasid_or_go_with_it),
		ON_IOMMUFD(the_same_pair_again_has_the_same_pasid),
		ON_IOMMUFD(the_lowest_free_pasid_is_chosen),
		ON_IOMMUFD(a_given_pasid_is_checked),
		ON_IOMMUFD(a_pasid_can_lead_back_to_its_own_container),
		ON_IOMMUFD(what_a_page_table_does_not_reach_is_refused),
		ON_IOMMUFD(what_a_reset_refuses_leaves_the_ranges),
		ON_IOMMUFD(what_the_own_page_table_does_not_reach_is_refused),
		ON_IOMMUFD(what_waits_to_be_pinned_is_held_to_the_limit),
		ON_IOMMUFD(a_closed_device_loses_its_pasids),
		ON_IOMMUFD(a_passed_node_is_detached_when_it_is_closed_here),
		ON_IOMMUFD(a_pasid_keeps_a_closed_space_alive),
		ON_TYPE1(type1_has_no_pasids),
		ON_IOMMUFD(both_are_of_one_iommufd),
		ON_IOMMUFD(a_space_without_a_backend_is_refused),
		ON_IOMMUFD(who_lacks_pasids_is_told),
		ON_IOMMUFD(bad_arguments_are_refused),
		ON_IOMMUFD(faults_come_to_the_queue_that_is_given),
		ON_IOMMUFD(a_queue_is_not_changed_while_attached),
		ON_IOMMUFD(a_container_with_pasids_is_not_sent),
		ON_IOMMUFD(a_device_in_company_is_refused),
		ON_IOMMUFD(a_group_is_attached_whole),
		ON_IOMMUFD(a_group_of_several_reports_no_faults),
		ON_IOMMUFD(a_lone_device_given_as_a_group_reports_faults),
		ON_IOMMUFD(dangerous_windows_are_those_of_the_devices),
		ON_IOMMUFD(devices_of_several_groups_are_refused),
		ON_IOMMUFD(all_or_none_are_attached),
		ON_IOMMUFD(a_member_comes_back_to_its_pasid),
		ON_IOMMUFD(the_last_member_takes_the_pasid_along),
		ON_IOMMUFD(newcomers_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
