/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A buffer: memory that the library allocates and maps for DMA in one step.
 *
 * It is zeroed, shared (so that a fork does not take its pages away), and both
 * mapped and unmapped as a whole. It is a memfd, which other processes can be
 * given, and which iommufd maps by file (Linux 6.14). It keeps its container alive
 * and may be used from any thread, except while another one frees it.
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

/** enum vfa_buffer_flags - what memory to take */
enum vfa_buffer_flags {
	VFA_BUFFER_IDENTITY = 1 << 0,  /* IOVA equal to the address, as VFA_MAP_IDENTITY */
	VFA_BUFFER_ANONYMOUS = 1 << 1, /* no memfd: there is no fd to hand on */
	VFA_BUFFER_STRICT = 1 << 2,    /* fail rather than take other pages or another node */
	VFA_BUFFER_ON_NODE = 1 << 3,   /* from the NUMA node given */
};

/**
 * struct vfa_buffer_options - what memory, and how to map it
 * @struct_size: set by VFA_BUFFER_OPTIONS_INIT
 * @flags: enum vfa_buffer_flags
 * @map: where and how to map, as in vfa_container_map(); NULL for both ways at an
 *	IOVA the library chooses. With VFA_BUFFER_IDENTITY its limits hold for the
 *	address too
 * @page_size: in bytes, such as 2 MiB or 1 GiB; 0 for the system's. Where there are
 *	not enough huge pages the next smaller size is taken, which
 *	vfa_buffer_fallback() tells; with VFA_BUFFER_STRICT it is a failure
 * @alignment: a power of two the address shall be a multiple of; 0 for the page size,
 *	and for 2 MiB where the buffer is as large as that
 * @threads: how many have the pages made at a time, the calling one among them, at most
 *	64 and one for each 4 MiB; 0 to leave it to mapping. Huge pages are always made
 *	by one at least
 * @node: with VFA_BUFFER_ON_NODE, the number of the NUMA node, which is preferred; with
 *	VFA_BUFFER_STRICT the only one. Else 0
 */
struct vfa_buffer_options {
	uint32_t struct_size;
	uint32_t flags;
	const struct vfa_map_options *map;
	uint64_t page_size;
	uint64_t alignment;
	uint32_t threads;
	uint32_t node;
};

#define VFA_BUFFER_OPTIONS_INIT                                                                    \
	{                                                                                          \
		sizeof(struct vfa_buffer_options), 0, 0, 0, 0, 0, 0                                \
	}

/**
 * vfa_buffer_alloc() - allocate memory and map it for DMA
 * @container: a container that a device is in, or a PASID leads to
 * @size: in bytes; rounded up to the size of a page and the container's alignment
 * @options: NULL for all defaults
 * @ret: the buffer, to be freed with vfa_buffer_free()
 *
 * When it returns all pages are there: touching them is never a SIGBUS. The size of
 * the memfd is sealed. With VFA_BUFFER_IDENTITY the address is the lowest above
 * 4 GiB, or else the lowest, that is free in the process and as IOVA.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument; @options that are unknown or contradict each other; a
 *		size of 0 (VFA_CAUSE_EMPTY), or one that cannot be rounded up
 *		(VFA_CAUSE_WRAPPED)
 *	-ENOMEM: too few huge pages, with VFA_BUFFER_STRICT (VFA_CAUSE_NO_HUGE_PAGES)
 *	-ENOENT: no such NUMA node, or none with memory (VFA_CAUSE_NO_NODE)
 *	-EEXIST: with VFA_BUFFER_IDENTITY and a fixed IOVA, the process has something
 *		there (VFA_CAUSE_OVERLAP)
 *	-EMFILE: no fd left for the memfd
 *	-ENOSPC: with VFA_BUFFER_IDENTITY, no address that is free both ways
 *		(VFA_CAUSE_NO_SPACE)
 *	and the errors of vfa_container_map(), memfd_create(2) and mmap(2).
 *
 * Kernel: memfd_create(2), mmap(2), mbind(2), MADV_POPULATE_WRITE; then
 * VFIO_IOMMU_MAP_DMA; IOMMU_IOAS_MAP_FILE (Linux 6.14), IOMMU_IOAS_MAP.
 */
int vfa_buffer_alloc(struct vfa_container *container, size_t size,
		     const struct vfa_buffer_options *options, struct vfa_buffer **ret);

/**
 * vfa_buffer_free() - unmap and free a buffer
 * @buffer: the buffer, or NULL
 *
 * The device must not use it any more. Should the kernel refuse to unmap it, the
 * memory is kept, so that DMA into it stays harmless, until vfa_container_unmap()
 * succeeds or the container goes. Memory that another process has from the fd lives on.
 */
void vfa_buffer_free(struct vfa_buffer *buffer);

/** vfa_buffer_vaddr() - its first byte for this process; @buffer not NULL */
void *vfa_buffer_vaddr(const struct vfa_buffer *buffer);

/** vfa_buffer_iova() - its first byte for a device; @buffer not NULL */
uint64_t vfa_buffer_iova(const struct vfa_buffer *buffer);

/** vfa_buffer_size() - its size in bytes, as rounded up; @buffer not NULL */
size_t vfa_buffer_size(const struct vfa_buffer *buffer);

/** vfa_buffer_page_size() - of its pages, as got, in bytes; @buffer not NULL */
uint64_t vfa_buffer_page_size(const struct vfa_buffer *buffer);

/**
 * vfa_buffer_fallback() - why its pages are smaller than asked for
 * @buffer: the buffer, not NULL
 *
 * Return: for each size that was not to be had a sentence with the numbers, and a hint
 * from the next line on, as in vfa_error_last(); NULL when the pages are as asked for.
 * The text lives as long as the buffer.
 */
const char *vfa_buffer_fallback(const struct vfa_buffer *buffer);

/**
 * vfa_buffer_fd() - the memfd that it is
 * @buffer: the buffer, not NULL
 *
 * To be handed to another process, which maps it from offset 0 with MAP_SHARED. It
 * belongs to the buffer: duplicate it to keep it.
 *
 * Return: the fd, or -1 with VFA_BUFFER_ANONYMOUS.
 */
int vfa_buffer_fd(const struct vfa_buffer *buffer);

#ifdef __cplusplus
}
#endif

#endif
