/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The machine that --host names. */

#ifndef VFA_TOOL_HOST_H
#define VFA_TOOL_HOST_H

#include <vfa/host.h>

/**
 * host_open() - a captured machine, or a directory with sys, dev and proc of one
 * @path: the file or directory, NULL for this machine
 *
 * Return: 0, or an exit status, with the reason said.
 */
int host_open(const char *path, struct vfa_host **ret);

#endif
