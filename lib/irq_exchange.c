/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Another eventfd for a vector while it is enabled. */

#include <errno.h>

#include "base/api.h"
#include "irq.h"

/* Once the kernel has the new one nothing is added to the old one any more. */
static void carry_over(const struct syscalls *sys, const struct irq_vector *from,
		       const struct irq_vector *to)
{
	uint64_t events;

	if (from->own && to->fd >= 0 && sys_read_now(sys, from->fd, &events, sizeof(events)) > 0)
		(void)sys_write(sys, to->fd, &events, sizeof(events));
}

static void drop(const struct vfa_irq *irq, struct irq_vector *vector)
{
	irq_poll_remove(irq, vector, 1);
	sys_close(device_syscalls(irq->device), vector->fd);
	*vector = (struct irq_vector){ -1, false };
}

/* Of MSI and MSI-X the kernel gives the old one up before it looks at the new one. */
static int exchange(struct vfa_irq *irq, uint32_t place, struct irq_vector *next)
{
	struct irq_vector *old = &irq->vectors[place];
	uint32_t number = irq->start + place;
	int err = irq_set_eventfds(irq->device, irq->kind, number, 1, next);

	if (!err) {
		carry_over(device_syscalls(irq->device), old, next);
		drop(irq, old);
		*old = *next;
		return 0;
	}
	if (!irq_set_eventfds(irq->device, irq->kind, number, 1, old))
		return irq_refuse_set(irq, err);
	drop(irq, old);
	return irq_refuse_lost(irq, number, "eventfd", err);
}

static int set_eventfd(struct vfa_irq *irq, uint32_t place, int fd)
{
	uint32_t number = irq->start + place;
	struct irq_vector next;
	int err = irq_vector_open(irq, number, fd, &next);

	if (err)
		return err;
	err = irq_poll_add(irq, number, &next, 1);
	if (err)
		goto close;
	err = exchange(irq, place, &next);
	if (err)
		goto remove;
	return 0;

remove:
	irq_poll_remove(irq, &next, 1);
close:
	sys_close(device_syscalls(irq->device), next.fd);
	return err;
}

VFA_API int vfa_irq_set_eventfd(struct vfa_irq *irq, uint32_t vector, int fd)
{
	int place = irq_check_vector(irq, vector), err;

	if (place < 0)
		return place;
	pthread_mutex_lock(&irq->device->lock);
	err = set_eventfd(irq, (uint32_t)place, fd);
	pthread_mutex_unlock(&irq->device->lock);
	return err;
}

VFA_API int vfa_irq_trigger(struct vfa_irq *irq, uint32_t vector)
{
	int err = irq_check_enabled(irq, vector);

	if (err < 0)
		return err;
	err = irq_set(irq->device, irq->kind, VFIO_IRQ_SET_ACTION_TRIGGER, vector, 1);
	return err ? irq_refuse_set(irq, err) : 0;
}
