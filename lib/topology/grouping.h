/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The groups that Linux forms of a tree of functions. */

#ifndef TOPOLOGY_GROUPING_H
#define TOPOLOGY_GROUPING_H

#include <vfa/topology.h>

/**
 * grouping_form() - groups from the bits in @functions
 * @functions: a snapshot's, possibly with other bits
 * @groups: for each function the index of the first of its group, -1 for none
 *
 * Return: 0 or -ENOMEM; nothing is recorded.
 */
int grouping_form(const struct vfa_function *functions, size_t count, int32_t *groups);

#endif
