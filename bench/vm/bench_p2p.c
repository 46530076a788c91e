/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A block that gets from one device into the memory of another: NVMe reads it from its disk
 * and writes it into the BAR of ivshmem, against NVMe writing it into memory, from where the
 * processor copies it into that BAR. The disk's part is the same in both. What the block has
 * to be is known, and looked at after each turn.
 */

#include <stdlib.h>
#include <string.h>
#include <vfa.h>

#include "../bench.h"
#include "hw/nvme.h"

#define DISK    "0000:00:05.0" /* each word of 8 bytes holds its own offset */
#define PEER    "0000:00:08.0" /* ivshmem */
#define BAR     VFA_BAR(2)     /* its memory */
#define BLOCK   512
#define SIZE    (32 * PAGE)
#define DISK_MB 8
#define ENTRIES 16
#define TIMES   11 /* a turn is the median of so many */

/* One page each, and what is copied by the processor behind them. */
enum page { ADMIN_SQ, ADMIN_CQ, SQ, CQ, PEER_LIST, MEMORY_LIST, MEMORY };

struct bench {
	struct vfa_container *container;
	struct vfa_device *disk;
	struct vfa_device *peer;
	struct vfa_peer *target;
	struct vfa_buffer *memory;
	struct nvme_queue queue;
	uint64_t next; /* where on the disk to read next, in bytes */
};

static void *page_vaddr(const struct bench *bench, enum page page)
{
	return (char *)vfa_buffer_vaddr(bench->memory) + page * PAGE;
}

static uint64_t page_iova(const struct bench *bench, enum page page)
{
	return vfa_buffer_iova(bench->memory) + page * PAGE;
}

static void run(struct nvme_queue *queue, struct nvme_command command)
{
	int status;

	nvme_submit(queue, &command);
	status = nvme_poll(queue, 10000);
	if (status)
		bench_die("NVMe: status %#x", status);
}

static void start_disk(struct bench *bench)
{
	struct nvme_queue admin;
	volatile void *bar;

	must(vfa_region_map(bench->disk, VFA_BAR(0), &bar));
	must(vfa_device_enable_bus_master(bench->disk));
	nvme_queue_init(&admin, bar, 0, page_vaddr(bench, ADMIN_SQ), page_vaddr(bench, ADMIN_CQ),
			ENTRIES);
	if (!nvme_start(&admin, page_iova(bench, ADMIN_SQ), page_iova(bench, ADMIN_CQ)))
		bench_die("NVMe does not get ready");
	run(&admin, nvme_create_cq(1, ENTRIES, page_iova(bench, CQ), NVME_NO_VECTOR));
	run(&admin, nvme_create_sq(1, ENTRIES, page_iova(bench, SQ)));
	nvme_queue_init(&bench->queue, bar, 1, page_vaddr(bench, SQ), page_vaddr(bench, CQ),
			ENTRIES);
}

/* All pages but the first, where the controller is told of them by a list. */
static void fill_list(uint64_t *list, uint64_t iova)
{
	for (size_t i = 1; i < SIZE / PAGE; i++)
		list[i - 1] = htole64(iova + i * PAGE);
}

static void open_bench(struct bench *bench, enum vfa_backend backend)
{
	must(vfa_container_open(NULL, backend, &bench->container));
	must(vfa_device_open(bench->container, DISK, NULL, &bench->disk));
	must(vfa_device_open(bench->container, PEER, NULL, &bench->peer));
	must(vfa_peer_map(bench->container, bench->peer, BAR, 0, SIZE, NULL, &bench->target));
	must(vfa_buffer_alloc(bench->container, MEMORY * PAGE + SIZE, NULL, &bench->memory));
	fill_list(page_vaddr(bench, PEER_LIST), vfa_peer_iova(bench->target));
	fill_list(page_vaddr(bench, MEMORY_LIST), page_iova(bench, MEMORY));
	start_disk(bench);
}

static void close_bench(struct bench *bench)
{
	vfa_device_close(bench->disk);
	vfa_peer_unmap(bench->target);
	vfa_device_close(bench->peer);
	vfa_buffer_free(bench->memory);
	vfa_container_close(bench->container);
}

static void read_disk(struct bench *bench, uint64_t iova, enum page list)
{
	run(&bench->queue,
	    nvme_read(1, bench->next / BLOCK, SIZE / BLOCK, iova, page_iova(bench, list)));
}

static void copy_to_peer(const struct bench *bench)
{
	volatile void *target = vfa_peer_address(bench->target);
	const uint64_t *words = page_vaddr(bench, MEMORY);

	for (size_t i = 0; i < SIZE / sizeof(*words); i++)
		vfa_mmio_write64(target, i * sizeof(*words), words[i]);
}

static void peer_to_peer(struct bench *bench)
{
	read_disk(bench, vfa_peer_iova(bench->target), PEER_LIST);
}

static void through_memory(struct bench *bench)
{
	read_disk(bench, page_iova(bench, MEMORY), MEMORY_LIST);
	copy_to_peer(bench);
}

static void check_arrival(const struct bench *bench)
{
	const volatile void *target = vfa_peer_address(bench->target);

	for (uint64_t i = 0; i < SIZE; i += sizeof(uint64_t))
		if (vfa_mmio_read64(target, i) != bench->next + i)
			bench_die("byte %zu did not arrive", (size_t)i);
}

/* Another block each time, so that what an earlier one left is not taken for it. */
static double time_way(struct bench *bench, void (*move)(struct bench *bench))
{
	double times[TIMES];

	for (int i = 0; i < TIMES; i++) {
		uint64_t start;

		bench->next = (bench->next + SIZE) % (DISK_MB << 20);
		start = bench_ns();
		move(bench);
		times[i] = (double)(bench_ns() - start);
	}
	check_arrival(bench);
	return bench_median(times, TIMES) / 1000;
}

static void measure(const char *name, enum vfa_backend backend)
{
	struct figure figure = { name, "us", "through memory", 0, {}, {} };
	int rounds = bench_is_quick() ? 15 : 61;
	struct bench bench = { 0 };

	if (!bench_wants(name))
		return;
	open_bench(&bench, backend);
	time_way(&bench, peer_to_peer);
	time_way(&bench, through_memory);
	for (int i = 0; i < rounds; i++) {
		double first = i % 2 ? time_way(&bench, peer_to_peer) : 0;
		double base = time_way(&bench, through_memory);

		figure_add(&figure, i % 2 ? first : time_way(&bench, peer_to_peer), base);
	}
	figure_report(&figure);
	close_bench(&bench);
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	measure("p2p_copy_type1", VFA_BACKEND_TYPE1);
	measure("p2p_copy_iommufd", VFA_BACKEND_IOMMUFD);
	bench_note("QEMU's devices copy as the host does, its processor by translated code, and "
		   "neither meets a bus: a real machine's ratio is another");
	return 0;
}
