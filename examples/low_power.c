/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* low_power: let a device sleep while it is not needed, and hear of its waking. */

#include "example.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PATIENCE_MS 2000

/*
 * The kernel has a worker put it to sleep: it takes a moment, and nothing tells when. Most
 * calls would wake it; this one does not. A device without power management stays in D0.
 */
static void wait_for_sleep(struct vfa_device *device)
{
	for (int i = 0; i < PATIENCE_MS && vfa_device_power_state(device) == VFA_POWER_D0; i++)
		poll(NULL, 0, 1);
	printf("low_power: %s is in %s\n", vfa_device_bdf(device),
	       vfa_power_state_name(vfa_device_power_state(device)));
}

/* Until the program wants it: all that is asked of it meanwhile wakes it for that time only. */
static int nap(struct vfa_device *device)
{
	if (vfa_device_enter_low_power(device, VFA_POWER_NO_WAKEUP) < 0)
		return -1;
	/* From here on an access to a mapped BAR would raise SIGBUS. */
	wait_for_sleep(device);
	return vfa_device_exit_low_power(device);
}

/* Until it wakes, for whatever reason: here because its config space is read. */
static int sleep_until_woken(struct vfa_device *device, int wakeup)
{
	struct pollfd woken = { .fd = wakeup, .events = POLLIN };
	uint16_t vendor;

	if (vfa_device_enter_low_power(device, wakeup) < 0)
		return -1;
	wait_for_sleep(device);
	if (vfa_config_read16(device, 0, &vendor) < 0)
		return -1;
	if (poll(&woken, 1, PATIENCE_MS) == 1)
		printf("low_power: it has woken, and its vendor is %04x\n", vendor);
	else
		printf("low_power: it has not slept: this kernel has no power management\n");
	/* Of a device that has woken this does nothing. */
	return vfa_device_exit_low_power(device);
}

int main(int argc, char **argv)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	int wakeup, err = -1;

	if (argc < 2) {
		fprintf(stderr, "usage: low_power BDF [auto|type1|iommufd|noiommu]\n");
		return EXIT_FAILURE;
	}
	wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wakeup < 0) {
		perror("low_power");
		return EXIT_FAILURE;
	}
	if (vfa_container_open(NULL, example_backend(argv[2]), &space) < 0 ||
	    vfa_device_open(space, argv[1], NULL, &device) < 0 || nap(device) < 0 ||
	    sleep_until_woken(device, wakeup) < 0)
		example_complain("low_power");
	else
		err = 0;

	vfa_device_close(device);
	vfa_container_close(space);
	close(wakeup);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
