/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "irq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Without data: mask, unmask, or with a count of 0 disable the whole kind. */
int irq_set(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t action, uint32_t count)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | action,
		.index = irq_index(kind),
		.count = count,
	};

	return device_ioctl(device, VFIO_DEVICE_SET_IRQS, &set);
}

int irq_set_eventfds(const struct vfa_irq *irq)
{
	size_t size = sizeof(struct vfio_irq_set) + irq->count * sizeof(*irq->fds);
	struct vfio_irq_set *set = calloc(1, size);
	int err;

	if (!set)
		return -ENOMEM;
	set->argsz = size;
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = irq_index(irq->kind);
	set->start = irq->start;
	set->count = irq->count;
	memcpy(set->data, irq->fds, irq->count * sizeof(*irq->fds));
	err = device_ioctl(irq->device, VFIO_DEVICE_SET_IRQS, set);
	free(set);
	return err;
}
