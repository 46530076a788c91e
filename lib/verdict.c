/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/verdict.h>

#include "base/api.h"
#include "base/error.h"
#include "base/options.h"
#include "placement.h"

VFA_API int vfa_container_check_map(struct vfa_container *container, const void *vaddr,
				    uint64_t size, const struct vfa_map_options *options,
				    struct vfa_verdict *ret)
{
	const struct vfa_map_options *given;
	struct vfa_map_options room;
	struct vfa_verdict verdict;
	int err;

	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	err = options_check_result("vfa_verdict", ret, OPTIONS_UP_TO(struct vfa_verdict, nearest));
	if (!err)
		err = placement_options(options, &room, &given);
	if (err)
		return err;
	container_lock(container);
	err = container_require_space(container, "check a map");
	if (!err)
		placement_judge(container, vaddr, size, given, &verdict);
	container_unlock(container);
	if (!err)
		options_return(&verdict, sizeof(verdict), ret);
	return err;
}
