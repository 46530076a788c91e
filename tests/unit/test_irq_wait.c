/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Waiting for many vectors at once, and having handlers called. */

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fixture.h"

static struct vfa_irq *enable(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t count)
{
	struct vfa_irq *irq = NULL;

	assert_ok(vfa_irq_enable(device, kind, 0, count, NULL, &irq));
	return irq;
}

static void assert_event(const struct vfa_irq_event *event, struct vfa_irq *irq, uint32_t vector,
			 uint64_t count)
{
	assert_ptr_equal(event->irq, irq);
	assert_int_equal(event->vector, vector);
	assert_int_equal(event->count, count);
}

static void whatever_fires_ends_a_wait_for_any(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *request = enable(space.device, VFA_IRQ_REQUEST, 1);
	struct vfa_irq *msix = enable(space.device, VFA_IRQ_MSIX, 33);
	struct vfa_irq *irqs[] = { request, msix };
	struct vfa_irq_event events[4];

	assert_fails(vfa_irq_wait_any(irqs, 2, 0, events, 4), ETIMEDOUT, TIMEOUT);
	fake_fire(NVME, VFA_IRQ_MSIX, 7);
	assert_int_equal(vfa_irq_wait_any(irqs, 2, -1, events, 4), 1);
	assert_event(&events[0], msix, 7, 1);
	fake_fire(NVME, VFA_IRQ_MSIX, 32);
	fake_fire(NVME, VFA_IRQ_MSIX, 32);
	fake_fire(NVME, VFA_IRQ_REQUEST, 0);
	assert_int_equal(vfa_irq_wait_any(irqs, 2, 1000, events, 4), 2);
	assert_event(&events[0], request, 0, 1);
	assert_event(&events[1], msix, 32, 2);
	assert_fails(vfa_irq_wait_any(irqs, 2, 5, events, 4), ETIMEDOUT, TIMEOUT);
	vfa_irq_disable(msix);
	vfa_irq_disable(request);
	close_space(space);
}

/* The first handle first, and none of them twice. */
static void what_has_no_room_stays_for_the_next_look(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *msix = enable(space.device, VFA_IRQ_MSIX, 33);
	struct vfa_irq *request = enable(space.device, VFA_IRQ_REQUEST, 1);
	struct vfa_irq *irqs[] = { msix, request };
	struct vfa_irq_event events[5];
	uint64_t seen = 0;

	for (uint32_t vector = 0; vector < 33; vector++)
		fake_fire(NVME, VFA_IRQ_MSIX, vector);
	fake_fire(NVME, VFA_IRQ_REQUEST, 0);
	for (size_t i = 0; i < 33 / 5; i++) {
		assert_int_equal(vfa_irq_wait_any(irqs, 2, 0, events, 5), 5);
		for (size_t j = 0; j < 5; j++) {
			assert_event(&events[j], msix, events[j].vector, 1);
			assert_false(seen >> events[j].vector & 1);
			seen |= 1ull << events[j].vector;
		}
	}
	assert_int_equal(vfa_irq_wait_any(irqs, 2, 0, events, 5), 4);
	assert_event(&events[3], request, 0, 1);
	assert_fails(vfa_irq_wait_any(irqs, 2, 0, events, 5), ETIMEDOUT, TIMEOUT);
	vfa_irq_disable(msix);
	vfa_irq_disable(request);
	close_space(space);
}

static void handles_of_two_devices_are_waited_for_together(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_device *edu = open_device(space.container, EDU);
	struct vfa_irq *irqs[] = { enable(space.device, VFA_IRQ_MSIX, 2),
				   enable(edu, VFA_IRQ_INTX, 1) };
	struct vfa_irq_event events[8];

	fake_fire(EDU, VFA_IRQ_INTX, 0);
	assert_int_equal(vfa_irq_wait_any(irqs, 2, 1000, events, 8), 1);
	assert_event(&events[0], irqs[1], 0, 1);
	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	assert_int_equal(vfa_irq_wait_any(irqs, 2, 1000, events, 8), 1);
	assert_event(&events[0], irqs[0], 1, 1);
	vfa_irq_disable(irqs[0]);
	vfa_device_close(edu);
	close_space(space);
}

static void bad_waits_are_refused(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irqs[] = { enable(space.device, VFA_IRQ_MSIX, 2), NULL };
	struct vfa_irq_event event;
	size_t fds = count_fds();

	assert_fails(vfa_irq_wait_any(NULL, 1, 0, &event, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_wait_any(irqs, 1, 0, NULL, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_wait_any(irqs, 0, 0, &event, 1), EINVAL, EMPTY);
	assert_fails(vfa_irq_wait_any(irqs, 1, 0, &event, 0), EINVAL, EMPTY);
	assert_fails(vfa_irq_dispatch(irqs, 1, 0), EINVAL, WRONG_ORDER);
	assert_fails(vfa_irq_dispatch(NULL, 1, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_dispatch(irqs, 0, 0), EINVAL, EMPTY);
	assert_int_equal(count_fds(), fds);
	assert_fails(vfa_irq_wait_any(irqs, 2, 0, &event, 1), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_dispatch(irqs + 1, 1, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_poll_fd(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_irq_set_handler(NULL, NULL, NULL), EINVAL, BAD_ARGUMENT);
	vfa_irq_disable(irqs[0]);
	close_space(space);
}

static void a_poll_fd_fits_the_loop_of_the_caller(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 3);
	int loop = epoll_create1(EPOLL_CLOEXEC), fd = vfa_irq_poll_fd(irq);
	struct epoll_event wanted = { .events = EPOLLIN }, ready;
	struct vfa_irq_event event;

	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(vfa_irq_poll_fd(irq), fd);
	assert_int_equal(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &wanted), 0);
	assert_int_equal(epoll_wait(loop, &ready, 1, 0), 0);
	fake_fire(NVME, VFA_IRQ_MSIX, 2);
	assert_int_equal(epoll_wait(loop, &ready, 1, 0), 1);
	assert_int_equal(vfa_irq_wait_any(&irq, 1, 0, &event, 1), 1);
	assert_event(&event, irq, 2, 1);
	assert_int_equal(epoll_wait(loop, &ready, 1, 0), 0);
	vfa_irq_disable(irq);
	close(loop);
	close_space(space);
}

/* Also when they come later, or go, or change hands. */
static void a_poll_fd_tells_of_the_vectors_that_there_are(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 1);
	int mine = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct vfa_irq_event event;
	int child_has;

	assert_fails(vfa_irq_wait_any(&irq, 1, 0, &event, 1), ETIMEDOUT, TIMEOUT);
	assert_ok(vfa_irq_resize(irq, 4, NULL));
	fake_fire(NVME, VFA_IRQ_MSIX, 3);
	assert_int_equal(vfa_irq_wait_any(&irq, 1, 0, &event, 1), 1);
	assert_event(&event, irq, 3, 1);

	child_has = dup(vfa_irq_fd(irq, 3));
	assert_ok(vfa_irq_resize(irq, 3, NULL));
	assert_int_equal(eventfd_write(child_has, 1), 0);
	assert_fails(vfa_irq_wait_any(&irq, 1, 0, &event, 1), ETIMEDOUT, TIMEOUT);

	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	assert_ok(vfa_irq_set_eventfd(irq, 1, mine));
	assert_fails(vfa_irq_wait_any(&irq, 1, 0, &event, 1), ETIMEDOUT, TIMEOUT);
	assert_ok(vfa_irq_set_eventfd(irq, 1, VFA_IRQ_OWN_EVENTFD));
	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	assert_int_equal(vfa_irq_wait_any(&irq, 1, 0, &event, 1), 1);
	assert_event(&event, irq, 1, 1);
	vfa_irq_disable(irq);
	close(child_has);
	close(mine);
	close_space(space);
}

static rlim_t allow_fds(rlim_t count)
{
	struct rlimit limit;
	rlim_t before;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < count) {
		print_message("needs a hard limit of %lu open files\n", (unsigned long)count);
		skip();
	}
	before = limit.rlim_cur;
	limit.rlim_cur = count;
	setrlimit(RLIMIT_NOFILE, &limit);
	return before;
}

/*
 * All that MSI-X can have, and more events than are taken at a time: each of them once.
 * A vector has an eventfd, and in the fake kernel another.
 */
static void two_thousand_vectors_are_waited_for_at_once(void **state)
{
	rlim_t before = allow_fds(2 * 2048 + 200);
	struct space space = open_space_of(state, NVME);
	struct vfa_irq_event events[2048];
	bool seen[2048] = { false };
	struct vfa_irq *irq;

	fake_set_irq_count(NVME, VFA_IRQ_MSIX, 2048);
	irq = enable(space.device, VFA_IRQ_MSIX, 2048);
	for (uint32_t vector = 0; vector < 2048; vector++)
		fake_fire(NVME, VFA_IRQ_MSIX, vector);
	assert_int_equal(vfa_irq_wait_any(&irq, 1, 1000, events, 2048), 2048);
	for (size_t i = 0; i < 2048; i++) {
		assert_event(&events[i], irq, events[i].vector, 1);
		assert_false(seen[events[i].vector]);
		seen[events[i].vector] = true;
	}
	assert_fails(vfa_irq_wait_any(&irq, 1, 0, events, 2048), ETIMEDOUT, TIMEOUT);
	vfa_irq_disable(irq);
	fake_set_irq_count(NVME, VFA_IRQ_MSIX, 33);
	allow_fds(before);
	close_space(space);
}

struct calls {
	unsigned int count;
	struct vfa_irq *irq;
	uint32_t vector;
	uint64_t events;
};

static void record(struct vfa_irq *irq, uint32_t vector, uint64_t count, void *data)
{
	struct calls *calls = data;

	calls->count++;
	calls->irq = irq;
	calls->vector = vector;
	calls->events += count;
}

static void handlers_are_called_for_what_fired(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irqs[] = { enable(space.device, VFA_IRQ_ERROR, 1),
				   enable(space.device, VFA_IRQ_REQUEST, 1),
				   enable(space.device, VFA_IRQ_MSIX, 33) };
	struct calls error = { 0 }, request = { 0 }, msix = { 0 };

	assert_ok(vfa_irq_set_handler(irqs[0], record, &error));
	assert_ok(vfa_irq_set_handler(irqs[1], record, &request));
	assert_ok(vfa_irq_set_handler(irqs[2], record, &msix));
	assert_fails(vfa_irq_dispatch(irqs, 3, 0), ETIMEDOUT, TIMEOUT);
	fake_fire(NVME, VFA_IRQ_ERROR, 0);
	assert_int_equal(vfa_irq_dispatch(irqs, 3, 1000), 1);
	assert_int_equal(error.count, 1);
	fake_fire(NVME, VFA_IRQ_REQUEST, 0);
	fake_fire(NVME, VFA_IRQ_MSIX, 32);
	fake_fire(NVME, VFA_IRQ_MSIX, 32);
	assert_int_equal(vfa_irq_dispatch(irqs, 3, 1000), 2);
	assert_int_equal(request.count, 1);
	assert_int_equal(msix.count, 1);
	assert_int_equal(msix.events, 2);
	assert_int_equal(msix.vector, 32);
	assert_ptr_equal(msix.irq, irqs[2]);
	assert_int_equal(error.count, 1);
	assert_ok(vfa_irq_set_handler(irqs[2], NULL, NULL));
	assert_fails(vfa_irq_dispatch(irqs, 3, 0), EINVAL, WRONG_ORDER);
	for (size_t i = 0; i < 3; i++)
		vfa_irq_disable(irqs[i]);
	close_space(space);
}

static void record_once(struct vfa_irq *irq, uint32_t vector, uint64_t count, void *data)
{
	record(irq, vector, count, data);
	assert_ok(vfa_irq_set_handler(irq, NULL, NULL));
}

static void a_handler_that_was_taken_away_is_not_called(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 33);
	struct calls calls = { 0 };

	assert_ok(vfa_irq_set_handler(irq, record_once, &calls));
	fake_fire(NVME, VFA_IRQ_MSIX, 3);
	fake_fire(NVME, VFA_IRQ_MSIX, 4);
	assert_int_equal(vfa_irq_dispatch(&irq, 1, 0), 1);
	assert_int_equal(calls.count, 1);
	assert_fails(vfa_irq_dispatch(&irq, 1, 0), EINVAL, WRONG_ORDER);
	vfa_irq_disable(irq);
	close_space(space);
}

static void serve(struct vfa_irq *irq, uint32_t vector, uint64_t count, void *data)
{
	struct calls *calls = data;

	record(irq, vector, count, calls);
	assert_ok(vfa_irq_unmask(irq));
	if (calls->count < 3)
		assert_ok(vfa_irq_trigger(irq, vector));
}

/* No lock of the library is held then. */
static void a_handler_may_use_its_handle(void **state)
{
	struct space space = open_space(state);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_INTX, 1);
	struct calls calls = { 0 };

	assert_ok(vfa_irq_set_handler(irq, serve, &calls));
	fake_fire(EDU, VFA_IRQ_INTX, 0);
	while (vfa_irq_dispatch(&irq, 1, 0) > 0)
		;
	assert_int_equal(calls.count, 3);
	assert_int_equal(calls.events, 3);
	assert_false(fake_is_masked(EDU));
	vfa_irq_disable(irq);
	close_space(space);
}

#define STORM 20000

static void *fire_a_storm(void *data)
{
	(void)data;
	for (unsigned int i = 0; i < STORM; i++)
		fake_fire(NVME, VFA_IRQ_MSIX, i % 8);
	return NULL;
}

/* None is lost, and none is made up, however they fall together. */
static void a_storm_is_counted_truthfully(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 8);
	uint64_t counts[8] = { 0 }, total = 0;
	struct vfa_irq_event events[3];
	pthread_t threads[2];

	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, fire_a_storm, NULL), 0);
	while (total < 2 * STORM) {
		int got = vfa_irq_wait_any(&irq, 1, 60000, events, 3);

		assert_true(got > 0);
		for (int i = 0; i < got; i++) {
			counts[events[i].vector] += events[i].count;
			total += events[i].count;
		}
	}
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(counts[i], 2 * STORM / 8);
	assert_fails(vfa_irq_wait_any(&irq, 1, 0, events, 3), ETIMEDOUT, TIMEOUT);
	vfa_irq_disable(irq);
	close_space(space);
}

struct waiter {
	struct vfa_irq *irq;
	uint64_t total;
	int failed;
};

static void *wait_for_the_first(void *data)
{
	struct waiter *waiter = data;
	uint64_t events;

	while (waiter->total < 200 && !waiter->failed) {
		waiter->failed = vfa_irq_wait(waiter->irq, 0, 60000, &events);
		waiter->total += waiter->failed ? 0 : events;
	}
	return NULL;
}

static void a_thread_waits_while_the_handle_grows_and_shrinks(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct waiter waiter = { .irq = enable(space.device, VFA_IRQ_MSIX, 1) };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, wait_for_the_first, &waiter), 0);
	for (uint32_t i = 0; i < 100; i++) {
		fake_fire(NVME, VFA_IRQ_MSIX, 0);
		assert_ok(vfa_irq_resize(waiter.irq, 2 + i % 32, NULL));
		fake_fire(NVME, VFA_IRQ_MSIX, 0);
		assert_ok(vfa_irq_resize(waiter.irq, 1, NULL));
	}
	pthread_join(thread, NULL);
	assert_int_equal(waiter.failed, 0);
	assert_int_equal(waiter.total, 200);
	vfa_irq_disable(waiter.irq);
	close_space(space);
}

static void *wait_for_ever(void *data)
{
	struct waiter *waiter = data;

	waiter->failed = vfa_irq_wait(waiter->irq, 0, -1, &waiter->total);
	return NULL;
}

/* That makes it one that does not block: of no consequence for those who wait. */
static void a_wait_without_end_outlasts_the_handing_out_of_its_fd(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct waiter waiter = { .irq = enable(space.device, VFA_IRQ_MSIX, 1) };
	uint64_t events;
	pthread_t thread;

	for (size_t i = 0; i < 3; i++) {
		waiter.total = 0;
		assert_int_equal(pthread_create(&thread, NULL, wait_for_ever, &waiter), 0);
		assert_true(fcntl(vfa_irq_fd(waiter.irq, 0), F_GETFL) & O_NONBLOCK);
		fake_fire(NVME, VFA_IRQ_MSIX, 0);
		pthread_join(thread, NULL);
		assert_int_equal(waiter.failed, 0);
		assert_int_equal(waiter.total, 1);
		assert_int_equal(read(vfa_irq_fd(waiter.irq, 0), &events, sizeof(events)), -1);
	}
	vfa_irq_disable(waiter.irq);
	close_space(space);
}

static void an_old_kernel_is_waited_for_too(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irq = enable(space.device, VFA_IRQ_MSIX, 2);
	struct vfa_irq_event events[2];
	uint64_t count;

	fake_set_read_now(false);
	assert_fails(vfa_irq_wait(irq, 0, 0, NULL), ETIMEDOUT, TIMEOUT);
	for (int timeout = -1; timeout <= 1; timeout++) {
		fake_fire(NVME, VFA_IRQ_MSIX, 0);
		fake_fire(NVME, VFA_IRQ_MSIX, 0);
		assert_ok(vfa_irq_wait(irq, 0, timeout, &count));
		assert_int_equal(count, 2);
	}
	fake_fire(NVME, VFA_IRQ_MSIX, 1);
	assert_int_equal(vfa_irq_wait_any(&irq, 1, -1, events, 2), 1);
	assert_event(&events[0], irq, 1, 1);
	assert_fails(vfa_irq_wait_any(&irq, 1, 0, events, 2), ETIMEDOUT, TIMEOUT);
	vfa_irq_disable(irq);
	close_space(space);
}

static void *ask_for_the_device(void *data)
{
	(void)data;
	fake_fire(NVME, VFA_IRQ_REQUEST, 0);
	return NULL;
}

static void a_request_ends_a_wait_that_has_no_end(void **state)
{
	struct space space = open_space_of(state, NVME);
	struct vfa_irq *irqs[] = { enable(space.device, VFA_IRQ_REQUEST, 1),
				   enable(space.device, VFA_IRQ_MSIX, 1) };
	struct vfa_irq_event event;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, ask_for_the_device, NULL), 0);
	assert_int_equal(vfa_irq_wait_any(irqs, 2, -1, &event, 1), 1);
	assert_event(&event, irqs[0], 0, 1);
	pthread_join(thread, NULL);
	vfa_irq_disable(irqs[0]);
	vfa_irq_disable(irqs[1]);
	close_space(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(whatever_fires_ends_a_wait_for_any),
		ON_BOTH(what_has_no_room_stays_for_the_next_look),
		ON_BOTH(handles_of_two_devices_are_waited_for_together),
		ON_BOTH(bad_waits_are_refused),
		ON_BOTH(a_poll_fd_fits_the_loop_of_the_caller),
		ON_BOTH(a_poll_fd_tells_of_the_vectors_that_there_are),
		ON_BOTH(two_thousand_vectors_are_waited_for_at_once),
		ON_BOTH(handlers_are_called_for_what_fired),
		ON_BOTH(a_handler_that_was_taken_away_is_not_called),
		ON_BOTH(a_handler_may_use_its_handle),
		ON_BOTH(a_storm_is_counted_truthfully),
		ON_BOTH(a_thread_waits_while_the_handle_grows_and_shrinks),
		ON_BOTH(a_wait_without_end_outlasts_the_handing_out_of_its_fd),
		ON_BOTH(an_old_kernel_is_waited_for_too),
		ON_BOTH(a_request_ends_a_wait_that_has_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
