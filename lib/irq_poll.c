/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* One fd that tells of all vectors of a handle; its events carry their numbers. */

#include <errno.h>

#include "base/api.h"
#include "base/error.h"
#include "irq.h"

static int add(const struct vfa_irq *irq, int epoll, uint32_t number,
	       const struct irq_vector *vectors, uint32_t count)
{
	const struct syscalls *sys = device_syscalls(irq->device);
	int err = 0;

	for (uint32_t i = 0; i < count && !err; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = number + i };

		if (vectors[i].own)
			err = sys_epoll_ctl(sys, epoll, EPOLL_CTL_ADD, vectors[i].fd, &event);
		if (err && i)
			irq_poll_remove(irq, vectors, i);
	}
	if (err)
		return error_kernel(err, "%s: have %u vectors of %s in an epoll", irq->device->bdf,
				    count, irq_name(irq->kind));
	return 0;
}

int irq_poll_add(const struct vfa_irq *irq, uint32_t number, const struct irq_vector *vectors,
		 uint32_t count)
{
	return irq->poll_fd < 0 ? 0 : add(irq, irq->poll_fd, number, vectors, count);
}

/* Closing them is not enough where a child of the process has them open. */
void irq_poll_remove(const struct vfa_irq *irq, const struct irq_vector *vectors, uint32_t count)
{
	const struct syscalls *sys = device_syscalls(irq->device);

	for (uint32_t i = 0; i < count && irq->poll_fd >= 0; i++)
		if (vectors[i].own)
			(void)sys_epoll_ctl(sys, irq->poll_fd, EPOLL_CTL_DEL, vectors[i].fd, NULL);
}

static int make(struct vfa_irq *irq)
{
	const struct syscalls *sys = device_syscalls(irq->device);
	int epoll = sys_epoll_create(sys), err;

	if (epoll < 0)
		return error_kernel(epoll, "%s: epoll for %s", irq->device->bdf,
				    irq_name(irq->kind));
	err = add(irq, epoll, irq->start, irq->vectors, irq->count);
	if (err) {
		sys_close(sys, epoll);
		return err;
	}
	irq->poll_fd = epoll;
	return 0;
}

VFA_API int vfa_irq_poll_fd(struct vfa_irq *irq)
{
	int err = 0, fd;

	if (!irq)
		return error_null("irq");
	pthread_mutex_lock(&irq->device->lock);
	if (irq->poll_fd < 0)
		err = make(irq);
	fd = irq->poll_fd;
	pthread_mutex_unlock(&irq->device->lock);
	return err ? err : fd;
}
