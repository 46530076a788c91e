/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* dma-bufs of the fake kernel, as its other files use them. */

#ifndef FAKE_DMABUF_H
#define FAKE_DMABUF_H

#include "fake/internal.h"

struct fake_dmabuf {
	struct fake_dmabuf *next;
	struct fake_device *device; /* whose BAR it is of, while that is open */
	bool is_of_bar;             /* else of a driver that is not VFIO's */
	bool can_mmap;
	bool revoked;
	uint32_t region;
	uint32_t pieces;
	uint64_t start; /* of the first of them, in the BAR */
	uint64_t size;
	uint64_t inode;
};

/* VFIO_DEVICE_FEATURE_DMA_BUF: an fd, or -errno. */
long fake_dmabuf_export(struct fake_device *device, const struct vfio_device_feature *argument);
int fake_dmabuf_check_map(const struct fake_dmabuf *dmabuf, uint64_t start, uint64_t length);
int fake_dmabuf_mmap(const struct fake_dmabuf *dmabuf, int fd, size_t size, int protection,
		     int flags, uint64_t offset, void **ret);
/* The device has begun or ceased to answer, or is reset. */
void fake_dmabuf_move(struct fake_device *device, bool resets);
/* It enters low power: until something moves it, whether it wakes or not. */
void fake_dmabuf_revoke(struct fake_device *device);
/* That may be by what was written to its config space. */
void fake_dmabuf_config(struct fake_device *device, uint64_t at, size_t size);
/* It is closed. */
void fake_dmabuf_cleanup(struct fake_device *device);

#endif
