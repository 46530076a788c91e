/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why a file cannot be mapped for DMA. All return the -errno to give, recorded. */

#ifndef LIB_REFUSAL_FILE_H
#define LIB_REFUSAL_FILE_H

#include "file.h"

int refuse_closed_file(int fd);
int refuse_kind_of_file(int fd);
int refuse_file_bounds(const struct file *file, uint64_t offset, uint64_t size);

/** refuse_file_alignment() - @of is "offset" or "size" */
int refuse_file_alignment(const struct file *file, const char *of, uint64_t value);

/** refuse_file_rights() - it can only be read, or not even that */
int refuse_file_rights(const struct file *file, int err, uint32_t access);

/** refuse_dmabuf() - the kernel did not map one that is large enough; 0 for another reason */
int refuse_dmabuf(const struct vfa_container *container, const struct dma_request *request,
		  int err);

#endif
