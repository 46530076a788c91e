/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The fake kernel itself: what the library relies on in the real one. */

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "uapi/iommufd.h"
#include "uapi/vfio_cdev.h"
#include "uapi/vfio_feature.h"

static int call(int fd, unsigned long request, void *argument)
{
	int result = fake_syscalls.ioctl(fd, request, argument);

	return result < 0 ? -errno : result;
}

static int call_number(int fd, unsigned long request, unsigned long number)
{
	return call(fd, request, (void *)number);
}

/* A type1 container with one group in it, all nodes open. */
struct type1 {
	int container;
	int group;
};

static struct type1 open_type1(struct machine *machine, const char *node)
{
	struct type1 fds = { open_node(machine, "vfio/vfio"), open_node(machine, node) };

	assert_true(fds.container >= 0 && fds.group >= 0);
	assert_int_equal(call(fds.group, VFIO_GROUP_SET_CONTAINER, &fds.container), 0);
	assert_int_equal(call_number(fds.container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), 0);
	return fds;
}

static void close_type1(struct type1 fds)
{
	close_node(fds.group);
	close_node(fds.container);
}

static int map_dma(int fd, void *vaddr, uint64_t size, uint64_t iova)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)vaddr,
		.iova = iova,
		.size = size,
	};

	return call(fd, VFIO_IOMMU_MAP_DMA, &map);
}

static int unmap_dma(int fd, uint64_t size, uint64_t iova, uint64_t *done)
{
	struct vfio_iommu_type1_dma_unmap unmap = { .argsz = sizeof(unmap),
						    .iova = iova,
						    .size = size };
	int err = call(fd, VFIO_IOMMU_UNMAP_DMA, &unmap);

	*done = unmap.size;
	return err;
}

struct ioas {
	int iommufd;
	int device;
	uint32_t id;
};

static int bind_device(int device, int iommufd)
{
	struct uapi_vfio_bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = iommufd };

	return call(device, UAPI_VFIO_DEVICE_BIND_IOMMUFD, &bind);
}

static int attach_device(int device, uint32_t id)
{
	struct uapi_vfio_attach_iommufd_pt attach = { .argsz = sizeof(attach), .pt_id = id };

	return call(device, UAPI_VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

static struct ioas open_ioas(struct machine *machine, const char *node)
{
	struct uapi_iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct ioas ioas = { open_node(machine, "iommu"), open_node(machine, node), 0 };

	assert_int_equal(call(ioas.iommufd, UAPI_IOMMU_IOAS_ALLOC, &alloc), 0);
	ioas.id = alloc.out_ioas_id;
	assert_int_equal(bind_device(ioas.device, ioas.iommufd), 0);
	assert_int_equal(attach_device(ioas.device, ioas.id), 0);
	return ioas;
}

static void close_ioas(struct ioas ioas)
{
	close_node(ioas.device);
	close_node(ioas.iommufd);
}

static int map_ioas(struct ioas ioas, void *vaddr, uint64_t size, uint64_t iova)
{
	struct uapi_iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = UAPI_IOMMU_IOAS_MAP_FIXED_IOVA | UAPI_IOMMU_IOAS_MAP_READABLE |
			 UAPI_IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas.id,
		.user_va = (uintptr_t)vaddr,
		.length = size,
		.iova = iova,
	};

	return call(ioas.iommufd, UAPI_IOMMU_IOAS_MAP, &map);
}

static int unmap_ioas(struct ioas ioas, uint64_t size, uint64_t iova, uint64_t *done)
{
	struct uapi_iommu_ioas_unmap unmap = {
		.size = sizeof(unmap), .ioas_id = ioas.id, .iova = iova, .length = size
	};
	int err = call(ioas.iommufd, UAPI_IOMMU_IOAS_UNMAP, &unmap);

	*done = unmap.length;
	return err;
}

static void nodes_open_only_where_there_is_one(void **state)
{
	struct machine *machine = *state;

	assert_int_equal(open_node(machine, "vfio/8"), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(open_node(machine, "vfio/devices/vfio77"), -1);
	fake_set_open_errno("iommu", EACCES);
	assert_int_equal(open_node(machine, "iommu"), -1);
	assert_int_equal(errno, EACCES);
}

static void fds_are_real_and_close_on_exec(void **state)
{
	struct machine *machine = *state;
	int fd = open_node(machine, "vfio/vfio");
	int copy = fake_syscalls.dup(fd);

	assert_int_equal(count_fds(), machine->fds + 2);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(copy, F_GETFD) & FD_CLOEXEC);
	close_node(fd);
	assert_int_equal(call(copy, VFIO_GET_API_VERSION, NULL), VFIO_API_VERSION);
	close_node(copy);
}

static void a_group_admits_one_opener(void **state)
{
	struct machine *machine = *state;
	int fd = open_node(machine, "vfio/4");

	assert_int_equal(open_node(machine, "vfio/4"), -1);
	assert_int_equal(errno, EBUSY);
	close_node(fd);
	fake_set_group_busy(4, true);
	assert_int_equal(open_node(machine, "vfio/4"), -1);
}

static void an_empty_container_has_no_iommu(void **state)
{
	int fd = open_node(*state, "vfio/vfio");
	uint64_t done;

	assert_int_equal(call_number(fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), -EINVAL);
	assert_int_equal(call_number(fd, VFIO_CHECK_EXTENSION, VFIO_DMA_CC_IOMMU), 0);
	assert_int_equal(map_dma(fd, NULL, PAGE, 0), -EINVAL);
	assert_int_equal(unmap_dma(fd, PAGE, 0, &done), -EINVAL);
	close_node(fd);
}

static void a_group_on_a_kernel_driver_has_an_owner(void **state)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int container = open_node(*state, "vfio/vfio");
	int group = open_node(*state, "vfio/6");
	int iommufd, device;

	assert_int_equal(call(group, VFIO_GROUP_GET_STATUS, &status), 0);
	assert_int_equal(status.flags, 0);
	assert_int_equal(call(group, VFIO_GROUP_SET_CONTAINER, &container), -EPERM);
	close_node(group);
	close_node(container);

	iommufd = open_node(*state, "iommu");
	device = open_node(*state, "vfio/devices/vfio2");
	assert_int_equal(bind_device(device, iommufd), -EPERM);
	close_node(device);
	close_node(iommufd);
}

static void type1_wants_remapped_interrupts(void **state)
{
	int container = open_node(*state, "vfio/vfio");
	int group = open_node(*state, "vfio/4");

	fake_set_isolated_msi(4, false);
	assert_int_equal(call(group, VFIO_GROUP_SET_CONTAINER, &container), 0);
	assert_int_equal(call_number(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), -EPERM);
	fake_set_unsafe_interrupts(true);
	assert_int_equal(call_number(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), 0);
	assert_int_equal(call_number(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), -EINVAL);
	close_node(group);
	close_node(container);
}

static void type1_checks_each_map(void **state)
{
	struct type1 fds = open_type1(*state, "vfio/4");
	void *memory = memory_new(4 * PAGE);
	struct fake_mapping mapping;

	assert_int_equal(map_dma(fds.container, memory, 2 * PAGE, PAGE), 0);
	assert_int_equal(map_dma(fds.container, memory, PAGE, 2 * PAGE), -EEXIST);
	assert_int_equal(map_dma(fds.container, memory, PAGE, 0xfee00000), -EINVAL);
	assert_int_equal(map_dma(fds.container, memory, PAGE, 0x8000000000), -EINVAL);
	assert_int_equal(map_dma(fds.container, memory, 100, 8 * PAGE), -EINVAL);
	assert_int_equal(map_dma(fds.container, memory, 0, 8 * PAGE), -EINVAL);
	assert_int_equal(map_dma(fds.container, memory, 2 * PAGE, -PAGE), -EOVERFLOW);
	assert_int_equal(map_dma(fds.container, NULL, PAGE, 8 * PAGE), -EFAULT);
	fake_set_memlock(2 * PAGE);
	assert_int_equal(map_dma(fds.container, memory, PAGE, 8 * PAGE), -ENOMEM);
	assert_int_equal(fake_count_mappings(), 1);
	assert_true(fake_get_mapping(0, &mapping));
	assert_int_equal(mapping.size, 2 * PAGE);
	close_type1(fds);
	memory_free(memory, 4 * PAGE);
}

static void read_only_memory_cannot_be_written_by_a_device(void **state)
{
	struct type1 fds = open_type1(*state, "vfio/4");
	void *memory = memory_new(PAGE);

	mprotect(memory, PAGE, PROT_READ);
	assert_int_equal(map_dma(fds.container, memory, PAGE, PAGE), -EFAULT);
	close_type1(fds);
	memory_free(memory, PAGE);
}

static void type1_counts_its_entries(void **state)
{
	void *memory = memory_new(PAGE);
	struct type1 fds;
	uint64_t done;

	fake_set_entry_limit(2);
	fds = open_type1(*state, "vfio/4");
	assert_int_equal(map_dma(fds.container, memory, PAGE, 1 * PAGE), 0);
	assert_int_equal(map_dma(fds.container, memory, PAGE, 2 * PAGE), 0);
	assert_int_equal(map_dma(fds.container, memory, PAGE, 3 * PAGE), -ENOSPC);
	assert_int_equal(unmap_dma(fds.container, PAGE, PAGE, &done), 0);
	assert_int_equal(map_dma(fds.container, memory, PAGE, 3 * PAGE), 0);
	close_type1(fds);
	memory_free(memory, PAGE);
}

static void type1_unmaps_whole_mappings(void **state)
{
	struct type1 fds = open_type1(*state, "vfio/4");
	void *memory = memory_new(4 * PAGE);
	uint64_t done;

	assert_int_equal(map_dma(fds.container, memory, 4 * PAGE, 4 * PAGE), 0);
	assert_int_equal(unmap_dma(fds.container, PAGE, 4 * PAGE, &done), -EINVAL);
	assert_int_equal(unmap_dma(fds.container, 8 * PAGE, 5 * PAGE, &done), -EINVAL);
	assert_int_equal(unmap_dma(fds.container, PAGE, 32 * PAGE, &done), 0);
	assert_int_equal(done, 0);
	assert_int_equal(unmap_dma(fds.container, 16 * PAGE, 0, &done), 0);
	assert_int_equal(done, 4 * PAGE);
	close_type1(fds);
	memory_free(memory, 4 * PAGE);
}

static void type1_mappings_go_with_the_last_group(void **state)
{
	struct type1 fds = open_type1(*state, "vfio/4");
	int second = open_node(*state, "vfio/5");
	void *memory = memory_new(PAGE);

	assert_int_equal(call(second, VFIO_GROUP_SET_CONTAINER, &fds.container), 0);
	assert_int_equal(map_dma(fds.container, memory, PAGE, PAGE), 0);
	close_node(fds.group);
	assert_int_equal(fake_count_mappings(), 1);
	close_node(second);
	assert_int_equal(fake_count_mappings(), 0);
	assert_int_equal(map_dma(fds.container, memory, PAGE, PAGE), -EINVAL);
	close_node(fds.container);
	memory_free(memory, PAGE);
}

static void type1_refuses_a_group_whose_regions_are_mapped(void **state)
{
	struct type1 fds = open_type1(*state, "vfio/4");
	int second = open_node(*state, "vfio/5");
	void *memory = memory_new(PAGE);

	fake_add_reserved(5, 0x10000, 0x1ffff, FAKE_RESERVED);
	assert_int_equal(map_dma(fds.container, memory, PAGE, 0x10000), 0);
	assert_int_equal(call(second, VFIO_GROUP_SET_CONTAINER, &fds.container), -EINVAL);
	close_node(second);
	close_type1(fds);
	memory_free(memory, PAGE);
}

static void type1_info_grows_with_its_room(void **state)
{
	struct type1 fds = open_type1(*state, "vfio/4");
	struct {
		struct vfio_iommu_type1_info info;
		unsigned char room[512];
	} answer = { .info.argsz = sizeof(answer.info) };

	assert_int_equal(call(fds.container, VFIO_IOMMU_GET_INFO, &answer), 0);
	assert_int_equal(answer.info.cap_offset, 0);
	assert_int_equal(answer.info.iova_pgsizes, 0x40201000);
	assert_true(answer.info.argsz > sizeof(answer.info));
	assert_int_equal(call(fds.container, VFIO_IOMMU_GET_INFO, &answer), 0);
	assert_int_equal(answer.info.cap_offset, sizeof(answer.info));
	close_type1(fds);
}

static void coherency_is_the_and_of_all_groups(void **state)
{
	struct type1 fds = open_type1(*state, "vfio/4");
	int second = open_node(*state, "vfio/5");

	fake_set_coherent(5, false);
	assert_int_equal(call_number(fds.container, VFIO_CHECK_EXTENSION, VFIO_DMA_CC_IOMMU), 1);
	assert_int_equal(call(second, VFIO_GROUP_SET_CONTAINER, &fds.container), 0);
	assert_int_equal(call_number(fds.container, VFIO_CHECK_EXTENSION, VFIO_DMA_CC_IOMMU), 0);
	close_node(second);
	close_type1(fds);
}

static void a_device_keeps_its_group_open(void **state)
{
	struct type1 fds = open_type1(*state, "vfio/4");
	int device = call(fds.group, VFIO_GROUP_GET_DEVICE_FD, (void *)EDU);

	assert_true(device >= 0);
	assert_int_equal(call(fds.group, VFIO_GROUP_UNSET_CONTAINER, NULL), -EBUSY);
	assert_int_equal(call(fds.group, VFIO_GROUP_GET_DEVICE_FD, (void *)NVME), -ENODEV);
	close_type1(fds);
	assert_int_equal(open_node(*state, "vfio/4"), -1);
	assert_int_equal(errno, EBUSY);
	close_node(device);
	assert_int_equal(fake_count_objects(), 0);
}

static void a_virtual_function_wants_its_token(void **state)
{
	const char *uuid = "00112233-4455-6677-8899-aabbccddeeff";
	struct type1 fds = open_type1(*state, "vfio/4");
	char name[96];
	int device;

	snprintf(name, sizeof(name), "%s vf_token=%s", EDU, uuid);
	assert_int_equal(call(fds.group, VFIO_GROUP_GET_DEVICE_FD, name), -EINVAL);
	fake_set_token(EDU, uuid);
	assert_int_equal(call(fds.group, VFIO_GROUP_GET_DEVICE_FD, (void *)EDU), -EACCES);
	device = call(fds.group, VFIO_GROUP_GET_DEVICE_FD, name);
	assert_true(device >= 0);
	close_node(device);
	close_type1(fds);
}

static void an_ioas_starts_with_everything(void **state)
{
	struct uapi_iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct uapi_iommu_iova_range range = { 1, 1 };
	struct uapi_iommu_ioas_iova_ranges ranges = { .size = sizeof(ranges) };
	int fd = open_node(*state, "iommu");

	assert_int_equal(call(fd, UAPI_IOMMU_IOAS_ALLOC, &alloc), 0);
	ranges.ioas_id = alloc.out_ioas_id;
	assert_int_equal(call(fd, UAPI_IOMMU_IOAS_IOVA_RANGES, &ranges), -EMSGSIZE);
	assert_int_equal(ranges.num_iovas, 1);
	ranges.allowed_iovas = (uintptr_t)&range;
	assert_int_equal(call(fd, UAPI_IOMMU_IOAS_IOVA_RANGES, &ranges), 0);
	assert_true(range.start == 0 && range.last == UINT64_MAX);
	assert_int_equal(ranges.out_iova_alignment, 1);
	close_node(fd);
}

static void iommufd_checks_each_map(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	void *memory = memory_new(4 * PAGE);

	assert_int_equal(map_ioas(ioas, memory, 2 * PAGE, PAGE), 0);
	assert_int_equal(map_ioas(ioas, memory, PAGE, 2 * PAGE), -EEXIST);
	assert_int_equal(map_ioas(ioas, memory, PAGE, 0xfee00000), -EINVAL);
	assert_int_equal(map_ioas(ioas, memory, 100, 8 * PAGE), -EINVAL);
	assert_int_equal(map_ioas(ioas, memory, 0, 8 * PAGE), -EINVAL);
	assert_int_equal(map_ioas(ioas, memory, 2 * PAGE, -PAGE), -EOVERFLOW);
	assert_int_equal(map_ioas(ioas, NULL, PAGE, 8 * PAGE), -EFAULT);
	fake_set_memlock(2 * PAGE);
	assert_int_equal(map_ioas(ioas, memory, PAGE, 8 * PAGE), -ENOMEM);
	assert_int_equal(fake_count_mappings(), 1);
	close_ioas(ioas);
	memory_free(memory, 4 * PAGE);
}

static void iommufd_unmaps_whole_areas(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	void *memory = memory_new(4 * PAGE);
	uint64_t done;

	assert_int_equal(map_ioas(ioas, memory, 4 * PAGE, 4 * PAGE), 0);
	assert_int_equal(unmap_ioas(ioas, PAGE, 4 * PAGE, &done), -ENOENT);
	assert_int_equal(unmap_ioas(ioas, PAGE, 32 * PAGE, &done), -ENOENT);
	assert_int_equal(unmap_ioas(ioas, 0, 0, &done), -EINVAL);
	assert_int_equal(unmap_ioas(ioas, UINT64_MAX, 0, &done), 0);
	assert_int_equal(done, 4 * PAGE);
	assert_int_equal(unmap_ioas(ioas, UINT64_MAX, 0, &done), 0);
	assert_int_equal(done, 0);
	close_ioas(ioas);
	memory_free(memory, 4 * PAGE);
}

static void iommufd_refuses_a_device_whose_regions_are_mapped(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	int second = open_node(*state, "vfio/devices/vfio1");
	void *memory = memory_new(PAGE);

	fake_add_reserved(5, 0x10000, 0x1ffff, FAKE_RESERVED);
	assert_int_equal(map_ioas(ioas, memory, PAGE, 0x10000), 0);
	assert_int_equal(bind_device(second, ioas.iommufd), 0);
	assert_int_equal(attach_device(second, ioas.id), -EADDRINUSE);
	close_node(second);
	close_ioas(ioas);
	memory_free(memory, PAGE);
}

static void an_ioas_in_use_is_not_destroyed(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	struct uapi_iommu_destroy destroy = { .size = sizeof(destroy), .id = ioas.id };

	assert_int_equal(call(ioas.iommufd, UAPI_IOMMU_DESTROY, &destroy), -EBUSY);
	close_node(ioas.device);
	assert_int_equal(call(ioas.iommufd, UAPI_IOMMU_DESTROY, &destroy), 0);
	assert_int_equal(call(ioas.iommufd, UAPI_IOMMU_DESTROY, &destroy), -ENOENT);
	close_node(ioas.iommufd);
}

static void iommufd_tells_coherency_of_the_compatibility_ioas(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	struct uapi_iommu_vfio_ioas compat = { .size = sizeof(compat), .ioas_id = ioas.id };

	assert_int_equal(call_number(ioas.iommufd, VFIO_CHECK_EXTENSION, VFIO_DMA_CC_IOMMU),
			 -ENODEV);
	assert_int_equal(call(ioas.iommufd, UAPI_IOMMU_VFIO_IOAS, &compat), -ENODEV);
	compat.op = UAPI_IOMMU_VFIO_IOAS_SET;
	assert_int_equal(call(ioas.iommufd, UAPI_IOMMU_VFIO_IOAS, &compat), 0);
	assert_int_equal(call_number(ioas.iommufd, VFIO_CHECK_EXTENSION, VFIO_DMA_CC_IOMMU), 1);
	compat.op = UAPI_IOMMU_VFIO_IOAS_CLEAR;
	assert_int_equal(call(ioas.iommufd, UAPI_IOMMU_VFIO_IOAS, &compat), 0);
	close_ioas(ioas);
}

static int rlimit_mode(int fd, uint16_t op, uint64_t *mode)
{
	struct uapi_iommu_option option = {
		.size = sizeof(option),
		.option_id = UAPI_IOMMU_OPTION_RLIMIT_MODE,
		.op = op,
		.val64 = *mode,
	};
	int err = call(fd, UAPI_IOMMU_OPTION, &option);

	*mode = option.val64;
	return err;
}

static void iommufd_counts_per_process_when_told_so_at_first(void **state)
{
	struct uapi_iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	int fd = open_node(*state, "iommu");
	uint64_t mode = 1;

	assert_int_equal(rlimit_mode(fd, UAPI_IOMMU_OPTION_OP_SET, &mode), -EPERM);
	assert_int_equal(rlimit_mode(fd, UAPI_IOMMU_OPTION_OP_GET, &mode), 0);
	assert_int_equal(mode, 0);
	fake_set_capabilities(1ull << CAP_SYS_RESOURCE);
	mode = 2;
	assert_int_equal(rlimit_mode(fd, UAPI_IOMMU_OPTION_OP_SET, &mode), -EINVAL);
	mode = 1;
	assert_int_equal(rlimit_mode(fd, UAPI_IOMMU_OPTION_OP_SET, &mode), 0);
	assert_int_equal(call(fd, UAPI_IOMMU_IOAS_ALLOC, &alloc), 0);
	mode = 0;
	assert_int_equal(rlimit_mode(fd, UAPI_IOMMU_OPTION_OP_SET, &mode), -EBUSY);
	assert_int_equal(rlimit_mode(fd, UAPI_IOMMU_OPTION_OP_GET, &mode), 0);
	assert_int_equal(mode, 1);
	close_node(fd);
}

static void a_device_node_serves_one_binder(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	int second = open_node(*state, "vfio/devices/vfio0");
	struct vfio_device_info info = { .argsz = sizeof(info) };

	assert_int_equal(call(second, VFIO_DEVICE_GET_INFO, &info), -EINVAL);
	assert_int_equal(bind_device(second, ioas.iommufd), -EINVAL);
	assert_int_equal(open_node(*state, "vfio/4"), -1);
	assert_int_equal(errno, EBUSY);
	close_node(second);
	close_ioas(ioas);
}

static void devices_of_a_group_share_an_iommufd(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio4");
	int sibling = open_node(*state, "vfio/devices/vfio5");
	int stranger = open_node(*state, "iommu");

	assert_int_equal(bind_device(sibling, stranger), -EPERM);
	assert_int_equal(bind_device(sibling, ioas.iommufd), 0);
	assert_int_equal(attach_device(sibling, ioas.id), 0);
	close_node(stranger);
	close_node(sibling);
	close_ioas(ioas);
}

#define NARROW 8 /* bits of a PASID of group 9 */

/* Group 9 with a page table that takes PASIDs, where the kernel lets one be made. */
static struct ioas open_ioas_with_pasids(struct machine *machine)
{
	struct fake_iommu iommu = { .pasid_bits = NARROW };

	fake_set_iommu(9, &iommu);
	return open_ioas(machine, "vfio/devices/vfio4");
}

/* The first object of an iommufd is the IOAS, the second the device. */
static int alloc_table(struct ioas ioas, uint32_t flags, uint32_t *ret)
{
	struct uapi_iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc), .flags = flags, .dev_id = ioas.id + 1, .pt_id = ioas.id
	};
	int err = call(ioas.iommufd, UAPI_IOMMU_HWPT_ALLOC, &alloc);

	*ret = alloc.out_hwpt_id;
	return err;
}

static int destroy_object(struct ioas ioas, uint32_t id)
{
	struct uapi_iommu_destroy destroy = { .size = sizeof(destroy), .id = id };

	return call(ioas.iommufd, UAPI_IOMMU_DESTROY, &destroy);
}

static int attach_pasid(int device, uint32_t pasid, uint32_t table)
{
	struct uapi_vfio_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.flags = UAPI_VFIO_DEVICE_ATTACH_PASID,
		.pt_id = table,
		.pasid = pasid,
	};

	return call(device, UAPI_VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

static int detach_pasid(int device, uint32_t pasid)
{
	struct uapi_vfio_detach_iommufd_pt detach = {
		.argsz = sizeof(detach),
		.flags = UAPI_VFIO_DEVICE_DETACH_PASID,
		.pasid = pasid,
	};

	return call(device, UAPI_VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach);
}

static void a_page_table_is_made_of_an_ioas_for_a_device(void **state)
{
	struct ioas ioas = open_ioas_with_pasids(*state);
	struct uapi_iommu_hwpt_alloc good = { .size = sizeof(good), .dev_id = 2, .pt_id = 1 };
	struct uapi_iommu_hwpt_alloc alloc = good;
	uint32_t table;

	alloc.reserved = 1;
	assert_int_equal(call(ioas.iommufd, UAPI_IOMMU_HWPT_ALLOC, &alloc), -EOPNOTSUPP);
	alloc = good;
	alloc.dev_id = 1;
	assert_int_equal(call(ioas.iommufd, UAPI_IOMMU_HWPT_ALLOC, &alloc), -ENOENT);
	alloc = good;
	alloc.pt_id = 2;
	assert_int_equal(call(ioas.iommufd, UAPI_IOMMU_HWPT_ALLOC, &alloc), -EINVAL);
	alloc = good;
	alloc.data_len = 8;
	assert_int_equal(call(ioas.iommufd, UAPI_IOMMU_HWPT_ALLOC, &alloc), -EINVAL);
	assert_int_equal(alloc_table(ioas, 1u << 20, &table), -EOPNOTSUPP);
	assert_int_equal(alloc_table(ioas, 0, &table), 0);
	assert_int_equal(destroy_object(ioas, ioas.id), -EBUSY);
	assert_int_equal(destroy_object(ioas, table), 0);
	fake_set_pasids(false);
	assert_int_equal(alloc_table(ioas, UAPI_IOMMU_HWPT_ALLOC_PASID, &table), -EOPNOTSUPP);
	assert_int_equal(attach_pasid(ioas.device, 1, table), -EINVAL);
	assert_int_equal(detach_pasid(ioas.device, 1), -EINVAL);
	close_ioas(ioas);
}

static void a_page_table_does_not_reach_beyond_its_aperture(void **state)
{
	struct ioas ioas = open_ioas_with_pasids(*state);
	void *memory = memory_new(PAGE);
	uint32_t table;

	fake_set_pasid_aperture(9, 0, 0xffffffff);
	assert_int_equal(map_ioas(ioas, memory, PAGE, 1ull << 32), 0);
	assert_int_equal(alloc_table(ioas, UAPI_IOMMU_HWPT_ALLOC_PASID, &table), -EADDRINUSE);
	fake_forget(1ull << 32, PAGE);
	assert_int_equal(alloc_table(ioas, UAPI_IOMMU_HWPT_ALLOC_PASID, &table), 0);
	assert_int_equal(map_ioas(ioas, memory, PAGE, 1ull << 32), -EINVAL);
	assert_int_equal(destroy_object(ioas, table), 0);
	assert_int_equal(map_ioas(ioas, memory, PAGE, 1ull << 32), 0);
	close_ioas(ioas);
	memory_free(memory, PAGE);
}

static void pasids_go_by_page_tables_that_take_them(void **state)
{
	struct ioas ioas = open_ioas_with_pasids(*state);
	uint32_t usual, table, own;

	assert_int_equal(alloc_table(ioas, 0, &usual), 0);
	assert_int_equal(alloc_table(ioas, UAPI_IOMMU_HWPT_ALLOC_PASID, &table), 0);
	assert_int_equal(alloc_table(ioas, UAPI_IOMMU_HWPT_ALLOC_PASID, &own), 0);
	assert_int_equal(attach_pasid(ioas.device, 1, table), -EINVAL);
	assert_int_equal(attach_device(ioas.device, own), 0);
	assert_int_equal(attach_pasid(ioas.device, 1, 60), -ENOENT);
	assert_int_equal(attach_pasid(ioas.device, 1, ioas.id), -EINVAL);
	assert_int_equal(attach_pasid(ioas.device, 1, usual), -EINVAL);
	assert_int_equal(attach_pasid(ioas.device, 0, table), -EINVAL);
	assert_int_equal(attach_pasid(ioas.device, 1 << NARROW, table), -EINVAL);
	assert_int_equal(attach_pasid(ioas.device, 1, table), 0);
	assert_int_equal(attach_device(ioas.device, ioas.id), -EINVAL);
	assert_int_equal(attach_device(ioas.device, usual), -EINVAL);
	assert_int_equal(destroy_object(ioas, table), -EBUSY);
	assert_int_equal(detach_pasid(ioas.device, 2), 0);
	assert_int_equal(detach_pasid(ioas.device, 1), 0);
	assert_int_equal(destroy_object(ioas, table), 0);
	assert_int_equal(attach_device(ioas.device, ioas.id), 0);
	assert_int_equal(destroy_object(ioas, own), 0);
	close_ioas(ioas);
}

static void an_attached_pasid_is_replaced(void **state)
{
	struct ioas ioas = open_ioas_with_pasids(*state);
	uint32_t first, second;

	assert_int_equal(alloc_table(ioas, UAPI_IOMMU_HWPT_ALLOC_PASID, &first), 0);
	assert_int_equal(alloc_table(ioas, UAPI_IOMMU_HWPT_ALLOC_PASID, &second), 0);
	assert_int_equal(attach_device(ioas.device, first), 0);
	assert_int_equal(attach_pasid(ioas.device, 1, first), 0);
	assert_int_equal(attach_pasid(ioas.device, 1, second), 0);
	assert_int_equal(destroy_object(ioas, second), -EBUSY);
	close_node(ioas.device);
	assert_int_equal(destroy_object(ioas, first), 0);
	assert_int_equal(destroy_object(ioas, second), 0);
	close_node(ioas.iommufd);
}

static uint32_t count_ranges(struct ioas ioas)
{
	struct uapi_iommu_ioas_iova_ranges ranges = { .size = sizeof(ranges), .ioas_id = ioas.id };

	assert_int_equal(call(ioas.iommufd, UAPI_IOMMU_IOAS_IOVA_RANGES, &ranges), -EMSGSIZE);
	return ranges.num_iovas;
}

/* As iommufd_device_do_replace() of Linux 7.3 has it. */
static void what_is_reserved_is_forgotten_by_a_failed_move(void **state)
{
	struct ioas ioas = open_ioas_with_pasids(*state);
	uint32_t table;

	fake_add_reserved(9, 0xfee00000, 0xfeefffff, FAKE_MSI);
	assert_int_equal(alloc_table(ioas, UAPI_IOMMU_HWPT_ALLOC_PASID, &table), 0);
	assert_int_equal(attach_device(ioas.device, ioas.id), 0);
	assert_int_equal(count_ranges(ioas), 2);
	fake_set_resetting(9, true);
	assert_int_equal(attach_device(ioas.device, table), -EBUSY);
	fake_set_resetting(9, false);
	assert_int_equal(count_ranges(ioas), 1);
	assert_int_equal(attach_device(ioas.device, table), 0);
	assert_int_equal(count_ranges(ioas), 1);
	fake_set_resetting(9, true);
	assert_int_equal(attach_pasid(ioas.device, 1, table), -EBUSY);
	fake_set_resetting(9, false);
	assert_int_equal(attach_pasid(ioas.device, 1, table), 0);
	close_node(ioas.device);
	close_node(ioas.iommufd);
}

static void a_group_shares_its_page_tables(void **state)
{
	struct ioas ioas = open_ioas_with_pasids(*state);
	int sibling = open_node(*state, "vfio/devices/vfio5");
	uint32_t own, table, other;

	assert_int_equal(alloc_table(ioas, UAPI_IOMMU_HWPT_ALLOC_PASID, &own), 0);
	assert_int_equal(alloc_table(ioas, UAPI_IOMMU_HWPT_ALLOC_PASID, &table), 0);
	assert_int_equal(alloc_table(ioas, UAPI_IOMMU_HWPT_ALLOC_PASID, &other), 0);
	assert_int_equal(attach_device(ioas.device, own), 0);
	assert_int_equal(bind_device(sibling, ioas.iommufd), 0);
	assert_int_equal(attach_device(sibling, ioas.id), -EINVAL);
	assert_int_equal(attach_device(sibling, own), 0);
	assert_int_equal(attach_pasid(ioas.device, 3, table), 0);
	assert_int_equal(attach_pasid(sibling, 3, other), -EINVAL);
	assert_int_equal(attach_pasid(sibling, 3, table), 0);
	assert_int_equal(detach_pasid(ioas.device, 3), 0);
	assert_true(fake_pasid_leads(LEFT, 3)); /* until all are detached */
	assert_int_equal(destroy_object(ioas, table), -EBUSY);
	assert_int_equal(detach_pasid(sibling, 3), 0);
	assert_false(fake_pasid_leads(LEFT, 3));
	assert_int_equal(attach_device(sibling, other), 0);
	assert_int_equal(destroy_object(ioas, own), 0);
	close_node(sibling);
	close_ioas(ioas);
}

static void only_type1_pins_device_memory(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	struct type1 fds = open_type1(*state, "vfio/5");
	void *bar =
		fake_syscalls.mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ioas.device, 0);

	assert_ptr_not_equal(bar, MAP_FAILED);
	assert_int_equal(map_ioas(ioas, bar, PAGE, PAGE), -EFAULT);
	assert_int_equal(map_dma(fds.container, bar, PAGE, PAGE), 0);
	/* And only where the device decodes memory. */
	fake_set_config(EDU, 4, "\0", 1);
	assert_int_equal(map_dma(fds.container, bar, PAGE, 2 * PAGE), -EFAULT);
	fake_syscalls.munmap(bar, PAGE);
	close_type1(fds);
	close_ioas(ioas);
}

static int set_eventfd(int device, uint32_t index, uint32_t start, uint32_t count, int fd)
{
	size_t size = sizeof(struct vfio_irq_set) + count * sizeof(int32_t);
	struct vfio_irq_set *set = calloc(1, size);
	int err;

	set->argsz = size;
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = index;
	set->start = start;
	set->count = count;
	for (uint32_t i = 0; i < count; i++)
		memcpy(set->data + i * sizeof(int32_t), &fd, sizeof(int32_t));
	err = call(device, VFIO_DEVICE_SET_IRQS, set);
	free(set);
	return err;
}

static int set_plain(int device, uint32_t index, uint32_t action, uint32_t count)
{
	struct vfio_irq_set set = { .argsz = sizeof(set),
				    .flags = VFIO_IRQ_SET_DATA_NONE | action,
				    .index = index,
				    .count = count };

	return call(device, VFIO_DEVICE_SET_IRQS, &set);
}

static uint64_t fired(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) < 0 ? 0 : count;
}

static void intx_masks_itself(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_int_equal(set_eventfd(ioas.device, VFA_IRQ_INTX, 0, 1, fd), 0);
	assert_true(fake_fire(EDU, VFA_IRQ_INTX, 0));
	assert_int_equal(fired(fd), 1);
	fake_fire(EDU, VFA_IRQ_INTX, 0);
	assert_int_equal(fired(fd), 0);
	assert_int_equal(set_plain(ioas.device, VFA_IRQ_INTX, VFIO_IRQ_SET_ACTION_UNMASK, 1), 0);
	assert_int_equal(fired(fd), 1);
	assert_int_equal(set_eventfd(ioas.device, VFA_IRQ_MSI, 0, 1, fd), -EINVAL);
	assert_int_equal(set_plain(ioas.device, VFA_IRQ_INTX, VFIO_IRQ_SET_ACTION_TRIGGER, 0), 0);
	assert_int_equal(fake_count_vectors(), 0);
	close(fd);
	close_ioas(ioas);
}

static int set_config(int device, uint32_t at, uint16_t value)
{
	off_t offset = (VFIO_PCI_CONFIG_REGION_INDEX * 1ll << 40) + at;

	return fake_syscalls.pwrite(device, &value, sizeof(value), offset) == sizeof(value)
		       ? 0
		       : -errno;
}

struct export
{
	struct vfio_device_feature head;
	struct uapi_vfio_feature_dma_buf request;
	struct uapi_vfio_region_dma_range ranges[2];
};

static int export_ranges(int device, struct uapi_vfio_feature_dma_buf request, uint64_t offset,
			 uint64_t length)
{
	struct export export = {
		.head = { sizeof(export),
			  UAPI_VFIO_DEVICE_FEATURE_DMA_BUF | VFIO_DEVICE_FEATURE_GET },
		.request = request,
		.ranges = { { offset, length }, { offset, length } },
	};

	return call(device, VFIO_DEVICE_FEATURE, &export);
}

static int export_bar(int device, uint32_t bar, uint64_t offset, uint64_t length)
{
	return export_ranges(device,
			     (struct uapi_vfio_feature_dma_buf){ .region_index = bar,
								 .open_flags = O_RDWR | O_CLOEXEC,
								 .nr_ranges = 1 },
			     offset, length);
}

static int map_file(struct ioas ioas, int fd, uint64_t start, uint64_t length, uint64_t iova)
{
	struct uapi_iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = UAPI_IOMMU_IOAS_MAP_FIXED_IOVA | UAPI_IOMMU_IOAS_MAP_READABLE |
			 UAPI_IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas.id,
		.fd = fd,
		.start = start,
		.length = length,
		.iova = iova,
	};

	return call(ioas.iommufd, UAPI_IOMMU_IOAS_MAP_FILE, &map);
}

static void only_whole_pages_of_a_bar_are_exported(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	struct uapi_vfio_feature_dma_buf odd = { .flags = 1, .nr_ranges = 1 };
	int fd;

	assert_int_equal(export_bar(ioas.device, VFA_REGION_ROM, 0, PAGE), -ENODEV);
	assert_int_equal(export_bar(ioas.device, 5, 0, PAGE), -ENODEV);
	assert_int_equal(export_bar(ioas.device, 0, 0, 0), -EINVAL);
	assert_int_equal(export_bar(ioas.device, 0, 0, PAGE / 2), -EINVAL);
	assert_int_equal(export_bar(ioas.device, 0, 8, PAGE), -EINVAL);
	assert_int_equal(export_bar(ioas.device, 0, 1 << 20, PAGE), -EINVAL);
	assert_int_equal(export_bar(ioas.device, 0, -PAGE, PAGE), -EOVERFLOW);
	assert_int_equal(export_ranges(ioas.device, odd, 0, PAGE), -EINVAL);
	odd = (struct uapi_vfio_feature_dma_buf){ .nr_ranges = 0 };
	assert_int_equal(export_ranges(ioas.device, odd, 0, PAGE), -EINVAL);
	fd = export_bar(ioas.device, 0, PAGE, 2 * PAGE);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(lseek(fd, 0, SEEK_END), 2 * PAGE);
	close_node(fd);
	fake_set_dmabufs(false);
	assert_int_equal(export_bar(ioas.device, 0, 0, PAGE), -ENOTTY);
	close_ioas(ioas);
}

static void iommufd_maps_a_dmabuf_of_one_piece(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	struct uapi_vfio_feature_dma_buf twice = { .nr_ranges = 2 };
	int one = export_bar(ioas.device, 0, PAGE, 2 * PAGE);
	int two = export_ranges(ioas.device, twice, 0, PAGE);
	int others = fake_dmabuf_open(PAGE, true);
	struct fake_mapping mapping;
	uint64_t done;

	assert_int_equal(map_file(ioas, one, PAGE, 2 * PAGE, PAGE), -EINVAL);
	assert_int_equal(map_file(ioas, two, 0, PAGE, PAGE), -EOPNOTSUPP);
	assert_int_equal(map_file(ioas, others, 0, PAGE, PAGE), -EOPNOTSUPP);
	assert_int_equal(map_file(ioas, ioas.device, 0, PAGE, PAGE), -EINVAL);
	assert_int_equal(map_file(ioas, 1000, 0, PAGE, PAGE), -EBADF);
	fake_set_dmabufs(false);
	assert_int_equal(map_file(ioas, one, 0, PAGE, PAGE), -EINVAL);
	fake_set_dmabufs(true);
	assert_int_equal(map_file(ioas, one, PAGE, PAGE, PAGE), 0);
	close_node(one);
	assert_true(fake_get_mapping(0, &mapping));
	assert_true(mapping.is_dmabuf && !mapping.revoked);
	assert_string_equal(mapping.bdf, EDU);
	assert_int_equal(mapping.region_offset, 2 * PAGE);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_DMABUF), 3);
	assert_int_equal(unmap_ioas(ioas, PAGE, PAGE, &done), 0);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_DMABUF), 2);
	close_node(two);
	close_node(others);
	close_ioas(ioas);
}

static bool is_revoked(void)
{
	struct fake_mapping mapping;

	assert_true(fake_get_mapping(0, &mapping));
	return mapping.revoked;
}

static void a_dmabuf_is_revoked_while_the_device_does_not_answer(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	int fd = export_bar(ioas.device, 0, 0, PAGE);
	uint64_t done;

	assert_int_equal(map_file(ioas, fd, 0, PAGE, PAGE), 0);
	assert_false(is_revoked());
	assert_int_equal(set_config(ioas.device, 4, 0), 0);
	assert_true(is_revoked());
	assert_int_equal(map_file(ioas, fd, 0, PAGE, 2 * PAGE), -ENODEV);
	assert_int_equal(set_config(ioas.device, 4, 2), 0);
	assert_true(is_revoked());
	assert_int_equal(unmap_ioas(ioas, PAGE, PAGE, &done), 0);
	assert_int_equal(done, PAGE);
	assert_int_equal(map_file(ioas, fd, 0, PAGE, PAGE), 0);
	assert_int_equal(call(ioas.device, VFIO_DEVICE_RESET, NULL), 0);
	assert_true(is_revoked());
	assert_int_equal(map_file(ioas, fd, 0, PAGE, 2 * PAGE), 0);
	close_node(fd);
	close_ioas(ioas);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_DMABUF), 0);
}

static int ask_low_power(int device, uint32_t feature)
{
	struct vfio_device_feature request = {
		.argsz = sizeof(request),
		.flags = feature | VFIO_DEVICE_FEATURE_SET,
	};

	return call(device, VFIO_DEVICE_FEATURE, &request);
}

/* By its entry, also by a second one, which fails; what is exported then is not. */
static void low_power_revokes_what_there_is(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	int fd = export_bar(ioas.device, 0, 0, PAGE), late;
	uint64_t done;

	assert_int_equal(map_file(ioas, fd, 0, PAGE, PAGE), 0);
	assert_int_equal(ask_low_power(ioas.device, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY), 0);
	assert_true(is_revoked());
	assert_int_equal(map_file(ioas, fd, 0, PAGE, 2 * PAGE), -ENODEV);
	assert_int_equal(unmap_ioas(ioas, PAGE, PAGE, &done), 0);
	late = export_bar(ioas.device, 0, 0, PAGE);
	assert_int_equal(map_file(ioas, late, 0, PAGE, PAGE), 0);
	assert_false(is_revoked());
	assert_int_equal(ask_low_power(ioas.device, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY), -EINVAL);
	assert_true(is_revoked());
	assert_int_equal(unmap_ioas(ioas, PAGE, PAGE, &done), 0);
	assert_int_equal(ask_low_power(ioas.device, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT), 0);
	assert_int_equal(map_file(ioas, fd, 0, PAGE, PAGE), 0);
	close_node(late);
	close_node(fd);
	close_ioas(ioas);
}

/* By the bits of PCI Express and of Advanced Features, which do nothing where no other has them do.
 */
static void registers_reset_a_device_and_revoke(void **state)
{
	uint8_t config[0x60] = {
		[0x00] = PCI_CAP_ID_EXP,
		[0x01] = 0x90,
		[0x50] = PCI_CAP_ID_AF,
		[0x53] = PCI_AF_CAP_TP | PCI_AF_CAP_FLR,
	};
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	int fd = export_bar(ioas.device, 0, 0, PAGE);
	uint64_t done;

	fake_set_config(EDU, 0x40, config, sizeof(config));
	fake_set_config(EDU, PCI_CAPABILITY_LIST, "\x40", 1);
	assert_int_equal(map_file(ioas, fd, 0, PAGE, PAGE), 0);
	assert_int_equal(set_config(ioas.device, 0x40 + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR), 0);
	assert_int_equal(fake_get_config(EDU, 0x40 + PCI_EXP_DEVCTL), 0);
	assert_false(is_revoked());
	assert_int_equal(set_config(ioas.device, 0x90 + PCI_AF_CTRL, PCI_AF_CTRL_FLR), 0);
	assert_true(is_revoked());
	assert_int_equal(unmap_ioas(ioas, PAGE, PAGE, &done), 0);
	fake_set_config(EDU, 0x40 + PCI_EXP_DEVCAP + 3, "\x10", 1);
	assert_int_equal(map_file(ioas, fd, 0, PAGE, PAGE), 0);
	assert_int_equal(set_config(ioas.device, 0x40 + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR), 0);
	assert_true(is_revoked());
	assert_int_equal(fake_count_resets(EDU), 2);
	close_node(fd);
	close_ioas(ioas);
}

static void a_dmabuf_is_revoked_for_good_when_its_device_is_closed(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	struct ioas other = open_ioas(*state, "vfio/devices/vfio1");
	int fd = export_bar(other.device, 0, 0, PAGE);

	assert_int_equal(map_file(ioas, fd, 0, PAGE, PAGE), 0);
	close_ioas(other);
	assert_true(is_revoked());
	other = open_ioas(*state, "vfio/devices/vfio1");
	assert_int_equal(map_file(ioas, fd, 0, PAGE, 2 * PAGE), -ENODEV);
	close_ioas(other);
	close_node(fd);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_DMABUF), 1);
	close_ioas(ioas);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_DMABUF), 0);
}

static void memory_of_others_dmabufs_is_not_pinned(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	int fd = fake_dmabuf_open(PAGE, true), bar = export_bar(ioas.device, 0, 0, PAGE);
	void *memory = fake_syscalls.mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_int_equal(map_ioas(ioas, memory, PAGE, PAGE), -EFAULT);
	fake_syscalls.munmap(memory, PAGE);
	fake_set_old_udmabuf(true);
	memory = fake_syscalls.mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_int_equal(map_ioas(ioas, memory, PAGE, PAGE), 0);
	fake_syscalls.munmap(memory, PAGE);
	assert_ptr_equal(fake_syscalls.mmap(NULL, PAGE, PROT_READ, MAP_SHARED, bar, 0), MAP_FAILED);
	assert_int_equal(errno, EINVAL);
	close_node(bar);
	close_node(fd);
	close_ioas(ioas);
}

static void too_few_vectors_are_told_by_number(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio1");
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	fake_set_free_vectors(7);
	assert_int_equal(set_eventfd(ioas.device, VFA_IRQ_MSIX, 0, 33, fd), 7);
	assert_int_equal(set_eventfd(ioas.device, VFA_IRQ_MSIX, 0, 34, fd), -EINVAL);
	assert_int_equal(set_eventfd(ioas.device, VFA_IRQ_MSIX, 0, 4, fd), 0);
	assert_int_equal(fake_count_vectors(), 4);
	assert_int_equal(set_eventfd(ioas.device, VFA_IRQ_MSIX, 0, 4, ioas.iommufd), -EINVAL);
	close_ioas(ioas);
	assert_int_equal(fake_count_vectors(), 0);
	close(fd);
}

/* Whether it blocks or not, and on a kernel that cannot read so not at all. */
static void an_eventfd_is_read_without_waiting(void **state)
{
	uint64_t count = 3;
	int fd = eventfd(0, EFD_CLOEXEC);

	(void)state;
	assert_int_equal(fake_syscalls.read_now(fd, &count, sizeof(count)), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(write(fd, &count, sizeof(count)), sizeof(count));
	fake_set_read_now(false);
	assert_int_equal(fake_syscalls.read_now(fd, &count, sizeof(count)), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(fake_syscalls.set_nonblocking(fd), 0);
	assert_int_equal(fired(fd), 3);
	assert_int_equal(fired(fd), 0);
	close(fd);
}

static int hardware_info(struct ioas ioas, uint32_t device, void *data, uint32_t room,
			 struct uapi_iommu_hw_info *ret)
{
	*ret = (struct uapi_iommu_hw_info){
		.size = sizeof(*ret),
		.dev_id = device,
		.data_len = room,
		.data_uptr = (uintptr_t)data,
	};
	return call(ioas.iommufd, UAPI_IOMMU_GET_HW_INFO, ret);
}

/* The device is the second object: the address space came before it. */
static void hardware_info_fills_what_room_there_is(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	struct fake_iommu iommu = { .type = 4, .size = 16, .pasid_bits = 9 };
	struct uapi_iommu_hw_info info;
	unsigned char data[32];

	memset(iommu.registers, 0x11, 16);
	fake_set_iommu(4, &iommu);
	memset(data, 0xee, sizeof(data));
	assert_int_equal(hardware_info(ioas, 2, data, 8, &info), 0);
	assert_int_equal(info.data_len, 16);
	assert_int_equal(data[7], 0x11);
	assert_int_equal(data[8], 0xee);
	assert_int_equal(hardware_info(ioas, 2, data, sizeof(data), &info), 0);
	assert_int_equal(data[15], 0x11);
	assert_int_equal(data[16], 0);
	assert_int_equal(info.out_max_pasid_log2, 9);
	assert_int_equal(hardware_info(ioas, ioas.id, data, 0, &info), -ENOENT);
	close_ioas(ioas);
}

static int alloc_queue(struct ioas ioas, struct uapi_iommu_fault_alloc *ret)
{
	*ret = (struct uapi_iommu_fault_alloc){ .size = sizeof(*ret) };
	return call(ioas.iommufd, UAPI_IOMMU_FAULT_QUEUE_ALLOC, ret);
}

static uint32_t alloc_reporting(struct ioas ioas, uint32_t queue)
{
	struct uapi_iommu_hwpt_alloc alloc = {
		.size = sizeof(alloc),
		.flags = UAPI_IOMMU_HWPT_ALLOC_PASID | UAPI_IOMMU_HWPT_FAULT_ID_VALID,
		.dev_id = ioas.id + 1,
		.pt_id = ioas.id,
		.fault_id = queue,
	};

	assert_int_equal(call(ioas.iommufd, UAPI_IOMMU_HWPT_ALLOC, &alloc), 0);
	return alloc.out_hwpt_id;
}

/* Whoever asked, and though that one has been detached. */
static void page_faults_of_a_group_are_told_of_its_first_device(void **state)
{
	struct ioas ioas = open_ioas_with_pasids(*state);
	int sibling = open_node(*state, "vfio/devices/vfio5");
	struct fake_fault fault = { .device_id = ioas.id + 1, .pasid = 3, .count = 1 };
	struct uapi_iommu_fault_alloc queue;
	struct uapi_iommu_hwpt_pgfault list[2];
	uint32_t own, table;

	assert_int_equal(alloc_table(ioas, UAPI_IOMMU_HWPT_ALLOC_PASID, &own), 0);
	assert_int_equal(attach_device(ioas.device, own), 0);
	assert_int_equal(alloc_queue(ioas, &queue), 0);
	table = alloc_reporting(ioas, queue.out_fault_id);
	assert_int_equal(bind_device(sibling, ioas.iommufd), 0);
	assert_int_equal(attach_device(sibling, own), 0);
	assert_int_equal(attach_pasid(sibling, 3, table), 0);
	assert_int_equal(attach_pasid(ioas.device, 3, table), 0);
	fake_report_fault(queue.out_fault_fd, &fault);
	assert_int_equal(detach_pasid(sibling, 3), 0);
	fake_report_fault(queue.out_fault_fd, &fault);
	assert_int_equal(fake_count_answers(UAPI_IOMMUFD_PAGE_RESP_INVALID), 0);
	assert_int_equal(fake_syscalls.read(queue.out_fault_fd, list, sizeof(list)), sizeof(list));
	assert_int_not_equal(list[0].dev_id, fault.device_id);
	assert_int_equal(list[1].dev_id, list[0].dev_id);
	assert_int_equal(detach_pasid(ioas.device, 3), 0);
	assert_int_equal(fake_count_answers(UAPI_IOMMUFD_PAGE_RESP_INVALID), 2);
	assert_int_equal(destroy_object(ioas, table), 0);
	close_node(queue.out_fault_fd);
	close_node(sibling);
	close_ioas(ioas);
}

static void page_faults_are_for_devices_that_report_them(void **state)
{
	struct fake_iommu iommu = { .pasid_bits = NARROW, .takes_no_faults = true };
	struct ioas ioas = open_ioas_with_pasids(*state);
	struct uapi_iommu_fault_alloc queue;
	uint32_t own, table;

	fake_set_iommu(9, &iommu);
	assert_int_equal(alloc_table(ioas, UAPI_IOMMU_HWPT_ALLOC_PASID, &own), 0);
	assert_int_equal(attach_device(ioas.device, own), 0);
	assert_int_equal(alloc_queue(ioas, &queue), 0);
	table = alloc_reporting(ioas, queue.out_fault_id);
	assert_int_equal(attach_pasid(ioas.device, 1, table), -ENODEV);
	iommu.takes_no_faults = false;
	fake_set_iommu(9, &iommu);
	assert_int_equal(attach_pasid(ioas.device, 1, table), 0);
	assert_int_equal(detach_pasid(ioas.device, 1), 0);
	assert_int_equal(destroy_object(ioas, table), 0);
	close_node(queue.out_fault_fd);
	close_ioas(ioas);
}

static int answer_fault(int fd, uint32_t cookie, uint32_t code)
{
	struct uapi_iommu_hwpt_page_response response = { cookie, code };
	ssize_t size = fake_syscalls.write(fd, &response, sizeof(response));

	return size < 0 ? -errno : (int)size;
}

static void page_faults_are_read_whole_and_answered_once(void **state)
{
	struct ioas ioas = open_ioas(*state, "vfio/devices/vfio0");
	struct fake_fault fault = { .device_id = 2, .pasid = 1, .count = 2 };
	struct uapi_iommu_hwpt_pgfault list[3];
	struct uapi_iommu_fault_alloc queue;
	int fd;

	assert_int_equal(alloc_queue(ioas, &queue), 0);
	fd = queue.out_fault_fd;
	assert_int_equal(fake_syscalls.read(fd, list, sizeof(list)), 0);
	assert_int_equal(fake_syscalls.read(fd, list, 1), -1);
	assert_int_equal(errno, ESPIPE);
	fake_report_fault(fd, &fault);
	fake_report_fault(fd, &fault);
	assert_int_equal(fake_syscalls.read(fd, list, sizeof(list[0])), -1);
	assert_int_equal(errno, EINVAL);
	fake_set_old_fault_queues(true);
	assert_int_equal(fake_syscalls.read(fd, list, sizeof(list[0])), 0);
	assert_int_equal(fake_syscalls.read(fd, list, sizeof(list)), 2 * sizeof(list[0]));
	assert_int_equal(list[0].cookie, 1);
	assert_int_equal(answer_fault(fd, 1, 2), -EINVAL);
	assert_int_equal(answer_fault(fd, 2, UAPI_IOMMUFD_PAGE_RESP_SUCCESS), -EINVAL);
	assert_int_equal(answer_fault(fd, 1, UAPI_IOMMUFD_PAGE_RESP_SUCCESS), 8);
	assert_int_equal(answer_fault(fd, 1, UAPI_IOMMUFD_PAGE_RESP_SUCCESS), -EINVAL);
	assert_int_equal(fake_syscalls.read(fd, list, sizeof(list)), 2 * sizeof(list[0]));
	assert_int_equal(list[0].cookie, 1); /* which is free again */
	assert_int_equal(destroy_object(ioas, queue.out_fault_id), -EBUSY);
	close_node(fd);
	assert_int_equal(destroy_object(ioas, queue.out_fault_id), 0);
	assert_int_equal(fake_count_answers(UAPI_IOMMUFD_PAGE_RESP_INVALID), 1);
	close_ioas(ioas);
}

static void a_call_fails_on_demand(void **state)
{
	int fd;

	fake_fail_call(2, EMFILE);
	fd = open_node(*state, "iommu");
	assert_true(fd >= 0);
	assert_false(fake_has_failed());
	assert_int_equal(open_node(*state, "iommu"), -1);
	assert_int_equal(errno, EMFILE);
	assert_true(fake_has_failed());
	close_node(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nodes_open_only_where_there_is_one),
		CASE(fds_are_real_and_close_on_exec),
		CASE(a_group_admits_one_opener),
		CASE(an_empty_container_has_no_iommu),
		CASE(a_group_on_a_kernel_driver_has_an_owner),
		CASE(type1_wants_remapped_interrupts),
		CASE(type1_checks_each_map),
		CASE(read_only_memory_cannot_be_written_by_a_device),
		CASE(type1_counts_its_entries),
		CASE(type1_unmaps_whole_mappings),
		CASE(type1_mappings_go_with_the_last_group),
		CASE(type1_refuses_a_group_whose_regions_are_mapped),
		CASE(type1_info_grows_with_its_room),
		CASE(coherency_is_the_and_of_all_groups),
		CASE(a_device_keeps_its_group_open),
		CASE(a_virtual_function_wants_its_token),
		CASE(an_ioas_starts_with_everything),
		CASE(iommufd_checks_each_map),
		CASE(iommufd_unmaps_whole_areas),
		CASE(iommufd_refuses_a_device_whose_regions_are_mapped),
		CASE(an_ioas_in_use_is_not_destroyed),
		CASE(iommufd_tells_coherency_of_the_compatibility_ioas),
		CASE(iommufd_counts_per_process_when_told_so_at_first),
		CASE(a_device_node_serves_one_binder),
		CASE(devices_of_a_group_share_an_iommufd),
		CASE(a_page_table_is_made_of_an_ioas_for_a_device),
		CASE(a_page_table_does_not_reach_beyond_its_aperture),
		CASE(pasids_go_by_page_tables_that_take_them),
		CASE(an_attached_pasid_is_replaced),
		CASE(what_is_reserved_is_forgotten_by_a_failed_move),
		CASE(a_group_shares_its_page_tables),
		CASE(only_type1_pins_device_memory),
		CASE(intx_masks_itself),
		CASE(only_whole_pages_of_a_bar_are_exported),
		CASE(iommufd_maps_a_dmabuf_of_one_piece),
		CASE(a_dmabuf_is_revoked_while_the_device_does_not_answer),
		CASE(low_power_revokes_what_there_is),
		CASE(registers_reset_a_device_and_revoke),
		CASE(a_dmabuf_is_revoked_for_good_when_its_device_is_closed),
		CASE(memory_of_others_dmabufs_is_not_pinned),
		CASE(too_few_vectors_are_told_by_number),
		CASE(an_eventfd_is_read_without_waiting),
		CASE(hardware_info_fills_what_room_there_is),
		CASE(page_faults_are_read_whole_and_answered_once),
		CASE(page_faults_are_for_devices_that_report_them),
		CASE(page_faults_of_a_group_are_told_of_its_first_device),
		CASE(a_call_fails_on_demand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
