/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* hot_reset: reset a device with its whole bus, after a look at what else that resets. */

#include "example.h"

#include <errno.h>

#define FUNCTIONS_MAX 64

static void show_methods(const char *bdf)
{
	struct vfa_reset_method methods[8];
	int count = vfa_reset_methods(NULL, bdf, methods, 8);

	for (int i = 0; i < count && i < 8; i++)
		printf("hot_reset: %s can be reset by %s: %s\n", bdf, methods[i].name,
		       methods[i].effect);
}

static int show_functions(struct vfa_device *device)
{
	struct vfa_hot_reset_function functions[FUNCTIONS_MAX];
	int count = vfa_hot_reset_functions(device, functions, FUNCTIONS_MAX);

	for (int i = 0; i < count && i < FUNCTIONS_MAX; i++)
		printf("hot_reset: resets %s of group %d: %s\n", functions[i].bdf,
		       functions[i].group, vfa_ownership_name(functions[i].ownership));
	return count;
}

/* It is restored, while the device's own registers are lost. */
static int check_config(struct vfa_device *device, uint32_t before)
{
	uint32_t after;

	if (vfa_config_read32(device, 0x10, &after) < 0) {
		example_complain("hot_reset");
		return -1;
	}
	printf("hot_reset: done; BAR 0 reads %#x before and %#x after\n", before, after);
	return before == after ? 0 : -1;
}

/*
 * The kernel waits for no lock here: EAGAIN tells that somebody else resets or changes a driver,
 * and EBUSY that a thread accesses registers. Halt threads of your own first, instead of trying
 * in a loop; of others, tell whoever wanted the reset.
 */
static int reset_bus(struct vfa_device *device)
{
	int err = vfa_device_hot_reset(device, NULL, 0);

	if (err == -EAGAIN || err == -EBUSY)
		printf("hot_reset: %s is as it was\n", vfa_device_bdf(device));
	return err;
}

int main(int argc, char **argv)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	int err = -1;
	uint32_t bar;

	if (argc < 2) {
		fprintf(stderr, "usage: hot_reset BDF [auto|type1|iommufd|noiommu]\n");
		return EXIT_FAILURE;
	}
	show_methods(argv[1]);
	/* Its group is owned with it; where functions of other groups are hit, open those, too. */
	if (vfa_container_open(NULL, example_backend(argv[2]), &space) < 0 ||
	    vfa_device_open(space, argv[1], NULL, &device) < 0 ||
	    vfa_config_read32(device, 0x10, &bar) < 0 || show_functions(device) < 0 ||
	    reset_bus(device) < 0)
		example_complain("hot_reset");
	else
		err = check_config(device, bar);

	vfa_device_close(device);
	vfa_container_close(space);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
