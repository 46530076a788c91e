/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The address space as its devices, mappings and buffers see it. */

#ifndef LIB_CONTAINER_H
#define LIB_CONTAINER_H

#include <pthread.h>
#include <stdatomic.h>
#include <vfa/container.h>

#include "backend/backend.h"
#include "iova/space.h"
#include "vaddrs.h"

struct vfa_device;
struct pasid;
struct vfa_peer;

/* The reason while an automatic container has no backend. */
#define UNDECIDED "undecided: the first device decides"

struct vfa_container {
	struct vfa_host *host;
	atomic_uint holders; /* see vfa_container_close() */

	pthread_mutex_t lock; /* of all below */
	enum vfa_backend wanted;
	struct backend *backend; /* NULL while an automatic container is undecided */
	bool is_settled;         /* the backend will stay: it is asked for, or a device came in */
	char reason[512];
	struct vfa_device *devices;
	struct vfa_device *moving; /* that are about to come in, or to be gone */
	struct pasid *pasids;      /* of its devices' groups */
	struct pasid *leading;     /* PASIDs that lead to it: of its devices, or those of others */
	struct iova_space space;   /* its limits are those of what reaches it */
	struct vaddrs vaddrs;
	struct slab mappings; /* of struct vfa_mapping */
	uint64_t mapped_bytes;
	uint64_t device_bytes;  /* of them, of BARs: no memory is pinned for those */
	struct vfa_peer *peers; /* whose mapping is here */
	bool drops_mappings;    /* when nothing reaches it any more */
};

void container_hold(struct vfa_container *container);
void container_release(struct vfa_container *container);

static inline void container_lock(struct vfa_container *container)
{
	pthread_mutex_lock(&container->lock);
}

static inline void container_unlock(struct vfa_container *container)
{
	pthread_mutex_unlock(&container->lock);
}

/**
 * container_is_reached() - whether something can do DMA by it: a device is in, or a PASID
 * of one leads to it; with its lock held
 *
 * What can be mapped is known then, and what is mapped is pinned.
 */
static inline bool container_is_reached(const struct vfa_container *container)
{
	return container->devices || container->leading;
}

/** container_require_unsent() - the address space is this process's; 0, or -EBUSY, recorded */
int container_require_unsent(const struct vfa_container *container, const char *what);

/**
 * container_require_space() - the container is reached, and translates
 * @what: the call, for the message
 *
 * Return: 0, or -ENODEV or -EOPNOTSUPP with the failure recorded.
 */
int container_require_space(const struct vfa_container *container, const char *what);

/**
 * container_require_accounting() - the backend is decided, and translates
 * @what: the call, for the message
 *
 * Return: 0, or -ENODEV or -EOPNOTSUPP with the failure recorded.
 */
int container_require_accounting(const struct vfa_container *container, const char *what);

/**
 * container_require_iommufd() - the container is an address space of iommufd
 * @what: the call, for the message
 *
 * Return: 0, or -ENODEV, -EOPNOTSUPP or -EBUSY with the failure recorded.
 */
int container_require_iommufd(const struct vfa_container *container, const char *what);

#endif
