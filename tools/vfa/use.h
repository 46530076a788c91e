/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What the kernel uses a function for. */

#ifndef VFA_TOOL_USE_H
#define VFA_TOOL_USE_H

#include <vfa/host.h>

#include "cell.h"

/** usage_set() - a word of the list for each use, such as "eth0 is up" */
void usage_set(const struct vfa_host *host, const char *bdf, struct cell *cell);

#endif
