/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Wait for any vector of one or several handles. */

#include <errno.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"
#include "irq.h"

#define BATCH 64 /* events that are taken at a time */

struct events {
	struct vfa_irq_event *list;
	size_t max;
	size_t count;
};

/* Somebody else may have read it since it was readable: 0 then, 1 for an event. */
static int take(struct vfa_irq *irq, uint32_t vector, struct vfa_irq_event *ret)
{
	uint64_t count;
	ssize_t used = sys_read_now(device_syscalls(irq->device),
				    irq->vectors[vector - irq->start].fd, &count, sizeof(count));

	if (used < 0)
		return used == -EAGAIN ? 0 : (int)used;
	*ret = (struct vfa_irq_event){ .irq = irq, .vector = vector, .count = count };
	return 1;
}

/* Up to a batch of those that are readable now; gives how many were. */
static int collect_batch(struct vfa_irq *irq, int poll_fd, struct events *events)
{
	size_t room = events->max - events->count;
	struct epoll_event ready[BATCH];
	int got = sys_epoll_look(device_syscalls(irq->device), poll_fd, ready,
				 room < BATCH ? (int)room : BATCH);

	for (int i = 0; i < got; i++) {
		int taken = take(irq, ready[i].data.u32, &events->list[events->count]);

		if (taken < 0)
			return taken;
		events->count += (size_t)taken;
	}
	return got;
}

/* In the order of the handles. What has been taken is given, though a later one fails. */
static int collect(struct vfa_irq *const *irqs, const struct pollfd *fds, size_t count,
		   struct events *events)
{
	int got = 0;

	for (size_t i = 0; i < count && got >= 0 && events->count < events->max; i++)
		do
			got = collect_batch(irqs[i], fds[i].fd, events);
		while (got == BATCH && events->count < events->max);
	return got < 0 && !events->count ? got : 0;
}

static int wait_for(struct vfa_irq *const *irqs, struct pollfd *fds, size_t count, int timeout_ms,
		    struct events *events)
{
	const struct syscalls *sys = device_syscalls(irqs[0]->device);
	struct deadline deadline = deadline_in(timeout_ms);
	int err;

	do {
		err = collect(irqs, fds, count, events);
		if (!err && !events->count)
			err = irq_wait_readable(sys, &deadline, fds, count);
	} while (!err && !events->count);
	if (err == -ETIMEDOUT)
		return irq_refuse_idle(irqs, count, timeout_ms);
	if (err)
		return error_kernel(err, "%s: wait for interrupts", irqs[0]->device->bdf);
	return (int)events->count;
}

static int find_fds(struct vfa_irq *const *irqs, size_t count, struct pollfd *ret)
{
	for (size_t i = 0; i < count; i++) {
		int fd = vfa_irq_poll_fd(irqs[i]);

		if (fd < 0)
			return fd;
		ret[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	return 0;
}

static int check(struct vfa_irq *const *irqs, size_t count, const void *events, size_t max)
{
	if (!irqs || !events)
		return error_null(irqs ? "events" : "irqs");
	if (!count || !max)
		return error_set(EINVAL, VFA_CAUSE_EMPTY,
				 "wait for %zu handles of interrupts with room for %zu events\n"
				 "give at least one handle, and room for one event",
				 count, max);
	return 0;
}

VFA_API int vfa_irq_wait_any(struct vfa_irq *const *irqs, size_t count, int timeout_ms,
			     struct vfa_irq_event *events, size_t max)
{
	struct events found = { .list = events, .max = max < INT32_MAX ? max : INT32_MAX };
	struct pollfd *fds;
	int err = check(irqs, count, events, max);

	if (err)
		return err;
	fds = calloc(count, sizeof(*fds));
	if (!fds)
		return error_memory();
	err = find_fds(irqs, count, fds);
	if (!err)
		err = wait_for(irqs, fds, count, timeout_ms, &found);
	free(fds);
	return err;
}
