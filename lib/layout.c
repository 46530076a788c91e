/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "layout.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"
#include "base/options.h"
#include "refusal_map.h"

#define LEAST_PLAN OPTIONS_UP_TO(struct vfa_layout_plan, replaced)

VFA_API int vfa_layout_new(struct vfa_container *container, struct vfa_layout **ret)
{
	struct vfa_layout *layout;

	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	if (container->wanted == VFA_BACKEND_NOIOMMU)
		return error_set(EOPNOTSUPP, VFA_CAUSE_NOIOMMU,
				 "layout: noiommu does not translate: there are no IOVAs\n"
				 "use a machine with an IOMMU");
	layout = calloc(1, sizeof(*layout));
	if (!layout)
		return error_memory();
	layout->container = container;
	container_hold(container);
	*ret = layout;
	return 0;
}

/* To have no regions takes no device. */
static int plan(struct vfa_layout *layout, const struct vfa_layout_region *regions, size_t count,
		struct layout_list *wanted, size_t *refused)
{
	int err = count ? container_require_space(layout->container, "apply a layout") : 0;

	return err ? err : layout_plan(layout, regions, count, wanted, refused);
}

VFA_API int vfa_layout_apply(struct vfa_layout *layout, const struct vfa_layout_region *regions,
			     size_t count)
{
	struct layout_list wanted;
	size_t refused;
	int err;

	if (!layout || (!regions && count))
		return error_null(layout ? "regions" : "layout");
	container_lock(layout->container);
	err = plan(layout, regions, count, &wanted, &refused);
	if (!err)
		err = layout_change(layout, &wanted);
	container_unlock(layout->container);
	return err;
}

static void count_changes(const struct layout_list *now, const struct layout_list *wanted,
			  struct vfa_layout_plan *ret)
{
	for (size_t i = 0; i < wanted->count; i++)
		ret->kept += wanted->entries[i].stays;
	for (size_t i = 0; i < now->count; i++)
		ret->replaced += now->entries[i].collides;
	ret->mapped = wanted->count - ret->kept;
	ret->unmapped = now->count - ret->kept;
}

VFA_API int vfa_layout_check(struct vfa_layout *layout, const struct vfa_layout_region *regions,
			     size_t count, struct vfa_layout_plan *ret)
{
	struct vfa_layout_plan answer = { .refused = UINT64_MAX };
	struct layout_list wanted;
	size_t refused = SIZE_MAX;
	int err;

	if (!layout || !ret || (!regions && count))
		return error_null(!layout ? "layout" : ret ? "regions" : "ret");
	err = options_check_result("vfa_layout_plan", ret, LEAST_PLAN);
	if (err)
		return err;
	container_lock(layout->container);
	err = plan(layout, regions, count, &wanted, &refused);
	if (!err) {
		count_changes(&layout->now, &wanted, &answer);
		free(wanted.entries);
	}
	container_unlock(layout->container);
	if (err && refused == SIZE_MAX)
		return err;
	if (err) {
		answer.code = err;
		answer.cause = vfa_error_last()->cause;
		answer.refused = refused;
	}
	options_return(&answer, sizeof(answer), ret);
	return 0;
}

VFA_API int vfa_layout_regions(struct vfa_layout *layout, struct vfa_layout_region *regions,
			       size_t max)
{
	size_t count;

	if (!layout || (!regions && max))
		return error_null(layout ? "regions" : "layout");
	container_lock(layout->container);
	count = layout->now.count;
	for (size_t i = 0; i < count && i < max; i++)
		regions[i] = layout->now.entries[i].region;
	container_unlock(layout->container);
	return count;
}

static int check_split(const struct vfa_container *container,
		       const struct vfa_layout_region *region, struct vfa_iova_range *ret)
{
	uint64_t alignment = container->space.limits.alignment;

	if (!region->size)
		return refuse_empty("split");
	if (!range_from_size(region->iova, region->size, ret))
		return refuse_wrapped("split", "IOVA", region->iova, region->size);
	if (region->iova & (alignment - 1))
		return refuse_misaligned("IOVA", region->iova, alignment);
	if (region->size & (alignment - 1))
		return refuse_misaligned("size", region->size, alignment);
	return 0;
}

static void cut_piece(const struct vfa_layout_region *region, uint64_t start, uint64_t last,
		      struct vfa_layout_region *ret)
{
	uint64_t skipped = start - region->iova;

	*ret = *region;
	ret->iova = start;
	ret->size = last - start + 1;
	ret->vaddr = (char *)region->vaddr + skipped;
	if (region->flags & VFA_LAYOUT_FILE)
		ret->offset += skipped;
}

/* Ranges of the kernel need not start and end where a page does. */
static int split(const struct vfa_container *container, const struct vfa_layout_region *region,
		 const struct vfa_iova_range *range, struct vfa_layout_region *pieces, size_t max)
{
	const struct range_list *allowed = &container->space.limits.allowed;
	uint64_t mask = container->space.limits.alignment - 1;
	size_t count = 0;

	for (size_t i = 0; i < allowed->count; i++) {
		uint64_t start = allowed->ranges[i].start, end = allowed->ranges[i].last + 1;

		if (!range_overlaps(&allowed->ranges[i], range))
			continue;
		start = start > range->start ? (start + mask) & ~mask : range->start;
		end = end - 1 < range->last ? end & ~mask : range->last + 1;
		if (start - range->start >= end - range->start)
			continue;
		if (count < max)
			cut_piece(region, start, end - 1, &pieces[count]);
		count++;
	}
	return count;
}

VFA_API int vfa_layout_split(struct vfa_container *container,
			     const struct vfa_layout_region *region,
			     struct vfa_layout_region *pieces, size_t max)
{
	struct vfa_iova_range range;
	int err;

	if (!container || !region || (!pieces && max))
		return error_null(!container ? "container" : region ? "pieces" : "region");
	container_lock(container);
	err = container_require_space(container, "split a region");
	if (!err)
		err = check_split(container, region, &range);
	if (!err)
		err = split(container, region, &range, pieces, max);
	container_unlock(container);
	return err;
}

/* What the kernel keeps is the container's then. */
static void drop(struct vfa_layout *layout, struct layout_entry *entry)
{
	struct vfa_mapping *mapping = entry->mapping;

	if (!unmap_mapping(mapping) || vfa_error_last()->cause == VFA_CAUSE_SHORT_UNMAP)
		return;
	host_log(layout->container->host, VFA_LOG_WARNING, "a freed layout stays mapped: %s",
		 vfa_error_last()->message);
	mapping->owner = MAPPING_OF_CALLER;
}

VFA_API void vfa_layout_free(struct vfa_layout *layout)
{
	struct error_record saved;

	if (!layout)
		return;
	error_save(&saved);
	container_lock(layout->container);
	for (size_t i = layout->now.count; i--;)
		drop(layout, &layout->now.entries[i]);
	container_unlock(layout->container);
	error_restore(&saved);
	container_release(layout->container);
	free(layout->now.entries);
	free(layout);
}
