/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What one process opened is used by another, by one that has no rights at all too. */

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu.h"

#define SIZE EDU_TRANSFER_MAX

/* The ends of a socket, and what the child is told. */
struct ends {
	enum vfa_backend backend;
	int here;
	int there;
};

static struct ends open_ends(struct vm *vm)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	vm_own_fd(vm, fds[0]);
	vm_own_fd(vm, fds[1]);
	return (struct ends){ vm->backend, fds[0], fds[1] };
}

/* Open a device, send it, and close all of it. */
static int send_one(const struct ends *ends, const char *bdf)
{
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	int err = vfa_container_open(NULL, ends->backend, &space);

	if (!err)
		err = vfa_device_open(space, bdf, NULL, &device);
	if (!err)
		err = vfa_share_send(ends->here, space);
	vfa_container_close(space);
	vfa_device_close(device);
	return err;
}

/* Nothing of the machine to be seen, no privilege, and 1 MiB of memory to lock. */
static int give_up_everything(void)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };

	return unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	       mount("none", "/dev", "tmpfs", 0, NULL) || mount("none", "/sys", "tmpfs", 0, NULL) ||
	       setrlimit(RLIMIT_MEMLOCK, &limit) || vm_become_nobody();
}

static int alloc_reachable(struct vfa_container *space, struct vfa_buffer **ret)
{
	struct vfa_map_options reachable = VFA_MAP_OPTIONS_INIT;
	struct vfa_buffer_options options = VFA_BUFFER_OPTIONS_INIT;

	reachable.iova_max = EDU_DMA_MASK;
	options.map = &reachable;
	return vfa_buffer_alloc(space, SIZE, &options, ret);
}

static int transfer(volatile void *bar, struct vfa_irq *irq, struct vfa_buffer *buffer,
		    uint64_t how)
{
	int err;

	edu_dma_start(bar, vfa_buffer_iova(buffer), 0, SIZE, how | EDU_DMA_INTERRUPT);
	err = vfa_irq_wait(irq, 0, 20000, NULL);
	vfa_mmio_write32(bar, EDU_INTERRUPT_ACKNOWLEDGE, EDU_INTERRUPT_DMA);
	return err;
}

/* Through the device and back to another place, each way ended by an interrupt. */
static int round_trip(volatile void *bar, struct vfa_irq *irq, struct vfa_buffer *from,
		      struct vfa_buffer *to)
{
	int err;

	edu_fill(vfa_buffer_vaddr(from), SIZE, 1);
	vfa_mmio_write32(bar, EDU_INTERRUPT_ACKNOWLEDGE, ~0u);
	err = transfer(bar, irq, from, 0);
	if (!err)
		err = transfer(bar, irq, to, EDU_DMA_TO_MEMORY);
	if (!err && memcmp(vfa_buffer_vaddr(from), vfa_buffer_vaddr(to), SIZE) != 0)
		err = 1;
	return err;
}

static int use_device(struct vfa_container *space, struct vfa_device *device)
{
	struct vfa_buffer *from = NULL, *to = NULL;
	struct vfa_irq *irq = NULL;
	volatile void *bar = NULL;
	int err = vfa_region_map(device, VFA_BAR(0), &bar);

	if (!err)
		err = vfa_device_enable_bus_master(device);
	if (!err)
		err = vfa_irq_enable(device, VFA_IRQ_MSI, 0, 1, NULL, &irq);
	if (!err)
		err = alloc_reachable(space, &from);
	if (!err)
		err = alloc_reachable(space, &to);
	if (!err)
		err = round_trip(bar, irq, from, to);
	vfa_irq_disable(irq);
	vfa_buffer_free(from);
	vfa_buffer_free(to);
	return err;
}

static int use_as_nobody(void *data)
{
	const struct ends *ends = data;
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	int err;

	if (give_up_everything())
		return 1;
	err = vfa_share_receive(ends->there, NULL, &space, &device, 1);
	if (err == 1)
		err = use_device(space, device);
	vfa_device_close(device);
	vfa_container_close(space);
	return err;
}

static void nobody_uses_what_root_opened(void **state)
{
	struct vm *vm = *state;
	struct vm_report report;
	struct ends ends;

	vm_need_assignment(vm);
	ends = open_ends(vm);
	for (int i = 0; i < 2; i++) { /* the device is free again afterwards */
		assert_ok(send_one(&ends, EDU));
		vm_in_child(use_as_nobody, &ends, &report);
		if (report.result)
			print_error("%d: %s\n", report.result, report.message);
		assert_int_equal(report.result, 0);
	}
}

/* More than it may lock, with the sender's limit as high as root's is. */
static int map_too_much(void *data)
{
	const struct ends *ends = data;
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	struct vfa_buffer *buffer = NULL;
	int err;

	if (give_up_everything())
		return 1;
	err = vfa_share_receive(ends->there, NULL, &space, &device, 1);
	if (err == 1)
		err = vfa_buffer_alloc(space, 4 << 20, NULL, &buffer);
	vfa_buffer_free(buffer);
	vfa_device_close(device);
	vfa_container_close(space);
	return err;
}

static void receiver_pays_for_its_memory(void **state)
{
	struct vm *vm = *state;
	struct vm_report report;
	struct ends ends;

	vm_need_assignment(vm);
	ends = open_ends(vm);
	assert_ok(send_one(&ends, EDU));
	vm_in_child(map_too_much, &ends, &report);
	assert_child_refused(&report, ENOMEM, VFA_CAUSE_MEMLOCK);
}

/* KiB that one mapping of 64 pages adds: what is counted, and what is not. */
static int map_and_look(void *data)
{
	const struct ends *ends = data;
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	struct vfa_buffer *buffer = NULL;
	struct vm_usage before, now;
	int err = vfa_share_receive(ends->there, NULL, &space, &device, 1);

	before = vm_usage_now();
	if (err == 1)
		err = vfa_buffer_alloc(space, 64 * PAGE_SIZE, NULL, &buffer);
	now = vm_usage_now();
	vfa_buffer_free(buffer);
	vfa_device_close(device);
	vfa_container_close(space);
	if (err)
		return err;
	return ends->backend == VFA_BACKEND_TYPE1 ? now.locked - before.locked
						  : now.pinned - before.pinned;
}

static void kernel_counts_for_the_receiver(void **state)
{
	struct vm *vm = *state;
	struct vm_report report;
	struct ends ends;

	vm_need_assignment(vm);
	vm_need_plain_memory();
	ends = open_ends(vm);
	assert_ok(send_one(&ends, EDU));
	vm_in_child(map_and_look, &ends, &report);
	assert_int_equal(report.result, 64 * PAGE_SIZE / 1024);
}

static int open_and_send(void *data)
{
	return send_one(data, EDU);
}

static void device_outlives_the_process_that_opened_it(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	struct vm_report report;
	struct ends ends;

	vm_need_assignment(vm);
	ends = open_ends(vm);
	vm_in_child(open_and_send, &ends, &report);
	assert_int_equal(report.result, 0);
	assert_int_equal(vfa_share_receive(ends.there, NULL, &space, &device, 1), 1);
	vm_own_container(vm, space);
	assert_ok(use_device(space, device));
	vfa_device_close(device);

	/* Here it may be opened again, into the address space that was received. */
	assert_ok(use_device(space, vm_device(vm, space, EDU)));
}

/* While it does DMA to memory of the receiver. */
static void sender_may_close_at_any_time(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *sent = NULL, *space = NULL;
	struct vfa_device *own = NULL, *device = NULL;
	struct vfa_buffer *buffer;
	struct ends ends;
	struct edu edu;

	vm_need_assignment(vm);
	ends = open_ends(vm);
	assert_ok(vfa_container_open(NULL, vm->backend, &sent));
	assert_ok(vfa_device_open(sent, EDU, NULL, &own));
	assert_ok(vfa_share_send(ends.here, sent));
	assert_refused(vfa_container_iova_ranges(sent, NULL, 0), EBUSY, VFA_CAUSE_SENT);
	assert_int_equal(vfa_share_receive(ends.there, NULL, &space, &device, 1), 1);
	vm_own_container(vm, space);
	vm_own_device(vm, device);
	edu = (struct edu){ device, vm_bar(device, 0) };
	assert_ok(vfa_device_enable_bus_master(device));
	buffer = edu_buffer(vm, space, SIZE);

	edu_fill(vfa_buffer_vaddr(buffer), SIZE, 2);
	edu_dma_start(edu.bar, vfa_buffer_iova(buffer), 0, SIZE, 0);
	vfa_device_close(own);
	vfa_container_close(sent);
	assert_true(edu_dma_wait(edu.bar, 5000));
	edu_fill(vfa_buffer_vaddr(buffer), SIZE, 3);
	edu_give(&edu, vfa_buffer_iova(buffer), SIZE);
	edu_check(vfa_buffer_vaddr(buffer), SIZE, 2);
}

/* Two of one group, and one of another. */
static void devices_of_a_container_go_together(void **state)
{
	static const char *const bdfs[] = { PORT_EDU_1, EDU, PORT_EDU_2 };
	struct vm *vm = *state;
	struct vfa_device *devices[4] = { NULL }, *own;
	struct vfa_container *sent = NULL, *space = NULL;
	struct ends ends;

	vm_need_assignment(vm);
	ends = open_ends(vm);
	sent = vm_container(vm);
	for (int i = 0; i < 3; i++)
		own = vm_device(vm, sent, bdfs[i]);
	assert_string_equal(vfa_device_bdf(own), PORT_EDU_2);
	assert_ok(vfa_share_send(ends.here, sent));
	assert_refused(vfa_share_receive(ends.there, NULL, &space, devices, 2), ENOSPC,
		       VFA_CAUSE_BAD_ARGUMENT);
	assert_int_equal(vfa_share_receive(ends.there, NULL, &space, devices, 4), 3);
	vm_own_container(vm, space);
	for (int i = 0; i < 3; i++) {
		vm_own_device(vm, devices[i]);
		assert_string_equal(vfa_device_bdf(devices[i]), bdfs[i]);
	}
	assert_int_equal(vfa_device_group(devices[0]), vfa_device_group(devices[2]));
	assert_ok(use_device(space, devices[1]));
	if (vm_profile()->translates_behind_ports)
		assert_ok(use_device(space, devices[0]));
}

/* The kernel keeps them through a reset, but not for another process. */
static void a_device_that_eventfds_write_to_stays(void **state)
{
	struct vfa_ioeventfd store = {
		.index = VFA_BAR(0), .width = 4, .offset = EDU_INTERRUPT_RAISE, .value = 1
	};
	struct vfa_container *space;
	struct vfa_device *device;
	struct vm *vm = *state;
	struct ends ends;
	int fd;

	vm_need_assignment(vm);
	ends = open_ends(vm);
	space = vm_container(vm);
	device = vm_device(vm, space, PORT_EDU_1);
	fd = eventfd(0, EFD_CLOEXEC);
	vm_own_fd(vm, fd);
	assert_ok(vfa_ioeventfd_add(device, &store, fd));
	assert_ok(vfa_device_hot_reset(device, NULL, 0));
	assert_refused(vfa_share_send(ends.here, space), EBUSY, VFA_CAUSE_IN_USE);
	assert_refused(vfa_ioeventfd_add(device, &store, fd), EEXIST, VFA_CAUSE_IOEVENTFD);
	assert_ok(vfa_ioeventfd_remove(device, &store));
	assert_ok(vfa_share_send(ends.here, space));
}

/* What is not opened by this library is nothing to this library. */
static void other_fds_are_refused(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space = NULL;
	struct vfa_device *device = NULL;
	struct ends ends;

	vm_need_assignment(vm);
	ends = open_ends(vm);
	assert_int_equal(write(ends.here, "vfashare", 8), 8);
	assert_refused(vfa_share_receive(ends.there, NULL, &space, &device, 1), EBADMSG,
		       VFA_CAUSE_BAD_MESSAGE);
	assert_null(space);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(nobody_uses_what_root_opened),
		VM_CASE(receiver_pays_for_its_memory),
		VM_CASE(kernel_counts_for_the_receiver),
		VM_CASE(device_outlives_the_process_that_opened_it),
		VM_CASE(sender_may_close_at_any_time),
		VM_CASE(devices_of_a_container_go_together),
		VM_CASE(a_device_that_eventfds_write_to_stays),
		VM_CASE(other_fds_are_refused),
	};

	return vm_run_cases("share", cases);
}
