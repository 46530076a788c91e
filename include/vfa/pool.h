/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A pool: many small pieces of memory of one size, each with its IOVA, cut from few
 * large buffers.
 *
 * Getting and putting a piece takes no system call and, as a rule, no lock: each
 * thread keeps some free pieces in a cache of its own. Pieces may be got in one
 * thread and put in another. A cache goes back to the pool when its thread ends.
 *
 * A pool keeps its container alive, as its buffers do, and may be used from any
 * thread. It belongs to the process that made it: after a fork(), the child must
 * not call any of these functions with it, not even to free it.
 */

#ifndef VFA_POOL_H
#define VFA_POOL_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/mapping.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_pool;

/* Straight to the library: a detour by the procedure linkage table takes as long as the work. */
#define VFA_POOL_DIRECT
#ifdef __has_attribute
#if __has_attribute(noplt)
#undef VFA_POOL_DIRECT
#define VFA_POOL_DIRECT __attribute__((noplt))
#endif
#endif

/**
 * struct vfa_piece - a piece of memory, as this process and as a device sees it
 * @vaddr: its first byte for this process
 * @iova: its first byte for a device
 */
struct vfa_piece {
	void *vaddr;
	uint64_t iova;
};

/** enum vfa_pool_flags - how a pool works */
enum vfa_pool_flags {
	VFA_POOL_NO_CACHE = 1 << 0, /* a lock for each call, but each free piece for any thread */
};

/**
 * struct vfa_pool_options - how to make a pool
 * @struct_size: set by VFA_POOL_OPTIONS_INIT
 * @flags: enum vfa_pool_flags
 * @cache_size: how many free pieces a thread keeps to itself at most, up to 65536; 0
 *	for an eighth of the pool but no more than 256. Half as many move at a time
 * @alignment: of each piece, its address and its IOVA: a power of two from 64 to 4096;
 *	0 for the next power of two from the size on, within these limits
 * @max_count: the pool may grow to so many pieces: when none is free, a get adds as
 *	many as there are; 0 for a pool that does not grow
 * @buffer: what the buffers are made of, and how they are mapped; NULL as in
 *	vfa_buffer_alloc(). It is copied, with the map options it points to
 */
struct vfa_pool_options {
	uint32_t struct_size;
	uint32_t flags;
	uint32_t cache_size;
	uint32_t alignment;
	size_t max_count;
	const struct vfa_buffer_options *buffer;
};

#define VFA_POOL_OPTIONS_INIT                                                                      \
	{                                                                                          \
		sizeof(struct vfa_pool_options), 0, 0, 0, 0, NULL                                  \
	}

/**
 * vfa_pool_new() - make a pool
 * @container: a container that a device is in, or a PASID leads to
 * @size: of a piece, in bytes
 * @count: number of pieces
 * @options: NULL for the defaults
 * @ret: the pool, to be freed with vfa_pool_free()
 *
 * The memory is zeroed, once. Each piece has one run of IOVAs. One of up to 4 KiB
 * does not cross a multiple of 4 KiB, the page that NVMe and others divide memory
 * into, neither by its address nor by its IOVA; one that is larger starts at such a
 * multiple, unless @options give a smaller alignment.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument; @options that are unknown, outside their limits, or
 *		contradict each other; a size or count of 0 (VFA_CAUSE_EMPTY)
 *	-EAGAIN: the process has no thread-specific key left, of which each pool with
 *		caches takes one (VFA_CAUSE_NO_MEMORY)
 *	-ENOMEM: no memory, or more bytes than can be counted (VFA_CAUSE_NO_MEMORY)
 *	and all of vfa_buffer_alloc()
 */
int vfa_pool_new(struct vfa_container *container, size_t size, size_t count,
		 const struct vfa_pool_options *options, struct vfa_pool **ret);

/**
 * vfa_pool_free() - unmap and free a pool with all its pieces
 * @pool: the pool, or NULL
 *
 * No thread may use the pool any more, nor end while this runs: join threads that
 * end. The device must not use any piece; ones that were not put back are a warning
 * in the host's log. As for the rest, see vfa_buffer_free().
 */
void vfa_pool_free(struct vfa_pool *pool);

/**
 * vfa_pool_get() - get a piece
 * @pool: the pool
 * @ret: the piece, to be put back with vfa_pool_put(). It holds what its last user
 *	left in it
 *
 * A get that lets the pool grow takes as long as vfa_buffer_alloc(), and lets other
 * threads wait that need more than is in their caches.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument
 *	-ENOBUFS: neither this thread's cache nor the part that all share has a free
 *		piece, and the pool may not grow (VFA_CAUSE_POOL_EMPTY). Other threads
 *		may have up to cache_size pieces each; from then on they share theirs at
 *		their next put or vfa_pool_flush()
 *	and, from a pool that may grow, all of vfa_buffer_alloc()
 */
int vfa_pool_get(struct vfa_pool *pool, struct vfa_piece *ret) VFA_POOL_DIRECT;

/**
 * vfa_pool_put() - give a piece back
 * @pool: the pool
 * @vaddr: the piece's address; the device must not use it any more
 *
 * Return: 0, or with nothing done
 *	-EINVAL: a NULL argument; no piece of this pool starts at @vaddr
 *		(VFA_CAUSE_BAD_PIECE)
 *	-EALREADY: the piece is free already (VFA_CAUSE_BAD_PIECE)
 */
int vfa_pool_put(struct vfa_pool *pool, void *vaddr) VFA_POOL_DIRECT;

/**
 * vfa_pool_get_many() - get several pieces, or none
 * @pool: the pool
 * @ret: filled with @count pieces; may be NULL when @count is 0
 * @count: how many
 *
 * Return: 0, or the errors of vfa_pool_get() with no piece taken; what @ret holds
 * then means nothing.
 */
int vfa_pool_get_many(struct vfa_pool *pool, struct vfa_piece *ret, size_t count);

/**
 * vfa_pool_put_many() - give several pieces back, or none
 * @pool: the pool
 * @pieces: of which only the addresses are looked at; may be NULL when @count is 0
 * @count: how many
 *
 * Return: 0, or the errors of vfa_pool_put() with nothing done.
 */
int vfa_pool_put_many(struct vfa_pool *pool, const struct vfa_piece *pieces, size_t count);

/**
 * vfa_pool_flush() - share the free pieces of this thread's cache
 * @pool: the pool
 *
 * For a thread that will not use the pool for long, but goes on.
 *
 * Return: 0, or -EINVAL when @pool is NULL.
 */
int vfa_pool_flush(struct vfa_pool *pool);

/** vfa_pool_piece_size() - the size of a piece in bytes, as asked for; @pool not NULL */
size_t vfa_pool_piece_size(const struct vfa_pool *pool);

/** vfa_pool_count() - how many pieces there are now, free or not; @pool not NULL */
size_t vfa_pool_count(struct vfa_pool *pool);

/**
 * vfa_pool_count_free() - how many pieces are free, in all caches too; @pool not NULL
 *
 * Exact as long as no other thread gets or puts.
 */
size_t vfa_pool_count_free(struct vfa_pool *pool);

#ifdef __cplusplus
}
#endif

#endif
