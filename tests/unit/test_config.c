/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fixture.h"

static void all_widths_read(void **state)
{
	struct space space = open_space(state);
	uint32_t all = 0;
	uint16_t half = 0;
	uint8_t byte = 0;

	assert_ok(vfa_config_read32(space.device, 0, &all));
	assert_ok(vfa_config_read16(space.device, 2, &half));
	assert_ok(vfa_config_read8(space.device, 1, &byte));
	assert_int_equal(all, 0x11e81234);
	assert_int_equal(half, 0x11e8);
	assert_int_equal(byte, 0x12);
	close_space(space);
}

static void all_widths_write(void **state)
{
	struct space space = open_space(state);
	uint32_t all = 0;

	assert_ok(vfa_config_write32(space.device, 0xf0, 0x11223344));
	assert_ok(vfa_config_write16(space.device, 0xf2, 0x5566));
	assert_ok(vfa_config_write8(space.device, 0xf1, 0x77));
	assert_ok(vfa_config_read32(space.device, 0xf0, &all));
	assert_int_equal(all, 0x55667744);
	close_space(space);
}

static void the_kernel_filters_writes(void **state)
{
	struct space space = open_space(state);
	uint16_t vendor = 0;

	assert_ok(vfa_config_write16(space.device, 0, 0xdead));
	assert_ok(vfa_config_read16(space.device, 0, &vendor));
	assert_int_equal(vendor, 0x1234);
	close_space(space);
}

static void the_last_register_is_in_bounds(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = open_device(container, NVME);
	uint32_t value = 77;

	assert_ok(vfa_config_read32(device, 4092, &value));
	assert_int_equal(value, 0);
	assert_fails(vfa_config_read32(device, 4096, &value), EINVAL, REGION_BOUNDS);
	vfa_device_close(device);
	vfa_container_close(container);
}

static void offsets_past_the_end_are_refused(void **state)
{
	struct space space = open_space(state);
	uint32_t all = 1;
	uint16_t half = 2;
	uint8_t byte = 3;

	assert_fails(vfa_config_read8(space.device, 256, &byte), EINVAL, REGION_BOUNDS);
	assert_fails(vfa_config_read16(space.device, 256, &half), EINVAL, REGION_BOUNDS);
	assert_fails(vfa_config_read32(space.device, 0xfffffffc, &all), EINVAL, REGION_BOUNDS);
	assert_fails(vfa_config_write8(space.device, 256, 0), EINVAL, REGION_BOUNDS);
	assert_fails(vfa_config_write16(space.device, 256, 0), EINVAL, REGION_BOUNDS);
	assert_fails(vfa_config_write32(space.device, 256, 0), EINVAL, REGION_BOUNDS);
	assert_int_equal(all + half + byte, 6);
	close_space(space);
}

static void unaligned_offsets_are_refused(void **state)
{
	struct space space = open_space(state);
	uint32_t all = 1;
	uint16_t half = 2;

	assert_fails(vfa_config_read16(space.device, 1, &half), EINVAL, MISALIGNED);
	assert_fails(vfa_config_read32(space.device, 2, &all), EINVAL, MISALIGNED);
	assert_fails(vfa_config_write16(space.device, 0xf1, 0), EINVAL, MISALIGNED);
	assert_fails(vfa_config_write32(space.device, 0xf2, 0), EINVAL, MISALIGNED);
	assert_int_equal(all + half, 3);
	close_space(space);
}

static void nulls_are_refused(void **state)
{
	struct space space = open_space(state);
	uint32_t all;
	uint16_t half;
	uint8_t byte;

	assert_fails(vfa_config_read8(NULL, 0, &byte), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_config_read16(NULL, 0, &half), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_config_read32(NULL, 0, &all), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_config_write8(NULL, 0, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_config_write16(NULL, 0, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_config_write32(NULL, 0, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_config_read8(space.device, 0, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_config_read16(space.device, 0, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_config_read32(space.device, 0, NULL), EINVAL, BAD_ARGUMENT);
	close_space(space);
}

static void a_short_read_leaves_the_result(void **state)
{
	struct space space = open_space(state);
	uint32_t value = 77;

	fake_set_transfer(EDU, 2);
	assert_fails(vfa_config_read32(space.device, 0, &value), EIO, KERNEL);
	assert_fails(vfa_config_write32(space.device, 0xf0, 1), EIO, KERNEL);
	assert_int_equal(value, 77);
	close_space(space);
}

static void all_ones_of_a_device_that_is_there_are_a_value(void **state)
{
	struct space space = open_space(state);
	uint8_t line = 0;

	fake_set_config(EDU, 0x3c, "\xff", 1);
	assert_ok(vfa_config_read8(space.device, 0x3c, &line));
	assert_int_equal(line, 0xff);
	close_space(space);
}

/* The ids are VFIO's own copy: they say nothing of whether the device is there. */
static void a_gone_device_is_told_by_all_but_its_ids(void **state)
{
	struct space space = open_space(state);
	uint32_t ids = 0, class_code = 77;

	fake_set_gone(EDU, true);
	assert_ok(vfa_config_read32(space.device, 0, &ids));
	assert_int_equal(ids, 0x11e81234);
	assert_fails(vfa_config_read32(space.device, 8, &class_code), ENODEV, DEVICE_GONE);
	assert_int_equal(class_code, 77);
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(all_widths_read),
		ON_BOTH(all_widths_write),
		ON_BOTH(the_kernel_filters_writes),
		ON_BOTH(the_last_register_is_in_bounds),
		ON_BOTH(offsets_past_the_end_are_refused),
		ON_BOTH(unaligned_offsets_are_refused),
		ON_BOTH(nulls_are_refused),
		ON_BOTH(a_short_read_leaves_the_result),
		ON_BOTH(all_ones_of_a_device_that_is_there_are_a_value),
		ON_BOTH(a_gone_device_is_told_by_all_but_its_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
