/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "mapping.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"
#include "placement.h"
#include "refusal_map.h"

static struct vfa_mapping *from_span(struct iova_span *span)
{
	return (struct vfa_mapping *)span;
}

static uint64_t size_of(const struct vfa_mapping *mapping)
{
	return mapping->span.range.last - mapping->span.range.start + 1;
}

static int map_in_kernel(struct vfa_container *container, const struct vfa_mapping *mapping)
{
	struct dma_request request = {
		.vaddr = mapping->vaddr,
		.size = size_of(mapping),
		.iova = mapping->span.range.start,
		.access = mapping->access,
	};
	int err = container->backend->ops->map(container->backend, &request);

	return err < 0 ? refuse_map(container, &request, err) : 0;
}

static struct vfa_mapping *new_mapping(struct vfa_container *container, void *vaddr, uint64_t iova,
				       uint64_t size, uint32_t access)
{
	struct vfa_mapping *mapping = calloc(1, sizeof(*mapping));

	if (!mapping)
		return NULL;
	mapping->span.range = (struct vfa_iova_range){ iova, iova + (size - 1) };
	mapping->container = container;
	mapping->vaddr = vaddr;
	mapping->access = access;
	return mapping;
}

/* All that can fail in the library comes before the kernel is asked. */
static int add_mapping(struct vfa_container *container, void *vaddr, uint64_t size,
		       const struct vfa_map_options *options, struct vfa_mapping **ret)
{
	struct vfa_mapping *mapping;
	uint64_t iova;
	int err = container_require_space(container, "map");

	if (err)
		return err;
	err = place_mapping(container, vaddr, size, options, &iova);
	if (err)
		return err;
	mapping = new_mapping(container, vaddr, iova, size, options->access);
	if (!mapping)
		return error_memory();
	err = map_in_kernel(container, mapping);
	if (err) {
		free(mapping);
		return err;
	}
	iova_tree_insert(&container->space.mapped, &mapping->span);
	container->mapped_bytes += size;
	host_log(container->host, VFA_LOG_DEBUG, "map 0x%" PRIx64 "-0x%" PRIx64 " at %p", iova,
		 mapping->span.range.last, vaddr);
	*ret = mapping;
	return 0;
}

static int map(struct vfa_container *container, void *vaddr, uint64_t size,
	       const struct vfa_map_options *options, bool of_buffer, struct vfa_mapping **ret)
{
	struct vfa_map_options given;
	struct vfa_mapping *mapping = NULL;
	int err;

	if (!container || !vaddr)
		return error_null(container ? "vaddr" : "container");
	err = placement_options(options, &given);
	if (err)
		return err;
	container_lock(container);
	err = add_mapping(container, vaddr, size, &given, &mapping);
	if (!err) {
		mapping->of_buffer = of_buffer;
		if (ret)
			*ret = mapping;
	}
	container_unlock(container);
	return err;
}

VFA_API int vfa_container_map(struct vfa_container *container, void *vaddr, uint64_t size,
			      const struct vfa_map_options *options, struct vfa_mapping **ret)
{
	return map(container, vaddr, size, options, false, ret);
}

int mapping_map_buffer(struct vfa_container *container, void *vaddr, uint64_t size,
		       const struct vfa_map_options *options, struct vfa_mapping **ret)
{
	return map(container, vaddr, size, options, true, ret);
}

static bool is_in_kernel(const struct vfa_container *container)
{
	return container->backend->ops->holds_mappings(container->backend);
}

/* Mappings of the list that a range covers whole. */
struct covered {
	struct iova_span *first; /* of @count in a row */
	size_t count;
	struct vfa_iova_range range; /* from the first to the last of them */
	uint64_t bytes;
};

static void forget(struct vfa_container *container, struct iova_span *span)
{
	struct vfa_mapping *mapping = from_span(span);

	if (mapping->is_orphan)
		sys_munmap(container->host->sys, mapping->vaddr, size_of(mapping));
	host_log(container->host, VFA_LOG_DEBUG, "unmap 0x%" PRIx64 "-0x%" PRIx64,
		 span->range.start, span->range.last);
	iova_tree_remove(&container->space.mapped, span);
	container->mapped_bytes -= size_of(mapping);
	free(mapping);
}

static void forget_covered(struct vfa_container *container, const struct covered *covered)
{
	struct iova_span *span = covered->first, *next;

	for (size_t i = 0; i < covered->count; i++, span = next) {
		next = iova_tree_next(span);
		forget(container, span);
	}
}

static int refuse_partial(const struct vfa_iova_range *range, const struct vfa_iova_range *cut)
{
	return error_set(EINVAL, VFA_CAUSE_PARTIAL_UNMAP,
			 "unmap 0x%" PRIx64 "-0x%" PRIx64 ": cuts mapping 0x%" PRIx64 "-0x%" PRIx64
			 "\nunmap it whole: a mapping cannot be split",
			 range->start, range->last, cut->start, cut->last);
}

static int refuse_of_buffer(const struct vfa_mapping *mapping)
{
	return error_set(EBUSY, VFA_CAUSE_WRONG_ORDER,
			 "unmap: 0x%" PRIx64 "-0x%" PRIx64 " belongs to a buffer\n"
			 "free the buffer first: vfa_buffer_free",
			 mapping->span.range.start, mapping->span.range.last);
}

/* Which mappings a range covers; refused where it cuts one or takes a buffer's. */
static int cover(const struct vfa_container *container, const struct vfa_iova_range *range,
		 struct covered *ret)
{
	struct iova_span *span = iova_tree_first(&container->space.mapped, range->start);

	*ret = (struct covered){ .first = span };
	for (; span && span->range.start <= range->last; span = iova_tree_next(span)) {
		if (!range_contains(range, &span->range))
			return refuse_partial(range, &span->range);
		if (from_span(span)->of_buffer)
			return refuse_of_buffer(from_span(span));
		ret->range.start = ret->first->range.start;
		ret->range.last = span->range.last;
		ret->bytes += span->range.last - span->range.start + 1;
		ret->count++;
	}
	return 0;
}

static int unmap_in_kernel(struct vfa_container *container, const struct vfa_iova_range *range,
			   uint64_t *done)
{
	struct backend *backend = container->backend;
	uint64_t size = range->last - range->start + 1;

	if (!size) /* all 2^64 bytes, which no size can say */
		return backend->ops->unmap_all(backend, done);
	return backend->ops->unmap(backend, range->start, size, done);
}

static int refuse_short(const struct vfa_iova_range *range, uint64_t done, uint64_t expected)
{
	return error_set(EIO, VFA_CAUSE_SHORT_UNMAP,
			 "unmap 0x%" PRIx64 "-0x%" PRIx64 ": the kernel unmapped %" PRIu64
			 " of %" PRIu64 " bytes\n"
			 "nothing is mapped there any more; somebody may have unmapped the rest "
			 "through the container's fd",
			 range->start, range->last, done, expected);
}

/*
 * The kernel did not do as asked, and does not say how far it got: ask for each
 * mapping alone, and keep in the list what it keeps. Adds to @done what it unmaps.
 */
static int settle(struct vfa_container *container, const struct covered *covered, uint64_t *done)
{
	struct iova_span *span = covered->first, *next;
	int failed = 0;

	for (size_t i = 0; i < covered->count; i++, span = next) {
		uint64_t size;
		int err = unmap_in_kernel(container, &span->range, &size);

		next = iova_tree_next(span);
		*done += size;
		if (err < 0 && err != -ENOENT)
			failed = err;
		else
			forget(container, span);
	}
	return failed;
}

static int unmap_covered(struct vfa_container *container, const struct covered *covered)
{
	const struct vfa_iova_range range = covered->range;
	uint64_t done = covered->bytes;
	int err = is_in_kernel(container) ? unmap_in_kernel(container, &range, &done) : 0;

	if (!err && done == covered->bytes) {
		forget_covered(container, covered);
		return 0;
	}
	/* Refused as a whole; EFAULT may also mean that only the answer was not written. */
	if (err < 0 && err != -ENOENT && err != -EFAULT && covered->count == 1)
		return error_kernel(err, "unmap 0x%" PRIx64 "-0x%" PRIx64, range.start, range.last);
	err = settle(container, covered, &done);
	if (err)
		return error_kernel(err, "unmap 0x%" PRIx64 "-0x%" PRIx64, range.start, range.last);
	return done == covered->bytes ? 0 : refuse_short(&range, done, covered->bytes);
}

static int unmap_range(struct vfa_container *container, const struct vfa_iova_range *range)
{
	struct covered covered;
	int err = cover(container, range, &covered);

	if (err)
		return err;
	if (!covered.count)
		return error_set(ENOENT, VFA_CAUSE_NOT_MAPPED,
				 "unmap 0x%" PRIx64 "-0x%" PRIx64 ": nothing is mapped there\n"
				 "give the range of one or more mappings",
				 range->start, range->last);
	return unmap_covered(container, &covered);
}

VFA_API int vfa_container_unmap(struct vfa_container *container, uint64_t iova, uint64_t size)
{
	struct vfa_iova_range range;
	int err;

	if (!container)
		return error_null("container");
	if (!size)
		return refuse_empty("unmap");
	if (!range_from_size(iova, size, &range))
		return refuse_wrapped("unmap", "IOVA", iova, size);
	container_lock(container);
	err = unmap_range(container, &range);
	container_unlock(container);
	return err;
}

VFA_API int vfa_container_unmap_all(struct vfa_container *container)
{
	const struct vfa_iova_range everything = { 0, UINT64_MAX };
	struct covered covered;
	int err;

	if (!container)
		return error_null("container");
	container_lock(container);
	err = cover(container, &everything, &covered);
	if (!err && covered.count)
		err = unmap_covered(container, &covered);
	container_unlock(container);
	return err;
}

static int unmap_one(struct vfa_mapping *mapping)
{
	struct covered covered = {
		.first = &mapping->span,
		.count = 1,
		.range = mapping->span.range,
		.bytes = size_of(mapping),
	};

	return unmap_covered(mapping->container, &covered);
}

VFA_API int vfa_mapping_unmap(struct vfa_mapping *mapping)
{
	struct vfa_container *container;
	int err;

	if (!mapping)
		return 0;
	container = mapping->container;
	container_lock(container);
	err = unmap_one(mapping);
	container_unlock(container);
	return err;
}

/* Memory that the kernel keeps mapped must stay, until the mapping goes some other way. */
static void orphan(struct vfa_mapping *mapping)
{
	struct vfa_container *container = mapping->container;

	container_lock(container);
	mapping->of_buffer = false;
	mapping->is_orphan = true;
	container_unlock(container);
}

void mapping_unmap_buffer(struct vfa_mapping *mapping)
{
	const struct vfa_host *host = mapping->container->host;
	void *vaddr = mapping->vaddr;
	uint64_t size = size_of(mapping);
	struct error_record saved;
	int err;

	error_save(&saved);
	err = vfa_mapping_unmap(mapping);
	if (!err || vfa_error_last()->cause == VFA_CAUSE_SHORT_UNMAP) {
		sys_munmap(host->sys, vaddr, size);
	} else {
		host_log(host, VFA_LOG_WARNING, "a freed buffer stays mapped: %s",
			 vfa_error_last()->message);
		orphan(mapping);
	}
	error_restore(&saved);
}

int mapping_replay_all(struct vfa_container *container)
{
	const struct iova_space *space = &container->space;
	struct iova_span *span = iova_tree_first(&space->mapped, 0);

	for (; span; span = iova_tree_next(span)) {
		const struct vfa_mapping *mapping = from_span(span);
		int err;

		if (!range_list_find(&space->limits.allowed, &mapping->span.range))
			return error_set(EADDRINUSE, VFA_CAUSE_JOIN_CONFLICT,
					 "mapping 0x%" PRIx64 "-0x%" PRIx64
					 " is outside what the joining device's IOMMU maps\n"
					 "unmap it, let the device join, and map it elsewhere",
					 mapping->span.range.start, mapping->span.range.last);
		err = map_in_kernel(container, mapping);
		if (err)
			return err;
	}
	return 0;
}

void mapping_free_all(struct vfa_container *container)
{
	while (container->space.mapped.root)
		forget(container, container->space.mapped.root);
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
	return size_of(mapping);
}

VFA_API uint32_t vfa_mapping_access(const struct vfa_mapping *mapping)
{
	return mapping->access;
}
