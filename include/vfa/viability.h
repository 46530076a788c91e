/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Whether a group can be given to user space now, and what is in the way.
 *
 * The kernel is asked first, by the group's node, and its verdict stands. Where it cannot
 * be asked the verdict is derived from sysfs, and says so. Each member is then told with
 * what its driver means and what it is used for. The object never changes and has nothing
 * open; all threads may read it.
 */

#ifndef VFA_VIABILITY_H
#define VFA_VIABILITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vfa/group.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_viability;

/** enum vfa_viability_origin - who said so */
enum vfa_viability_origin {
	VFA_VIABILITY_KERNEL = 1, /* the kernel, asked through the group's node */
	VFA_VIABILITY_SYSFS,      /* the kernel's rules, applied to what sysfs shows */
};

/**
 * struct vfa_member_state - what one member does to its group
 * @blocks: it keeps the group from user space
 * @why: why it does, or why not: a clause about the member, never NULL
 * @use: what it is used for, as "nvme0n1p2 is mounted on /home", or which process has it;
 *	an empty string when no use is seen
 */
struct vfa_member_state {
	bool blocks;
	const char *why;
	const char *use;
};

/**
 * vfa_viability_new() - look at whether a group is viable
 * @host: the machine, or NULL for this one
 * @number: the group's number
 * @ret: the verdict, to be freed with vfa_viability_free()
 *
 * The group's node is opened for the time of one question, where this user may. A group
 * admits one opener, so another program that opens it in that moment is told it is busy.
 *
 * Return: 0, whatever the verdict, or
 *	-EINVAL: @ret is NULL
 *	-ENOENT: no such group (VFA_CAUSE_NO_GROUP)
 *	-ENOMEM: no memory
 *	any other errno of reading sysfs
 *
 * Kernel: VFIO_GROUP_GET_STATUS in linux/vfio.h.
 */
int vfa_viability_new(struct vfa_host *host, uint32_t number, struct vfa_viability **ret);

/**
 * vfa_viability_free() - free a verdict
 * @viability: the verdict, or NULL
 */
void vfa_viability_free(struct vfa_viability *viability);

/**
 * vfa_viability_is_viable() - the verdict
 * @viability: not NULL
 *
 * True also of a group that a process has open: it can be used, though not by two.
 */
bool vfa_viability_is_viable(const struct vfa_viability *viability);

/**
 * vfa_viability_origin() - whose verdict it is
 * @viability: not NULL
 */
enum vfa_viability_origin vfa_viability_origin(const struct vfa_viability *viability);

/**
 * vfa_viability_message() - the verdict as a sentence, with its reason
 * @viability: not NULL
 *
 * Names who blocks, and why the kernel could not be asked. Valid as long as @viability.
 */
const char *vfa_viability_message(const struct vfa_viability *viability);

/**
 * vfa_viability_hint() - what to do, or an empty string
 * @viability: not NULL
 *
 * Lines that start with two spaces are commands, for members that block and no others.
 * Valid as long as @viability.
 */
const char *vfa_viability_hint(const struct vfa_viability *viability);

/**
 * vfa_viability_group() - the snapshot of the group that was judged
 * @viability: not NULL
 *
 * Return: it, valid as long as @viability.
 */
const struct vfa_group *vfa_viability_group(const struct vfa_viability *viability);

/**
 * vfa_viability_get_member() - what one member does to the group
 * @viability: not NULL
 * @index: of the member, as for vfa_group_get_member()
 *
 * Return: its state, valid as long as @viability; NULL when @index is too large.
 */
const struct vfa_member_state *vfa_viability_get_member(const struct vfa_viability *viability,
							size_t index);

#ifdef __cplusplus
}
#endif

#endif
