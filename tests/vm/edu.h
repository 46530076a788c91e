/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* edu, opened and ready for DMA and interrupts. Failures fail the test. */

#ifndef EDU_H
#define EDU_H

#include "common.h"
#include "hw/edu.h"

struct edu {
	struct vfa_device *device;
	volatile void *bar;
};

struct edu edu_open(struct vm *vm, struct vfa_container *space, const char *bdf);

/* A buffer that edu's 28 address lines reach. */
struct vfa_buffer *edu_buffer(struct vm *vm, struct vfa_container *space, size_t size);

/* Copy @size bytes between memory at @iova and edu's own, and wait for the end. */
void edu_take(const struct edu *edu, uint64_t iova, uint64_t size);
void edu_give(const struct edu *edu, uint64_t iova, uint64_t size);

/* Bytes that depend on @seed and hardly repeat; and whether memory holds them. */
void edu_fill(void *memory, size_t size, unsigned int seed);
void edu_check(const void *memory, size_t size, unsigned int seed);

#endif
