/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <endian.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fake/config.h"
#include "fixture.h"

#define DOORBELL 0x60

static struct vfa_ioeventfd store_of(uint32_t width, uint64_t offset, uint64_t value)
{
	return (struct vfa_ioeventfd){
		.index = VFA_BAR(0), .width = width, .offset = offset, .value = value
	};
}

static int new_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

static void ring(int fd)
{
	assert_int_equal(eventfd_write(fd, 1), 0);
	fake_make_stores(EDU);
}

static uint64_t read_back(struct space space, uint64_t offset)
{
	uint64_t value = 0;

	assert_ok(vfa_region_read(space.device, VFA_BAR(0), offset, &value, sizeof(value)));
	return le64toh(value);
}

static void an_eventfd_makes_a_store_of_each_width(void **state)
{
	static const uint64_t values[] = { 0x12, 0x1234, 0x12345678, 0x123456789abcdef0 };
	struct space space = open_space(state);

	for (unsigned int i = 0; i < 4; i++) {
		struct vfa_ioeventfd store = store_of(1 << i, DOORBELL, values[i]);
		uint64_t nothing = 0;
		int fd = new_eventfd();

		assert_ok(vfa_region_write(space.device, VFA_BAR(0), DOORBELL, &nothing, 8));
		assert_ok(vfa_ioeventfd_add(space.device, &store, fd));
		assert_int_equal(read_back(space, DOORBELL), 0);
		ring(fd);
		assert_true(read_back(space, DOORBELL) == values[i]);
		assert_ok(vfa_ioeventfd_remove(space.device, &store));
		close(fd);
	}
	close_space(space);
}

static void one_eventfd_makes_several_stores(void **state)
{
	struct vfa_ioeventfd first = store_of(4, DOORBELL, 1), second = store_of(4, DOORBELL, 2);
	struct space space = open_space(state);
	int fd = new_eventfd();

	assert_ok(vfa_ioeventfd_add(space.device, &first, fd));
	assert_ok(vfa_ioeventfd_add(space.device, &second, fd));
	assert_int_equal(fake_count_stores(EDU), 2);
	assert_ok(vfa_ioeventfd_remove(space.device, &first));
	ring(fd);
	assert_int_equal(read_back(space, DOORBELL), 2);
	close(fd);
	close_space(space);
}

static void a_store_that_was_removed_is_not_made(void **state)
{
	struct vfa_ioeventfd store = store_of(4, DOORBELL, 1);
	struct space space = open_space(state);
	int fd = new_eventfd();

	assert_ok(vfa_ioeventfd_add(space.device, &store, fd));
	assert_ok(vfa_ioeventfd_remove(space.device, &store));
	ring(fd);
	assert_int_equal(read_back(space, DOORBELL), 0);
	assert_fails(vfa_ioeventfd_remove(space.device, &store), ENOENT, IOEVENTFD);
	close(fd);
	close_space(space);
}

static void stores_go_with_the_device(void **state)
{
	struct vfa_ioeventfd store = store_of(4, DOORBELL, 1);
	struct space space = open_space(state);
	int fd = new_eventfd();

	assert_ok(vfa_ioeventfd_add(space.device, &store, fd));
	close(fd);
	close_space(space);
	assert_int_equal(fake_count_stores(EDU), 0);
}

static void stores_that_no_kernel_makes_are_refused(void **state)
{
	static const struct vfa_ioeventfd wrong[] = {
		{ .width = 0 },
		{ .width = 3 },
		{ .width = 16 },
		{ .width = UINT32_MAX },
		{ .width = 1, .value = 0x100 },
		{ .width = 4, .value = 1ull << 32 },
	};
	struct space space = open_space(state);
	struct vfa_ioeventfd store = store_of(4, DOORBELL, 1);
	int fd = new_eventfd();

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_fails(vfa_ioeventfd_add(space.device, &wrong[i], fd), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_ioeventfd_add(NULL, &store, fd), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_ioeventfd_add(space.device, NULL, fd), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_ioeventfd_remove(NULL, &store), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_ioeventfd_remove(space.device, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_ioeventfd_add(space.device, &store, -1), EBADF, BAD_FD);
	store.offset = DOORBELL + 2;
	assert_fails(vfa_ioeventfd_add(space.device, &store, fd), EINVAL, MISALIGNED);
	store.offset = 1 << 20;
	assert_fails(vfa_ioeventfd_add(space.device, &store, fd), EINVAL, REGION_BOUNDS);
	store.index = VFA_BAR(1);
	assert_fails(vfa_ioeventfd_add(space.device, &store, fd), EINVAL, NO_REGION);
	store = (struct vfa_ioeventfd){ .index = VFA_REGION_CONFIG, .width = 2 };
	assert_fails(vfa_ioeventfd_add(space.device, &store, fd), EOPNOTSUPP, IOEVENTFD);
	assert_int_equal(fake_count_ioctls(VFIO_DEVICE_IOEVENTFD), 0);
	close(fd);
	close_space(space);
}

static void what_the_kernel_refuses_is_explained(void **state)
{
	struct vfa_ioeventfd store = store_of(4, DOORBELL, 1), wide = store_of(8, DOORBELL, 1);
	struct space space = open_space(state);
	int fd = new_eventfd();

	assert_ok(vfa_ioeventfd_add(space.device, &store, fd));
	assert_fails(vfa_ioeventfd_add(space.device, &store, fd), EEXIST, IOEVENTFD);
	assert_fails(vfa_ioeventfd_add(space.device, &wide, STDIN_FILENO), EINVAL, BAD_FD);
	fake_set_ioeventfd_limit(1);
	assert_fails(vfa_ioeventfd_add(space.device, &wide, fd), ENOSPC, IOEVENTFD);
	fake_set_ioeventfd_width(4);
	assert_fails(vfa_ioeventfd_add(space.device, &wide, fd), EOPNOTSUPP, IOEVENTFD);
	assert_fails(vfa_ioeventfd_remove(space.device, &wide), EOPNOTSUPP, IOEVENTFD);
	fake_set_ioeventfd_width(0);
	assert_fails(vfa_ioeventfd_add(space.device, &wide, fd), EOPNOTSUPP, IOEVENTFD);
	assert_int_equal(fake_count_stores(EDU), 1);
	fake_set_gone(EDU, true);
	fake_fail_ioctl(VFIO_DEVICE_IOEVENTFD, ENODEV);
	assert_fails(vfa_ioeventfd_remove(space.device, &store), ENODEV, DEVICE_GONE);
	assert_fails(vfa_ioeventfd_add(space.device, &wide, fd), ENODEV, DEVICE_GONE);
	close(fd);
	close_space(space);
}

/* 33 entries at 0x2000 of BAR 0, so up to 0x220f. */
static void the_msix_table_is_out_of_reach(void **state)
{
	struct config config;
	struct vfa_ioeventfd store;
	struct space space;
	unsigned int at;
	int fd = new_eventfd();

	config_init(&config, 0x1b36, 0x0010);
	at = config_add(&config, PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF);
	config_set16(&config, at + PCI_MSIX_FLAGS, 32);
	config_set16(&config, at + PCI_MSIX_TABLE, 0x2000);
	fake_set_config(NVME, 0, config.bytes, config.size);
	space = open_space_of(state, NVME);
	for (uint64_t offset = 0x2000; offset < 0x2210; offset += 0x108) {
		store = store_of(8, offset, 0);
		assert_fails(vfa_ioeventfd_add(space.device, &store, fd), EOPNOTSUPP, IOEVENTFD);
	}
	store = store_of(8, 0x2210, 0);
	assert_ok(vfa_ioeventfd_add(space.device, &store, fd));
	store = store_of(8, 0x1ff8, 0);
	assert_ok(vfa_ioeventfd_add(space.device, &store, fd));
	close(fd);
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(an_eventfd_makes_a_store_of_each_width),
		ON_BOTH(one_eventfd_makes_several_stores),
		ON_BOTH(a_store_that_was_removed_is_not_made),
		ON_BOTH(stores_go_with_the_device),
		ON_BOTH(stores_that_no_kernel_makes_are_refused),
		ON_BOTH(what_the_kernel_refuses_is_explained),
		ON_BOTH(the_msix_table_is_out_of_reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
