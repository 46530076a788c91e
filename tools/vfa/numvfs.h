/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* How many virtual functions a physical one has. */

#ifndef VFA_TOOL_NUMVFS_H
#define VFA_TOOL_NUMVFS_H

#include <stdbool.h>
#include <vfa/topology.h>

#include "command.h"

/** numvfs_set() - as the arguments BDF and N say; returns an exit status */
int numvfs_set(const struct request *request, const struct vfa_topology *topology);

/** numvfs_refuse_plain() - say that a function has no SR-IOV; returns STATUS_REFUSED */
int numvfs_refuse_plain(const struct vfa_function *function);

/** numvfs_is_vfio() - a VFIO driver has the function */
bool numvfs_is_vfio(const struct vfa_host *host, const char *bdf);

#endif
