/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

static const char *control_node(const struct machine *machine)
{
	return machine->backend == VFA_BACKEND_TYPE1 ? "vfio/vfio" : "iommu";
}

static void a_named_backend_opens_at_once(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	int fd = vfa_container_fd(container);

	assert_int_equal(vfa_container_backend(container), machine->backend);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(count_fds(), machine->fds + 1);
	vfa_container_close(container);
	assert_int_equal(count_fds(), machine->fds);
}

static void auto_opens_nothing(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	uint32_t ioas = 77;

	assert_int_equal(vfa_container_backend(container), VFA_BACKEND_AUTO);
	assert_int_equal(count_fds(), machine->fds);
	assert_fails(vfa_container_fd(container), ENODEV, WRONG_ORDER);
	assert_fails(vfa_container_ioas(container, &ioas), ENODEV, WRONG_ORDER);
	assert_int_equal(ioas, 77);
	vfa_container_close(container);
}

static void bad_arguments_are_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = NULL;

	assert_fails(vfa_container_open(machine->host, VFA_BACKEND_AUTO, NULL), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_container_open(machine->host, 77, &container), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_open_fd(machine->host, VFA_BACKEND_TYPE1, 0, NULL), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_container_open_fd(machine->host, VFA_BACKEND_AUTO, 0, &container), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_container_open_fd(machine->host, 77, 0, &container), EINVAL, BAD_ARGUMENT);
	assert_null(container);
	vfa_container_close(NULL);
}

static void a_null_container_is_refused(void **state)
{
	struct vfa_iova_range ranges[1];
	uint64_t value;
	uint32_t ioas;
	char reason[8];

	(void)state;
	assert_fails(vfa_container_backend(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_reason(NULL, reason, sizeof(reason)), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_iova_ranges(NULL, ranges, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_reserved_regions(NULL, NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_page_sizes(NULL, &value), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_alignment(NULL, &value), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_fd(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_ioas(NULL, &ioas), EINVAL, BAD_ARGUMENT);
}

static void a_missing_backend_opens_no_container(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = NULL;

	remove_iommufd(machine);
	remove_vfio(machine);
	assert_fails(vfa_container_open(machine->host, VFA_BACKEND_TYPE1, &container), ENOENT,
		     NO_VFIO);
	assert_fails(vfa_container_open(machine->host, VFA_BACKEND_IOMMUFD, &container), ENOENT,
		     NO_IOMMUFD);
	assert_null(container);
}

static void a_passed_fd_stays_the_callers(void **state)
{
	struct machine *machine = *state;
	int fd = open_node(machine, control_node(machine));
	struct vfa_container *container = NULL;

	assert_ok(vfa_container_open_fd(machine->host, machine->backend, fd, &container));
	assert_int_not_equal(vfa_container_fd(container), fd);
	assert_true(fcntl(vfa_container_fd(container), F_GETFD) & FD_CLOEXEC);
	close_node(fd);
	vfa_device_close(open_device(container, EDU));
	vfa_container_close(container);
}

static void one_iommufd_serves_several_containers(void **state)
{
	struct machine *machine = *state;
	int fd = open_node(machine, "iommu");
	struct vfa_container *first = NULL, *second = NULL;
	uint32_t one = 0, two = 0;

	assert_ok(vfa_container_open_fd(machine->host, VFA_BACKEND_IOMMUFD, fd, &first));
	assert_ok(vfa_container_open_fd(machine->host, VFA_BACKEND_IOMMUFD, fd, &second));
	assert_ok(vfa_container_ioas(first, &one));
	assert_ok(vfa_container_ioas(second, &two));
	assert_int_not_equal(one, two);
	vfa_container_close(first);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_IOAS), 1);
	vfa_container_close(second);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_IOAS), 0);
	close_node(fd);
}

static void another_space_opens_beside(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *first = open_container(machine), *second = NULL;
	uint32_t one = 0, two = 0;

	assert_ok(vfa_container_open_beside(first, &second));
	assert_ok(vfa_container_ioas(first, &one));
	assert_ok(vfa_container_ioas(second, &two));
	assert_int_not_equal(one, two);
	assert_int_equal(vfa_container_backend(second), VFA_BACKEND_IOMMUFD);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_IOMMUFD), 1);
	vfa_container_close(first);
	vfa_device_close(open_device(second, EDU));
	vfa_container_close(second);
}

static void type1_has_nothing_beside(void **state)
{
	struct vfa_container *container = open_container(*state), *other = NULL;

	assert_fails(vfa_container_open_beside(container, &other), EOPNOTSUPP, BAD_ARGUMENT);
	assert_fails(vfa_container_open_beside(container, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_open_beside(NULL, &other), EINVAL, BAD_ARGUMENT);
	assert_null(other);
	vfa_container_close(container);
}

static void beside_an_undecided_container_nothing_opens(void **state)
{
	struct vfa_container *container = open_container(*state), *other = NULL;

	assert_fails(vfa_container_open_beside(container, &other), ENODEV, WRONG_ORDER);
	assert_null(other);
	vfa_container_close(container);
}

static void a_closed_fd_is_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = NULL;
	int fd = open_node(machine, control_node(machine));

	close_node(fd);
	assert_fails(vfa_container_open_fd(machine->host, machine->backend, fd, &container), EBADF,
		     BAD_FD);
	assert_fails(vfa_container_open_fd(machine->host, machine->backend, -1, &container), EBADF,
		     BAD_FD);
	assert_null(container);
}

static void an_fd_of_another_kind_is_refused(void **state)
{
	struct machine *machine = *state;
	bool type1 = machine->backend == VFA_BACKEND_TYPE1;
	const char *wrong[] = { type1 ? "iommu" : "vfio/vfio", "vfio/4", "vfio/devices/vfio0" };
	struct vfa_container *container = NULL;

	for (size_t i = 0; i < 3; i++) {
		int fd = open_node(machine, wrong[i]);

		assert_fails(vfa_container_open_fd(machine->host, machine->backend, fd, &container),
			     ENOTTY, BAD_FD);
		close_node(fd);
	}
	assert_fails(
		vfa_container_open_fd(machine->host, machine->backend, STDIN_FILENO, &container),
		ENOTTY, BAD_FD);
	assert_null(container);
}

static void a_container_in_use_is_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine), *second = NULL;
	struct vfa_device *device = open_device(container, EDU);

	assert_fails(vfa_container_open_fd(machine->host, VFA_BACKEND_TYPE1,
					   vfa_container_fd(container), &second),
		     EBUSY, BAD_FD);
	assert_null(second);
	vfa_device_close(device);
	vfa_container_close(container);
}

static void an_empty_container_knows_no_ranges(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_iova_range range = { 1, 2 };
	uint64_t value = 77;

	assert_fails(vfa_container_iova_ranges(container, &range, 1), ENODEV, WRONG_ORDER);
	assert_fails(vfa_container_reserved_regions(container, NULL, 0), ENODEV, WRONG_ORDER);
	assert_fails(vfa_container_page_sizes(container, &value), ENODEV, WRONG_ORDER);
	assert_fails(vfa_container_alignment(container, &value), ENODEV, WRONG_ORDER);
	assert_int_equal(value, 77);
	assert_int_equal(range.start, 1);
	vfa_container_close(container);
}

static void ranges_come_from_the_kernel(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = open_device(container, EDU);
	struct vfa_iova_range ranges[3] = { { 0, 0 }, { 0, 0 }, { 7, 7 } };

	assert_int_equal(vfa_container_iova_ranges(container, NULL, 0), 2);
	assert_int_equal(vfa_container_iova_ranges(container, ranges, 3), 2);
	assert_int_equal(ranges[0].start, 0);
	assert_int_equal(ranges[0].last, 0xfedfffff);
	assert_int_equal(ranges[1].start, 0xfef00000);
	assert_int_equal(ranges[1].last, 0x7fffffffff);
	assert_int_equal(ranges[2].start, 7);
	assert_fails(vfa_container_iova_ranges(container, NULL, 1), EINVAL, BAD_ARGUMENT);
	vfa_device_close(device);
	vfa_container_close(container);
}

static void ranges_shrink_and_grow_with_the_devices(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = open_device(container, EDU), *other;
	struct vfa_iova_range ranges[4];

	fake_add_reserved(7, 0x100000, 0x1fffff, FAKE_RESERVED);
	fake_set_aperture(7, 0, 0xffffffff);
	other = open_device(container, OTHER);
	assert_int_equal(vfa_container_iova_ranges(container, ranges, 4), 3);
	assert_int_equal(ranges[0].last, 0xfffff);
	assert_int_equal(ranges[1].start, 0x200000);
	assert_int_equal(ranges[2].last, 0xffffffff);
	vfa_device_close(other);
	assert_int_equal(vfa_container_iova_ranges(container, ranges, 4), 2);
	vfa_device_close(device);
	vfa_container_close(container);
}

static void many_ranges_all_arrive(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_iova_range ranges[32];
	struct vfa_device *first, *second;

	for (uint64_t i = 1; i <= 15; i++) {
		fake_add_reserved(4, i << 24, (i << 24) + 0xfff, FAKE_RESERVED);
		fake_add_reserved(5, (i << 24) + 0x100000, (i << 24) + 0x100fff, FAKE_RESERVED);
	}
	first = open_device(container, EDU);
	second = open_device(container, NVME);
	assert_int_equal(vfa_container_iova_ranges(container, ranges, 32), 32);
	for (size_t i = 1; i < 32; i++)
		assert_true(ranges[i - 1].last < ranges[i].start);
	vfa_device_close(second);
	vfa_device_close(first);
	vfa_container_close(container);
}

static void reserved_regions_come_from_sysfs(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *first = open_device(container, LEFT);
	struct vfa_device *second = open_device(container, RIGHT);
	struct vfa_device *third = open_device(container, EDU);
	struct vfa_reserved_region regions[4];

	assert_int_equal(vfa_container_reserved_regions(container, regions, 4), 2);
	assert_int_equal(regions[0].range.start, 0xfee00000);
	assert_int_equal(regions[0].range.last, 0xfeefffff);
	assert_int_equal(regions[0].type, VFA_RESERVED_MSI);
	assert_int_equal(regions[0].group + regions[1].group, 4 + 9);
	vfa_device_close(third);
	assert_int_equal(vfa_container_reserved_regions(container, NULL, 0), 1);
	vfa_device_close(second);
	vfa_device_close(first);
	vfa_container_close(container);
}

static void page_sizes_come_from_the_kernel(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	uint64_t sizes = 0, alignment = 0;
	struct vfa_device *device;

	fake_set_page_sizes(4, 0x40201000);
	device = open_device(container, EDU);
	assert_ok(vfa_container_page_sizes(container, &sizes));
	assert_ok(vfa_container_alignment(container, &alignment));
	assert_int_equal(alignment, 0x1000);
	if (machine->backend == VFA_BACKEND_TYPE1)
		assert_int_equal(sizes, 0x40201000);
	else
		assert_true(sizes == -0x1000ull);
	assert_fails(vfa_container_page_sizes(container, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_container_alignment(container, NULL), EINVAL, BAD_ARGUMENT);
	vfa_device_close(device);
	vfa_container_close(container);
}

static void only_iommufd_has_an_ioas(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	uint32_t ioas = 0;

	if (machine->backend == VFA_BACKEND_IOMMUFD) {
		assert_ok(vfa_container_ioas(container, &ioas));
		assert_int_not_equal(ioas, 0);
		assert_fails(vfa_container_ioas(container, NULL), EINVAL, BAD_ARGUMENT);
	} else {
		assert_int_equal(vfa_container_ioas(container, &ioas), -EOPNOTSUPP);
		assert_int_equal(ioas, 0);
	}
	vfa_container_close(container);
}

static void devices_keep_a_closed_container_alive(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = open_device(container, EDU);
	uint16_t vendor = 0;

	vfa_container_close(container);
	assert_ok(vfa_config_read16(device, 0, &vendor));
	assert_int_equal(vendor, 0x1234);
	vfa_device_close(device);
	assert_int_equal(fake_count_objects(), 0);
	assert_int_equal(count_fds(), machine->fds);
}

static void buffers_keep_a_closed_container_alive(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = open_device(container, EDU);
	struct vfa_buffer *buffer = NULL;

	assert_ok(vfa_buffer_alloc(container, PAGE, NULL, &buffer));
	vfa_container_close(container);
	vfa_device_close(device);
	memset(vfa_buffer_vaddr(buffer), 1, PAGE);
	vfa_buffer_free(buffer);
	assert_int_equal(fake_count_objects(), 0);
}

static void a_reason_is_given_and_cut(void **state)
{
	struct vfa_container *container = open_container(*state);
	char all[512] = "", cut[5] = "xxxx";
	int length = vfa_container_reason(container, all, sizeof(all));

	assert_int_equal(length, strlen(all));
	assert_true(length > 10);
	assert_int_equal(vfa_container_reason(container, NULL, 0), length);
	assert_int_equal(vfa_container_reason(container, cut, sizeof(cut)), length);
	assert_memory_equal(cut, all, 4);
	assert_int_equal(cut[4], '\0');
	assert_fails(vfa_container_reason(container, NULL, 5), EINVAL, BAD_ARGUMENT);
	vfa_container_close(container);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_named_backend_opens_at_once),
		CASE(auto_opens_nothing),
		CASE(bad_arguments_are_refused),
		cmocka_unit_test(a_null_container_is_refused),
		CASE(a_missing_backend_opens_no_container),
		ON_BOTH(a_passed_fd_stays_the_callers),
		CASE(one_iommufd_serves_several_containers),
		ON_IOMMUFD(another_space_opens_beside),
		ON_TYPE1(type1_has_nothing_beside),
		CASE(beside_an_undecided_container_nothing_opens),
		ON_BOTH(a_closed_fd_is_refused),
		ON_BOTH(an_fd_of_another_kind_is_refused),
		ON_TYPE1(a_container_in_use_is_refused),
		ON_BOTH(an_empty_container_knows_no_ranges),
		ON_BOTH(ranges_come_from_the_kernel),
		ON_BOTH(ranges_shrink_and_grow_with_the_devices),
		ON_BOTH(many_ranges_all_arrive),
		ON_BOTH(reserved_regions_come_from_sysfs),
		ON_BOTH(page_sizes_come_from_the_kernel),
		ON_BOTH(only_iommufd_has_an_ioas),
		ON_BOTH(devices_keep_a_closed_container_alive),
		ON_BOTH(buffers_keep_a_closed_container_alive),
		CASE(a_reason_is_given_and_cut),
		ON_BOTH(a_reason_is_given_and_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
