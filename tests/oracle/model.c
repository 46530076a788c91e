/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "oracle/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void must(bool condition)
{
	if (!condition)
		abort();
}

void model_read_limits(struct model *model, struct vfa_container *container)
{
	int count = vfa_container_iova_ranges(container, model->allowed, MODEL_RANGES);

	must(count > 0 && count <= MODEL_RANGES);
	model->allowed_count = (size_t)count;
	count = vfa_container_reserved_regions(container, model->reserved, MODEL_RANGES);
	must(count >= 0 && count <= MODEL_RANGES);
	model->reserved_count = (size_t)count;
	must(!vfa_container_alignment(container, &model->alignment));
}

static bool overlap(const struct vfa_iova_range *a, const struct vfa_iova_range *b)
{
	return a->start <= b->last && b->start <= a->last;
}

static bool contains(const struct vfa_iova_range *outer, const struct vfa_iova_range *inner)
{
	return outer->start <= inner->start && inner->last <= outer->last;
}

/* Halving, for there are a million requests; all else is as naive as it looks. */
size_t model_find(const struct model *model, uint64_t iova)
{
	size_t low = 0, high = model->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (model->mappings[middle].range.last < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool wraps(uint64_t start, uint64_t size)
{
	return size && start + (size - 1) < start;
}

static bool is_mapped(const struct model *model, const struct vfa_iova_range *range)
{
	size_t i = model_find(model, range->start);

	return i < model->count && overlap(&model->mappings[i].range, range);
}

static bool is_allowed(const struct model *model, const struct vfa_iova_range *range)
{
	for (size_t i = 0; i < model->allowed_count; i++)
		if (contains(&model->allowed[i], range))
			return true;
	return false;
}

static bool is_reserved(const struct model *model, const struct vfa_iova_range *range)
{
	for (size_t i = 0; i < model->reserved_count; i++)
		if (model->reserved[i].type != VFA_RESERVED_DIRECT_RELAXABLE &&
		    overlap(&model->reserved[i].range, range))
			return true;
	return false;
}

bool model_is_free(const struct model *model, const struct vfa_iova_range *range)
{
	return is_allowed(model, range) && !is_mapped(model, range);
}

static unsigned int place_faults(const struct model *model, const struct vfa_iova_range *range)
{
	unsigned int faults = is_mapped(model, range) ? FAULT_OVERLAP : 0;

	if (!is_allowed(model, range))
		faults |= is_reserved(model, range) ? FAULT_RESERVED : FAULT_OUTSIDE;
	return faults;
}

unsigned int model_map_faults(const struct model *model, const struct model_request *request)
{
	uint64_t vaddr = (uintptr_t)request->vaddr;
	unsigned int faults = 0;

	if ((vaddr | request->iova | request->size) & (model->alignment - 1))
		faults |= FAULT_MISALIGNED;
	if (!request->size)
		return faults | FAULT_EMPTY;
	if (wraps(vaddr, request->size) || wraps(request->iova, request->size))
		return faults | FAULT_WRAPPED;
	return faults |
	       place_faults(model, &(struct vfa_iova_range){ request->iova,
							     request->iova + (request->size - 1) });
}

unsigned int model_unmap_faults(const struct model *model, const struct model_request *request)
{
	struct vfa_iova_range range = { request->iova, request->iova + (request->size - 1) };
	unsigned int faults = 0;
	size_t i;

	if ((request->iova | request->size) & (model->alignment - 1))
		faults |= FAULT_MISALIGNED;
	if (!request->size)
		return faults | FAULT_EMPTY;
	if (wraps(request->iova, request->size))
		return faults | FAULT_WRAPPED;
	if (!is_mapped(model, &range))
		return faults | FAULT_NOTHING;
	for (i = model_find(model, range.start);
	     i < model->count && overlap(&model->mappings[i].range, &range); i++)
		if (!contains(&range, &model->mappings[i].range))
			return faults | FAULT_CUT;
	return faults;
}

/* From @start up to @last, stepping over what is in the way. */
static bool lowest_between(const struct model *model, const struct model_wish *wish, uint64_t start,
			   uint64_t last, uint64_t *ret)
{
	for (size_t i = model_find(model, start);; i++) {
		uint64_t aligned = (start + wish->alignment - 1) & -wish->alignment;
		struct vfa_iova_range range = { aligned, aligned + (wish->size - 1) };

		if (aligned < start || range.last < aligned || range.last > last)
			return false;
		*ret = aligned;
		if (i == model->count || range.last < model->mappings[i].range.start)
			return true;
		if (model->mappings[i].range.last >= last)
			return false;
		if (model->mappings[i].range.last >= start)
			start = model->mappings[i].range.last + 1;
	}
}

bool model_lowest(const struct model *model, const struct model_wish *wish, uint64_t *ret)
{
	for (size_t i = 0; i < model->allowed_count; i++) {
		uint64_t start = model->allowed[i].start, last = model->allowed[i].last;

		if (start < wish->min)
			start = wish->min;
		if (last > wish->max)
			last = wish->max;
		if (start <= last && lowest_between(model, wish, start, last, ret))
			return true;
	}
	return false;
}

int model_vaddr(const struct model *model, uint64_t iova, uint64_t size, char **ret)
{
	bool in_pieces = false;
	uint64_t done = 0;
	char *first = NULL;

	for (size_t i = model_find(model, iova); done < size; i++) {
		const struct model_mapping *mapping = &model->mappings[i];
		uint64_t offset = iova + done - mapping->range.start;

		if (i == model->count || mapping->range.start > iova + done)
			return -ENOENT;
		if (!done)
			first = mapping->vaddr + offset;
		in_pieces |= mapping->vaddr + offset != first + done;
		done += mapping->range.last - (iova + done) + 1;
	}
	if (in_pieces)
		return -ERANGE;
	*ret = first;
	return 0;
}

bool model_maps(const struct model *model, const char *vaddr)
{
	for (size_t i = 0; i < model->count; i++) {
		const struct model_mapping *mapping = &model->mappings[i];
		uint64_t offset = (uintptr_t)vaddr - (uintptr_t)mapping->vaddr;

		if (offset <= mapping->range.last - mapping->range.start)
			return true;
	}
	return false;
}

void model_insert(struct model *model, const struct model_request *request,
		  struct vfa_mapping *handle)
{
	size_t i = model_find(model, request->iova);
	struct model_mapping *mapping = &model->mappings[i];

	must(model->count < MODEL_MAPPINGS);
	memmove(mapping + 1, mapping, (model->count - i) * sizeof(*mapping));
	model->count++;
	mapping->range.start = request->iova;
	mapping->range.last = request->iova + (request->size - 1);
	mapping->vaddr = request->vaddr;
	mapping->handle = handle;
}

void model_remove(struct model *model, const struct model_request *request)
{
	struct vfa_iova_range range = { request->iova, request->iova + (request->size - 1) };
	size_t first = model_find(model, range.start), end = first;

	while (end < model->count && contains(&range, &model->mappings[end].range))
		end++;
	memmove(&model->mappings[first], &model->mappings[end],
		(model->count - end) * sizeof(model->mappings[0]));
	model->count -= end - first;
}
