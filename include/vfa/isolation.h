/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Why functions are in one IOMMU group, and what would change that.
 *
 * The kernel forms groups when it finds devices, from what the ports between them
 * and the root complex isolate (ACS). These functions do the same from a
 * snapshot: with the bits that are on now, or with others. Where the kernel's groups
 * differ, the kernel is right: it knows of quirks that no register shows.
 */

#ifndef VFA_ISOLATION_H
#define VFA_ISOLATION_H

#include <vfa/topology.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_isolation;

/**
 * struct vfa_acs_change - bits of a port or function that are to be other than they are
 * @bdf: its address
 * @set: enum vfa_acs_bit to turn on
 * @clear: enum vfa_acs_bit to turn off
 *
 * A function without the capability is taken as having it, with only @set on.
 */
struct vfa_acs_change {
	const char *bdf;
	uint16_t set;
	uint16_t clear;
};

/**
 * vfa_topology_predict() - the groups that follow from the bits in a snapshot
 * @topology: the snapshot
 * @changes: bits to take for other than they are, in their order; may be NULL when @count is 0
 * @count: number of elements in @changes
 * @groups: for each function, the index of the first function of its group; -1 for one
 *	that the kernel has in no group now. May be NULL when @max is 0
 * @max: number of elements in @groups
 *
 * Nothing is changed: not in the machine, and not in @topology. A function that reads as
 * all ones (config_error is -ENODEV) is taken as isolating.
 *
 * Return: the number of functions, which may exceed @max, or
 *	-EINVAL: a NULL argument; @set and @clear share a bit or have an unknown one; a bit
 *		that the function cannot have or cannot clear; a function that is alone in its
 *		slot, or reads as all ones (VFA_CAUSE_BAD_ARGUMENT); @bdf does not parse
 *		(VFA_CAUSE_BAD_BDF)
 *	-ENODEV: there is no function @bdf (VFA_CAUSE_NO_DEVICE); the bridge above a
 *		function is not in the snapshot (VFA_CAUSE_DEVICE_GONE)
 *	-EACCES: without the privilege to read the config space of all (VFA_CAUSE_ACCESS)
 *	-ENOMEM: no memory
 *	another errno of reading the config space of a function (VFA_CAUSE_KERNEL)
 *
 * Kernel: pci_device_group() in drivers/iommu/iommu.c.
 */
int vfa_topology_predict(const struct vfa_topology *topology, const struct vfa_acs_change *changes,
			 size_t count, int32_t *groups, size_t max);

/**
 * struct vfa_isolation_step - the device, or a bridge between it and the root bus
 * @function: index in the topology
 * @acs: its bits, with the changes
 * @isolates: whether nothing turns round in it or below it. VFA_UNKNOWN when its config space
 *	could not be read
 * @missing: enum vfa_acs_bit that would have to be on for that; without the capability all
 *	that the kernel would ask for; 0 when it can have none
 * @is_alias: a bridge whose own address the IOMMU sees, or may see, on requests from below
 * @reason: why it does not isolate, and what that means; else ""
 *
 * Later releases may add fields at the end.
 */
struct vfa_isolation_step {
	int32_t function;
	struct vfa_acs acs;
	enum vfa_answer isolates;
	uint16_t missing;
	bool is_alias;
	const char *reason;
};

/**
 * struct vfa_isolation_member - another function of the device's group
 * @function: index in the topology
 * @culprit: index of a function that is enough to keep the two together; -1 when nothing that
 *	could be read does
 * @reason: a sentence on it; "" without @culprit
 *
 * Later releases may add fields at the end.
 */
struct vfa_isolation_member {
	int32_t function;
	int32_t culprit;
	const char *reason;
};

/** enum vfa_isolation_note_kind - what else there is to know of a device's isolation */
enum vfa_isolation_note_kind {
	/* Bits are off without which its group would be larger if it were formed now. */
	VFA_ISOLATION_LOST = 1,
	/* The kernel's group is smaller, and no bit that could have changed tells why: quirks. */
	VFA_ISOLATION_FINER,
	/* The same of a slot that was plugged in later, which Linux does not see as one. */
	VFA_ISOLATION_HOTPLUGGED,
	/* The kernel's group is larger: quirks, or bits that were set after it was formed. */
	VFA_ISOLATION_COARSER,
	/* A switch sends requests straight to a device of another group, or from one. */
	VFA_ISOLATION_DIRECT,
	/* Requests with addresses that the IOMMU translated before may go straight to a peer. */
	VFA_ISOLATION_TRANSLATED,
	/* Config space, or a bridge, could not be read: nothing can be said of the group. */
	VFA_ISOLATION_UNREAD,
	/* The group has several devices, which are not isolated from each other. */
	VFA_ISOLATION_DANGEROUS,
};

/**
 * struct vfa_isolation_note - one of these facts
 * @kind: which
 * @function: index of the function that it is about, such as the port that lost bits
 * @other: index of a function that is concerned, the first of several; -1 for none
 * @count: how many are
 * @missing: enum vfa_acs_bit that are off, of VFA_ISOLATION_LOST
 * @text: a sentence
 *
 * Later releases may add fields at the end.
 */
struct vfa_isolation_note {
	enum vfa_isolation_note_kind kind;
	int32_t function;
	int32_t other;
	uint32_t count;
	uint16_t missing;
	const char *text;
};

/**
 * vfa_isolation_new() - why a device is in its group
 * @topology: the snapshot, which indexes refer to
 * @bdf: the device, such as "0000:00:04.0"
 * @changes: bits to take for other than they are, may be NULL when @count is 0
 * @count: number of elements in @changes
 * @ret: the report, to be freed with vfa_isolation_free(); it does not need @topology
 *
 * Without changes the group is the kernel's, and notes say where the bits in the snapshot
 * tell another story. With changes it is the predicted one.
 *
 * Return: 0, or
 *	-EINVAL, -ENODEV, -ENOMEM: as vfa_topology_predict(), also for @bdf
 *	-EACCES and others of what could not be read: with changes only; without them a
 *		report has what can be told, and a note VFA_ISOLATION_UNREAD
 */
int vfa_isolation_new(const struct vfa_topology *topology, const char *bdf,
		      const struct vfa_acs_change *changes, size_t count,
		      struct vfa_isolation **ret);

/**
 * vfa_isolation_free() - free a report
 * @isolation: the report, or NULL
 */
void vfa_isolation_free(struct vfa_isolation *isolation);

/**
 * vfa_isolation_is_supported() - whether the bits that are on still support the group
 * @isolation: the report, not NULL
 *
 * Return: VFA_NO when a port or function has lost bits, of which a note VFA_ISOLATION_LOST tells:
 * the device can reach others, or be reached, past the IOMMU. VFA_UNKNOWN when config
 * space could not be read, or when the device has no group.
 */
enum vfa_answer vfa_isolation_is_supported(const struct vfa_isolation *isolation);

/**
 * vfa_isolation_count_steps() - how long the path is
 * @isolation: the report, not NULL
 */
size_t vfa_isolation_count_steps(const struct vfa_isolation *isolation);

/**
 * vfa_isolation_get_step() - a function on the path
 * @isolation: the report, not NULL
 * @index: 0 for the device itself, then the bridges above it, up to the root bus
 *
 * Return: the step, valid as long as @isolation; NULL when @index is too large.
 */
const struct vfa_isolation_step *vfa_isolation_get_step(const struct vfa_isolation *isolation,
							size_t index);

/**
 * vfa_isolation_count_members() - how many other functions the group has
 * @isolation: the report, not NULL
 */
size_t vfa_isolation_count_members(const struct vfa_isolation *isolation);

/**
 * vfa_isolation_get_member() - another function of the group
 * @isolation: the report, not NULL
 * @index: from 0, ascending by address
 *
 * Return: the member, valid as long as @isolation; NULL when @index is too large.
 */
const struct vfa_isolation_member *vfa_isolation_get_member(const struct vfa_isolation *isolation,
							    size_t index);

/**
 * vfa_isolation_count_notes() - how many notes there are
 * @isolation: the report, not NULL
 */
size_t vfa_isolation_count_notes(const struct vfa_isolation *isolation);

/**
 * vfa_isolation_get_note() - a note
 * @isolation: the report, not NULL
 * @index: from 0
 *
 * Return: the note, valid as long as @isolation; NULL when @index is too large.
 */
const struct vfa_isolation_note *vfa_isolation_get_note(const struct vfa_isolation *isolation,
							size_t index);

/**
 * vfa_isolation_note_name() - such as "lost" or "direct"
 * @kind: any value; "unknown" for one this library does not know
 */
const char *vfa_isolation_note_name(enum vfa_isolation_note_kind kind);

#ifdef __cplusplus
}
#endif

#endif
