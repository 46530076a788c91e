/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"
#include "topology/reach.h"

VFA_API int vfa_topology_windows(const struct vfa_topology *topology, const char *bdf,
				 struct vfa_window *windows, size_t max)
{
	struct vfa_window *all = NULL;
	int count, index;

	if (!topology || (!windows && max))
		return error_null(topology ? "windows" : "topology");
	index = vfa_topology_find_function(topology, bdf);
	if (index < 0)
		return index;
	count = reach_windows(topology, &topology->functions[index], &all);
	if (count < 0)
		return count == -ENOMEM ? error_memory()
					: error_kernel(count, "%s: read what it may reach", bdf);
	for (int i = 0; i < count && (size_t)i < max; i++)
		windows[i] = all[i];
	free(all);
	return count;
}
