/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* handle_intx: serve INTx of edu in a handler, unmasked by call and by eventfd. */

#include "example.h"
#include "hw/edu.h"

#include <sys/eventfd.h>
#include <unistd.h>

#define TASK   "handle_intx"
#define ROUNDS 3

struct server {
	volatile void *bar;
	int unmask_fd;     /* -1: unmask by call */
	unsigned int done; /* interrupts that were served */
};

/*
 * The kernel masks the pin when it fires, for it stays up until the device is served. So
 * serve the device first, and let the pin through then; the other way round it would
 * fire again at once.
 */
static void serve(struct vfa_irq *irq, uint32_t vector, uint64_t count, void *data)
{
	struct server *server = data;
	uint32_t why = edu_acknowledge(server->bar);

	(void)vector;
	printf(TASK ": fired %llu time, because of %#x\n", (unsigned long long)count, why);
	if (server->unmask_fd >= 0 ? eventfd_write(server->unmask_fd, 1) < 0
				   : vfa_irq_unmask(irq) < 0)
		return;
	server->done++;
}

/* edu interrupts when it is told to. */
static int run(struct vfa_irq *irq, struct server *server)
{
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		unsigned int done = server->done;

		vfa_mmio_write32(server->bar, EDU_INTERRUPT_RAISE, round);
		if (vfa_irq_dispatch(&irq, 1, 5000) < 0) {
			example_complain(TASK);
			return -1;
		}
		if (server->done != done + 1) {
			fprintf(stderr, TASK ": the interrupt could not be unmasked\n");
			return -1;
		}
	}
	return 0;
}

/* Whoever has the eventfd can unmask without a handle; a virtual machine does so by KVM. */
static int run_with_eventfd(struct vfa_irq *irq, struct server *server)
{
	int err;

	server->unmask_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->unmask_fd < 0) {
		perror(TASK ": eventfd");
		return -1;
	}
	err = vfa_irq_set_unmask_eventfd(irq, server->unmask_fd);
	if (err < 0)
		example_complain(TASK);
	else
		err = run(irq, server);
	close(server->unmask_fd);
	return err;
}

int main(int argc, char **argv)
{
	struct server server = { .unmask_fd = -1 };
	struct vfa_container *space = NULL;
	struct vfa_device *edu = NULL;
	struct vfa_irq *irq = NULL;
	int err = -1;

	if (argc < 2) {
		fprintf(stderr, "usage: " TASK " BDF [auto|type1|iommufd|noiommu]\n");
		return EXIT_FAILURE;
	}
	if (vfa_container_open(NULL, example_backend(argv[2]), &space) < 0 ||
	    vfa_device_open(space, argv[1], NULL, &edu) < 0 ||
	    vfa_region_map(edu, VFA_BAR(0), &server.bar) < 0 ||
	    vfa_irq_enable(edu, VFA_IRQ_INTX, 0, 1, NULL, &irq) < 0 ||
	    vfa_irq_set_handler(irq, serve, &server) < 0)
		example_complain(TASK);
	else if (run(irq, &server) == 0 && run_with_eventfd(irq, &server) == 0)
		err = 0;
	if (!err)
		printf(TASK ": served %u interrupts\n", server.done);

	vfa_irq_disable(irq);
	vfa_device_close(edu);
	vfa_container_close(space);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
