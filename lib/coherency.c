/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/coherency.h>

#include "base/api.h"
#include "base/error.h"
#include "container.h"

VFA_API int vfa_coherency_is_enforced(struct vfa_container *container)
{
	int answer;

	if (!container)
		return error_null("container");
	container_lock(container);
	answer = container_require_space(container, "coherency");
	if (!answer) {
		answer = container->backend->ops->is_coherent(container->backend);
		if (answer < 0)
			answer = error_kernel(answer, "ask for VFIO_DMA_CC_IOMMU");
	}
	container_unlock(container);
	return answer;
}
