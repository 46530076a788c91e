/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The functions between the root bus and two others. */

#ifndef VFA_TOOL_PATH_H
#define VFA_TOOL_PATH_H

#include "function.h"

/* Functions above one another that are shown: far more than there are. */
#define PATH_DEPTH 64

/* What is told of each. */
extern const struct column path_columns[];

typedef void (*path_add_fn)(void *to, int depth, const struct function_item *item);

/** path_each() - from the top down to one, then what is left to the other; each once */
void path_each(const struct request *request, const struct vfa_topology *topology,
	       const int32_t ends[2], path_add_fn add, void *to);

#endif
