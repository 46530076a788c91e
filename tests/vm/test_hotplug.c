/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Devices arrive, are asked for by the kernel, and are pulled out, while they are in use. */

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <unistd.h>

#include "edu.h"
#include "nvme.h"
#include "plug.h"

#define SIZE EDU_TRANSFER_MAX

/* The device in the slot, in use; the test closes it. */
struct guest {
	struct vfa_monitor *monitor;
	struct vfa_container *space;
	struct vfa_buffer *buffer;
	struct vfa_irq *request;
	struct edu edu;
};

static void need_slot(struct vm *vm)
{
	plug_need();
	vm_need_assignment(vm);
	vm_need(vm_profile()->translates_behind_ports, "an IOMMU for what is behind ports");
}

/* What was removed or unbound before is there again, on vfio-pci. */
static void prepare_slot(struct vm *vm)
{
	if (!plug_is_there(SLOT_EDU))
		plug_in(vm, SLOT_PORT, SLOT_DEVICE, SLOT_EDU);
	assert_ok(vfa_driver_bind(NULL, SLOT_EDU, NULL, NULL));
}

static void open_guest(struct guest *guest)
{
	struct edu *edu = &guest->edu;

	assert_ok(vfa_device_open(guest->space, SLOT_EDU, NULL, &edu->device));
	edu->bar = vm_bar(edu->device, 0);
	assert_ok(vfa_device_enable_bus_master(edu->device));
	assert_ok(vfa_irq_enable(edu->device, VFA_IRQ_REQUEST, 0, 1, NULL, &guest->request));
}

static struct guest use_slot(struct vm *vm)
{
	struct guest guest = { 0 };

	prepare_slot(vm);
	guest.monitor = vm_monitor(vm);
	guest.space = vm_container(vm);
	open_guest(&guest);
	guest.buffer = edu_buffer(vm, guest.space, SIZE);
	return guest;
}

static void close_guest(struct guest *guest)
{
	vfa_device_close(guest->edu.device);
	guest->edu.device = NULL;
}

/* There and back, so that what arrives is what was sent. */
static void do_dma(const struct guest *guest, unsigned int seed)
{
	void *memory = vfa_buffer_vaddr(guest->buffer);
	uint64_t iova = vfa_buffer_iova(guest->buffer);

	edu_fill(memory, SIZE, seed);
	edu_take(&guest->edu, iova, SIZE);
	edu_fill(memory, SIZE, seed + 1);
	edu_give(&guest->edu, iova, SIZE);
	edu_check(memory, SIZE, seed);
}

static void await_request(const struct guest *guest)
{
	assert_ok(vfa_irq_wait(guest->request, 0, PLUG_TIMEOUT_MS, NULL));
}

static void await_removal(const struct guest *guest)
{
	plug_await(guest->monitor, VFA_MONITOR_PCI, VFA_MONITOR_REMOVE, SLOT_EDU);
	assert_false(plug_is_there(SLOT_EDU));
}

/* What is mapped is for the next device, which comes into the same container. */
static void assert_next_device_works(struct vm *vm, struct guest *guest)
{
	prepare_slot(vm);
	open_guest(guest);
	do_dma(guest, 7);
	close_guest(guest);
}

static void empty_slot(struct vm *vm)
{
	struct vfa_monitor *monitor = vm_monitor(vm);
	struct plug_order order;

	if (!plug_is_there(SLOT_EDU))
		return;
	plug_order_off(&order, SLOT_EDU);
	plug_finish(&order);
	plug_await(monitor, VFA_MONITOR_PCI, VFA_MONITOR_REMOVE, SLOT_EDU);
}

static void a_plugged_device_is_heard_of_bound_and_used(void **state)
{
	struct vm *vm = *state;
	struct vfa_monitor_event event;
	struct guest guest;

	need_slot(vm);
	empty_slot(vm);
	guest.monitor = vm_monitor(vm);
	plug_in(vm, SLOT_PORT, SLOT_DEVICE, SLOT_EDU);
	event = plug_await(guest.monitor, VFA_MONITOR_PCI, VFA_MONITOR_ADD, SLOT_EDU);
	assert_string_equal(event.driver, "");
	assert_ok(vfa_driver_bind(NULL, SLOT_EDU, NULL, NULL));
	event = plug_await(guest.monitor, VFA_MONITOR_PCI, VFA_MONITOR_BIND, SLOT_EDU);
	assert_string_equal(event.driver, "vfio-pci");

	guest = use_slot(vm);
	do_dma(&guest, 1);
	assert_int_equal(vfa_device_check(guest.edu.device), VFA_DEVICE_READY);
	close_guest(&guest);
}

static void vfio_nodes_are_heard_of(void **state)
{
	struct vm *vm = *state;
	struct vfa_monitor_event event = VFA_MONITOR_EVENT_INIT;
	struct vfa_monitor *monitor;
	int group;

	need_slot(vm);
	prepare_slot(vm);
	assert_ok(vfa_driver_unbind(NULL, SLOT_EDU, NULL, NULL));
	monitor = vm_monitor(vm);
	assert_ok(vfa_driver_bind(NULL, SLOT_EDU, NULL, NULL));
	do
		assert_ok(vfa_monitor_wait(monitor, PLUG_TIMEOUT_MS, &event));
	while (event.subsystem != VFA_MONITOR_VFIO || event.action != VFA_MONITOR_ADD);
	group = event.group;
	assert_true(group >= 0);
	assert_memory_equal(event.node, "/dev/vfio/", 10);
	event = plug_await(monitor, VFA_MONITOR_VFIO_DEVICE, VFA_MONITOR_ADD, SLOT_EDU);
	assert_true(!event.node[0] == !vm_profile()->has_iommufd);
}

/* The button at the slot is pushed while DMA and interrupts go on. */
static void a_device_in_use_is_asked_for_and_let_go(void **state)
{
	struct vm *vm = *state;
	struct vfa_irq *irq = NULL;
	unsigned int seed = 0;
	struct guest guest;

	need_slot(vm);
	guest = use_slot(vm);
	assert_ok(vfa_irq_enable(guest.edu.device, VFA_IRQ_MSI, 0, 1, NULL, &irq));
	plug_push_button(SLOT_ID);
	do {
		do_dma(&guest, ++seed);
		vfa_mmio_write32(guest.edu.bar, EDU_INTERRUPT_RAISE, 1);
		assert_ok(vfa_irq_wait(irq, 0, PLUG_TIMEOUT_MS, NULL));
		edu_acknowledge(guest.edu.bar);
	} while (vfa_irq_wait(guest.request, 0, 0, NULL) == -ETIMEDOUT);

	/* It is there and works until it is closed. */
	assert_int_equal(vfa_device_check(guest.edu.device), VFA_DEVICE_LEAVING);
	do_dma(&guest, ++seed);
	assert_true(plug_is_there(SLOT_EDU));
	close_guest(&guest);
	await_removal(&guest);
	assert_next_device_works(vm, &guest);
}

static void give_back_on_request(struct vm *vm,
				 void (*ask)(struct plug_order *order, const char *bdf))
{
	struct guest guest = use_slot(vm);
	struct plug_order order;

	ask(&order, SLOT_EDU);
	await_request(&guest);
	assert_int_equal(vfa_device_check(guest.edu.device), VFA_DEVICE_LEAVING);
	do_dma(&guest, 3);
	assert_refused(vfa_device_reset(guest.edu.device), EAGAIN, VFA_CAUSE_IN_USE);
	assert_refused(vfa_device_hot_reset(guest.edu.device, NULL, 0), EAGAIN, VFA_CAUSE_IN_USE);
	assert_said("taking " SLOT_EDU " away");
	close_guest(&guest);
	plug_finish(&order);
	plug_await(guest.monitor, VFA_MONITOR_PCI, VFA_MONITOR_UNBIND, SLOT_EDU);
	assert_refused(vfa_device_open(guest.space, SLOT_EDU, NULL, &guest.edu.device),
		       plug_is_there(SLOT_EDU) ? ENOENT : ENODEV,
		       plug_is_there(SLOT_EDU) ? VFA_CAUSE_NOT_BOUND : VFA_CAUSE_NO_DEVICE);
	assert_next_device_works(vm, &guest);
}

static void a_slot_switched_off_waits_for_its_device(void **state)
{
	need_slot(*state);
	give_back_on_request(*state, plug_order_off);
}

static void an_unbound_device_is_asked_for(void **state)
{
	need_slot(*state);
	give_back_on_request(*state, plug_order_unbinding);
}

/* In the slot it stays: the kernel finds it again. */
static void a_removed_device_is_asked_for(void **state)
{
	struct vm *vm = *state;
	struct plug_order order;
	struct guest guest;

	need_slot(vm);
	guest = use_slot(vm);
	plug_order_removal(&order, SLOT_EDU);
	await_request(&guest);
	close_guest(&guest);
	plug_finish(&order);
	await_removal(&guest);
	plug_rescan();
	assert_next_device_works(vm, &guest);
}

/* Nobody has asked to be told, and finds out by looking. */
static void a_device_without_request_is_seen_to_leave(void **state)
{
	struct vm *vm = *state;
	struct plug_order order;
	struct guest guest;

	need_slot(vm);
	guest = use_slot(vm);
	vfa_irq_disable(guest.request);
	plug_order_off(&order, SLOT_EDU);
	/* Older kernels remove the node when the device is closed. */
	if (vm_profile()->has_iommufd)
		plug_await(guest.monitor, VFA_MONITOR_VFIO_DEVICE, VFA_MONITOR_REMOVE, SLOT_EDU);
	while (vfa_device_check(guest.edu.device) == VFA_DEVICE_READY)
		assert_int_equal(poll(NULL, 0, 10), 0);
	assert_int_equal(vfa_device_check(guest.edu.device), VFA_DEVICE_LEAVING);
	close_guest(&guest);
	plug_finish(&order);
	assert_next_device_works(vm, &guest);
}

/* A thread that waits for whatever comes first, for ever. */
struct waiter {
	pthread_t thread;
	struct vfa_irq *irqs[2];
	struct vfa_irq_event event;
	int got;
};

static void *wait_for_either(void *data)
{
	struct waiter *waiter = data;

	waiter->got = vfa_irq_wait_any(waiter->irqs, 2, -1, &waiter->event, 1);
	return NULL;
}

static void remove_under_a_waiting_thread(struct vm *vm, void (*take)(void))
{
	struct waiter waiter = { 0 };
	struct guest guest;

	guest = use_slot(vm);
	waiter.irqs[0] = guest.request;
	assert_ok(vfa_irq_enable(guest.edu.device, VFA_IRQ_MSI, 0, 1, NULL, &waiter.irqs[1]));
	assert_int_equal(pthread_create(&waiter.thread, NULL, wait_for_either, &waiter), 0);
	take();
	assert_int_equal(pthread_join(waiter.thread, NULL), 0);
	assert_int_equal(waiter.got, 1);
	assert_ptr_equal(waiter.event.irq, guest.request);
	close_guest(&guest);
	await_removal(&guest);
	assert_next_device_works(vm, &guest);
}

static void push_button(void)
{
	plug_push_button(SLOT_ID);
}

static void pull(void)
{
	plug_pull(SLOT_PORT);
}

static void a_thread_that_waits_is_woken_by_the_request(void **state)
{
	need_slot(*state);
	remove_under_a_waiting_thread(*state, push_button);
}

static void a_thread_that_waits_is_woken_when_the_device_is_pulled(void **state)
{
	need_slot(*state);
	remove_under_a_waiting_thread(*state, pull);
}

static void a_pulled_device_is_told_as_gone(void **state)
{
	struct vfa_irq *irq = NULL;
	struct vm *vm = *state;
	struct guest guest;
	uint32_t value = 77;
	int err;

	need_slot(vm);
	guest = use_slot(vm);
	do_dma(&guest, 5);
	assert_ok(vfa_irq_enable(guest.edu.device, VFA_IRQ_MSI, 0, 1, NULL, &irq));
	edu_dma_start(guest.edu.bar, vfa_buffer_iova(guest.buffer), 0, SIZE, 0);
	plug_pull(SLOT_PORT);

	assert_refused(vfa_device_check(guest.edu.device), ENODEV, VFA_CAUSE_DEVICE_GONE);
	assert_refused(vfa_config_read32(guest.edu.device, PCI_CLASS_REVISION, &value), ENODEV,
		       VFA_CAUSE_DEVICE_GONE);
	assert_int_equal(value, 77);
	assert_int_equal(vfa_irq_wait(irq, 0, 50, NULL), -ENODEV);
	/* The kernel knows by itself as soon as it takes the device away, which is any time now. */
	err = vfa_region_read(guest.edu.device, VFA_BAR(0), 0, &value, sizeof(value));
	assert_true(err == 0 || err == -ENODEV);
	/* Stores go nowhere, and loads find what the bus makes up: all ones, 0 in QEMU. */
	vfa_mmio_write32(guest.edu.bar, EDU_STATUS, 0);
	value = vfa_mmio_read32(guest.edu.bar, EDU_IDENTIFICATION);
	assert_true(value == 0 || value == UINT32_MAX);

	await_request(&guest);
	assert_refused(vfa_device_check(guest.edu.device), ENODEV, VFA_CAUSE_DEVICE_GONE);
	assert_refused(vfa_device_reset(guest.edu.device), ENODEV, VFA_CAUSE_DEVICE_GONE);
	vfa_irq_disable(irq);
	assert_ok(vfa_region_unmap(guest.edu.device, VFA_BAR(0)));
	close_guest(&guest);
	await_removal(&guest);
	assert_next_device_works(vm, &guest);
}

/* Closing is all that a program without any care does. */
static void a_pulled_device_can_be_closed_at_once(void **state)
{
	struct vm *vm = *state;
	struct guest guest;

	need_slot(vm);
	guest = use_slot(vm);
	plug_pull(SLOT_PORT);
	close_guest(&guest);
	await_removal(&guest);
	assert_next_device_works(vm, &guest);
}

/* Another device has it still, so nothing that is mapped goes. */
static void a_container_outlives_one_of_its_devices(void **state)
{
	struct vfa_mapping *mapping = NULL;
	struct vfa_device *other;
	struct vm *vm = *state;
	struct guest guest;
	void *memory;

	need_slot(vm);
	assert_ok(vfa_driver_bind(NULL, SLOT_OTHER, NULL, NULL));
	guest = use_slot(vm);
	other = vm_device(vm, guest.space, SLOT_OTHER);
	memory = vm_memory(vm, PAGE_SIZE);
	plug_pull(SLOT_PORT);
	assert_ok(vfa_container_map(guest.space, memory, PAGE_SIZE, NULL, &mapping));
	await_request(&guest);
	close_guest(&guest);
	await_removal(&guest);

	assert_int_equal(vfa_device_check(other), VFA_DEVICE_READY);
	assert_ok(vfa_mapping_unmap(mapping));
	assert_ok(vfa_container_map(guest.space, memory, PAGE_SIZE, NULL, &mapping));
	assert_next_device_works(vm, &guest);
	assert_ok(vfa_mapping_unmap(mapping));
}

/* Its queues are at work: each answer is DMA, and an interrupt. */
static void a_disk_is_pulled_while_it_answers(void **state)
{
	struct vfa_irq *irqs[2] = { NULL };
	struct vm *vm = *state;
	struct vfa_irq_event event;
	struct vfa_container *space;
	struct vfa_monitor *monitor;
	struct vfa_device *device;
	struct nvme_command identify;
	struct nvme nvme;

	need_slot(vm);
	empty_slot(vm);
	monitor = vm_monitor(vm);
	plug_in(vm, SLOT_PORT, "nvme,bus=port3,serial=plugged", SLOT_EDU);
	/* The kernel gives it to its own driver, some time after it has come. */
	if (access("/sys/bus/pci/drivers/nvme", F_OK) == 0)
		plug_await(monitor, VFA_MONITOR_PCI, VFA_MONITOR_BIND, SLOT_EDU);
	assert_ok(vfa_driver_bind(NULL, SLOT_EDU, NULL, NULL));
	space = vm_container(vm);
	assert_ok(vfa_device_open(space, SLOT_EDU, NULL, &device));
	assert_ok(vfa_irq_enable(device, VFA_IRQ_REQUEST, 0, 1, NULL, &irqs[0]));
	assert_ok(vfa_irq_enable(device, VFA_IRQ_MSIX, 0, 1, NULL, &irqs[1]));
	nvme = nvme_of(vm, space, device);
	identify = nvme_identify(NVME_IDENTIFY_CONTROLLER, 0, nvme_data_iova(&nvme));

	for (unsigned int answers = 0;; answers++) {
		nvme_submit(&nvme.queues[0], &identify);
		if (answers == 20)
			plug_pull(SLOT_PORT);
		assert_int_equal(vfa_irq_wait_any(irqs, 2, PLUG_TIMEOUT_MS, &event, 1), 1);
		if (event.irq == irqs[0])
			break;
		assert_int_equal(nvme_take_answer(&nvme.queues[0]), 0);
	}
	assert_refused(vfa_device_check(device), ENODEV, VFA_CAUSE_DEVICE_GONE);
	vfa_device_close(device);
	plug_await(monitor, VFA_MONITOR_PCI, VFA_MONITOR_REMOVE, SLOT_EDU);
}

static void change(const char *bdf)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/uevent", bdf);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "change", 6), 6);
	close(fd);
}

/* On any machine. */
static void lost_events_are_told_once(void **state)
{
	struct vfa_monitor_options options = VFA_MONITOR_OPTIONS_INIT;
	struct vfa_monitor_event event = VFA_MONITOR_EVENT_INIT;
	struct vfa_monitor *monitor = NULL;
	unsigned int heard = 0;

	vm_need(plug_is_there(PORT), "the usual devices");
	options.buffer_size = 4096;
	assert_ok(vfa_monitor_open(NULL, &options, &monitor));
	assert_int_equal(vfa_monitor_source(monitor), VFA_MONITOR_KERNEL);
	for (unsigned int i = 0; i < 1000; i++)
		change(PORT);
	assert_refused(vfa_monitor_wait(monitor, PLUG_TIMEOUT_MS, &event), ENOBUFS,
		       VFA_CAUSE_EVENTS_LOST);
	while (assert_ok(vfa_monitor_read(monitor, &event)) == 1)
		heard++;
	assert_in_range(heard, 1, 999);
	change(PORT);
	assert_ok(vfa_monitor_wait(monitor, PLUG_TIMEOUT_MS, &event));
	assert_int_equal(event.action, VFA_MONITOR_CHANGE);
	assert_string_equal(event.bdf, PORT);
	vfa_monitor_close(monitor);
	(void)state;
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(lost_events_are_told_once),
		VM_CASE(a_plugged_device_is_heard_of_bound_and_used),
		VM_CASE_ONCE(vfio_nodes_are_heard_of),
		VM_CASE(a_device_in_use_is_asked_for_and_let_go),
		VM_CASE(a_slot_switched_off_waits_for_its_device),
		VM_CASE(an_unbound_device_is_asked_for),
		VM_CASE(a_removed_device_is_asked_for),
		VM_CASE(a_device_without_request_is_seen_to_leave),
		VM_CASE(a_thread_that_waits_is_woken_by_the_request),
		VM_CASE(a_thread_that_waits_is_woken_when_the_device_is_pulled),
		VM_CASE(a_pulled_device_is_told_as_gone),
		VM_CASE(a_pulled_device_can_be_closed_at_once),
		VM_CASE(a_container_outlives_one_of_its_devices),
		VM_CASE(a_disk_is_pulled_while_it_answers),
	};

	return vm_run_cases("hotplug", cases);
}
