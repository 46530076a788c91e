/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/vfio.h>
#include <string.h>

#include "fixture.h"

static void check_choice(struct vfa_container *container, enum vfa_backend backend,
			 const char *reason)
{
	char text[512];

	assert_int_equal(vfa_container_backend(container), backend);
	assert_true(vfa_container_reason(container, text, sizeof(text)) > 0);
	if (!strstr(text, reason))
		fail_msg("\"%s\" does not tell of \"%s\"", text, reason);
}

static void open_and_check(struct machine *machine, enum vfa_backend backend, const char *reason)
{
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = open_device(container, EDU);

	check_choice(container, backend, reason);
	vfa_device_close(device);
	vfa_container_close(container);
}

static void auto_prefers_iommufd(void **state)
{
	open_and_check(*state, VFA_BACKEND_IOMMUFD, "iommufd, because /dev/iommu opens");
}

static void the_choice_is_logged(void **state)
{
	struct machine *machine = *state;

	auto_prefers_iommufd(state);
	assert_non_null(strstr(machine->log, "iommufd"));
}

static void auto_without_iommufd_takes_type1(void **state)
{
	remove_iommufd(*state);
	open_and_check(*state, VFA_BACKEND_TYPE1, "there is no iommufd in this kernel");
}

/* The directory is there on all kernels; only its dev file proves a node. */
static void auto_without_device_node_takes_type1(void **state)
{
	struct machine *machine = *state;

	tree_remove(&machine->tree, "sys/devices/pci0000:00/" EDU "/vfio-dev/vfio0/dev");
	fake_set_open_errno("vfio/devices/vfio0", ENOENT);
	open_and_check(machine, VFA_BACKEND_TYPE1, "no device node");
	assert_int_equal(count_fds(), machine->fds);
}

static void auto_takes_type1_where_iommufd_is_somebody_elses(void **state)
{
	fake_set_open_errno("iommu", EACCES);
	open_and_check(*state, VFA_BACKEND_TYPE1, "permission denied");
}

static void a_forced_backend_is_kept(void **state)
{
	struct machine *machine = *state;

	open_and_check(machine, machine->backend, "asked for by name");
}

static void forced_iommufd_without_device_node_fails(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = NULL;

	tree_remove(&machine->tree, "sys/devices/pci0000:00/" EDU "/vfio-dev/vfio0/dev");
	assert_fails(vfa_device_open(container, EDU, NULL, &device), ENOENT, NO_DEVICE_NODE);
	assert_null(device);
	vfa_container_close(container);
}

static void auto_with_neither_backend_fails_and_stays_undecided(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = NULL;

	remove_iommufd(machine);
	remove_vfio(machine);
	assert_fails(vfa_device_open(container, EDU, NULL, &device), ENOENT, NO_VFIO);
	check_choice(container, VFA_BACKEND_AUTO, "undecided");
	assert_int_equal(count_fds(), machine->fds);
	vfa_container_close(container);
}

static void a_refused_join_leaves_auto_undecided(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = NULL;

	assert_int_equal(vfa_device_open(container, SHARED, NULL, &device), -EBUSY);
	check_choice(container, VFA_BACKEND_AUTO, "undecided");
	assert_int_equal(count_fds(), machine->fds);
	assert_int_equal(fake_count_objects(), 0);
	vfa_container_close(container);
}

/* The device joins, and turns out to be gone when it is looked at. */
static void a_failed_first_look_leaves_auto_undecided(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = NULL;

	fake_set_gone(EDU, true);
	assert_fails(vfa_device_open(container, EDU, NULL, &device), ENODEV, DEVICE_GONE);
	check_choice(container, VFA_BACKEND_AUTO, "undecided");
	assert_int_equal(count_fds(), machine->fds);
	remove_iommufd(machine);
	fake_set_gone(EDU, false);
	device = open_device(container, EDU);
	check_choice(container, VFA_BACKEND_TYPE1, "type1");
	vfa_device_close(device);
	vfa_container_close(container);
}

/* iommufd opened, and was closed again for want of a node, before type1 failed. */
static void auto_without_node_and_type1_stays_undecided(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = NULL;

	tree_remove(&machine->tree, "sys/devices/pci0000:00/" EDU "/vfio-dev/vfio0/dev");
	fake_set_type1(false);
	assert_fails(vfa_device_open(container, EDU, NULL, &device), ENOENT, NO_TYPE1);
	check_choice(container, VFA_BACKEND_AUTO, "undecided");
	assert_int_equal(count_fds(), machine->fds);
	vfa_container_close(container);
}

static void the_decision_outlives_the_first_device(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = open_device(container, EDU);

	vfa_device_close(device);
	check_choice(container, VFA_BACKEND_IOMMUFD, "iommufd");
	device = open_device(container, NVME);
	vfa_device_close(device);
	vfa_container_close(container);
}

/* A machine without an IOMMU that lets devices out all the same. */
static void make_noiommu(struct machine *machine)
{
	static const struct tree_device device = {
		.bdf = "0000:00:0a.0",
		.driver = "vfio-pci",
		.vendor = 0x1234,
		.device = 0x11e8,
		.group = 10,
		.cdev = -1,
	};
	uint32_t ids = 0x11e81234;

	tree_add_group(&machine->tree, 10, "");
	tree_write(&machine->tree, "vfio-noiommu\n", "sys/kernel/iommu_groups/10/name");
	tree_add_device(&machine->tree, &device);
	tree_mkdir(&machine->tree, "sys/devices/pci0000:00/0000:00:0a.0/vfio-dev/vfio9");
	fake_set_noiommu(true);
	fake_add_noiommu_group(10);
	fake_add_device("0000:00:0a.0", 10, 9);
	fake_set_config("0000:00:0a.0", 0, &ids, sizeof(ids));
	machine->fds = count_fds();
}

static void auto_never_takes_noiommu(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container;
	struct vfa_device *device = NULL;

	make_noiommu(machine);
	container = open_container(machine);
	assert_fails(vfa_device_open(container, "0000:00:0a.0", NULL, &device), ENOENT, NO_IOMMU);
	assert_null(device);
	check_choice(container, VFA_BACKEND_AUTO, "undecided");
	vfa_container_close(container);
}

static void noiommu_by_name_gives_no_address_space(void **state)
{
	struct vfa_coherency coherency = VFA_COHERENCY_INIT;
	struct vfa_wbinvd wbinvd = VFA_WBINVD_INIT;
	struct machine *machine = *state;
	struct vfa_container *container;
	struct vfa_device *device;
	void *memory = memory_new(PAGE);
	uint64_t value;

	make_noiommu(machine);
	machine->backend = VFA_BACKEND_NOIOMMU;
	container = open_container(machine);
	device = open_device(container, "0000:00:0a.0");
	assert_int_equal(vfa_container_backend(container), VFA_BACKEND_NOIOMMU);
	assert_fails(vfa_container_map(container, memory, PAGE, NULL, NULL), EOPNOTSUPP, NOIOMMU);
	assert_fails(vfa_container_iova_ranges(container, NULL, 0), EOPNOTSUPP, NOIOMMU);
	assert_fails(vfa_container_reserved_regions(container, NULL, 0), EOPNOTSUPP, NOIOMMU);
	assert_fails(vfa_container_page_sizes(container, &value), EOPNOTSUPP, NOIOMMU);
	assert_fails(vfa_container_alignment(container, &value), EOPNOTSUPP, NOIOMMU);
	assert_fails(vfa_coherency_is_enforced(container), EOPNOTSUPP, NOIOMMU);
	assert_ok(vfa_device_coherency(device, &coherency));
	assert_int_equal(coherency.iommu, VFA_YES);
	assert_string_equal(coherency.iommu_origin,
			    "noiommu: no IOMMU is between the device and memory");
	assert_int_equal(vfa_coherency_needs_wbinvd(&device, 1, &wbinvd), 0);
	assert_int_equal(wbinvd.kernel, VFA_YES);
	assert_ok(vfa_container_unmap_all(container));
	vfa_device_close(device);
	vfa_container_close(container);
	memory_free(memory, PAGE);
}

/* The node came open from somebody with more rights; each step asks for them again. */
static void noiommu_without_the_right_to_it_is_denied(void **state)
{
	static const unsigned long steps[] = { VFIO_GROUP_SET_CONTAINER, VFIO_GROUP_GET_DEVICE_FD };
	struct machine *machine = *state;
	struct vfa_container *container;
	struct vfa_device *device = NULL;

	make_noiommu(machine);
	machine->backend = VFA_BACKEND_NOIOMMU;
	container = open_container(machine);
	for (size_t i = 0; i < 2; i++) {
		int fd = open_node(machine, "vfio/noiommu-10");

		fake_fail_ioctl(steps[i], EPERM);
		assert_fails(vfa_device_open_fd(container, "0000:00:0a.0", fd, NULL, &device),
			     EPERM, DENIED);
		close_node(fd);
	}
	assert_null(device);
	vfa_container_close(container);
}

static void noiommu_does_not_take_a_device_with_an_iommu(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container;
	struct vfa_device *device = NULL;

	fake_set_noiommu(true);
	machine->backend = VFA_BACKEND_NOIOMMU;
	container = open_container(machine);
	assert_fails(vfa_device_open(container, EDU, NULL, &device), ENOENT, NOIOMMU);
	assert_null(device);
	vfa_container_close(container);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(auto_prefers_iommufd),
		CASE(the_choice_is_logged),
		CASE(auto_without_iommufd_takes_type1),
		CASE(auto_without_device_node_takes_type1),
		CASE(auto_takes_type1_where_iommufd_is_somebody_elses),
		ON_BOTH(a_forced_backend_is_kept),
		ON_IOMMUFD(forced_iommufd_without_device_node_fails),
		CASE(auto_with_neither_backend_fails_and_stays_undecided),
		CASE(a_refused_join_leaves_auto_undecided),
		CASE(a_failed_first_look_leaves_auto_undecided),
		CASE(auto_without_node_and_type1_stays_undecided),
		CASE(the_decision_outlives_the_first_device),
		CASE(auto_never_takes_noiommu),
		CASE(noiommu_by_name_gives_no_address_space),
		CASE(noiommu_without_the_right_to_it_is_denied),
		CASE(noiommu_does_not_take_a_device_with_an_iommu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
