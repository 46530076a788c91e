/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "irq.h"

#include <errno.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"

static int check_free(const struct vfa_device *device, enum vfa_irq_kind kind)
{
	if (device->irqs[kind])
		return irq_refuse_busy(device, kind);
	for (enum vfa_irq_kind other = VFA_IRQ_INTX; other <= VFA_IRQ_MSIX; other++)
		if (kind <= VFA_IRQ_MSIX && device->irqs[other])
			return irq_refuse_busy(device, other);
	return 0;
}

static void close_eventfds(struct vfa_irq *irq)
{
	for (uint32_t i = 0; i < irq->count; i++)
		sys_close(device_syscalls(irq->device), irq->fds[i]);
}

static int open_eventfds(struct vfa_irq *irq)
{
	for (uint32_t i = 0; i < irq->count; i++)
		irq->fds[i] = -1;
	for (uint32_t i = 0; i < irq->count; i++) {
		irq->fds[i] = sys_eventfd(device_syscalls(irq->device));
		if (irq->fds[i] < 0) {
			int err = irq->fds[i];

			close_eventfds(irq);
			return error_kernel(err, "%s: eventfd for vector %u of %s",
					    irq->device->bdf, irq->start + i, irq_name(irq->kind));
		}
	}
	return 0;
}

static int arm(struct vfa_irq *irq)
{
	int err = irq_set_eventfds(irq);

	if (!err)
		return 0;
	if (err > 0) /* the kernel's way to say how many it could allocate */
		return irq_refuse_vectors(irq, err);
	if (err == -ENOSPC)
		return irq_refuse_vectors(irq, 0);
	/* Older kernels count a pin that firmware has not wired. */
	if (err == -ENODEV && irq->kind == VFA_IRQ_INTX)
		return error_set(ENOENT, VFA_CAUSE_NO_IRQ,
				 "%s: its INTx pin is not connected to an interrupt\n"
				 "use MSI or MSI-X: vfa_irq_count tells how many it has",
				 irq->device->bdf);
	if (err == -ENOMEM)
		return error_memory();
	return error_kernel(err, "%s: VFIO_DEVICE_SET_IRQS of %s", irq->device->bdf,
			    irq_name(irq->kind));
}

static int new_irq(struct vfa_device *device, const struct vfio_irq_info *info,
		   enum vfa_irq_kind kind, uint32_t start, uint32_t count, struct vfa_irq **ret)
{
	struct vfa_irq *irq = calloc(1, sizeof(*irq) + count * sizeof(*irq->fds));
	int err;

	if (!irq)
		return error_memory();
	irq->device = device;
	irq->kind = kind;
	irq->maskable = info->flags & VFIO_IRQ_INFO_MASKABLE;
	irq->start = start;
	irq->count = count;
	err = open_eventfds(irq);
	if (err)
		goto free_irq;
	err = arm(irq);
	if (err)
		goto close_fds;
	*ret = irq;
	return 0;

close_fds:
	close_eventfds(irq);
free_irq:
	free(irq);
	return err;
}

VFA_API int vfa_irq_enable(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t start,
			   uint32_t count, struct vfa_irq **ret)
{
	struct vfio_irq_info info;
	int err;

	if (!device || !ret)
		return error_null(device ? "ret" : "device");
	err = irq_check_kind(kind);
	if (!err)
		err = irq_read_info(device, kind, &info);
	if (!err)
		err = irq_check_vectors(device, kind, start, count, info.count);
	if (err)
		return err;

	pthread_mutex_lock(&device->lock);
	err = check_free(device, kind);
	if (!err)
		err = new_irq(device, &info, kind, start, count, &device->irqs[kind]);
	if (!err)
		*ret = device->irqs[kind];
	pthread_mutex_unlock(&device->lock);
	return err;
}

static void release(struct vfa_irq *irq)
{
	/* The one form that disables without firing anything. */
	(void)irq_set(irq->device, irq->kind, VFIO_IRQ_SET_ACTION_TRIGGER, 0);
	close_eventfds(irq);
	irq->device->irqs[irq->kind] = NULL;
	free(irq);
}

VFA_API void vfa_irq_disable(struct vfa_irq *irq)
{
	struct vfa_device *device;

	if (!irq)
		return;
	device = irq->device;
	pthread_mutex_lock(&device->lock);
	release(irq);
	pthread_mutex_unlock(&device->lock);
}

void irq_release_all(struct vfa_device *device)
{
	for (size_t kind = 0; kind < IRQ_KINDS; kind++)
		if (device->irqs[kind])
			release(device->irqs[kind]);
}

/*
 * Linux restores MSI and MSI-X itself after a reset that it does; it writes the table anew here
 * for a device that lost it otherwise. A pin that was masked since it fired has nothing to wait
 * for any more.
 */
static int rearm(struct vfa_irq *irq)
{
	int err = arm(irq);

	if (!err && irq->maskable && !irq->held)
		err = irq_unmask(irq);
	return err;
}

int irq_rearm_all(struct vfa_device *device)
{
	int err = 0;

	pthread_mutex_lock(&device->lock);
	for (size_t kind = VFA_IRQ_INTX; kind <= VFA_IRQ_MSIX && !err; kind++)
		if (device->irqs[kind])
			err = rearm(device->irqs[kind]);
	pthread_mutex_unlock(&device->lock);
	return err;
}

VFA_API int vfa_irq_fd(const struct vfa_irq *irq, uint32_t vector)
{
	if (!irq)
		return error_null("irq");
	if (vector < irq->start || vector - irq->start >= irq->count)
		return error_set(EINVAL, VFA_CAUSE_IRQ_BOUNDS,
				 "%s: vector %u of %s is not enabled\nenabled are %u to %u",
				 irq->device->bdf, vector, irq_name(irq->kind), irq->start,
				 irq->start + irq->count - 1);
	return irq->fds[vector - irq->start];
}
