/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What Access Control Services make of a function. */

#ifndef TOPOLOGY_ACS_H
#define TOPOLOGY_ACS_H

#include <vfa/topology.h>

/**
 * acs_isolates() - whether nothing can turn round in or below a function
 *
 * By the kernel's rules, from which its groups follow: a bit that a function does not
 * implement counts as always on, and one that has nothing to isolate is isolated.
 */
bool acs_isolates(const struct vfa_function *function);

/** acs_missing() - enum vfa_acs_bit that would have to be on for acs_isolates() */
uint16_t acs_missing(const struct vfa_function *function);

/** acs_applies() - whether a function of this type and slot may have the capability at all */
bool acs_applies(const struct vfa_function *function);

#endif
