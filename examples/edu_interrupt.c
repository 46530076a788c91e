/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* edu_interrupt: compute factorials on edu and sleep until its interrupt says so. */

#include "example.h"
#include "hw/edu.h"

static uint32_t factorial(uint32_t n)
{
	return n < 2 ? 1 : n * factorial(n - 1);
}

static int compute(struct vfa_irq *irq, volatile void *bar, uint32_t n)
{
	uint32_t result;

	vfa_mmio_write32(bar, EDU_STATUS, EDU_STATUS_INTERRUPT);
	vfa_mmio_write32(bar, EDU_FACTORIAL, n);
	if (vfa_irq_wait(irq, 0, 2000, NULL) < 0) {
		example_complain("edu_interrupt");
		return -1;
	}
	edu_acknowledge(bar);
	result = vfa_mmio_read32(bar, EDU_FACTORIAL);
	printf("edu_interrupt: %u! = %u\n", n, result);
	if (result != factorial(n)) {
		fprintf(stderr, "edu_interrupt: %u expected\n", factorial(n));
		return -1;
	}
	return 0;
}

/* Two of them, for only the second shows that the first interrupt was served well. */
static int run(struct vfa_device *edu, volatile void *bar, enum vfa_irq_kind kind)
{
	struct vfa_irq *irq;
	int err;

	printf("edu_interrupt: by %s\n", vfa_irq_kind_name(kind));
	if (vfa_irq_enable(edu, kind, 0, 1, NULL, &irq) < 0) {
		example_complain("edu_interrupt");
		return -1;
	}
	err = compute(irq, bar, 5);
	/* The kernel masks the pin when it fires, since it stays up until the device is served. */
	if (!err && kind == VFA_IRQ_INTX && vfa_irq_unmask(irq) < 0) {
		example_complain("edu_interrupt");
		err = -1;
	}
	if (!err)
		err = compute(irq, bar, 12);
	vfa_irq_disable(irq);
	return err;
}

int main(int argc, char **argv)
{
	static const enum vfa_irq_kind kinds[] = { VFA_IRQ_MSI, VFA_IRQ_INTX };
	struct vfa_container *space = NULL;
	struct vfa_device *edu = NULL;
	volatile void *bar;
	int done = 0;
	int err = -1;
	size_t i;

	if (argc < 2) {
		fprintf(stderr, "usage: edu_interrupt BDF [auto|type1|iommufd|noiommu]\n");
		return EXIT_FAILURE;
	}
	/* An MSI is a write of the device, and takes bus mastering as DMA does. */
	if (vfa_container_open(NULL, example_backend(argv[2]), &space) < 0 ||
	    vfa_device_open(space, argv[1], NULL, &edu) < 0 ||
	    vfa_region_map(edu, VFA_BAR(0), &bar) < 0 || vfa_device_enable_bus_master(edu) < 0) {
		example_complain("edu_interrupt");
		goto close;
	}

	for (err = 0, i = 0; !err && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (vfa_irq_count(edu, kinds[i]) < 1)
			continue;
		err = run(edu, bar, kinds[i]);
		done++;
	}
	if (!done) {
		fprintf(stderr, "edu_interrupt: the device has neither MSI nor INTx\n");
		err = -1;
	}

close:
	vfa_device_close(edu);
	vfa_container_close(space);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
