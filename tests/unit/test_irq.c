/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/host.h"
#include "fixture.h"
#include "irq.h"

static struct vfa_irq *enable(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t start,
			      uint32_t count)
{
	struct vfa_irq *irq = NULL;

	assert_ok(vfa_irq_enable(device, kind, start, count, NULL, &irq));
	return irq;
}

static void counts_come_from_the_kernel(void **state)
{
	struct space space = open_space(state);
	struct vfa_device *nvme = open_device(space.container, NVME);

	assert_int_equal(vfa_irq_count(space.device, VFA_IRQ_INTX), 1);
	assert_int_equal(vfa_irq_count(space.device, VFA_IRQ_MSI), 1);
	assert_int_equal(vfa_irq_count(space.device, VFA_IRQ_MSIX), 0);
	assert_int_equal(vfa_irq_count(nvme, VFA_IRQ_MSIX), 33);
	assert_int_equal(vfa_irq_count(nvme, VFA_IRQ_ERROR), 1);
	assert_int_equal(vfa_irq_count(nvme, VFA_IRQ_REQUEST), 1);
	assert_fails(vfa_irq_count(NULL, VFA_IRQ_MSI), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_count(nvme, 5), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_count(nvme, (enum vfa_irq_kind) - 1), EINVAL, BAD_ARGUMENT);
	vfa_device_close(nvme);
	close_space(space);
}

static void an_enabled_vector_is_heard(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 0, 33);
	uint64_t events = 0;

	assert_int_equal(fake_count_vectors(), 33);
	for (uint32_t vector = 0; vector < 33; vector++) {
		assert_true(fake_fire(NVME, VFA_IRQ_MSIX, vector));
		assert_ok(vfa_irq_wait(irq, vector, 1000, &events));
		assert_int_equal(events, 1);
	}
	vfa_irq_disable(irq);
	assert_int_equal(fake_count_vectors(), 0);
	close_space(space);
}

static void events_are_counted_between_waits(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 0, 2);
	uint64_t events = 77;

	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	assert_fails(vfa_irq_wait(irq, 0, 0, &events), ETIMEDOUT, TIMEOUT);
	assert_int_equal(events, 77);
	assert_ok(vfa_irq_wait(irq, 1, 0, &events));
	assert_int_equal(events, 3);
	assert_fails(vfa_irq_wait(irq, 1, 10, &events), ETIMEDOUT, TIMEOUT);
	fake_fire(NVME, VFA_IRQ_MSIX, 0);
	assert_ok(vfa_irq_wait(irq, 0, -1, NULL));
	vfa_irq_disable(irq);
	close_space(space);
}

static void a_range_starts_where_it_is_told(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 3, 2);

	assert_int_equal(fake_count_vectors(), 2);
	assert_false(fake_fire(NVME, VFA_IRQ_MSIX, 2));
	assert_true(fake_fire(NVME, VFA_IRQ_MSIX, 4));
	assert_ok(vfa_irq_wait(irq, 4, 0, NULL));
	assert_fails(vfa_irq_wait(irq, 2, 0, NULL), EINVAL, IRQ_BOUNDS);
	assert_fails(vfa_irq_fd(irq, 5), EINVAL, IRQ_BOUNDS);
	assert_fails(vfa_irq_fd(irq, 0), EINVAL, IRQ_BOUNDS);
	assert_true(vfa_irq_fd(irq, 3) >= 0);
	vfa_irq_disable(irq);
	close_space(space);
}

/* Also after the caller has closed its own. */
static void an_eventfd_of_the_caller_is_signalled(void **state)
{
	struct vfa_irq_options options = VFA_IRQ_OPTIONS_INIT;
	struct space space = open_space_of(state, NVME);
	int mine = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), copy = dup(mine);
	int eventfds[] = { mine, VFA_IRQ_OWN_EVENTFD, VFA_IRQ_NO_EVENTFD, mine };
	struct vfa_irq *irq = NULL;
	uint64_t events = 0;

	options.eventfds = eventfds;
	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 2, 4, &options, &irq));
	close(mine);
	assert_true(fake_fire(NVME, VFA_IRQ_MSIX, 2));
	assert_true(fake_fire(NVME, VFA_IRQ_MSIX, 3));
	assert_false(fake_fire(NVME, VFA_IRQ_MSIX, 4));
	assert_true(fake_fire(NVME, VFA_IRQ_MSIX, 5));
	assert_fails(vfa_irq_wait(irq, 2, 0, &events), EINVAL, BAD_FD);
	assert_fails(vfa_irq_wait(irq, 4, 0, &events), EINVAL, IRQ_BOUNDS);
	assert_fails(vfa_irq_fd(irq, 4), EINVAL, IRQ_BOUNDS);
	assert_ok(vfa_irq_wait(irq, 3, 0, &events));
	assert_int_equal(events, 1);
	assert_int_equal(read(vfa_irq_fd(irq, 5), &events, sizeof(events)), sizeof(events));
	assert_int_equal(events, 2);
	vfa_irq_disable(irq);
	close(copy);
	close_space(space);
}

static void what_is_no_eventfd_is_refused(void **state)
{
	struct vfa_irq_options options = VFA_IRQ_OPTIONS_INIT;
	struct space space = open_space_of(state, NVME);
	int eventfds[] = { VFA_IRQ_OWN_EVENTFD, STDIN_FILENO };
	struct vfa_irq *irq = NULL;
	size_t fds = count_fds();

	options.eventfds = eventfds;
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 0, 2, &options, &irq), EINVAL,
		     BAD_FD);
	eventfds[1] = -3;
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 0, 2, &options, &irq), EBADF,
		     BAD_FD);
	eventfds[1] = 1 << 20;
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 0, 2, &options, &irq), EBADF,
		     BAD_FD);
	options.struct_size = 0;
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 0, 2, &options, &irq), EINVAL,
		     BAD_ARGUMENT);
	assert_null(irq);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(fake_count_vectors(), 0);
	close_space(space);
}

static void reserved_vectors_are_taken_from_the_machine(void **state)
{
	struct vfa_irq_options options = VFA_IRQ_OPTIONS_INIT;
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = NULL;

	fake_set_free_vectors(8);
	for (options.reserve = 1; options.reserve < 5; options.reserve++)
		assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 3, 2, &options, &irq),
			     EINVAL, IRQ_BOUNDS);
	options.reserve = 34;
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 3, 2, &options, &irq), EINVAL,
		     IRQ_BOUNDS);
	options.reserve = 9;
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 3, 2, &options, &irq), ENOSPC,
		     IRQ_BOUNDS);
	assert_int_equal(fake_count_allocated(NVME), 0);
	options.reserve = 8;
	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 3, 2, &options, &irq));
	assert_int_equal(fake_count_vectors(), 2);
	assert_int_equal(fake_count_allocated(NVME), 8);
	vfa_irq_disable(irq);
	assert_int_equal(fake_count_allocated(NVME), 0);
	close_space(space);
}

static void vectors_are_added_and_given_up(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 1, 2);
	int fd = vfa_irq_fd(irq, 1);
	uint64_t events;

	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	assert_ok(vfa_irq_resize(irq, 32, NULL));
	assert_int_equal(fake_count_vectors(), 32);
	fake_fire(NVME, VFA_IRQ_MSIX, 32);
	assert_ok(vfa_irq_wait(irq, 32, 0, NULL));
	assert_ok(vfa_irq_resize(irq, 1, NULL));
	assert_int_equal(fake_count_vectors(), 1);
	assert_fails(vfa_irq_wait(irq, 2, 0, NULL), EINVAL, IRQ_BOUNDS);
	assert_false(fake_fire(NVME, VFA_IRQ_MSIX, 2));
	assert_ok(vfa_irq_resize(irq, 1, NULL));
	assert_int_equal(vfa_irq_fd(irq, 1), fd);
	assert_ok(vfa_irq_wait(irq, 1, 0, &events));
	assert_int_equal(events, 1);
	vfa_irq_disable(irq);
	close_space(space);
}

static void added_vectors_may_signal_eventfds_of_the_caller(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 0, 1);
	int mine = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int eventfds[] = { mine, VFA_IRQ_NO_EVENTFD };
	uint64_t events;

	assert_ok(vfa_irq_resize(irq, 3, eventfds));
	assert_true(fake_fire(NVME, VFA_IRQ_MSIX, 1));
	assert_false(fake_fire(NVME, VFA_IRQ_MSIX, 2));
	assert_int_equal(read(mine, &events, sizeof(events)), sizeof(events));
	assert_int_equal(events, 1);
	vfa_irq_disable(irq);
	close(mine);
	close_space(space);
}

/* What was reserved can be had at any time, on any kernel; more cannot. */
static void kernels_without_dynamic_msix_give_what_was_reserved(void **state)
{
	struct vfa_irq_options options = VFA_IRQ_OPTIONS_INIT;
	struct vfa_irq_info info = VFA_IRQ_INFO_INIT;
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = NULL;

	fake_set_dynamic_msix(false);
	assert_ok(vfa_irq_get_info(space.device, VFA_IRQ_MSIX, &info));
	assert_int_equal(info.is_resizable, 0);
	options.reserve = 8;
	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 2, 1, &options, &irq));
	assert_ok(vfa_irq_resize(irq, 6, NULL));
	assert_ok(vfa_irq_resize(irq, 1, NULL));
	assert_ok(vfa_irq_resize(irq, 6, NULL));
	assert_fails(vfa_irq_resize(irq, 7, NULL), EOPNOTSUPP, IRQ_FIXED);
	assert_int_equal(fake_count_vectors(), 6);
	fake_fire(NVME, VFA_IRQ_MSIX, 7);
	assert_ok(vfa_irq_wait(irq, 7, 0, NULL));
	vfa_irq_disable(irq);
	close_space(space);
}

static void a_resize_that_fails_changes_nothing(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 0, 4);
	int bad[] = { VFA_IRQ_OWN_EVENTFD, -9 };
	size_t fds = count_fds();

	fake_fire(NVME, VFA_IRQ_MSIX, 3);
	fake_set_processor_vectors(6);
	assert_fails(vfa_irq_resize(irq, 0, NULL), EINVAL, EMPTY);
	assert_fails(vfa_irq_resize(irq, 34, NULL), EINVAL, IRQ_BOUNDS);
	assert_fails(vfa_irq_resize(irq, 6, bad), EBADF, BAD_FD);
	assert_fails(vfa_irq_resize(irq, 7, NULL), ENOSPC, IRQ_BOUNDS);
	fake_fail_ioctl(VFIO_DEVICE_SET_IRQS, EIO);
	assert_fails(vfa_irq_resize(irq, 5, NULL), EIO, KERNEL);
	assert_fails(vfa_irq_resize(irq, 3, NULL), EIO, KERNEL);
	fake_fail_ioctl(0, 0);
	assert_fails(vfa_irq_resize(NULL, 3, NULL), EINVAL, BAD_ARGUMENT);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(fake_count_vectors(), 4);
	assert_ok(vfa_irq_wait(irq, 3, 0, NULL));
	assert_fails(vfa_irq_fd(irq, 4), EINVAL, IRQ_BOUNDS);
	assert_ok(vfa_irq_resize(irq, 6, NULL));
	vfa_irq_disable(irq);
	close_space(space);
}

static int kept = -1;

/* A kernel that refuses a vector, when a child of the process has its eventfd by now. */
static int refuse_vectors(int fd, unsigned long request, void *argument)
{
	const struct vfio_irq_set *set = argument;
	int eventfd;

	if (request != VFIO_DEVICE_SET_IRQS)
		return fake_syscalls.ioctl(fd, request, argument);
	memcpy(&eventfd, set->data, sizeof(eventfd));
	kept = dup(eventfd);
	errno = EIO;
	return -1;
}

/* An eventfd stays in an epoll until all who have it open have closed it. */
static void what_was_refused_is_not_polled(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 0, 1);
	struct syscalls syscalls = fake_syscalls;
	struct pollfd poll_fd = { .fd = vfa_irq_poll_fd(irq), .events = POLLIN };

	syscalls.ioctl = refuse_vectors;
	space.machine->host->sys = &syscalls;
	assert_fails(vfa_irq_resize(irq, 2, NULL), EIO, KERNEL);
	space.machine->host->sys = &fake_syscalls;
	assert_int_equal(eventfd_write(kept, 1), 0);
	assert_int_equal(poll(&poll_fd, 1, 0), 0);
	close(kept);
	vfa_irq_disable(irq);
	close_space(space);
}

static void each_kind_tells_what_it_is_like(void **state)
{
	struct vfa_irq_info info = VFA_IRQ_INFO_INIT, broken = { 0 };
	struct space space = open_space(state);
	struct vfa_device *nvme = open_device(space.container, NVME);

	assert_ok(vfa_irq_get_info(nvme, VFA_IRQ_MSIX, &info));
	assert_int_equal(info.count, 33);
	assert_int_equal(info.is_maskable, 0);
	assert_int_equal(info.is_automasked, 0);
	assert_int_equal(info.is_resizable, 1);
	assert_ok(vfa_irq_get_info(space.device, VFA_IRQ_INTX, &info));
	assert_int_equal(info.count, 1);
	assert_int_equal(info.is_maskable, 1);
	assert_int_equal(info.is_automasked, 1);
	assert_int_equal(info.is_resizable, 0);
	assert_ok(vfa_irq_get_info(space.device, VFA_IRQ_MSIX, &info));
	assert_int_equal(info.count, 0);
	assert_int_equal(info.is_resizable, 0);
	assert_fails(vfa_irq_get_info(space.device, 9, &info), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_get_info(NULL, VFA_IRQ_MSI, &info), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_get_info(space.device, VFA_IRQ_MSI, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_get_info(space.device, VFA_IRQ_MSI, &broken), EINVAL, BAD_ARGUMENT);
	vfa_device_close(nvme);
	close_space(space);
}

static void an_exchanged_eventfd_loses_nothing(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 0, 2);
	int mine = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t events;

	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	assert_ok(vfa_irq_set_eventfd(irq, 1, mine));
	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	assert_int_equal(read(mine, &events, sizeof(events)), sizeof(events));
	assert_int_equal(events, 3);
	assert_ok(vfa_irq_set_eventfd(irq, 1, VFA_IRQ_OWN_EVENTFD));
	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	assert_ok(vfa_irq_wait(irq, 1, 0, &events));
	assert_int_equal(events, 1);
	assert_ok(vfa_irq_set_eventfd(irq, 1, VFA_IRQ_NO_EVENTFD));
	assert_false(fake_fire(NVME, VFA_IRQ_MSIX, 1));
	assert_fails(vfa_irq_fd(irq, 1), EINVAL, IRQ_BOUNDS);
	assert_ok(vfa_irq_set_eventfd(irq, 1, mine));
	assert_true(fake_fire(NVME, VFA_IRQ_MSIX, 1));
	vfa_irq_disable(irq);
	close(mine);
	close_space(space);
}

static void an_exchange_that_fails_leaves_the_old_eventfd(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 0, 2);
	size_t fds = count_fds();

	assert_fails(vfa_irq_set_eventfd(irq, 2, VFA_IRQ_OWN_EVENTFD), EINVAL, IRQ_BOUNDS);
	assert_fails(vfa_irq_set_eventfd(NULL, 0, VFA_IRQ_OWN_EVENTFD), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_set_eventfd(irq, 1, STDIN_FILENO), EINVAL, BAD_FD);
	assert_fails(vfa_irq_set_eventfd(irq, 1, 1 << 20), EBADF, BAD_FD);
	fake_fail_call(2, EIO); /* the ioctl that comes after eventfd() */
	assert_fails(vfa_irq_set_eventfd(irq, 1, VFA_IRQ_OWN_EVENTFD), EIO, KERNEL);
	assert_int_equal(count_fds(), fds);
	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	assert_ok(vfa_irq_wait(irq, 1, 0, NULL));
	fake_fail_ioctl(VFIO_DEVICE_SET_IRQS, EIO);
	assert_fails(vfa_irq_set_eventfd(irq, 1, VFA_IRQ_OWN_EVENTFD), EIO, NOT_RESTORED);
	fake_fail_ioctl(0, 0);
	assert_int_equal(count_fds(), fds - 1);
	assert_fails(vfa_irq_fd(irq, 1), EINVAL, IRQ_BOUNDS);
	assert_ok(vfa_irq_set_eventfd(irq, 1, VFA_IRQ_OWN_EVENTFD));
	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	assert_ok(vfa_irq_wait(irq, 1, 0, NULL));
	vfa_irq_disable(irq);
	close_space(space);
}

static void a_vector_is_fired_by_software(void **state)
{
	static const enum vfa_irq_kind kinds[] = { VFA_IRQ_INTX, VFA_IRQ_MSI, VFA_IRQ_ERROR,
						   VFA_IRQ_REQUEST };
	struct space space = open_space(state);
	struct vfa_irq *irq;
	uint64_t events;

	for (size_t i = 0; i < 4; i++) {
		irq = enable(space.device, kinds[i], 0, 1);
		assert_ok(vfa_irq_trigger(irq, 0));
		assert_ok(vfa_irq_trigger(irq, 0));
		assert_ok(vfa_irq_wait(irq, 0, 0, &events));
		assert_int_equal(events, 2);
		assert_false(fake_is_masked(EDU));
		assert_fails(vfa_irq_trigger(irq, 1), EINVAL, IRQ_BOUNDS);
		fake_fail_ioctl(VFIO_DEVICE_SET_IRQS, EIO);
		assert_fails(vfa_irq_trigger(irq, 0), EIO, KERNEL);
		fake_fail_ioctl(0, 0);
		assert_ok(vfa_irq_set_eventfd(irq, 0, VFA_IRQ_NO_EVENTFD));
		assert_fails(vfa_irq_trigger(irq, 0), EINVAL, IRQ_BOUNDS);
		vfa_irq_disable(irq);
	}
	assert_fails(vfa_irq_trigger(NULL, 0), EINVAL, BAD_ARGUMENT);
	close_space(space);
}

static void write_eventfd(int fd)
{
	uint64_t one = 1;

	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

static void an_eventfd_unmasks_intx(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_INTX, 0, 1);
	int first = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), copy = dup(first);
	int second = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_ok(vfa_irq_set_unmask_eventfd(irq, first));
	close(first);
	fake_fire(EDU, VFA_IRQ_INTX, 0);
	assert_true(fake_is_masked(EDU));
	write_eventfd(copy);
	assert_false(fake_is_masked(EDU));
	assert_ok(vfa_irq_set_unmask_eventfd(irq, second));
	assert_ok(vfa_irq_mask(irq));
	write_eventfd(copy);
	assert_true(fake_is_masked(EDU));
	write_eventfd(second);
	assert_false(fake_is_masked(EDU));
	assert_ok(vfa_irq_set_unmask_eventfd(irq, VFA_IRQ_NO_EVENTFD));
	assert_ok(vfa_irq_mask(irq));
	write_eventfd(second);
	assert_true(fake_is_masked(EDU));
	assert_ok(vfa_irq_set_unmask_eventfd(irq, second));
	vfa_irq_disable(irq);
	close(copy);
	close(second);
	close_space(space);
}

static void an_unmask_eventfd_that_fails_leaves_the_old_one(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_INTX, 0, 1);
	int mine = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	size_t fds;

	assert_ok(vfa_irq_set_unmask_eventfd(irq, mine));
	fds = count_fds();
	assert_fails(vfa_irq_set_unmask_eventfd(NULL, mine), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_set_unmask_eventfd(irq, VFA_IRQ_OWN_EVENTFD), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_set_unmask_eventfd(irq, STDIN_FILENO), EINVAL, BAD_FD);
	for (unsigned int n = 3; n <= 4; n++) { /* after dup() and readlink(): the two ioctls */
		fake_fail_call(n, EIO);
		assert_fails(vfa_irq_set_unmask_eventfd(irq, mine), EIO, KERNEL);
		assert_int_equal(count_fds(), fds);
		assert_ok(vfa_irq_mask(irq));
		write_eventfd(mine);
		assert_false(fake_is_masked(EDU));
	}
	vfa_irq_disable(irq);
	irq = enable(space.device, VFA_IRQ_MSI, 0, 1);
	assert_fails(vfa_irq_set_unmask_eventfd(irq, mine), EOPNOTSUPP, NO_IRQ);
	vfa_irq_disable(irq);
	close(mine);
	close_space(space);
}

/* Nor is anybody woken who still has the eventfd. */
static void disabling_fires_nothing(void **state)
{
	static const enum vfa_irq_kind kinds[] = { VFA_IRQ_INTX, VFA_IRQ_MSI, VFA_IRQ_ERROR,
						   VFA_IRQ_REQUEST };
	struct space space = open_space(state);
	struct vfa_irq *irq;
	uint64_t events;
	int copy;

	for (size_t i = 0; i < 4; i++) {
		irq = enable(space.device, kinds[i], 0, 1);
		copy = dup(vfa_irq_fd(irq, 0));
		vfa_irq_disable(irq);
		assert_int_equal(read(copy, &events, sizeof(events)), -1);
		close(copy);
		assert_int_equal(fake_count_vectors(), 0);
	}
	close_space(space);
}

static void eventfds_are_close_on_exec_and_do_not_block(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSI, 0, 1);
	int fd = vfa_irq_fd(irq, 0);
	uint64_t count;

	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(read(fd, &count, sizeof(count)), -1);
	assert_int_equal(errno, EAGAIN);
	vfa_irq_disable(irq);
	close_space(space);
}

static void vectors_the_device_lacks_are_refused(void **state)
{
	static const uint32_t wrong[][2] = {
		{ 0, 34 },         { 33, 1 },         { 32, 2 },
		{ UINT32_MAX, 1 }, { 1, UINT32_MAX }, { UINT32_MAX, UINT32_MAX },
	};
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = NULL;
	size_t fds = count_fds();

	for (size_t i = 0; i < 6; i++)
		assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, wrong[i][0], wrong[i][1],
					    NULL, &irq),
			     EINVAL, IRQ_BOUNDS);
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 0, 0, NULL, &irq), EINVAL, EMPTY);
	assert_null(irq);
	assert_int_equal(count_fds(), fds);
	close_space(space);
}

static void kinds_the_device_lacks_are_refused(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = NULL;

	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 0, 1, NULL, &irq), ENOENT, NO_IRQ);
	assert_fails(vfa_irq_enable(space.device, 77, 0, 1, NULL, &irq), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_enable(NULL, VFA_IRQ_MSI, 0, 1, NULL, &irq), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, NULL, NULL), EINVAL,
		     BAD_ARGUMENT);
	assert_null(irq);
	assert_int_equal(fake_count_vectors(), 0);
	close_space(space);
}

static void one_of_intx_msi_and_msix_is_on(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_INTX, 0, 1), *other = NULL;

	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, NULL, &other), EBUSY,
		     IRQ_BUSY);
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_INTX, 0, 1, NULL, &other), EBUSY,
		     IRQ_BUSY);
	assert_null(other);
	assert_int_equal(fake_count_vectors(), 1);
	vfa_irq_disable(irq);
	irq = enable(space.device, VFA_IRQ_MSI, 0, 1);
	vfa_irq_disable(irq);
	close_space(space);
}

static void error_and_request_stand_beside_the_others(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *msi = enable(space.device, VFA_IRQ_MSI, 0, 1);
	struct vfa_irq *error = enable(space.device, VFA_IRQ_ERROR, 0, 1);
	struct vfa_irq *request = enable(space.device, VFA_IRQ_REQUEST, 0, 1), *again = NULL;

	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_REQUEST, 0, 1, NULL, &again), EBUSY,
		     IRQ_BUSY);
	fake_fire(EDU, VFA_IRQ_REQUEST, 0);
	assert_ok(vfa_irq_wait(request, 0, 0, NULL));
	assert_fails(vfa_irq_wait(error, 0, 0, NULL), ETIMEDOUT, TIMEOUT);
	vfa_irq_disable(error);
	vfa_irq_disable(msi);
	assert_int_equal(fake_count_vectors(), 1);
	vfa_irq_disable(request);
	close_space(space);
}

static void intx_stays_masked_until_unmasked(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_INTX, 0, 1);

	fake_fire(EDU, VFA_IRQ_INTX, 0);
	assert_ok(vfa_irq_wait(irq, 0, 0, NULL));
	fake_fire(EDU, VFA_IRQ_INTX, 0);
	assert_fails(vfa_irq_wait(irq, 0, 0, NULL), ETIMEDOUT, TIMEOUT);
	assert_ok(vfa_irq_unmask(irq));
	assert_ok(vfa_irq_wait(irq, 0, 0, NULL));
	assert_ok(vfa_irq_unmask(irq));
	assert_false(fake_is_masked(EDU));
	vfa_irq_disable(irq);
	close_space(space);
}

static void intx_is_held_back_by_a_mask(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_INTX, 0, 1);

	assert_ok(vfa_irq_mask(irq));
	assert_true(fake_is_masked(EDU));
	fake_fire(EDU, VFA_IRQ_INTX, 0);
	assert_fails(vfa_irq_wait(irq, 0, 0, NULL), ETIMEDOUT, TIMEOUT);
	assert_ok(vfa_irq_unmask(irq));
	assert_ok(vfa_irq_wait(irq, 0, 0, NULL));
	vfa_irq_disable(irq);
	close_space(space);
}

static void messages_cannot_be_masked(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSI, 0, 1);

	assert_fails(vfa_irq_mask(irq), EOPNOTSUPP, NO_IRQ);
	assert_fails(vfa_irq_unmask(irq), EOPNOTSUPP, NO_IRQ);
	vfa_irq_disable(irq);
	close_space(space);
}

static void null_handles_are_refused(void **state)
{
	(void)state;
	assert_fails(vfa_irq_fd(NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_wait(NULL, 0, 0, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_mask(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_unmask(NULL), EINVAL, BAD_ARGUMENT);
	vfa_irq_disable(NULL);
}

static void too_few_free_vectors_are_counted(void **state)
{
	int mine = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	const int own = VFA_IRQ_OWN_EVENTFD, none = VFA_IRQ_NO_EVENTFD;
	const int eventfds[] = { mine, none, own, mine, own, mine, own };
	struct vfa_irq_options options = VFA_IRQ_OPTIONS_INIT;
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = NULL;
	size_t fds = count_fds();

	fake_set_free_vectors(5);
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 0, 6, NULL, &irq), ENOSPC,
		     IRQ_BOUNDS);
	assert_null(irq);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(fake_count_vectors(), 0);
	fake_set_free_vectors(0);
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 0, 1, NULL, &irq), ENOSPC,
		     IRQ_BOUNDS);
	fake_set_free_vectors(5);
	irq = enable(space.device, VFA_IRQ_MSIX, 0, 5);
	vfa_irq_disable(irq);
	irq = NULL;
	/* And those that cannot be allocated one by one. */
	fake_set_dynamic_msix(false);
	fake_set_free_vectors(33);
	fake_set_processor_vectors(5);
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 2, 6, NULL, &irq), ENOSPC,
		     IRQ_BOUNDS);
	assert_non_null(strstr(vfa_error_last()->message, "has 5 vectors of MSI-X free, not 6"));
	assert_null(irq);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(fake_count_vectors(), 0);
	assert_int_equal(fake_count_allocated(NVME), 0);
	/* Or of both, where the fewer count. */
	fake_set_free_vectors(10);
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 2, 20, NULL, &irq), ENOSPC,
		     IRQ_BOUNDS);
	assert_non_null(strstr(vfa_error_last()->message, "has 5 vectors of MSI-X free, not 20"));
	assert_int_equal(fake_count_allocated(NVME), 0);
	/* Eventfds of the caller are not used to find out. */
	options.eventfds = eventfds;
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 2, 7, &options, &irq), ENOSPC,
		     IRQ_BOUNDS);
	assert_non_null(strstr(vfa_error_last()->message, "has 6 vectors of MSI-X free, not 7"));
	/* Whatever a filter of system calls forbids, no more are told than there are. */
	for (unsigned int n = 1; n <= 40; n++) {
		fake_fail_call(n, EPERM);
		assert_true(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 2, 7, &options, &irq) < 0);
		assert_null(strstr(vfa_error_last()->message, "has 7 vectors"));
		assert_null(strstr(vfa_error_last()->message, "has 9 vectors"));
	}
	fake_fail_call(0, 0);
	assert_int_equal(count_fds(), fds);
	irq = enable(space.device, VFA_IRQ_MSIX, 2, 5);
	vfa_irq_disable(irq);
	close(mine);
	close_space(space);
}

/* As kernels did that count the pin alone. */
static void a_pin_without_interrupt_is_none(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = NULL;

	fake_fail_ioctl(VFIO_DEVICE_SET_IRQS, ENODEV);
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_INTX, 0, 1, NULL, &irq), ENOENT, NO_IRQ);
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, NULL, &irq), ENODEV, KERNEL);
	assert_null(irq);
	fake_fail_ioctl(VFIO_DEVICE_SET_IRQS, 0);
	close_space(space);
}

static void too_many_open_files_are_told(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = NULL;
	size_t fds = count_fds();
	struct rlimit limit, tight;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	tight = limit;
	tight.rlim_cur = fds + fake_count_own_fds() + 4;
	setrlimit(RLIMIT_NOFILE, &tight);
	assert_int_equal(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 0, 33, NULL, &irq), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &limit);
	assert_null(irq);
	assert_int_equal(count_fds(), fds);
	close_space(space);
}

static void an_enable_that_failed_can_be_tried_again(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = NULL;

	fake_fail_ioctl(VFIO_DEVICE_SET_IRQS, EIO);
	assert_fails(vfa_irq_enable(space.device, VFA_IRQ_MSIX, 0, 4, NULL, &irq), EIO, KERNEL);
	assert_null(irq);
	fake_fail_ioctl(0, 0);
	irq = enable(space.device, VFA_IRQ_MSIX, 0, 4);
	vfa_irq_disable(irq);
	close_space(space);
}

static void interrupts_are_enabled_anew_after_a_reset(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 0, 4);

	assert_ok(vfa_device_reset(space.device));
	vfa_irq_disable(irq);
	irq = enable(space.device, VFA_IRQ_MSIX, 0, 4);
	fake_fire(NVME, VFA_IRQ_MSIX, 0);
	assert_ok(vfa_irq_wait(irq, 0, 0, NULL));
	vfa_irq_disable(irq);
	close_space(space);
}

static void ignore(int signal)
{
	(void)signal;
}

/* The old eventfds, with what they have counted. */
static void rearmed_vectors_keep_their_eventfds(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 0, 2);
	int fd = vfa_irq_fd(irq, 1);
	uint64_t events;

	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	assert_ok(irq_rearm_all(space.device));
	assert_int_equal(vfa_irq_fd(irq, 1), fd);
	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	assert_ok(vfa_irq_wait(irq, 1, 0, &events));
	assert_int_equal(events, 2);
	fake_fail_ioctl(VFIO_DEVICE_SET_IRQS, EIO);
	assert_fails(irq_rearm_all(space.device), EIO, KERNEL);
	fake_fail_ioctl(0, 0);
	assert_ok(irq_rearm_all(space.device));
	assert_int_equal(fake_count_vectors(), 2);
	vfa_irq_disable(irq);
	close_space(space);
}

static void rearmed_intx_is_unmasked_unless_it_is_held_back(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_INTX, 0, 1);

	fake_fire(EDU, VFA_IRQ_INTX, 0);
	assert_true(fake_is_masked(EDU));
	assert_ok(irq_rearm_all(space.device));
	assert_false(fake_is_masked(EDU));
	assert_ok(vfa_irq_mask(irq));
	assert_ok(irq_rearm_all(space.device));
	assert_true(fake_is_masked(EDU));
	assert_ok(vfa_irq_unmask(irq));
	assert_ok(irq_rearm_all(space.device));
	assert_false(fake_is_masked(EDU));
	vfa_irq_disable(irq);
	close_space(space);
}

struct masker {
	struct vfa_irq *irq;
	pthread_t thread;
	bool joined;
	int err;
};

static void *mask(void *data)
{
	struct masker *masker = data;

	masker->err = vfa_irq_mask(masker->irq);
	return NULL;
}

/* It may be done now, or only when the interrupts are armed: either way it is heeded. */
static void mask_now(void *data)
{
	struct masker *masker = data;
	struct timespec end;

	assert_int_equal(pthread_create(&masker->thread, NULL, mask, masker), 0);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += 200 * 1000 * 1000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	masker->joined = !pthread_timedjoin_np(masker->thread, NULL, &end);
}

static void mask_at_next_call(void *data)
{
	fake_visit_ioctl(VFIO_DEVICE_SET_IRQS, mask_now, data);
}

static void a_mask_holds_though_intx_is_being_rearmed(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_INTX, 0, 1);
	struct masker masker = { .irq = irq, .err = -1 };

	/* The first call arms, the second unmasks. */
	fake_visit_ioctl(VFIO_DEVICE_SET_IRQS, mask_at_next_call, &masker);
	assert_ok(irq_rearm_all(space.device));
	assert_false(fake_awaits_visit());
	if (!masker.joined)
		pthread_join(masker.thread, NULL);
	assert_int_equal(masker.err, 0);
	assert_true(fake_is_masked(EDU));
	vfa_irq_disable(irq);
	close_space(space);
}

struct disturber {
	pthread_t waiter;
	unsigned int signals;
};

static void *disturb(void *data)
{
	struct disturber *disturber = data;

	for (unsigned int i = 0; i < disturber->signals; i++) {
		usleep(5000);
		pthread_kill(disturber->waiter, SIGUSR1);
	}
	usleep(5000);
	fake_fire(EDU, VFA_IRQ_MSI, 0);
	return NULL;
}

static void a_signal_does_not_shorten_a_wait(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSI, 0, 1);
	struct sigaction action = { .sa_handler = ignore }, before;
	struct disturber disturber = { pthread_self(), 4 };
	pthread_t thread;

	sigaction(SIGUSR1, &action, &before);
	assert_int_equal(pthread_create(&thread, NULL, disturb, &disturber), 0);
	assert_ok(vfa_irq_wait(irq, 0, 10000, NULL));
	pthread_join(thread, NULL);
	sigaction(SIGUSR1, &before, NULL);
	vfa_irq_disable(irq);
	close_space(space);
}

static void kinds_have_names(void **state)
{
	(void)state;
	assert_string_equal(vfa_irq_kind_name(VFA_IRQ_INTX), "INTx");
	assert_string_equal(vfa_irq_kind_name(VFA_IRQ_MSI), "MSI");
	assert_string_equal(vfa_irq_kind_name(VFA_IRQ_MSIX), "MSI-X");
	assert_string_equal(vfa_irq_kind_name(VFA_IRQ_ERROR), "error");
	assert_string_equal(vfa_irq_kind_name(VFA_IRQ_REQUEST), "request");
	assert_string_equal(vfa_irq_kind_name(77), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(counts_come_from_the_kernel),
		ON_BOTH(an_enabled_vector_is_heard),
		ON_BOTH(events_are_counted_between_waits),
		ON_BOTH(a_range_starts_where_it_is_told),
		ON_BOTH(an_eventfd_of_the_caller_is_signalled),
		ON_BOTH(what_is_no_eventfd_is_refused),
		ON_BOTH(reserved_vectors_are_taken_from_the_machine),
		ON_BOTH(vectors_are_added_and_given_up),
		ON_BOTH(added_vectors_may_signal_eventfds_of_the_caller),
		ON_BOTH(kernels_without_dynamic_msix_give_what_was_reserved),
		ON_BOTH(a_resize_that_fails_changes_nothing),
		ON_BOTH(what_was_refused_is_not_polled),
		ON_BOTH(each_kind_tells_what_it_is_like),
		ON_BOTH(an_exchanged_eventfd_loses_nothing),
		ON_BOTH(an_exchange_that_fails_leaves_the_old_eventfd),
		ON_BOTH(a_vector_is_fired_by_software),
		ON_BOTH(an_eventfd_unmasks_intx),
		ON_BOTH(an_unmask_eventfd_that_fails_leaves_the_old_one),
		ON_BOTH(disabling_fires_nothing),
		ON_BOTH(eventfds_are_close_on_exec_and_do_not_block),
		ON_BOTH(vectors_the_device_lacks_are_refused),
		ON_BOTH(kinds_the_device_lacks_are_refused),
		ON_BOTH(one_of_intx_msi_and_msix_is_on),
		ON_BOTH(error_and_request_stand_beside_the_others),
		ON_BOTH(intx_stays_masked_until_unmasked),
		ON_BOTH(intx_is_held_back_by_a_mask),
		ON_BOTH(messages_cannot_be_masked),
		cmocka_unit_test(null_handles_are_refused),
		ON_BOTH(too_few_free_vectors_are_counted),
		ON_BOTH(a_pin_without_interrupt_is_none),
		ON_BOTH(too_many_open_files_are_told),
		ON_BOTH(an_enable_that_failed_can_be_tried_again),
		ON_BOTH(interrupts_are_enabled_anew_after_a_reset),
		ON_BOTH(rearmed_vectors_keep_their_eventfds),
		ON_BOTH(rearmed_intx_is_unmasked_unless_it_is_held_back),
		ON_BOTH(a_mask_holds_though_intx_is_being_rearmed),
		ON_BOTH(a_signal_does_not_shorten_a_wait),
		cmocka_unit_test(kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
