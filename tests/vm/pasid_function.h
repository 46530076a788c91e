/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A function of pasid_device, and what the kernel has made of its PASIDs. Failures fail the test.
 */

#ifndef PASID_FUNCTION_H
#define PASID_FUNCTION_H

#include "common.h"
#include "pasid_registers.h"

/* The devices of the profile intel-pasid, beside EDU. */
#define PASID_FUNCTION_1 "0000:00:0b.0"
#define PASID_FUNCTION_2 "0000:00:0c.0"

/* A group, all of which has PASIDs; and one with a function that has none. */
#define PASID_NEIGHBOUR_1 "0000:00:0d.0"
#define PASID_NEIGHBOUR_2 "0000:00:0d.1"
#define PASID_MIXED       "0000:00:0e.0"
#define PASID_MIXED_EDU   "0000:00:0e.1"

struct pasid_function {
	const char *bdf;
	struct vfa_device *device;
	volatile void *bar;
};

struct pasid_function pasid_function_open(struct vm *vm, struct vfa_container *space,
					  const char *bdf);

/** pasid_function_write() - have it write a value by DMA: 0, or an errno if it is not let */
int pasid_function_write(const struct pasid_function *function, uint64_t iova, uint64_t value);

/** pasid_is_attached() - whether a PASID of a function leads anywhere, says the kernel's debugfs */
bool pasid_is_attached(const char *bdf, uint32_t pasid);

/**
 * pasid_target() - where an IOVA leads with a PASID, 0 for without, by the table in memory
 *
 * Return: the physical address of its page, or 0 for nowhere.
 */
uint64_t pasid_target(const char *bdf, uint32_t pasid, uint64_t iova);

/** pasid_physical() - the physical address of a page of this process, which is pinned */
uint64_t pasid_physical(const volatile void *page);

#endif
