/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* edu_dma: let edu copy memory into itself and back to another place, and compare every byte. */

#include "example.h"
#include "hw/edu.h"

#define SIZE 4000 /* less than edu's memory, see EDU_TRANSFER_MAX */

static int copy_through_device(volatile void *bar, const struct vfa_buffer *from,
			       const struct vfa_buffer *to)
{
	edu_dma_start(bar, vfa_buffer_iova(from), 0, SIZE, 0);
	if (!edu_dma_wait(bar, 2000))
		return -1;
	edu_dma_start(bar, vfa_buffer_iova(to), 0, SIZE, EDU_DMA_TO_MEMORY);
	return edu_dma_wait(bar, 2000) ? 0 : -1;
}

static int compare(const uint8_t *sent, const uint8_t *received)
{
	size_t i;

	for (i = 0; i < SIZE; i++) {
		if (sent[i] != received[i]) {
			fprintf(stderr, "edu_dma: byte %zu: sent %#x, received %#x\n", i, sent[i],
				received[i]);
			return -1;
		}
	}
	return 0;
}

static int run(volatile void *bar, struct vfa_buffer *source, struct vfa_buffer *target)
{
	uint8_t *sent = vfa_buffer_vaddr(source);
	size_t i;

	for (i = 0; i < SIZE; i++)
		sent[i] = (uint8_t)(i * 7 + i / 256);
	if (copy_through_device(bar, source, target) < 0) {
		fprintf(stderr, "edu_dma: the device did not finish a transfer within 2 s\n");
		return -1;
	}
	if (compare(sent, vfa_buffer_vaddr(target)) < 0)
		return -1;
	printf("edu_dma: %d bytes from IOVA %#llx through the device to IOVA %#llx, all equal\n",
	       SIZE, (unsigned long long)vfa_buffer_iova(source),
	       (unsigned long long)vfa_buffer_iova(target));
	return 0;
}

int main(int argc, char **argv)
{
	/* edu has 28 address lines: it has to find its buffers below. */
	struct vfa_map_options reachable = VFA_MAP_OPTIONS_INIT;
	struct vfa_buffer_options options = VFA_BUFFER_OPTIONS_INIT;
	struct vfa_container *space = NULL;
	struct vfa_device *edu = NULL;
	struct vfa_buffer *source = NULL;
	struct vfa_buffer *target = NULL;
	char reason[256];
	volatile void *bar;
	int err = -1;

	if (argc < 2) {
		fprintf(stderr, "usage: edu_dma BDF [auto|type1|iommufd]\n");
		return EXIT_FAILURE;
	}
	reachable.iova_max = EDU_DMA_MASK;
	options.map = &reachable;

	if (vfa_container_open(NULL, example_backend(argv[2]), &space) < 0 ||
	    vfa_device_open(space, argv[1], NULL, &edu) < 0 ||
	    vfa_container_reason(space, reason, sizeof(reason)) < 0 ||
	    vfa_region_map(edu, VFA_BAR(0), &bar) < 0 || vfa_device_enable_bus_master(edu) < 0 ||
	    vfa_buffer_alloc(space, SIZE, &options, &source) < 0 ||
	    vfa_buffer_alloc(space, SIZE, &options, &target) < 0) {
		example_complain("edu_dma");
		goto close;
	}
	printf("edu_dma: %s\n", reason);
	err = run(bar, source, target);

close:
	/* The device first: a transfer that did not end cannot hit memory that is gone. */
	vfa_device_close(edu);
	vfa_buffer_free(target);
	vfa_buffer_free(source);
	vfa_container_close(space);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
