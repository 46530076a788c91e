/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Files that are mapped for DMA: memfds, and dma-bufs of BARs and of udmabuf. edu's engine
 * copies through them, and what it wrote is looked at through another mapping.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/udmabuf.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "uapi/vfio_feature.h"

#define MIB  (1ull << 20)
#define SIZE (4ull * PAGE_SIZE)

static struct vfa_map_options reachable(void)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;

	options.iova_max = EDU_DMA_MASK;
	return options;
}

static int memory_file(uint64_t size, unsigned int flags)
{
	int fd = memfd_create("dmabuf-test", MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	return fd;
}

/* How often this process has such a file mapped. */
static unsigned int count_placed(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned int count = 0;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		count += strstr(line, "/memfd:dmabuf-test") != NULL;
	fclose(maps);
	return count;
}

static struct vfa_mapping *map_file(struct vfa_container *space, int fd, uint64_t offset,
				    uint64_t size)
{
	struct vfa_map_options options = reachable();
	struct vfa_mapping *mapping = NULL;

	assert_ok(vfa_container_map_file(space, fd, offset, size, &options, &mapping));
	return mapping;
}

/* From one place in memory through the device to another, byte for byte. */
static void check_dma(const struct edu *edu, uint64_t from, void *at, uint64_t to, const void *seen,
		      unsigned int seed)
{
	edu_fill(at, EDU_TRANSFER_MAX, seed);
	edu_take(edu, from, EDU_TRANSFER_MAX);
	edu_give(edu, to, EDU_TRANSFER_MAX);
	edu_check(seen, EDU_TRANSFER_MAX, seed);
}

/* Seen by another mapping while there is one, and then, without file and that, by its own. */
static void check_file(const struct edu *edu, struct vfa_container *space, int fd, uint64_t offset,
		       uint64_t size)
{
	struct vfa_mapping *mapping = map_file(space, fd, offset, size);
	uint64_t iova = vfa_mapping_iova(mapping), last = size - PAGE_SIZE;
	char *own = vfa_mapping_vaddr(mapping);
	char *other = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	assert_ptr_not_equal(other, MAP_FAILED);
	check_dma(edu, iova, other, iova + last, other + last, 1);
	assert_memory_equal(own, other, size);
	assert_int_equal(munmap(other, size), 0);
	close(fd);
	check_dma(edu, iova + last, own + last, iova, own, 2);
	assert_int_equal(count_placed(), 1);
	assert_ok(vfa_mapping_unmap(mapping));
	assert_int_equal(count_placed(), 0);
}

static void a_device_reaches_the_memory_of_a_file(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct edu edu;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	check_file(&edu, space, memory_file(2 * SIZE, 0), SIZE, SIZE);
}

static void a_device_reaches_a_file_of_huge_pages(void **state)
{
	struct vfa_map_options options = reachable();
	struct vm *vm = *state;
	struct vfa_container *space;
	struct edu edu;
	int fd;

	vm_need_assignment(vm);
	vm_need_huge_pages(vm, "3");
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	fd = memory_file(6 * MIB, MFD_HUGETLB);
	assert_refused(vfa_container_map_file(space, fd, PAGE_SIZE, 2 * MIB, &options, NULL),
		       EINVAL, VFA_CAUSE_MISALIGNED);
	assert_refused(vfa_container_map_file(space, fd, 0, PAGE_SIZE, &options, NULL), EINVAL,
		       VFA_CAUSE_MISALIGNED);
	check_file(&edu, space, fd, 2 * MIB, 4 * MIB);
}

/* What the kernel does not look at on iommufd: whether the caller may write the file. */
static void a_sealed_file_is_only_read(void **state)
{
	struct vfa_map_options options = reachable();
	struct vm *vm = *state;
	struct vfa_mapping *mapping = NULL;
	struct vfa_container *space;
	struct vfa_buffer *buffer;
	struct edu edu;
	int fd;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	buffer = edu_buffer(vm, space, PAGE_SIZE);
	fd = memory_file(PAGE_SIZE, 0);
	vm_own_fd(vm, fd);
	edu_fill(vfa_buffer_vaddr(buffer), EDU_TRANSFER_MAX, 3);
	assert_int_equal(pwrite(fd, vfa_buffer_vaddr(buffer), PAGE_SIZE, 0), PAGE_SIZE);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	assert_refused(vfa_container_map_file(space, fd, 0, PAGE_SIZE, &options, NULL), EPERM,
		       VFA_CAUSE_FILE_RIGHTS);
	options.access = VFA_ACCESS_READ;
	vm_need(vfa_container_map_file(space, fd, 0, PAGE_SIZE, &options, &mapping) != -EPERM,
		"Linux 6.7, whose sealed memfds can be mapped for reading");
	assert_non_null(mapping);
	memset(vfa_buffer_vaddr(buffer), 0, PAGE_SIZE);
	edu_take(&edu, vfa_mapping_iova(mapping), EDU_TRANSFER_MAX);
	edu_give(&edu, vfa_buffer_iova(buffer), EDU_TRANSFER_MAX);
	edu_check(vfa_buffer_vaddr(buffer), EDU_TRANSFER_MAX, 3);
	assert_ok(vfa_mapping_unmap(mapping));
}

static void what_cannot_be_mapped_is_refused(void **state)
{
	struct vfa_map_options options = reachable();
	struct vm *vm = *state;
	struct vfa_container *space;
	int fd, other;

	vm_need_assignment(vm);
	space = vm_container(vm);
	vm_device(vm, space, EDU);
	fd = memory_file(SIZE, 0);
	vm_own_fd(vm, fd);
	other = vm_open(vm, "/dev/zero", O_RDWR | O_CLOEXEC);
	assert_refused(vfa_container_map_file(space, fd, PAGE_SIZE, SIZE, &options, NULL), EINVAL,
		       VFA_CAUSE_FILE_BOUNDS);
	assert_refused(vfa_container_map_file(space, fd, 1, PAGE_SIZE, &options, NULL), EINVAL,
		       VFA_CAUSE_MISALIGNED);
	assert_refused(vfa_container_map_file(space, other, 0, PAGE_SIZE, &options, NULL), EINVAL,
		       VFA_CAUSE_BAD_FD);
	assert_int_equal(count_placed(), 0);
}

/* udmabuf of two pages of a memfd; skips where there is none. */
static int make_udmabuf(struct vm *vm, int memory)
{
	struct udmabuf_create create = {
		.memfd = memory,
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = 2 * PAGE_SIZE,
	};
	int fd;

	vm_need(access("/dev/udmabuf", R_OK | W_OK) == 0, "a kernel with CONFIG_UDMABUF");
	fd = vm_open(vm, "/dev/udmabuf", O_RDWR | O_CLOEXEC);
	assert_int_equal(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	fd = ioctl(fd, UDMABUF_CREATE, &create);
	assert_true(fd >= 0);
	vm_own_fd(vm, fd);
	return fd;
}

/* Before Linux 6.11 what it gives a process are pages that can be pinned, and later not. */
static void a_udmabuf_is_mapped_or_explained(void **state)
{
	struct vfa_map_options options = reachable();
	struct vm *vm = *state;
	struct vfa_mapping *mapping = NULL;
	struct vfa_container *space;
	int memory, fd, result;
	struct edu edu;
	char *seen;

	vm_need_assignment(vm);
	memory = memory_file(2 * PAGE_SIZE, 0);
	vm_own_fd(vm, memory);
	fd = make_udmabuf(vm, memory);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	result = vfa_container_map_file(space, fd, 0, 2 * PAGE_SIZE, &options, &mapping);
	if (result < 0) {
		assert_refused(result, EOPNOTSUPP, VFA_CAUSE_DMABUF);
		assert_said("is a dma-buf of udmabuf");
		assert_said("the memfd behind a udmabuf");
		mapping = map_file(space, memory, 0, 2 * PAGE_SIZE);
	}
	seen = vm_map_fd(vm, memory, 2 * PAGE_SIZE);
	check_dma(&edu, vfa_mapping_iova(mapping), seen, vfa_mapping_iova(mapping) + PAGE_SIZE,
		  seen + PAGE_SIZE, 4);
	assert_ok(vfa_mapping_unmap(mapping));
}

/* A device whose BAR 2 is memory, exported, and edu in another container that has it mapped. */
struct target {
	struct vfa_container *space;
	struct vfa_device *device;
	volatile void *bar;
	int fd;
	struct edu edu;
	struct vfa_buffer *buffer;
	struct vfa_mapping *mapping;
};

/* Of a kernel that makes dma-bufs of BARs, and maps them. */
static bool has_dmabufs(void)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	int access;

	assert_ok(vfa_container_open(NULL, VFA_BACKEND_AUTO, &space));
	assert_ok(vfa_device_open(space, SHARED_MEMORY, NULL, &device));
	access = assert_ok(vfa_feature_probe(device, VFA_FEATURE_DMA_BUF));
	vfa_device_close(device);
	vfa_container_close(space);
	return access == VFA_FEATURE_GET;
}

static void need_dmabufs(const struct vm *vm)
{
	vm_need_assignment(vm);
	vm_need(vm_profile()->has_iommufd, "a kernel with iommufd, as in profile intel");
	vm_need(has_dmabufs(), "Linux 6.19, which makes dma-bufs of BARs");
}

static void open_importer(struct vm *vm, struct target *target)
{
	assert_ok(vfa_container_open(NULL, VFA_BACKEND_IOMMUFD, &target->space));
	vm_own_container(vm, target->space);
	target->edu = edu_open(vm, target->space, EDU);
	target->buffer = edu_buffer(vm, target->space, PAGE_SIZE);
}

static struct target open_target(struct vm *vm, const char *bdf)
{
	const struct vfa_region_area area = { PAGE_SIZE, SIZE };
	struct target target = { .space = NULL };

	need_dmabufs(vm);
	assert_ok(vfa_device_open(vm_container(vm), bdf, NULL, &target.device));
	target.bar = vm_bar(target.device, VFA_BAR(2));
	target.fd = assert_ok(vfa_dmabuf_export(target.device, VFA_BAR(2), &area, 1));
	open_importer(vm, &target);
	target.mapping = map_file(target.space, target.fd, PAGE_SIZE, 2 * PAGE_SIZE);
	assert_null(vfa_mapping_vaddr(target.mapping));
	return target;
}

/* Which page of the BAR the mapping starts at. */
#define TARGET (2 * PAGE_SIZE)

static void write_target(const struct target *target, unsigned int seed)
{
	edu_fill(vfa_buffer_vaddr(target->buffer), EDU_TRANSFER_MAX, seed);
	edu_take(&target->edu, vfa_buffer_iova(target->buffer), EDU_TRANSFER_MAX);
	edu_give(&target->edu, vfa_mapping_iova(target->mapping), EDU_TRANSFER_MAX);
}

static void check_target(volatile void *bar, unsigned int seed)
{
	uint64_t words[EDU_TRANSFER_MAX / sizeof(uint64_t)];

	for (size_t i = 0; i < EDU_TRANSFER_MAX / sizeof(uint64_t); i++)
		words[i] = vfa_mmio_read64(bar, TARGET + i * sizeof(uint64_t));
	edu_check(words, EDU_TRANSFER_MAX, seed);
}

static void check_way_back(const struct target *target, unsigned int seed)
{
	memset(vfa_buffer_vaddr(target->buffer), 0, PAGE_SIZE);
	edu_take(&target->edu, vfa_mapping_iova(target->mapping), EDU_TRANSFER_MAX);
	edu_give(&target->edu, vfa_buffer_iova(target->buffer), EDU_TRANSFER_MAX);
	edu_check(vfa_buffer_vaddr(target->buffer), EDU_TRANSFER_MAX, seed);
}

static void map_again(struct target *target)
{
	assert_ok(vfa_mapping_unmap(target->mapping));
	target->mapping = map_file(target->space, target->fd, PAGE_SIZE, 2 * PAGE_SIZE);
}

/* By the processor, so that DMA is seen that goes where it shall not. */
static void set_target(volatile void *bar, unsigned int seed)
{
	uint64_t words[EDU_TRANSFER_MAX / sizeof(uint64_t)];

	edu_fill(words, EDU_TRANSFER_MAX, seed);
	for (size_t i = 0; i < EDU_TRANSFER_MAX / sizeof(uint64_t); i++)
		vfa_mmio_write64(bar, TARGET + i * sizeof(uint64_t), words[i]);
}

/* What was mapped leads nowhere, and what is mapped now leads there again. */
static void check_revoked(struct target *target)
{
	set_target(target->bar, 6);
	write_target(target, 7);
	check_target(target->bar, 6);
	map_again(target);
	write_target(target, 8);
	check_target(target->bar, 8);
	check_way_back(target, 8);
}

static void a_dmabuf_leads_to_memory_of_a_device(void **state)
{
	struct vm *vm = *state;
	struct target target = open_target(vm, SHARED_MEMORY);
	uint16_t command;

	vm_own_device(vm, target.device);
	vm_own_fd(vm, target.fd);
	write_target(&target, 5);
	check_target(target.bar, 5);
	check_way_back(&target, 5);

	assert_ok(vfa_config_read16(target.device, PCI_COMMAND, &command));
	assert_ok(vfa_config_write16(target.device, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY));
	assert_ok(vfa_config_write16(target.device, PCI_COMMAND, command));
	check_revoked(&target);
	assert_ok(vfa_mapping_unmap(target.mapping));
}

static void a_reset_revokes_a_dmabuf(void **state)
{
	struct vm *vm = *state;
	struct target target = open_target(vm, NVME);

	vm_own_device(vm, target.device);
	vm_own_fd(vm, target.fd);
	write_target(&target, 5);
	check_target(target.bar, 5);
	assert_ok(vfa_device_reset(target.device));
	check_revoked(&target);
	assert_ok(vfa_device_reset(target.device));
	assert_ok(vfa_mapping_unmap(target.mapping));
}

/* Past the library, which refuses it of a device in low power. */
static int export_raw(struct vfa_device *device)
{
	struct {
		struct uapi_vfio_feature_dma_buf dmabuf;
		struct uapi_vfio_region_dma_range range;
	} request = {
		{ .region_index = VFA_BAR(2), .open_flags = O_RDWR | O_CLOEXEC, .nr_ranges = 1 },
		{ .offset = 0, .length = PAGE_SIZE },
	};

	return assert_ok(vfa_feature_get(device, VFA_FEATURE_DMA_BUF, &request, sizeof(request)));
}

/* Why the library refuses it, and that an entry which fails revokes. */
static void the_kernel_exports_what_sleeps(void **state)
{
	struct vfa_map_options options = reachable();
	struct vm *vm = *state;
	struct target target = open_target(vm, NVME);
	int late;

	vm_own_device(vm, target.device);
	vm_own_fd(vm, target.fd);
	assert_ok(vfa_device_enter_low_power(target.device, VFA_POWER_NO_WAKEUP));
	late = export_raw(target.device);
	vm_own_fd(vm, late);
	assert_ok(vfa_mapping_unmap(map_file(target.space, late, 0, PAGE_SIZE)));
	assert_refused(vfa_device_enter_low_power(target.device, VFA_POWER_NO_WAKEUP), EINVAL,
		       VFA_CAUSE_WRONG_ORDER);
	assert_refused(vfa_container_map_file(target.space, late, 0, PAGE_SIZE, &options, NULL),
		       EIO, VFA_CAUSE_REGION_OFF);
	assert_ok(vfa_device_exit_low_power(target.device));
	assert_ok(vfa_mapping_unmap(target.mapping));
}

static void low_power_revokes_a_dmabuf_until_it_is_left(void **state)
{
	const struct vfa_region_area area = { PAGE_SIZE, SIZE };
	struct vfa_map_options options = reachable();
	struct vm *vm = *state;
	struct target target = open_target(vm, NVME);

	vm_own_device(vm, target.device);
	vm_own_fd(vm, target.fd);
	assert_ok(vfa_device_enter_low_power(target.device, VFA_POWER_NO_WAKEUP));
	assert_refused(
		vfa_container_map_file(target.space, target.fd, 0, PAGE_SIZE, &options, NULL), EIO,
		VFA_CAUSE_REGION_OFF);
	assert_said("vfa_device_exit_low_power");
	assert_refused(vfa_dmabuf_export(target.device, VFA_BAR(2), &area, 1), EIO,
		       VFA_CAUSE_REGION_OFF);
	assert_said("low power");
	assert_ok(vfa_device_exit_low_power(target.device));
	map_again(&target);
	assert_ok(vfa_mapping_unmap(target.mapping));
}

static void closing_its_device_revokes_a_dmabuf_for_good(void **state)
{
	struct vfa_map_options options = reachable();
	struct vm *vm = *state;
	struct target target = open_target(vm, SHARED_MEMORY);
	struct vfa_device *again;

	vm_own_fd(vm, target.fd);
	write_target(&target, 12);
	vfa_device_close(target.device);
	write_target(&target, 13);
	again = vm_device(vm, vm_container(vm), SHARED_MEMORY);
	check_target(vm_bar(again, VFA_BAR(2)), 12);
	assert_ok(vfa_mapping_unmap(target.mapping));
	assert_refused(
		vfa_container_map_file(target.space, target.fd, 0, PAGE_SIZE, &options, NULL), EIO,
		VFA_CAUSE_REGION_OFF);
}

/* The other backend, and what is of several parts. */
static void other_ways_for_a_dmabuf_are_refused(void **state)
{
	const struct vfa_region_area areas[] = { { 0, PAGE_SIZE }, { SIZE, PAGE_SIZE } };
	struct vfa_map_options options = reachable();
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *device;
	int fd;

	need_dmabufs(vm);
	space = vm_container(vm);
	device = vm_device(vm, space, SHARED_MEMORY);
	assert_refused(vfa_dmabuf_export(device, VFA_BAR(0), areas, 1), EINVAL,
		       VFA_CAUSE_REGION_BOUNDS);
	fd = assert_ok(vfa_dmabuf_export(device, VFA_BAR(2), areas, 2));
	vm_own_fd(vm, fd);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(lseek(fd, 0, SEEK_END), 2 * PAGE_SIZE);
	assert_refused(vfa_container_map_file(space, fd, 0, PAGE_SIZE, &options, NULL), EOPNOTSUPP,
		       VFA_CAUSE_DMABUF);
	assert_said(vm->backend == VFA_BACKEND_IOMMUFD ? "have one area" : "vfa_peer_map");
	assert_refused(vfa_container_map_file(space, fd, PAGE_SIZE, 2 * PAGE_SIZE, &options, NULL),
		       EINVAL, VFA_CAUSE_FILE_BOUNDS);
}

static void a_kernel_without_dmabufs_says_so(void **state)
{
	const struct vfa_region_area area = { 0, PAGE_SIZE };
	struct vm *vm = *state;
	struct vfa_device *device;

	vm_need_assignment(vm);
	vm_need(!has_dmabufs(), "a kernel before Linux 6.19");
	device = vm_device(vm, vm_container(vm), SHARED_MEMORY);
	assert_refused(vfa_dmabuf_export(device, VFA_BAR(2), &area, 1), EOPNOTSUPP,
		       VFA_CAUSE_NO_FEATURE);
	assert_said("Linux 6.19");
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(a_device_reaches_the_memory_of_a_file),
		VM_CASE(a_device_reaches_a_file_of_huge_pages),
		VM_CASE(a_sealed_file_is_only_read),
		VM_CASE(what_cannot_be_mapped_is_refused),
		VM_CASE(a_udmabuf_is_mapped_or_explained),
		VM_CASE(a_dmabuf_leads_to_memory_of_a_device),
		VM_CASE(a_reset_revokes_a_dmabuf),
		VM_CASE(low_power_revokes_a_dmabuf_until_it_is_left),
		VM_CASE(the_kernel_exports_what_sleeps),
		VM_CASE(closing_its_device_revokes_a_dmabuf_for_good),
		VM_CASE(other_ways_for_a_dmabuf_are_refused),
		VM_CASE(a_kernel_without_dmabufs_says_so),
	};

	return vm_run_cases("dmabuf", cases);
}
