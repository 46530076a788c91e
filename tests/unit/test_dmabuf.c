/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Files between devices and processes: dma-bufs of BARs, and memory of files mapped for DMA. */

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "uapi/iommufd.h"

#define MIB (1ull << 20)

static int export_area(struct vfa_device *device, uint32_t region, uint64_t offset, uint64_t size)
{
	const struct vfa_region_area area = { offset, size };

	return vfa_dmabuf_export(device, region, &area, 1);
}

static void a_part_of_a_bar_is_exported(void **state)
{
	struct space space = open_space(state);
	int fd = export_area(space.device, VFA_BAR(0), PAGE, 2 * PAGE);

	assert_ok(fd);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(lseek(fd, 0, SEEK_END), 2 * PAGE);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_DMABUF), 1);
	close_node(fd);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_DMABUF), 0);
	close_space(space);
}

static void parts_follow_each_other_in_a_dmabuf(void **state)
{
	const struct vfa_region_area areas[] = { { 4 * PAGE, PAGE }, { 0, 3 * PAGE } };
	struct space space = open_space(state);
	int fd = vfa_dmabuf_export(space.device, VFA_BAR(0), areas, 2);

	assert_ok(fd);
	assert_int_equal(lseek(fd, 0, SEEK_END), 4 * PAGE);
	close_node(fd);
	close_space(space);
}

static void a_dmabuf_does_not_keep_its_device_open(void **state)
{
	struct space space = open_space(state);
	int fd = export_area(space.device, VFA_BAR(0), 0, PAGE);

	close_space(space);
	assert_int_equal(fake_count_objects(), 1);
	close_node(fd);
}

static void what_cannot_be_exported_is_refused(void **state)
{
	const struct vfa_region_area one = { 0, PAGE }, areas[] = { one, { MIB, PAGE } };
	const uint32_t small = 0xfeb00000;
	struct space space;

	fake_set_region(EDU, 1, 256, VFIO_REGION_INFO_FLAG_READ);
	fake_set_config(EDU, PCI_BASE_ADDRESS_1, &small, sizeof(small));
	space = open_space(state);
	assert_fails(vfa_dmabuf_export(NULL, 0, &one, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_dmabuf_export(space.device, 0, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_dmabuf_export(space.device, 0, NULL, 0), EINVAL, EMPTY);
	assert_fails(vfa_dmabuf_export(space.device, 0, &one, SIZE_MAX), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_dmabuf_export(space.device, 0, areas, 2), EINVAL, REGION_BOUNDS);
	assert_fails(export_area(space.device, 99, 0, PAGE), EINVAL, NO_REGION);
	assert_fails(export_area(space.device, VFA_BAR(5), 0, PAGE), EINVAL, NO_REGION);
	assert_fails(export_area(space.device, VFA_REGION_ROM, 0, PAGE), EINVAL, REGION_RIGHTS);
	assert_fails(export_area(space.device, VFA_BAR(2), 0, PAGE), EINVAL, REGION_RIGHTS);
	assert_fails(export_area(space.device, VFA_BAR(0), 0, 0), EINVAL, EMPTY);
	assert_fails(export_area(space.device, VFA_BAR(0), 0, MIB + PAGE), EINVAL, REGION_BOUNDS);
	assert_fails(export_area(space.device, VFA_BAR(0), PAGE, -PAGE), EINVAL, REGION_BOUNDS);
	assert_fails(export_area(space.device, VFA_BAR(0), 8, PAGE), EINVAL, MISALIGNED);
	assert_fails(export_area(space.device, VFA_BAR(0), 0, PAGE + 8), EINVAL, MISALIGNED);
	assert_fails(export_area(space.device, VFA_BAR(1), 0, 256), EINVAL, MISALIGNED);
	assert_int_equal(fake_count_ioctls(VFIO_DEVICE_FEATURE), 0);
	close_space(space);
}

static void a_kernel_that_exports_nothing_is_told(void **state)
{
	struct space space = open_space(state);

	fake_set_dmabufs(false);
	assert_fails(export_area(space.device, VFA_BAR(0), 0, PAGE), EOPNOTSUPP, NO_FEATURE);
	fake_fail_ioctl(VFIO_DEVICE_FEATURE, EOPNOTSUPP);
	assert_fails(export_area(space.device, VFA_BAR(0), 0, PAGE), EOPNOTSUPP, NO_FEATURE);
	fake_fail_ioctl(VFIO_DEVICE_FEATURE, ENODEV);
	assert_fails(export_area(space.device, VFA_BAR(0), 0, PAGE), ENODEV, KERNEL);
	fake_set_gone(EDU, true);
	assert_fails(export_area(space.device, VFA_BAR(0), 0, PAGE), ENODEV, DEVICE_GONE);
	fake_fail_ioctl(VFIO_DEVICE_FEATURE, 0);
	fake_set_gone(EDU, false);
	close_space(space);
}

/* A memfd that this process may map too. */
static int memory_file(uint64_t size)
{
	int fd = memfd_create("shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0 && !ftruncate(fd, size));
	return fd;
}

/* How often this process has mapped such a file. */
static unsigned int count_placed(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned int count = 0;
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		count += strstr(line, "/memfd:shared") != NULL;
	fclose(maps);
	return count;
}

static struct vfa_mapping *map_file(struct space space, int fd, uint64_t offset, uint64_t size)
{
	struct vfa_mapping *mapping = NULL;

	assert_ok(vfa_container_map_file(space.container, fd, offset, size, NULL, &mapping));
	return mapping;
}

/* A refused map changes nothing, in the kernel, in this process or in the results. */
static void check_refused(struct space space, int fd, uint64_t offset, uint64_t size,
			  const struct vfa_map_options *options, int err, enum vfa_cause cause)
{
	struct vfa_mapping *mapping = (struct vfa_mapping *)1;
	size_t before = fake_count_mappings();
	unsigned int placed = count_placed();

	check_failure(vfa_container_map_file(space.container, fd, offset, size, options, &mapping),
		      -err, cause);
	assert_ptr_equal(mapping, (struct vfa_mapping *)1);
	assert_int_equal(fake_count_mappings(), before);
	assert_int_equal(count_placed(), placed);
}

static void memory_of_a_file_is_mapped(void **state)
{
	struct space space = open_space(state);
	int fd = memory_file(4 * PAGE);
	struct vfa_mapping *mapping = map_file(space, fd, PAGE, 2 * PAGE);
	uint64_t iova = vfa_mapping_iova(mapping), found;
	struct fake_mapping seen;
	char byte;

	assert_true(fake_get_mapping(0, &seen));
	assert_int_equal(seen.size, 2 * PAGE);
	if (space.machine->backend == VFA_BACKEND_IOMMUFD)
		assert_true(seen.inode && seen.offset == PAGE);
	else
		assert_int_equal(seen.vaddr, (uintptr_t)vfa_mapping_vaddr(mapping));
	memcpy(vfa_mapping_vaddr(mapping), "x", 1);
	assert_int_equal(pread(fd, &byte, 1, PAGE), 1);
	assert_int_equal(byte, 'x');
	close(fd);
	assert_ok(
		vfa_container_find_iova(space.container, vfa_mapping_vaddr(mapping), PAGE, &found));
	assert_int_equal(found, iova);
	assert_int_equal(count_placed(), 1);
	assert_ok(vfa_mapping_unmap(mapping));
	assert_int_equal(count_placed(), 0);
	close_space(space);
}

static void memory_of_a_file_goes_with_its_container(void **state)
{
	struct space space = open_space(state);
	int fd = memory_file(4 * PAGE);

	for (int i = 0; i < 3; i++)
		map_file(space, fd, i * PAGE, PAGE);
	close(fd);
	assert_ok(vfa_container_unmap(space.container, 2 * PAGE, PAGE));
	assert_int_equal(count_placed(), 2);
	close_space(space);
	assert_int_equal(count_placed(), 0);
}

/* Type1 has it mapped anew from where it is in this process. */
static void memory_of_a_file_waits_for_the_next_device(void **state)
{
	struct space space = open_space(state);
	int fd = memory_file(PAGE);
	struct vfa_mapping *mapping = map_file(space, fd, 0, PAGE);

	close(fd);
	vfa_device_close(space.device);
	space.device = open_device(space.container, NVME);
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_mapping_unmap(mapping));
	assert_int_equal(count_placed(), 0);
	close_space(space);
}

static void an_older_iommufd_maps_what_the_process_has(void **state)
{
	struct space space = open_space(state);
	int fd = memory_file(PAGE);
	struct fake_mapping seen;

	fake_set_map_file(false);
	map_file(space, fd, 0, PAGE);
	assert_true(fake_get_mapping(0, &seen));
	assert_true(seen.vaddr && !seen.inode);
	close(fd);
	close_space(space);
}

/* The same file, opened anew. */
static int open_again(int fd, int flags)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC);
	assert_true(again >= 0);
	return again;
}

static void a_file_that_cannot_be_written_is_mapped_for_reading(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	int sealed = memory_file(PAGE), file = memory_file(PAGE);
	int read_only = open_again(file, O_RDONLY);

	assert_int_equal(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE), 0);
	check_refused(space, sealed, 0, PAGE, NULL, EPERM, VFA_CAUSE_FILE_RIGHTS);
	check_refused(space, read_only, 0, PAGE, NULL, EACCES, VFA_CAUSE_FILE_RIGHTS);
	options.access = VFA_ACCESS_READ;
	assert_ok(vfa_container_map_file(space.container, sealed, 0, PAGE, &options, NULL));
	assert_ok(vfa_container_map_file(space.container, read_only, 0, PAGE, &options, NULL));
	assert_int_equal(count_placed(), 2);
	close(sealed);
	close(file);
	close(read_only);
	close_space(space);
}

static void write_only_files_are_refused(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	int fd = memory_file(PAGE), write_only = open_again(fd, O_WRONLY);

	options.access = VFA_ACCESS_READ;
	check_refused(space, write_only, 0, PAGE, NULL, EACCES, VFA_CAUSE_FILE_RIGHTS);
	check_refused(space, write_only, 0, PAGE, &options, EACCES, VFA_CAUSE_FILE_RIGHTS);
	close(write_only);
	close(fd);
	close_space(space);
}

static void what_is_no_file_of_memory_is_refused(void **state)
{
	struct space space = open_space(state);
	int fd = eventfd(0, EFD_CLOEXEC), file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	check_refused(space, fd, 0, PAGE, NULL, EINVAL, VFA_CAUSE_BAD_FD);
	check_refused(space, file, 0, PAGE, NULL, EINVAL, VFA_CAUSE_BAD_FD);
	check_refused(space, null, 0, PAGE, NULL, EINVAL, VFA_CAUSE_BAD_FD);
	check_refused(space, vfa_device_fd(space.device), 0, PAGE, NULL, EINVAL, VFA_CAUSE_BAD_FD);
	check_refused(space, -1, 0, PAGE, NULL, EBADF, VFA_CAUSE_BAD_FD);
	close(fd);
	check_refused(space, fd, 0, PAGE, NULL, EBADF, VFA_CAUSE_BAD_FD);
	close(file);
	close(null);
	close_space(space);
}

static void parts_that_a_file_does_not_have_are_refused(void **state)
{
	struct space space = open_space(state);
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	int fd = memory_file(4 * PAGE);

	assert_fails(vfa_container_map_file(NULL, fd, 0, PAGE, NULL, NULL), EINVAL, BAD_ARGUMENT);
	check_refused(space, fd, 0, 0, NULL, EINVAL, VFA_CAUSE_EMPTY);
	check_refused(space, fd, PAGE, -PAGE + 1, NULL, EINVAL, VFA_CAUSE_WRAPPED);
	check_refused(space, fd, 0, 5 * PAGE, NULL, EINVAL, VFA_CAUSE_FILE_BOUNDS);
	check_refused(space, fd, 4 * PAGE, PAGE, NULL, EINVAL, VFA_CAUSE_FILE_BOUNDS);
	check_refused(space, fd, -PAGE, PAGE, NULL, EINVAL, VFA_CAUSE_FILE_BOUNDS);
	check_refused(space, fd, 8, PAGE, NULL, EINVAL, VFA_CAUSE_MISALIGNED);
	check_refused(space, fd, 0, PAGE + 8, NULL, EINVAL, VFA_CAUSE_MISALIGNED);
	options.flags = VFA_MAP_IDENTITY;
	check_refused(space, fd, 0, PAGE, &options, EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	options.flags = 1u << 31;
	check_refused(space, fd, 0, PAGE, &options, EINVAL, VFA_CAUSE_BAD_ARGUMENT);
	options = at(0xfee00000);
	check_refused(space, fd, 0, PAGE, &options, EINVAL, VFA_CAUSE_RESERVED);
	close(fd);
	close_space(space);
}

static void files_need_a_device(void **state)
{
	struct vfa_container *container = open_container(*state);
	int fd = memory_file(PAGE);

	assert_fails(vfa_container_map_file(container, fd, 0, PAGE, NULL, NULL), ENODEV,
		     WRONG_ORDER);
	assert_int_equal(count_placed(), 0);
	close(fd);
	vfa_container_close(container);
}

static void shorten(void *data)
{
	assert_int_equal(ftruncate(*(int *)data, PAGE), 0);
}

static void a_file_that_is_made_shorter_meanwhile_is_told(void **state)
{
	struct space space = open_space(state);
	int fd = memory_file(4 * PAGE);

	fake_visit_ioctl(UAPI_IOMMU_IOAS_MAP_FILE, shorten, &fd);
	check_refused(space, fd, 0, 4 * PAGE, NULL, EINVAL, VFA_CAUSE_FILE_BOUNDS);
	assert_false(fake_awaits_visit());
	close(fd);
	close_space(space);
}

static void files_of_huge_pages_are_mapped_by_huge_pages(void **state)
{
	struct space space = open_space(state);
	int fd;

	fake_set_huge_pages(2 * MIB, 2);
	fd = fake_syscalls.memfd_create("shared", MFD_HUGETLB);
	assert_true(fd >= 0 && !ftruncate(fd, 4 * MIB));
	check_refused(space, fd, PAGE, 2 * MIB, NULL, EINVAL, VFA_CAUSE_MISALIGNED);
	check_refused(space, fd, 0, PAGE, NULL, EINVAL, VFA_CAUSE_MISALIGNED);
	map_file(space, fd, 2 * MIB, 2 * MIB);
	close_node(fd);
	close_space(space);
}

/* Another device, whose BAR is the target, in a container of its own. */
struct target {
	struct vfa_container *container;
	struct vfa_device *device;
	int fd;
};

static struct target export_target(struct space space)
{
	struct target target = { .container = open_container(space.machine) };

	target.device = open_device(target.container, NVME);
	target.fd = export_area(target.device, VFA_BAR(0), PAGE, 2 * PAGE);
	assert_ok(target.fd);
	return target;
}

static void close_target(struct target target)
{
	close_node(target.fd);
	vfa_device_close(target.device);
	vfa_container_close(target.container);
}

static void a_bar_is_mapped_without_an_address(void **state)
{
	struct space space = open_space(state);
	struct target target = export_target(space);
	struct vfa_mapping *mapping = map_file(space, target.fd, PAGE, PAGE);
	struct vfa_address_info info = VFA_ADDRESS_INFO_INIT;
	uint64_t iova = vfa_mapping_iova(mapping);
	struct fake_mapping seen;
	char text[160];
	void *vaddr;

	assert_true(fake_get_mapping(0, &seen));
	assert_string_equal(seen.bdf, NVME);
	assert_int_equal(seen.region_offset, 2 * PAGE);
	assert_null(vfa_mapping_vaddr(mapping));
	assert_fails(vfa_container_find_vaddr(space.container, iova, PAGE, &vaddr), ENOENT,
		     NOT_MAPPED);
	assert_fails(vfa_container_find_iova(space.container, NULL, PAGE, &iova), ENOENT,
		     NOT_MAPPED);
	assert_ok(vfa_container_describe(space.container, iova, &info));
	assert_int_equal(info.kind, VFA_ADDRESS_MAPPED);
	assert_null(info.vaddr);
	assert_ok(vfa_address_explain(&info, 0, text, sizeof(text)));
	assert_non_null(strstr(text, "without an address in this process"));
	map_file(space, target.fd, 0, PAGE);
	close_target(target);
	assert_int_equal(fake_count_kind(FAKE_OBJECT_DMABUF), 1);
	assert_ok(vfa_mapping_unmap(mapping));
	assert_ok(vfa_container_unmap_all(space.container));
	assert_int_equal(fake_count_kind(FAKE_OBJECT_DMABUF), 0);
	close_space(space);
}

static void memory_beside_a_bar_is_found(void **state)
{
	struct space space = open_space(state);
	struct target target = export_target(space);
	struct vfa_mapping *bar = map_file(space, target.fd, 0, PAGE), *memory;
	uint64_t iova;
	void *vaddr;

	memory = map_at(space.container, space.memory, PAGE, vfa_mapping_iova(bar) + PAGE);
	assert_ok(
		vfa_container_find_vaddr(space.container, vfa_mapping_iova(memory), PAGE, &vaddr));
	assert_ptr_equal(vaddr, space.memory);
	assert_fails(
		vfa_container_find_vaddr(space.container, vfa_mapping_iova(bar), 2 * PAGE, &vaddr),
		ENOENT, NOT_MAPPED);
	assert_ok(vfa_mapping_unmap(bar));
	assert_ok(vfa_container_find_iova(space.container, space.memory, PAGE, &iova));
	close_target(target);
	close_space(space);
}

static void type1_maps_no_bar_by_file(void **state)
{
	struct space space = open_space(state);
	struct target target = export_target(space);

	check_refused(space, target.fd, 0, PAGE, NULL, EOPNOTSUPP, VFA_CAUSE_DMABUF);
	close_target(target);
	close_space(space);
}

static bool is_revoked(void)
{
	struct fake_mapping seen;

	assert_true(fake_get_mapping(0, &seen));
	return seen.revoked;
}

static void a_bar_that_is_reset_is_unmapped_as_any_other(void **state)
{
	struct space space = open_space(state);
	struct target target = export_target(space);
	struct vfa_mapping *mapping = map_file(space, target.fd, 0, PAGE);

	assert_false(is_revoked());
	assert_ok(vfa_device_reset(target.device));
	assert_true(is_revoked());
	assert_ok(vfa_mapping_unmap(mapping));
	mapping = map_file(space, target.fd, 0, PAGE);
	assert_false(is_revoked());
	assert_ok(vfa_mapping_unmap(mapping));
	close_target(target);
	close_space(space);
}

static void a_bar_that_does_not_answer_is_not_mapped(void **state)
{
	struct space space = open_space(state);
	struct target target = export_target(space);
	uint16_t command;

	assert_ok(vfa_config_read16(target.device, PCI_COMMAND, &command));
	assert_ok(vfa_config_write16(target.device, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY));
	check_refused(space, target.fd, 0, PAGE, NULL, EIO, VFA_CAUSE_REGION_OFF);
	assert_ok(vfa_config_write16(target.device, PCI_COMMAND, command));
	map_file(space, target.fd, 0, PAGE);
	assert_ok(vfa_device_enter_low_power(target.device, VFA_POWER_NO_WAKEUP));
	assert_true(is_revoked());
	check_refused(space, target.fd, 0, PAGE, NULL, EIO, VFA_CAUSE_REGION_OFF);
	assert_ok(vfa_device_exit_low_power(target.device));
	map_file(space, target.fd, 0, PAGE);
	vfa_device_close(target.device);
	target.device = NULL;
	check_refused(space, target.fd, 0, PAGE, NULL, EIO, VFA_CAUSE_REGION_OFF);
	close_target(target);
	close_space(space);
}

static void one_that_woke_by_itself_is_mapped_after_it_is_taken_back(void **state)
{
	struct space space = open_space(state);
	struct target target = export_target(space);
	int wakeup = eventfd(0, EFD_CLOEXEC);

	assert_ok(vfa_device_enter_low_power(target.device, wakeup));
	assert_fails(export_area(target.device, VFA_BAR(0), 0, PAGE), EIO, REGION_OFF);
	assert_true(fake_is_in_low_power(NVME));
	fake_wake(NVME);
	assert_false(fake_is_in_low_power(NVME));
	check_refused(space, target.fd, 0, PAGE, NULL, EIO, VFA_CAUSE_REGION_OFF);
	assert_fails(export_area(target.device, VFA_BAR(0), 0, PAGE), EIO, REGION_OFF);
	assert_ok(vfa_device_exit_low_power(target.device));
	map_file(space, target.fd, 0, PAGE);
	close(wakeup);
	close_target(target);
	close_space(space);
}

static void dmabufs_that_iommufd_does_not_map_are_told(void **state)
{
	const struct vfa_region_area areas[] = { { 0, PAGE }, { 2 * PAGE, PAGE } };
	struct space space = open_space(state);
	struct target target = export_target(space);
	int fd = vfa_dmabuf_export(target.device, VFA_BAR(0), areas, 2);

	check_refused(space, fd, 0, PAGE, NULL, EOPNOTSUPP, VFA_CAUSE_DMABUF);
	check_refused(space, target.fd, PAGE, 2 * PAGE, NULL, EINVAL, VFA_CAUSE_FILE_BOUNDS);
	fake_set_dmabufs(false);
	check_refused(space, target.fd, 0, PAGE, NULL, EOPNOTSUPP, VFA_CAUSE_DMABUF);
	fake_set_map_file(false);
	check_refused(space, target.fd, 0, PAGE, NULL, EOPNOTSUPP, VFA_CAUSE_DMABUF);
	close_node(fd);
	close_target(target);
	close_space(space);
}

/* Of other drivers: what the process has of them is pinned where the kernel can do that. */
static void dmabufs_of_others_are_pinned_where_that_is_possible(void **state)
{
	struct space space = open_space(state);
	int fd = fake_dmabuf_open(2 * PAGE, true), bare = fake_dmabuf_open(PAGE, false);
	struct fake_mapping seen;

	check_refused(space, fd, 0, PAGE, NULL, EOPNOTSUPP, VFA_CAUSE_DMABUF);
	check_refused(space, bare, 0, PAGE, NULL, EOPNOTSUPP, VFA_CAUSE_DMABUF);
	fake_set_old_udmabuf(true);
	fake_set_dmabufs(false);
	assert_non_null(vfa_mapping_vaddr(map_file(space, fd, PAGE, PAGE)));
	assert_true(fake_get_mapping(0, &seen));
	assert_true(seen.vaddr && !seen.is_dmabuf);
	close_node(fd);
	close_node(bare);
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_part_of_a_bar_is_exported),
		ON_BOTH(parts_follow_each_other_in_a_dmabuf),
		ON_BOTH(a_dmabuf_does_not_keep_its_device_open),
		ON_BOTH(what_cannot_be_exported_is_refused),
		ON_BOTH(a_kernel_that_exports_nothing_is_told),
		ON_BOTH(memory_of_a_file_is_mapped),
		ON_BOTH(memory_of_a_file_goes_with_its_container),
		ON_BOTH(memory_of_a_file_waits_for_the_next_device),
		ON_IOMMUFD(an_older_iommufd_maps_what_the_process_has),
		ON_BOTH(a_file_that_cannot_be_written_is_mapped_for_reading),
		ON_BOTH(write_only_files_are_refused),
		ON_BOTH(what_is_no_file_of_memory_is_refused),
		ON_BOTH(parts_that_a_file_does_not_have_are_refused),
		ON_BOTH(files_need_a_device),
		ON_IOMMUFD(a_file_that_is_made_shorter_meanwhile_is_told),
		ON_BOTH(files_of_huge_pages_are_mapped_by_huge_pages),
		ON_IOMMUFD(a_bar_is_mapped_without_an_address),
		ON_IOMMUFD(memory_beside_a_bar_is_found),
		ON_TYPE1(type1_maps_no_bar_by_file),
		ON_IOMMUFD(a_bar_that_is_reset_is_unmapped_as_any_other),
		ON_IOMMUFD(a_bar_that_does_not_answer_is_not_mapped),
		ON_IOMMUFD(one_that_woke_by_itself_is_mapped_after_it_is_taken_back),
		ON_IOMMUFD(dmabufs_that_iommufd_does_not_map_are_told),
		ON_BOTH(dmabufs_of_others_are_pinned_where_that_is_possible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
