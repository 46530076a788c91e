/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Whether something would be taken from under its user with a function's driver. */

#ifndef LIB_DRIVER_USE_H
#define LIB_DRIVER_USE_H

#include <stdbool.h>

#include "base/host.h"
#include "topology/pci.h"

/**
 * driver_check_use() - refuse a function that is in use
 * @forced: only what would never end is refused: waiting for this very process to let
 *	go of it
 *
 * Return: 0, -EBUSY or another errno, recorded.
 */
int driver_check_use(const struct vfa_host *host, const struct pci_function *function, bool forced);

#endif
