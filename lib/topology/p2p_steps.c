/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What to do to get from one function to another, a step a line. */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "topology/acs.h"
#include "topology/p2p.h"
#include "topology/words.h"

static void step(struct vfa_p2p *p2p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void step(struct vfa_p2p *p2p, const char *format, ...)
{
	char *text = p2p->advice.steps;
	size_t used = strlen(text), size = sizeof(p2p->advice.steps);
	va_list arguments;

	if (used)
		used += snprintf(text + used, size - used, "\n");
	if (used >= size)
		return;
	va_start(arguments, format);
	vsnprintf(text + used, size - used, format, arguments);
	va_end(arguments);
}

/* VFIO's drivers have it in their names. */
static bool is_ready(const struct vfa_function *function)
{
	return strstr(function->driver, "vfio");
}

/* A group is given as a whole. */
static void bind(struct vfa_p2p *p2p)
{
	const struct vfa_function *ends[] = { p2p->requester, p2p->target };
	int32_t bound = -1;

	for (int i = 0; i < 2; i++) {
		if (is_ready(ends[i]) || (bound >= 0 && ends[i]->group == bound))
			continue;
		step(p2p, "give %s to VFIO, when nothing uses it: vfa bind --group %s",
		     ends[i]->bdf, ends[i]->bdf);
		bound = ends[i]->group;
	}
}

static void map(struct vfa_p2p *p2p)
{
	bind(p2p);
	step(p2p,
	     "open both, and map a BAR of %s in the container of %s: vfa_peer_map(), on iommufd "
	     "since Linux 6.19",
	     p2p->target->bdf, p2p->requester->bdf);
	step(p2p, "try it before relying on it: no register tells whether the root complex sends "
		  "requests down again");
}

/* Many BARs are told as what they are; all are in the answer. */
#define WINDOWS_TOLD 6

static void keep_out(struct vfa_p2p *p2p)
{
	const struct vfa_p2p_advice *advice = &p2p->advice.advice;
	char list[WINDOWS_TOLD * 48] = "";
	size_t used = 0;

	for (size_t i = 0; i < advice->window_count && i < WINDOWS_TOLD; i++)
		used += snprintf(list + used, sizeof(list) - used, "%s0x%" PRIx64 "-0x%" PRIx64,
				 i ? ", " : "", advice->windows[i].range.start,
				 advice->windows[i].range.last);
	if (advice->window_count)
		step(p2p,
		     "leave IOVAs to the container, which keeps out of what %s takes: %s%s; see vfa "
		     "iova %s",
		     p2p->target->bdf, list, advice->window_count > WINDOWS_TOLD ? ", ..." : "",
		     p2p->requester->bdf);
}

/*
 * Bits as the kernel's parameter has them, from the highest. What is not named goes back to
 * what firmware made of it, so all that isolation needs are named, those that are on too.
 */
static void turn_on(struct vfa_p2p *p2p, const struct vfa_function *port)
{
	uint16_t missing = acs_missing(port), needed = VFA_ACS_ISOLATION & port->acs.capability;
	char bits[8] = "", words[ACS_WORDS];
	size_t length = 0;

	for (int bit = VFA_ACS_UF; bit; bit >>= 1)
		bits[length++] = needed & bit ? '1' : 'x';
	step(p2p,
	     "to have them apart, turn %s of %s on before Linux forms groups: without "
	     "pci=disable_acs_redir=, or with pci=config_acs=%s@%s on its command line",
	     acs_words(missing, words), port->bdf, bits, port->bdf);
}

static void take_apart(struct vfa_p2p *p2p)
{
	const struct vfa_function *near = p2p->near;

	if (near && near != p2p->target && near->acs.present == VFA_YES && acs_missing(near))
		turn_on(p2p, near);
	else if (p2p->path.place == VFA_P2P_SAME_DEVICE)
		step(p2p, "to have them apart, take functions of two devices: these share one");
	else
		step(p2p,
		     "to have them apart, put one behind another root port with ACS: vfa isolation "
		     "BDF tells of a device there");
}

void p2p_tell_steps(struct vfa_p2p *p2p)
{
	switch (p2p->advice.advice.kind) {
	case VFA_P2P_GO_THROUGH_IOMMU:
		map(p2p);
		break;
	case VFA_P2P_GO_WITH_DANGER:
		step(p2p, "let both have one owner, who trusts them both");
		map(p2p);
		keep_out(p2p);
		take_apart(p2p);
		break;
	case VFA_P2P_GO_INSIDE:
		step(p2p, "copy inside %s, as its own documentation tells", p2p->requester->bdf);
		break;
	case VFA_P2P_GO_NOWHERE:
		step(p2p, "turn the IOMMU on; see what lacks: vfa doctor");
		break;
	}
}
