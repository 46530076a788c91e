/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "mapping.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"
#include "peer.h"
#include "placement.h"
#include "refusal_map.h"

/* Until here everything can fail, and from there on nothing. */
static int reserve(struct vfa_container *container, const struct vfa_iova_range *range,
		   const void *vaddr)
{
	uint64_t size = range->last - range->start + 1;

	if (slab_reserve(&container->mappings, container->space.count + 1) ||
	    iova_space_reserve(&container->space, range) ||
	    vaddrs_reserve(&container->vaddrs, vaddr, size))
		return error_memory();
	return 0;
}

/*
 * A reader without the lock may still look at the mapping that was in the same
 * place: what it reads is written as a whole, and in an order.
 */
static struct vfa_mapping *new_mapping(struct vfa_container *container,
				       const struct dma_request *request)
{
	struct vfa_mapping *mapping = slab_take(&container->mappings);
	uint64_t last = request->iova + (request->size - 1);

	__atomic_store_n(&mapping->span.range.start, request->iova, __ATOMIC_RELEASE);
	__atomic_store_n(&mapping->span.range.last, last, __ATOMIC_RELEASE);
	__atomic_store_n(&mapping->vaddr, request->vaddr, __ATOMIC_RELEASE);
	mapping->access = request->access;
	mapping->owner = MAPPING_OF_CALLER;
	mapping->owns_memory = false;
	mapping->is_device = request->is_device || !request->vaddr;
	return mapping;
}

static void list(struct vfa_container *container, struct vfa_mapping *mapping)
{
	iova_space_insert(&container->space, &mapping->span);
	vaddrs_insert(&container->vaddrs, mapping);
	container->mapped_bytes += mapping_size(mapping);
	if (mapping->is_device)
		container->device_bytes += mapping_size(mapping);
	host_log(container->host, VFA_LOG_DEBUG, "map 0x%" PRIx64 "-0x%" PRIx64 " at %p",
		 mapping->span.range.start, mapping->span.range.last, mapping->vaddr);
}

int mapping_add(struct vfa_container *container, const struct dma_request *request,
		struct vfa_mapping **ret)
{
	const struct vfa_iova_range range = { request->iova, request->iova + (request->size - 1) };
	int err = reserve(container, &range, request->vaddr);

	if (err)
		return err;
	err = container->backend->ops->map(container->backend, request);
	if (err < 0)
		return refuse_map(container, request, err);
	*ret = new_mapping(container, request);
	list(container, *ret);
	return 0;
}

int mapping_place(struct vfa_container *container, const struct mapping_wish *wish,
		  const struct vfa_map_options *options, struct vfa_mapping **ret)
{
	struct dma_request request = {
		.vaddr = wish->vaddr,
		.size = wish->size,
		.access = options->access,
		.fd = wish->fd,
		.offset = wish->offset,
		.is_dmabuf = wish->is_dmabuf,
		.is_device = wish->is_device,
	};
	int err = container_require_space(container, "map");

	if (!err)
		err = place_mapping(container, wish->vaddr, wish->size, options, &request.iova);
	if (!err)
		err = mapping_add(container, &request, ret);
	if (err)
		return err;
	(*ret)->owner = wish->owner;
	(*ret)->owns_memory = wish->owns_memory;
	return 0;
}

int mapping_map_checked(struct vfa_container *container, const struct mapping_wish *wish,
			const struct vfa_map_options *options, struct vfa_mapping **ret)
{
	struct vfa_mapping *mapping;
	int err;

	container_lock(container);
	err = mapping_place(container, wish, options, &mapping);
	if (!err && ret)
		*ret = mapping;
	container_unlock(container);
	return err;
}

int mapping_map(struct vfa_container *container, const struct mapping_wish *wish,
		const struct vfa_map_options *options, struct vfa_mapping **ret)
{
	const struct vfa_map_options *given;
	struct vfa_map_options room;
	int err = placement_options(options, &room, &given);

	return err ? err : mapping_map_checked(container, wish, given, ret);
}

VFA_API int vfa_container_map(struct vfa_container *container, void *vaddr, uint64_t size,
			      const struct vfa_map_options *options, struct vfa_mapping **ret)
{
	const struct mapping_wish wish = { .vaddr = vaddr, .size = size, .fd = -1 };

	if (!container || !vaddr)
		return error_null(container ? "vaddr" : "container");
	return mapping_map(container, &wish, options, ret);
}

static int map_again(const struct vfa_mapping *mapping, int fd)
{
	struct vfa_container *container = mapping_container(mapping);
	struct dma_request request = {
		.vaddr = mapping->vaddr,
		.size = mapping_size(mapping),
		.iova = mapping->span.range.start,
		.access = mapping->access,
		.fd = fd,
		.is_device = mapping->is_device,
	};
	int err = container->backend->ops->map(container->backend, &request);

	return err < 0 ? refuse_map(container, &request, err) : 0;
}

int mapping_renew(struct vfa_mapping *mapping, int fd, bool *is_gone)
{
	int err = unmap_in_place(mapping);

	if (err)
		return err;
	err = map_again(mapping, fd);
	*is_gone = err;
	if (err)
		forget_mapping(mapping);
	return err;
}

void mapping_range(const struct vfa_mapping *mapping, struct vfa_iova_range *ret)
{
	*ret = mapping->span.range;
}

void mapping_look_around(const struct vfa_container *container, uint64_t iova,
			 struct mapping_surroundings *ret)
{
	const struct iova_space *space = &container->space;
	const struct vfa_iova_range rest = { iova, UINT64_MAX };
	struct iova_span *first = iova_space_first(space, &rest);
	bool inside = first && first->range.start <= iova;

	ret->at = inside ? mapping_of(first) : NULL;
	ret->behind = mapping_of(inside ? iova_space_next(space, first) : first);
	ret->before = mapping_of(iova_space_before(space, inside ? first->range.start : iova));
}

/* Only type1 forgets, which does not map files. */
static int replay(const struct vfa_mapping *mapping)
{
	int err = mapping->is_device ? peer_prepare_replay(mapping) : 0;

	return err ? err : map_again(mapping, -1);
}

int mapping_replay_all(struct vfa_container *container)
{
	const struct iova_space *space = &container->space;
	struct iova_span *span = iova_space_first(space, &range_everything);

	for (; span; span = iova_space_next(space, span)) {
		int err = replay(mapping_of(span));

		if (err)
			return err;
	}
	return 0;
}

VFA_API uint64_t vfa_mapping_iova(const struct vfa_mapping *mapping)
{
	return mapping->span.range.start;
}

VFA_API void *vfa_mapping_vaddr(const struct vfa_mapping *mapping)
{
	return mapping->vaddr;
}

VFA_API uint64_t vfa_mapping_size(const struct vfa_mapping *mapping)
{
	return mapping_size(mapping);
}

VFA_API uint32_t vfa_mapping_access(const struct vfa_mapping *mapping)
{
	return mapping->access;
}
