/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What this process has at an address, from /proc/self/maps. */

#ifndef LIB_VMA_H
#define LIB_VMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/host.h"

struct vma {
	uint64_t start;
	uint64_t last;
	bool readable;
	bool writable;
	char name[128]; /* file or pseudo file, may be empty */
};

/** vma_next() - the first area that ends at @address or behind; false when none is seen */
bool vma_next(const struct vfa_host *host, uint64_t address, struct vma *ret);

/** vma_find() - the area that contains @address; false when there is none to be seen */
bool vma_find(const struct vfa_host *host, uint64_t address, struct vma *ret);

#endif
