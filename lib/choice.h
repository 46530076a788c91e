/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Which backend serves an automatic container. */

#ifndef LIB_CHOICE_H
#define LIB_CHOICE_H

#include "backend/backend.h"
#include "topology/pci.h"

/**
 * choose_backend() - open the backend that fits a container's first device
 * @reason: receives a sentence that says why, and why not the other
 *
 * Return: 0 or -errno, recorded.
 */
int choose_backend(const struct vfa_host *host, const struct pci_function *function, char *reason,
		   size_t size, struct backend **ret);

#endif
