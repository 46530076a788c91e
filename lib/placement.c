/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "placement.h"

#include <errno.h>
#include <inttypes.h>

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

	if (given->flags & ~VFA_MAP_FIXED)
		return refuse_option("flags", given->flags,
				     "has bits that are no flag\nuse enum vfa_map_flags");
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

static const struct vfa_map_options defaults = {
	.access = VFA_ACCESS_READ_WRITE,
	.iova_max = UINT64_MAX,
};

int placement_options(const struct vfa_map_options *options, struct vfa_map_options *room,
		      const struct vfa_map_options **ret)
{
	int err;

	*ret = options ? room : &defaults;
	if (!options)
		return 0;
	err = options_copy("vfa_map_options", options,
			   OPTIONS_UP_TO(struct vfa_map_options, alignment), room, sizeof(*room));
	if (!err)
		err = check_options(room);
	if (err)
		return err;
	if (!room->access)
		room->access = defaults.access;
	if (!room->iova_max)
		room->iova_max = defaults.iova_max;
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

/* The caller's own limits, such as a DMA mask, hold for an IOVA that the caller gives. */
static int check_wishes(const struct vfa_iova_range *range, const struct vfa_map_options *options)
{
	if (range->start < options->iova_min || range->last > options->iova_max)
		return error_set(
			EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			"map 0x%" PRIx64 "-0x%" PRIx64
			": beyond the limits given with it, 0x%" PRIx64 "-0x%" PRIx64 "\n"
			"give an IOVA within iova_min and iova_max: the device may not reach others",
			range->start, range->last, options->iova_min, options->iova_max);
	if (options->alignment && range->start & (options->alignment - 1))
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "map 0x%" PRIx64 "-0x%" PRIx64 ": not aligned to 0x%" PRIx64
				 ", as given with it\n"
				 "give an IOVA that is, or no alignment",
				 range->start, range->last, options->alignment);
	return 0;
}

static int check_fixed(const struct vfa_container *container, uint64_t size,
		       const struct vfa_map_options *options)
{
	struct iova_obstacle obstacle;
	struct vfa_iova_range range;
	enum iova_verdict verdict;
	int err;

	if (!range_from_size(options->iova, size, &range))
		return refuse_wrapped("map", "IOVA", options->iova, size);
	err = check_wishes(&range, options);
	if (err)
		return err;
	verdict = iova_space_check(&container->space, &range, &obstacle);
	if (verdict == IOVA_USABLE)
		return 0;
	return refuse_verdict(container, &range, verdict, &obstacle);
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

static int choose_iova(const struct vfa_container *container, const void *vaddr, uint64_t size,
		       const struct vfa_map_options *options, uint64_t *ret)
{
	const struct iova_limits *limits = &container->space.limits;
	struct iova_wish wish = {
		.size = size,
		.min = options->iova_min ? options->iova_min : limits->alignment,
		.max = options->iova_max,
		.alignment = natural_alignment(limits, vaddr, size),
	};

	if (!options->alignment && iova_space_find(&container->space, &wish, ret))
		return 0;
	wish.alignment =
		options->alignment > limits->alignment ? options->alignment : limits->alignment;
	if (iova_space_find(&container->space, &wish, ret))
		return 0;
	return refuse_no_space(container, &wish);
}

int place_mapping(const struct vfa_container *container, const void *vaddr, uint64_t size,
		  const struct vfa_map_options *options, uint64_t *ret)
{
	int err = check_memory(container, vaddr, size);

	if (err)
		return err;
	if (!(options->flags & VFA_MAP_FIXED))
		return choose_iova(container, vaddr, size, options, ret);
	err = check_fixed(container, size, options);
	if (!err)
		*ret = options->iova;
	return err;
}
