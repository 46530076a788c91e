/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/p2p.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"
#include "topology/route.h"

static int32_t index_of(const struct vfa_p2p *p2p, const struct vfa_function *function)
{
	return function ? function - p2p->topology->functions : -1;
}

/* The function on the path up from @function that is right below @bridge; NULL for none. */
static const struct vfa_function *find_below(const struct vfa_topology *topology,
					     const struct vfa_function *function,
					     const struct vfa_function *bridge)
{
	while (function && topology_parent(topology, function) != bridge)
		function = topology_parent(topology, function);
	return function;
}

/* Without a bridge above both, what is on the root bus above each. */
static void find_meeting(struct vfa_p2p *p2p)
{
	const struct vfa_topology *topology = p2p->topology;
	const struct vfa_function *bridge = topology_parent(topology, p2p->requester);

	while (bridge && !find_below(topology, p2p->target, bridge))
		bridge = topology_parent(topology, bridge);
	p2p->meeting = bridge;
	p2p->near = find_below(topology, p2p->requester, bridge);
	p2p->far = find_below(topology, p2p->target, bridge);
}

static bool are_beside(const struct vfa_p2p *p2p)
{
	return p2p->near == p2p->requester && p2p->far == p2p->target &&
	       route_are_one_device(p2p->topology, p2p->near, p2p->far);
}

static enum vfa_p2p_place find_place(const struct vfa_p2p *p2p)
{
	if (p2p->requester == p2p->target)
		return VFA_P2P_SAME_FUNCTION;
	if (p2p->requester->domain != p2p->target->domain)
		return VFA_P2P_DOMAINS;
	if (!p2p->meeting)
		return are_beside(p2p) ? VFA_P2P_SAME_DEVICE : VFA_P2P_ROOT;
	switch (p2p->meeting->type) {
	case VFA_FUNCTION_UNKNOWN:
		return are_beside(p2p) ? VFA_P2P_SAME_DEVICE : VFA_P2P_BRIDGE;
	case VFA_FUNCTION_UPSTREAM_PORT:
		return are_beside(p2p) ? VFA_P2P_SAME_DEVICE : VFA_P2P_SWITCH;
	case VFA_FUNCTION_ROOT_PORT:
	case VFA_FUNCTION_DOWNSTREAM_PORT:
		return VFA_P2P_SAME_DEVICE;
	default:
		return VFA_P2P_BUS;
	}
}

static void summarise(struct vfa_p2p *p2p)
{
	const char *a = p2p->requester->bdf, *b = p2p->target->bdf;
	const char *above = p2p->meeting ? p2p->meeting->bdf : "";
	char *text = p2p->summary;

	switch (p2p->path.place) {
	case VFA_P2P_SAME_FUNCTION:
		snprintf(text, P2P_TEXT, "%s is both", a);
		break;
	case VFA_P2P_SAME_DEVICE:
		snprintf(text, P2P_TEXT, "%s and %s are in one device", a, b);
		break;
	case VFA_P2P_BUS:
		snprintf(text, P2P_TEXT, "%s and %s share a conventional bus below %s", a, b,
			 above);
		break;
	case VFA_P2P_SWITCH:
		snprintf(text, P2P_TEXT, "%s and %s are below the switch %s", a, b, above);
		break;
	case VFA_P2P_BRIDGE:
		snprintf(text, P2P_TEXT,
			 "%s and %s are below %s, whose config space could not be read", a, b,
			 above);
		break;
	case VFA_P2P_ROOT:
		snprintf(text, P2P_TEXT, "%s and %s meet in the root complex only", a, b);
		break;
	case VFA_P2P_DOMAINS:
		snprintf(text, P2P_TEXT, "%s and %s are in two PCI domains", a, b);
		break;
	}
}

static void find_path(struct vfa_p2p *p2p)
{
	find_meeting(p2p);
	p2p->path = (struct vfa_p2p_path){
		.place = find_place(p2p),
		.requester = index_of(p2p, p2p->requester),
		.target = index_of(p2p, p2p->target),
		.meeting = index_of(p2p, p2p->meeting),
		.near = index_of(p2p, p2p->near),
		.far = index_of(p2p, p2p->far),
		.summary = p2p->summary,
	};
	summarise(p2p);
}

static int judge(struct vfa_p2p *p2p)
{
	static void (*const judges[])(struct vfa_p2p *, struct p2p_way *) = {
		p2p_judge_direct,
		p2p_judge_translated,
		p2p_judge_iommu,
	};
	int err = 0;

	for (int i = 0; i < VFA_P2P_IOMMU && !err; i++) {
		struct p2p_way *way = &p2p->ways[i];

		way->way = (struct vfa_p2p_way){
			.kind = (enum vfa_p2p_kind)(i + 1),
			.reason = way->reason,
			.needs = way->needs,
			.costs = way->costs,
			.changes = way->changes,
		};
		judges[i](p2p, way);
		if (way->way.change_count)
			err = p2p_tell_costs(p2p, way);
	}
	return err ? err : p2p_advise(p2p);
}

static int find_function(const struct vfa_topology *topology, const char *bdf,
			 const struct vfa_function **ret)
{
	int index = vfa_topology_find_function(topology, bdf);

	if (index < 0)
		return index;
	if (topology->functions[index].is_bridge)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s is a bridge: it passes on what others send\n"
				 "name the functions behind it",
				 topology->functions[index].bdf);
	*ret = &topology->functions[index];
	return 0;
}

VFA_API int vfa_p2p_new(const struct vfa_topology *topology, const char *requester,
			const char *target, struct vfa_p2p **ret)
{
	struct vfa_p2p *p2p;
	int err;

	if (!topology || !ret)
		return error_null(topology ? "ret" : "topology");
	p2p = calloc(1, sizeof(*p2p));
	if (!p2p)
		return error_memory();
	p2p->topology = topology;
	err = find_function(topology, requester, &p2p->requester);
	if (!err)
		err = find_function(topology, target, &p2p->target);
	if (!err) {
		find_path(p2p);
		err = judge(p2p);
	}
	if (err)
		vfa_p2p_free(p2p);
	else
		*ret = p2p;
	return err;
}

VFA_API void vfa_p2p_free(struct vfa_p2p *p2p)
{
	if (!p2p)
		return;
	for (int i = 0; i < VFA_P2P_IOMMU; i++)
		free(p2p->ways[i].mergers);
	free(p2p->advice.windows);
	free(p2p);
}

VFA_API const struct vfa_p2p_path *vfa_p2p_get_path(const struct vfa_p2p *p2p)
{
	return &p2p->path;
}

VFA_API const struct vfa_p2p_way *vfa_p2p_get_way(const struct vfa_p2p *p2p, enum vfa_p2p_kind kind)
{
	return kind >= VFA_P2P_DIRECT && kind <= VFA_P2P_IOMMU ? &p2p->ways[kind - 1].way : NULL;
}

VFA_API const struct vfa_p2p_advice *vfa_p2p_get_advice(const struct vfa_p2p *p2p)
{
	return &p2p->advice.advice;
}

VFA_API const char *vfa_p2p_place_name(enum vfa_p2p_place place)
{
	switch (place) {
	case VFA_P2P_SAME_FUNCTION:
		return "same function";
	case VFA_P2P_SAME_DEVICE:
		return "same device";
	case VFA_P2P_BUS:
		return "conventional bus";
	case VFA_P2P_SWITCH:
		return "switch";
	case VFA_P2P_BRIDGE:
		return "bridge";
	case VFA_P2P_ROOT:
		return "root complex";
	case VFA_P2P_DOMAINS:
		return "two domains";
	}
	return "unknown";
}

VFA_API const char *vfa_p2p_kind_name(enum vfa_p2p_kind kind)
{
	switch (kind) {
	case VFA_P2P_DIRECT:
		return "direct";
	case VFA_P2P_TRANSLATED:
		return "translated";
	case VFA_P2P_IOMMU:
		return "IOMMU";
	}
	return "unknown";
}

VFA_API const char *vfa_p2p_advice_name(enum vfa_p2p_advice_kind kind)
{
	switch (kind) {
	case VFA_P2P_GO_THROUGH_IOMMU:
		return "through the IOMMU";
	case VFA_P2P_GO_WITH_DANGER:
		return "dangerous";
	case VFA_P2P_GO_INSIDE:
		return "inside";
	case VFA_P2P_GO_NOWHERE:
		return "nowhere";
	}
	return "unknown";
}
