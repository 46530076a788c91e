/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "dangers.h"

#include <stdlib.h>

#include "fail.h"
#include "topology/reach.h"

static int add_windows(const struct vfa_topology *topology, const char *bdf, struct dangers *ret)
{
	int count = vfa_topology_windows(topology, bdf, NULL, 0), got;
	size_t all = ret->count + (count > 0 ? count : 0);

	if (count <= 0)
		return count;
	ret->windows = must(realloc(ret->windows, all * sizeof(*ret->windows)));
	got = vfa_topology_windows(topology, bdf, ret->windows + ret->count, count);
	if (got < 0)
		return got;
	ret->count += got < count ? got : count;
	return 0;
}

/* Devices behind one port share its windows. */
static void sort(struct dangers *dangers)
{
	size_t kept = 0;

	if (!dangers->count)
		return;
	qsort(dangers->windows, dangers->count, sizeof(*dangers->windows), reach_compare);
	for (size_t i = 1; i < dangers->count; i++) {
		if (reach_compare(&dangers->windows[kept], &dangers->windows[i]))
			dangers->windows[++kept] = dangers->windows[i];
	}
	dangers->count = kept + 1;
}

int dangers_read(struct vfa_host *host, char *const *bdfs, int count, struct dangers *ret)
{
	struct vfa_topology *topology;
	int err = vfa_topology_new(host, &topology);

	*ret = (struct dangers){ .count = 0 };
	if (err)
		return err;
	for (int i = 0; i < count && !err; i++)
		err = add_windows(topology, bdfs[i], ret);
	vfa_topology_free(topology);
	if (err) {
		dangers_free(ret);
		return err;
	}
	sort(ret);
	return 0;
}

void dangers_free(struct dangers *dangers)
{
	free(dangers->windows);
	*dangers = (struct dangers){ .count = 0 };
}
