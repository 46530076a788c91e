/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a vector signals: an eventfd made here, a duplicate of the caller's, or nothing. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "irq.h"

static int make(const struct vfa_irq *irq, uint32_t vector, struct irq_vector *ret)
{
	int fd = sys_eventfd(device_syscalls(irq->device));

	if (fd < 0)
		return error_kernel(fd, "%s: eventfd for vector %u of %s", irq->device->bdf, vector,
				    irq_name(irq->kind));
	*ret = (struct irq_vector){ fd, true };
	return 0;
}

/* The kernel has one errno for this and much else. Without /proc it is asked all the same. */
static bool may_be_eventfd(const struct syscalls *sys, int fd)
{
	char path[32], target[32] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return sys_readlink(sys, path, target, sizeof(target) - 1) < 0 ||
	       strstr(target, "[eventfd]");
}

static int duplicate(const struct vfa_irq *irq, uint32_t vector, int fd, struct irq_vector *ret)
{
	const struct syscalls *sys = device_syscalls(irq->device);
	int copy = fd < 0 ? -EBADF : sys_dup(sys, fd);

	if (copy >= 0 && may_be_eventfd(sys, copy)) {
		*ret = (struct irq_vector){ copy, false };
		return 0;
	}
	sys_close(sys, copy);
	if (copy < 0 && copy != -EBADF)
		return error_kernel(copy, "%s: duplicate fd %d for vector %u of %s",
				    irq->device->bdf, fd, vector, irq_name(irq->kind));
	return error_set(copy < 0 ? EBADF : EINVAL, VFA_CAUSE_BAD_FD,
			 "%s: fd %d for vector %u of %s is not %s\n"
			 "pass an eventfd, VFA_IRQ_NO_EVENTFD or VFA_IRQ_OWN_EVENTFD",
			 irq->device->bdf, fd, vector, irq_name(irq->kind),
			 copy < 0 ? "open" : "an eventfd");
}

int irq_vector_open(const struct vfa_irq *irq, uint32_t vector, int wanted, struct irq_vector *ret)
{
	if (wanted == VFA_IRQ_OWN_EVENTFD)
		return make(irq, vector, ret);
	if (wanted != VFA_IRQ_NO_EVENTFD)
		return duplicate(irq, vector, wanted, ret);
	*ret = (struct irq_vector){ -1, false };
	return 0;
}

void irq_vectors_close(struct vfa_irq *irq, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++) {
		sys_close(device_syscalls(irq->device), irq->vectors[i].fd);
		irq->vectors[i] = (struct irq_vector){ -1, false };
	}
}

int irq_vectors_open(struct vfa_irq *irq, uint32_t first, uint32_t count, const int *wanted)
{
	int err;

	for (uint32_t i = 0; i < count; i++) {
		err = irq_vector_open(irq, irq->start + first + i,
				      wanted ? wanted[i] : VFA_IRQ_OWN_EVENTFD,
				      &irq->vectors[first + i]);
		if (err) {
			irq_vectors_close(irq, first, i);
			return err;
		}
	}
	return 0;
}
