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

	if (from->own && to->fd >= 0 && sys_read(sys, from->fd, &events, sizeof(events)) > 0)
		(void)sys_write(sys, to->fd, &events, sizeof(events));
}

/* Of MSI and MSI-X the kernel gives the old one up before it looks at the new one. */
static int exchange(struct vfa_irq *irq, uint32_t place, struct irq_vector next)
{
	const struct syscalls *sys = device_syscalls(irq->device);
	struct irq_vector *vector = &irq->vectors[place], old = *vector;
	uint32_t number = irq->start + place;
	int err = irq_set_eventfds(irq->device, irq->kind, number, 1, &next);

	if (!err) {
		carry_over(sys, &old, &next);
		*vector = next;
		sys_close(sys, old.fd);
		return 0;
	}
	sys_close(sys, next.fd);
	if (!irq_set_eventfds(irq->device, irq->kind, number, 1, &old))
		return irq_refuse_set(irq, err);
	vector->fd = -1;
	sys_close(sys, old.fd);
	return irq_refuse_lost(irq, number, "eventfd", err);
}

VFA_API int vfa_irq_set_eventfd(struct vfa_irq *irq, uint32_t vector, int fd)
{
	struct irq_vector next;
	int place = irq_check_vector(irq, vector), err;

	if (place < 0)
		return place;
	pthread_mutex_lock(&irq->device->lock);
	err = irq_vector_open(irq, vector, fd, &next);
	if (!err)
		err = exchange(irq, (uint32_t)place, next);
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
