/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* wait_for_msix: ask an NVMe controller who it is, and sleep until MSI-X brings the answer. */

#include "example.h"
#include "hw/nvme.h"

#define TASK    "wait_for_msix"
#define PAGE    4096u
#define ENTRIES 16

/* One page for each half of the admin queue and one for data. */
enum page { SUBMISSION, COMPLETION, DATA, PAGES };

/* Whatever comes first: the answer, or the wish of the kernel to have the device back. */
static int wait_for_answer(struct vfa_irq *const irqs[2])
{
	struct vfa_irq_event event;

	if (vfa_irq_wait_any(irqs, 2, 5000, &event, 1) < 0) {
		example_complain(TASK);
		return -1;
	}
	if (event.irq == irqs[0]) {
		fprintf(stderr, TASK ": the device is wanted back\n");
		return -1;
	}
	printf(TASK ": vector %u fired, count %llu\n", event.vector,
	       (unsigned long long)event.count);
	return 0;
}

static int identify(volatile void *bar, struct vfa_buffer *memory, struct vfa_irq *const irqs[2])
{
	uint64_t iova = vfa_buffer_iova(memory);
	char *pages = vfa_buffer_vaddr(memory);
	struct nvme_controller_data *data = (void *)(pages + DATA * PAGE);
	struct nvme_command command =
		nvme_identify(NVME_IDENTIFY_CONTROLLER, 0, iova + DATA * PAGE);
	struct nvme_queue admin;

	nvme_queue_init(&admin, bar, 0, pages + SUBMISSION * PAGE, pages + COMPLETION * PAGE,
			ENTRIES);
	if (!nvme_start(&admin, iova + SUBMISSION * PAGE, iova + COMPLETION * PAGE)) {
		fprintf(stderr, TASK ": the controller does not get ready\n");
		return -1;
	}
	nvme_submit(&admin, &command); /* the admin queue has vector 0 */
	if (wait_for_answer(irqs) < 0)
		return -1;
	if (!nvme_has_answer(&admin) || nvme_take_answer(&admin) != 0) {
		fprintf(stderr, TASK ": the controller refused\n");
		return -1;
	}
	printf(TASK ": model %.*s\n", nvme_string_length(data->model, 40), data->model);
	return 0;
}

int main(int argc, char **argv)
{
	struct vfa_irq *irqs[2] = { NULL, NULL }; /* the request first: it is told of first */
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	struct vfa_buffer *memory = NULL;
	volatile void *bar;
	int err = -1;

	if (argc < 2) {
		fprintf(stderr, "usage: " TASK " BDF [auto|type1|iommufd]\n");
		return EXIT_FAILURE;
	}
	/* An interrupt by message is a write of the device, and takes bus mastering as DMA does. */
	if (vfa_container_open(NULL, example_backend(argv[2]), &space) < 0 ||
	    vfa_device_open(space, argv[1], NULL, &device) < 0 ||
	    vfa_region_map(device, VFA_BAR(0), &bar) < 0 ||
	    vfa_device_enable_bus_master(device) < 0 ||
	    vfa_buffer_alloc(space, PAGES * PAGE, NULL, &memory) < 0 ||
	    vfa_irq_enable(device, VFA_IRQ_REQUEST, 0, 1, NULL, &irqs[0]) < 0 ||
	    vfa_irq_enable(device, VFA_IRQ_MSIX, 0, 1, NULL, &irqs[1]) < 0)
		example_complain(TASK);
	else
		err = identify(bar, memory, irqs);

	vfa_irq_disable(irqs[1]);
	vfa_irq_disable(irqs[0]);
	vfa_device_close(device);
	vfa_buffer_free(memory);
	vfa_container_close(space);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
