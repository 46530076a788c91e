/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Addresses at which some devices may reach something else than memory. */

#ifndef VFA_TOOL_DANGERS_H
#define VFA_TOOL_DANGERS_H

#include <vfa/window.h>

struct dangers {
	struct vfa_window *windows; /* ascending, each once */
	size_t count;
};

/**
 * dangers_read() - the dangerous windows of all devices
 *
 * Return: 0, or -errno with the failure recorded.
 */
int dangers_read(struct vfa_host *host, char *const *bdfs, int count, struct dangers *ret);

void dangers_free(struct dangers *dangers);

#endif
