/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What Access Control Services make of a function. */

#ifndef TOPOLOGY_ACS_H
#define TOPOLOGY_ACS_H

#include <vfa/topology.h>

#define ACS_BITS 0x7f /* every enum vfa_acs_bit */

/**
 * acs_isolates() - whether nothing can turn round in or below a function
 *
 * By the kernel's rules, from which its groups follow: a bit that a function does not
 * implement counts as always on, and one that has nothing to isolate is isolated.
 */
bool acs_isolates(const struct vfa_function *function);

/** acs_missing() - enum vfa_acs_bit that would have to be on for acs_isolates() */
uint16_t acs_missing(const struct vfa_function *function);

/** acs_applies() - whether a function of this type may have the capability at all */
bool acs_applies(const struct vfa_function *function);

/**
 * acs_has_peers() - whether ACS makes a difference: a function alone in its slot has nobody to
 * be isolated from, unless it is a port to several
 */
bool acs_has_peers(const struct vfa_function *function);

/** acs_possible() - enum vfa_acs_bit that a function of this type may have */
uint16_t acs_possible(const struct vfa_function *function);

/**
 * acs_takes_over() - whether a bridge puts its own address on requests from below
 *
 * Those to and from conventional PCI do, or may.
 */
bool acs_takes_over(const struct vfa_function *bridge);

#endif
