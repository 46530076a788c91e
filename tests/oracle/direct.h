/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Map and unmap behind the library's back: what a kernel says when it is asked directly. */

#ifndef ORACLE_DIRECT_H
#define ORACLE_DIRECT_H

#include <stdint.h>
#include <vfa.h>

/* ioctl() with its conventions: of the real kernel, or of the fake one. */
typedef int direct_ioctl(int fd, unsigned long request, void *argument);

/* Each returns 0 or a negative errno; direct_unmap() gives the bytes that it unmapped. */
int direct_map(direct_ioctl *ask, struct vfa_container *container, void *vaddr, uint64_t size,
	       uint64_t iova);
int direct_unmap(direct_ioctl *ask, struct vfa_container *container, uint64_t iova, uint64_t size,
		 uint64_t *ret);

#endif
