/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* An NVMe controller, opened and started. Failures fail the test. */

#ifndef NVME_TEST_H
#define NVME_TEST_H

#include "common.h"
#include "hw/nvme.h"

#define NVME_PAIRS   3 /* I/O queue pairs, numbered from 1 */
#define NVME_ENTRIES 16
#define NVME_BLOCK   512

/* Two pages for each queue pair, the admin queues first, then two pages for data. */
#define NVME_PAGES (2 * (NVME_PAIRS + 1) + 2)

struct nvme {
	struct vfa_device *device;
	volatile void *bar;
	struct vfa_buffer *memory;
	struct nvme_queue queues[NVME_PAIRS + 1]; /* the admin queues are number 0 */
};

/* Of a device that is open already. */
struct nvme nvme_of(struct vm *vm, struct vfa_container *space, struct vfa_device *device);

struct nvme nvme_open(struct vm *vm, struct vfa_container *space, const char *bdf);

/* Reset the controller's own way and give it its admin queues. */
void nvme_bring_up(struct nvme *nvme);

/* Create queue pair @id, answered by @vector or, with NVME_NO_VECTOR, polled. */
void nvme_create_pair(struct nvme *nvme, uint16_t id, uint16_t vector);

/* Submit to queue pair @id and poll until it is answered with success. */
void nvme_run(struct nvme *nvme, uint16_t id, struct nvme_command command);

/* The data pages, for this process and for the controller. */
void *nvme_data(const struct nvme *nvme);
uint64_t nvme_data_iova(const struct nvme *nvme);

/* A read of up to two pages to the data pages. */
struct nvme_command nvme_read_data(const struct nvme *nvme, uint64_t lba, uint16_t blocks);

/* Bring it up, and read two blocks by queue pair 1 and its interrupt @vector. */
void nvme_run_by_interrupt(struct nvme *nvme, struct vfa_irq *irq, uint16_t vector);

/* Each 8-byte word of the namespace holds its own byte offset: are the data pages so? */
void nvme_check_data(const struct nvme *nvme, uint64_t lba, uint16_t blocks);

#endif
