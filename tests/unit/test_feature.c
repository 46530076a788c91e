/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <linux/vfio.h>
#include <stdlib.h>

#include "fixture.h"

#define GET VFIO_DEVICE_FEATURE_GET
#define SET VFIO_DEVICE_FEATURE_SET

static void probing_tells_what_can_be_done(void **state)
{
	struct space space = open_space(state);

	fake_set_feature(EDU, VFA_FEATURE_MIGRATION, GET, 8, NULL);
	fake_set_feature(EDU, VFA_FEATURE_MIGRATION_STATE, GET | SET, 8, NULL);
	assert_int_equal(vfa_feature_probe(space.device, VFA_FEATURE_MIGRATION), VFA_FEATURE_GET);
	assert_int_equal(vfa_feature_probe(space.device, VFA_FEATURE_MIGRATION_STATE),
			 VFA_FEATURE_GET | VFA_FEATURE_SET);
	assert_int_equal(vfa_feature_probe(space.device, VFA_FEATURE_LOW_POWER_ENTRY),
			 VFA_FEATURE_SET);
	assert_int_equal(vfa_feature_probe(space.device, VFA_FEATURE_PCI_VF_TOKEN), 0);
	assert_int_equal(vfa_feature_probe(space.device, 0xffff), 0);
	assert_false(fake_is_in_low_power(EDU));
	close_space(space);
}

static void an_old_kernel_has_no_features(void **state)
{
	struct space space = open_space(state);
	uint64_t data = 5;

	fake_set_features(false);
	assert_int_equal(vfa_feature_probe(space.device, VFA_FEATURE_LOW_POWER_ENTRY), 0);
	assert_fails(vfa_feature_set(space.device, VFA_FEATURE_LOW_POWER_ENTRY, NULL, 0),
		     EOPNOTSUPP, NO_FEATURE);
	assert_fails(vfa_feature_get(space.device, VFA_FEATURE_MIGRATION, &data, sizeof(data)),
		     EOPNOTSUPP, NO_FEATURE);
	assert_int_equal(data, 5);
	close_space(space);
}

static void data_is_got_and_set(void **state)
{
	struct space space = open_space(state);
	uint64_t flags = 7, data = 0;

	fake_set_feature(EDU, VFA_FEATURE_MIGRATION, GET, sizeof(flags), &flags);
	assert_int_equal(vfa_feature_get(space.device, VFA_FEATURE_MIGRATION, &data, sizeof(data)),
			 0);
	assert_int_equal(data, 7);

	data = 11;
	fake_set_feature(EDU, 15, GET | SET, sizeof(data), NULL); /* one that has no name yet */
	assert_ok(vfa_feature_set(space.device, 15, &data, sizeof(data)));
	fake_get_feature(EDU, 15, &flags);
	assert_int_equal(flags, 11);
	close_space(space);
}

/* The fd of a dma-buf is what the ioctl returns. */
static void what_the_kernel_returns_is_returned(void **state)
{
	struct space space = open_space(state);
	uint32_t request[4] = { 0 };

	fake_set_feature(EDU, VFA_FEATURE_DMA_BUF, GET, sizeof(request), NULL);
	fake_set_feature_result(42);
	assert_int_equal(
		vfa_feature_get(space.device, VFA_FEATURE_DMA_BUF, request, sizeof(request)), 42);
	close_space(space);
}

static void what_a_feature_cannot_do_is_refused(void **state)
{
	struct space space = open_space(state);
	uint64_t data = 5;

	fake_set_feature(EDU, VFA_FEATURE_MIGRATION, GET, 8, NULL);
	assert_fails(vfa_feature_set(space.device, VFA_FEATURE_MIGRATION, &data, sizeof(data)),
		     EOPNOTSUPP, NO_FEATURE);
	assert_fails(vfa_feature_get(space.device, VFA_FEATURE_LOW_POWER_EXIT, NULL, 0), EOPNOTSUPP,
		     NO_FEATURE);
	assert_int_equal(data, 5);
	close_space(space);
}

/* The feature is there and can be set: then it is what is set that is wrong. */
static void what_the_kernel_does_not_take_is_told(void **state)
{
	struct space space = open_space(state);

	fake_set_feature(EDU, 14, SET, 16, NULL);
	assert_fails(vfa_feature_set(space.device, 14, &(uint32_t){ 1 }, 4), EINVAL, KERNEL);
	check_message("0000:00:04.0: set feature 14 (unknown): Invalid argument", NULL);
	fake_fail_ioctl(VFIO_DEVICE_FEATURE, EBUSY);
	assert_fails(vfa_feature_set(space.device, 14, &(uint32_t){ 1 }, 4), EBUSY, KERNEL);
	assert_fails(vfa_feature_probe(space.device, 14), EBUSY, KERNEL);
	fake_fail_ioctl(VFIO_DEVICE_FEATURE, 0);
	close_space(space);
}

static void bad_arguments_are_refused(void **state)
{
	struct space space = open_space(state);
	uint8_t data[32] = { 0 };

	assert_fails(vfa_feature_probe(NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_feature_get(NULL, 0, data, sizeof(data)), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_feature_set(NULL, 0, data, sizeof(data)), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_feature_probe(space.device, 0x10000), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_feature_get(space.device, 0x10000, data, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_feature_get(space.device, VFA_FEATURE_MIGRATION, NULL, 8), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_feature_get(space.device, VFA_FEATURE_MIGRATION, data, 7), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_feature_set(space.device, 14, data, SIZE_MAX), EINVAL, BAD_ARGUMENT);
	assert_int_equal(fake_count_ioctls(VFIO_DEVICE_FEATURE), 0);
	close_space(space);
}

static void every_feature_has_a_name(void **state)
{
	(void)state;
	for (uint32_t feature = 0; feature <= VFA_FEATURE_ZPCI_ERROR; feature++)
		assert_string_not_equal(vfa_feature_name(feature), "unknown");
	assert_string_equal(vfa_feature_name(VFA_FEATURE_ZPCI_ERROR + 1), "unknown");
	assert_string_equal(vfa_feature_name(UINT32_MAX), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(probing_tells_what_can_be_done),
		ON_BOTH(an_old_kernel_has_no_features),
		ON_BOTH(data_is_got_and_set),
		ON_BOTH(what_the_kernel_returns_is_returned),
		ON_BOTH(what_a_feature_cannot_do_is_refused),
		ON_BOTH(what_the_kernel_does_not_take_is_told),
		ON_BOTH(bad_arguments_are_refused),
		CASE(every_feature_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
