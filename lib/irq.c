/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "irq.h"

#include <errno.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"
#include "base/options.h"

static int check_free(const struct vfa_device *device, enum vfa_irq_kind kind)
{
	if (device->irqs[kind])
		return irq_refuse_busy(device, kind);
	for (enum vfa_irq_kind other = VFA_IRQ_INTX; other <= VFA_IRQ_MSIX; other++)
		if (kind <= VFA_IRQ_MSIX && device->irqs[other])
			return irq_refuse_busy(device, other);
	return 0;
}

/* The one form that disables without firing anything. */
static void disable_kind(struct vfa_device *device, enum vfa_irq_kind kind)
{
	(void)irq_set(device, kind, VFIO_IRQ_SET_ACTION_TRIGGER, 0, 0);
}

/* Vectors from 0 on are taken from the machine, and signal nothing yet. */
static int allocate(struct vfa_irq *irq, uint32_t count)
{
	int err = irq_set_eventfds(irq->device, irq->kind, 0, count, NULL);

	if (err > 0 || err == -ENOSPC) /* the kernel's way to say how many it could allocate */
		return irq_refuse_vectors(irq, 0, count, err > 0 ? (uint32_t)err : 0);
	if (err)
		return irq_refuse_set(irq, err);
	irq->allocated = count;
	return 0;
}

/*
 * The kernel says how many it can allocate, if not all, but not how many of those the
 * processors have vectors for. That is found out by having them.
 */
static int refuse_space(struct vfa_irq *irq, uint32_t allocatable)
{
	uint32_t count = allocatable - irq->start;
	int err = allocate(irq, allocatable), available;

	if (err)
		return err;
	available = irq_count_free(irq->device, irq->kind, irq->start, count, irq->vectors);
	disable_kind(irq->device, irq->kind);
	if (available < 0)
		return irq_refuse_set(irq, -ENOSPC);
	return irq_refuse_vectors(irq, irq->start, irq->count, (uint32_t)available);
}

static int arm(struct vfa_irq *irq)
{
	return irq_set_eventfds(irq->device, irq->kind, irq->start, irq->count, irq->vectors);
}

static int refuse_enable(struct vfa_irq *irq, int err)
{
	if (err > (int)irq->start)
		return refuse_space(irq, (uint32_t)err);
	if (err > 0)
		return irq_refuse_vectors(irq, 0, irq->start + irq->count, (uint32_t)err);
	if (err == -ENOSPC && irq->kind <= VFA_IRQ_MSIX)
		return refuse_space(irq, irq->start + irq->count);
	return irq_refuse_set(irq, err);
}

static int enable(struct vfa_irq *irq, uint32_t reserve)
{
	int err = 0;

	if (reserve > irq->start + irq->count)
		err = allocate(irq, reserve);
	if (err)
		return err;
	err = arm(irq);
	if (err) {
		if (irq->allocated)
			disable_kind(irq->device, irq->kind);
		return refuse_enable(irq, err);
	}
	if (!irq->allocated)
		irq->allocated = irq->start + irq->count;
	return 0;
}

/* What is asked for, checked. */
struct request {
	enum vfa_irq_kind kind;
	uint32_t start;
	uint32_t count;
	struct vfio_irq_info info;
	struct vfa_irq_options options;
};

static int new_irq(struct vfa_device *device, const struct request *request, struct vfa_irq **ret)
{
	uint32_t room = request->info.count - request->start;
	struct vfa_irq *irq = calloc(1, sizeof(*irq) + room * sizeof(*irq->vectors));
	int err;

	if (!irq)
		return error_memory();
	irq->device = device;
	irq->kind = request->kind;
	irq->poll_fd = -1;
	irq->unmask_fd = -1;
	irq->flags = request->info.flags;
	irq->start = request->start;
	irq->room = room;
	irq->count = request->count;
	err = irq_vectors_open(irq, 0, irq->count, request->options.eventfds);
	if (err)
		goto free_irq;
	err = enable(irq, request->options.reserve);
	if (err)
		goto close_eventfds;
	*ret = irq;
	return 0;

close_eventfds:
	irq_vectors_close(irq, 0, irq->count);
free_irq:
	free(irq);
	return err;
}

static int check_request(struct vfa_device *device, struct request *request,
			 const struct vfa_irq_options *options)
{
	int err = options_copy("vfa_irq_options", options,
			       OPTIONS_UP_TO(struct vfa_irq_options, eventfds), &request->options,
			       sizeof(request->options));

	if (!err)
		err = irq_check_kind(request->kind);
	if (!err)
		err = irq_read_info(device, request->kind, &request->info);
	if (!err)
		err = irq_check_vectors(device, request->kind, request->start, request->count,
					request->info.count);
	if (err)
		return err;
	return irq_check_reserve(device, request->kind, request->options.reserve,
				 request->start + request->count, request->info.count);
}

VFA_API int vfa_irq_enable(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t start,
			   uint32_t count, const struct vfa_irq_options *options,
			   struct vfa_irq **ret)
{
	struct request request = { .kind = kind, .start = start, .count = count };
	int err;

	if (!device || !ret)
		return error_null(device ? "ret" : "device");
	err = check_request(device, &request, options);
	if (err)
		return err;

	pthread_mutex_lock(&device->lock);
	err = check_free(device, kind);
	if (!err)
		err = new_irq(device, &request, &device->irqs[kind]);
	if (!err)
		*ret = device->irqs[kind];
	pthread_mutex_unlock(&device->lock);
	return err;
}

static void release(struct vfa_irq *irq)
{
	disable_kind(irq->device, irq->kind);
	sys_close(device_syscalls(irq->device), irq->poll_fd);
	irq_vectors_close(irq, 0, irq->count);
	sys_close(device_syscalls(irq->device), irq->unmask_fd);
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

	if (err)
		return irq_refuse_set(irq, err);
	if (irq->flags & VFIO_IRQ_INFO_MASKABLE && !irq->held)
		return irq_unmask(irq);
	return 0;
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
	int place = irq_check_enabled(irq, vector), err = 0;
	const struct irq_vector *wanted;

	if (place < 0)
		return place;
	wanted = &irq->vectors[place];
	if (wanted->own)
		err = sys_set_nonblocking(device_syscalls(irq->device), wanted->fd);
	if (err)
		return error_kernel(err, "%s: hand out the eventfd of vector %u of %s",
				    irq->device->bdf, vector, irq_name(irq->kind));
	return wanted->fd;
}
