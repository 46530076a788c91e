/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "collision.h"

#include <stdlib.h>

#include "base/error.h"
#include "refusal.h"
#include "topology/iommu.h"
#include "topology/reserved.h"

static int check_regions(const struct vfa_container *container, const struct pci_function *function)
{
	struct vfa_reserved_region *regions = NULL;
	int count, err = 0;

	if (function->group < 0)
		return 0;
	count = reserved_read(container->host, function->group, &regions);
	for (int i = 0; i < count && !err; i++) {
		const struct iova_span *span = iova_space_collision(&container->space, &regions[i]);

		if (span)
			err = refuse_collision(function->bdf, &span->range, &regions[i]);
	}
	free(regions);
	return err;
}

static int check_ranges(const struct vfa_container *container, const char *bdf,
			const struct range_list *allowed)
{
	const struct iova_span *span = iova_space_stranger(&container->space, allowed);

	return span ? refuse_unreachable(bdf, &span->range, allowed) : 0;
}

static int check_address_bits(const struct vfa_container *container, const char *bdf)
{
	unsigned int bits = iommu_address_bits(container->host, bdf);
	struct vfa_iova_range aperture = { 0, bits ? UINT64_MAX >> (64 - bits) : UINT64_MAX };

	return check_ranges(container, bdf, &(struct range_list){ &aperture, 1 });
}

int collision_check(const struct vfa_container *container, const struct pci_function *function)
{
	int err = 0;

	if (container->space.count)
		err = check_regions(container, function);
	if (!err && container->space.count)
		err = check_address_bits(container, function->bdf);
	return err;
}

/* The region that makes the hole a mapping is in, or all that is left. */
static int check_limits(const struct vfa_container *container, const char *bdf,
			const struct iova_limits *limits)
{
	const struct iova_span *span = iova_space_stranger(&container->space, &limits->allowed);
	const struct vfa_reserved_region *region;

	if (!span)
		return 0;
	region = iova_limits_reserved(limits, &span->range);
	return region ? refuse_collision(bdf, &span->range, region)
		      : refuse_unreachable(bdf, &span->range, &limits->allowed);
}

int collision_check_limits(const struct vfa_container *container, const char *bdf)
{
	return check_limits(container, bdf, &container->space.limits);
}

static int read_alone(struct backend *alone, struct join *join, struct iova_limits *ret)
{
	int count, err = backend_join(alone, join);

	if (err < 0)
		return err;
	err = alone->ops->read_limits(alone, ret);
	count = join->group < 0 ? 0 : reserved_read(alone->host, join->group, &ret->reserved);
	ret->reserved_count = count > 0 ? count : 0;
	backend_leave(alone, join);
	return err;
}

static int read_own_limits(const struct vfa_host *host, enum vfa_backend kind,
			   const struct join *refused, struct iova_limits *ret)
{
	struct join join = *refused;
	struct backend *alone;
	int err = backend_open(host, kind, -1, &alone);

	if (err)
		return err;
	err = read_alone(alone, &join, ret);
	backend_close(alone);
	return err;
}

static int explain(struct vfa_container *container, const struct join *join,
		   const struct iova_limits *limits)
{
	int err;

	container_lock(container);
	err = check_limits(container, join->bdf, limits);
	container_unlock(container);
	return err;
}

void collision_explain(struct vfa_container *container, enum vfa_backend kind,
		       const struct join *join)
{
	struct iova_limits limits = { .alignment = 0 };
	struct error_record saved;

	error_save(&saved);
	if (read_own_limits(container->host, kind, join, &limits) ||
	    !explain(container, join, &limits))
		error_restore(&saved);
	iova_limits_clear(&limits);
}
