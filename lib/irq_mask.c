/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "irq.h"

#include <errno.h>

#include "base/api.h"
#include "base/error.h"

static int change_mask(struct vfa_irq *irq, uint32_t action)
{
	int err = irq_set(irq->device, irq->kind, action, 0, 1);

	return err < 0 ? irq_refuse_set(irq, err) : 0;
}

int irq_unmask(struct vfa_irq *irq)
{
	return change_mask(irq, VFIO_IRQ_SET_ACTION_UNMASK);
}

static int check_maskable(const struct vfa_irq *irq)
{
	if (!irq)
		return error_null("irq");
	if (irq->flags & VFIO_IRQ_INFO_MASKABLE)
		return 0;
	return error_set(EOPNOTSUPP, VFA_CAUSE_NO_IRQ,
			 "%s: %s interrupts cannot be masked through VFIO\n"
			 "mask them in the device, or ignore their eventfds",
			 irq->device->bdf, irq_name(irq->kind));
}

/* Under the lock: a reset in another thread looks whether to unmask, and unmasks. */
VFA_API int vfa_irq_mask(struct vfa_irq *irq)
{
	int err = check_maskable(irq);

	if (err)
		return err;
	pthread_mutex_lock(&irq->device->lock);
	err = change_mask(irq, VFIO_IRQ_SET_ACTION_MASK);
	if (!err)
		atomic_store(&irq->held, true);
	pthread_mutex_unlock(&irq->device->lock);
	return err;
}

VFA_API int vfa_irq_unmask(struct vfa_irq *irq)
{
	int err = check_maskable(irq);

	if (!err)
		err = irq_unmask(irq);
	if (!err)
		atomic_store(&irq->held, false);
	return err;
}

/* The kernel has room for one: the old one has to go first, and comes back if need be. */
static int exchange_unmask_fd(struct vfa_irq *irq, int fd)
{
	struct vfa_device *device = irq->device;
	int old = irq->unmask_fd, err = 0;

	if (old >= 0)
		err = irq_set_unmask_eventfd(device, -1);
	if (err)
		return irq_refuse_set(irq, err);
	if (fd >= 0)
		err = irq_set_unmask_eventfd(device, fd);
	if (err && old >= 0 && !irq_set_unmask_eventfd(device, old))
		return irq_refuse_set(irq, err);
	irq->unmask_fd = err ? -1 : fd;
	sys_close(device_syscalls(device), old);
	if (err && old >= 0)
		return irq_refuse_lost(irq, 0, "unmask eventfd", err);
	return err ? irq_refuse_set(irq, err) : 0;
}

VFA_API int vfa_irq_set_unmask_eventfd(struct vfa_irq *irq, int fd)
{
	struct irq_vector next;
	int err = check_maskable(irq);

	if (!err && fd == VFA_IRQ_OWN_EVENTFD)
		err = error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				"%s: the library makes no eventfd to unmask by\n"
				"pass one, or VFA_IRQ_NO_EVENTFD",
				irq->device->bdf);
	if (!err)
		err = irq_vector_open(irq, 0, fd, &next);
	if (err)
		return err;
	pthread_mutex_lock(&irq->device->lock);
	err = exchange_unmask_fd(irq, next.fd);
	pthread_mutex_unlock(&irq->device->lock);
	if (err)
		sys_close(device_syscalls(irq->device), next.fd);
	return err;
}
