/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Interrupts are used in all ways. See scenario.h. */

#include <sys/eventfd.h>
#include <unistd.h>

#include "irq.h"
#include "scenario.h"

static int eventfd_of_the_caller(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

/* The end of it is what the kernel has: nothing, or what is wanted. */
static void exchange(struct run *run, struct vfa_irq *irq, uint32_t vector, int fd)
{
	bool before = irq->vectors[vector - irq->start].fd >= 0;
	int err = vfa_irq_set_eventfd(irq, vector, fd);

	/* The only one that may leave a mark, and says so: each call fails alone here. */
	assert_int_not_equal(vfa_error_last()->cause, VFA_CAUSE_NOT_RESTORED);
	step_partly(run, err);
	if (err < 0)
		assert_int_equal(irq->vectors[vector - irq->start].fd >= 0, before);
}

/* As a rule nothing is there, and time runs out. */
static void step_until_timeout(struct run *run, int result)
{
	step_partly(run, result == -ETIMEDOUT ? 0 : result);
}

static void wait_for_many(struct run *run, struct vfa_irq *irq)
{
	struct vfa_irq_event events[8];

	if (step_partly(run, vfa_irq_poll_fd(irq)) && fake_fire(NVME, VFA_IRQ_MSIX, irq->start))
		step(run, vfa_irq_wait_any(&irq, 1, 0, events, 8));
	step_until_timeout(run, vfa_irq_wait_any(&irq, 1, 1, events, 8));
	step_until_timeout(run, vfa_irq_wait(irq, irq->start, 1, NULL));
}

static void change_vectors(struct run *run, struct vfa_irq *irq, int mine)
{
	int eventfds[] = { mine, VFA_IRQ_OWN_EVENTFD, VFA_IRQ_NO_EVENTFD, mine };

	step(run, vfa_irq_resize(irq, 5, eventfds));
	exchange(run, irq, irq->start, mine);
	exchange(run, irq, irq->start, VFA_IRQ_OWN_EVENTFD);
	exchange(run, irq, irq->start, VFA_IRQ_NO_EVENTFD);
	exchange(run, irq, irq->start, VFA_IRQ_OWN_EVENTFD);
	step(run, vfa_irq_resize(irq, 1, NULL));
}

static void use_vectors(struct run *run, struct vfa_device *device)
{
	struct vfa_irq_options options = VFA_IRQ_OPTIONS_INIT;
	int mine = eventfd_of_the_caller(), eventfds[] = { mine, VFA_IRQ_OWN_EVENTFD };
	struct vfa_irq_info info = VFA_IRQ_INFO_INIT;
	struct vfa_irq *irq = NULL;

	step(run, 0);
	options.reserve = 4;
	options.eventfds = eventfds;
	step(run, vfa_irq_get_info(device, VFA_IRQ_MSIX, &info));
	if (step(run, vfa_irq_enable(device, VFA_IRQ_MSIX, 1, 2, &options, &irq))) {
		if (step(run, vfa_irq_trigger(irq, 2)))
			step(run, vfa_irq_wait(irq, 2, 0, NULL));
		if (step(run, vfa_irq_trigger(irq, 2)))
			step(run, vfa_irq_wait(irq, 2, -1, NULL));
		step(run, vfa_irq_fd(irq, 2));
		if (step(run, vfa_irq_trigger(irq, 2)))
			step(run, vfa_irq_wait(irq, 2, -1, NULL));
		change_vectors(run, irq, mine);
		wait_for_many(run, irq);
		change_vectors(run, irq, mine);
		step(run, irq_rearm_all(device));
		vfa_irq_disable(irq);
		step(run, 0);
	}
	close(mine);
	step(run, 0);
}

static void use_intx(struct run *run, struct vfa_device *device)
{
	int mine = eventfd_of_the_caller();
	struct vfa_irq *irq = NULL;

	step(run, 0);
	if (step(run, vfa_irq_enable(device, VFA_IRQ_INTX, 0, 1, NULL, &irq))) {
		step(run, vfa_irq_set_unmask_eventfd(irq, mine));
		step(run, vfa_irq_set_unmask_eventfd(irq, mine));
		step(run, vfa_irq_set_unmask_eventfd(irq, VFA_IRQ_NO_EVENTFD));
		step(run, vfa_irq_mask(irq));
		step(run, irq_rearm_all(device));
		step(run, vfa_irq_unmask(irq));
		step(run, irq_rearm_all(device));
		vfa_irq_disable(irq);
		step(run, 0);
	}
	close(mine);
	step(run, 0);
}

static void use_with(struct run *run, const char *bdf,
		     void (*use)(struct run *run, struct vfa_device *device))
{
	struct vfa_device *device = NULL;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, bdf, &device)))
		use(run, device);
	vfa_device_close(device);
	step(run, 0);
	vfa_container_close(run->container);
}

static void vectors_of_all_sorts(struct run *run)
{
	use_with(run, NVME, use_vectors);
}

/* Where the processors run out of vectors, the number is looked for. */
static void a_search_for_free_vectors(struct run *run)
{
	struct vfa_container *container = NULL;
	struct vfa_device *device = NULL;
	int mine = eventfd_of_the_caller(), eventfds[] = { -2, mine, -2, -2, mine };
	struct vfa_irq_options options = VFA_IRQ_OPTIONS_INIT;
	struct vfa_irq *irq = NULL;

	options.eventfds = eventfds;
	fake_set_processor_vectors(3);
	if (vfa_container_open(run->machine->host, run->machine->backend, &container) == 0 &&
	    open_plainly(container, NVME, &device) == 0)
		assert_true(vfa_irq_enable(device, VFA_IRQ_MSIX, 0, 5, &options, &irq) < 0);
	assert_null(irq);
	vfa_device_close(device);
	vfa_container_close(container);
	close(mine);
}

static void intx_in_all_ways(struct run *run)
{
	use_with(run, EDU, use_intx);
}

SCENARIO(vectors_of_all_sorts)
SCENARIO(a_search_for_free_vectors)
SCENARIO(intx_in_all_ways)
INTERRUPTED(vectors_of_all_sorts)
INTERRUPTED(intx_in_all_ways)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(vectors_of_all_sorts),
		CASES(a_search_for_free_vectors),
		CASES(intx_in_all_ways),
		ON_BOTH(signals_do_not_disturb_vectors_of_all_sorts),
		ON_BOTH(signals_do_not_disturb_intx_in_all_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
