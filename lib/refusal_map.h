/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why memory cannot be mapped, told so that a person can act. */

#ifndef LIB_REFUSAL_MAP_H
#define LIB_REFUSAL_MAP_H

#include <vfa/verdict.h>

#include "container.h"

/* All return the -errno to give, recorded. */

int refuse_empty(const char *what);
int refuse_wrapped(const char *what, const char *of, uint64_t start, uint64_t size);

/** refuse_misaligned() - @of is "IOVA", "address" or "size" */
int refuse_misaligned(const char *of, uint64_t value, uint64_t alignment);

/** refuse_wish() - the request's own range is not what its options admit */
int refuse_wish(const struct vfa_map_options *options, const struct vfa_verdict *verdict);

/** refuse_verdict() - the request's own range cannot be used */
int refuse_verdict(const struct vfa_container *container, const struct vfa_map_options *options,
		   enum iova_verdict found, const struct vfa_verdict *verdict);

/** refuse_no_space() - nothing free fits the wish, or only what the verdict's window has */
int refuse_no_space(const struct vfa_container *container, const struct iova_wish *wish,
		    const struct vfa_verdict *verdict);

/**
 * refuse_memory() - the kernel had no memory to pin @size bytes, or too low a limit
 * @what: the call or the device, for the message
 */
int refuse_memory(const struct vfa_container *container, const char *what, uint64_t size);

/** refuse_no_identity() - nothing fits that is free in this process too */
int refuse_no_identity(const struct vfa_container *container, const struct iova_wish *wish);

/** refuse_map() - the kernel said no to a request that had passed all checks */
int refuse_map(const struct vfa_container *container, const struct dma_request *request, int err);

/** warn_of_window() - no refusal: @what, "map" or "mapping", is in a dangerous window */
void warn_of_window(const struct vfa_container *container, const char *what,
		    const struct vfa_iova_range *range, const struct vfa_window *window);

#endif
