/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A file that is to be mapped for DMA: what it is, and why it cannot be. */

#ifndef LIB_FILE_H
#define LIB_FILE_H

#include "container.h"

enum file_kind {
	FILE_OF_MEMORY = 1, /* a memfd, or a file of tmpfs or hugetlbfs */
	FILE_OF_DMABUF,
};

struct file {
	int fd;
	enum file_kind kind;
	uint64_t size;
	uint64_t page_size; /* what offsets in it are multiples of */
	bool is_huge;       /* and sizes too */
};

/** file_look() - what is behind an fd; 0 or -errno, recorded */
int file_look(const struct vfa_host *host, int fd, struct file *ret);

/** file_check() - whether a part of it can be mapped; 0 or -errno, recorded */
int file_check(const struct file *file, uint64_t offset, uint64_t size);

/**
 * file_place() - have a part of it in this process
 * @access: enum vfa_access of devices. What they may only read may be a file that cannot be
 *	written
 * @ret: the address; NULL for a dma-buf that has none
 *
 * Return: 0 or -errno, recorded.
 */
int file_place(const struct vfa_host *host, const struct file *file, uint64_t offset, uint64_t size,
	       uint32_t access, void **ret);

/**
 * file_refuse() - why the kernel did not map it
 *
 * Return: -errno, recorded, or 0 when the file is not the reason.
 */
int file_refuse(const struct vfa_container *container, const struct dma_request *request, int err);

#endif
