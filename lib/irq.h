/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Interrupts of a device: irq.c enables and disables them, irq_set.c asks the
 * kernel, irq_refusal.c says why not, the others are what can be done with a handle.
 */

#ifndef LIB_IRQ_H
#define LIB_IRQ_H

#include <stdatomic.h>

#include "device.h"

struct vfa_irq {
	struct vfa_device *device;
	enum vfa_irq_kind kind;
	bool maskable;
	atomic_bool held; /* by vfa_irq_mask() */
	uint32_t start;
	uint32_t count;
	int fds[]; /* of vectors start to start + count - 1 */
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

int irq_set(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t action, uint32_t count);
int irq_set_eventfds(const struct vfa_irq *irq);

/* irq_refusal.c: -errno, recorded. */

int irq_check_vectors(const struct vfa_device *device, enum vfa_irq_kind kind, uint32_t start,
		      uint32_t count, uint32_t available);
int irq_refuse_busy(const struct vfa_device *device, enum vfa_irq_kind kind);
int irq_refuse_vectors(const struct vfa_irq *irq, int available);
int irq_refuse_timeout(const struct vfa_irq *irq, uint32_t vector, int timeout_ms);

/** irq_unmask() - unmask INTx; 0, or -errno, recorded */
int irq_unmask(struct vfa_irq *irq);

#endif
