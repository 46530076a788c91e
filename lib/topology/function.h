/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* One PCI function of a snapshot: read from sysfs and its config space. */

#ifndef TOPOLOGY_FUNCTION_H
#define TOPOLOGY_FUNCTION_H

#include <vfa/topology.h>

#include "base/bdf.h"
#include "base/host.h"
#include "base/sysfs.h"
#include "topology/capability.h"

/* Config space as the kernel shows it below the host's sysfs. */
struct function_config {
	struct config_space space;
	struct sysfs_file file;
	int error; /* of opening the file, with which all reading fails */
};

/** function_config_open() - always to be closed */
void function_config_open(const struct vfa_host *host, const char *bdf,
			  struct function_config *ret);
void function_config_close(const struct function_config *config);

/* A function by name; what it is connected to becomes indexes when all are known. */
struct function_links {
	char bdf[BDF_SIZE];
	char parent[BDF_SIZE];   /* "" on a root bus */
	char physical[BDF_SIZE]; /* "" for no virtual function */
	bool has_neighbours;     /* by its own header */
	bool forwards_ari;       /* a port: below it, function 8 has the address of a slot 1 */
};

/** function_shares_slot() - two functions, or one and itself, have addresses of one slot */
static inline bool function_shares_slot(const struct vfa_function *a, const struct vfa_function *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot;
}

/**
 * function_parent() - the bridge above a function
 *
 * Return: 1, 0 on a root bus, or -errno when sysfs does not tell; nothing is recorded.
 */
int function_parent(const struct vfa_host *host, const char *bdf, char ret[BDF_SIZE]);

/** function_physical() - the same of the physical function of a virtual one, 0 for another */
int function_physical(const struct vfa_host *host, const char *bdf, char ret[BDF_SIZE]);

/* What is read of a function. */
enum function_parts {
	FUNCTION_ROUTE, /* what decides the way of its requests, and who is isolated from it */
	FUNCTION_WHOLE,
};

/**
 * function_read() - all that @parts says, but for the indexes
 * @ret: its bdf is @links', its driver is to be freed
 *
 * Return: 0, -ENODEV when it has gone, or another errno; nothing is recorded.
 */
int function_read(const struct vfa_host *host, const char *bdf, enum function_parts parts,
		  struct function_links *links, struct vfa_function *ret);

#endif
