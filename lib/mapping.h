/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Mappings, as the container and buffers use them. */

#ifndef LIB_MAPPING_H
#define LIB_MAPPING_H

#include <vfa/mapping.h>

#include "container.h"

/* Who alone may unmap a mapping. */
enum mapping_owner {
	MAPPING_OF_CALLER = 0,
	MAPPING_OF_BUFFER,
	MAPPING_OF_LAYOUT,
	MAPPING_OF_PEER,
};

struct vfa_mapping {
	struct iova_span span; /* first: the space lists it */
	void *vaddr;           /* NULL: it has no address here */
	uint32_t access;
	uint8_t owner;    /* enum mapping_owner */
	bool owns_memory; /* which is unmapped from the process with it */
	bool is_device;   /* a BAR, and no memory: nothing is pinned for it */
};

static inline struct vfa_mapping *mapping_of(struct iova_span *span)
{
	return (struct vfa_mapping *)span;
}

static inline uint64_t mapping_size(const struct vfa_mapping *mapping)
{
	return mapping->span.range.last - mapping->span.range.start + 1;
}

static inline struct vfa_container *mapping_container(const struct vfa_mapping *mapping)
{
	return slab_owner(mapping);
}

/** mapping_range() - its IOVAs */
void mapping_range(const struct vfa_mapping *mapping, struct vfa_iova_range *ret);

/* The mapping that an IOVA is in, and its neighbours or those of the gap; each may be NULL. */
struct mapping_surroundings {
	const struct vfa_mapping *before;
	const struct vfa_mapping *at;
	const struct vfa_mapping *behind;
};

/** mapping_look_around() - with the container's lock held */
void mapping_look_around(const struct vfa_container *container, uint64_t iova,
			 struct mapping_surroundings *ret);

/**
 * mapping_add() - map what is known to fit, and list it
 * @request: its IOVAs are free and can be mapped
 *
 * With the container's lock held. Return: 0 or -errno, recorded; after a failure nothing
 * is mapped.
 */
int mapping_add(struct vfa_container *container, const struct dma_request *request,
		struct vfa_mapping **ret);

/**
 * unmap_mapping() - vfa_mapping_unmap() with the container's lock held
 *
 * After VFA_CAUSE_SHORT_UNMAP the mapping is gone; after any other failure it is not.
 */
int unmap_mapping(struct vfa_mapping *mapping);

/**
 * unmap_in_place() - unmap it in the kernel, and leave it listed
 *
 * With the container's lock held, and for who maps it again or forgets it. Return: 0 or
 * -errno, recorded; after a failure the kernel has it still.
 */
int unmap_in_place(struct vfa_mapping *mapping);

/** forget_mapping() - take what the kernel has no more from the list */
void forget_mapping(struct vfa_mapping *mapping);

/* What is to be mapped, and for whom. */
struct mapping_wish {
	void *vaddr;
	uint64_t size;
	int fd;          /* of the file that is mapped at @vaddr, or -1 */
	uint64_t offset; /* in it */
	bool is_dmabuf;  /* the file, which may have no @vaddr then */
	bool owns_memory;
	enum mapping_owner owner;
	bool is_device;
};

/**
 * mapping_place() - find an IOVA and map
 * @options: as placement_options() gives them
 *
 * With the container's lock held. Return: 0 or -errno, recorded.
 */
int mapping_place(struct vfa_container *container, const struct mapping_wish *wish,
		  const struct vfa_map_options *options, struct vfa_mapping **ret);

/** mapping_map() - vfa_container_map() for whoever it is */
int mapping_map(struct vfa_container *container, const struct mapping_wish *wish,
		const struct vfa_map_options *options, struct vfa_mapping **ret);

/** mapping_map_checked() - the same with options as placement_options() gives them */
int mapping_map_checked(struct vfa_container *container, const struct mapping_wish *wish,
			const struct vfa_map_options *options, struct vfa_mapping **ret);

/**
 * mapping_renew() - unmap in the kernel, and map anew at the same IOVA
 * @fd: the dma-buf of a BAR
 * @is_gone: set when the mapping went, and came not back: it is no longer listed
 *
 * With the container's lock held. Return: 0 or -errno, recorded.
 */
int mapping_renew(struct vfa_mapping *mapping, int fd, bool *is_gone);

/**
 * mapping_unmap_buffer() - undo it for a buffer, and unmap the memory from the process
 *
 * Memory that the kernel refuses to unmap from the device stays, listed, until it
 * is unmapped by range, or the container goes.
 */
void mapping_unmap_buffer(struct vfa_mapping *mapping);

/**
 * mapping_replay_all() - make all mappings anew in a kernel that has forgotten them
 *
 * With the container's lock held. Return: 0 or -errno, recorded; after a failure
 * the kernel has some of them, and the caller lets the device leave again.
 */
int mapping_replay_all(struct vfa_container *container);

/**
 * unmap_droppable() - unmap all that are the caller's
 *
 * With the container's lock held. Return: 0 or -errno, recorded; what the kernel does
 * not unmap stays listed.
 */
int unmap_droppable(struct vfa_container *container);

/** unmap_owned_memory() - free the memory that mappings own, of a container whose backend is closed
 */
void unmap_owned_memory(struct vfa_container *container);

#endif
