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

/* Before the kernel is asked: a reset in another thread is not to unmask it again. */
VFA_API int vfa_irq_mask(struct vfa_irq *irq)
{
	bool before;
	int err = check_maskable(irq);

	if (err)
		return err;
	before = atomic_exchange(&irq->held, true);
	err = change_mask(irq, VFIO_IRQ_SET_ACTION_MASK);
	if (err)
		atomic_store(&irq->held, before);
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
