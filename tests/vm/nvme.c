/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "nvme.h"

static void *page(const struct nvme *nvme, unsigned int number)
{
	return (char *)vfa_buffer_vaddr(nvme->memory) + number * PAGE_SIZE;
}

static uint64_t page_iova(const struct nvme *nvme, unsigned int number)
{
	return vfa_buffer_iova(nvme->memory) + number * PAGE_SIZE;
}

struct nvme nvme_of(struct vm *vm, struct vfa_container *space, struct vfa_device *device)
{
	struct nvme nvme;

	nvme.device = device;
	nvme.bar = vm_bar(nvme.device, 0);
	nvme.memory = vm_buffer(vm, space, NVME_PAGES * PAGE_SIZE, NULL);
	assert_ok(vfa_device_enable_bus_master(nvme.device));
	nvme_bring_up(&nvme);
	return nvme;
}

struct nvme nvme_open(struct vm *vm, struct vfa_container *space, const char *bdf)
{
	return nvme_of(vm, space, vm_device(vm, space, bdf));
}

static void init_pair(struct nvme *nvme, uint16_t id)
{
	memset(page(nvme, 2u * id), 0, 2 * PAGE_SIZE);
	nvme_queue_init(&nvme->queues[id], nvme->bar, id, page(nvme, 2u * id),
			page(nvme, 2u * id + 1), NVME_ENTRIES);
}

void nvme_bring_up(struct nvme *nvme)
{
	assert_true(nvme_configure(nvme->bar, 0)); /* from here on it keeps off its queues */
	init_pair(nvme, 0);
	assert_true(nvme_start(&nvme->queues[0], page_iova(nvme, 0), page_iova(nvme, 1)));
}

void nvme_create_pair(struct nvme *nvme, uint16_t id, uint16_t vector)
{
	init_pair(nvme, id);
	nvme_run(nvme, 0, nvme_create_cq(id, NVME_ENTRIES, page_iova(nvme, 2u * id + 1), vector));
	nvme_run(nvme, 0, nvme_create_sq(id, NVME_ENTRIES, page_iova(nvme, 2u * id)));
}

void nvme_run(struct nvme *nvme, uint16_t id, struct nvme_command command)
{
	nvme_submit(&nvme->queues[id], &command);
	assert_int_equal(nvme_poll(&nvme->queues[id], 10000), 0);
}

void *nvme_data(const struct nvme *nvme)
{
	return page(nvme, NVME_PAGES - 2);
}

uint64_t nvme_data_iova(const struct nvme *nvme)
{
	return page_iova(nvme, NVME_PAGES - 2);
}

struct nvme_command nvme_read_data(const struct nvme *nvme, uint64_t lba, uint16_t blocks)
{
	uint64_t iova = nvme_data_iova(nvme);

	memset(nvme_data(nvme), 0xff, 2 * PAGE_SIZE);
	return nvme_read(1, lba, blocks, iova,
			 blocks * NVME_BLOCK > PAGE_SIZE ? iova + PAGE_SIZE : 0);
}

void nvme_check_data(const struct nvme *nvme, uint64_t lba, uint16_t blocks)
{
	const uint64_t *words = nvme_data(nvme);
	size_t i;

	for (i = 0; i < blocks * NVME_BLOCK / sizeof(*words); i++)
		assert_int_equal(le64toh(words[i]), lba * NVME_BLOCK + i * sizeof(*words));
	for (; i < 2 * PAGE_SIZE / sizeof(*words); i++)
		assert_int_equal(words[i], UINT64_MAX); /* and not a byte more */
}

void nvme_run_by_interrupt(struct nvme *nvme, struct vfa_irq *irq, uint16_t vector)
{
	struct nvme_command command;

	nvme_bring_up(nvme);
	nvme_create_pair(nvme, 1, vector);
	command = nvme_read_data(nvme, 5, 1);
	nvme_submit(&nvme->queues[1], &command);
	assert_ok(vfa_irq_wait(irq, vector, 30000, NULL));
	assert_int_equal(nvme_take_answer(&nvme->queues[1]), 0);
	nvme_check_data(nvme, 5, 1);
}
