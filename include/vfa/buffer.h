/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A buffer: memory that the library allocates and maps for DMA in one step.
 *
 * It is zeroed, shared (so that a fork does not take its pages away), and both
 * mapped and unmapped as a whole. It keeps its container alive and may be used
 * from any thread.
 */

#ifndef VFA_BUFFER_H
#define VFA_BUFFER_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/mapping.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_buffer;

/**
 * vfa_buffer_alloc() - allocate memory and map it for DMA
 * @container: a container with a device in it
 * @size: in bytes; rounded up to the container's alignment
 * @options: where and how to map, as in vfa_container_map(); NULL for both ways at
 *	an IOVA the library chooses
 * @ret: the buffer, to be freed with vfa_buffer_free()
 *
 * Return: 0, or the errors of vfa_container_map() and mmap(2).
 */
int vfa_buffer_alloc(struct vfa_container *container, size_t size,
		     const struct vfa_map_options *options, struct vfa_buffer **ret);

/**
 * vfa_buffer_free() - unmap and free a buffer
 * @buffer: the buffer, or NULL
 *
 * The device must not use it any more. Should the kernel refuse to unmap it, the
 * memory is kept, so that DMA into it stays harmless, until vfa_container_unmap()
 * succeeds or the container goes.
 */
void vfa_buffer_free(struct vfa_buffer *buffer);

/** vfa_buffer_vaddr() - its first byte for this process; @buffer not NULL */
void *vfa_buffer_vaddr(const struct vfa_buffer *buffer);

/** vfa_buffer_iova() - its first byte for a device; @buffer not NULL */
uint64_t vfa_buffer_iova(const struct vfa_buffer *buffer);

/** vfa_buffer_size() - its size in bytes, as rounded up; @buffer not NULL */
size_t vfa_buffer_size(const struct vfa_buffer *buffer);

#ifdef __cplusplus
}
#endif

#endif
