/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Parts of a device's BARs that containers lead to.
 *
 * A device and its peers have a list in common, which lives as long as one of them does. Its
 * lock is taken before that of a container, and before a device's. A container lists the
 * peers too whose mapping is in it, under its own lock: who holds that and finds one there
 * knows that the device is still open.
 */

#ifndef LIB_PEER_H
#define LIB_PEER_H

#include <vfa/peer.h>

#include "device.h"
#include "mapping.h"

/* Where in config space a device can be put to sleep or reset by its own registers; 0: not. */
struct peer_registers {
	unsigned int power;    /* the control register of Power Management */
	unsigned int express;  /* Device Control of PCI Express, where that has a reset */
	unsigned int advanced; /* the control register of Advanced Features, likewise */
};

struct peer_list {
	atomic_uint holders; /* the device and its peers */
	struct peer_registers registers;

	/* Read and written without the lock. */
	atomic_uint revocable;   /* parts that are mapped as dma-bufs */
	atomic_uint revocations; /* how often the kernel has revoked dma-bufs */

	pthread_mutex_t lock;      /* of all below, and of the peers */
	struct vfa_device *device; /* NULL once it is closed */
	struct vfa_peer *first;
};

struct vfa_peer {
	struct vfa_container *container;
	struct peer_list *list;
	struct vfa_peer *next;              /* of the device's */
	struct vfa_peer *next_of_container; /* under the container's lock, as @mapping */
	struct vfa_mapping *mapping;        /* NULL when it is not mapped */
	uint32_t region;
	uint32_t access;
	uint64_t offset;
	uint64_t size;
	uint64_t iova;
	_Atomic(volatile void *) address; /* NULL once the device is closed */
	bool is_revocable;
	bool is_revoked;
	unsigned int revocations; /* of the list, before it was mapped */
};

/** peer_close_all() - unmap all of a device that is being closed, wherever they are */
void peer_close_all(struct vfa_device *device);

/** peer_forget_device() - let the list go, of a device that nobody can find any more */
void peer_forget_device(struct vfa_device *device);

/** peer_count() - how many parts of it are mapped, can be again, or are about to be */
unsigned int peer_count(const struct vfa_device *device);

/**
 * peer_prepare_replay() - before a BAR is mapped anew by its address
 *
 * With the container's lock held. Return: 0, or -errno, recorded, when there is something else
 * than the BAR at the address, or it does not answer.
 */
int peer_prepare_replay(const struct vfa_mapping *mapping);

/** peer_registers_read() - find them in config space; 0 or -errno, recorded */
int peer_registers_read(const struct vfa_device *device, struct peer_registers *ret);

/** peer_note_revocation() - the kernel has revoked what there was of a device's dma-bufs */
void peer_note_revocation(struct vfa_device *device, const char *what);

/** peer_note_config_write() - config space was written, which revokes if it was to */
void peer_note_config_write(struct vfa_device *device, uint64_t offset, const void *data,
			    size_t size);

/** refuse_low_power() - in which a device decodes no memory; -EIO */
int refuse_low_power(const struct vfa_device *device);

/** peer_require_decoding() - that the device decodes memory; 0 or -errno, recorded */
int peer_require_decoding(struct peer_list *list);

/**
 * peer_decodes() - the same as an answer
 * @why: when it does not, the reason and, from the next line on, what to do
 *
 * Return: 1, 0, or -errno, recorded, when it cannot be told.
 */
int peer_decodes(struct peer_list *list, const char **why);

#endif
