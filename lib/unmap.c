/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Taking mappings away, so that the list stays what the kernel has. */

#include <errno.h>
#include <inttypes.h>

#include "base/api.h"
#include "base/error.h"
#include "mapping.h"
#include "refusal_map.h"

/* As long as a device is in, it is: so much is known without a call. */
static bool is_in_kernel(const struct vfa_container *container)
{
	return container_is_reached(container) ||
	       container->backend->ops->holds_mappings(container->backend);
}

/* Mappings of the list that a range covers whole. */
struct covered {
	struct vfa_mapping *first; /* of @count in a row */
	size_t count;
	struct vfa_iova_range range; /* from the first to the last of them */
	uint64_t bytes;
};

static inline void forget(struct vfa_container *container, struct vfa_mapping *mapping)
{
	host_log(container->host, VFA_LOG_DEBUG, "unmap 0x%" PRIx64 "-0x%" PRIx64,
		 mapping->span.range.start, mapping->span.range.last);
	vaddrs_remove(&container->vaddrs, mapping);
	iova_space_remove(&container->space, &mapping->span);
	container->mapped_bytes -= mapping_size(mapping);
	if (mapping->is_device)
		container->device_bytes -= mapping_size(mapping);
	if (mapping->owns_memory)
		sys_munmap(container->host->sys, mapping->vaddr, mapping_size(mapping));
	slab_free(&container->mappings, mapping);
}

/* The mapping behind another, of a range that has more of them. */
static struct vfa_mapping *next_of(const struct vfa_container *container,
				   const struct vfa_mapping *mapping)
{
	return mapping_of(iova_space_next(&container->space, &mapping->span));
}

static void forget_covered(struct vfa_container *container, const struct covered *covered)
{
	struct vfa_mapping *mapping = covered->first, *next;

	for (size_t i = covered->count; i > 1; i--, mapping = next) {
		next = next_of(container, mapping);
		forget(container, mapping);
	}
	forget(container, mapping);
}

static int refuse_partial(const struct vfa_iova_range *range, const struct vfa_iova_range *cut)
{
	return error_set(EINVAL, VFA_CAUSE_PARTIAL_UNMAP,
			 "unmap 0x%" PRIx64 "-0x%" PRIx64 ": cuts mapping 0x%" PRIx64 "-0x%" PRIx64
			 "\nunmap it whole: a mapping cannot be split",
			 range->start, range->last, cut->start, cut->last);
}

static int refuse_owned(const struct vfa_mapping *mapping)
{
	static const struct {
		const char *name;
		const char *hint;
	} owners[] = {
		[MAPPING_OF_BUFFER] = { "buffer", "free the buffer first: vfa_buffer_free" },
		[MAPPING_OF_LAYOUT] = { "layout", "apply a layout without it, or free the layout: "
						  "vfa_layout_apply, vfa_layout_free" },
		[MAPPING_OF_PEER] = { "peer", "unmap the peer first: vfa_peer_unmap" },
	};

	return error_set(EBUSY, VFA_CAUSE_WRONG_ORDER,
			 "unmap: 0x%" PRIx64 "-0x%" PRIx64 " belongs to a %s\n%s",
			 mapping->span.range.start, mapping->span.range.last,
			 owners[mapping->owner].name, owners[mapping->owner].hint);
}

/* Which mappings a range covers; refused where it cuts one or takes a buffer's. */
static int cover(const struct vfa_container *container, const struct vfa_iova_range *range,
		 struct covered *ret)
{
	struct iova_span *span = iova_space_first(&container->space, range);
	struct vfa_iova_range rest = *range;

	*ret = (struct covered){ .first = mapping_of(span) };
	for (; span; span = iova_space_first(&container->space, &rest)) {
		if (!range_contains(range, &span->range))
			return refuse_partial(range, &span->range);
		if (mapping_of(span)->owner)
			return refuse_owned(mapping_of(span));
		ret->range.start = ret->first->span.range.start;
		ret->range.last = span->range.last;
		ret->bytes += mapping_size(mapping_of(span));
		ret->count++;
		if (span->range.last == range->last)
			break;
		rest.start = span->range.last + 1;
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
	struct vfa_mapping *mapping = covered->first, *next;
	int failed = 0;

	for (size_t i = covered->count; i; i--, mapping = next) {
		uint64_t size;
		int err = unmap_in_kernel(container, &mapping->span.range, &size);

		next = i > 1 ? next_of(container, mapping) : NULL;
		*done += size;
		if (err < 0 && err != -ENOENT)
			failed = err;
		else
			forget(container, mapping);
	}
	return failed;
}

/* The kernel was asked for all at once, and did not do all of it. */
static int unmap_rest(struct vfa_container *container, const struct covered *covered, int err,
		      uint64_t done)
{
	const struct vfa_iova_range range = covered->range;

	/* Refused as a whole; EFAULT may also mean that only the answer was not written. */
	if (err < 0 && err != -ENOENT && err != -EFAULT && covered->count == 1)
		return error_kernel(err, "unmap 0x%" PRIx64 "-0x%" PRIx64, range.start, range.last);
	err = settle(container, covered, &done);
	if (err)
		return error_kernel(err, "unmap 0x%" PRIx64 "-0x%" PRIx64, range.start, range.last);
	return done == covered->bytes ? 0 : refuse_short(&range, done, covered->bytes);
}

static int unmap_covered(struct vfa_container *container, const struct covered *covered)
{
	uint64_t done = covered->bytes;
	int err = is_in_kernel(container) ? unmap_in_kernel(container, &covered->range, &done) : 0;

	if (err || done != covered->bytes)
		return unmap_rest(container, covered, err, done);
	forget_covered(container, covered);
	return 0;
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
	struct covered covered;
	int err;

	if (!container)
		return error_null("container");
	container_lock(container);
	err = cover(container, &range_everything, &covered);
	if (!err && covered.count)
		err = unmap_covered(container, &covered);
	container_unlock(container);
	return err;
}

/* The usual case, without the list that unmap_covered() goes through. */
int unmap_mapping(struct vfa_mapping *mapping)
{
	struct vfa_container *container = mapping_container(mapping);
	const struct vfa_iova_range *range = &mapping->span.range;
	uint64_t size = mapping_size(mapping), done = size;
	int err = is_in_kernel(container) ? unmap_in_kernel(container, range, &done) : 0;

	if (err || done != size)
		return unmap_rest(container,
				  &(struct covered){
					  .first = mapping,
					  .count = 1,
					  .range = *range,
					  .bytes = size,
				  },
				  err, done);
	forget(container, mapping);
	return 0;
}

/*
 * One that the kernel does not have is gone, which is all that is wanted; but it is asked
 * twice. EFAULT may be of its answer alone.
 */
int unmap_in_place(struct vfa_mapping *mapping)
{
	struct vfa_container *container = mapping_container(mapping);
	const struct vfa_iova_range *range = &mapping->span.range;
	uint64_t done;
	int err = unmap_in_kernel(container, range, &done);

	if (err == -EFAULT || err == -ENOENT)
		err = unmap_in_kernel(container, range, &done);
	if (err >= 0 || err == -ENOENT)
		return 0;
	return error_kernel(err, "unmap 0x%" PRIx64 "-0x%" PRIx64, range->start, range->last);
}

void forget_mapping(struct vfa_mapping *mapping)
{
	forget(mapping_container(mapping), mapping);
}

VFA_API int vfa_mapping_unmap(struct vfa_mapping *mapping)
{
	struct vfa_container *container;
	int err;

	if (!mapping)
		return 0;
	container = mapping_container(mapping);
	container_lock(container);
	err = unmap_mapping(mapping);
	container_unlock(container);
	return err;
}

/* Memory that the kernel keeps mapped must stay, until the mapping goes some other way. */
static void orphan(struct vfa_mapping *mapping)
{
	struct vfa_container *container = mapping_container(mapping);

	container_lock(container);
	mapping->owner = MAPPING_OF_CALLER;
	mapping->owns_memory = true;
	container_unlock(container);
}

void mapping_unmap_buffer(struct vfa_mapping *mapping)
{
	const struct vfa_host *host = mapping_container(mapping)->host;
	void *vaddr = mapping->vaddr;
	uint64_t size = mapping_size(mapping);
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

int unmap_droppable(struct vfa_container *container)
{
	struct iova_span *span = iova_space_first(&container->space, &range_everything), *next;
	int failed = 0;

	for (; span; span = next) {
		int err = 0;

		next = iova_space_next(&container->space, span);
		if (!mapping_of(span)->owner)
			err = unmap_mapping(mapping_of(span));
		if (err)
			failed = err;
	}
	return failed;
}

void unmap_owned_memory(struct vfa_container *container)
{
	struct iova_span *span = iova_space_first(&container->space, &range_everything);

	for (; span; span = iova_space_next(&container->space, span)) {
		const struct vfa_mapping *mapping = mapping_of(span);

		if (mapping->owns_memory)
			sys_munmap(container->host->sys, mapping->vaddr, mapping_size(mapping));
	}
}
