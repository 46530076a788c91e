/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/culprit.h"

#include <stdio.h>

#include "topology/acs.h"
#include "topology/fork.h"
#include "topology/function.h"

static const struct vfa_function *above(const struct vfa_function *functions,
					const struct vfa_function *function)
{
	return function->parent < 0 ? NULL : &functions[function->parent];
}

static bool are_merged_by_slot(const struct vfa_function *a, const struct vfa_function *b)
{
	return a && b && function_shares_slot(a, b) &&
	       (a->is_multifunction || b->is_multifunction) && !acs_isolates(a) && !acs_isolates(b);
}

void culprit_find(const struct vfa_function *functions, const struct vfa_function *one,
		  const struct vfa_function *other, struct culprit *ret)
{
	struct fork fork = fork_find(functions, one, other);
	const struct vfa_function *port = fork.common;

	while (port && acs_isolates(port))
		port = above(functions, port);
	if (port)
		*ret = (struct culprit){ acs_takes_over(port) ? CULPRIT_BRIDGE : CULPRIT_PORT, port,
					 NULL };
	else if (are_merged_by_slot(fork.left, fork.right))
		*ret = (struct culprit){ CULPRIT_SLOT, fork.left, fork.right };
	else
		*ret = (struct culprit){ CULPRIT_NONE, NULL, NULL };
}

static void port_words(const struct vfa_function *port, const struct vfa_function *one,
		       const struct vfa_function *other, char ret[WORDS])
{
	char lack[WORDS];

	words_lack(port, lack);
	if (port == one || port == other)
		snprintf(ret, WORDS, "%.17s %.40s: what is below it is not isolated from it",
			 port->bdf, lack);
	else if (acs_missing(port) & (VFA_ACS_RR | VFA_ACS_CR))
		snprintf(ret, WORDS,
			 "%.17s %.40s: it may send a request of %.17s to %.17s without the IOMMU",
			 port->bdf, lack, one->bdf, other->bdf);
	else if (acs_missing(port) & VFA_ACS_SV)
		snprintf(ret, WORDS, "%.17s %.40s: %.17s may send requests in the name of %.17s",
			 port->bdf, lack, one->bdf, other->bdf);
	else
		snprintf(ret, WORDS,
			 "%.17s %.40s: what %.17s sends up may be turned round to %.17s below the "
			 "IOMMU",
			 port->bdf, lack, one->bdf, other->bdf);
}

static void bridge_words(const struct vfa_function *bridge, const struct vfa_function *one,
			 const struct vfa_function *other, char ret[WORDS])
{
	const char *type = bridge->type == VFA_FUNCTION_CONVENTIONAL
				   ? "conventional bridge"
				   : vfa_function_type_name(bridge->type);

	if (bridge == one || bridge == other)
		snprintf(ret, WORDS, "%.17s (%s) puts its own address on requests from below it",
			 bridge->bdf, type);
	else
		snprintf(ret, WORDS,
			 "%.17s and %.17s are behind %.17s (%s), whose address is on the "
			 "requests of both",
			 one->bdf, other->bdf, bridge->bdf, type);
}

static void slot_words(const struct culprit *culprit, char ret[WORDS])
{
	char left[WORDS], right[WORDS];

	words_lack(culprit->function, left);
	words_lack(culprit->beside, right);
	snprintf(ret, WORDS,
		 "%.17s (%.40s) and %.17s (%.40s) are functions of one slot: a request may go from "
		 "one to the other without the IOMMU",
		 culprit->function->bdf, left, culprit->beside->bdf, right);
}

void culprit_words(const struct culprit *culprit, const struct vfa_function *one,
		   const struct vfa_function *other, char ret[WORDS])
{
	ret[0] = '\0';
	switch (culprit->kind) {
	case CULPRIT_NONE:
		break;
	case CULPRIT_PORT:
		port_words(culprit->function, one, other, ret);
		break;
	case CULPRIT_BRIDGE:
		bridge_words(culprit->function, one, other, ret);
		break;
	case CULPRIT_SLOT:
		slot_words(culprit, ret);
		break;
	}
}
