/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "irq.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <vfa/config.h>

#include "base/error.h"
#include "gone.h"

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

int irq_check_reserve(const struct vfa_device *device, enum vfa_irq_kind kind, uint32_t reserve,
		      uint32_t least, uint32_t available)
{
	if (!reserve || (reserve >= least && reserve <= available))
		return 0;
	return error_set(EINVAL, VFA_CAUSE_IRQ_BOUNDS,
			 "%s: %u vectors of %s to reserve: %u are to be enabled and the device has "
			 "%u\n"
			 "reserve is a number of vectors, from vector 0 on",
			 device->bdf, reserve, irq_name(kind), least, available);
}

int irq_check_vector(const struct vfa_irq *irq, uint32_t vector)
{
	uint32_t place;

	if (!irq)
		return error_null("irq");
	place = vector - irq->start;
	if (vector < irq->start || place >= irq->count)
		return error_set(EINVAL, VFA_CAUSE_IRQ_BOUNDS,
				 "%s: vector %u of %s is not enabled\nenabled are %u to %u",
				 irq->device->bdf, vector, irq_name(irq->kind), irq->start,
				 irq->start + irq->count - 1);
	return (int)place;
}

int irq_check_enabled(const struct vfa_irq *irq, uint32_t vector)
{
	int place = irq_check_vector(irq, vector);

	if (place >= 0 && irq->vectors[place].fd < 0)
		return error_set(EINVAL, VFA_CAUSE_IRQ_BOUNDS,
				 "%s: vector %u of %s has no eventfd\n"
				 "give it one: vfa_irq_set_eventfd",
				 irq->device->bdf, vector, irq_name(irq->kind));
	return place;
}

int irq_refuse_vectors(const struct vfa_irq *irq, uint32_t from, uint32_t wanted,
		       uint32_t available)
{
	if (!available)
		return error_set(ENOSPC, VFA_CAUSE_IRQ_BOUNDS,
				 "%s: the machine has no vector of %s free\n"
				 "disable interrupts of other devices, or use another kind",
				 irq->device->bdf, irq_name(irq->kind));
	return error_set(ENOSPC, VFA_CAUSE_IRQ_BOUNDS,
			 "%s: the machine has %u vectors of %s free, not %u\n"
			 "ask for %u or fewer from vector %u on",
			 irq->device->bdf, available, irq_name(irq->kind), wanted, available, from);
}

int irq_refuse_growth(const struct vfa_irq *irq, uint32_t count)
{
	return error_set(
		EOPNOTSUPP, VFA_CAUSE_IRQ_FIXED,
		"%s: %u vectors of %s from %u on: the kernel has taken %u from the machine, "
		"and cannot take more while they are enabled\n"
		"enable them with struct vfa_irq_options and its reserve, or disable them "
		"and enable more; Linux 6.5 and later can, of MSI-X",
		irq->device->bdf, count, irq_name(irq->kind), irq->start, irq->allocated);
}

int irq_refuse_lost(const struct vfa_irq *irq, uint32_t vector, const char *what, int err)
{
	return error_set(err, VFA_CAUSE_NOT_RESTORED,
			 "%s: the %s of vector %u of %s could not be exchanged, nor be had back: "
			 "it has none now\n"
			 "set it again, or disable the interrupts and enable them",
			 irq->device->bdf, what, vector, irq_name(irq->kind));
}

int irq_refuse_set(const struct vfa_irq *irq, int err)
{
	/* Older kernels count a pin that firmware has not wired. */
	if (err == -ENODEV && irq->kind == VFA_IRQ_INTX)
		return error_set(ENOENT, VFA_CAUSE_NO_IRQ,
				 "%s: its INTx pin is not connected to an interrupt\n"
				 "use MSI or MSI-X: vfa_irq_count tells how many it has",
				 irq->device->bdf);
	/* Without the status bit of PCI 2.3 the kernel cannot tell whose interrupt it was. */
	if (err == -EBUSY && irq->kind == VFA_IRQ_INTX)
		return error_set(EBUSY, VFA_CAUSE_IRQ_BUSY,
				 "%s: its INTx line has other users, and it needs the line alone\n"
				 "use MSI or MSI-X, or unbind the drivers that share its line in "
				 "/proc/interrupts",
				 irq->device->bdf);
	if (err == -ENOMEM)
		return error_memory();
	return error_device(irq->device, err, "%s: VFIO_DEVICE_SET_IRQS of %s", irq->device->bdf,
			    irq_name(irq->kind));
}

int irq_refuse_idle(struct vfa_irq *const *irqs, size_t count, int timeout_ms)
{
	for (size_t i = 0; timeout_ms && i < count; i++)
		if (vfa_device_check(irqs[i]->device) < 0)
			return -ENODEV;
	return error_set(ETIMEDOUT, VFA_CAUSE_TIMEOUT,
			 "%s: nothing fired within %d ms, of %zu handles of interrupts\n"
			 "see whether the device was told to interrupt; MSI and MSI-X need bus "
			 "mastering, and INTx stays masked after it fired",
			 irqs[0]->device->bdf, timeout_ms, count);
}

static const char *timeout_hint(const struct vfa_irq *irq, int state)
{
	uint16_t command = 0;

	if (state == VFA_DEVICE_LEAVING && irq->kind != VFA_IRQ_REQUEST)
		return "the kernel wants the device back, and waits for it to be closed";
	if (state == VFA_DEVICE_ASLEEP)
		return "the device is asleep";
	if (irq->kind == VFA_IRQ_INTX)
		return "INTx stays masked after it fired: vfa_irq_unmask";
	if (irq->kind <= VFA_IRQ_MSIX && !vfa_config_read16(irq->device, PCI_COMMAND, &command) &&
	    !(command & PCI_COMMAND_MASTER))
		return "bus mastering is off, and messages need it: vfa_device_enable_bus_master";
	return "see whether the device was told to interrupt";
}

int irq_refuse_timeout(const struct vfa_irq *irq, uint32_t vector, int timeout_ms)
{
	/* One that only looks may do so often. */
	int state = timeout_ms ? vfa_device_check(irq->device) : VFA_DEVICE_READY;

	if (state < 0)
		return state;
	return error_set(ETIMEDOUT, VFA_CAUSE_TIMEOUT,
			 "%s: vector %u of %s did not fire within %d ms\n%s", irq->device->bdf,
			 vector, irq_name(irq->kind), timeout_ms, timeout_hint(irq, state));
}
