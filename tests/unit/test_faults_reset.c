/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Devices are reset, put to sleep and asked for features. See scenario.h. */

#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "scenario.h"

static bool open_two(struct run *run, struct vfa_device *devices[2])
{
	return step(run, vfa_container_open(run->machine->host, run->machine->backend,
					    &run->container)) &&
	       step(run, open_plainly(run->container, LEFT, &devices[0])) &&
	       step(run, open_plainly(run->container, RIGHT, &devices[1]));
}

static void close_two(struct run *run, struct vfa_device *devices[2])
{
	vfa_device_close(devices[1]);
	vfa_device_close(devices[0]);
	vfa_container_close(run->container);
}

/* A list of which a call has filled no element when it failed. */
static void check_functions(struct run *run, struct vfa_device *device)
{
	struct vfa_hot_reset_function functions[2] = { { .group = 77 }, { .group = 77 } };
	int count = vfa_hot_reset_functions(device, functions, 2);

	if (step(run, count)) {
		assert_int_equal(count, 2);
		assert_string_equal(functions[1].bdf, RIGHT);
	} else {
		assert_int_equal(functions[0].group, 77);
	}
}

static void check_methods(struct run *run)
{
	struct vfa_reset_method methods[4] = { { .functions = 77 } };
	int count = vfa_reset_methods(run->machine->host, LEFT, methods, 4);

	if (!step(run, count))
		assert_int_equal(methods[0].functions, 77);
}

/* Where the reset failed nobody was reset; where arming failed all were, and may be again. */
static void resets(struct run *run)
{
	struct vfa_device *devices[2] = { NULL, NULL };
	struct vfa_irq *irq = NULL;

	check_methods(run);
	if (open_two(run, devices)) {
		step(run, vfa_device_reset(devices[0]));
		check_functions(run, devices[0]);
		step(run, vfa_device_hot_reset(devices[0], &devices[1], 1));
		if (step(run, vfa_irq_enable(devices[1], VFA_IRQ_INTX, 0, 1, NULL, &irq))) {
			step_partly(run, vfa_device_reset(devices[1]));
			step_partly(run, vfa_device_hot_reset(devices[0], NULL, 0));
		}
	}
	close_two(run, devices);
}

/* The refusals themselves do system calls and allocate. */
static void refused_resets(struct run *run)
{
	struct vfa_device *devices[2] = { NULL, NULL };

	fake_set_reset(LEFT, false);
	if (open_two(run, devices)) {
		fake_set_unbound(RIGHT, true);
		assert_true(vfa_device_reset(devices[0]) < 0);
		assert_true(vfa_error_last()->message[0]);
		assert_true(vfa_device_hot_reset(devices[0], NULL, 0) < 0);
		assert_true(vfa_error_last()->message[0]);
		fake_set_unbound(RIGHT, false);
	}
	close_two(run, devices);
}

static void use_features(struct run *run, struct vfa_device *device)
{
	uint64_t data = 5;

	step(run, vfa_feature_probe(device, VFA_FEATURE_MIGRATION));
	if (!step(run, vfa_feature_get(device, VFA_FEATURE_MIGRATION, &data, sizeof(data))))
		assert_int_equal(data, 5);
	step(run, vfa_feature_set(device, VFA_FEATURE_BUS_MASTER, &(uint32_t){ 1 }, 4));
	assert_true(vfa_feature_set(device, VFA_FEATURE_MIGRATION, &data, sizeof(data)) < 0);
	assert_true(vfa_error_last()->message[0]);
}

static void sleep_and_wake(struct run *run, struct vfa_device *device, int wakeup)
{
	bool sleeps = step(run, vfa_device_enter_low_power(device, wakeup));

	assert_int_equal(fake_is_in_low_power(LEFT), sleeps);
	assert_true(vfa_device_power_state(device) >= VFA_POWER_UNKNOWN);
	if (step(run, vfa_device_exit_low_power(device)))
		assert_false(fake_is_in_low_power(LEFT));
	(void)vfa_device_exit_low_power(device);
}

static void features_and_power(struct run *run)
{
	struct vfa_device *devices[2] = { NULL, NULL };
	int wakeup;

	fake_set_feature(LEFT, VFA_FEATURE_MIGRATION, VFIO_DEVICE_FEATURE_GET, 8, NULL);
	fake_set_feature(LEFT, VFA_FEATURE_BUS_MASTER, VFIO_DEVICE_FEATURE_SET, 4, NULL);
	if (open_two(run, devices)) {
		use_features(run, devices[0]);
		sleep_and_wake(run, devices[0], VFA_POWER_NO_WAKEUP);
		wakeup = eventfd(0, EFD_CLOEXEC);
		step(run, 0);
		sleep_and_wake(run, devices[0], wakeup);
		close(wakeup);
	}
	close_two(run, devices);
}

SCENARIO(resets)
SCENARIO(refused_resets)
SCENARIO(features_and_power)
INTERRUPTED(resets)
INTERRUPTED(features_and_power)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(resets),
		CASES(refused_resets),
		CASES(features_and_power),
		ON_BOTH(signals_do_not_disturb_resets),
		ON_BOTH(signals_do_not_disturb_features_and_power),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
