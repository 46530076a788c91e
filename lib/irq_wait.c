/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "irq.h"

#include <errno.h>

#include "base/api.h"
#include "base/error.h"

/* With a timeout of 0 the caller has looked already. */
int irq_wait_readable(const struct syscalls *sys, const struct deadline *deadline,
		      struct pollfd *fds, size_t count)
{
	int ready;

	if (!deadline->timeout_ms)
		return -ETIMEDOUT;
	ready = deadline_poll(sys, deadline, fds, count);
	if (ready < 0)
		return ready;
	return ready ? 0 : -ETIMEDOUT;
}

/* To wait for ever is to read: that blocks, but not once vfa_irq_fd() has handed the fd out. */
static ssize_t read_event(const struct syscalls *sys, int fd, int timeout_ms, uint64_t *ret)
{
	return timeout_ms < 0 ? sys_read(sys, fd, ret, sizeof(*ret))
			      : sys_read_now(sys, fd, ret, sizeof(*ret));
}

/* Somebody else may have read the eventfd between poll and read: wait on. */
static int wait_event(const struct syscalls *sys, int fd, int timeout_ms, uint64_t *events)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	struct deadline deadline = deadline_in(timeout_ms);
	ssize_t used;
	int err;

	while ((used = read_event(sys, fd, timeout_ms, events)) == -EAGAIN) {
		err = irq_wait_readable(sys, &deadline, &wanted, 1);
		if (err)
			return err;
	}
	return used < 0 ? (int)used : 0;
}

/* It may block, count in other ways, or be read by somebody else, such as KVM. */
static int refuse_foreign(const struct vfa_irq *irq, uint32_t vector)
{
	return error_set(EINVAL, VFA_CAUSE_BAD_FD,
			 "%s: vector %u of %s signals an eventfd of the caller\n"
			 "wait for that one; vfa_irq_wait reads those of VFA_IRQ_OWN_EVENTFD",
			 irq->device->bdf, vector, irq_name(irq->kind));
}

VFA_API int vfa_irq_wait(struct vfa_irq *irq, uint32_t vector, int timeout_ms, uint64_t *ret)
{
	uint64_t events;
	int place = irq_check_enabled(irq, vector);
	int err;

	if (place < 0)
		return place;
	if (!irq->vectors[place].own)
		return refuse_foreign(irq, vector);
	err = wait_event(device_syscalls(irq->device), irq->vectors[place].fd, timeout_ms, &events);
	if (err == -ETIMEDOUT)
		return irq_refuse_timeout(irq, vector, timeout_ms);
	if (err)
		return error_kernel(err, "%s: wait for vector %u of %s", irq->device->bdf, vector,
				    irq_name(irq->kind));
	if (ret)
		*ret = events;
	return 0;
}
