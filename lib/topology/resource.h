/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The addresses that a function answers at, as its sysfs file resource lists them. */

#ifndef TOPOLOGY_RESOURCE_H
#define TOPOLOGY_RESOURCE_H

#include <stdbool.h>
#include <vfa/iova.h>

#include "base/host.h"

/* Lines that Linux prints for a bridge; others have fewer. */
#define RESOURCE_MAX 17

struct resource {
	struct vfa_iova_range range;
	bool is_window; /* what a bridge forwards, rather than a BAR or ROM */
};

/**
 * resource_read() - the memory that a function answers at or forwards
 *
 * Whether it does so now or not: its driver may turn that on at any time. CPU addresses,
 * which are bus addresses too on x86. What has no address is left out.
 *
 * Return: how many, or -errno; nothing is recorded.
 */
int resource_read(const struct vfa_host *host, const char *bdf, bool is_bridge,
		  struct resource ret[RESOURCE_MAX]);

#endif
