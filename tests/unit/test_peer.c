/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "fake/config.h"
#include "fixture.h"
#include "uapi/iommufd.h"
#include "uapi/vfio_feature.h"

#define READ_WRITE (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define ALL_RIGHTS (READ_WRITE | VFIO_REGION_INFO_FLAG_MMAP)

#define PART (4 * PAGE)

/* A device that may reach, and one that has a BAR of 1 MiB, in a container of its own. */
struct scene {
	struct space space;
	struct vfa_container *other;
	struct vfa_device *device;
};

static struct scene open_scene(void **state)
{
	struct scene scene;

	fake_set_region(OTHER, 0, 1 << 20, ALL_RIGHTS);
	scene.space = open_space(state);
	scene.other = open_container(scene.space.machine);
	scene.device = open_device(scene.other, OTHER);
	return scene;
}

static void close_scene(struct scene scene)
{
	vfa_device_close(scene.device);
	vfa_container_close(scene.other);
	close_space(scene.space);
}

static bool is_iommufd(const struct scene *scene)
{
	return scene->space.machine->backend == VFA_BACKEND_IOMMUFD;
}

static int try_map(const struct scene *scene, uint32_t region, uint64_t offset, uint64_t size,
		   struct vfa_peer **ret)
{
	return vfa_peer_map(scene->space.container, scene->device, region, offset, size, NULL, ret);
}

static struct vfa_peer *map_peer(const struct scene *scene, uint64_t offset, uint64_t size)
{
	struct vfa_peer *peer = NULL;

	assert_ok(try_map(scene, VFA_BAR(0), offset, size, &peer));
	return peer;
}

/* On iommufd it is so; on type1 as @otherwise. */
static void check_state(const struct scene *scene, struct vfa_peer *peer,
			enum vfa_peer_state wanted, enum vfa_peer_state otherwise)
{
	int state = vfa_peer_check(peer);

	assert_ok(state);
	assert_string_equal(vfa_peer_state_name(state),
			    vfa_peer_state_name(is_iommufd(scene) ? wanted : otherwise));
}

#define check_mapped(scene, peer)  check_state(scene, peer, VFA_PEER_MAPPED, VFA_PEER_MAPPED)
#define check_revoked(scene, peer) check_state(scene, peer, VFA_PEER_REVOKED, VFA_PEER_MAPPED)
#define check_off(scene, peer)     check_state(scene, peer, VFA_PEER_REVOKED, VFA_PEER_OFF)

static struct fake_mapping only_mapping(void)
{
	struct fake_mapping mapping = { 0 };

	assert_int_equal(fake_count_mappings(), 1);
	assert_true(fake_get_mapping(0, &mapping));
	return mapping;
}

/* What the library says of a dma-buf is what the kernel did. */
static void check_as_the_kernel(const struct scene *scene, struct vfa_peer *peer)
{
	if (is_iommufd(scene))
		assert_int_equal(vfa_peer_check(peer),
				 only_mapping().revoked ? VFA_PEER_REVOKED : VFA_PEER_MAPPED);
}

static void a_part_is_mapped_as_each_backend_wants_it(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, PART, PART);
	struct fake_mapping mapping = only_mapping();

	assert_int_equal(mapping.iova, vfa_peer_iova(peer));
	assert_int_equal(mapping.size, PART);
	assert_true(mapping.readable && mapping.writable);
	assert_int_equal(vfa_peer_size(peer), PART);
	assert_non_null((void *)vfa_peer_address(peer));
	if (is_iommufd(&scene)) {
		assert_true(mapping.is_dmabuf);
		assert_string_equal(mapping.bdf, OTHER);
		assert_int_equal(mapping.region, 0);
		assert_int_equal(mapping.region_offset, PART);
	} else {
		assert_int_equal(mapping.vaddr, (uintptr_t)vfa_peer_address(peer));
	}
	check_mapped(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	assert_int_equal(fake_count_mappings(), 0);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_DMABUF), 0);
	close_scene(scene);
}

static void options_say_where_and_how(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_map_options options = at(0x40000), odd = VFA_MAP_OPTIONS_INIT;
	struct vfa_peer *peer = NULL;

	options.access = VFA_ACCESS_READ;
	odd.flags = 1 << 30;
	assert_fails(
		vfa_peer_map(scene.space.container, scene.device, VFA_BAR(0), 0, PART, &odd, &peer),
		EINVAL, BAD_ARGUMENT);
	assert_ok(vfa_peer_map(scene.space.container, scene.device, VFA_BAR(0), 0, PART, &options,
			       &peer));
	assert_int_equal(vfa_peer_iova(peer), 0x40000);
	assert_true(only_mapping().readable);
	assert_false(only_mapping().writable);
	assert_ok(vfa_peer_restore(peer));
	assert_false(only_mapping().writable);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

static void a_peer_may_be_of_the_same_container(void **state)
{
	struct space space = open_space(state);
	struct vfa_peer *peer = NULL;

	assert_ok(vfa_peer_map(space.container, space.device, VFA_BAR(0), 0, PART, NULL, &peer));
	assert_int_equal(vfa_peer_check(peer), VFA_PEER_MAPPED);
	vfa_device_close(space.device);
	assert_int_equal(vfa_peer_check(peer), VFA_PEER_CLOSED);
	space.device = open_device(space.container, EDU);
	assert_int_equal(fake_count_mappings(), 0);
	assert_ok(vfa_peer_unmap(peer));
	close_space(space);
}

static void a_peer_may_be_of_the_other_backend(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *other = NULL;
	struct vfa_peer *peer = NULL;
	struct vfa_device *device;
	struct space space;

	fake_set_region(OTHER, 0, 1 << 20, ALL_RIGHTS);
	space = open_space(state);
	assert_ok(vfa_container_open(machine->host,
				     machine->backend == VFA_BACKEND_TYPE1 ? VFA_BACKEND_IOMMUFD
									   : VFA_BACKEND_TYPE1,
				     &other));
	device = open_device(other, OTHER);
	assert_ok(vfa_peer_map(space.container, device, VFA_BAR(0), 0, PART, NULL, &peer));
	assert_int_equal(only_mapping().is_dmabuf, machine->backend == VFA_BACKEND_IOMMUFD);
	assert_ok(vfa_device_reset(device));
	assert_int_equal(vfa_peer_check(peer), machine->backend == VFA_BACKEND_IOMMUFD
						       ? VFA_PEER_REVOKED
						       : VFA_PEER_MAPPED);
	assert_ok(vfa_peer_unmap(peer));
	vfa_device_close(device);
	vfa_container_close(other);
	close_space(space);
}

static void what_is_no_memory_is_refused(void **state)
{
	struct vfa_peer *peer = NULL;
	struct scene scene;

	fake_set_region(OTHER, 1, 256, ALL_RIGHTS);
	fake_set_region(OTHER, 4, 4 * PAGE, ALL_RIGHTS);
	fake_add_sparse(OTHER, 4, PAGE, PAGE);
	fake_set_region(OTHER, 5, PAGE, READ_WRITE);
	scene = open_scene(state);
	assert_fails(try_map(&scene, VFA_REGION_CONFIG, 0, PAGE, &peer), EINVAL, NO_REGION);
	assert_fails(try_map(&scene, VFA_REGION_ROM, 0, PAGE, &peer), EINVAL, NO_REGION);
	assert_fails(try_map(&scene, UINT32_MAX, 0, PAGE, &peer), EINVAL, NO_REGION);
	assert_fails(try_map(&scene, VFA_BAR(3), 0, PAGE, &peer), EINVAL, NO_REGION);
	assert_fails(try_map(&scene, VFA_BAR(1), 0, 256, &peer), EINVAL, MISALIGNED);
	assert_fails(try_map(&scene, VFA_BAR(1), 0, PAGE, &peer), EINVAL, MISALIGNED);
	assert_fails(try_map(&scene, VFA_BAR(0), 0, PAGE - 1, &peer), EINVAL, MISALIGNED);
	assert_fails(try_map(&scene, VFA_BAR(0), 8, PAGE, &peer), EINVAL, MISALIGNED);
	assert_fails(try_map(&scene, VFA_BAR(0), 0, 0, &peer), EINVAL, EMPTY);
	assert_fails(try_map(&scene, VFA_BAR(0), (1 << 20) - PAGE, PART, &peer), EINVAL,
		     REGION_BOUNDS);
	assert_fails(try_map(&scene, VFA_BAR(0), -PAGE, 2 * PAGE, &peer), EINVAL, REGION_BOUNDS);
	assert_fails(try_map(&scene, VFA_BAR(0), PAGE, -PAGE, &peer), EINVAL, REGION_BOUNDS);
	assert_fails(try_map(&scene, VFA_BAR(4), 0, 2 * PAGE, &peer), EOPNOTSUPP, REGION_RIGHTS);
	assert_fails(try_map(&scene, VFA_BAR(5), 0, PAGE, &peer), EOPNOTSUPP, REGION_RIGHTS);
	assert_null(peer);
	assert_ok(try_map(&scene, VFA_BAR(4), PAGE, PAGE, &peer));
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

static void io_ports_are_refused(void **state)
{
	struct space space = open_space(state);
	struct vfa_peer *peer = NULL;

	assert_fails(vfa_peer_map(space.container, space.device, VFA_BAR(2), 0, PAGE, NULL, &peer),
		     EOPNOTSUPP, REGION_RIGHTS);
	close_space(space);
}

static void arguments_are_checked(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_container *empty = open_container(*state), *space = scene.space.container;
	struct vfa_peer *peer = NULL;

	assert_fails(vfa_peer_map(NULL, scene.device, VFA_BAR(0), 0, PAGE, NULL, &peer), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_peer_map(space, NULL, VFA_BAR(0), 0, PAGE, NULL, &peer), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_peer_map(space, scene.device, VFA_BAR(0), 0, PAGE, NULL, NULL), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_peer_map(empty, scene.device, VFA_BAR(0), 0, PAGE, NULL, &peer), ENODEV,
		     WRONG_ORDER);
	assert_fails(vfa_peer_check(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_peer_restore(NULL), EINVAL, BAD_ARGUMENT);
	assert_ok(vfa_peer_unmap(NULL));
	assert_string_equal(vfa_peer_state_name(VFA_PEER_OFF), "off");
	assert_string_equal(vfa_peer_state_name(0), "unknown");
	assert_string_equal(vfa_peer_state_name(-1), "unknown");
	vfa_container_close(empty);
	close_scene(scene);
}

static void a_reset_revokes(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, 0, PART);
	uint64_t iova = vfa_peer_iova(peer), found = 0;

	assert_ok(vfa_device_reset(scene.device));
	check_revoked(&scene, peer);
	check_as_the_kernel(&scene, peer);
	/* It is listed all the same, and found. */
	assert_ok(vfa_container_find_iova(scene.space.container, (void *)vfa_peer_address(peer), 1,
					  &found));
	assert_int_equal(found, iova);
	assert_ok(vfa_peer_restore(peer));
	check_mapped(&scene, peer);
	check_as_the_kernel(&scene, peer);
	assert_int_equal(only_mapping().iova, iova);
	assert_int_equal(vfa_peer_iova(peer), iova);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

/* The kernel has revoked by the time it says so. */
static void a_reset_that_fails_revokes_too(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, 0, PART);

	fake_fail_ioctl(VFIO_DEVICE_RESET, EAGAIN);
	assert_fails(vfa_device_reset(scene.device), EAGAIN, IN_USE);
	fake_fail_ioctl(VFIO_DEVICE_RESET, 0);
	check_revoked(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

static void the_log_tells_what_is_taken_away(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, 0, PART);
	struct machine *machine = *state;

	assert_ok(vfa_device_reset(scene.device));
	assert_int_equal(!!strstr(machine->log, "a reset takes away 1 part of"),
			 is_iommufd(&scene));
	machine->log[0] = '\0';
	assert_ok(vfa_peer_unmap(peer));
	assert_ok(vfa_device_reset(scene.device));
	assert_null(strstr(machine->log, "takes away"));
	close_scene(scene);
}

static void a_hot_reset_revokes_of_all_on_the_bus(void **state)
{
	struct vfa_device *left, *right;
	struct vfa_peer *peer = NULL;
	enum vfa_peer_state revoked;
	struct space space;

	fake_set_region(LEFT, 0, 1 << 20, ALL_RIGHTS);
	space = open_space(state);
	left = open_device(space.container, LEFT);
	right = open_device(space.container, RIGHT);
	assert_ok(vfa_peer_map(space.container, left, VFA_BAR(0), 0, PART, NULL, &peer));
	assert_ok(vfa_device_hot_reset(right, NULL, 0));
	revoked =
		space.machine->backend == VFA_BACKEND_IOMMUFD ? VFA_PEER_REVOKED : VFA_PEER_MAPPED;
	assert_int_equal(vfa_peer_check(peer), revoked);
	assert_ok(vfa_peer_restore(peer));
	assert_int_equal(vfa_peer_check(peer), VFA_PEER_MAPPED);
	fake_fail_ioctl(VFIO_DEVICE_PCI_HOT_RESET, EBUSY);
	assert_fails(vfa_device_hot_reset(right, NULL, 0), EBUSY, IN_USE);
	fake_fail_ioctl(VFIO_DEVICE_PCI_HOT_RESET, 0);
	assert_int_equal(vfa_peer_check(peer), revoked);
	assert_ok(vfa_peer_unmap(peer));
	vfa_device_close(right);
	vfa_device_close(left);
	close_space(space);
}

/* However many of its devices are given. */
static void a_hot_reset_is_logged_once_of_a_container(void **state)
{
	struct vfa_device *left, *right, *others[2];
	struct vfa_peer *peer = NULL;
	struct machine *machine;
	struct space space;
	const char *told;

	fake_set_region(LEFT, 0, 1 << 20, ALL_RIGHTS);
	space = open_space(state);
	machine = space.machine;
	left = others[0] = open_device(space.container, LEFT);
	right = others[1] = open_device(space.container, RIGHT);
	assert_ok(vfa_peer_map(space.container, left, VFA_BAR(0), 0, PART, NULL, &peer));
	assert_ok(vfa_device_hot_reset(right, others, 2));
	told = strstr(machine->log, "takes away 1 part of");
	assert_non_null(told);
	assert_null(strstr(told + 1, "takes away"));
	assert_ok(vfa_peer_unmap(peer));
	vfa_device_close(right);
	vfa_device_close(left);
	close_space(space);
}

/* Bytes of Command by any width, and none that leave Memory Space Enable on. */
static void memory_decode_off_revokes(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, 0, PART), *other = NULL;
	uint8_t bytes[8] = { 0 };

	assert_ok(vfa_device_enable_bus_master(scene.device));
	assert_ok(vfa_config_write8(scene.device, PCI_COMMAND + 1, 0));
	assert_ok(vfa_config_write16(scene.device, PCI_STATUS, 0));
	check_mapped(&scene, peer);
	assert_ok(vfa_config_write8(scene.device, PCI_COMMAND, 0));
	check_off(&scene, peer);
	assert_fails(vfa_peer_restore(peer), EIO, REGION_OFF);
	assert_fails(try_map(&scene, VFA_BAR(0), PART, PART, &other), EIO, REGION_OFF);
	assert_ok(vfa_config_write16(scene.device, PCI_COMMAND, PCI_COMMAND_MEMORY));
	check_revoked(&scene, peer);
	check_as_the_kernel(&scene, peer);
	assert_ok(vfa_peer_restore(peer));
	check_mapped(&scene, peer);
	assert_ok(vfa_region_write(scene.device, VFA_REGION_CONFIG, 0, bytes, sizeof(bytes)));
	assert_ok(vfa_config_write16(scene.device, PCI_COMMAND, PCI_COMMAND_MEMORY));
	check_revoked(&scene, peer);
	check_as_the_kernel(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

/* Who else does it is seen while it lasts, and remembered. */
static void memory_decode_off_by_others_is_seen(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, 0, PART);
	uint16_t off = 0, on = PCI_COMMAND_MEMORY;

	fake_set_config(OTHER, PCI_COMMAND, &off, sizeof(off));
	check_off(&scene, peer);
	fake_set_config(OTHER, PCI_COMMAND, &on, sizeof(on));
	check_revoked(&scene, peer);
	assert_ok(vfa_peer_restore(peer));
	check_mapped(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

/* Power Management at 0x40, PCI Express at 0x50, Advanced Features at 0x90; two of them reset. */
static void add_capabilities(bool can_reset)
{
	uint8_t config[0x60] = { 0 };
	uint32_t capable = can_reset ? PCI_EXP_DEVCAP_FLR : 0;

	config[0x00] = PCI_CAP_ID_PM;
	config[0x01] = 0x50;
	config[0x10] = PCI_CAP_ID_EXP;
	config[0x11] = 0x90;
	config[0x12] = 2;
	memcpy(&config[0x10 + PCI_EXP_DEVCAP], &capable, sizeof(capable));
	config[0x50] = PCI_CAP_ID_AF;
	config[0x52] = 6;
	config[0x53] = can_reset ? PCI_AF_CAP_TP | PCI_AF_CAP_FLR : 0;
	fake_set_config(OTHER, 0x40, config, sizeof(config));
	fake_set_config(OTHER, PCI_CAPABILITY_LIST, "\x40", 1);
	fake_set_config(OTHER, PCI_STATUS, "\x10", 1);
}

static void d3hot_revokes(void **state)
{
	struct scene scene;
	struct vfa_peer *peer;

	add_capabilities(false);
	scene = open_scene(state);
	peer = map_peer(&scene, 0, PART);
	assert_ok(vfa_config_write16(scene.device, 0x40 + PCI_PM_CTRL, 1));
	assert_ok(vfa_config_write16(scene.device, 0x40 + PCI_PM_CTRL, 0));
	check_mapped(&scene, peer);
	assert_ok(vfa_config_write16(scene.device, 0x40 + PCI_PM_CTRL, 3));
	check_off(&scene, peer);
	assert_fails(vfa_peer_restore(peer), EIO, REGION_OFF);
	assert_ok(vfa_config_write16(scene.device, 0x40 + PCI_PM_CTRL, 0));
	check_revoked(&scene, peer);
	check_as_the_kernel(&scene, peer);
	assert_ok(vfa_peer_restore(peer));
	check_mapped(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

static void write_resets(const struct scene *scene)
{
	assert_ok(vfa_config_write16(scene->device, 0x50 + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR));
	assert_ok(vfa_config_write8(scene->device, 0x90 + PCI_AF_CTRL, PCI_AF_CTRL_FLR));
}

static void resets_by_register_revoke(void **state)
{
	struct scene scene;
	struct vfa_peer *peer;

	add_capabilities(true);
	scene = open_scene(state);
	peer = map_peer(&scene, 0, PART);
	assert_ok(vfa_config_write16(scene.device, 0x50 + PCI_EXP_DEVCTL, 0x10));
	assert_ok(vfa_config_write8(scene.device, 0x50 + PCI_EXP_DEVCTL, 0xff));
	check_mapped(&scene, peer);
	assert_ok(vfa_config_write16(scene.device, 0x50 + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR));
	check_revoked(&scene, peer);
	check_as_the_kernel(&scene, peer);
	assert_ok(vfa_peer_restore(peer));
	check_mapped(&scene, peer);
	assert_ok(vfa_config_write8(scene.device, 0x90 + PCI_AF_CTRL, PCI_AF_CTRL_FLR));
	check_revoked(&scene, peer);
	check_as_the_kernel(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

static void registers_that_do_not_reset_revoke_nothing(void **state)
{
	struct scene scene;
	struct vfa_peer *peer;

	add_capabilities(false);
	scene = open_scene(state);
	peer = map_peer(&scene, 0, PART);
	write_resets(&scene);
	check_mapped(&scene, peer);
	check_as_the_kernel(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

/* And is not woken by the question, nor by a refused request. */
static void low_power_revokes(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = NULL;
	int wakeup = fake_syscalls.eventfd(0, 0);

	assert_ok(vfa_device_enter_low_power(scene.device, wakeup));
	assert_fails(try_map(&scene, VFA_BAR(0), 0, PART, &peer), EIO, REGION_OFF);
	assert_true(fake_is_in_low_power(OTHER));
	assert_ok(vfa_device_exit_low_power(scene.device));
	peer = map_peer(&scene, 0, PART);
	assert_ok(vfa_device_enter_low_power(scene.device, wakeup));
	check_off(&scene, peer);
	assert_fails(vfa_peer_restore(peer), EIO, REGION_OFF);
	assert_true(fake_is_in_low_power(OTHER));
	assert_ok(vfa_device_exit_low_power(scene.device));
	check_revoked(&scene, peer);
	check_as_the_kernel(&scene, peer);
	assert_ok(vfa_peer_restore(peer));
	check_mapped(&scene, peer);
	assert_ok(vfa_feature_set(scene.device, VFA_FEATURE_LOW_POWER_ENTRY, NULL, 0));
	check_off(&scene, peer);
	assert_fails(vfa_peer_restore(peer), EIO, REGION_OFF);
	assert_ok(vfa_feature_set(scene.device, VFA_FEATURE_LOW_POWER_EXIT, NULL, 0));
	check_revoked(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	fake_syscalls.close(wakeup);
	close_scene(scene);
}

/* As of somebody else who has the device, and has entered it. */
static void low_power_that_is_refused_revokes_too(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, 0, PART);

	fake_fail_ioctl(VFIO_DEVICE_FEATURE, EINVAL);
	assert_true(vfa_device_enter_low_power(scene.device, VFA_POWER_NO_WAKEUP) < 0);
	fake_fail_ioctl(VFIO_DEVICE_FEATURE, 0);
	check_revoked(&scene, peer);
	assert_ok(vfa_peer_restore(peer));
	fake_fail_ioctl(VFIO_DEVICE_FEATURE, ENOTTY);
	assert_fails(vfa_device_enter_low_power(scene.device, VFA_POWER_NO_WAKEUP), EOPNOTSUPP,
		     NO_FEATURE);
	fake_fail_ioctl(VFIO_DEVICE_FEATURE, 0);
	check_mapped(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

static void a_closed_peer_is_unmapped_everywhere(void **state)
{
	struct scene scene = open_scene(state);
	struct space second = open_space_of(state, NVME);
	struct vfa_peer *peers[3] = { NULL };
	uint64_t found;

	peers[0] = map_peer(&scene, 0, PART);
	peers[1] = map_peer(&scene, PART, PART);
	assert_ok(
		vfa_peer_map(second.container, scene.device, VFA_BAR(0), 0, PART, NULL, &peers[2]));
	assert_int_equal(fake_count_mappings(), 3);
	vfa_device_close(scene.device);
	scene.device = NULL;
	assert_int_equal(fake_count_mappings(), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(vfa_peer_check(peers[i]), VFA_PEER_CLOSED);
		assert_null((void *)vfa_peer_address(peers[i]));
		assert_fails(vfa_peer_restore(peers[i]), ENODEV, WRONG_ORDER);
		assert_fails(
			vfa_container_find_vaddr(i < 2 ? scene.space.container : second.container,
						 vfa_peer_iova(peers[i]), 1, (void **)&found),
			ENOENT, NOT_MAPPED);
		assert_ok(vfa_peer_unmap(peers[i]));
	}
	close_space(second);
	close_scene(scene);
}

/* What the kernel keeps mapped can be unmapped by range later, and nobody else has its place. */
static void what_does_not_unmap_at_close_stays_listed(void **state)
{
	unsigned long unmap = ((struct machine *)*state)->backend == VFA_BACKEND_TYPE1
				      ? VFIO_IOMMU_UNMAP_DMA
				      : UAPI_IOMMU_IOAS_UNMAP;
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, 0, PART);
	uint64_t iova = vfa_peer_iova(peer);

	fake_fail_ioctl(unmap, EIO);
	assert_fails(vfa_peer_unmap(peer), EIO, KERNEL);
	check_mapped(&scene, peer);
	vfa_device_close(scene.device);
	scene.device = NULL;
	fake_fail_ioctl(unmap, 0);
	assert_non_null(strstr(((struct machine *)*state)->log, "stays mapped"));
	assert_int_equal(vfa_peer_check(peer), VFA_PEER_CLOSED);
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_peer_unmap(peer));
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_container_unmap(scene.space.container, iova, PART));
	assert_int_equal(fake_count_mappings(), 0);
	close_scene(scene);
}

/* Only the first has pages left at the address that they had in common. */
static void of_two_that_do_not_unmap_one_has_an_address(void **state)
{
	unsigned long unmap = ((struct machine *)*state)->backend == VFA_BACKEND_TYPE1
				      ? VFIO_IOMMU_UNMAP_DMA
				      : UAPI_IOMMU_IOAS_UNMAP;
	struct scene scene = open_scene(state);
	struct vfa_peer *peers[2] = { map_peer(&scene, 0, PART), map_peer(&scene, 0, PART) };
	struct vfa_container *space = scene.space.container;
	uint64_t iova[2] = { vfa_peer_iova(peers[0]), vfa_peer_iova(peers[1]) }, found;
	const void *address = (const void *)vfa_peer_address(peers[0]);
	void *vaddr[2] = { NULL };
	int has[2], kept;

	assert_ptr_equal(address, vfa_peer_address(peers[1]));
	fake_fail_ioctl(unmap, EIO);
	vfa_device_close(scene.device);
	scene.device = NULL;
	fake_fail_ioctl(unmap, 0);
	for (int i = 0; i < 2; i++)
		has[i] = !vfa_container_find_vaddr(space, iova[i], 1, &vaddr[i]);
	assert_int_equal(has[0] + has[1], 1);
	kept = has[0] ? 0 : 1;
	assert_ptr_equal(vaddr[kept], address);
	assert_ok(vfa_container_find_iova(space, address, 1, &found));
	assert_int_equal(found, iova[kept]);
	assert_ok(vfa_container_unmap(space, iova[kept], PART));
	assert_fails(vfa_container_find_iova(space, address, 1, &found), ENOENT, NOT_MAPPED);
	assert_ok(vfa_container_unmap(space, iova[!kept], PART));
	assert_int_equal(fake_count_mappings(), 0);
	assert_ok(vfa_peer_unmap(peers[0]));
	assert_ok(vfa_peer_unmap(peers[1]));
	close_scene(scene);
}

static void a_container_outlives_its_handle(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, 0, PART);

	vfa_device_close(scene.space.device);
	vfa_container_close(scene.space.container);
	memory_free(scene.space.memory, MEMORY);
	check_mapped(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	vfa_device_close(scene.device);
	vfa_container_close(scene.other);
}

static void a_peer_is_unmapped_by_its_own_call_only(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_container *space = scene.space.container;
	struct vfa_peer *peer = map_peer(&scene, 0, PART);

	assert_fails(vfa_container_unmap(space, vfa_peer_iova(peer), PART), EBUSY, WRONG_ORDER);
	assert_fails(vfa_container_unmap_all(space), EBUSY, WRONG_ORDER);
	assert_ok(vfa_container_keep_mappings(space, false));
	vfa_device_close(scene.space.device);
	scene.space.device = open_device(space, EDU);
	assert_int_equal(fake_count_mappings(), 1);
	check_mapped(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

/* Another device of the same kind has no limit on it. */
static void nothing_is_counted_as_pinned(void **state)
{
	struct vfa_limits limits = VFA_LIMITS_INIT;
	struct scene scene = open_scene(state);
	struct vfa_peer *peer;

	fake_set_capabilities(0);
	fake_set_memlock(PAGE);
	peer = map_peer(&scene, 0, PART);
	assert_ok(vfa_container_limits(scene.space.container, &limits));
	assert_int_equal(limits.entries_used, 1);
	assert_int_equal(limits.mapped_bytes, PART);
	vfa_device_close(scene.space.device);
	scene.space.device = open_device(scene.space.container, EDU);
	check_mapped(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

/* Type1 has forgotten it: pages that are not the device's are not mapped in their place. */
static void what_type1_forgot_is_mapped_from_the_device(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, 0, PART);
	volatile uint32_t *bar = vfa_peer_address(peer);

	vfa_device_close(scene.space.device);
	assert_true(vfa_region_catch_fault(scene.device, (const void *)bar));
	assert_int_equal(bar[0], UINT32_MAX);
	scene.space.device = open_device(scene.space.container, EDU);
	assert_int_not_equal(bar[0], UINT32_MAX);
	check_mapped(&scene, peer);

	vfa_device_close(scene.space.device);
	assert_ok(vfa_region_unmap_part(scene.device, bar)); /* which is the peer's */
	assert_fails(vfa_device_open(scene.space.container, EDU, NULL, &scene.space.device), EINVAL,
		     WRONG_ORDER);
	scene.space.device = NULL;
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

/* The device does not come in, rather than that a peer is listed which is not mapped. */
static void what_type1_forgot_has_to_answer(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, 0, PART);

	vfa_device_close(scene.space.device);
	scene.space.device = NULL;
	assert_ok(vfa_config_write16(scene.device, PCI_COMMAND, 0));
	assert_fails(vfa_device_open(scene.space.container, EDU, NULL, &scene.space.device), EIO,
		     REGION_OFF);
	assert_ok(vfa_config_write16(scene.device, PCI_COMMAND, PCI_COMMAND_MEMORY));
	scene.space.device = open_device(scene.space.container, EDU);
	assert_int_equal(only_mapping().iova, vfa_peer_iova(peer));
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

static void take_pages(void *data)
{
	struct scene *scene = data;
	volatile void *bar = NULL;

	assert_ok(vfa_region_map_part(scene->device, VFA_BAR(0), 0, PART, &bar));
	assert_true(vfa_region_catch_fault(scene->device, (const void *)bar));
	assert_ok(vfa_region_unmap_part(scene->device, bar));
}

/* In the middle of the map. */
static void pages_in_the_place_of_the_devices_are_not_mapped(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = NULL;

	fake_visit_ioctl(VFIO_IOMMU_MAP_DMA, take_pages, &scene);
	assert_fails(try_map(&scene, VFA_BAR(0), 0, PART, &peer), EIO, REGION_OFF);
	assert_false(fake_awaits_visit());
	assert_int_equal(fake_count_mappings(), 0);
	/* Those that the kernel does not give back stay listed, and are nobody's. */
	fake_visit_ioctl(VFIO_IOMMU_MAP_DMA, take_pages, &scene);
	fake_fail_ioctl(VFIO_IOMMU_UNMAP_DMA, EIO);
	assert_fails(try_map(&scene, VFA_BAR(0), 0, PART, &peer), EIO, REGION_OFF);
	fake_fail_ioctl(VFIO_IOMMU_UNMAP_DMA, 0);
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_container_unmap_all(scene.space.container));
	peer = map_peer(&scene, 0, PART);
	check_mapped(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

static void reset_it(void *data)
{
	assert_ok(vfa_device_reset(((struct scene *)data)->device));
}

/* The kernel has revoked the dma-buf before it is mapped, and gives it back after. */
static void a_reset_in_the_middle_is_noticed(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer;

	fake_visit_ioctl(UAPI_IOMMU_IOAS_MAP_FILE, reset_it, &scene);
	peer = map_peer(&scene, 0, PART);
	assert_false(fake_awaits_visit());
	assert_int_equal(vfa_peer_check(peer), VFA_PEER_REVOKED);
	fake_visit_ioctl(UAPI_IOMMU_IOAS_MAP_FILE, reset_it, &scene);
	assert_ok(vfa_peer_restore(peer));
	assert_int_equal(vfa_peer_check(peer), VFA_PEER_REVOKED);
	assert_ok(vfa_peer_restore(peer));
	check_mapped(&scene, peer);
	check_as_the_kernel(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

/* Between the unmap and the map of a restore the kernel refuses: then it is nowhere. */
static void a_restore_that_fails_can_be_repeated(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, 0, PART);
	uint64_t iova = vfa_peer_iova(peer);
	struct vfa_map_options options = at(iova);
	struct vfa_mapping *mapping = NULL;

	assert_ok(vfa_device_reset(scene.device));
	fake_fail_ioctl(UAPI_IOMMU_IOAS_UNMAP, EIO);
	assert_fails(vfa_peer_restore(peer), EIO, KERNEL);
	fake_fail_ioctl(UAPI_IOMMU_IOAS_UNMAP, 0);
	assert_true(only_mapping().revoked);
	fake_fail_ioctl(UAPI_IOMMU_IOAS_MAP_FILE, ENOMEM);
	assert_fails(vfa_peer_restore(peer), ENOMEM, NO_MEMORY);
	assert_fails(vfa_peer_restore(peer), ENOMEM, NO_MEMORY);
	fake_fail_ioctl(UAPI_IOMMU_IOAS_MAP_FILE, 0);
	assert_int_equal(fake_count_mappings(), 0);
	assert_int_equal(vfa_peer_check(peer), VFA_PEER_REVOKED);

	assert_ok(vfa_container_map(scene.space.container, scene.space.memory, PAGE, &options,
				    &mapping));
	assert_fails(vfa_peer_restore(peer), EEXIST, OVERLAP);
	assert_ok(vfa_mapping_unmap(mapping));
	assert_ok(vfa_peer_restore(peer));
	check_mapped(&scene, peer);
	assert_int_equal(only_mapping().iova, iova);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

static void older_kernels_refuse_with_the_version(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = NULL;

	fake_set_dmabufs(false);
	assert_fails(try_map(&scene, VFA_BAR(0), 0, PART, &peer), EOPNOTSUPP, NO_FEATURE);
	assert_non_null(strstr(vfa_error_last()->hint, "6.19"));
	fake_set_dmabufs(true);
	fake_set_map_file(false);
	assert_fails(try_map(&scene, VFA_BAR(0), 0, PART, &peer), EOPNOTSUPP, NO_FEATURE);
	assert_non_null(strstr(vfa_error_last()->hint, "6.14"));
	assert_int_equal(fake_count_ioctls(UAPI_IOMMU_IOAS_MAP), 0);
	close_scene(scene);
}

static void type1_needs_none_of_it(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer;

	fake_set_dmabufs(false);
	fake_set_features(false);
	peer = map_peer(&scene, 0, PART);
	assert_ok(vfa_device_reset(scene.device));
	check_mapped(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

static void a_peer_that_is_gone_is_told(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, 0, PART), *other = NULL;

	fake_set_gone(OTHER, true);
	assert_fails(vfa_peer_check(peer), ENODEV, DEVICE_GONE);
	assert_fails(vfa_peer_restore(peer), ENODEV, DEVICE_GONE);
	assert_fails(try_map(&scene, VFA_BAR(0), PART, PART, &other), ENODEV, DEVICE_GONE);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

static void neither_end_is_sent(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, 0, PART);

	assert_fails(vfa_share_send(-1, scene.other), EBUSY, IN_USE);
	assert_fails(vfa_share_send(-1, scene.space.container), EBUSY, IN_USE);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

/* Else it could be mapped again when it is somebody else's. */
static void a_peer_that_was_taken_away_keeps_its_device(void **state)
{
	struct scene scene = open_scene(state);
	struct vfa_peer *peer = map_peer(&scene, 0, PART);

	assert_ok(vfa_device_reset(scene.device));
	fake_fail_ioctl(UAPI_IOMMU_IOAS_MAP_FILE, ENOMEM);
	assert_fails(vfa_peer_restore(peer), ENOMEM, NO_MEMORY);
	fake_fail_ioctl(UAPI_IOMMU_IOAS_MAP_FILE, 0);
	assert_int_equal(fake_count_mappings(), 0);
	assert_fails(vfa_share_send(-1, scene.other), EBUSY, IN_USE);
	assert_ok(vfa_peer_restore(peer));
	assert_ok(vfa_peer_unmap(peer));
	assert_fails(vfa_share_send(-1, scene.other), EBADF, BAD_FD);
	close_scene(scene);
}

struct sending {
	const struct scene *scene;
	int result;
};

static void send_other(void *data)
{
	struct sending *sending = data;

	sending->result = vfa_share_send(-1, sending->scene->other);
}

/* The device may have been looked at for the last time before it is mapped. */
static void a_device_is_not_sent_while_it_becomes_a_peer(void **state)
{
	struct scene scene = open_scene(state);
	struct sending sending = { .scene = &scene };
	struct vfa_peer *peer;

	fake_visit_ioctl(UAPI_IOMMU_IOAS_MAP_FILE, send_other, &sending);
	peer = map_peer(&scene, 0, PART);
	assert_false(fake_awaits_visit());
	assert_int_equal(sending.result, -EBUSY);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(scene);
}

/* A thread that unmaps, while the device is closed. */
static void *unmap_all(void *data)
{
	struct vfa_peer **peers = data;

	for (size_t i = 0; i < 16; i++)
		if (vfa_peer_unmap(peers[i]))
			return peers[i];
	return NULL;
}

static void unmapping_and_closing_may_meet(void **state)
{
	struct scene scene = open_scene(state);

	for (int round = 0; round < (is_slow() ? 3 : 30); round++) {
		struct vfa_peer *peers[16] = { NULL };
		void *failed = NULL;
		pthread_t thread;

		for (uint64_t i = 0; i < 16; i++)
			peers[i] = map_peer(&scene, i * PART, PART);
		assert_int_equal(pthread_create(&thread, NULL, unmap_all, peers), 0);
		vfa_device_close(scene.device);
		assert_int_equal(pthread_join(thread, &failed), 0);
		assert_null(failed);
		assert_int_equal(fake_count_mappings(), 0);
		scene.device = open_device(scene.other, OTHER);
	}
	close_scene(scene);
}

static void *reset_bus(void *data)
{
	for (int i = 0; i < (is_slow() ? 10 : 100); i++)
		if (vfa_device_hot_reset(data, NULL, 0))
			return data;
	return NULL;
}

/* The reset finds the other device in the container while that is closed, or after it. */
static void hot_resets_and_closing_may_meet(void **state)
{
	struct vfa_device *left, *right;
	struct vfa_peer *peer = NULL;
	void *failed = NULL;
	struct space space;
	pthread_t thread;

	fake_set_region(RIGHT, 0, 1 << 20, ALL_RIGHTS);
	space = open_space(state);
	left = open_device(space.container, LEFT);
	assert_int_equal(pthread_create(&thread, NULL, reset_bus, left), 0);
	for (int i = 0; i < (is_slow() ? 10 : 100); i++) {
		right = open_device(space.container, RIGHT);
		assert_ok(vfa_peer_map(space.container, right, VFA_BAR(0), 0, PART, NULL, &peer));
		(void)vfa_peer_check(peer);
		vfa_device_close(right);
		assert_int_equal(vfa_peer_check(peer), VFA_PEER_CLOSED);
		assert_ok(vfa_peer_unmap(peer));
	}
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	vfa_device_close(left);
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_part_is_mapped_as_each_backend_wants_it),
		ON_BOTH(options_say_where_and_how),
		ON_BOTH(a_peer_may_be_of_the_same_container),
		ON_BOTH(a_peer_may_be_of_the_other_backend),
		ON_BOTH(what_is_no_memory_is_refused),
		ON_BOTH(io_ports_are_refused),
		ON_BOTH(arguments_are_checked),
		ON_BOTH(a_reset_revokes),
		ON_BOTH(a_reset_that_fails_revokes_too),
		ON_BOTH(the_log_tells_what_is_taken_away),
		ON_BOTH(a_hot_reset_revokes_of_all_on_the_bus),
		ON_IOMMUFD(a_hot_reset_is_logged_once_of_a_container),
		ON_BOTH(memory_decode_off_revokes),
		ON_BOTH(memory_decode_off_by_others_is_seen),
		ON_BOTH(d3hot_revokes),
		ON_BOTH(resets_by_register_revoke),
		ON_BOTH(registers_that_do_not_reset_revoke_nothing),
		ON_BOTH(low_power_revokes),
		ON_BOTH(low_power_that_is_refused_revokes_too),
		ON_BOTH(a_closed_peer_is_unmapped_everywhere),
		ON_BOTH(what_does_not_unmap_at_close_stays_listed),
		ON_BOTH(of_two_that_do_not_unmap_one_has_an_address),
		ON_BOTH(a_container_outlives_its_handle),
		ON_BOTH(a_peer_is_unmapped_by_its_own_call_only),
		ON_BOTH(nothing_is_counted_as_pinned),
		ON_TYPE1(what_type1_forgot_is_mapped_from_the_device),
		ON_TYPE1(what_type1_forgot_has_to_answer),
		ON_TYPE1(pages_in_the_place_of_the_devices_are_not_mapped),
		ON_IOMMUFD(a_reset_in_the_middle_is_noticed),
		ON_IOMMUFD(a_restore_that_fails_can_be_repeated),
		ON_IOMMUFD(older_kernels_refuse_with_the_version),
		ON_TYPE1(type1_needs_none_of_it),
		ON_BOTH(a_peer_that_is_gone_is_told),
		ON_BOTH(neither_end_is_sent),
		ON_IOMMUFD(a_peer_that_was_taken_away_keeps_its_device),
		ON_IOMMUFD(a_device_is_not_sent_while_it_becomes_a_peer),
		ON_BOTH(unmapping_and_closing_may_meet),
		ON_BOTH(hot_resets_and_closing_may_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
