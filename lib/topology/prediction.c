/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/prediction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "topology/acs.h"
#include "topology/change.h"
#include "topology/grouping.h"

/* What reads as all ones has gone, or will: the others are known without it. */
static bool is_unreadable(const struct vfa_function *function)
{
	return function->config_error && function->config_error != -ENODEV;
}

/* Its bridge went away while the snapshot was taken, or was never in a made-up tree. */
static bool is_cut_off(const struct vfa_topology *topology, size_t index)
{
	return topology->functions[index].parent < 0 && topology->links[index].parent[0];
}

const struct vfa_function *prediction_obstacle(const struct vfa_topology *topology)
{
	for (size_t i = 0; i < topology->count; i++) {
		if (is_unreadable(&topology->functions[i]) || is_cut_off(topology, i))
			return &topology->functions[i];
	}
	return NULL;
}

static int refuse(const struct vfa_function *function)
{
	if (!is_unreadable(function))
		return error_set(ENODEV, VFA_CAUSE_DEVICE_GONE,
				 "the bridge above %s is not in the snapshot: it has gone\n"
				 "take a new snapshot",
				 function->bdf);
	if (function->config_error != -EACCES)
		return error_kernel(function->config_error, "read the config space of %s",
				    function->bdf);
	return error_set(
		EACCES, VFA_CAUSE_ACCESS,
		"%s: the kernel shows the first 64 bytes of its config space only, without "
		"capabilities\n"
		"run as root, or with CAP_SYS_ADMIN",
		function->bdf);
}

static int allocate(const struct vfa_topology *topology, struct prediction *ret)
{
	ret->count = topology->count;
	ret->functions = calloc(ret->count + 1, sizeof(*ret->functions));
	ret->groups = calloc(ret->count + 1, sizeof(*ret->groups));
	if (!ret->functions || !ret->groups)
		return error_memory();
	if (ret->count) /* else there is nowhere to copy from */
		memcpy(ret->functions, topology->functions, ret->count * sizeof(*ret->functions));
	return 0;
}

int prediction_make(const struct vfa_topology *topology, const struct vfa_acs_change *changes,
		    size_t count, struct prediction *ret)
{
	const struct vfa_function *obstacle = prediction_obstacle(topology);
	struct prediction made = { NULL };
	int err = obstacle ? refuse(obstacle) : allocate(topology, &made);

	for (size_t i = 0; i < count && !err; i++)
		err = change_apply(topology, &changes[i], made.functions);
	if (!err && grouping_form(made.functions, made.count, made.groups))
		err = error_memory();
	if (err)
		prediction_free(&made);
	else
		*ret = made;
	return err;
}

void prediction_free(struct prediction *prediction)
{
	free(prediction->functions);
	free(prediction->groups);
	*prediction = (struct prediction){ NULL };
}

VFA_API int vfa_topology_predict(const struct vfa_topology *topology,
				 const struct vfa_acs_change *changes, size_t count,
				 int32_t *groups, size_t max)
{
	struct prediction prediction;
	int err;

	if (!topology)
		return error_null("topology");
	if (!changes && count)
		return error_null("changes");
	if (!groups && max)
		return error_null("groups");
	err = prediction_make(topology, changes, count, &prediction);
	if (err)
		return err;
	for (size_t i = 0; i < prediction.count && i < max; i++)
		groups[i] = prediction.groups[i];
	prediction_free(&prediction);
	return topology->count;
}
