/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Bits of ports that the user wants to see taken for other than they are. */

#ifndef VFA_TOOL_WHATIF_H
#define VFA_TOOL_WHATIF_H

#include <vfa/isolation.h>

#include "command.h"

struct whatif {
	struct vfa_acs_change *changes;
	size_t count;
};

/**
 * whatif_new() - all that --what-if asks for, in its order
 *
 * Return: 0, or an exit status with the reason said.
 */
int whatif_new(const struct request *request, struct whatif *ret);
void whatif_free(struct whatif *whatif);

#endif
