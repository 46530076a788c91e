/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Which PCI function something in /sys/devices belongs to. */

#ifndef TOPOLOGY_BELOW_H
#define TOPOLOGY_BELOW_H

#include <stdbool.h>

#include "base/bdf.h"

/** below_which() - the nearest function above, as the last address in a path; false for none */
bool below_which(const char *path, char ret[BDF_SIZE]);

/**
 * below_function() - whether a function is the nearest one above
 * @path: of a device, such as the target of a link in /sys/class
 * @bdf: the function's address in its full form
 */
bool below_function(const char *path, const char *bdf);

#endif
