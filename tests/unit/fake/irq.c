/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake/internal.h"

#define NONE FAKE_IRQS

uint32_t fake_irq_count(const struct fake_device *device, uint32_t index)
{
	return index < FAKE_IRQS ? device->irqs[index].count : 0;
}

bool fake_is_eventfd(int fd)
{
	char path[64], target[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, target, sizeof(target) - 1) > 0 && strstr(target, "[eventfd]");
}

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The kernel holds the eventfd itself; here a duplicate does. */
static int hold(int *slot, int fd)
{
	int copy = -1;

	if (fd >= 0 && fcntl(fd, F_GETFD) < 0)
		return -EBADF;
	if (fd >= 0 && !fake_is_eventfd(fd))
		return -EINVAL;
	if (fd >= 0)
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0 && copy < 0)
		return -errno;
	drop(slot);
	*slot = copy;
	return 0;
}

void fake_signal_eventfd(int fd)
{
	uint64_t one = 1;

	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}

static void drop_all(struct fake_device *device, uint32_t index)
{
	for (size_t i = 0; i < device->irqs[index].count; i++)
		drop(&device->irqs[index].fds[i]);
}

static void disable(struct fake_device *device, uint32_t index)
{
	drop_all(device, index);
	drop(&device->unmask_fd);
	device->irq_type = NONE;
	device->irq_allocated = 0;
}

void fake_irq_disable_all(struct fake_device *device)
{
	for (uint32_t i = 0; i < FAKE_IRQS; i++)
		drop_all(device, i);
	drop(&device->unmask_fd);
	device->irq_type = NONE;
	device->irq_allocated = 0;
}

static uint32_t count_in_use(const struct fake_device *device, uint32_t index)
{
	uint32_t count = 0;

	for (size_t i = 0; i < device->irqs[index].count; i++)
		count += device->irqs[index].fds[i] >= 0;
	return count;
}

/* What was not allocated at first is when it is wanted, if the kernel can. */
static int have_vector(struct fake_device *device, uint32_t index, uint32_t vector)
{
	bool grows = index == VFIO_PCI_MSIX_IRQ_INDEX && fake_settings.dynamic_msix;

	if (vector >= device->irq_allocated && !grows)
		return -EINVAL;
	if (device->irqs[index].fds[vector] < 0 &&
	    count_in_use(device, index) >= fake_settings.processor_vectors)
		return -ENOSPC;
	if (vector >= device->irq_allocated) {
		if (vector >= fake_settings.free_vectors)
			return -ENOSPC;
		device->irq_allocated = vector + 1;
	}
	return 0;
}

static int set_block(struct fake_device *device, const struct vfio_irq_set *set)
{
	int *fds = device->irqs[set->index].fds;
	int32_t fd;
	int err = 0;

	for (uint32_t i = 0; i < set->count && !err; i++) {
		memcpy(&fd, set->data + i * sizeof(fd), sizeof(fd));
		err = fd < 0 ? 0 : have_vector(device, set->index, set->start + i);
		drop(&fds[set->start + i]); /* whatever comes of the new one */
		if (!err)
			err = hold(&fds[set->start + i], fd);
	}
	for (uint32_t i = 0; i < set->count && err; i++)
		drop(&fds[set->start + i]);
	return err;
}

/* A positive answer is the number of vectors that could be had. */
static long enable_msi(struct fake_device *device, const struct vfio_irq_set *set)
{
	uint32_t wanted = set->start + set->count;
	int err;

	if (device->irq_type == (int)set->index)
		return set_block(device, set);
	if (wanted > fake_settings.free_vectors)
		return fake_settings.free_vectors ? (long)fake_settings.free_vectors : -ENOSPC;
	device->irq_type = set->index;
	device->irq_allocated = wanted;
	err = set_block(device, set);
	if (err)
		disable(device, set->index);
	return err;
}

/* A loopback test of the eventfds, which masks nothing. */
static void trigger(struct fake_device *device, const struct vfio_irq_set *set)
{
	bool bools = set->flags & VFIO_IRQ_SET_DATA_BOOL;

	for (uint32_t i = 0; i < set->count; i++)
		if (!bools || set->data[i])
			fake_signal_eventfd(device->irqs[set->index].fds[set->start + i]);
}

static long set_msi(struct fake_device *device, const struct vfio_irq_set *set)
{
	bool mine = device->irq_type == (int)set->index;

	if (mine && !set->count && set->flags & VFIO_IRQ_SET_DATA_NONE) {
		disable(device, set->index);
		return 0;
	}
	if (!mine && device->irq_type != NONE)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return enable_msi(device, set);
	if (!mine)
		return -EINVAL;
	trigger(device, set);
	return 0;
}

static long enable_intx(struct fake_device *device, const struct vfio_irq_set *set)
{
	int32_t fd;
	int err;

	memcpy(&fd, set->data, sizeof(fd));
	err = hold(&device->irqs[0].fds[0], fd);
	if (!err && device->irq_type == NONE) {
		device->irq_type = VFIO_PCI_INTX_IRQ_INDEX;
		device->masked = false;
		device->pending = false;
	}
	return err;
}

static long set_intx(struct fake_device *device, const struct vfio_irq_set *set)
{
	bool mine = device->irq_type == VFIO_PCI_INTX_IRQ_INDEX;

	if (mine && !set->count && set->flags & VFIO_IRQ_SET_DATA_NONE) {
		disable(device, set->index);
		return 0;
	}
	if ((!mine && device->irq_type != NONE) || set->start || set->count != 1)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return enable_intx(device, set);
	if (!mine)
		return -EINVAL;
	trigger(device, set);
	return 0;
}

static void set_masked(struct fake_device *device, bool masked)
{
	device->masked = masked;
	if (masked || !device->pending)
		return;
	device->pending = false; /* what is still pending fires again as soon as it may */
	fake_irq_fire(device, VFIO_PCI_INTX_IRQ_INDEX, 0);
}

/* The kernel takes what is written to it at once; here it is looked at before anybody else does. */
void fake_irq_settle(void)
{
	uint64_t events;

	for (struct fake_device *device = fake_devices; device; device = device->next)
		if (device->unmask_fd >= 0 &&
		    read(device->unmask_fd, &events, sizeof(events)) == sizeof(events))
			set_masked(device, false);
}

/* One at a time, and what was written to it before counts. */
static long set_unmask_eventfd(struct fake_device *device, const struct vfio_irq_set *set)
{
	int32_t fd;

	memcpy(&fd, set->data, sizeof(fd));
	if (fd >= 0 && device->unmask_fd >= 0)
		return -EBUSY;
	return hold(&device->unmask_fd, fd);
}

static long mask_intx(struct fake_device *device, const struct vfio_irq_set *set, bool mask)
{
	if (device->irq_type != VFIO_PCI_INTX_IRQ_INDEX || set->start || set->count != 1)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		return mask ? -ENOTTY : set_unmask_eventfd(device, set);
	if (!(set->flags & VFIO_IRQ_SET_DATA_BOOL) || set->data[0])
		set_masked(device, mask);
	return 0;
}

/* The error and request interrupts have one eventfd each. */
static long set_single(struct fake_device *device, const struct vfio_irq_set *set)
{
	int *slot = &device->irqs[set->index].fds[0];
	int32_t fd;

	if (set->start || set->count > 1)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_NONE) {
		if (*slot < 0)
			return -EINVAL;
		if (set->count)
			fake_signal_eventfd(*slot);
		else
			drop(slot);
		return 0;
	}
	if (!set->count || !(set->flags & VFIO_IRQ_SET_DATA_EVENTFD))
		return -EINVAL;
	memcpy(&fd, set->data, sizeof(fd));
	return hold(slot, fd);
}

static int check(const struct fake_device *device, const struct vfio_irq_set *set)
{
	uint32_t known = VFIO_IRQ_SET_DATA_TYPE_MASK | VFIO_IRQ_SET_ACTION_TYPE_MASK;
	uint32_t max, size = 0;

	if (set->argsz < sizeof(*set) || set->index >= FAKE_IRQS || set->flags & ~known ||
	    set->count >= UINT32_MAX - set->start)
		return -EINVAL;
	max = fake_irq_count(device, set->index);
	if (set->start >= max || set->start + set->count > max)
		return -EINVAL;
	switch (set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_NONE:
		break;
	case VFIO_IRQ_SET_DATA_BOOL:
		size = 1;
		break;
	case VFIO_IRQ_SET_DATA_EVENTFD:
		size = 4;
		break;
	default:
		return -EINVAL;
	}
	return set->argsz - sizeof(*set) < set->count * size ? -EINVAL : 0;
}

static long set_trigger(struct fake_device *device, const struct vfio_irq_set *set)
{
	switch (set->index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return set_intx(device, set);
	case VFIO_PCI_MSI_IRQ_INDEX:
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return set_msi(device, set);
	}
	return set_single(device, set);
}

long fake_irq_set(struct fake_device *device, const struct vfio_irq_set *set)
{
	uint32_t action;
	int err;

	if (!set)
		return -EFAULT;
	err = check(device, set);
	if (err)
		return err;
	action = set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
	if (action == VFIO_IRQ_SET_ACTION_TRIGGER)
		return set_trigger(device, set);
	if (set->index != VFIO_PCI_INTX_IRQ_INDEX)
		return -ENOTTY;
	if (action == VFIO_IRQ_SET_ACTION_MASK)
		return mask_intx(device, set, true);
	return action == VFIO_IRQ_SET_ACTION_UNMASK ? mask_intx(device, set, false) : -ENOTTY;
}

/* INTx is masked by the kernel each time it fires. */
void fake_irq_fire(struct fake_device *device, uint32_t index, uint32_t vector)
{
	if (index == VFIO_PCI_INTX_IRQ_INDEX) {
		if (device->masked) {
			device->pending = true;
			return;
		}
		device->masked = device->irqs[0].fds[0] >= 0;
	}
	fake_signal_eventfd(device->irqs[index].fds[vector]);
}
