/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* p2p_copy: let edu write into the BAR of another device, and read it back by the CPU. */

#include "example.h"
#include "hw/edu.h"
#include "hw/nvme.h"

#include <inttypes.h>

#define SIZE       4000 /* less than edu's memory, see EDU_TRANSFER_MAX */
#define PAGE       4096
#define CLASS_NVME 0x010802

/* Which way the requests go is decided by the machine: say what it has decided. */
static int tell_ways(const char *edu, const char *peer)
{
	struct vfa_topology *machine = NULL;
	struct vfa_p2p *p2p = NULL;
	int kind;

	if (vfa_topology_new(NULL, &machine) < 0 || vfa_p2p_new(machine, edu, peer, &p2p) < 0) {
		example_complain("p2p_copy");
		vfa_topology_free(machine);
		return -1;
	}
	printf("p2p_copy: %s\n", vfa_p2p_get_path(p2p)->summary);
	for (kind = VFA_P2P_DIRECT; kind <= VFA_P2P_IOMMU; kind++) {
		const struct vfa_p2p_way *way = vfa_p2p_get_way(p2p, kind);

		printf("p2p_copy: %s: %s: %s\n", vfa_p2p_kind_name(kind),
		       vfa_answer_name(way->is_open), way->reason);
	}
	vfa_p2p_free(p2p);
	vfa_topology_free(machine);
	return 0;
}

/* The memory of an NVMe controller is told of once it is asked for. */
static int prepare(struct vfa_device *peer)
{
	struct nvme_cmb cmb;
	volatile void *bar;
	uint32_t class;

	if (vfa_config_read32(peer, 8, &class) < 0)
		return -1;
	if (class >> 8 != CLASS_NVME)
		return 0;
	if (vfa_region_map(peer, VFA_BAR(0), &bar) < 0)
		return -1;
	cmb = nvme_enable_cmb(bar);
	printf("p2p_copy: NVMe with %" PRIu64 " KiB of memory in BAR %" PRIu32 " from %#" PRIx64
	       " on\n",
	       cmb.size / 1024, cmb.bar, cmb.offset);
	return vfa_region_unmap(peer, VFA_BAR(0));
}

static int compare(const uint8_t *sent, const volatile void *received)
{
	size_t i;

	for (i = 0; i < SIZE; i++) {
		uint8_t byte = vfa_mmio_read8(received, i);

		if (byte != sent[i]) {
			fprintf(stderr, "p2p_copy: byte %zu: sent %#x, received %#x\n", i, sent[i],
				byte);
			return -1;
		}
	}
	return 0;
}

static int transfer(volatile void *edu, uint64_t iova, uint64_t how)
{
	edu_dma_start(edu, iova, 0, SIZE, how);
	if (edu_dma_wait(edu, 2000))
		return 0;
	fprintf(stderr, "p2p_copy: edu did not finish a transfer within 2 s\n");
	return -1;
}

/* From memory into edu, from there into the BAR. What was in it is overwritten before. */
static int run(volatile void *edu, const struct vfa_buffer *source, const struct vfa_peer *target)
{
	volatile void *received = vfa_peer_address(target);
	uint8_t *sent = vfa_buffer_vaddr(source);
	size_t i;

	for (i = 0; i < SIZE; i++) {
		sent[i] = (uint8_t)(i * 7 + i / 256);
		vfa_mmio_write8(received, i, (uint8_t)~sent[i]);
	}
	if (transfer(edu, vfa_buffer_iova(source), 0) < 0 ||
	    transfer(edu, vfa_peer_iova(target), EDU_DMA_TO_MEMORY) < 0 ||
	    compare(sent, received) < 0)
		return -1;
	printf("p2p_copy: edu wrote %d bytes to IOVA %#" PRIx64 ", which is the BAR, all equal\n",
	       SIZE, vfa_peer_iova(target));
	return 0;
}

int main(int argc, char **argv)
{
	struct vfa_map_options reachable = VFA_MAP_OPTIONS_INIT;
	struct vfa_buffer_options options = VFA_BUFFER_OPTIONS_INIT;
	struct vfa_container *space = NULL;
	struct vfa_device *edu = NULL;
	struct vfa_device *peer = NULL;
	struct vfa_buffer *source = NULL;
	struct vfa_peer *target = NULL;
	volatile void *bar;
	int64_t offset = 0; /* signed, as SCNi64 reads it, which takes hex too */
	uint32_t region;
	int err = -1;

	if (argc < 4 || sscanf(argv[3], "%" SCNu32 ":%" SCNi64, &region, &offset) < 1) {
		fprintf(stderr, "usage: p2p_copy EDU PEER BAR[:OFFSET] [auto|type1|iommufd]\n");
		return EXIT_FAILURE;
	}
	reachable.iova_max = EDU_DMA_MASK;
	options.map = &reachable;
	if (tell_ways(argv[1], argv[2]) < 0)
		return EXIT_FAILURE;

	if (vfa_container_open(NULL, example_backend(argv[4]), &space) < 0 ||
	    vfa_device_open(space, argv[1], NULL, &edu) < 0 ||
	    vfa_device_open(space, argv[2], NULL, &peer) < 0 || prepare(peer) < 0 ||
	    vfa_peer_map(space, peer, region, offset, PAGE, &reachable, &target) < 0 ||
	    vfa_buffer_alloc(space, SIZE, &options, &source) < 0 ||
	    vfa_region_map(edu, VFA_BAR(0), &bar) < 0 || vfa_device_enable_bus_master(edu) < 0)
		example_complain("p2p_copy");
	else
		err = run(bar, source, target);

	/* Who sends requests goes first, then what they are for. */
	vfa_device_close(edu);
	vfa_peer_unmap(target);
	vfa_device_close(peer);
	vfa_buffer_free(source);
	vfa_container_close(space);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
