/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "irq.h"

#include <errno.h>

#include "base/api.h"
#include "base/error.h"

static int change_mask(struct vfa_irq *irq, uint32_t action)
{
	int err;

	if (!irq)
		return error_null("irq");
	if (!irq->maskable)
		return error_set(EOPNOTSUPP, VFA_CAUSE_NO_IRQ,
				 "%s: %s interrupts cannot be masked through VFIO\n"
				 "mask them in the device, or ignore their eventfds",
				 irq->device->bdf, irq_name(irq->kind));
	err = irq_set(irq->device, irq->kind, action, 1);
	if (err < 0)
		return error_kernel(err, "%s: VFIO_DEVICE_SET_IRQS of %s", irq->device->bdf,
				    irq_name(irq->kind));
	return 0;
}

VFA_API int vfa_irq_mask(struct vfa_irq *irq)
{
	return change_mask(irq, VFIO_IRQ_SET_ACTION_MASK);
}

VFA_API int vfa_irq_unmask(struct vfa_irq *irq)
{
	return change_mask(irq, VFIO_IRQ_SET_ACTION_UNMASK);
}
