/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Parts of BARs as targets of DMA: edu's engine writes into the memory of ivshmem and into
 * NVMe's controller memory buffer, reads from them, and is stopped where it shall be.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <unistd.h>

#include "edu.h"
#include "nvme.h"

#define NETWORK "0000:00:0a.0" /* e1000e: I/O ports in BAR 2 */

#define PART  (4u * PAGE_SIZE)
#define BYTES 2048u /* of one transfer of edu */

#define NVME_CMBMSC 0x50 /* Controller Memory Buffer Memory Space Control */
#define CMBMSC_CRE  0x1  /* it has the registers that tell of it, and the memory */

#define COMMAND        0x04
#define COMMAND_MEMORY 0x2

/* edu, a page of memory to take from and to give to, and another device as its peer. */
struct scene {
	struct vm *vm;
	struct vfa_container *space;
	struct edu edu;
	struct vfa_buffer *buffer;
	struct vfa_device *device;
	size_t mappings;
	unsigned int seed; /* of the bytes that edu has */
};

static size_t count_mappings(struct vfa_container *space)
{
	struct vfa_limits limits = VFA_LIMITS_INIT;

	assert_ok(vfa_container_limits(space, &limits));
	return limits.entries_used;
}

static struct scene open_scene(void **state, const char *bdf)
{
	struct scene scene = { .vm = *state };

	vm_need_assignment(scene.vm);
	scene.space = vm_container(scene.vm);
	scene.edu = edu_open(scene.vm, scene.space, EDU);
	scene.buffer = edu_buffer(scene.vm, scene.space, PAGE_SIZE);
	if (bdf)
		assert_ok(vfa_device_open(scene.space, bdf, NULL, &scene.device));
	scene.mappings = count_mappings(scene.space);
	return scene;
}

/* All that was mapped for peers has gone. */
static void close_scene(struct scene *scene)
{
	assert_int_equal(count_mappings(scene->space), scene->mappings);
	vfa_device_close(scene->device);
}

static struct vfa_map_options reachable(void)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;

	options.iova_max = EDU_DMA_MASK;
	return options;
}

static struct vfa_peer *map_peer(const struct scene *scene, struct vfa_device *device,
				 uint64_t offset, uint64_t size)
{
	struct vfa_map_options options = reachable();
	struct vfa_peer *peer = NULL;

	assert_ok(vfa_peer_map(scene->space, device, VFA_BAR(2), offset, size, &options, &peer));
	return peer;
}

/* A BAR takes one load or store at a time, of 8 bytes at most. */
static void read_bar(const volatile void *bar, void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = vfa_mmio_read64(bar, i);

		memcpy((char *)bytes + i, &word, 8);
	}
}

static void write_bar(volatile void *bar, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i += 8) {
		uint64_t word;

		memcpy(&word, (const char *)bytes + i, 8);
		vfa_mmio_write64(bar, i, word);
	}
}

static void check_bar(const volatile void *bar, unsigned int seed)
{
	uint8_t bytes[BYTES];

	read_bar(bar, bytes, BYTES);
	edu_check(bytes, BYTES, seed);
}

static void clear_bar(volatile void *bar)
{
	for (size_t i = 0; i < BYTES; i += 8)
		vfa_mmio_write64(bar, i, 0);
}

/* DMA arrives in both directions, byte for byte, at @at of the part. */
static void check_reached(struct scene *scene, const struct vfa_peer *peer, uint64_t at)
{
	volatile char *bar = (volatile char *)vfa_peer_address(peer) + at;
	uint8_t bytes[BYTES];

	edu_fill(vfa_buffer_vaddr(scene->buffer), BYTES, ++scene->seed);
	edu_take(&scene->edu, vfa_buffer_iova(scene->buffer), BYTES);
	edu_give(&scene->edu, vfa_peer_iova(peer) + at, BYTES);
	check_bar(bar, scene->seed);
	edu_fill(bytes, BYTES, ++scene->seed);
	write_bar(bar, bytes, BYTES);
	edu_take(&scene->edu, vfa_peer_iova(peer) + at, BYTES);
	edu_give(&scene->edu, vfa_buffer_iova(scene->buffer), BYTES);
	edu_check(vfa_buffer_vaddr(scene->buffer), BYTES, scene->seed);
}

/* It still does, or again: of what edu has had since the last check. A transfer takes 100 ms. */
static void check_arrives(const struct scene *scene, const struct vfa_peer *peer)
{
	clear_bar(vfa_peer_address(peer));
	edu_give(&scene->edu, vfa_peer_iova(peer), BYTES);
	check_bar(vfa_peer_address(peer), scene->seed);
}

/* A short write: QEMU takes its time for the fault of each word. */
static void check_stopped(const struct scene *scene, uint64_t iova, volatile void *bar)
{
	clear_bar(bar);
	edu_give(&scene->edu, iova, 8);
	assert_int_equal(vfa_mmio_read64(bar, 0), 0);
}

/* The kernel logs a few faults in some seconds only: go on until it does. */
static void check_faults(const struct scene *scene, uint64_t iova, volatile void *bar)
{
	const char *const *fault = vm_profile()->fault;
	int log = vm_log_open(scene->vm);
	bool logged = false;

	for (int i = 0; !logged && i < 20; i++) {
		check_stopped(scene, iova, bar);
		logged = !fault[0] || vm_log_has(log, fault[0], fault[1], 1000);
	}
	if (!logged)
		fail_msg("the kernel logged no \"%s\" with \"%s\"", fault[0], fault[1]);
}

static void check_state(struct vfa_peer *peer, enum vfa_peer_state wanted)
{
	int state = assert_ok(vfa_peer_check(peer));

	assert_string_equal(vfa_peer_state_name(state), vfa_peer_state_name(wanted));
}

/* After something that revokes: so it is on iommufd, and on type1 as @otherwise. */
static void check_revoked(const struct scene *scene, struct vfa_peer *peer,
			  enum vfa_peer_state otherwise)
{
	bool is_revoked = scene->vm->backend == VFA_BACKEND_IOMMUFD;

	check_state(peer, is_revoked ? VFA_PEER_REVOKED : otherwise);
}

static void set_command(struct vfa_device *device, uint16_t clear, uint16_t set)
{
	uint16_t command;

	assert_ok(vfa_config_read16(device, COMMAND, &command));
	assert_ok(vfa_config_write16(device, COMMAND, (command & ~clear) | set));
}

/* QEMU's controller hides its memory until it is told to show it; a reset hides it again. */
static void show_memory(struct vfa_device *nvme)
{
	volatile void *bar = vm_bar(nvme, 0);

	vfa_mmio_write32(bar, NVME_CMBMSC, CMBMSC_CRE);
}

static void a_device_reaches_shared_memory(void **state)
{
	struct scene scene = open_scene(state, SHARED_MEMORY);
	struct vfa_peer *peer = map_peer(&scene, scene.device, 0, PART);

	assert_int_equal(vfa_peer_size(peer), PART);
	check_state(peer, VFA_PEER_MAPPED);
	check_reached(&scene, peer, 0);
	check_reached(&scene, peer, PART - BYTES);
	/* It is what the process had before, too. */
	check_bar((volatile char *)vm_bar(scene.device, 2) + PART - BYTES, scene.seed);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(&scene);
}

static void a_device_reaches_a_controller_memory_buffer(void **state)
{
	struct scene scene = open_scene(state, NVME);
	struct vfa_peer *peer, *other;

	show_memory(scene.device);
	peer = map_peer(&scene, scene.device, 0, PART);
	other = map_peer(&scene, scene.device, 2u << 20, 2u << 20); /* large pages, if any */
	check_reached(&scene, peer, 0);
	check_reached(&scene, other, (2u << 20) - BYTES);
	check_bar(vfa_peer_address(peer), scene.seed - 2);
	assert_ok(vfa_peer_unmap(peer));
	check_arrives(&scene, other);
	assert_ok(vfa_peer_unmap(other));
	close_scene(&scene);
}

/* The list, the index, and what is refused because of it. */
static void a_peer_is_listed_like_memory(void **state)
{
	struct scene scene = open_scene(state, SHARED_MEMORY);
	struct vfa_peer *peer = map_peer(&scene, scene.device, PAGE_SIZE, PART);
	uint64_t iova = vfa_peer_iova(peer), found = 0;
	struct vfa_map_options fixed = vm_fixed(iova);
	void *memory = vm_memory(scene.vm, PAGE_SIZE), *address = NULL;
	struct vfa_peer *again = NULL;

	assert_int_equal(count_mappings(scene.space), scene.mappings + 1);
	assert_ok(vfa_container_find_iova(scene.space, (char *)vfa_peer_address(peer) + 5000, 8,
					  &found));
	assert_int_equal(found, iova + 5000);
	assert_ok(vfa_container_find_vaddr(scene.space, iova + 5000, 8, &address));
	assert_ptr_equal(address, (char *)vfa_peer_address(peer) + 5000);
	assert_refused(vfa_container_map(scene.space, memory, PAGE_SIZE, &fixed, NULL), EEXIST,
		       VFA_CAUSE_OVERLAP);
	assert_refused(vfa_peer_map(scene.space, scene.device, VFA_BAR(2), 0, PART, &fixed, &again),
		       EEXIST, VFA_CAUSE_OVERLAP);
	assert_refused(vfa_container_unmap(scene.space, iova, PART), EBUSY, VFA_CAUSE_WRONG_ORDER);
	assert_said("vfa_peer_unmap");
	assert_ok(vfa_peer_unmap(peer));
	assert_refused(vfa_container_find_vaddr(scene.space, iova, 8, &address), ENOENT,
		       VFA_CAUSE_NOT_MAPPED);
	close_scene(&scene);
}

static void what_cannot_be_a_peer_is_refused(void **state)
{
	struct scene scene = open_scene(state, SHARED_MEMORY);
	struct vfa_device *network = vm_device(scene.vm, scene.space, NETWORK);
	struct vfa_peer *peer = NULL;
	struct vfa_region_info info;

	assert_ok(vfa_region_get_info(scene.device, VFA_BAR(2), &info));
#define REFUSED(device, region, offset, size, err, cause)                                          \
	assert_refused(vfa_peer_map(scene.space, device, region, offset, size, NULL, &peer), err,  \
		       VFA_CAUSE_##cause)
	REFUSED(scene.device, VFA_BAR(2), info.size, PAGE_SIZE, EINVAL, REGION_BOUNDS);
	REFUSED(scene.device, VFA_BAR(2), info.size - PAGE_SIZE, PART, EINVAL, REGION_BOUNDS);
	REFUSED(scene.device, VFA_BAR(2), 0, -(uint64_t)PAGE_SIZE, EINVAL, REGION_BOUNDS);
	REFUSED(scene.device, VFA_BAR(2), 0, PAGE_SIZE / 2, EINVAL, MISALIGNED);
	REFUSED(scene.device, VFA_BAR(2), 64, PAGE_SIZE, EINVAL, MISALIGNED);
	REFUSED(scene.device, VFA_BAR(2), 0, 0, EINVAL, EMPTY);
	REFUSED(scene.device, VFA_BAR(0), 0, PAGE_SIZE, EINVAL, MISALIGNED); /* 256 bytes */
	REFUSED(scene.device, VFA_BAR(4), 0, PAGE_SIZE, EINVAL, NO_REGION);
	REFUSED(scene.device, VFA_REGION_CONFIG, 0, PAGE_SIZE, EINVAL, NO_REGION);
	REFUSED(network, VFA_BAR(2), 0, PAGE_SIZE, EOPNOTSUPP, REGION_RIGHTS);
	assert_said("I/O ports");
#undef REFUSED
	assert_null(peer);
	close_scene(&scene);
}

/* The plain call says where to go; on type1 it works as ever. */
static void a_plain_map_of_a_bar_points_to_peers(void **state)
{
	struct scene scene = open_scene(state, SHARED_MEMORY);
	void *bar = (void *)vm_bar(scene.device, 2);

	if (scene.vm->backend == VFA_BACKEND_IOMMUFD) {
		assert_refused(vfa_container_map(scene.space, bar, PAGE_SIZE, NULL, NULL), EFAULT,
			       VFA_CAUSE_MMIO_ADDRESS);
		assert_said("vfa_peer_map");
	} else {
		struct vfa_mapping *mapping = NULL;

		assert_ok(vfa_container_map(scene.space, bar, PAGE_SIZE, NULL, &mapping));
		assert_ok(vfa_mapping_unmap(mapping));
	}
	close_scene(&scene);
}

/* A Function Level Reset: on iommufd the part is away, on type1 it is there again. */
static void a_reset_takes_a_peer_away_on_iommufd(void **state)
{
	struct scene scene = open_scene(state, NVME);
	struct vfa_peer *peer;
	uint64_t iova;

	show_memory(scene.device);
	peer = map_peer(&scene, scene.device, 0, PART);
	iova = vfa_peer_iova(peer);
	check_reached(&scene, peer, 0);
	assert_ok(vfa_device_reset(scene.device));
	show_memory(scene.device);
	check_revoked(&scene, peer, VFA_PEER_MAPPED);
	assert_int_equal(count_mappings(scene.space), scene.mappings + 1);
	if (scene.vm->backend == VFA_BACKEND_IOMMUFD)
		check_stopped(&scene, iova, vfa_peer_address(peer));
	else
		check_arrives(&scene, peer);

	assert_ok(vfa_peer_restore(peer));
	check_state(peer, VFA_PEER_MAPPED);
	assert_int_equal(vfa_peer_iova(peer), iova);
	assert_int_equal(count_mappings(scene.space), scene.mappings + 1);
	check_arrives(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(&scene);
}

/* By its own register, of which the library hears as it is written. */
static void a_reset_by_register_is_noticed(void **state)
{
	struct scene scene = open_scene(state, NVME);
	struct vfa_capability express;
	struct vfa_peer *peer;
	uint16_t control;

	show_memory(scene.device);
	peer = map_peer(&scene, scene.device, 0, PART);
	assert_ok(vfa_capability_find(scene.device, PCI_CAP_ID_EXP, &express));
	assert_ok(vfa_config_read16(scene.device, express.offset + PCI_EXP_DEVCTL, &control));
	check_state(peer, VFA_PEER_MAPPED);
	assert_ok(vfa_config_write16(scene.device, express.offset + PCI_EXP_DEVCTL,
				     control | PCI_EXP_DEVCTL_BCR_FLR));
	show_memory(scene.device);
	check_revoked(&scene, peer, VFA_PEER_MAPPED);
	if (scene.vm->backend == VFA_BACKEND_IOMMUFD)
		check_stopped(&scene, vfa_peer_iova(peer), vfa_peer_address(peer));
	assert_ok(vfa_peer_restore(peer));
	check_reached(&scene, peer, 0);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(&scene);
}

/* Of which the library does not hear; but the kernel revokes nothing then. */
static void a_reset_by_root_takes_nothing_away(void **state)
{
	struct scene scene = open_scene(state, NVME);
	struct vfa_peer *peer;
	int fd;

	show_memory(scene.device);
	peer = map_peer(&scene, scene.device, 0, PART);
	check_reached(&scene, peer, 0);
	fd = vm_open(scene.vm, "/sys/bus/pci/devices/" NVME "/reset", O_WRONLY);
	assert_int_equal(write(fd, "1", 1), 1);
	show_memory(scene.device);
	check_state(peer, VFA_PEER_MAPPED);
	check_arrives(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(&scene);
}

static void a_peer_that_decodes_no_memory_is_told(void **state)
{
	struct scene scene = open_scene(state, SHARED_MEMORY);
	struct vfa_peer *peer = map_peer(&scene, scene.device, 0, PART), *other = NULL;

	check_reached(&scene, peer, 0);
	set_command(scene.device, COMMAND_MEMORY, 0);
	check_revoked(&scene, peer, VFA_PEER_OFF);
	edu_give(&scene.edu, vfa_peer_iova(peer), 8); /* lost, or stopped */
	assert_refused(vfa_peer_restore(peer), EIO, VFA_CAUSE_REGION_OFF);
	assert_refused(
		vfa_peer_map(scene.space, scene.device, VFA_BAR(2), PART, PART, NULL, &other), EIO,
		VFA_CAUSE_REGION_OFF);
	assert_said("Memory Space Enable");
	set_command(scene.device, 0, COMMAND_MEMORY);
	check_revoked(&scene, peer, VFA_PEER_MAPPED);
	check_bar(vfa_peer_address(peer), scene.seed); /* what was written before */
	if (scene.vm->backend == VFA_BACKEND_IOMMUFD)
		check_stopped(&scene, vfa_peer_iova(peer), vfa_peer_address(peer));
	assert_ok(vfa_peer_restore(peer));
	check_arrives(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(&scene);
}

/* By the Power Management capability, and by the kernel's low power. */
static void a_peer_that_sleeps_is_told(void **state)
{
	struct scene scene = open_scene(state, NVME);
	struct vfa_capability power;
	struct vfa_peer *peer;

	assert_ok(vfa_capability_find(scene.device, PCI_CAP_ID_PM, &power));
	show_memory(scene.device);
	peer = map_peer(&scene, scene.device, 0, PART);
	assert_ok(vfa_config_write16(scene.device, power.offset + PCI_PM_CTRL, 3));
	check_revoked(&scene, peer, VFA_PEER_OFF);
	assert_refused(vfa_peer_restore(peer), EIO, VFA_CAUSE_REGION_OFF);
	assert_said("D3hot");
	assert_ok(vfa_config_write16(scene.device, power.offset + PCI_PM_CTRL, 0));
	check_revoked(&scene, peer, VFA_PEER_MAPPED);
	assert_ok(vfa_peer_restore(peer));
	show_memory(scene.device);
	check_reached(&scene, peer, 0);

	assert_ok(vfa_device_enter_low_power(scene.device, VFA_POWER_NO_WAKEUP));
	check_revoked(&scene, peer, VFA_PEER_OFF);
	assert_refused(vfa_peer_restore(peer), EIO, VFA_CAUSE_REGION_OFF);
	assert_said("low power");
	assert_ok(vfa_device_exit_low_power(scene.device));
	check_revoked(&scene, peer, VFA_PEER_MAPPED);
	assert_ok(vfa_peer_restore(peer));
	show_memory(scene.device);
	check_arrives(&scene, peer);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(&scene);
}

/* Nothing dangles: what was reached before is out of reach, and its IOVA is free. */
static void closing_a_peer_takes_it_out_of_reach(void **state)
{
	struct scene scene = open_scene(state, SHARED_MEMORY);
	struct vfa_peer *peer = map_peer(&scene, scene.device, 0, PART);
	uint64_t iova = vfa_peer_iova(peer);
	struct vfa_map_options fixed = vm_fixed(iova);
	struct vfa_mapping *mapping = NULL;
	void *memory = vm_memory(scene.vm, PART);

	check_reached(&scene, peer, 0);
	vfa_device_close(scene.device);
	scene.device = NULL;
	check_state(peer, VFA_PEER_CLOSED);
	assert_null(vfa_peer_address(peer));
	assert_int_equal(vfa_peer_iova(peer), iova);
	assert_int_equal(count_mappings(scene.space), scene.mappings);
	assert_refused(vfa_peer_restore(peer), ENODEV, VFA_CAUSE_WRONG_ORDER);
	/* Who opens it next finds what was there. */
	assert_ok(vfa_device_open(scene.space, SHARED_MEMORY, NULL, &scene.device));
	check_bar(vm_bar(scene.device, 2), scene.seed);
	check_faults(&scene, iova, vm_bar(scene.device, 2));
	assert_ok(vfa_container_map(scene.space, memory, PART, &fixed, &mapping));
	edu_give(&scene.edu, iova, BYTES);
	edu_check(memory, BYTES, scene.seed);
	assert_ok(vfa_mapping_unmap(mapping));
	assert_ok(vfa_peer_unmap(peer));
	close_scene(&scene);
}

static enum vfa_backend other_backend(const struct vm *vm)
{
	return vm->backend == VFA_BACKEND_TYPE1 ? VFA_BACKEND_IOMMUFD : VFA_BACKEND_TYPE1;
}

/* A device of another container, on the same backend and then on the other one. */
static void a_peer_may_be_of_another_container(void **state)
{
	struct scene scene = open_scene(state, NULL);
	enum vfa_backend backends[] = { scene.vm->backend, other_backend(scene.vm) };

	for (size_t i = 0; i < (vm_profile()->has_iommufd ? 2 : 1); i++) {
		struct vfa_container *other = NULL;
		struct vfa_peer *peer;

		assert_ok(vfa_container_open(NULL, backends[i], &other));
		assert_ok(vfa_device_open(other, SHARED_MEMORY, NULL, &scene.device));
		peer = map_peer(&scene, scene.device, 0, PART);
		check_reached(&scene, peer, 0);
		vfa_device_close(scene.device);
		vfa_container_close(other);
		check_state(peer, VFA_PEER_CLOSED);
		assert_ok(vfa_peer_unmap(peer));
	}
	scene.device = NULL;
	close_scene(&scene);
}

/* Two of one group: requests may never get to the IOMMU, which is asked all the same. */
static void a_peer_may_be_of_the_same_group(void **state)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct scene scene = open_scene(state, PORT_EDU_2);
	struct vfa_peer *peer = NULL;

	(void)vm_device(scene.vm, scene.space, PORT_EDU_1);
	options.iova_max = EDU_DMA_MASK;
	assert_ok(vfa_peer_map(scene.space, scene.device, VFA_BAR(0), 0, PART, &options, &peer));
	/* From outside of the group edu's identification is read through it. */
	edu_take(&scene.edu, vfa_peer_iova(peer), 4);
	edu_give(&scene.edu, vfa_buffer_iova(scene.buffer), 4);
	assert_int_equal(*(uint8_t *)vfa_buffer_vaddr(scene.buffer), 0xed);
	assert_ok(vfa_device_hot_reset(scene.device, NULL, 0));
	check_revoked(&scene, peer, VFA_PEER_MAPPED);
	assert_ok(vfa_peer_restore(peer));
	edu_take(&scene.edu, vfa_peer_iova(peer), 4);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(&scene);
}

/* Type1 forgets all mappings with its last group: the BAR is mapped anew with the rest. */
static void a_peer_outlasts_the_devices_that_reach_it(void **state)
{
	struct vfa_container *other = NULL;
	struct vfa_device *edu = NULL;
	struct vm *vm = *state;
	struct scene scene = { .vm = vm };
	struct vfa_peer *peer;

	vm_need_assignment(vm);
	scene.space = vm_container(vm);
	assert_ok(vfa_device_open(scene.space, EDU, NULL, &edu));
	assert_ok(vfa_container_open(NULL, vm->backend, &other));
	assert_ok(vfa_device_open(other, SHARED_MEMORY, NULL, &scene.device));
	peer = map_peer(&scene, scene.device, 0, PART);
	vfa_device_close(edu);

	/* Refused while it cannot be mapped anew, and nothing is lost by that. */
	if (vm->backend == VFA_BACKEND_TYPE1) {
		set_command(scene.device, COMMAND_MEMORY, 0);
		assert_refused(vfa_device_open(scene.space, EDU, NULL, &edu), EIO,
			       VFA_CAUSE_REGION_OFF);
		set_command(scene.device, 0, COMMAND_MEMORY);
	}
	scene.edu = edu_open(vm, scene.space, EDU);
	scene.buffer = edu_buffer(vm, scene.space, PAGE_SIZE);
	check_reached(&scene, peer, 0);
	vfa_device_close(scene.device);
	vfa_container_close(other);
	check_state(peer, VFA_PEER_CLOSED);
	assert_ok(vfa_peer_unmap(peer));
}

static void a_device_that_is_reached_cannot_be_sent(void **state)
{
	struct scene scene = open_scene(state, NULL);
	struct vfa_container *other = vm_container(scene.vm);
	struct vfa_peer *peer;

	assert_ok(vfa_device_open(other, SHARED_MEMORY, NULL, &scene.device));
	peer = map_peer(&scene, scene.device, 0, PART);
	assert_refused(vfa_share_send(-1, other), EBUSY, VFA_CAUSE_IN_USE);
	assert_said("vfa_peer_unmap");
	assert_refused(vfa_share_send(-1, scene.space), EBUSY, VFA_CAUSE_IN_USE);
	assert_ok(vfa_peer_unmap(peer));
	close_scene(&scene);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(a_device_reaches_shared_memory),
		VM_CASE(a_device_reaches_a_controller_memory_buffer),
		VM_CASE(a_peer_is_listed_like_memory),
		VM_CASE(what_cannot_be_a_peer_is_refused),
		VM_CASE(a_plain_map_of_a_bar_points_to_peers),
		VM_CASE(a_reset_takes_a_peer_away_on_iommufd),
		VM_CASE(a_reset_by_register_is_noticed),
		VM_CASE(a_reset_by_root_takes_nothing_away),
		VM_CASE(a_peer_that_decodes_no_memory_is_told),
		VM_CASE(a_peer_that_sleeps_is_told),
		VM_CASE(closing_a_peer_takes_it_out_of_reach),
		VM_CASE(a_peer_may_be_of_another_container),
		VM_CASE(a_peer_may_be_of_the_same_group),
		VM_CASE(a_peer_outlasts_the_devices_that_reach_it),
		VM_CASE(a_device_that_is_reached_cannot_be_sent),
	};

	return vm_run_cases("peer", cases);
}
