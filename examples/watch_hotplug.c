/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* watch_hotplug: use a device from when it is plugged in until the kernel wants it back. */

#include "example.h"

#include <errno.h>
#include <poll.h>

static int complain(void)
{
	example_complain("watch_hotplug");
	return -1;
}

/* What happens to the device itself; its driver and its nodes have events, too. */
static int wait_for(struct vfa_monitor *monitor, enum vfa_monitor_action action, const char *bdf)
{
	struct vfa_monitor_event event = VFA_MONITOR_EVENT_INIT;

	do {
		if (vfa_monitor_wait(monitor, -1, &event) < 0)
			return complain();
		printf("watch_hotplug: %s %s %s\n", vfa_monitor_action_name(event.action),
		       vfa_monitor_subsystem_name(event.subsystem), event.bdf);
	} while (event.subsystem != VFA_MONITOR_PCI || event.action != action ||
		 strcmp(event.bdf, bdf) != 0);
	return 0;
}

/* The monitor listens already, so a device that comes after the look is heard of. */
static int wait_for_device(struct vfa_monitor *monitor, const char *bdf)
{
	struct vfa_topology *topology;
	int found;

	if (vfa_topology_new(NULL, &topology) < 0)
		return complain();
	found = vfa_topology_find_function(topology, bdf);
	vfa_topology_free(topology);
	return found >= 0 ? 0 : wait_for(monitor, VFA_MONITOR_ADD, bdf);
}

/* A loop has many fds: of interrupts, of the monitor, of what the program serves. */
static int use(struct vfa_device *device, struct vfa_irq *request)
{
	struct pollfd wanted = { .fd = vfa_irq_fd(request, 0), .events = POLLIN };
	uint16_t vendor;

	if (vfa_config_read16(device, 0, &vendor) < 0)
		return complain();
	printf("watch_hotplug: using a device of vendor %04x\n", vendor);
	while (poll(&wanted, 1, -1) < 0)
		if (errno != EINTR)
			return -1;
	/* Pulled out, it is gone by now; unplugged in order, it works until it is closed. */
	printf("watch_hotplug: giving it back: it is %s\n",
	       vfa_device_check(device) < 0 ? "gone" : "still there");
	return 0;
}

/* The kernel waits for the close, and with it whoever unplugs this or any other device. */
static int open_and_use(struct vfa_container *space, const char *bdf)
{
	struct vfa_device *device = NULL;
	struct vfa_irq *request;
	int err = -1;

	if (vfa_driver_bind(NULL, bdf, NULL, NULL) < 0 ||
	    vfa_device_open(space, bdf, NULL, &device) < 0 ||
	    vfa_irq_enable(device, VFA_IRQ_REQUEST, 0, 1, NULL, &request) < 0)
		complain();
	else
		err = use(device, request);
	vfa_device_close(device);
	return err;
}

int main(int argc, char **argv)
{
	struct vfa_container *space = NULL;
	struct vfa_monitor *monitor = NULL;
	int err = -1;

	if (argc < 2) {
		fprintf(stderr, "usage: watch_hotplug BDF [auto|type1|iommufd]\n");
		return EXIT_FAILURE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (vfa_monitor_open(NULL, NULL, &monitor) < 0 ||
	    vfa_container_open(NULL, example_backend(argv[2]), &space) < 0) {
		complain();
		goto close;
	}
	err = wait_for_device(monitor, argv[1]);
	if (!err)
		err = open_and_use(space, argv[1]);
	if (!err)
		err = wait_for(monitor, VFA_MONITOR_REMOVE, argv[1]);

close:
	vfa_container_close(space);
	vfa_monitor_close(monitor);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
