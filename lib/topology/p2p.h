/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The ways from one function to another, as they are judged one by one. */

#ifndef TOPOLOGY_P2P_H
#define TOPOLOGY_P2P_H

#include <vfa/p2p.h>

#include "topology/topology.h"

#define P2P_TEXT    1024
#define P2P_CHANGES 8

struct p2p_way {
	struct vfa_p2p_way way;
	char reason[P2P_TEXT];
	char needs[P2P_TEXT];
	char costs[P2P_TEXT];
	struct vfa_acs_change changes[P2P_CHANGES];
	struct vfa_p2p_merger *mergers;
};

struct p2p_advice {
	struct vfa_p2p_advice advice;
	char summary[P2P_TEXT];
	char steps[2 * P2P_TEXT];
	char direct[2 * P2P_TEXT];
	struct vfa_window *windows;
};

struct vfa_p2p {
	const struct vfa_topology *topology;
	struct vfa_p2p_path path;
	const struct vfa_function *requester;
	const struct vfa_function *target;
	const struct vfa_function *meeting; /* or NULL */
	const struct vfa_function *near;
	const struct vfa_function *far;
	char summary[P2P_TEXT];
	struct p2p_way ways[VFA_P2P_IOMMU]; /* by kind, from 1 */
	struct p2p_advice advice;
};

/** p2p_judge_direct() - and its like: fill one of the ways, but for what changes cost */
void p2p_judge_direct(struct vfa_p2p *p2p, struct p2p_way *way);
void p2p_judge_translated(struct vfa_p2p *p2p, struct p2p_way *way);
void p2p_judge_iommu(struct vfa_p2p *p2p, struct p2p_way *way);

/**
 * p2p_tell_costs() - what the changes of a way do to the groups
 *
 * Return: 0 or -ENOMEM, recorded.
 */
int p2p_tell_costs(const struct vfa_p2p *p2p, struct p2p_way *way);

/**
 * p2p_advise() - what follows from the ways, which are judged already
 *
 * Return: 0, or -errno of reading where the target's BARs are, recorded.
 */
int p2p_advise(struct vfa_p2p *p2p);

/** p2p_tell_steps() - fill what there is to do, of an advice that has all else */
void p2p_tell_steps(struct vfa_p2p *p2p);

#endif
