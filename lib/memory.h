/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What a buffer is made of: memory of this process, in a memfd or without one. No DMA.
 *
 * It is made in steps, each of which may fail: open, place, fill. All of them are
 * undone by memory_close().
 */

#ifndef LIB_MEMORY_H
#define LIB_MEMORY_H

#include <stdbool.h>
#include <vfa/buffer.h>

#include "base/host.h"

struct memory_wish {
	size_t size;        /* a multiple of page_size */
	uint64_t page_size; /* the system's, or that of huge pages */
	uint64_t alignment; /* of the address; a power of two, or 0 */
	uint32_t flags;     /* enum vfa_buffer_flags */
	uint32_t node;      /* with VFA_BUFFER_ON_NODE */
	uint32_t threads;
};

struct memory {
	void *vaddr; /* NULL until it is placed */
	size_t size;
	uint64_t page_size;
	int fd;            /* of the memfd, or -1 */
	bool is_populated; /* by us, and not left to pinning */
};

/** memory_page_size() - the system's */
uint64_t memory_page_size(void);

/** memory_is_huge() - whether pages of this size are huge ones */
bool memory_is_huge(uint64_t page_size);

/** memory_next_smaller() - the size of huge pages below another one, or the system's */
uint64_t memory_next_smaller(const struct vfa_host *host, uint64_t page_size);

/** memory_alignment() - what the address will be a multiple of */
uint64_t memory_alignment(const struct memory_wish *wish);

/** memory_open() - make the memfd, if there shall be one; 0 or -errno, recorded */
int memory_open(const struct vfa_host *host, const struct memory_wish *wish, struct memory *ret);

/** memory_place() - have it in this process, where the kernel likes; 0 or -errno, recorded */
int memory_place(const struct vfa_host *host, const struct memory_wish *wish,
		 struct memory *memory);

/**
 * memory_place_at() - have it in this process, at an address
 *
 * Return: 0; -EEXIST, which is not recorded, when something is there; or another
 * -errno, recorded.
 */
int memory_place_at(const struct vfa_host *host, const struct memory_wish *wish,
		    struct memory *memory, uint64_t address);

/** memory_fill() - have its pages, where the wish wants them; 0 or -errno, recorded */
int memory_fill(const struct vfa_host *host, const struct memory_wish *wish, struct memory *memory);

/** memory_close() - give it back; also when it is half made */
void memory_close(const struct vfa_host *host, struct memory *memory);

#endif
