/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What there is to say of interrupts. */

#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "messages/messages.h"

static void no_irq_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = NULL;

	SAYS(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 0, 1, NULL, &irq), NO_IRQ,
	     "0000:00:04.0 has no MSI-X interrupts", "vfa_irq_count tells how many of each kind");
	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, NULL, &irq));
	SAYS(vfa_irq_mask(irq), NO_IRQ,
	     "0000:00:04.0: MSI interrupts cannot be masked through VFIO",
	     "mask them in the device, or ignore their eventfds");
	close_space(space);
}

static void irq_bounds_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq_options options = VFA_IRQ_OPTIONS_INIT;
	int none = VFA_IRQ_NO_EVENTFD;
	struct vfa_irq *irq = NULL;

	SAYS(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 2, NULL, &irq), IRQ_BOUNDS,
	     "0000:00:04.0: 2 vectors of MSI from 0 on: the device has 1",
	     "ask for vectors below 1");
	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, NULL, &irq));
	SAYS(vfa_irq_fd(irq, 1), IRQ_BOUNDS, "0000:00:04.0: vector 1 of MSI is not enabled",
	     "enabled are 0 to 0");
	vfa_irq_disable(irq);
	options.eventfds = &none;
	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, &options, &irq));
	SAYS(vfa_irq_fd(irq, 0), IRQ_BOUNDS, "0000:00:04.0: vector 0 of MSI has no eventfd",
	     "give it one: vfa_irq_set_eventfd");
	vfa_irq_disable(irq);
	options.reserve = 2;
	SAYS(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, &options, &irq), IRQ_BOUNDS,
	     "0000:00:04.0: 2 vectors of MSI to reserve: 1 are to be enabled and the device has 1",
	     "reserve is a number of vectors, from vector 0 on");
	close_space(space);
}

static void an_fd_that_is_no_eventfd_is_told(void **state)
{
	struct vfa_irq_options options = VFA_IRQ_OPTIONS_INIT;
	struct space space = open_space(state);
	struct vfa_irq *irq = NULL;
	int fd = -5;

	options.eventfds = &fd;
	SAYS(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, &options, &irq), BAD_FD,
	     "0000:00:04.0: fd -5 for vector 0 of MSI is not open",
	     "pass an eventfd, VFA_IRQ_NO_EVENTFD or VFA_IRQ_OWN_EVENTFD");
	fd = 0;
	SAYS(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, &options, &irq), BAD_FD,
	     "0000:00:04.0: fd 0 for vector 0 of MSI is not an eventfd",
	     "pass an eventfd, VFA_IRQ_NO_EVENTFD or VFA_IRQ_OWN_EVENTFD");
	fd = eventfd(0, EFD_CLOEXEC);
	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, &options, &irq));
	close(fd);
	SAYS(vfa_irq_wait(irq, 0, 0, NULL), BAD_FD,
	     "0000:00:04.0: vector 0 of MSI signals an eventfd of the caller",
	     "wait for that one; vfa_irq_wait reads those of VFA_IRQ_OWN_EVENTFD");
	close_space(space);
}

static void too_few_vectors_is_told(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = open_device(container, NVME);
	struct vfa_irq *irq = NULL;

	fake_set_free_vectors(5);
	SAYS(vfa_irq_enable(device, VFA_IRQ_MSIX, 0, 6, NULL, &irq), IRQ_BOUNDS,
	     "0000:00:05.0: the machine has 5 vectors of MSI-X free, not 6",
	     "ask for 5 or fewer from vector 0 on");
	fake_set_free_vectors(0);
	SAYS(vfa_irq_enable(device, VFA_IRQ_MSIX, 0, 6, NULL, &irq), IRQ_BOUNDS,
	     "0000:00:05.0: the machine has no vector of MSI-X free",
	     "disable interrupts of other devices, or use another kind");
	vfa_device_close(device);
	vfa_container_close(container);
}

static void irq_fixed_is_told(void **state)
{
	struct vfa_container *container = open_container(*state);
	struct vfa_device *device = open_device(container, NVME);
	struct vfa_irq *irq = NULL;

	fake_set_dynamic_msix(false);
	assert_ok(vfa_irq_enable(device, VFA_IRQ_MSIX, 1, 2, NULL, &irq));
	SAYS(vfa_irq_resize(irq, 8, NULL), IRQ_FIXED,
	     "0000:00:05.0: 8 vectors of MSI-X from 1 on: the kernel has taken 3 from the machine, "
	     "and cannot take more while they are enabled",
	     "enable them with struct vfa_irq_options and its reserve, or disable them and enable "
	     "more; Linux 6.5 and later can, of MSI-X");
	vfa_device_close(device);
	vfa_container_close(container);
}

static void a_lost_eventfd_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = NULL;

	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, NULL, &irq));
	fake_fail_ioctl(VFIO_DEVICE_SET_IRQS, EIO);
	SAYS(vfa_irq_set_eventfd(irq, 0, VFA_IRQ_OWN_EVENTFD), NOT_RESTORED,
	     "0000:00:04.0: the eventfd of vector 0 of MSI could not be exchanged, nor be had "
	     "back: it has none now",
	     "set it again, or disable the interrupts and enable them");
	fake_fail_ioctl(0, 0);
	vfa_irq_disable(irq);
	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_INTX, 0, 1, NULL, &irq));
	SAYS(vfa_irq_set_unmask_eventfd(irq, VFA_IRQ_OWN_EVENTFD), BAD_ARGUMENT,
	     "0000:00:04.0: the library makes no eventfd to unmask by",
	     "pass one, or VFA_IRQ_NO_EVENTFD");
	close_space(space);
}

static void irq_busy_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = NULL;

	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, NULL, &irq));
	SAYS(vfa_irq_enable(space.device, VFA_IRQ_INTX, 0, 1, NULL, &irq), IRQ_BUSY,
	     "0000:00:04.0: MSI interrupts are enabled already",
	     "disable them first: one handle a kind, and one of INTx, MSI and MSI-X "
	     "at a time");
	vfa_irq_disable(irq);
	fake_fail_ioctl(VFIO_DEVICE_SET_IRQS, EBUSY);
	SAYS(vfa_irq_enable(space.device, VFA_IRQ_INTX, 0, 1, NULL, &irq), IRQ_BUSY,
	     "0000:00:04.0: its INTx line has other users, and it needs the line alone",
	     "use MSI or MSI-X, or unbind the drivers that share its line in /proc/interrupts");
	fake_fail_ioctl(0, 0);
	close_space(space);
}

static void timeout_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq_event event;
	struct vfa_irq *irq = NULL;

	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, NULL, &irq));
	SAYS(vfa_irq_wait(irq, 0, 1, NULL), TIMEOUT,
	     "0000:00:04.0: vector 0 of MSI did not fire within 1 ms",
	     "bus mastering is off, and messages need it: vfa_device_enable_bus_master");
	assert_ok(vfa_device_enable_bus_master(space.device));
	SAYS(vfa_irq_wait(irq, 0, 1, NULL), TIMEOUT,
	     "0000:00:04.0: vector 0 of MSI did not fire within 1 ms",
	     "see whether the device was told to interrupt");
	vfa_irq_disable(irq);
	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_INTX, 0, 1, NULL, &irq));
	SAYS(vfa_irq_wait(irq, 0, 0, NULL), TIMEOUT,
	     "0000:00:04.0: vector 0 of INTx did not fire within 0 ms",
	     "INTx stays masked after it fired: vfa_irq_unmask");
	SAYS(vfa_irq_wait_any(&irq, 1, 1, &event, 1), TIMEOUT,
	     "0000:00:04.0: nothing fired within 1 ms, of 1 handles of interrupts",
	     "see whether the device was told to interrupt; MSI and MSI-X need bus mastering, and "
	     "INTx stays masked after it fired");
	close_space(space);
}

const struct CMUnitTest irq_messages[] = {
	ON_BOTH(no_irq_is_told),
	ON_BOTH(irq_bounds_is_told),
	ON_BOTH(an_fd_that_is_no_eventfd_is_told),
	ON_BOTH(too_few_vectors_is_told),
	ON_BOTH(irq_fixed_is_told),
	ON_BOTH(a_lost_eventfd_is_told),
	ON_BOTH(irq_busy_is_told),
	ON_BOTH(timeout_is_told),
};
const size_t irq_messages_count = sizeof(irq_messages) / sizeof(irq_messages[0]);
