/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Interrupts of all kinds on the real kernel: what it does, and what is counted. */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "edu.h"
#include "nvme.h"

#define NETWORK "0000:00:0a.0" /* e1000e: all kinds there are */
#define LONG    60000          /* for what has to come */

#define VECTORS 5 /* of the network card */

static const enum vfa_irq_kind all_kinds[] = { VFA_IRQ_INTX, VFA_IRQ_MSI, VFA_IRQ_MSIX,
					       VFA_IRQ_ERROR, VFA_IRQ_REQUEST };

/* QEMU's NVMe has a pin and a table. */
static const enum vfa_irq_kind nvme_kinds[] = { VFA_IRQ_INTX, VFA_IRQ_MSIX };

static struct vfa_irq *enable(struct vfa_device *device, enum vfa_irq_kind kind, uint32_t start,
			      uint32_t count, const struct vfa_irq_options *options)
{
	struct vfa_irq *irq = NULL;

	assert_ok(vfa_irq_enable(device, kind, start, count, options, &irq));
	return irq;
}

static int eventfd_of_the_caller(struct vm *vm)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_true(fd >= 0);
	vm_own_fd(vm, fd);
	return fd;
}

static uint64_t read_eventfd(int fd)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	eventfd_t count = 0;

	assert_int_equal(poll(&wanted, 1, LONG), 1);
	assert_int_equal(eventfd_read(fd, &count), 0);
	return count;
}

/* A command is answered with one interrupt, and nothing comes after it. */
static void ask_once(struct nvme *nvme, struct vfa_irq *irq, bool automasked)
{
	struct nvme_command command =
		nvme_identify(NVME_IDENTIFY_CONTROLLER, 0, nvme_data_iova(nvme));
	uint64_t events;

	nvme_submit(&nvme->queues[0], &command);
	assert_ok(vfa_irq_wait(irq, 0, LONG, &events));
	assert_int_equal(events, 1);
	assert_int_equal(nvme_take_answer(&nvme->queues[0]), 0);
	if (automasked)
		assert_ok(vfa_irq_unmask(irq));
	assert_int_equal(vfa_irq_wait(irq, 0, 0, NULL), -ETIMEDOUT);
}

static void a_queue_interrupts_by_its_pin_and_by_its_table(void **state)
{
	struct vm *vm = *state;
	struct nvme nvme;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	for (size_t i = 0; i < 2; i++) {
		struct vfa_irq_info info = VFA_IRQ_INFO_INIT;
		struct vfa_irq *irq;

		assert_ok(vfa_irq_get_info(nvme.device, nvme_kinds[i], &info));
		assert_int_equal(info.is_automasked, nvme_kinds[i] == VFA_IRQ_INTX);
		assert_int_equal(info.is_maskable, nvme_kinds[i] == VFA_IRQ_INTX);
		irq = enable(nvme.device, nvme_kinds[i], 0, 1, NULL);
		for (unsigned int round = 0; round < 3; round++)
			ask_once(&nvme, irq, info.is_automasked);
		vfa_irq_disable(irq);
	}
}

/* The eventfds are the same, with what they had counted; INTx was masked, and is not any more. */
static void armed_interrupts_outlive_a_reset(void **state)
{
	struct nvme_command command;
	struct vm *vm = *state;
	struct nvme nvme;
	uint64_t events;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	for (size_t i = 0; i < 2; i++) {
		struct vfa_irq *irq = enable(nvme.device, nvme_kinds[i], 0, 1, NULL);
		int fd = vfa_irq_fd(irq, 0);

		command = nvme_identify(NVME_IDENTIFY_CONTROLLER, 0, nvme_data_iova(&nvme));
		nvme_submit(&nvme.queues[0], &command);
		assert_int_equal(poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, LONG), 1);
		/* QEMU 7.2 would hold the pin up for ever. */
		assert_int_equal(nvme_take_answer(&nvme.queues[0]), 0);
		assert_ok(vfa_device_reset(nvme.device));
		assert_int_equal(vfa_irq_fd(irq, 0), fd);
		assert_ok(vfa_irq_wait(irq, 0, 0, &events));
		assert_int_equal(events, 1);
		nvme_bring_up(&nvme);
		ask_once(&nvme, irq, nvme_kinds[i] == VFA_IRQ_INTX);
		ask_once(&nvme, irq, nvme_kinds[i] == VFA_IRQ_INTX);
		vfa_irq_disable(irq);
	}
}

/* Held back before, held back after. */
static void masked_intx_stays_masked_over_a_reset(void **state)
{
	struct nvme_command command;
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct nvme nvme;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	irq = vm_irq(vm, nvme.device, VFA_IRQ_INTX, 1);
	assert_ok(vfa_irq_mask(irq));
	assert_ok(vfa_device_reset(nvme.device));
	nvme_bring_up(&nvme);
	command = nvme_identify(NVME_IDENTIFY_CONTROLLER, 0, nvme_data_iova(&nvme));
	nvme_submit(&nvme.queues[0], &command);
	assert_int_equal(nvme_poll(&nvme.queues[0], LONG), 0);
	assert_int_equal(vfa_irq_wait(irq, 0, 0, NULL), -ETIMEDOUT);
	assert_ok(vfa_irq_unmask(irq));
	ask_once(&nvme, irq, true);
}

static void read_by_interrupt(struct nvme *nvme, struct vfa_irq *irq, uint16_t id)
{
	struct nvme_command command = nvme_read_data(nvme, 10 * id, 2);
	uint64_t events;

	nvme_submit(&nvme->queues[id], &command);
	assert_ok(vfa_irq_wait(irq, id, LONG, &events));
	assert_int_equal(events, 1);
	assert_int_equal(nvme_take_answer(&nvme->queues[id]), 0);
	nvme_check_data(nvme, 10 * id, 2);
}

/* Those that stay are not disturbed, and those that come are heard, on any kernel. */
static void vectors_come_and_go_as_the_kernel_allows(void **state)
{
	struct vfa_irq_info info = VFA_IRQ_INFO_INIT;
	struct vfa_irq_options options = VFA_IRQ_OPTIONS_INIT;
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct nvme nvme;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	assert_ok(vfa_irq_get_info(nvme.device, VFA_IRQ_MSIX, &info));
	assert_int_equal(info.is_resizable, vm_profile()->has_iommufd); /* a newer kernel */
	options.reserve = info.is_resizable ? 0 : 4;
	irq = vm_irq_with(vm, nvme.device, VFA_IRQ_MSIX, 0, 2, &options);
	nvme_create_pair(&nvme, 1, 1);
	read_by_interrupt(&nvme, irq, 1);

	assert_ok(vfa_irq_resize(irq, 4, NULL));
	nvme_create_pair(&nvme, 3, 3);
	read_by_interrupt(&nvme, irq, 3);
	read_by_interrupt(&nvme, irq, 1);
	if (!info.is_resizable)
		assert_refused(vfa_irq_resize(irq, 5, NULL), EOPNOTSUPP, VFA_CAUSE_IRQ_FIXED);
	assert_ok(vfa_irq_resize(irq, 2, NULL));
	read_by_interrupt(&nvme, irq, 1);
	assert_int_equal(vfa_irq_fd(irq, 3), -EINVAL);
	assert_ok(vfa_irq_resize(irq, 4, NULL));
	read_by_interrupt(&nvme, irq, 3);
}

/* MSI is allocated at once by every kernel. */
static void msi_does_not_grow(void **state)
{
	struct vfa_irq_info info = VFA_IRQ_INFO_INIT;
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct edu edu;

	vm_need_assignment(vm);
	edu = edu_open(vm, vm_container(vm), EDU);
	assert_ok(vfa_irq_get_info(edu.device, VFA_IRQ_MSI, &info));
	assert_int_equal(info.is_resizable, 0);
	irq = vm_irq(vm, edu.device, VFA_IRQ_MSI, 1);
	assert_ok(vfa_irq_resize(irq, 1, NULL));
	assert_refused(vfa_irq_resize(irq, 2, NULL), EINVAL, VFA_CAUSE_IRQ_BOUNDS);
}

static void answer(struct nvme *nvme)
{
	assert_int_equal(nvme_take_answer(&nvme->queues[1]), 0);
}

static void ask(struct nvme *nvme)
{
	struct nvme_command command = nvme_read_data(nvme, 7, 1);

	nvme_submit(&nvme->queues[1], &command);
}

/* The caller's eventfd takes over and gives back, and each interrupt is in one of them. */
static void an_eventfd_is_exchanged_without_losing_a_count(void **state)
{
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct nvme nvme;
	uint64_t events;
	int mine;

	vm_need_assignment(vm);
	mine = eventfd_of_the_caller(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	irq = vm_irq(vm, nvme.device, VFA_IRQ_MSIX, 3);
	nvme_create_pair(&nvme, 1, 2);
	ask(&nvme);
	assert_int_equal(poll(&(struct pollfd){ vfa_irq_fd(irq, 2), POLLIN, 0 }, 1, LONG), 1);
	answer(&nvme);
	assert_ok(vfa_irq_set_eventfd(irq, 2, mine));
	assert_int_equal(read_eventfd(mine), 1);
	ask(&nvme);
	assert_int_equal(read_eventfd(mine), 1);
	answer(&nvme);
	assert_refused(vfa_irq_set_eventfd(irq, 2, STDIN_FILENO), EINVAL, VFA_CAUSE_BAD_FD);
	assert_ok(vfa_irq_set_eventfd(irq, 2, VFA_IRQ_OWN_EVENTFD));
	ask(&nvme);
	assert_ok(vfa_irq_wait(irq, 2, LONG, &events));
	assert_int_equal(events, 1);
	answer(&nvme);
	assert_ok(vfa_irq_set_eventfd(irq, 2, VFA_IRQ_NO_EVENTFD));
	ask(&nvme);
	assert_int_equal(nvme_poll(&nvme.queues[1], LONG), 0);
	assert_ok(vfa_irq_set_eventfd(irq, 2, mine));
	ask(&nvme);
	assert_int_not_equal(read_eventfd(mine), 0);
}

static void an_eventfd_of_the_caller_hears_each_kind(void **state)
{
	struct vfa_irq_options options = VFA_IRQ_OPTIONS_INIT;
	struct vm *vm = *state;
	struct nvme nvme;
	int mine;

	vm_need_assignment(vm);
	mine = eventfd_of_the_caller(vm);
	options.eventfds = &mine;
	nvme = nvme_open(vm, vm_container(vm), NVME);
	for (size_t i = 0; i < 2; i++) {
		struct vfa_irq *irq = enable(nvme.device, nvme_kinds[i], 0, 1, &options);
		struct nvme_command command =
			nvme_identify(NVME_IDENTIFY_CONTROLLER, 0, nvme_data_iova(&nvme));

		nvme_submit(&nvme.queues[0], &command);
		assert_int_equal(read_eventfd(mine), 1);
		assert_int_equal(vfa_irq_wait(irq, 0, 0, NULL), -EINVAL);
		assert_int_equal(nvme_take_answer(&nvme.queues[0]), 0);
		vfa_irq_disable(irq);
	}
}

static void an_eventfd_unmasks_intx(void **state)
{
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct edu edu;
	int first, second;

	vm_need_assignment(vm);
	first = eventfd_of_the_caller(vm);
	second = eventfd_of_the_caller(vm);
	edu = edu_open(vm, vm_container(vm), EDU);
	irq = vm_irq(vm, edu.device, VFA_IRQ_INTX, 1);
	assert_ok(vfa_irq_set_unmask_eventfd(irq, first));
	vfa_mmio_write32(edu.bar, EDU_INTERRUPT_RAISE, 1);
	for (unsigned int i = 0; i < 3; i++) { /* still up, it fires as often as it is unmasked */
		assert_ok(vfa_irq_wait(irq, 0, LONG, NULL));
		assert_int_equal(eventfd_write(first, 1), 0);
	}
	assert_ok(vfa_irq_wait(irq, 0, LONG, NULL));
	assert_ok(vfa_irq_set_unmask_eventfd(irq, second));
	assert_int_equal(eventfd_write(first, 1), 0); /* it is nobody's any more */
	assert_int_equal(vfa_irq_wait(irq, 0, 100, NULL), -ETIMEDOUT);
	assert_int_equal(read_eventfd(first), 1);
	assert_int_equal(eventfd_write(second, 1), 0);
	assert_ok(vfa_irq_wait(irq, 0, LONG, NULL));
	edu_acknowledge(edu.bar);
	assert_int_equal(eventfd_write(second, 1), 0);
	vfa_mmio_write32(edu.bar, EDU_INTERRUPT_RAISE, 2);
	assert_ok(vfa_irq_wait(irq, 0, LONG, NULL));
	edu_acknowledge(edu.bar);
	assert_ok(vfa_irq_set_unmask_eventfd(irq, VFA_IRQ_NO_EVENTFD));
	assert_ok(vfa_irq_unmask(irq));
}

static void every_kind_is_fired_by_software(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *card;
	uint64_t events;

	vm_need_assignment(vm);
	card = vm_device(vm, vm_container(vm), NETWORK);
	for (size_t i = 0; i < 5; i++) {
		struct vfa_irq *irq = enable(card, all_kinds[i], 0, 1, NULL);

		assert_ok(vfa_irq_trigger(irq, 0));
		assert_ok(vfa_irq_trigger(irq, 0));
		assert_ok(vfa_irq_wait(irq, 0, LONG, &events));
		assert_int_equal(events, 2);
		vfa_irq_disable(irq);
	}
}

/* With an eventfd that outlives the handle: it has heard of nothing. */
static void disabling_fires_nothing(void **state)
{
	struct vfa_irq_options options = VFA_IRQ_OPTIONS_INIT;
	struct vm *vm = *state;
	struct vfa_device *card;
	eventfd_t count;
	int mine;

	vm_need_assignment(vm);
	mine = eventfd_of_the_caller(vm);
	options.eventfds = &mine;
	card = vm_device(vm, vm_container(vm), NETWORK);
	for (size_t i = 0; i < 5; i++) {
		vfa_irq_disable(enable(card, all_kinds[i], 0, 1, &options));
		assert_int_equal(eventfd_read(mine, &count), -1);
	}
}

struct calls {
	unsigned int count;
	uint64_t events;
};

static void record(struct vfa_irq *irq, uint32_t vector, uint64_t count, void *data)
{
	struct calls *calls = data;

	(void)irq;
	(void)vector;
	calls->count++;
	calls->events += count;
}

static void handlers_hear_of_errors_requests_and_vectors(void **state)
{
	struct calls calls[3] = { { 0 } };
	struct vfa_irq *irqs[3];
	struct vm *vm = *state;
	struct vfa_device *card;

	vm_need_assignment(vm);
	card = vm_device(vm, vm_container(vm), NETWORK);
	irqs[0] = vm_irq(vm, card, VFA_IRQ_ERROR, 1);
	irqs[1] = vm_irq(vm, card, VFA_IRQ_REQUEST, 1);
	irqs[2] = vm_irq(vm, card, VFA_IRQ_MSIX, VECTORS);
	for (size_t i = 0; i < 3; i++) {
		assert_ok(vfa_irq_set_handler(irqs[i], record, &calls[i]));
		assert_ok(vfa_irq_trigger(irqs[i], 0));
	}
	assert_ok(vfa_irq_trigger(irqs[2], 4));
	assert_ok(vfa_irq_trigger(irqs[2], 4));
	assert_int_equal(vfa_irq_dispatch(irqs, 3, LONG), 4);
	assert_int_equal(calls[0].count, 1);
	assert_int_equal(calls[1].count, 1);
	assert_int_equal(calls[2].count, 2);
	assert_int_equal(calls[2].events, 3);
	assert_int_equal(vfa_irq_dispatch(irqs, 3, 0), -ETIMEDOUT);
}

#define STORM 3000

static void *fire_a_storm(void *data)
{
	for (uint32_t i = 0; i < STORM; i++)
		if (vfa_irq_trigger(data, i % VECTORS))
			return data;
	return NULL;
}

/* Two threads fire and one counts: none is lost, and none is made up. */
static void a_storm_is_counted_truthfully(void **state)
{
	uint64_t counts[VECTORS] = { 0 }, total = 0;
	struct vfa_irq_event events[3];
	struct vm *vm = *state;
	pthread_t threads[2];
	struct vfa_device *card;
	struct vfa_irq *irq;
	void *failed;

	vm_need_assignment(vm);
	card = vm_device(vm, vm_container(vm), NETWORK);
	irq = vm_irq(vm, card, VFA_IRQ_MSIX, VECTORS);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, fire_a_storm, irq), 0);
	while (total < 2 * STORM) {
		int got = assert_ok(vfa_irq_wait_any(&irq, 1, LONG, events, 3));

		for (int i = 0; i < got; i++) {
			counts[events[i].vector] += events[i].count;
			total += events[i].count;
		}
	}
	for (size_t i = 0; i < 2; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	for (size_t i = 0; i < VECTORS; i++)
		assert_int_equal(counts[i], 2 * STORM / VECTORS);
	assert_int_equal(vfa_irq_wait_any(&irq, 1, 0, events, 3), -ETIMEDOUT);
}

/* Each one that the device raises is waited for, so that none can merge with the next. */
static void a_storm_of_the_device_is_counted_truthfully(struct vm *vm, enum vfa_irq_kind kind)
{
	struct edu edu = edu_open(vm, vm_container(vm), EDU);
	struct vfa_irq *irq = vm_irq(vm, edu.device, kind, 1);
	uint64_t events;

	for (uint32_t i = 1; i <= 300; i++) {
		vfa_mmio_write32(edu.bar, EDU_INTERRUPT_RAISE, i);
		assert_ok(vfa_irq_wait(irq, 0, LONG, &events));
		assert_int_equal(events, 1);
		assert_int_equal(edu_acknowledge(edu.bar), i);
		if (kind == VFA_IRQ_INTX)
			assert_ok(vfa_irq_unmask(irq));
	}
	assert_int_equal(vfa_irq_wait(irq, 0, 0, NULL), -ETIMEDOUT);
}

static void a_storm_of_msi_is_counted_truthfully(void **state)
{
	vm_need_assignment(*state);
	a_storm_of_the_device_is_counted_truthfully(*state, VFA_IRQ_MSI);
}

static void a_storm_of_intx_is_counted_truthfully(void **state)
{
	vm_need_assignment(*state);
	a_storm_of_the_device_is_counted_truthfully(*state, VFA_IRQ_INTX);
}

/* Faster than they are heard they may merge, but as many as were raised is the most. */
static void a_burst_is_heard_and_not_exceeded(void **state)
{
	uint64_t events, total = 0;
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct edu edu;

	vm_need_assignment(vm);
	edu = edu_open(vm, vm_container(vm), EDU);
	irq = vm_irq(vm, edu.device, VFA_IRQ_MSI, 1);
	for (uint32_t i = 1; i <= 500; i++) {
		vfa_mmio_write32(edu.bar, EDU_INTERRUPT_RAISE, 1);
		vfa_mmio_write32(edu.bar, EDU_INTERRUPT_ACKNOWLEDGE, 1);
	}
	do {
		assert_ok(vfa_irq_wait(irq, 0, LONG, &events));
		total += events;
	} while (vfa_irq_wait(irq, 0, 0, &events) == 0 && (total += events));
	assert_in_range(total, 1, 500);
	print_message("# %d of 500 interrupts in a burst were heard apart\n", (int)total);
}

static void *ask_for_the_device(void *data)
{
	return vfa_irq_trigger(data, 0) ? data : NULL;
}

/* As the kernel does when somebody wants the device back; the removal itself is elsewhere. */
static void a_request_ends_a_wait_for_a_vector(void **state)
{
	struct vfa_irq_event event;
	struct vfa_irq *irqs[2];
	struct vm *vm = *state;
	struct vfa_device *card;
	pthread_t thread;
	void *failed;

	vm_need_assignment(vm);
	card = vm_device(vm, vm_container(vm), NETWORK);
	irqs[0] = vm_irq(vm, card, VFA_IRQ_REQUEST, 1);
	irqs[1] = vm_irq(vm, card, VFA_IRQ_MSIX, 2);
	assert_int_equal(pthread_create(&thread, NULL, ask_for_the_device, irqs[0]), 0);
	assert_int_equal(assert_ok(vfa_irq_wait_any(irqs, 2, -1, &event, 1)), 1);
	assert_ptr_equal(event.irq, irqs[0]);
	pthread_join(thread, &failed);
	assert_null(failed);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(a_queue_interrupts_by_its_pin_and_by_its_table),
		VM_CASE(armed_interrupts_outlive_a_reset),
		VM_CASE(masked_intx_stays_masked_over_a_reset),
		VM_CASE(vectors_come_and_go_as_the_kernel_allows),
		VM_CASE(msi_does_not_grow),
		VM_CASE(an_eventfd_is_exchanged_without_losing_a_count),
		VM_CASE(an_eventfd_of_the_caller_hears_each_kind),
		VM_CASE(an_eventfd_unmasks_intx),
		VM_CASE(every_kind_is_fired_by_software),
		VM_CASE(disabling_fires_nothing),
		VM_CASE(handlers_hear_of_errors_requests_and_vectors),
		VM_CASE(a_storm_is_counted_truthfully),
		VM_CASE(a_storm_of_msi_is_counted_truthfully),
		VM_CASE(a_storm_of_intx_is_counted_truthfully),
		VM_CASE(a_burst_is_heard_and_not_exceeded),
		VM_CASE(a_request_ends_a_wait_for_a_vector),
	};

	return vm_run_cases("irq", cases);
}
