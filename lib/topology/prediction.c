/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <vfa/isolation.h>

#include "base/api.h"
#include "base/error.h"
#include "topology/acs.h"
#include "topology/grouping.h"
#include "topology/topology.h"

#define ALL_BITS 0x7f

static int check_change(const struct vfa_acs_change *change, const struct vfa_function *function)
{
	uint16_t hardwired = VFA_ACS_ISOLATION & ~function->acs.capability;

	if ((change->set | change->clear) & ~ALL_BITS || change->set & change->clear)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s: ACS bits 0x%x cannot be set and 0x%x cleared\n"
				 "use enum vfa_acs_bit, each bit once",
				 function->bdf, change->set, change->clear);
	if (!acs_applies(function))
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "%s is of the type %s, which never has ACS\n"
				 "name a port or an endpoint of PCI Express",
				 function->bdf, vfa_function_type_name(function->type));
	if (function->acs.present == VFA_YES && change->clear & hardwired)
		return error_set(
			EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			"%s: ACS bits 0x%x cannot be cleared, since it does not have them\n"
			"the kernel takes what a port does not implement as always on",
			function->bdf, change->clear & hardwired);
	return 0;
}

static void change_bits(const struct vfa_acs_change *change, struct vfa_acs *acs)
{
	if (acs->present != VFA_YES)
		*acs = (struct vfa_acs){ VFA_YES, VFA_ACS_ISOLATION, 0 };
	acs->capability |= change->set;
	acs->control = (acs->control | change->set) & ~change->clear;
}

static int apply(const struct vfa_topology *topology, const struct vfa_acs_change *change,
		 struct vfa_function *functions)
{
	int err, index = vfa_topology_find_function(topology, change->bdf);

	if (index < 0)
		return index;
	err = check_change(change, &functions[index]);
	if (!err)
		change_bits(change, &functions[index].acs);
	return err;
}

static int require_capabilities(const struct vfa_topology *topology)
{
	for (size_t i = 0; i < topology->count; i++) {
		const struct vfa_function *function = &topology->functions[i];

		if (function->config_error == -EACCES)
			return error_set(EACCES, VFA_CAUSE_ACCESS,
					 "%s: the kernel shows the first 64 bytes of its config "
					 "space only, without capabilities\n"
					 "run as root, or with CAP_SYS_ADMIN",
					 function->bdf);
	}
	return 0;
}

static int predict(const struct vfa_topology *topology, struct vfa_function *functions,
		   const struct vfa_acs_change *changes, size_t count, int32_t *groups)
{
	int err = require_capabilities(topology);

	memcpy(functions, topology->functions, topology->count * sizeof(*functions));
	for (size_t i = 0; i < count && !err; i++)
		err = apply(topology, &changes[i], functions);
	if (err)
		return err;
	return grouping_form(functions, topology->count, groups) ? error_memory() : 0;
}

VFA_API int vfa_topology_predict(const struct vfa_topology *topology,
				 const struct vfa_acs_change *changes, size_t count,
				 int32_t *groups, size_t max)
{
	struct vfa_function *functions;
	int32_t *all;
	int err;

	if (!topology || (!changes && count) || (!groups && max))
		return error_null(!topology           ? "topology"
				  : changes || !count ? "groups"
						      : "changes");
	functions = calloc(topology->count + 1, sizeof(*functions));
	all = calloc(topology->count + 1, sizeof(*all));
	if (functions && all)
		err = predict(topology, functions, changes, count, all);
	else
		err = error_memory();
	for (size_t i = 0; !err && i < topology->count && i < max; i++)
		groups[i] = all[i];
	free(functions);
	free(all);
	return err ? err : (int)topology->count;
}
