/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What the PCI Express capability says of a function. */

#ifndef TOPOLOGY_EXPRESS_H
#define TOPOLOGY_EXPRESS_H

#include <stdbool.h>
#include <vfa/topology.h>

#include "topology/capability.h"

struct express {
	int offset; /* of the capability; 0 for conventional PCI, which has none */
	enum vfa_function_type type;
	bool no_snoop; /* Enable No Snoop of Device Control is set */
};

/** express_read() - read it; 0, or -errno as capability_find(), nothing recorded */
int express_read(const struct config_space *config, struct express *ret);

/**
 * express_require() - the same of a function that has to answer
 *
 * Return: -ENODEV when it reads as all ones.
 */
int express_require(const struct config_space *config, struct express *ret);

#endif
