/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * More or fewer vectors while others are enabled. The kernel takes all vectors of a
 * range back when one of them fails, so only new ones are in the range it is given.
 */

#include <errno.h>

#include "base/api.h"
#include "base/error.h"
#include "irq.h"

static int set_added(const struct vfa_irq *irq, uint32_t from, uint32_t added)
{
	const struct irq_vector *vectors = irq->vectors + from;
	uint32_t first = irq->start + from;
	int err = irq_set_eventfds(irq->device, irq->kind, first, added, vectors), available = -1;

	if (err == -ENOSPC)
		available = irq_count_free(irq->device, irq->kind, first, added, vectors);
	if (available >= 0)
		return irq_refuse_vectors(irq, first, added, (uint32_t)available);
	return err ? irq_refuse_set(irq, err) : 0;
}

static int grow(struct vfa_irq *irq, uint32_t count, const int *eventfds)
{
	uint32_t from = irq->count, end = irq->start + count, added = count - from;
	struct irq_vector *vectors = irq->vectors + from;
	int err;

	if (end > irq->allocated && irq->flags & VFIO_IRQ_INFO_NORESIZE)
		return irq_refuse_growth(irq, count);
	err = irq_vectors_open(irq, from, added, eventfds);
	if (err)
		return err;
	err = irq_poll_add(irq, irq->start + from, vectors, added);
	if (err)
		goto close_eventfds;
	err = set_added(irq, from, added);
	if (err)
		goto remove;
	irq->count = count;
	if (end > irq->allocated)
		irq->allocated = end;
	return 0;

remove:
	irq_poll_remove(irq, vectors, added);
close_eventfds:
	irq_vectors_close(irq, from, added);
	return err;
}

static int shrink(struct vfa_irq *irq, uint32_t count)
{
	uint32_t end = irq->count;
	int err = irq_set_eventfds(irq->device, irq->kind, irq->start + count, end - count, NULL);

	if (err)
		return irq_refuse_set(irq, err);
	irq->count = count;
	irq_poll_remove(irq, irq->vectors + count, end - count);
	irq_vectors_close(irq, count, end - count);
	return 0;
}

VFA_API int vfa_irq_resize(struct vfa_irq *irq, uint32_t count, const int *eventfds)
{
	int err;

	if (!irq)
		return error_null("irq");
	err = irq_check_vectors(irq->device, irq->kind, irq->start, count, irq->start + irq->room);
	if (err)
		return err;
	pthread_mutex_lock(&irq->device->lock);
	if (count > irq->count)
		err = grow(irq, count, eventfds);
	else if (count < irq->count)
		err = shrink(irq, count);
	pthread_mutex_unlock(&irq->device->lock);
	return err;
}
