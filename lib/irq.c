/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "irq.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vfa/config.h>

#include "base/api.h"
#include "base/error.h"

struct vfa_irq {
	struct vfa_device *device;
	enum vfa_irq_kind kind;
	bool maskable;
	uint32_t start;
	uint32_t count;
	int fds[]; /* of vectors start to start + count - 1 */
};

static const struct {
	const char *name;
	uint32_t index; /* VFIO's */
} kinds[IRQ_KINDS] = {
	[VFA_IRQ_INTX] = { "INTx", VFIO_PCI_INTX_IRQ_INDEX },
	[VFA_IRQ_MSI] = { "MSI", VFIO_PCI_MSI_IRQ_INDEX },
	[VFA_IRQ_MSIX] = { "MSI-X", VFIO_PCI_MSIX_IRQ_INDEX },
	[VFA_IRQ_ERROR] = { "error", VFIO_PCI_ERR_IRQ_INDEX },
	[VFA_IRQ_REQUEST] = { "request", VFIO_PCI_REQ_IRQ_INDEX },
};

VFA_API const char *vfa_irq_kind_name(enum vfa_irq_kind kind)
{
	return (unsigned int)kind < IRQ_KINDS ? kinds[kind].name : "unknown";
}

static int check_kind(enum vfa_irq_kind kind)
{
	if ((unsigned int)kind < IRQ_KINDS)
		return 0;
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			 "%d is not a kind of interrupt\nuse one of enum vfa_irq_kind", kind);
}

/* A kind that the device lacks is an index beyond its last, an error, or a count of 0. */
static int read_info(struct vfa_device *device, enum vfa_irq_kind kind, struct vfio_irq_info *ret)
{
	int err;

	*ret = (struct vfio_irq_info){ .argsz = sizeof(*ret), .index = kinds[kind].index };
	if (ret->index >= device->irq_count)
		return 0;
	err = device_ioctl(device, VFIO_DEVICE_GET_IRQ_INFO, ret);
	if (err == -EINVAL) {
		ret->count = 0;
		return 0;
	}
	if (err < 0)
		return error_kernel(err, "%s: VFIO_DEVICE_GET_IRQ_INFO of %s", device->bdf,
				    kinds[kind].name);
	return 0;
}

VFA_API int vfa_irq_count(struct vfa_device *device, enum vfa_irq_kind kind)
{
	struct vfio_irq_info info;
	int err = device ? check_kind(kind) : error_null("device");

	if (!err)
		err = read_info(device, kind, &info);
	return err ? err : (int)info.count;
}

/* Without data: mask, unmask, or with a count of 0 disable the whole kind. */
static int set_irqs(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t action,
		    uint32_t count)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | action,
		.index = kinds[kind].index,
		.count = count,
	};

	return device_ioctl(device, VFIO_DEVICE_SET_IRQS, &set);
}

static int set_eventfds(const struct vfa_irq *irq)
{
	size_t size = sizeof(struct vfio_irq_set) + irq->count * sizeof(*irq->fds);
	struct vfio_irq_set *set = calloc(1, size);
	int err;

	if (!set)
		return -ENOMEM;
	set->argsz = size;
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = kinds[irq->kind].index;
	set->start = irq->start;
	set->count = irq->count;
	memcpy(set->data, irq->fds, irq->count * sizeof(*irq->fds));
	err = device_ioctl(irq->device, VFIO_DEVICE_SET_IRQS, set);
	free(set);
	return err;
}

static int refuse_busy(const struct vfa_device *device, enum vfa_irq_kind kind)
{
	return error_set(
		EBUSY, VFA_CAUSE_IRQ_BUSY,
		"%s: %s interrupts are enabled already\n"
		"disable them first: one handle a kind, and one of INTx, MSI and MSI-X at a "
		"time",
		device->bdf, kinds[kind].name);
}

static int check_free(const struct vfa_device *device, enum vfa_irq_kind kind)
{
	if (device->irqs[kind])
		return refuse_busy(device, kind);
	for (enum vfa_irq_kind other = VFA_IRQ_INTX; other <= VFA_IRQ_MSIX; other++)
		if (kind <= VFA_IRQ_MSIX && device->irqs[other])
			return refuse_busy(device, other);
	return 0;
}

static int check_vectors(const struct vfa_device *device, enum vfa_irq_kind kind, uint32_t start,
			 uint32_t count, uint32_t available)
{
	if (!count)
		return error_set(
			EINVAL, VFA_CAUSE_EMPTY,
			"%s: enable 0 vectors of %s\ngive at least 1; vfa_irq_disable disables",
			device->bdf, kinds[kind].name);
	if (!available)
		return error_set(
			ENOENT, VFA_CAUSE_NO_IRQ,
			"%s has no %s interrupts\nvfa_irq_count tells how many of each kind",
			device->bdf, kinds[kind].name);
	if (start >= available || count > available - start)
		return error_set(EINVAL, VFA_CAUSE_IRQ_BOUNDS,
				 "%s: %u vectors of %s from %u on: the device has %u\n"
				 "ask for vectors below %u",
				 device->bdf, count, kinds[kind].name, start, available, available);
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
					    irq->device->bdf, irq->start + i,
					    kinds[irq->kind].name);
		}
	}
	return 0;
}

static int refuse_vectors(const struct vfa_irq *irq, int available)
{
	if (!available)
		return error_set(ENOSPC, VFA_CAUSE_IRQ_BOUNDS,
				 "%s: the machine has no vector of %s free\n"
				 "disable interrupts of other devices, or use another kind",
				 irq->device->bdf, kinds[irq->kind].name);
	return error_set(ENOSPC, VFA_CAUSE_IRQ_BOUNDS,
			 "%s: the machine has %d vectors of %s free, not %u\n"
			 "ask for %d or fewer from vector 0 on",
			 irq->device->bdf, available, kinds[irq->kind].name,
			 irq->start + irq->count, available);
}

static int arm(struct vfa_irq *irq)
{
	int err = set_eventfds(irq);

	if (!err)
		return 0;
	if (err > 0) /* the kernel's way to say how many it could allocate */
		return refuse_vectors(irq, err);
	if (err == -ENOSPC)
		return refuse_vectors(irq, 0);
	/* Older kernels count a pin that firmware has not wired. */
	if (err == -ENODEV && irq->kind == VFA_IRQ_INTX)
		return error_set(ENOENT, VFA_CAUSE_NO_IRQ,
				 "%s: its INTx pin is not connected to an interrupt\n"
				 "use MSI or MSI-X: vfa_irq_count tells how many it has",
				 irq->device->bdf);
	if (err == -ENOMEM)
		return error_memory();
	return error_kernel(err, "%s: VFIO_DEVICE_SET_IRQS of %s", irq->device->bdf,
			    kinds[irq->kind].name);
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
	err = check_kind(kind);
	if (!err)
		err = read_info(device, kind, &info);
	if (!err)
		err = check_vectors(device, kind, start, count, info.count);
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
	(void)set_irqs(irq->device, irq->kind, VFIO_IRQ_SET_ACTION_TRIGGER, 0);
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

VFA_API int vfa_irq_fd(const struct vfa_irq *irq, uint32_t vector)
{
	if (!irq)
		return error_null("irq");
	if (vector < irq->start || vector - irq->start >= irq->count)
		return error_set(EINVAL, VFA_CAUSE_IRQ_BOUNDS,
				 "%s: vector %u of %s is not enabled\nenabled are %u to %u",
				 irq->device->bdf, vector, kinds[irq->kind].name, irq->start,
				 irq->start + irq->count - 1);
	return irq->fds[vector - irq->start];
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* What is left of a timeout that ends at @deadline; negative for ever. */
static int remaining(int timeout_ms, int64_t deadline)
{
	int64_t left = deadline - now_ms();

	if (timeout_ms <= 0)
		return timeout_ms;
	return left > 0 ? (int)left : 0;
}

/* 1 when @fd is readable, 0 when the time is over. */
static int wait_readable(const struct syscalls *sys, int fd, int timeout_ms, int64_t deadline)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	int ready;

	do
		ready = sys_poll(sys, &wanted, 1, remaining(timeout_ms, deadline));
	while (ready == -EINTR);
	return ready;
}

/* Somebody else may have read the eventfd between poll and read: wait on. */
static int wait_event(const struct syscalls *sys, int fd, int timeout_ms, uint64_t *events)
{
	int64_t deadline = now_ms() + timeout_ms;
	ssize_t used;
	int ready;

	do {
		ready = wait_readable(sys, fd, timeout_ms, deadline);
		if (ready <= 0)
			return ready ? ready : -ETIMEDOUT;
		used = sys_read(sys, fd, events, sizeof(*events));
	} while (used == -EAGAIN);
	return used < 0 ? (int)used : 0;
}

static int refuse_timeout(const struct vfa_irq *irq, uint32_t vector, int timeout_ms)
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
			 kinds[irq->kind].name, timeout_ms, hint);
}

VFA_API int vfa_irq_wait(struct vfa_irq *irq, uint32_t vector, int timeout_ms, uint64_t *ret)
{
	uint64_t events;
	int fd = vfa_irq_fd(irq, vector);
	int err;

	if (fd < 0)
		return fd;
	err = wait_event(device_syscalls(irq->device), fd, timeout_ms, &events);
	if (err == -ETIMEDOUT)
		return refuse_timeout(irq, vector, timeout_ms);
	if (err)
		return error_kernel(err, "%s: wait for vector %u of %s", irq->device->bdf, vector,
				    kinds[irq->kind].name);
	if (ret)
		*ret = events;
	return 0;
}

static int change_mask(struct vfa_irq *irq, uint32_t action)
{
	int err;

	if (!irq)
		return error_null("irq");
	if (!irq->maskable)
		return error_set(EOPNOTSUPP, VFA_CAUSE_NO_IRQ,
				 "%s: %s interrupts cannot be masked through VFIO\n"
				 "mask them in the device, or ignore their eventfds",
				 irq->device->bdf, kinds[irq->kind].name);
	err = set_irqs(irq->device, irq->kind, action, 1);
	if (err < 0)
		return error_kernel(err, "%s: VFIO_DEVICE_SET_IRQS of %s", irq->device->bdf,
				    kinds[irq->kind].name);
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
