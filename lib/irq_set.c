/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "irq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int irq_set(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t action, uint32_t start,
	    uint32_t count)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | action,
		.index = irq_index(kind),
		.start = start,
		.count = count,
	};

	return device_ioctl(device, VFIO_DEVICE_SET_IRQS, &set);
}

int irq_set_eventfds(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t start,
		     uint32_t count, const struct irq_vector *vectors)
{
	size_t size = sizeof(struct vfio_irq_set) + count * sizeof(int32_t);
	struct vfio_irq_set *set = calloc(1, size);
	int32_t fd;
	int err;

	if (!set)
		return -ENOMEM;
	set->argsz = size;
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = irq_index(kind);
	set->start = start;
	set->count = count;
	for (uint32_t i = 0; i < count; i++) {
		fd = vectors ? vectors[i].fd : -1;
		memcpy(set->data + i * sizeof(fd), &fd, sizeof(fd));
	}
	err = device_ioctl(device, VFIO_DEVICE_SET_IRQS, set);
	free(set);
	return err;
}

int irq_set_unmask_eventfd(struct vfa_device *device, int fd)
{
	union {
		struct vfio_irq_set set;
		unsigned char bytes[sizeof(struct vfio_irq_set) + sizeof(int32_t)];
	} argument = { .set = {
			       .argsz = sizeof(argument.bytes),
			       .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK,
			       .index = VFIO_PCI_INTX_IRQ_INDEX,
			       .count = 1,
		       } };
	int32_t value = fd;

	memcpy(argument.bytes + sizeof(argument.set), &value, sizeof(value));
	return device_ioctl(device, VFIO_DEVICE_SET_IRQS, &argument);
}

/* What is not the library's own is not to be signalled by a trial. */
static struct irq_vector stand_in(const struct irq_vector *vector, int scratch)
{
	return vector->own || vector->fd < 0 ? *vector : (struct irq_vector){ scratch, true };
}

static bool has_foreign(const struct irq_vector *vectors, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (vectors[i].fd >= 0 && !vectors[i].own)
			return true;
	return false;
}

int irq_count_free(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t start,
		   uint32_t count, const struct irq_vector *vectors)
{
	const struct syscalls *sys = device_syscalls(device);
	bool is_needed = has_foreign(vectors, count);
	int scratch = is_needed ? sys_eventfd(sys) : -1;
	uint32_t got = 0;

	if (is_needed && scratch < 0)
		return scratch;
	for (; got < count; got++) {
		struct irq_vector vector = stand_in(&vectors[got], scratch);

		if (irq_set_eventfds(device, kind, start + got, 1, &vector))
			break;
	}
	if (got)
		(void)irq_set_eventfds(device, kind, start, got, NULL);
	sys_close(sys, scratch);
	return (int)got;
}
