/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * edu, QEMU's device for teaching: a factorial unit, an interrupt and a DMA
 * engine, all behind BAR 0. docs/specs/edu in QEMU describes it.
 */

#ifndef HW_EDU_H
#define HW_EDU_H

#include <stdbool.h>
#include <stdint.h>
#include <vfa/mmio.h>

#include "hw/clock.h"

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8

enum edu_register {
	EDU_IDENTIFICATION = 0x00, /* 0xRRrr00ed, with the revision */
	EDU_FACTORIAL = 0x08,      /* write n, read n! */
	EDU_STATUS = 0x20,
	EDU_INTERRUPT_STATUS = 0x24, /* why it interrupts */
	EDU_INTERRUPT_RAISE = 0x60,
	EDU_INTERRUPT_ACKNOWLEDGE = 0x64,
	EDU_DMA_SOURCE = 0x80, /* from here on registers are 64 bits wide */
	EDU_DMA_DESTINATION = 0x88,
	EDU_DMA_COUNT = 0x90,
	EDU_DMA_COMMAND = 0x98,
};

enum edu_status {
	EDU_STATUS_COMPUTING = 0x01,
	EDU_STATUS_INTERRUPT = 0x80, /* interrupt when a factorial is finished */
};

enum edu_interrupt {
	EDU_INTERRUPT_FACTORIAL = 0x001,
	EDU_INTERRUPT_DMA = 0x100,
};

enum edu_dma_command {
	EDU_DMA_START = 0x01,     /* reads as set while the transfer runs */
	EDU_DMA_TO_MEMORY = 0x02, /* otherwise from memory to the device */
	EDU_DMA_INTERRUPT = 0x04, /* interrupt when it is finished */
};

/* Where its own memory is, in the addresses of its DMA engine. */
#define EDU_BUFFER 0x40000

/* The size of that memory is 4096, but QEMU 7.2 aborts on a transfer that reaches its end. */
#define EDU_TRANSFER_MAX 4088

/* It cuts addresses to 28 bits: DMA to anything above goes astray. */
#define EDU_DMA_MASK 0x0fffffff

/* Copy between memory at @iova and its own memory at @offset; @how is EDU_DMA_TO_MEMORY or so. */
static inline void edu_dma_start(volatile void *bar, uint64_t iova, uint64_t offset, uint64_t size,
				 uint64_t how)
{
	uint64_t own = EDU_BUFFER + offset;

	vfa_mmio_write64(bar, EDU_DMA_SOURCE, how & EDU_DMA_TO_MEMORY ? own : iova);
	vfa_mmio_write64(bar, EDU_DMA_DESTINATION, how & EDU_DMA_TO_MEMORY ? iova : own);
	vfa_mmio_write64(bar, EDU_DMA_COUNT, size);
	vfa_mmio_wmb();
	vfa_mmio_write64(bar, EDU_DMA_COMMAND, how | EDU_DMA_START);
}

/* Poll until the transfer is over, at most @timeout_ms. */
static inline bool edu_dma_wait(const volatile void *bar, unsigned int timeout_ms)
{
	uint64_t deadline = clock_ms() + timeout_ms;

	while (vfa_mmio_read64(bar, EDU_DMA_COMMAND) & EDU_DMA_START) {
		if (clock_ms() > deadline)
			return false;
	}
	vfa_mmio_rmb();
	return true;
}

/* Tell edu that its interrupt was seen; gives why it interrupted. */
static inline uint32_t edu_acknowledge(volatile void *bar)
{
	uint32_t why = vfa_mmio_read32(bar, EDU_INTERRUPT_STATUS);

	vfa_mmio_write32(bar, EDU_INTERRUPT_ACKNOWLEDGE, why);
	return why;
}

#endif
