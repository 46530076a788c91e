/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a plan of mappings takes of the limit on locked memory. */

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>
#include <vfa/limits.h>

#include "base/api.h"
#include "base/error.h"
#include "base/options.h"
#include "memlock.h"
#include "refusal_map.h"

#define LEAST_ESTIMATE OPTIONS_UP_TO(struct vfa_memlock_estimate, entries)

static bool is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

static int check_plan(const struct vfa_plan *plan)
{
	if (plan->flags & ~(uint32_t)VFA_PLAN_DEVICE_MEMORY || plan->reserved ||
	    (plan->page_size && !is_power_of_two(plan->page_size)))
		return error_set(
			EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			"vfa_plan: page_size 0x%" PRIx64 ", flags 0x%" PRIx32
			", reserved 0x%" PRIx32 "\n"
			"page_size is 0 or a power of two, and the rest as the header says",
			plan->page_size, plan->flags, plan->reserved);
	return plan->size && plan->count ? 0 : refuse_empty("vfa_plan");
}

static int refuse_too_much(void)
{
	return error_set(EINVAL, VFA_CAUSE_WRAPPED,
			 "vfa_plan: the sum of the sizes exceeds 64 bits\n"
			 "plan what there can be memory for");
}

/* The kernel pins whole pages, and the IOMMU maps whole ones of its own. */
static uint64_t granule_of(const struct vfa_container *container, const struct vfa_plan *plan)
{
	uint64_t granule = sysconf(_SC_PAGESIZE);

	if (container_is_reached(container) && granule < container->space.limits.alignment)
		granule = container->space.limits.alignment;
	return granule < plan->page_size ? plan->page_size : granule;
}

/*
 * Each mapping counts whole, whatever else has the same memory pinned: type1 counts
 * for each of its mappings, and iommufd for each of its maps.
 */
static int add_plan(const struct vfa_container *container, const struct vfa_plan *plan,
		    struct vfa_memlock_estimate *estimate)
{
	uint64_t mask = granule_of(container, plan) - 1, bytes;

	if (__builtin_add_overflow(plan->count, estimate->entries, &estimate->entries))
		return refuse_too_much();
	if (plan->flags & VFA_PLAN_DEVICE_MEMORY)
		return 0;
	if (__builtin_add_overflow(plan->size, mask, &bytes) ||
	    __builtin_mul_overflow(bytes & ~mask, plan->count, &bytes) ||
	    __builtin_add_overflow(bytes, estimate->bytes, &estimate->bytes))
		return refuse_too_much();
	return 0;
}

/* What waits for a device is counted when that comes. */
static uint64_t pinned_later(const struct vfa_container *container)
{
	return container_is_reached(container) ? 0
					       : container->mapped_bytes - container->device_bytes;
}

static int find_limit(const struct vfa_container *container, struct vfa_memlock_estimate *estimate)
{
	struct memlock memlock;
	uint64_t more;
	int err = memlock_require(container, &memlock);

	if (err)
		return err;
	if (__builtin_add_overflow(estimate->bytes, pinned_later(container), &more))
		return refuse_too_much();
	estimate->accounting = memlock.accounting;
	estimate->limit = memlock_needed(&memlock, more);
	return 0;
}

static int estimate_plan(const struct vfa_container *container, const struct vfa_plan *plan,
			 size_t count, struct vfa_memlock_estimate *estimate)
{
	int err = container_require_accounting(container, "estimate");

	for (size_t i = 0; i < count && !err; i++) {
		err = check_plan(&plan[i]);
		if (!err)
			err = add_plan(container, &plan[i], estimate);
	}
	return err ? err : find_limit(container, estimate);
}

VFA_API int vfa_container_estimate_memlock(struct vfa_container *container,
					   const struct vfa_plan *plan, size_t count,
					   struct vfa_memlock_estimate *ret)
{
	struct vfa_memlock_estimate estimate = { .struct_size = 0 };
	int err;

	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	if (!plan && count)
		return error_null("plan");
	err = options_check_result("vfa_memlock_estimate", ret, LEAST_ESTIMATE);
	if (err)
		return err;
	container_lock(container);
	err = estimate_plan(container, plan, count, &estimate);
	container_unlock(container);
	if (!err)
		options_return(&estimate, sizeof(estimate), ret);
	return err;
}
