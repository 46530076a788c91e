/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "irq.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <vfa/config.h>

#include "base/error.h"

int irq_refuse_busy(const struct vfa_device *device, enum vfa_irq_kind kind)
{
	return error_set(
		EBUSY, VFA_CAUSE_IRQ_BUSY,
		"%s: %s interrupts are enabled already\n"
		"disable them first: one handle a kind, and one of INTx, MSI and MSI-X at a "
		"time",
		device->bdf, irq_name(kind));
}

int irq_check_vectors(const struct vfa_device *device, enum vfa_irq_kind kind, uint32_t start,
		      uint32_t count, uint32_t available)
{
	if (!count)
		return error_set(
			EINVAL, VFA_CAUSE_EMPTY,
			"%s: enable 0 vectors of %s\ngive at least 1; vfa_irq_disable disables",
			device->bdf, irq_name(kind));
	if (!available)
		return error_set(
			ENOENT, VFA_CAUSE_NO_IRQ,
			"%s has no %s interrupts\nvfa_irq_count tells how many of each kind",
			device->bdf, irq_name(kind));
	if (start >= available || count > available - start)
		return error_set(EINVAL, VFA_CAUSE_IRQ_BOUNDS,
				 "%s: %u vectors of %s from %u on: the device has %u\n"
				 "ask for vectors below %u",
				 device->bdf, count, irq_name(kind), start, available, available);
	return 0;
}

int irq_refuse_vectors(const struct vfa_irq *irq, int available)
{
	if (!available)
		return error_set(ENOSPC, VFA_CAUSE_IRQ_BOUNDS,
				 "%s: the machine has no vector of %s free\n"
				 "disable interrupts of other devices, or use another kind",
				 irq->device->bdf, irq_name(irq->kind));
	return error_set(ENOSPC, VFA_CAUSE_IRQ_BOUNDS,
			 "%s: the machine has %d vectors of %s free, not %u\n"
			 "ask for %d or fewer from vector 0 on",
			 irq->device->bdf, available, irq_name(irq->kind), irq->start + irq->count,
			 available);
}

int irq_refuse_timeout(const struct vfa_irq *irq, uint32_t vector, int timeout_ms)
{
	struct vfa_device *device = irq->device;
	const char *hint = "see whether the device was told to interrupt";
	uint16_t command = 0;

	if (irq->kind == VFA_IRQ_INTX)
		hint = "INTx stays masked after it fired: vfa_irq_unmask";
	else if (irq->kind <= VFA_IRQ_MSIX && !vfa_config_read16(device, PCI_COMMAND, &command) &&
		 !(command & PCI_COMMAND_MASTER))
		hint = "bus mastering is off, and messages need it: vfa_device_enable_bus_master";
	return error_set(ETIMEDOUT, VFA_CAUSE_TIMEOUT,
			 "%s: vector %u of %s did not fire within %d ms\n%s", device->bdf, vector,
			 irq_name(irq->kind), timeout_ms, hint);
}
