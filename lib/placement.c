/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "placement.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "refusal_map.h"

static int refuse_option(const char *name, uint64_t value, const char *why)
{
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT, "vfa_map_options: %s 0x%" PRIx64 " %s",
			 name, value, why);
}

static int check_options(const struct vfa_map_options *given)
{
	uint64_t max = given->iova_max ? given->iova_max : UINT64_MAX;

	if (given->flags & ~(VFA_MAP_FIXED | VFA_MAP_IDENTITY))
		return refuse_option("flags", given->flags,
				     "has bits that are no flag\nuse enum vfa_map_flags");
	if (given->flags == (VFA_MAP_FIXED | VFA_MAP_IDENTITY))
		return refuse_option("flags", given->flags,
				     "has two ways to say where\n"
				     "use VFA_MAP_FIXED or VFA_MAP_IDENTITY, not both");
	if (given->access & ~VFA_ACCESS_READ_WRITE)
		return refuse_option("access", given->access,
				     "has bits that are no access\nuse enum vfa_access");
	if (given->reserved)
		return refuse_option("reserved", given->reserved,
				     "is not 0\ninitialise the struct with VFA_MAP_OPTIONS_INIT");
	if (given->alignment & (given->alignment - 1))
		return refuse_option("alignment", given->alignment,
				     "is not a power of two\nround it up to one");
	if (given->iova && !(given->flags & VFA_MAP_FIXED))
		return refuse_option("iova", given->iova,
				     "is given without VFA_MAP_FIXED\n"
				     "set the flag, or leave the choice to the library with 0");
	if (given->iova_min > max)
		return refuse_option("iova_min", given->iova_min,
				     "is above iova_max\nnothing lies between them");
	return 0;
}

const struct vfa_map_options placement_defaults = {
	.access = VFA_ACCESS_READ_WRITE,
	.iova_max = UINT64_MAX,
};

int placement_copy_options(const struct vfa_map_options *options, struct vfa_map_options *ret)
{
	int err = options_copy("vfa_map_options", options,
			       OPTIONS_UP_TO(struct vfa_map_options, alignment), ret, sizeof(*ret));

	if (!err)
		err = check_options(ret);
	if (err)
		return err;
	if (!ret->access)
		ret->access = placement_defaults.access;
	if (!ret->iova_max)
		ret->iova_max = placement_defaults.iova_max;
	return 0;
}

static int check_memory(const struct vfa_container *container, const void *vaddr, uint64_t size)
{
	uint64_t alignment = container->space.limits.alignment;
	uint64_t start = (uintptr_t)vaddr;

	if (!size)
		return refuse_empty("map");
	if (size - 1 > UINTPTR_MAX - start)
		return refuse_wrapped("map", "address", start, size);
	if (start & (alignment - 1))
		return refuse_misaligned("address", start, alignment);
	if (size & (alignment - 1))
		return refuse_misaligned("size", size, alignment);
	return 0;
}

/* The caller's limits; page 0 only where they ask for it. */
static struct iova_wish wish_of(const struct vfa_container *container, uint64_t size,
				const struct vfa_map_options *options)
{
	uint64_t least = container->space.limits.alignment;

	return (struct iova_wish){
		.size = size,
		.min = options->iova_min ? options->iova_min : least,
		.max = options->iova_max,
		.alignment = options->alignment > least ? options->alignment : least,
	};
}

static void set_nearest(uint64_t iova, uint64_t size, struct vfa_verdict *verdict)
{
	range_from_size(iova, size, &verdict->nearest);
	verdict->flags |= VFA_VERDICT_NEAREST;
}

/* From the range that was asked for, in both directions. */
static void find_nearest(const struct vfa_container *container, uint64_t size,
			 const struct vfa_map_options *options, struct vfa_verdict *verdict)
{
	const struct vfa_iova_range *range = &verdict->range;
	struct iova_wish above = wish_of(container, size, options), below = above;
	uint64_t next, previous;
	bool has_next, has_previous;

	if (above.min < range->start)
		above.min = range->start;
	if (below.max > range->last)
		below.max = range->last;
	below.highest = true;
	has_next = iova_space_find(&container->space, &above, &next);
	has_previous = iova_space_find(&container->space, &below, &previous);
	if (has_previous && (!has_next || range->start - previous < next - range->start))
		set_nearest(previous, size, verdict);
	else if (has_next)
		set_nearest(next, size, verdict);
}

static void note_window(const struct vfa_container *container, const struct vfa_iova_range *range,
			struct vfa_verdict *verdict)
{
	const struct vfa_window *window = iova_space_window(&container->space, range);

	if (window) {
		verdict->window = *window;
		verdict->flags |= VFA_VERDICT_WINDOW;
	}
}

static void note_obstacle(const struct iova_obstacle *obstacle, struct vfa_verdict *verdict)
{
	if (obstacle->reserved) {
		verdict->reserved = *obstacle->reserved;
		verdict->flags |= VFA_VERDICT_RESERVED;
	}
	if (obstacle->span) {
		verdict->mapping = obstacle->span->range;
		verdict->flags |= VFA_VERDICT_MAPPING;
	}
}

/* The caller's own limits, such as a DMA mask, hold for an IOVA that the caller gives. */
static bool is_wished(const struct vfa_iova_range *range, const struct vfa_map_options *options)
{
	return range->start >= options->iova_min && range->last <= options->iova_max &&
	       !(options->alignment && range->start & (options->alignment - 1));
}

static int place_at(const struct vfa_container *container, uint64_t iova, uint64_t size,
		    const struct vfa_map_options *options, struct vfa_verdict *verdict)
{
	struct iova_obstacle obstacle;
	enum iova_verdict found;

	if (!range_from_size(iova, size, &verdict->range))
		return refuse_wrapped("map", "IOVA", iova, size);
	verdict->flags = VFA_VERDICT_RANGE;
	note_window(container, &verdict->range, verdict);
	if (!is_wished(&verdict->range, options)) {
		find_nearest(container, size, options, verdict);
		return refuse_wish(options, verdict);
	}
	found = iova_space_check(&container->space, &verdict->range, &obstacle);
	if (found == IOVA_USABLE)
		return 0;
	note_obstacle(&obstacle, verdict);
	find_nearest(container, size, options, verdict);
	return refuse_verdict(container, options, found, verdict);
}

static int place_identity(const struct vfa_container *container, const void *vaddr, uint64_t size,
			  const struct vfa_map_options *options, struct vfa_verdict *verdict)
{
	if (!vaddr)
		return refuse_option("flags", options->flags,
				     "has VFA_MAP_IDENTITY, but there is no address\n"
				     "give the memory, or an IOVA with VFA_MAP_FIXED");
	return place_at(container, (uintptr_t)vaddr, size, options, verdict);
}

/*
 * The largest page that the IOMMU could use for this memory. Only sizes that
 * processors have too: memory is no larger in one piece than their pages.
 */
static uint64_t natural_alignment(const struct iova_limits *limits, const void *vaddr,
				  uint64_t size)
{
	static const uint64_t pages[] = { 1ull << 30, 1ull << 21 };

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (limits->page_sizes & pages[i] && size >= pages[i] &&
		    !((uintptr_t)vaddr & (pages[i] - 1)))
			return pages[i];
	return limits->alignment;
}

/* What is left, if anything, lies in windows. */
static int refuse_all_space(const struct vfa_container *container, struct iova_wish *wish,
			    struct vfa_verdict *verdict)
{
	uint64_t iova;

	wish->dangerous = true;
	if (iova_space_find(&container->space, wish, &iova)) {
		set_nearest(iova, wish->size, verdict);
		note_window(container, &verdict->nearest, verdict);
	}
	return refuse_no_space(container, wish, verdict);
}

static int choose_iova(const struct vfa_container *container, const void *vaddr, uint64_t size,
		       const struct vfa_map_options *options, struct vfa_verdict *verdict)
{
	struct iova_wish wish = wish_of(container, size, options);
	uint64_t least = wish.alignment, iova;
	bool found;

	if (!options->alignment)
		wish.alignment = natural_alignment(&container->space.limits, vaddr, size);
	found = iova_space_find(&container->space, &wish, &iova);
	if (!found && wish.alignment > least) {
		wish.alignment = least;
		found = iova_space_find(&container->space, &wish, &iova);
	}
	if (!found)
		return refuse_all_space(container, &wish, verdict);
	verdict->range = (struct vfa_iova_range){ iova, iova + (size - 1) };
	verdict->flags = VFA_VERDICT_RANGE;
	return 0;
}

/* Of the verdict, the flags and what they tell of are set. */
static int place(const struct vfa_container *container, const void *vaddr, uint64_t size,
		 const struct vfa_map_options *options, struct vfa_verdict *verdict)
{
	int err = check_memory(container, vaddr, size);

	verdict->flags = 0;
	if (err)
		return err;
	if (options->flags & VFA_MAP_FIXED)
		return place_at(container, options->iova, size, options, verdict);
	if (options->flags & VFA_MAP_IDENTITY)
		return place_identity(container, vaddr, size, options, verdict);
	return choose_iova(container, vaddr, size, options, verdict);
}

static __attribute__((noinline)) int place_by_wish(const struct vfa_container *container,
						   const void *vaddr, uint64_t size,
						   const struct vfa_map_options *options,
						   uint64_t *ret)
{
	struct vfa_verdict verdict;
	int err = place(container, vaddr, size, options, &verdict);

	if (err)
		return err;
	if (verdict.flags & VFA_VERDICT_WINDOW)
		warn_of_window(container, "map", &verdict.range, &verdict.window);
	*ret = verdict.range.start;
	return 0;
}

/* What is asked for most is a page, wherever. */
int place_mapping(const struct vfa_container *container, const void *vaddr, uint64_t size,
		  const struct vfa_map_options *options, uint64_t *ret)
{
	const struct iova_space *space = &container->space;

	if (options != &placement_defaults || size != space->limits.alignment || !space->lowest ||
	    (uintptr_t)vaddr & (size - 1))
		return place_by_wish(container, vaddr, size, options, ret);
	*ret = space->lowest;
	return 0;
}

void placement_judge(const struct vfa_container *container, const void *vaddr, uint64_t size,
		     const struct vfa_map_options *options, struct vfa_verdict *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->code = place(container, vaddr, size, options, ret);
	if (ret->code)
		ret->cause = vfa_error_last()->cause;
}
