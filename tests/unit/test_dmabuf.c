/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* dma-bufs of BARs. */

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <unistd.h>

#include "fixture.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_part_of_a_bar_is_exported),
		ON_BOTH(parts_follow_each_other_in_a_dmabuf),
		ON_BOTH(a_dmabuf_does_not_keep_its_device_open),
		ON_BOTH(what_cannot_be_exported_is_refused),
		ON_BOTH(a_kernel_that_exports_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
