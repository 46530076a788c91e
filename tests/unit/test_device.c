/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>

#include "fixture.h"

#define UUID "00112233-4455-6677-8899-aabbccddeeff"

/* The device opens with no failure expected, is closed, and nothing is left. */
static void open_close(struct machine *machine, const char *bdf)
{
	struct vfa_container *container = open_container(machine);

	vfa_device_close(open_device(container, bdf));
	vfa_container_close(container);
	assert_int_equal(fake_count_objects(), 0);
}

/* It does not, and the container is as empty as before. */
static void refuse_open(struct machine *machine, const char *bdf, int err, enum vfa_cause cause)
{
	struct vfa_container *container = open_container(machine);
	size_t fds = count_fds(), objects = fake_count_objects();
	struct vfa_device *device = (struct vfa_device *)1;
	uint64_t value;

	check_failure(vfa_device_open(container, bdf, NULL, &device), -err, cause);
	assert_ptr_equal(device, (struct vfa_device *)1);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(fake_count_objects(), objects);
	assert_fails(vfa_container_alignment(container, &value), ENODEV, WRONG_ORDER);
	vfa_container_close(container);
}

static void an_opened_device_tells_its_identity(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = open_device(container, "00:04.0");

	assert_string_equal(vfa_device_bdf(device), EDU);
	assert_int_equal(vfa_device_group(device), 4);
	assert_true(vfa_device_fd(device) >= 0);
	assert_true(fcntl(vfa_device_fd(device), F_GETFD) & FD_CLOEXEC);
	vfa_device_close(device);
	vfa_container_close(container);
}

static void addresses_may_be_short_or_in_capitals(void **state)
{
	open_close(*state, "00:04.0");
	open_close(*state, "0000:00:04.0");
}

static void unparsable_addresses_are_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"edu",
		"00:04",
		"00:04.8",
		"0:4.0",
		"00:20.0",
		"0000:00:04.0x",
		" 00:04.0",
		"00:04.0 ",
		"0000:00:04",
		"0000-00:04",
		"000000000:00:04.0",
		"00:04.0 vf_token=1",
		"::.",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refuse_open(*state, wrong[i], EINVAL, VFA_CAUSE_BAD_BDF);
}

static void bad_arguments_are_refused(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device_options options = { .vf_token = UUID };
	struct vfa_device *device = NULL;

	assert_fails(vfa_device_open(NULL, EDU, NULL, &device), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_open(container, NULL, NULL, &device), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_open(container, EDU, NULL, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_open(container, EDU, &options, &device), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_open_fd(NULL, EDU, 0, NULL, &device), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_open_fd(container, EDU, 0, NULL, NULL), EINVAL, BAD_ARGUMENT);
	assert_null(device);
	vfa_device_close(NULL);
	vfa_container_close(container);
}

static void a_null_device_is_refused(void **state)
{
	(void)state;
	assert_fails(vfa_device_group(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_fd(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_enable_bus_master(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_device_disable_bus_master(NULL), EINVAL, BAD_ARGUMENT);
}

static void a_device_that_is_not_there_is_refused(void **state)
{
	refuse_open(*state, "0000:00:1e.0", ENODEV, VFA_CAUSE_NO_DEVICE);
	refuse_open(*state, "0001:00:04.0", ENODEV, VFA_CAUSE_NO_DEVICE);
}

static void a_device_without_iommu_is_refused(void **state)
{
	struct machine *machine = *state;

	tree_remove(&machine->tree, "sys/devices/pci0000:00/" EDU "/iommu_group");
	refuse_open(machine, EDU, ENOENT, VFA_CAUSE_NO_IOMMU);
	tree_remove(&machine->tree, "sys/class/iommu");
	refuse_open(machine, EDU, ENOENT, VFA_CAUSE_NO_IOMMU);
}

static void an_unbound_device_is_refused(void **state)
{
	struct machine *machine = *state;

	refuse_open(machine, "0000:00:06.1", ENOENT, VFA_CAUSE_NOT_BOUND);
	refuse_open(machine, PORT, ENOENT, VFA_CAUSE_NOT_BOUND);
	tree_set_driver(&machine->tree, EDU, NULL);
	tree_remove(&machine->tree, "sys/devices/pci0000:00/" EDU "/vfio-dev");
	refuse_open(machine, EDU, ENOENT, VFA_CAUSE_NOT_BOUND);
}

static void a_group_on_a_kernel_driver_is_refused(void **state)
{
	refuse_open(*state, SHARED, EBUSY, VFA_CAUSE_NOT_VIABLE);
}

static void a_port_does_not_block_its_group(void **state)
{
	open_close(*state, LEFT);
}

static void a_busy_group_is_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = NULL;
	int code;

	fake_set_group_busy(4, true);
	code = vfa_device_open(container, EDU, NULL, &device);
	assert_int_equal(code, -EBUSY);
	assert_true(vfa_error_last()->cause == VFA_CAUSE_GROUP_BUSY ||
		    vfa_error_last()->cause == VFA_CAUSE_DEVICE_BUSY);
	fake_set_group_busy(4, false);
	vfa_device_close(open_device(container, EDU));
	vfa_container_close(container);
}

static void a_busy_device_node_is_refused(void **state)
{
	struct machine *machine = *state;

	fake_set_device_busy(EDU, true);
	refuse_open(machine, EDU, EBUSY,
		    machine->backend == VFA_BACKEND_TYPE1 ? VFA_CAUSE_GROUP_BUSY
							  : VFA_CAUSE_DEVICE_BUSY);
}

/* Another process has a sibling: the group's owner is not this container. */
static void a_sibling_elsewhere_makes_the_group_busy(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = NULL;

	tree_add_holder(&machine->tree, 4711, "qemu", "vfio/devices/vfio4");
	fake_set_device_busy(LEFT, true);
	assert_int_equal(vfa_device_open(container, RIGHT, NULL, &device), -EBUSY);
	assert_true(vfa_error_last()->cause == VFA_CAUSE_GROUP_BUSY ||
		    vfa_error_last()->cause == VFA_CAUSE_DEVICE_BUSY);
	vfa_container_close(container);
}

static void a_second_container_of_this_process_is_refused(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = open_device(container, EDU);

	refuse_open(*state, EDU, EBUSY,
		    ((struct machine *)*state)->backend == VFA_BACKEND_TYPE1
			    ? VFA_CAUSE_GROUP_BUSY
			    : VFA_CAUSE_DEVICE_BUSY);
	vfa_device_close(device);
	vfa_container_close(container);
}

static void opening_a_device_twice_is_refused(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = open_device(container, EDU), *again = NULL;

	assert_fails(vfa_device_open(container, EDU, NULL, &again), EBUSY, DEVICE_BUSY);
	assert_null(again);
	vfa_device_close(device);
	vfa_device_close(open_device(container, EDU));
	vfa_container_close(container);
}

static void several_devices_and_groups_share_a_container(void **state)
{
	static const char *const bdfs[] = { EDU, NVME, LEFT, RIGHT, OTHER };
	struct vfa_container *container = open_container(*state);
	struct vfa_device *devices[5];

	for (size_t i = 0; i < 5; i++)
		devices[i] = open_device(container, bdfs[i]);
	vfa_device_close(devices[2]);
	assert_int_equal(vfa_device_group(devices[3]), 9);
	devices[2] = open_device(container, LEFT);
	for (size_t i = 0; i < 5; i++)
		vfa_device_close(devices[i]);
	vfa_container_close(container);
}

static void unsafe_interrupts_are_refused_unless_allowed(void **state)
{
	fake_set_isolated_msi(4, false);
	refuse_open(*state, EDU, EPERM, VFA_CAUSE_UNSAFE_INTERRUPTS);
	fake_set_unsafe_interrupts(true);
	open_close(*state, EDU);
}

static void a_later_group_with_unsafe_interrupts_is_refused(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = open_device(container, EDU), *other = NULL;

	fake_set_isolated_msi(7, false);
	assert_fails(vfa_device_open(container, OTHER, NULL, &other), EPERM, UNSAFE_INTERRUPTS);
	assert_null(other);
	vfa_device_close(device);
	vfa_container_close(container);
}

static void a_firmware_map_is_refused(void **state)
{
	struct machine *machine = *state;

	fake_add_reserved(4, 0xa0000, 0xbffff, FAKE_DIRECT);
	tree_write(&machine->tree, "0x00000000000a0000 0x00000000000bffff direct\n",
		   "sys/kernel/iommu_groups/4/reserved_regions");
	refuse_open(machine, EDU, EINVAL, VFA_CAUSE_FIRMWARE_MAP);
}

static void a_relaxable_map_is_no_obstacle(void **state)
{
	struct machine *machine = *state;

	fake_add_reserved(4, 0xa0000, 0xbffff, FAKE_DIRECT_RELAXABLE);
	tree_write(&machine->tree, "0x00000000000a0000 0x00000000000bffff direct-relaxable\n",
		   "sys/kernel/iommu_groups/4/reserved_regions");
	open_close(machine, EDU);
}

static const char *node_of(const struct machine *machine)
{
	return machine->backend == VFA_BACKEND_TYPE1 ? "vfio/4" : "vfio/devices/vfio0";
}

static void a_node_that_does_not_open_is_told(void **state)
{
	struct machine *machine = *state;

	fake_set_open_errno(node_of(machine), EACCES);
	refuse_open(machine, EDU, EACCES, VFA_CAUSE_ACCESS);
	fake_set_open_errno(node_of(machine), EPERM);
	refuse_open(machine, EDU, EPERM, VFA_CAUSE_DENIED);
	fake_set_open_errno(node_of(machine), ENOENT);
	refuse_open(machine, EDU, ENOENT, VFA_CAUSE_NO_DEVICE_NODE);
	fake_set_open_errno(node_of(machine), EMFILE);
	refuse_open(machine, EDU, EMFILE, VFA_CAUSE_KERNEL);
}

static void a_gone_device_is_refused(void **state)
{
	fake_set_gone(EDU, true);
	refuse_open(*state, EDU, ENODEV, VFA_CAUSE_DEVICE_GONE);
}

static void a_token_opens_a_virtual_function(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device_options options = VFA_DEVICE_OPTIONS_INIT;
	struct vfa_device *device = NULL;

	fake_set_token(EDU, UUID);
	assert_fails(vfa_device_open(container, EDU, NULL, &device), EACCES, VF_TOKEN);
	options.vf_token = "ffffffff-4455-6677-8899-aabbccddeeff";
	assert_fails(vfa_device_open(container, EDU, &options, &device), EACCES, VF_TOKEN);
	assert_null(device);
	options.vf_token = UUID;
	assert_ok(vfa_device_open(container, EDU, &options, &device));
	vfa_device_close(device);
	vfa_container_close(container);
}

#define OTHER_UUID "ffffffff-4455-6677-8899-aabbccddeeff"

static int try_token(struct vfa_container *container, const char *bdf, const char *token,
		     struct vfa_device **ret)
{
	struct vfa_device_options options = VFA_DEVICE_OPTIONS_INIT;

	options.vf_token = token;
	return vfa_device_open(container, bdf, &options, ret);
}

static void a_physical_function_sets_the_token(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *physical = NULL, *virtual = NULL;

	fake_set_physical(NVME);
	fake_set_virtual(OTHER, NVME);
	assert_ok(try_token(container, NVME, NULL, &physical));
	assert_fails(try_token(container, OTHER, UUID, &virtual), EACCES, VF_TOKEN);
	vfa_device_close(physical);

	assert_ok(try_token(container, NVME, UUID, &physical));
	assert_fails(try_token(container, OTHER, NULL, &virtual), EACCES, VF_TOKEN);
	assert_ok(try_token(container, OTHER, UUID, &virtual));
	vfa_device_close(physical);

	/* Now it is the virtual function that has to be agreed with. */
	assert_fails(try_token(container, NVME, NULL, &physical), EACCES, VF_TOKEN);
	assert_fails(try_token(container, NVME, OTHER_UUID, &physical), EACCES, VF_TOKEN);
	vfa_device_close(virtual);
	assert_ok(try_token(container, NVME, OTHER_UUID, &physical));
	vfa_device_close(physical);
	vfa_container_close(container);
}

static void an_unwanted_token_is_refused(void **state)
{
	static const char *const malformed[] = {
		"",
		"00112233",
		UUID "0",
		"x",
		" 0112233-4455-6677-8899-aabbccddeeff",
		"0x112233-4455-6677-8899-aabbccddeeff",
		"00112233 4455-6677-8899-aabbccddeeff",
		"00112233-4455-6677-8899-aabbccddeefg",
	};
	struct vfa_container *container = open_container(*state);
	struct vfa_device_options options = VFA_DEVICE_OPTIONS_INIT;
	struct vfa_device *device = NULL;

	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		options.vf_token = malformed[i];
		assert_fails(vfa_device_open(container, EDU, &options, &device), EINVAL, VF_TOKEN);
	}
	options.vf_token = UUID;
	assert_fails(vfa_device_open(container, EDU, &options, &device), EINVAL, VF_TOKEN);
	assert_null(device);
	vfa_container_close(container);
}

/* The kernel's EINVAL for a second opener is not about the token. */
static void a_token_does_not_hide_who_has_the_device(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device_options options = VFA_DEVICE_OPTIONS_INIT;
	struct vfa_device *device = NULL;

	fake_set_token(EDU, UUID);
	fake_set_device_busy(EDU, true);
	tree_add_holder(&machine->tree, 4711, "qemu", "vfio/devices/vfio0");
	options.vf_token = UUID;
	assert_fails(vfa_device_open(container, EDU, &options, &device), EBUSY, DEVICE_BUSY);
	assert_null(device);
	vfa_container_close(container);
}

static void a_token_on_an_old_kernel_is_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(*state);
	struct vfa_device_options options = VFA_DEVICE_OPTIONS_INIT;
	struct vfa_device *device = NULL;

	fake_set_bind_token(false);
	fake_set_physical(EDU);
	tree_write(&machine->tree, "2\n", "sys/bus/pci/devices/" EDU "/sriov_totalvfs");
	options.vf_token = UUID;
	assert_fails(vfa_device_open(container, EDU, &options, &device), EOPNOTSUPP, VF_TOKEN);
	vfa_device_close(open_device(container, EDU));
	vfa_container_close(container);
}

static void bus_mastering_starts_off(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = open_device(container, EDU);
	uint16_t before = 0, after = 0;

	assert_false(fake_is_bus_master(EDU));
	assert_ok(vfa_config_read16(device, 4, &before));
	assert_ok(vfa_device_enable_bus_master(device));
	assert_true(fake_is_bus_master(EDU));
	assert_ok(vfa_device_disable_bus_master(device));
	assert_false(fake_is_bus_master(EDU));
	assert_ok(vfa_config_read16(device, 4, &after));
	assert_int_equal(before, after);
	vfa_device_close(device);
	vfa_container_close(container);
}

static void closing_gives_everything_back(void **state)
{
	struct vfa_container *container = open_container(*state);
	size_t fds = count_fds();
	struct vfa_device *device = open_device(container, EDU);
	struct vfa_irq *irq = NULL;
	volatile void *base = NULL;

	assert_ok(vfa_region_map(device, VFA_BAR(0), &base));
	assert_ok(vfa_irq_enable(device, VFA_IRQ_INTX, 0, 1, NULL, &irq));
	vfa_device_close(device);
	assert_int_equal(fake_count_vectors(), 0);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_DEVICE), 0);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_GROUP), 0);
	vfa_container_close(container);
}

/* Without a check of its own the kernel would say no more than EINVAL. */
static void a_mapping_in_the_way_is_named(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = open_device(container, EDU), *other = NULL;
	void *memory = memory_new(PAGE);

	fake_add_reserved(7, 0x100000, 0x1fffff, FAKE_RESERVED);
	tree_write(&machine->tree, "0x0000000000100000 0x00000000001fffff reserved\n",
		   "sys/kernel/iommu_groups/7/reserved_regions");
	map_at(container, memory, PAGE, 0x1ff000);
	assert_fails(vfa_device_open(container, OTHER, NULL, &other), EADDRINUSE, JOIN_CONFLICT);
	assert_null(other);
	assert_int_equal(fake_count_mappings(), 1);
	assert_int_equal(vfa_container_iova_ranges(container, NULL, 0), 2);
	assert_ok(vfa_container_unmap(container, 0x1ff000, PAGE));
	vfa_device_close(open_device(container, OTHER));
	vfa_device_close(device);
	vfa_container_close(container);
	memory_free(memory, PAGE);
}

/* sysfs says nothing of an aperture: the kernel finds the conflict. */
static void a_smaller_aperture_is_no_surprise(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = open_device(container, EDU), *other = NULL;
	void *memory = memory_new(PAGE);
	struct vfa_iova_range ranges[2];
	size_t fds, objects;

	fake_set_aperture(7, 0, 0xffffffff);
	map_at(container, memory, PAGE, 0x100000000);
	fds = count_fds();
	objects = fake_count_objects();
	assert_fails(vfa_device_open(container, OTHER, NULL, &other), EADDRINUSE, JOIN_CONFLICT);
	assert_null(other);
	assert_non_null(strstr(vfa_error_last()->message, "mapping 0x100000000-0x100000fff"));
	assert_int_equal(count_fds(), fds);
	assert_int_equal(fake_count_objects(), objects);
	assert_int_equal(fake_count_mappings(), 1);
	assert_int_equal(vfa_container_iova_ranges(container, ranges, 2), 2);
	assert_int_equal(ranges[1].last, 0x7fffffffff);
	vfa_device_close(device);
	vfa_container_close(container);
	memory_free(memory, PAGE);
}

/* Type1 has no mappings left, so that none can be what EINVAL means. */
static void a_forgotten_mapping_is_not_in_the_way(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = open_device(container, EDU);
	void *memory = memory_new(PAGE);

	map_at(container, memory, PAGE, 0x10000);
	vfa_device_close(device);
	device = NULL;
	fake_fail_ioctl(VFIO_SET_IOMMU, EINVAL);
	assert_fails(vfa_device_open(container, EDU, NULL, &device), EINVAL, KERNEL);
	assert_null(device);
	vfa_container_close(container);
	memory_free(memory, PAGE);
}

/* Of one iommufd: the kernel's EINVAL is not about the mapping that is there, too. */
static void siblings_in_two_address_spaces_are_refused(void **state)
{
	struct machine *machine = *state;
	int iommu = open_node(machine, "iommu");
	struct vfa_container *first = NULL, *second = NULL;
	struct vfa_device *left, *edu, *right = NULL;
	void *memory = memory_new(PAGE);

	assert_ok(vfa_container_open_fd(machine->host, VFA_BACKEND_IOMMUFD, iommu, &first));
	assert_ok(vfa_container_open_fd(machine->host, VFA_BACKEND_IOMMUFD, iommu, &second));
	left = open_device(first, LEFT);
	edu = open_device(second, EDU);
	map_at(second, memory, PAGE, 0x10000);
	assert_fails(vfa_device_open(second, RIGHT, NULL, &right), EINVAL, KERNEL);
	tree_add_holder(&machine->tree, 4711, "we", "vfio/devices/vfio4");
	assert_fails(vfa_device_open(second, RIGHT, NULL, &right), EBUSY, GROUP_BUSY);
	assert_null(right);
	vfa_device_close(left);
	vfa_device_close(edu);
	vfa_container_close(first);
	vfa_container_close(second);
	close_node(iommu);
	memory_free(memory, PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(an_opened_device_tells_its_identity),
		ON_BOTH(addresses_may_be_short_or_in_capitals),
		ON_BOTH(unparsable_addresses_are_refused),
		ON_BOTH(bad_arguments_are_refused),
		cmocka_unit_test(a_null_device_is_refused),
		ON_BOTH(a_device_that_is_not_there_is_refused),
		ON_BOTH(a_device_without_iommu_is_refused),
		ON_BOTH(an_unbound_device_is_refused),
		ON_BOTH(a_group_on_a_kernel_driver_is_refused),
		ON_BOTH(a_port_does_not_block_its_group),
		ON_BOTH(a_busy_group_is_refused),
		ON_BOTH(a_busy_device_node_is_refused),
		ON_BOTH(a_sibling_elsewhere_makes_the_group_busy),
		ON_BOTH(a_second_container_of_this_process_is_refused),
		ON_BOTH(opening_a_device_twice_is_refused),
		ON_BOTH(several_devices_and_groups_share_a_container),
		ON_BOTH(unsafe_interrupts_are_refused_unless_allowed),
		ON_BOTH(a_later_group_with_unsafe_interrupts_is_refused),
		ON_BOTH(a_firmware_map_is_refused),
		ON_BOTH(a_relaxable_map_is_no_obstacle),
		ON_BOTH(a_node_that_does_not_open_is_told),
		ON_BOTH(a_gone_device_is_refused),
		ON_BOTH(a_token_opens_a_virtual_function),
		ON_BOTH(a_physical_function_sets_the_token),
		ON_BOTH(an_unwanted_token_is_refused),
		ON_IOMMUFD(a_token_does_not_hide_who_has_the_device),
		ON_IOMMUFD(a_token_on_an_old_kernel_is_refused),
		ON_BOTH(bus_mastering_starts_off),
		ON_BOTH(closing_gives_everything_back),
		ON_BOTH(a_mapping_in_the_way_is_named),
		ON_BOTH(a_smaller_aperture_is_no_surprise),
		ON_TYPE1(a_forgotten_mapping_is_not_in_the_way),
		ON_IOMMUFD(siblings_in_two_address_spaces_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
