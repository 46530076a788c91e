/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What others do while the kernel opens or closes a device. */

#include <linux/vfio.h>
#include <pthread.h>

#include "fixture.h"
#include "uapi/vfio_cdev.h"

/* Devices of one container; the visitor's is opened or closed while another is. */
struct visit {
	struct machine *machine;
	struct vfa_container *container;
	const char *bdf;
	struct vfa_device *device;
	struct vfa_device *leaving;
	char *memory;
	struct vfa_mapping *mapping;
	uint64_t iova;
};

/* What takes long: here the kernel resets the device. */
static unsigned long opening(const struct machine *machine)
{
	return machine->backend == VFA_BACKEND_TYPE1 ? VFIO_GROUP_GET_DEVICE_FD
						     : UAPI_VFIO_DEVICE_BIND_IOMMUFD;
}

static struct visit start(void **state)
{
	struct machine *machine = *state;

	return (struct visit){
		.machine = machine,
		.container = open_container(machine),
		.bdf = OTHER,
		.memory = memory_new(MEMORY),
		.iova = 0x10000,
	};
}

static void finish(struct visit *visit)
{
	assert_false(fake_awaits_visit());
	vfa_device_close(visit->device);
	vfa_container_close(visit->container);
	memory_free(visit->memory, MEMORY);
}

static int open_while(struct visit *visit, const char *bdf, void (*act)(void *visit),
		      struct vfa_device **ret)
{
	fake_visit_ioctl(opening(visit->machine), act, visit);
	return vfa_device_open(visit->container, bdf, NULL, ret);
}

static void map(void *data)
{
	struct visit *visit = data;

	visit->mapping = map_at(visit->container, visit->memory, PAGE, visit->iova);
}

static void open_other(void *data)
{
	struct visit *visit = data;

	visit->device = open_device(visit->container, visit->bdf);
}

static void close_other(void *data)
{
	struct visit *visit = data;

	vfa_device_close(visit->device);
	visit->device = NULL;
}

static void others_map_while_a_device_joins(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *device = open_device(visit.container, EDU), *second = NULL;
	struct vfa_mapping *next;

	assert_ok(open_while(&visit, OTHER, map, &second));
	next = map_at(visit.container, visit.memory, PAGE, visit.iova + PAGE);
	assert_ok(vfa_mapping_unmap(visit.mapping));
	assert_ok(vfa_mapping_unmap(next));
	vfa_device_close(second);
	vfa_device_close(device);
	finish(&visit);
}

static void nothing_is_mapped_before_the_first_device_is_in(void *data)
{
	struct visit *visit = data;
	struct vfa_mapping *mapping = NULL;
	uint64_t alignment;

	assert_fails(vfa_container_map(visit->container, visit->memory, PAGE, NULL, &mapping),
		     ENODEV, WRONG_ORDER);
	assert_fails(vfa_container_alignment(visit->container, &alignment), ENODEV, WRONG_ORDER);
}

static void a_first_device_is_not_in_before_it_is_open(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *device = NULL;

	assert_ok(
		open_while(&visit, EDU, nothing_is_mapped_before_the_first_device_is_in, &device));
	map(&visit);
	assert_ok(vfa_mapping_unmap(visit.mapping));
	vfa_device_close(device);
	finish(&visit);
}

static void map_where_other_cannot(void *data)
{
	struct visit *visit = data;
	struct vfa_map_options options = at(visit->iova);

	assert_fails(
		vfa_container_map(visit->container, visit->memory, PAGE, &options, &visit->mapping),
		EINVAL, OUTSIDE_APERTURE);
}

/* Type1: the group is attached first, and its limits hold from then on. */
static void a_map_keeps_to_the_limits_of_a_device_that_joins(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *device = open_device(visit.container, EDU), *second = NULL;

	fake_set_aperture(7, 0, 0xffffffff);
	visit.iova = 1ull << 32;
	assert_ok(open_while(&visit, OTHER, map_where_other_cannot, &second));
	vfa_device_close(second);
	vfa_device_close(device);
	finish(&visit);
}

/* Iommufd: it is attached last, and looks again. */
static void a_device_that_joins_heeds_what_was_mapped_meanwhile(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *device = open_device(visit.container, EDU), *second = NULL;

	fake_add_reserved(7, 0x100000, 0x1fffff, FAKE_RESERVED);
	tree_write(&visit.machine->tree, "0x100000 0x1fffff reserved\n",
		   "sys/kernel/iommu_groups/7/reserved_regions");
	visit.iova = 0x100000;
	check_failure(open_while(&visit, OTHER, map, &second), -EADDRINUSE,
		      VFA_CAUSE_JOIN_CONFLICT);
	check_message(OTHER " cannot join: mapping 0x100000-0x100fff overlaps reserved region "
			    "0x100000-0x1fffff (reserved) of group 7",
		      NULL);
	assert_ok(vfa_mapping_unmap(visit.mapping));
	assert_ok(vfa_device_open(visit.container, OTHER, NULL, &second));
	vfa_device_close(second);
	vfa_device_close(device);
	finish(&visit);
}

/* And what sysfs does not tell, the kernel does: the device leaves before it is explained. */
static void the_kernel_refuses_what_was_mapped_meanwhile(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *device = open_device(visit.container, EDU), *second = NULL;

	fake_set_aperture(7, 0, 0xffffffff);
	visit.iova = 1ull << 32;
	check_failure(open_while(&visit, OTHER, map, &second), -EADDRINUSE,
		      VFA_CAUSE_JOIN_CONFLICT);
	check_message(OTHER " cannot join: mapping 0x100000000-0x100000fff is outside its IOMMU's "
			    "aperture, which is 0x0-0xfedfffff, 0xfef00000-0xffffffff",
		      NULL);
	assert_ok(vfa_mapping_unmap(visit.mapping));
	vfa_device_close(device);
	finish(&visit);
}

static void open_the_same(void *data)
{
	struct visit *visit = data;
	struct vfa_device *device = NULL;

	assert_fails(vfa_device_open(visit->container, OTHER, NULL, &device), EBUSY, DEVICE_BUSY);
}

static void a_device_that_joins_cannot_be_opened_twice(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *device = NULL;

	assert_ok(open_while(&visit, OTHER, open_the_same, &device));
	vfa_device_close(device);
	finish(&visit);
}

static void two_devices_of_a_group_join_at_once(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *left = NULL;

	visit.bdf = RIGHT;
	assert_ok(open_while(&visit, LEFT, open_other, &left));
	assert_int_equal(vfa_device_group(left), vfa_device_group(visit.device));
	vfa_device_close(left);
	map(&visit);
	assert_ok(vfa_mapping_unmap(visit.mapping));
	finish(&visit);
}

static void open_other_and_break_down(void *data)
{
	open_other(data);
	fake_fail_ioctl(VFIO_DEVICE_GET_INFO, EIO);
}

static void a_join_that_fails_leaves_its_group_to_another(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *left = NULL;

	visit.bdf = RIGHT;
	check_failure(open_while(&visit, LEFT, open_other_and_break_down, &left), -EIO,
		      VFA_CAUSE_KERNEL);
	fake_fail_ioctl(VFIO_DEVICE_GET_INFO, 0);
	assert_ok(vfa_device_enable_bus_master(visit.device));
	map(&visit);
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_mapping_unmap(visit.mapping));
	finish(&visit);
}

static void open_and_close_other(void *data)
{
	open_other(data);
	close_other(data);
}

static void a_group_stays_for_a_device_that_joins(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *left = NULL;

	visit.bdf = RIGHT;
	assert_ok(open_while(&visit, LEFT, open_and_close_other, &left));
	map(&visit);
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_mapping_unmap(visit.mapping));
	vfa_device_close(left);
	finish(&visit);
}

static void mappings_stay_while_the_last_leaves_and_another_joins(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *second = NULL;

	visit.device = open_device(visit.container, EDU);
	map(&visit);
	assert_ok(open_while(&visit, OTHER, close_other, &second));
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_mapping_unmap(visit.mapping));
	assert_int_equal(fake_count_mappings(), 0);
	vfa_device_close(second);
	finish(&visit);
}

/* Nobody was told of a backend that a device was only tried on. */
static void look_and_break_down(void *data)
{
	struct visit *visit = data;
	char reason[128];

	assert_int_equal(vfa_container_backend(visit->container), VFA_BACKEND_AUTO);
	assert_true(vfa_container_reason(visit->container, reason, sizeof(reason)) > 0);
	assert_string_equal(reason, "undecided: the first device decides");
	assert_fails(vfa_container_fd(visit->container), ENODEV, WRONG_ORDER);
	fake_fail_ioctl(VFIO_DEVICE_GET_INFO, EIO);
}

static void a_backend_that_was_tried_is_given_up(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *device = NULL;
	size_t fds = count_fds();

	fake_visit_ioctl(UAPI_VFIO_DEVICE_BIND_IOMMUFD, look_and_break_down, &visit);
	assert_fails(vfa_device_open(visit.container, EDU, NULL, &device), EIO, KERNEL);
	assert_int_equal(count_fds(), fds);
	fake_fail_ioctl(VFIO_DEVICE_GET_INFO, 0);
	assert_int_equal(vfa_container_backend(visit.container), VFA_BACKEND_AUTO);
	remove_iommufd(visit.machine);
	open_other(&visit);
	assert_int_equal(vfa_container_backend(visit.container), VFA_BACKEND_TYPE1);
	finish(&visit);
}

static void a_backend_stays_for_whom_it_served(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *device = NULL;

	fake_visit_ioctl(UAPI_VFIO_DEVICE_BIND_IOMMUFD, open_other_and_break_down, &visit);
	assert_fails(vfa_device_open(visit.container, EDU, NULL, &device), EIO, KERNEL);
	fake_fail_ioctl(VFIO_DEVICE_GET_INFO, 0);
	assert_int_equal(vfa_container_backend(visit.container), VFA_BACKEND_IOMMUFD);
	map(&visit);
	assert_ok(vfa_mapping_unmap(visit.mapping));
	finish(&visit);
}

static void use_the_rest(void *data)
{
	struct visit *visit = data;
	struct vfa_device *device = NULL;

	assert_fails(vfa_device_open(visit->container, EDU, NULL, &device), EBUSY, DEVICE_BUSY);
	map(visit);
	assert_ok(vfa_mapping_unmap(visit->mapping));
	vfa_device_close(open_device(visit->container, NVME));
}

static void others_go_on_while_a_device_leaves(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *device = open_device(visit.container, EDU);

	open_other(&visit);
	fake_visit_close(use_the_rest, &visit);
	vfa_device_close(device);
	vfa_device_close(open_device(visit.container, EDU));
	finish(&visit);
}

static void unmap_it(void *data)
{
	struct visit *visit = data;

	nothing_is_mapped_before_the_first_device_is_in(visit);
	assert_ok(vfa_mapping_unmap(visit->mapping));
	assert_int_equal(fake_count_mappings(), 0);
}

static void a_mapping_can_be_unmapped_while_the_last_device_leaves(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *device = open_device(visit.container, EDU);

	map(&visit);
	fake_visit_close(unmap_it, &visit);
	vfa_device_close(device);
	finish(&visit);
}

static void a_device_joins_while_the_last_one_leaves(void **state)
{
	struct visit visit = start(state);
	struct vfa_device *device = open_device(visit.container, EDU);

	map(&visit);
	fake_visit_close(open_other, &visit);
	vfa_device_close(device);
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_mapping_unmap(visit.mapping));
	finish(&visit);
}

#define ROUNDS 400

static void *open_edu(void *data)
{
	struct visit *visit = data;

	(void)vfa_device_open(visit->container, EDU, NULL, &visit->device);
	return NULL;
}

static void race(struct visit *visit)
{
	struct vfa_device *refused = NULL;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, open_edu, visit), 0);
	assert_true(vfa_device_open(visit->container, OTHER, NULL, &refused) < 0);
	pthread_join(thread, NULL);
	assert_non_null(visit->device);
	assert_int_equal(fake_count_mappings(), 1);
	close_other(visit);
}

/* Type1: the container's mappings are made again by who comes first, or by nobody. */
static void a_join_that_fails_is_not_taken_for_one_that_maps(void **state)
{
	struct visit visit = start(state);

	visit.iova = 1ull << 32;
	open_edu(&visit);
	map(&visit);
	close_other(&visit);
	fake_set_aperture(7, 0, 0xffffffff);
	for (size_t i = 0; i < ROUNDS; i++)
		race(&visit);
	assert_ok(vfa_mapping_unmap(visit.mapping));
	finish(&visit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(others_map_while_a_device_joins),
		ON_BOTH(a_first_device_is_not_in_before_it_is_open),
		ON_TYPE1(a_map_keeps_to_the_limits_of_a_device_that_joins),
		ON_IOMMUFD(a_device_that_joins_heeds_what_was_mapped_meanwhile),
		ON_IOMMUFD(the_kernel_refuses_what_was_mapped_meanwhile),
		ON_BOTH(a_device_that_joins_cannot_be_opened_twice),
		ON_BOTH(two_devices_of_a_group_join_at_once),
		ON_BOTH(a_join_that_fails_leaves_its_group_to_another),
		ON_BOTH(a_group_stays_for_a_device_that_joins),
		ON_BOTH(mappings_stay_while_the_last_leaves_and_another_joins),
		CASE(a_backend_that_was_tried_is_given_up),
		CASE(a_backend_stays_for_whom_it_served),
		ON_BOTH(others_go_on_while_a_device_leaves),
		ON_BOTH(a_mapping_can_be_unmapped_while_the_last_device_leaves),
		ON_BOTH(a_device_joins_while_the_last_one_leaves),
		ON_TYPE1(a_join_that_fails_is_not_taken_for_one_that_maps),
	};

	return cmocka_run_group_tests_name("join", tests, NULL, NULL);
}
