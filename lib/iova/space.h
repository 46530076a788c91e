/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * An I/O address space: what the kernel allows, why it does not allow the
 * rest, and what is mapped. Pure data: no system call, no recorded failure.
 */

#ifndef IOVA_SPACE_H
#define IOVA_SPACE_H

#include <vfa/window.h>

#include "iova/gaps.h"
#include "iova/index.h"

/* What the kernel told of the address space; the lists are malloc'ed. */
struct iova_limits {
	struct range_list allowed;
	struct vfa_reserved_region *reserved;
	size_t reserved_count;
	uint64_t alignment;
	uint64_t page_sizes;
};

void iova_limits_clear(struct iova_limits *limits);

/** iova_limits_reserved() - the first region that a range touches and must not, or NULL */
const struct vfa_reserved_region *iova_limits_reserved(const struct iova_limits *limits,
						       const struct vfa_iova_range *range);

/* A mapped range, the first member of what the caller keeps of it. */
struct iova_span {
	struct vfa_iova_range range;
};

/* A dangerous window, and who named it: NULL for the caller. */
struct owned_window {
	struct vfa_window window;
	const void *owner;
};

struct iova_space {
	struct iova_limits limits;
	struct owned_window *windows; /* in ascending order */
	size_t window_count;
	struct range_list safe; /* what is allowed, but for the windows */
	struct iova_gaps gaps;  /* what is not mapped, allowed or not */
	struct index spans;     /* from IOVA to the address of its span */
	size_t count;           /* of spans */

	uint64_t lowest;                    /* free page behind page 0, or 0 */
	struct vfa_iova_range lowest_range; /* what is safe around it */
};

/* These return 0, or -ENOMEM with nothing changed; so do all below that return an int. */

int iova_space_init(struct iova_space *space);
void iova_space_clear(struct iova_space *space);

/** iova_space_set_limits() - take over newly read limits */
int iova_space_set_limits(struct iova_space *space, struct iova_limits *limits);

/** iova_space_add_windows() - all or none of them; @owner is NULL for the caller */
int iova_space_add_windows(struct iova_space *space, const void *owner,
			   const struct vfa_window *windows, size_t count);

/** iova_space_remove_window() - one of the caller's that equals @window; or -ENOENT */
int iova_space_remove_window(struct iova_space *space, const struct vfa_window *window);

/**
 * iova_space_drop_windows() - those of an owner; cannot fail
 *
 * Without memory their addresses are not given out before the next change.
 */
void iova_space_drop_windows(struct iova_space *space, const void *owner);

/** iova_space_window() - the first dangerous window that a range touches, or NULL */
const struct vfa_window *iova_space_window(const struct iova_space *space,
					   const struct vfa_iova_range *range);

enum iova_verdict {
	IOVA_USABLE,
	IOVA_MISALIGNED,
	IOVA_OUTSIDE,
	IOVA_RESERVED,
	IOVA_OVERLAP,
};

/* What is in the way of a request. */
struct iova_obstacle {
	const struct vfa_reserved_region *reserved; /* of IOVA_RESERVED */
	const struct iova_span *span;               /* of IOVA_OVERLAP */
};

/** iova_space_check() - whether a range can be mapped, and what is in the way */
enum iova_verdict iova_space_check(const struct iova_space *space,
				   const struct vfa_iova_range *range,
				   struct iova_obstacle *obstacle);

/**
 * iova_space_find() - the lowest or highest free start that fits a wish
 *
 * Outside all windows, unless the wish admits them. Return: whether there is one.
 */
bool iova_space_find(const struct iova_space *space, const struct iova_wish *wish, uint64_t *ret);

/** iova_space_reserve() - make the next insertion of a range one that cannot fail; 0 or -ENOMEM */
int iova_space_reserve(struct iova_space *space, const struct vfa_iova_range *range);

/** iova_space_insert() - list a span whose range is free and reserved for it */
void iova_space_insert(struct iova_space *space, struct iova_span *span);

/** iova_space_remove() - take a span off the list */
void iova_space_remove(struct iova_space *space, const struct iova_span *span);

/** iova_space_first() - the lowest span of those that overlap a range, or NULL */
struct iova_span *iova_space_first(const struct iova_space *space,
				   const struct vfa_iova_range *range);

/** iova_space_next() - the span behind another, or NULL */
struct iova_span *iova_space_next(const struct iova_space *space, const struct iova_span *span);

/** iova_space_before() - the highest span that ends before @iova, which is in none or starts one */
struct iova_span *iova_space_before(const struct iova_space *space, uint64_t iova);

/** iova_space_stranger() - a mapping that is not whole inside sorted ranges, or NULL */
const struct iova_span *iova_space_stranger(const struct iova_space *space,
					    const struct range_list *ranges);

/** iova_space_collision() - a mapping that collides with a reserved region, or NULL */
const struct iova_span *iova_space_collision(const struct iova_space *space,
					     const struct vfa_reserved_region *region);

#endif
