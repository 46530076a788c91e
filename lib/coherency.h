/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The answers for a device, as the questions of a VMM see them. */

#ifndef LIB_COHERENCY_H
#define LIB_COHERENCY_H

#include <vfa/coherency.h>

/** coherency_of() - the answers for an open device; nothing is recorded */
void coherency_of(struct vfa_device *device, struct vfa_coherency *ret);

#endif
