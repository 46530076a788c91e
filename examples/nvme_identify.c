/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* nvme_identify: say who an NVMe controller is and read one block, by polling and by MSI-X. */

#include "example.h"
#include "hw/nvme.h"

#include <inttypes.h>

#define PAGE    4096u
#define ENTRIES 16

/* One page for each queue's halves and one for data, in one buffer. */
enum page { ADMIN_SQ, ADMIN_CQ, POLLED_SQ, POLLED_CQ, MSIX_SQ, MSIX_CQ, DATA, PAGES };

struct controller {
	volatile void *bar;
	struct vfa_buffer *memory;
	struct nvme_queue admin;
};

static void *page_vaddr(const struct controller *nvme, enum page page)
{
	return (char *)vfa_buffer_vaddr(nvme->memory) + page * PAGE;
}

static uint64_t page_iova(const struct controller *nvme, enum page page)
{
	return vfa_buffer_iova(nvme->memory) + page * PAGE;
}

/* Submit, wait (by interrupt where there is one), and say what went wrong. */
static int command(struct nvme_queue *queue, struct vfa_irq *irq, const char *what,
		   struct nvme_command command)
{
	int status;

	nvme_submit(queue, &command);
	if (irq && vfa_irq_wait(irq, 1, 5000, NULL) < 0) {
		example_complain("nvme_identify");
		return -1;
	}
	status = nvme_poll(queue, 5000);
	if (status)
		fprintf(stderr, "nvme_identify: %s: %s (status %#x)\n", what,
			status < 0 ? "no answer within 5 s" : "the controller refused", status);
	return status ? -1 : 0;
}

static int identify(struct controller *nvme)
{
	struct nvme_controller_data *data = page_vaddr(nvme, DATA);

	if (command(&nvme->admin, NULL, "identify controller",
		    nvme_identify(NVME_IDENTIFY_CONTROLLER, 0, page_iova(nvme, DATA))) < 0)
		return -1;
	printf("nvme_identify: model %.*s\n", nvme_string_length(data->model, 40), data->model);
	printf("nvme_identify: serial %.*s\n", nvme_string_length(data->serial, 20), data->serial);
	return 0;
}

static int identify_namespace(struct controller *nvme)
{
	struct nvme_namespace_data *data = page_vaddr(nvme, DATA);

	if (command(&nvme->admin, NULL, "identify namespace 1",
		    nvme_identify(NVME_IDENTIFY_NAMESPACE, 1, page_iova(nvme, DATA))) < 0)
		return -1;
	printf("nvme_identify: namespace 1 has %" PRIu64 " blocks of %" PRIu32 " bytes\n",
	       le64toh(data->nsze), nvme_block_size(data));
	return nvme_block_size(data) <= PAGE ? 0 : -1;
}

/* Create queue pair @id, its halves in the pages from @sq on, and read block 1 through it. */
static int read_block(struct controller *nvme, uint16_t id, enum page sq, struct vfa_irq *irq)
{
	uint16_t vector = irq ? 1 : NVME_NO_VECTOR;
	uint8_t *data = page_vaddr(nvme, DATA);
	struct nvme_queue queue;
	int i;

	nvme_queue_init(&queue, nvme->bar, id, page_vaddr(nvme, sq), page_vaddr(nvme, sq + 1),
			ENTRIES);
	memset(data, 0xff, PAGE);
	if (command(&nvme->admin, NULL, "create completion queue",
		    nvme_create_cq(id, ENTRIES, page_iova(nvme, sq + 1), vector)) < 0 ||
	    command(&nvme->admin, NULL, "create submission queue",
		    nvme_create_sq(id, ENTRIES, page_iova(nvme, sq))) < 0 ||
	    command(&queue, irq, "read", nvme_read(1, 1, 1, page_iova(nvme, DATA), 0)) < 0)
		return -1;
	printf("nvme_identify: block 1 by %s:", irq ? "MSI-X" : "polling");
	for (i = 0; i < 16; i++)
		printf(" %02x", data[i]);
	printf("\n");
	return 0;
}

static int run(struct vfa_device *device, struct controller *nvme)
{
	struct vfa_irq *irq;
	int err;

	nvme_queue_init(&nvme->admin, nvme->bar, 0, page_vaddr(nvme, ADMIN_SQ),
			page_vaddr(nvme, ADMIN_CQ), ENTRIES);
	if (!nvme_start(&nvme->admin, page_iova(nvme, ADMIN_SQ), page_iova(nvme, ADMIN_CQ))) {
		fprintf(stderr, "nvme_identify: the controller does not get ready\n");
		return -1;
	}
	if (identify(nvme) < 0 || identify_namespace(nvme) < 0 ||
	    command(&nvme->admin, NULL, "set number of queues", nvme_set_queues(2)) < 0 ||
	    read_block(nvme, 1, POLLED_SQ, NULL) < 0)
		return -1;
	if (vfa_irq_enable(device, VFA_IRQ_MSIX, 0, 2, NULL, &irq) < 0) {
		example_complain("nvme_identify");
		return -1;
	}
	err = read_block(nvme, 2, MSIX_SQ, irq);
	vfa_irq_disable(irq);
	return err;
}

int main(int argc, char **argv)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	struct controller nvme = { 0 };
	int err = -1;

	if (argc < 2) {
		fprintf(stderr, "usage: nvme_identify BDF [auto|type1|iommufd]\n");
		return EXIT_FAILURE;
	}
	if (vfa_container_open(NULL, example_backend(argv[2]), &space) < 0 ||
	    vfa_device_open(space, argv[1], NULL, &device) < 0 ||
	    vfa_region_map(device, VFA_BAR(0), &nvme.bar) < 0 ||
	    vfa_device_enable_bus_master(device) < 0 ||
	    vfa_buffer_alloc(space, PAGES * PAGE, NULL, &nvme.memory) < 0)
		example_complain("nvme_identify");
	else
		err = run(device, &nvme);

	vfa_device_close(device);
	vfa_buffer_free(nvme.memory);
	vfa_container_close(space);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
