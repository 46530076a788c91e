/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * From the addresses of this process to those of its devices, and back.
 *
 * The answers cost about as much as a load from memory, whatever the number of
 * mappings, and may be had from any thread: they take no lock, and wait for no map
 * or unmap that is under way. A mapping that another thread makes or takes away
 * meanwhile is found or not, never in part; of a range of several that change, each
 * may be found as it was before or as it is behind. What an answer is worth when the
 * mapping goes afterwards is the caller's to know.
 *
 * Neighbouring mappings count as one piece of memory where they continue each
 * other on both sides.
 */

#ifndef VFA_TRANSLATION_H
#define VFA_TRANSLATION_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/container.h>

#ifdef __cplusplus
extern "C" {
#endif

/** struct vfa_segment - memory that is in one piece for a device */
struct vfa_segment {
	uint64_t iova;
	uint64_t size; /* in bytes */
};

/**
 * vfa_container_find_iova() - where a device finds memory of this process
 * @container: the container
 * @vaddr: the first byte; it need not be aligned
 * @size: in bytes, from 1
 * @ret: the IOVA of the first byte; the others follow it
 *
 * Memory that is mapped more than once has the IOVA of one of its mappings, the
 * same until that is unmapped. Only if the library has no memory to note the next
 * one then, calls that ask for it take the container's lock.
 *
 * Return: 0, or
 *	-EINVAL: @container or @ret is NULL; a size of 0 (VFA_CAUSE_EMPTY); an end
 *		beyond 64 bits (VFA_CAUSE_WRAPPED)
 *	-ENOENT: some of it is not mapped (VFA_CAUSE_NOT_MAPPED)
 *	-ERANGE: all of it is mapped, but not in one piece (VFA_CAUSE_NOT_CONTIGUOUS);
 *		vfa_container_segments() has the pieces
 */
int vfa_container_find_iova(struct vfa_container *container, const void *vaddr, uint64_t size,
			    uint64_t *ret);

/**
 * vfa_container_find_vaddr() - the memory of this process behind an IOVA
 * @container: the container
 * @iova: the first byte; it need not be aligned
 * @size: in bytes, from 1
 * @ret: the address of the first byte; the others follow it
 *
 * Return: 0, or the errors of vfa_container_find_iova(); -ENOENT is also for a dma-buf
 * without an address (VFA_CAUSE_NOT_MAPPED).
 */
int vfa_container_find_vaddr(struct vfa_container *container, uint64_t iova, uint64_t size,
			     void **ret);

/**
 * vfa_container_segments() - memory as the pieces that a device sees
 * @container: the container
 * @vaddr: the first byte; it need not be aligned
 * @size: in bytes, from 1
 * @segments: filled in the order of the memory, may be NULL when @max is 0
 * @max: number of elements in @segments
 *
 * Each piece is as long as it can be. This is what scatter lists are made of.
 *
 * Return: the number of pieces there are, which may exceed @max, or
 *	-EINVAL: a NULL argument, or as vfa_container_find_iova()
 *	-ENOENT: as vfa_container_find_iova()
 *	-EOVERFLOW: more pieces than an int can tell (VFA_CAUSE_BAD_ARGUMENT)
 */
int vfa_container_segments(struct vfa_container *container, const void *vaddr, uint64_t size,
			   struct vfa_segment *segments, size_t max);

#ifdef __cplusplus
}
#endif

#endif
