/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Devices through nodes that somebody else opened. */

#include <fcntl.h>
#include <unistd.h>

#include "fixture.h"

static const char *node_of(const struct machine *machine)
{
	return machine->backend == VFA_BACKEND_TYPE1 ? "vfio/4" : "vfio/devices/vfio0";
}

static void a_passed_node_stays_the_callers(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	int fd = open_node(machine, node_of(machine));
	struct vfa_device *device = NULL;

	assert_ok(vfa_device_open_fd(container, EDU, fd, NULL, &device));
	assert_string_equal(vfa_device_bdf(device), EDU);
	vfa_device_close(device);
	assert_true(fcntl(fd, F_GETFD) >= 0);
	close_node(fd);
	vfa_container_close(container);
}

static void a_passed_node_may_be_closed_early(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	int fd = open_node(machine, node_of(machine));
	struct vfa_device *device = NULL;

	assert_ok(vfa_device_open_fd(container, EDU, fd, NULL, &device));
	close_node(fd);
	assert_ok(vfa_device_enable_bus_master(device));
	vfa_device_close(device);
	assert_int_equal(count_fds(), machine->fds + 1);
	vfa_device_close(open_device(container, EDU));
	vfa_container_close(container);
}

static void a_passed_node_does_not_keep_its_device_in(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	int fd = open_node(machine, node_of(machine));
	char *memory = memory_new(PAGE);
	struct vfa_device *device = NULL;

	assert_ok(vfa_device_open_fd(container, EDU, fd, NULL, &device));
	map_at(container, memory, PAGE, 0x10000);
	vfa_device_close(device);
	vfa_container_close(container);
	assert_int_equal(fake_count_mappings(), 0);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_IOAS), 0);
	memory_free(memory, PAGE);
	close_node(fd);
}

static void a_passed_node_needs_no_sysfs(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	int fd = open_node(machine, node_of(machine));
	struct vfa_device *device = NULL;

	tree_remove(&machine->tree, "sys/bus");
	tree_remove(&machine->tree, "sys/kernel");
	assert_ok(vfa_device_open_fd(container, EDU, fd, NULL, &device));
	assert_fails(vfa_device_group(device), ENOENT, NO_GROUP);
	assert_int_equal(vfa_container_reserved_regions(container, NULL, 0), 0);
	close_node(fd);
	vfa_device_close(device);
	vfa_container_close(container);
}

static void a_closed_node_is_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	int fd = open_node(machine, node_of(machine));
	struct vfa_device *device = NULL;

	close_node(fd);
	assert_fails(vfa_device_open_fd(container, EDU, fd, NULL, &device), EBADF, BAD_FD);
	assert_fails(vfa_device_open_fd(container, EDU, -1, NULL, &device), EBADF, BAD_FD);
	assert_null(device);
	vfa_container_close(container);
}

static void refuse_node(struct machine *machine, int fd)
{
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = NULL;

	assert_fails(vfa_device_open_fd(container, EDU, fd, NULL, &device), ENOTTY, BAD_FD);
	assert_null(device);
	vfa_container_close(container);
}

static void a_file_for_a_node_is_refused(void **state)
{
	refuse_node(*state, STDIN_FILENO);
}

static void a_control_node_for_a_device_is_refused(void **state)
{
	int iommu = open_node(*state, "iommu"), vfio = open_node(*state, "vfio/vfio");

	refuse_node(*state, iommu);
	refuse_node(*state, vfio);
	close_node(iommu);
	close_node(vfio);
}

static void a_node_of_the_other_backend_is_refused(void **state)
{
	struct machine *machine = *state;
	int fd = open_node(machine,
			   machine->backend == VFA_BACKEND_TYPE1 ? "vfio/devices/vfio0" : "vfio/4");

	refuse_node(machine, fd);
	close_node(fd);
}

static void a_node_for_an_undecided_container_is_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	int fd = open_node(machine, "vfio/4");
	struct vfa_device *device = NULL;

	assert_fails(vfa_device_open_fd(container, EDU, fd, NULL, &device), ENODEV, WRONG_ORDER);
	assert_null(device);
	close_node(fd);
	vfa_container_close(container);
}

static void the_group_node_of_another_device_is_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	int fd = open_node(machine, "vfio/5");
	struct vfa_device *device = NULL;

	assert_true(vfa_device_open_fd(container, EDU, fd, NULL, &device) < 0);
	assert_null(device);
	close_node(fd);
	vfa_container_close(container);
}

/* Type1 has one errno for this and for a mapping in the way, of which there is one. */
static void a_group_node_in_use_is_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *first = open_container(machine), *second = open_container(machine);
	struct vfa_device *other = open_device(second, OTHER), *device = NULL, *again = NULL;
	int fd = open_node(machine, "vfio/4");
	void *memory = memory_new(PAGE);

	map_at(second, memory, PAGE, 0x10000);
	assert_ok(vfa_device_open_fd(first, EDU, fd, NULL, &device));
	assert_fails(vfa_device_open_fd(second, EDU, fd, NULL, &again), ENOTTY, BAD_FD);
	assert_null(again);
	vfa_device_close(device);
	assert_ok(vfa_device_open_fd(second, EDU, fd, NULL, &device));
	vfa_device_close(device);
	vfa_device_close(other);
	vfa_container_close(first);
	vfa_container_close(second);
	close_node(fd);
	memory_free(memory, PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_passed_node_stays_the_callers),
		ON_BOTH(a_passed_node_may_be_closed_early),
		ON_BOTH(a_passed_node_does_not_keep_its_device_in),
		ON_BOTH(a_passed_node_needs_no_sysfs),
		ON_BOTH(a_closed_node_is_refused),
		ON_BOTH(a_file_for_a_node_is_refused),
		ON_BOTH(a_control_node_for_a_device_is_refused),
		ON_BOTH(a_node_of_the_other_backend_is_refused),
		CASE(a_node_for_an_undecided_container_is_refused),
		ON_TYPE1(the_group_node_of_another_device_is_refused),
		ON_TYPE1(a_group_node_in_use_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
