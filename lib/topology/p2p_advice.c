/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* How to go from one function to another, and whether the two are isolated all the while. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/append.h"
#include "base/error.h"
#include "topology/culprit.h"
#include "topology/p2p.h"
#include "topology/reach.h"
#include "topology/route.h"

static const struct p2p_way *direct_of(const struct vfa_p2p *p2p)
{
	return &p2p->ways[VFA_P2P_DIRECT - 1];
}

static bool are_in_one_group(const struct vfa_p2p *p2p)
{
	return p2p->requester->group >= 0 && p2p->requester->group == p2p->target->group;
}

/* Whoever sends translated requests is trusted to have them from the IOMMU. */
static enum vfa_answer find_isolation(const struct vfa_p2p *p2p)
{
	enum vfa_answer direct = direct_of(p2p)->way.is_open;

	if (direct == VFA_YES || are_in_one_group(p2p) || p2p->requester->group < 0)
		return VFA_NO;
	if (direct == VFA_UNKNOWN || p2p->ways[VFA_P2P_TRANSLATED - 1].way.is_open == VFA_YES)
		return VFA_UNKNOWN;
	return VFA_YES;
}

/*
 * Known danger, and what the allocator keeps out of, which may be one. Otherwise isolation may
 * be unknown still, as where ATS is on and the requester may lie: the summary tells of it.
 */
static enum vfa_p2p_advice_kind find_kind(const struct vfa_p2p *p2p)
{
	const struct vfa_p2p_advice *advice = &p2p->advice.advice;

	if (p2p->path.place == VFA_P2P_SAME_FUNCTION)
		return VFA_P2P_GO_INSIDE;
	if (p2p->requester->group < 0)
		return VFA_P2P_GO_NOWHERE;
	return advice->is_isolated == VFA_NO || advice->window_count ? VFA_P2P_GO_WITH_DANGER
								     : VFA_P2P_GO_THROUGH_IOMMU;
}

static void say_unknown(struct vfa_p2p *p2p)
{
	const struct p2p_way *direct = direct_of(p2p);
	const char *a = p2p->requester->bdf, *b = p2p->target->bdf;
	char *text = p2p->advice.summary;

	if (direct->way.is_open == VFA_UNKNOWN)
		snprintf(text, P2P_TEXT, "whether %s is isolated from %s is not known: %.900s", b,
			 a, direct->reason);
	else
		snprintf(text, P2P_TEXT,
			 "%s is isolated from %s as long as that one sends translated addresses "
			 "as it got them from the IOMMU",
			 b, a);
}

/* Of bits that could not be read nothing follows. */
static void find_why(const struct vfa_p2p *p2p, char ret[WORDS])
{
	struct culprit culprit;

	ret[0] = '\0';
	if (!route_is_known(p2p->topology, p2p->requester) ||
	    !route_is_known(p2p->topology, p2p->target))
		return;
	culprit_find(p2p->topology->functions, p2p->requester, p2p->target, &culprit);
	culprit_words(&culprit, p2p->requester, p2p->target, ret);
}

/* The direct way tells most, when it is open; else what keeps them in one group. */
static void say_not_isolated(struct vfa_p2p *p2p)
{
	const struct p2p_way *direct = direct_of(p2p);
	const char *a = p2p->requester->bdf, *b = p2p->target->bdf;
	char *text = p2p->advice.summary, why[WORDS];

	if (direct->way.is_open == VFA_YES) {
		snprintf(text, P2P_TEXT,
			 "what %s sends to the addresses of %s never reaches the IOMMU: %.900s", a,
			 b, direct->reason);
		return;
	}
	find_why(p2p, why);
	snprintf(text, P2P_TEXT,
		 "Linux has %s and %s in group %d, and does not isolate them from each other%s%s",
		 a, b, p2p->requester->group, *why ? ": " : "", why);
}

static void say_summary(struct vfa_p2p *p2p)
{
	const struct vfa_p2p_advice *advice = &p2p->advice.advice;
	const char *a = p2p->requester->bdf, *b = p2p->target->bdf;
	char *text = p2p->advice.summary;

	if (advice->kind == VFA_P2P_GO_INSIDE)
		snprintf(text, P2P_TEXT, "%s would send to itself", a);
	else if (advice->kind == VFA_P2P_GO_NOWHERE)
		snprintf(text, P2P_TEXT,
			 "nothing translates or stops what %s sends, to memory and to other "
			 "devices",
			 a);
	else if (advice->is_isolated == VFA_YES)
		snprintf(text, P2P_TEXT, "%s reaches of %s what is mapped for it, and no more", a,
			 b);
	else if (advice->is_isolated == VFA_NO)
		say_not_isolated(p2p);
	else
		say_unknown(p2p);
}

/* The groups that would be, with all that is in each; more than fits is counted. */
static void say_mergers(const struct vfa_p2p_way *way, const struct vfa_p2p *p2p, char *text)
{
	const size_t room = sizeof(p2p->advice.direct) - 64;
	int32_t group = -1;

	for (size_t i = 0; i < way->merger_count; i++) {
		const struct vfa_p2p_merger *merger = &way->mergers[i];

		if (!append_whole(text, room, "%s%s",
				  merger->group == group ? ", " : "; it would make one group of ",
				  p2p->topology->functions[merger->function].bdf)) {
			append_whole(text, sizeof(p2p->advice.direct), " and %zu more",
				     way->merger_count - i);
			return;
		}
		group = merger->group;
	}
}

/* By the group alone two ports of a switch look isolated, and are not. */
static void say_direct(struct vfa_p2p *p2p)
{
	const struct p2p_way *direct = direct_of(p2p);
	char *text = p2p->advice.direct;

	if (!direct->way.change_count)
		return;
	snprintf(text, sizeof(p2p->advice.direct), "%s; %s would no longer be isolated from %s",
		 direct->needs, p2p->target->bdf, p2p->requester->bdf);
	say_mergers(&direct->way, p2p, text);
}

static bool is_targets(const struct vfa_p2p *p2p, const struct vfa_window *window)
{
	return !strcmp(window->bdf, p2p->target->bdf);
}

/* What a container that the requester joins keeps out of, for the target's sake. */
static int find_windows(struct vfa_p2p *p2p)
{
	struct p2p_advice *advice = &p2p->advice;
	int count;

	if (direct_of(p2p)->way.is_open == VFA_NO || p2p->requester == p2p->target ||
	    p2p->requester->group < 0)
		return 0;
	count = reach_windows(p2p->topology, p2p->requester, &advice->windows);
	if (count < 0)
		return count == -ENOMEM ? error_memory()
					: error_kernel(count, "%s: read what it may reach",
						       p2p->requester->bdf);
	for (int i = 0; i < count; i++) {
		if (is_targets(p2p, &advice->windows[i]))
			advice->windows[advice->advice.window_count++] = advice->windows[i];
	}
	return 0;
}

int p2p_advise(struct vfa_p2p *p2p)
{
	struct p2p_advice *advice = &p2p->advice;
	int err;

	advice->advice = (struct vfa_p2p_advice){
		.is_isolated = find_isolation(p2p),
		.summary = advice->summary,
		.steps = advice->steps,
		.direct = advice->direct,
	};
	err = find_windows(p2p);
	if (err)
		return err;
	advice->advice.windows = advice->windows;
	advice->advice.kind = find_kind(p2p);
	say_summary(p2p);
	say_direct(p2p);
	p2p_tell_steps(p2p);
	return 0;
}
