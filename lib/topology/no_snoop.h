/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Whether a function issues no-snoop transactions. */

#ifndef TOPOLOGY_NO_SNOOP_H
#define TOPOLOGY_NO_SNOOP_H

#include <vfa/coherency.h>

#include "base/host.h"
#include "topology/capability.h"

struct no_snoop {
	enum vfa_answer answer;
	char origin[VFA_COHERENCY_ORIGIN];
};

/**
 * no_snoop_read() - by its Device Control, or by that of the function which rules it
 * @bdf: in full
 * @config: the function's config space, wherever that is read from
 *
 * A virtual function has its physical function's rule, and a conventional one behind a
 * bridge also that of the bridge; both are read through sysfs. Nothing is recorded.
 */
void no_snoop_read(const struct vfa_host *host, const char *bdf, const struct config_space *config,
		   struct no_snoop *ret);

#endif
