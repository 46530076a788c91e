/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "edu.h"

struct edu edu_open(struct vm *vm, struct vfa_container *space, const char *bdf)
{
	struct edu edu;

	edu.device = vm_device(vm, space, bdf);
	edu.bar = vm_bar(edu.device, 0);
	assert_int_equal(vfa_mmio_read32(edu.bar, EDU_IDENTIFICATION) & 0xff, 0xed);
	edu_acknowledge(edu.bar); /* it has no reset: what the last user left pending goes here */
	vfa_mmio_write32(edu.bar, EDU_STATUS, 0);
	assert_ok(vfa_device_enable_bus_master(edu.device));
	return edu;
}

struct vfa_buffer *edu_buffer(struct vm *vm, struct vfa_container *space, size_t size)
{
	struct vfa_map_options reachable = VFA_MAP_OPTIONS_INIT;

	reachable.iova_max = EDU_DMA_MASK;
	return vm_buffer(vm, space, size, &reachable);
}

void edu_take(const struct edu *edu, uint64_t iova, uint64_t size)
{
	edu_dma_start(edu->bar, iova, 0, size, 0);
	assert_true(edu_dma_wait(edu->bar, 5000));
}

void edu_give(const struct edu *edu, uint64_t iova, uint64_t size)
{
	edu_dma_start(edu->bar, iova, 0, size, EDU_DMA_TO_MEMORY);
	assert_true(edu_dma_wait(edu->bar, 5000));
}

static uint8_t byte_at(size_t index, unsigned int seed)
{
	return (uint8_t)(index * 7 + (index >> 8) * 3 + seed * 31 + 1);
}

void edu_fill(void *memory, size_t size, unsigned int seed)
{
	uint8_t *bytes = memory;
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = byte_at(i, seed);
}

void edu_check(const void *memory, size_t size, unsigned int seed)
{
	const uint8_t *bytes = memory;
	size_t i;

	for (i = 0; i < size; i++) {
		if (bytes[i] != byte_at(i, seed))
			fail_msg("byte %zu is %#x, not %#x", i, bytes[i], byte_at(i, seed));
	}
}
