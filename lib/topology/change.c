/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/change.h"

#include <errno.h>

#include "base/error.h"
#include "topology/acs.h"
#include "topology/words.h"

static int check_bits(const struct vfa_acs_change *change)
{
	if ((change->set | change->clear) & ~ACS_BITS || change->set & change->clear)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s: ACS bits 0x%x cannot be set and 0x%x cleared\n"
				 "use enum vfa_acs_bit, each bit once",
				 change->bdf, change->set, change->clear);
	return 0;
}

static int check_function(const struct vfa_function *function)
{
	if (function->config_error)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s reads as all ones: it sleeps, or has gone\n"
				 "name a function that answers",
				 function->bdf);
	if (!acs_applies(function))
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s is of the type %s, which never has ACS\n"
				 "name a port or an endpoint of PCI Express",
				 function->bdf, vfa_function_type_name(function->type));
	if (!acs_has_peers(function))
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s is alone in its slot: its ACS isolates it from nobody\n"
				 "name the port above it",
				 function->bdf);
	return 0;
}

static int check_capability(const struct vfa_acs_change *change,
			    const struct vfa_function *function)
{
	uint16_t possible = acs_possible(function) | function->acs.capability;
	uint16_t impossible = (change->set | change->clear) & ~possible;
	uint16_t hardwired = change->clear & ~function->acs.capability;
	char words[ACS_WORDS];

	if (impossible)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s: a function that is no port never has ACS %s\n"
				 "between functions of a slot RR and CR count",
				 function->bdf, acs_words(impossible, words));
	if (function->acs.present == VFA_YES && hardwired)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s: ACS %s cannot be cleared, since it does not have them\n"
				 "the kernel takes what is not implemented as always on",
				 function->bdf, acs_words(hardwired, words));
	return 0;
}

/* One that comes to have the capability has all that the kernel asks for. */
static void change_bits(const struct vfa_acs_change *change, struct vfa_function *function)
{
	struct vfa_acs *acs = &function->acs;

	if (acs->present != VFA_YES)
		*acs = (struct vfa_acs){ VFA_YES, VFA_ACS_ISOLATION & acs_possible(function), 0 };
	acs->capability |= change->set;
	acs->control = (acs->control | change->set) & ~change->clear;
}

int change_apply(const struct vfa_topology *topology, const struct vfa_acs_change *change,
		 struct vfa_function *functions)
{
	int err, index = vfa_topology_find_function(topology, change->bdf);

	if (index < 0)
		return index;
	err = check_bits(change);
	if (!err)
		err = check_function(&functions[index]);
	if (!err)
		err = check_capability(change, &functions[index]);
	if (!err)
		change_bits(change, &functions[index]);
	return err;
}
