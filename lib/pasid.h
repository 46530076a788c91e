/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * PASIDs, and what they lead to. Two containers take part: that of the devices and the one
 * that is led to, which may be the same. Who changes anything has the locks of both.
 */

#ifndef LIB_PASID_H
#define LIB_PASID_H

#include <vfa/group.h>
#include <vfa/pasid.h>

#include "device.h"

struct pasid {
	struct pasid *next;          /* of the devices' container */
	struct pasid *next_leading;  /* of those that lead to the same one */
	struct vfa_container *owner; /* the devices'; they hold it */
	struct vfa_container *space; /* held */
	struct vfa_group *group;     /* as it was when the PASID was attached */
	struct vfa_fault_queue *faults;
	uint32_t number;
	uint32_t table;
	size_t device_count;
	struct vfa_device *devices[]; /* that have it; room for each of the group */
};

/* What is asked for; all devices are of one container. */
struct pasid_request {
	struct vfa_device *const *devices;
	size_t count;
	bool is_whole; /* the group is meant, not one device */
	struct vfa_container *owner;
	struct vfa_container *space;
	struct vfa_pasid_options options;
};

/* Ordered by address, so that two threads do not wait for each other. */
void pasid_lock(struct vfa_container *owner, struct vfa_container *space);
void pasid_unlock(struct vfa_container *owner, struct vfa_container *space);

/* What follows has the locks, and returns 0 or -errno, recorded, if it returns anything. */

/* pasid.c */

/** pasid_has_device() - whether one of its devices is this one */
bool pasid_has_device(const struct pasid *pasid, const struct vfa_device *device);

/** pasid_find() - that of a group which leads to a container, or NULL */
struct pasid *pasid_find(const struct vfa_container *owner, int group,
			 const struct vfa_container *space);

/** pasid_unlink() - it is no PASID of the devices' container any more */
void pasid_unlink(struct pasid *pasid);

/** pasid_unlink_leading() - it does not lead anywhere any more */
void pasid_unlink_leading(struct pasid *pasid);

/** pasid_free() - without any lock; NULL is fine */
void pasid_free(struct pasid *pasid);

/* pasid_change.c: what goes on in the kernel */

/** pasid_build() - make page tables, and attach the devices of a request; all or nothing */
int pasid_build(struct pasid *pasid, const struct pasid_request *request);

/** pasid_add() - attach devices of a request that are not among its own; all or none of them */
int pasid_add(struct pasid *pasid, const struct pasid_request *request);

/** pasid_take_apart() - detach all devices and destroy its page table; all or nothing */
int pasid_take_apart(struct pasid *pasid);

/** pasid_remove_device() - a device that is about to be closed, which detaches it at the latest */
void pasid_remove_device(struct pasid *pasid, struct vfa_device *device);

/** pasid_clean_up() - undo whatever has been built of it; cannot fail */
void pasid_clean_up(struct pasid *pasid);

/** pasid_settle() - containers are what they are without it, which is in no list any more */
void pasid_settle(const struct pasid *pasid);

/* pasid_table.c: the page table of a group's own container */

/** pasid_table_of() - that of a group, if it is one made for PASIDs; else 0 */
uint32_t pasid_table_of(const struct vfa_container *container, int group);

/** pasid_make_own() - have one; nothing if there is one */
int pasid_make_own(struct vfa_device *device);

/** pasid_drop_own() - go without, where no PASID of the group is left */
void pasid_drop_own(struct vfa_container *owner, int group);

/** pasid_forget_table() - a device is gone, which may have been the last to use it */
void pasid_forget_table(struct vfa_device *device);

/** pasid_make_table() - one of a container, for a device of the same iommufd */
int pasid_make_table(struct vfa_container *container, const struct vfa_device *device,
		     uint32_t fault_queue, uint32_t *ret);

/* pasid_group.c */

/** pasid_is_member() - whether a function was in the group as the PASID was attached */
bool pasid_is_member(const struct pasid *pasid, const char *bdf);

/** pasid_require_group() - the devices are all of the group that can do DMA */
int pasid_require_group(const struct pasid_request *request, const struct vfa_group *group);

/** pasid_require_members() - none came after the PASID was attached */
int pasid_require_members(const struct pasid *pasid, const struct pasid_request *request);

/** pasid_require_all() - none that has the PASID is missing */
int pasid_require_all(const struct pasid *pasid, const struct pasid_request *request);

/** pasid_warn_of() - tell the log of a device that came to a group with PASIDs */
void pasid_warn_of(const struct vfa_device *device);

/* pasid_leave.c: without any lock */

/** pasid_leave() - a device is about to be closed: those that it was the last one of */
struct pasid *pasid_leave(struct vfa_device *device);

/** pasid_end() - and when it is closed */
void pasid_end(struct pasid *list);

#endif
