/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Device nodes: opening them, and why one did not open. */

#ifndef BASE_NODE_H
#define BASE_NODE_H

#include "base/host.h"
#include "base/sysfs.h"

/* A path below the host's /dev. */
void node_path(const struct vfa_host *host, char path[SYSFS_PATH], const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * node_open() - open a device node for reading and writing
 *
 * Return: the fd, or -errno with the reason recorded: the node's mode and owner
 * for EACCES, policies for EPERM. ENOENT and EBUSY mean something else for every
 * node: the caller records what.
 */
int node_open(const struct vfa_host *host, const char *path);

/**
 * node_adopt() - duplicate a node that the caller opened
 * @what: what it should be, such as "/dev/iommu"
 *
 * Return: the duplicate, or -errno, recorded.
 */
int node_adopt(const struct vfa_host *host, int fd, const char *what);

#endif
