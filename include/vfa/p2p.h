/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Peer-to-peer: how requests of one function get to the BARs of another.
 *
 * Three ways are judged, each by itself: direct, turning round below the root complex,
 * past the IOMMU; direct with addresses that the IOMMU has translated before; and up to
 * the IOMMU, which is told to lead there. Of each: whether it is open as the bits
 * stand, what it needs, what it costs. From the three follows an advice: how to go, and
 * whether the one that is written to is isolated from the other. It is judged from one
 * function to the other: the way back may differ. What no register tells is unknown, and
 * said to be.
 */

#ifndef VFA_P2P_H
#define VFA_P2P_H

#include <vfa/isolation.h>
#include <vfa/window.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_p2p;

/** enum vfa_p2p_place - where the paths of two functions meet */
enum vfa_p2p_place {
	VFA_P2P_SAME_FUNCTION = 1,
	VFA_P2P_SAME_DEVICE, /* functions of one device: requests may never leave it */
	VFA_P2P_BUS,         /* a conventional bus: all that is on it sees a request */
	VFA_P2P_SWITCH,      /* inside a switch, below its upstream port */
	VFA_P2P_BRIDGE,      /* below a bridge whose type could not be read */
	VFA_P2P_ROOT,        /* in the root complex: no bridge is above both */
	VFA_P2P_DOMAINS,     /* nowhere in PCI: they are in two domains */
};

/**
 * struct vfa_p2p_path - the two functions and what is between them
 * @place: where their paths meet
 * @requester, @target: their indexes in the topology
 * @meeting: index of the lowest bridge above both, -1 for none
 * @near: index of what is below @meeting towards @requester, or itself; its bits decide
 *	where a request goes
 * @far: the same towards @target
 * @summary: one sentence
 */
struct vfa_p2p_path {
	enum vfa_p2p_place place;
	int32_t requester;
	int32_t target;
	int32_t meeting;
	int32_t near;
	int32_t far;
	const char *summary;
};

/** enum vfa_p2p_kind - by which addresses, and past what */
enum vfa_p2p_kind {
	VFA_P2P_DIRECT = 1, /* bus addresses, past the IOMMU */
	VFA_P2P_TRANSLATED, /* addresses that the IOMMU translated before (ATS), past it */
	VFA_P2P_IOMMU,      /* IOVAs, through the IOMMU and the root complex */
};

/**
 * struct vfa_p2p_merger - a function whose group would grow
 * @function: its index in the topology
 * @group: index of the first function of the group that it would be in
 */
struct vfa_p2p_merger {
	int32_t function;
	int32_t group;
};

/**
 * struct vfa_p2p_way - one way from the requester to the target
 * @kind: which
 * @is_open: whether requests can go it as things are
 * @reason: why, one sentence
 * @needs: what opens it, or how it is used; empty for one that cannot be opened
 * @costs: what that does to isolation; empty for one that cannot be opened
 * @changes: ACS bits that have to change, for vfa_topology_predict() too
 * @change_count: number of elements in @changes; 0 also where none would help
 * @mergers: the functions that would share their group with others than now, after
 *	@changes: those of one group together, ascending in it
 * @merger_count: number of elements in @mergers
 */
struct vfa_p2p_way {
	enum vfa_p2p_kind kind;
	enum vfa_answer is_open;
	const char *reason;
	const char *needs;
	const char *costs;
	const struct vfa_acs_change *changes;
	size_t change_count;
	const struct vfa_p2p_merger *mergers;
	size_t merger_count;
};

/** enum vfa_p2p_advice_kind - how to go */
enum vfa_p2p_advice_kind {
	/* Through the IOMMU: map the BARs of the target. Whether it is isolated is another
	 * question: @is_isolated may be VFA_UNKNOWN, as where ATS lets the requester send
	 * addresses past the IOMMU. */
	VFA_P2P_GO_THROUGH_IOMMU = 1,
	/* The same, and beware: the target is not isolated from the requester, or may not be.
	 * What is sent to the address of a BAR reaches it past the IOMMU, wanted or not. */
	VFA_P2P_GO_WITH_DANGER,
	/* They are one function: nothing has to leave it. */
	VFA_P2P_GO_INSIDE,
	/* Nothing translates what the requester sends. */
	VFA_P2P_GO_NOWHERE,
};

/**
 * struct vfa_p2p_advice - how to go from the requester to the target
 * @kind: in a word
 * @is_isolated: whether the requester reaches the target by what is mapped for it only, as
 *	things are. VFA_NO also for two of one IOMMU group, whatever the ways: Linux does not
 *	isolate them
 * @summary: one sentence
 * @steps: what to do, a step a line
 * @direct: what the direct way would need, and which functions would share a group then;
 *	empty where it is open already, and where no change opens it
 * @windows: addresses of the target that are taken from the IOVAs of the requester: what it
 *	sends there may not reach the IOMMU. A container chooses no IOVA in them
 * @window_count: number of elements in @windows
 */
struct vfa_p2p_advice {
	enum vfa_p2p_advice_kind kind;
	enum vfa_answer is_isolated;
	const char *summary;
	const char *steps;
	const char *direct;
	const struct vfa_window *windows;
	size_t window_count;
};

/**
 * vfa_p2p_new() - judge the ways from one function to another
 * @topology: a snapshot, to be freed after the answer
 * @requester: address of the function that sends requests, such as "0000:00:04.0"
 * @target: address of the function whose BARs they are for
 * @ret: the answer, to be freed with vfa_p2p_free()
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument; an address does not parse (VFA_CAUSE_BAD_BDF), or is a
 *		bridge's (VFA_CAUSE_BAD_ARGUMENT)
 *	-ENODEV: no such function (VFA_CAUSE_NO_DEVICE)
 *	-ENOMEM: no memory
 *	any other errno of reading sysfs (VFA_CAUSE_KERNEL): where the target's BARs are is read
 *		now, not with the snapshot
 *
 * Kernel: as vfa_topology_new() and vfa_topology_windows(). PCI Express Base
 * Specification, Access Control Services and Address Translation Services.
 */
int vfa_p2p_new(const struct vfa_topology *topology, const char *requester, const char *target,
		struct vfa_p2p **ret);

/**
 * vfa_p2p_free() - free an answer, with all that was got from it
 * @p2p: the answer, or NULL
 */
void vfa_p2p_free(struct vfa_p2p *p2p);

/**
 * vfa_p2p_get_path() - what is between the two
 * @p2p: the answer, not NULL
 */
const struct vfa_p2p_path *vfa_p2p_get_path(const struct vfa_p2p *p2p);

/**
 * vfa_p2p_get_way() - one of the ways
 * @p2p: the answer, not NULL
 * @kind: which; NULL comes back for a value this library does not know
 */
const struct vfa_p2p_way *vfa_p2p_get_way(const struct vfa_p2p *p2p, enum vfa_p2p_kind kind);

/**
 * vfa_p2p_get_advice() - how to go, and what of isolation
 * @p2p: the answer, not NULL
 *
 * It is for the way there: whether @target may reach @requester is another question.
 */
const struct vfa_p2p_advice *vfa_p2p_get_advice(const struct vfa_p2p *p2p);

/**
 * vfa_p2p_advice_name() - "through the IOMMU", "dangerous", "inside" or "nowhere"
 * @kind: any value; "unknown" for one this library does not know
 */
const char *vfa_p2p_advice_name(enum vfa_p2p_advice_kind kind);

/**
 * vfa_p2p_place_name() - such as "switch" or "root complex"
 * @place: any value; "unknown" for one this library does not know
 */
const char *vfa_p2p_place_name(enum vfa_p2p_place place);

/**
 * vfa_p2p_kind_name() - "direct", "translated" or "IOMMU"
 * @kind: any value; "unknown" for one this library does not know
 */
const char *vfa_p2p_kind_name(enum vfa_p2p_kind kind);

#ifdef __cplusplus
}
#endif

#endif
