/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What is true of each way, from the bits of the ports on it. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "topology/p2p.h"
#include "topology/route.h"

#define REDIRECTS (VFA_ACS_RR | VFA_ACS_CR | VFA_ACS_EC)

static void say(char text[P2P_TEXT], const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Added to what was said. */
static void say(char text[P2P_TEXT], const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + used, P2P_TEXT - used, format, arguments);
	va_end(arguments);
}

static void say_bits(char text[P2P_TEXT], uint16_t bits)
{
	const char *separator = "";

	for (int bit = 1; bit <= VFA_ACS_DT; bit <<= 1) {
		if (!(bits & bit))
			continue;
		say(text, "%s%s", separator, vfa_acs_bit_name(bit));
		separator = ", ";
	}
}

static void add_change(struct p2p_way *way, const struct vfa_function *function, uint16_t set,
		       uint16_t clear)
{
	if (!(set | clear) || way->way.change_count == P2P_CHANGES)
		return;
	way->changes[way->way.change_count++] =
		(struct vfa_acs_change){ function->bdf, set, clear };
}

static void say_changes(struct p2p_way *way)
{
	const char *separator = "";

	for (size_t i = 0; i < way->way.change_count; i++) {
		const struct vfa_acs_change *change = &way->changes[i];

		say(way->needs, "%s%s ", separator, change->set ? "set" : "clear");
		say_bits(way->needs, change->set ? change->set : change->clear);
		say(way->needs, " of %s", change->bdf);
		separator = ", ";
	}
}

/* The kernel's parameter clears all that redirects, of each port that is named. */
static void say_parameter(struct p2p_way *way)
{
	say(way->needs, "; Linux does so before it forms groups, with pci=disable_acs_redir=");
	for (size_t i = 0; i < way->way.change_count; i++)
		say(way->needs, "%s%s", i ? ";" : "", way->changes[i].bdf);
	say(way->needs, " on its command line");
}

/* The other parameter starts from what firmware made of the bits, not from what Linux does. */
static void say_rest(struct p2p_way *way)
{
	say(way->needs, "; in pci=config_acs= name the bits that are on too, for one marked x is "
			"as firmware left it");
}

static void close_by_redirection(struct vfa_p2p *p2p, struct p2p_way *way)
{
	const struct vfa_function *near = p2p->near, *far = p2p->far;

	way->way.is_open = VFA_NO;
	say(way->reason, "P2P Request Redirect of %s sends them up", near->bdf);
	add_change(way, near, 0, near->acs.control & REDIRECTS);
	if (far != near && far->acs.present == VFA_YES)
		add_change(way, far, 0, far->acs.control & REDIRECTS);
	say_changes(way);
	say_parameter(way);
}

static void say_not_isolated(const struct vfa_p2p *p2p, char text[P2P_TEXT])
{
	int32_t a = p2p->requester->group, b = p2p->target->group;

	say(text, "%s is not isolated from %s", p2p->target->bdf, p2p->requester->bdf);
	if (a >= 0 && b >= 0 && a != b)
		say(text, ", although Linux has them in groups %d and %d", b, a);
}

static void open_direct(const struct vfa_p2p *p2p, struct p2p_way *way)
{
	way->way.is_open = VFA_YES;
	say(way->needs, "bus addresses of %s, used as they are", p2p->target->bdf);
	say_not_isolated(p2p, way->costs);
}

static void judge_without_acs(const struct vfa_p2p *p2p, struct p2p_way *way)
{
	const struct vfa_function *near = p2p->near;
	bool is_switch = p2p->path.place == VFA_P2P_SWITCH;
	bool is_vouched = is_switch ? route_is_vouched_for(near, p2p->requester)
				    : !route_reaches_beside(p2p->topology, near, p2p->far);

	if (is_switch && !is_vouched) {
		say(way->reason, "%s has no ACS: the switch sends them where their addresses are",
		    near->bdf);
		open_direct(p2p, way);
		return;
	}
	way->way.is_open = VFA_UNKNOWN;
	say(way->reason, "%s has no ACS, and no register tells whether %s; Linux takes it that %s",
	    near->bdf, is_switch ? "it sends them up" : "they can stay in the device",
	    is_switch    ? "it does"
	    : is_vouched ? "they cannot"
			 : "they can");
}

/* In a switch, or between functions, the bits of one port or function decide. */
static void judge_gate(struct vfa_p2p *p2p, struct p2p_way *way)
{
	const struct vfa_function *near = p2p->near;

	if (near->acs.present == VFA_UNKNOWN) {
		way->way.is_open = VFA_UNKNOWN;
		say(way->reason, "the ACS bits of %s could not be read", near->bdf);
	} else if (near->acs.present == VFA_NO) {
		judge_without_acs(p2p, way);
	} else if (near->acs.control & VFA_ACS_EC) {
		way->way.is_open = VFA_UNKNOWN;
		say(way->reason, "P2P Egress Control of %s is on: its vector decides", near->bdf);
	} else if (!(near->acs.capability & VFA_ACS_RR)) {
		way->way.is_open = VFA_NO;
		say(way->reason, "%s has ACS without P2P Request Redirect: it sends all up",
		    near->bdf);
	} else if (near->acs.control & VFA_ACS_RR) {
		close_by_redirection(p2p, way);
	} else {
		say(way->reason, "P2P Request Redirect of %s is off", near->bdf);
		open_direct(p2p, way);
	}
}

/* Root ports of one slot are functions of one device. */
static void judge_root(struct vfa_p2p *p2p, struct p2p_way *way)
{
	if (route_are_one_device(p2p->topology, p2p->near, p2p->far)) {
		judge_gate(p2p, way);
		return;
	}
	way->way.is_open = p2p->requester->group < 0 ? VFA_UNKNOWN : VFA_NO;
	if (p2p->requester->group < 0)
		say(way->reason,
		    "no register tells whether the root complex sends requests down again");
	else
		say(way->reason, "in the root complex they meet the IOMMU first");
}

void p2p_judge_direct(struct vfa_p2p *p2p, struct p2p_way *way)
{
	way->way.is_open = VFA_NO;
	switch (p2p->path.place) {
	case VFA_P2P_SAME_FUNCTION:
		way->way.is_open = VFA_UNKNOWN;
		say(way->reason, "no register tells what %s makes of its own addresses",
		    p2p->requester->bdf);
		break;
	case VFA_P2P_BUS:
		say(way->reason, "on a conventional bus the one that is addressed answers");
		open_direct(p2p, way);
		break;
	case VFA_P2P_SAME_DEVICE:
	case VFA_P2P_SWITCH:
		judge_gate(p2p, way);
		break;
	case VFA_P2P_BRIDGE:
		way->way.is_open = VFA_UNKNOWN;
		say(way->reason, "the config space of %s could not be read", p2p->meeting->bdf);
		break;
	case VFA_P2P_ROOT:
		judge_root(p2p, way);
		break;
	case VFA_P2P_DOMAINS:
		say(way->reason, "no bridge leads from one domain to the other");
		break;
	}
}

static bool has_ats(const struct vfa_p2p *p2p, struct p2p_way *way)
{
	const struct vfa_function *requester = p2p->requester;

	if (requester->ats.present == VFA_YES)
		return true;
	way->way.is_open = requester->ats.present;
	if (requester->ats.present == VFA_NO)
		say(way->reason, "%s has no ATS: it cannot ask for translated addresses",
		    requester->bdf);
	else
		say(way->reason, "whether %s has ATS could not be read", requester->bdf);
	return false;
}

/* Translation Blocking, of all ports up to the one that decides. */
static void find_blockers(const struct vfa_p2p *p2p, struct p2p_way *way)
{
	const struct vfa_function *port = p2p->requester;

	while (port && port != p2p->meeting) {
		if (port->acs.present == VFA_YES)
			add_change(way, port, 0, port->acs.control & VFA_ACS_TB);
		port = topology_parent(p2p->topology, port);
	}
}

static void say_use(const struct vfa_p2p *p2p, struct p2p_way *way)
{
	say(way->needs, "%smap the BARs of %s in the IOMMU for %s%s", way->needs[0] ? "; " : "",
	    p2p->target->bdf, p2p->requester->bdf,
	    p2p->requester->ats.enabled == VFA_YES
		    ? ""
		    : ", and have ATS on, which the kernel turns on with the IOMMU's consent");
	say(way->costs, "the IOMMU does not look at translated requests: %s has to be trusted",
	    p2p->requester->bdf);
}

static void judge_translated_gate(struct vfa_p2p *p2p, struct p2p_way *way)
{
	const struct vfa_function *near = p2p->near;
	const struct p2p_way *direct = &p2p->ways[VFA_P2P_DIRECT - 1];
	bool redirects =
		near->acs.present == VFA_YES && near->acs.control & (VFA_ACS_RR | VFA_ACS_EC);

	if (!redirects && direct->way.is_open != VFA_YES) {
		way->way.is_open = direct->way.is_open;
		say(way->reason, "%s", direct->reason);
		return;
	}
	if (redirects && !(near->acs.capability & VFA_ACS_DT)) {
		way->way.is_open = VFA_NO;
		say(way->reason, "%s cannot let translated requests pass: it has no DT", near->bdf);
		return;
	}
	if (redirects)
		add_change(way, near, VFA_ACS_DT & ~near->acs.control, 0);
	find_blockers(p2p, way);
	say_changes(way);
	if (way->way.change_count)
		say_rest(way);
	way->way.is_open = way->way.change_count ? VFA_NO : p2p->requester->ats.enabled;
	if (way->way.change_count)
		say(way->reason, "ACS stops translated requests on their way");
	else
		say(way->reason, "nothing stops translated requests; ATS of %s is %s",
		    p2p->requester->bdf, p2p->requester->ats.enabled == VFA_YES ? "on" : "off");
	say_use(p2p, way);
}

void p2p_judge_translated(struct vfa_p2p *p2p, struct p2p_way *way)
{
	way->way.is_open = VFA_NO;
	if (p2p->path.place == VFA_P2P_BUS) {
		say(way->reason, "a conventional bus has no translated requests");
		return;
	}
	if (!has_ats(p2p, way))
		return;
	if (p2p->path.place == VFA_P2P_SWITCH || p2p->path.place == VFA_P2P_SAME_DEVICE) {
		judge_translated_gate(p2p, way);
		return;
	}
	way->way.is_open = VFA_UNKNOWN;
	if (p2p->path.place == VFA_P2P_BRIDGE || p2p->path.place == VFA_P2P_SAME_FUNCTION)
		say(way->reason, "%s", p2p->ways[VFA_P2P_DIRECT - 1].reason);
	else
		say(way->reason, "the IOMMU lets them pass, but no register tells whether the root "
				 "complex sends them down again");
}

void p2p_judge_iommu(struct vfa_p2p *p2p, struct p2p_way *way)
{
	if (p2p->requester->group < 0) {
		way->way.is_open = VFA_NO;
		say(way->reason, "%s is in no IOMMU group: nothing translates its requests",
		    p2p->requester->bdf);
		return;
	}
	way->way.is_open = VFA_UNKNOWN;
	say(way->reason, "no register tells whether the root complex sends requests down again; "
			 "Linux has a list of host bridges that do");
	say(way->needs,
	    "map the BARs of %s for %s: on type1 as they are mapped in the process, on "
	    "iommufd from a dma-buf, since Linux 6.19",
	    p2p->target->bdf, p2p->requester->bdf);
	if (p2p->ways[VFA_P2P_DIRECT - 1].way.is_open != VFA_NO)
		say(way->needs, ", at IOVAs outside the dangerous windows");
	say(way->costs, "the groups stay as they are; each request goes up to the "
			"root complex and down again");
}
