/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The members that keep a group from user space, in words. */

#ifndef LIB_BLOCKERS_H
#define LIB_BLOCKERS_H

#include <vfa/group.h>

#include "topology/usage.h"

struct blockers {
	size_t count;
	char list[512];  /* "0000:00:06.1 is bound to nvme, ..." */
	char hint[1280]; /* what to do, with a command for each */
};

/** blockers_describe() - which they are; how many, 0 for none */
size_t blockers_describe(const struct vfa_host *host, const struct vfa_group *group,
			 struct blockers *ret);

/* Room for member_use(). */
#define MEMBER_USE 512

/**
 * member_use() - what a member on a kernel driver is used for, as far as it can be seen
 * @ret: clauses, an empty string for none
 *
 * Return: 0, or -errno of looking, with what was seen before in @ret.
 */
int member_use(const struct vfa_host *host, const struct vfa_group_member *member,
	       char ret[MEMBER_USE]);

#endif
