/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Interrupts of a device: irq.c enables and disables them, irq_set.c asks the
 * kernel, irq_refusal.c says why not, the others are what can be done with a handle.
 */

#ifndef LIB_IRQ_H
#define LIB_IRQ_H

#include <stdatomic.h>

#include "base/deadline.h"
#include "device.h"

struct irq_vector {
	int fd;   /* -1 for none */
	bool own; /* made here; else a duplicate of the caller's */
};

struct vfa_irq {
	struct vfa_device *device;
	enum vfa_irq_kind kind;
	uint32_t flags;     /* of VFIO_DEVICE_GET_IRQ_INFO */
	uint32_t allocated; /* vectors, from 0 on, that the kernel has taken from the machine */
	atomic_bool held;   /* by vfa_irq_mask() */
	int poll_fd;   /* an epoll of the library's own eventfds, once it was asked for, or -1 */
	int unmask_fd; /* of vfa_irq_set_unmask_eventfd(), a duplicate, or -1 */
	void (*handler)(struct vfa_irq *irq, uint32_t vector, uint64_t count, void *data);
	void *data;
	uint32_t start;
	uint32_t room; /* of vectors: all that the device has from start on */
	_Atomic uint32_t count;
	struct irq_vector vectors[]; /* from start on; they stay where they are when count grows */
};

/** irq_release_all() - disable what is still enabled; nobody else uses the device any more */
void irq_release_all(struct vfa_device *device);

/**
 * irq_rearm_all() - let all that is enabled signal again, after a reset of the device
 *
 * Handles, eventfds and what the eventfds have counted stay. INTx that the kernel masked
 * when it fired is unmasked; INTx that vfa_irq_mask() holds back stays so. The caller
 * does not have the device's lock.
 *
 * Return: 0, or -errno, recorded; handles stay then, and it may be tried again.
 */
int irq_rearm_all(struct vfa_device *device);

/* irq_info.c */

/* Of a kind that is known: its name, and VFIO's index. */
const char *irq_name(enum vfa_irq_kind kind);
uint32_t irq_index(enum vfa_irq_kind kind);

/** irq_check_kind() - 0 for a kind that is known, or -EINVAL, recorded */
int irq_check_kind(enum vfa_irq_kind kind);

/** irq_read_info() - what the kernel says of a kind, a count of 0 for none; or -errno, recorded */
int irq_read_info(struct vfa_device *device, enum vfa_irq_kind kind, struct vfio_irq_info *ret);

/* irq_set.c: VFIO_DEVICE_SET_IRQS; 0 or more, or -errno, unrecorded. */

/** irq_set() - without data: mask, unmask, trigger, or with a count of 0 disable the kind */
int irq_set(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t action, uint32_t start,
	    uint32_t count);

/** irq_set_eventfds() - let vectors from @start on signal @vectors, or nothing if that is NULL */
int irq_set_eventfds(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t start,
		     uint32_t count, const struct irq_vector *vectors);

/** irq_set_unmask_eventfd() - let an eventfd unmask INTx, or with -1 none */
int irq_set_unmask_eventfd(struct vfa_device *device, int fd);

/**
 * irq_count_free() - how many vectors from @start on the machine gives, tried one by one
 * @start: the first; the kernel has allocated them all, or can allocate each
 * @vectors: that could not be set, @count of them
 *
 * Where the processors run out of vectors the kernel does not say how many they had. None
 * of the vectors signals anything afterwards.
 *
 * Return: the number, or -errno, unrecorded, when it could not be tried.
 */
int irq_count_free(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t start,
		   uint32_t count, const struct irq_vector *vectors);

/* irq_eventfd.c: 0 or -errno, recorded. */

/** irq_vector_open() - what a vector is to signal; @wanted as in struct vfa_irq_options */
int irq_vector_open(const struct vfa_irq *irq, uint32_t vector, int wanted, struct irq_vector *ret);

/** irq_vectors_open() - the same for @count of irq->vectors, of which none is open */
int irq_vectors_open(struct vfa_irq *irq, uint32_t first, uint32_t count, const int *wanted);
void irq_vectors_close(struct vfa_irq *irq, uint32_t first, uint32_t count);

/* irq_poll.c */

/** irq_poll_add() - have the handle's poll fd, if it has one, tell of new vectors; recorded */
int irq_poll_add(const struct vfa_irq *irq, uint32_t number, const struct irq_vector *vectors,
		 uint32_t count);
void irq_poll_remove(const struct vfa_irq *irq, const struct irq_vector *vectors, uint32_t count);

/* irq_wait.c */

/** irq_wait_readable() - 0 when one of @fds is readable; -ETIMEDOUT or -errno, unrecorded */
int irq_wait_readable(const struct syscalls *sys, const struct deadline *deadline,
		      struct pollfd *fds, size_t count);

/* irq_mask.c */

/** irq_unmask() - unmask INTx; 0, or -errno, recorded */
int irq_unmask(struct vfa_irq *irq);

/* irq_refusal.c: -errno, recorded. */

int irq_check_vectors(const struct vfa_device *device, enum vfa_irq_kind kind, uint32_t start,
		      uint32_t count, uint32_t available);
int irq_check_reserve(const struct vfa_device *device, enum vfa_irq_kind kind, uint32_t reserve,
		      uint32_t least, uint32_t available);

/* A handle that has the vector, with an eventfd or with or without: its place in irq->vectors. */
int irq_check_vector(const struct vfa_irq *irq, uint32_t vector);
int irq_check_enabled(const struct vfa_irq *irq, uint32_t vector);
int irq_refuse_busy(const struct vfa_device *device, enum vfa_irq_kind kind);

/** irq_refuse_vectors() - the machine has only @available from @from on, where @wanted were asked
 */
int irq_refuse_vectors(const struct vfa_irq *irq, uint32_t from, uint32_t wanted,
		       uint32_t available);
int irq_refuse_growth(const struct vfa_irq *irq, uint32_t count);

/** irq_refuse_lost() - what could not be exchanged for @err could not be had back either */
int irq_refuse_lost(const struct vfa_irq *irq, uint32_t vector, const char *what, int err);
int irq_refuse_set(const struct vfa_irq *irq, int err);
int irq_refuse_idle(struct vfa_irq *const *irqs, size_t count, int timeout_ms);
int irq_refuse_timeout(const struct vfa_irq *irq, uint32_t vector, int timeout_ms);

#endif
