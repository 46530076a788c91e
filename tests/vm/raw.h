/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Map and unmap behind the library's back: what the kernel says when it is asked directly. */

#ifndef RAW_H
#define RAW_H

#include "common.h"
#include "oracle/direct.h"

direct_ioctl raw_ioctl;

/* Each returns 0 or a negative errno; raw_unmap() gives the bytes that it unmapped. */
int raw_map(struct vfa_container *space, void *vaddr, uint64_t size, uint64_t iova);
int raw_unmap(struct vfa_container *space, uint64_t iova, uint64_t size, uint64_t *ret);

#endif
