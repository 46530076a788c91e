/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Eventfds that write registers: the kernel does, and the device notices. */

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "edu.h"

#define NETWORK "0000:00:0a.0" /* e1000e: I/O ports in BAR 2, the MSI-X table in BAR 3 */
#define LIMIT   1000

static struct vfa_ioeventfd store_of(uint32_t index, uint32_t width, uint64_t offset,
				     uint64_t value)
{
	return (struct vfa_ioeventfd){
		.index = index, .width = width, .offset = offset, .value = value
	};
}

static int new_eventfd(struct vm *vm)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_true(fd >= 0);
	vm_own_fd(vm, fd);
	return fd;
}

static void ring(int fd)
{
	assert_int_equal(eventfd_write(fd, 1), 0);
}

/* The interrupt is the device's answer, so nothing here has to wait blindly. */
static void a_written_eventfd_rings_the_device(void **state)
{
	struct vfa_ioeventfd store = store_of(VFA_BAR(0), 4, EDU_INTERRUPT_RAISE, 0x1234);
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct edu edu;
	int fd;

	vm_need_assignment(vm);
	edu = edu_open(vm, vm_container(vm), EDU);
	irq = vm_irq(vm, edu.device, VFA_IRQ_MSI, 1);
	fd = new_eventfd(vm);
	assert_ok(vfa_ioeventfd_add(edu.device, &store, fd));
	for (int round = 0; round < 3; round++) {
		ring(fd);
		assert_ok(vfa_irq_wait(irq, 0, 60000, NULL));
		assert_int_equal(edu_acknowledge(edu.bar), 0x1234);
	}
	assert_ok(vfa_ioeventfd_remove(edu.device, &store));
	ring(fd);
	assert_int_equal(vfa_mmio_read32(edu.bar, EDU_INTERRUPT_STATUS), 0);
	assert_refused(vfa_ioeventfd_remove(edu.device, &store), ENOENT, VFA_CAUSE_IOEVENTFD);
}

static void an_eventfd_that_was_written_before_rings_at_once(void **state)
{
	struct vfa_ioeventfd store = store_of(VFA_BAR(0), 4, EDU_INTERRUPT_RAISE, 0x21);
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct edu edu;
	int fd;

	vm_need_assignment(vm);
	edu = edu_open(vm, vm_container(vm), EDU);
	irq = vm_irq(vm, edu.device, VFA_IRQ_MSI, 1);
	fd = new_eventfd(vm);
	ring(fd);
	assert_ok(vfa_ioeventfd_add(edu.device, &store, fd));
	assert_ok(vfa_irq_wait(irq, 0, 60000, NULL));
	assert_int_equal(edu_acknowledge(edu.bar), 0x21);
}

/* Closed by the test, and by nobody else. */
static void the_device_drops_its_stores_when_it_is_closed(void **state)
{
	struct vfa_ioeventfd store = store_of(VFA_BAR(0), 4, EDU_INTERRUPT_RAISE, 0x22);
	struct vfa_container *space;
	struct vfa_device *device;
	struct vm *vm = *state;
	struct edu edu;
	int fd;

	vm_need_assignment(vm);
	space = vm_container(vm);
	fd = new_eventfd(vm);
	assert_ok(vfa_device_open(space, EDU, NULL, &device));
	assert_ok(vfa_ioeventfd_add(device, &store, fd));
	vfa_device_close(device);
	ring(fd);
	edu = edu_open(vm, space, EDU);
	assert_int_equal(vfa_mmio_read32(edu.bar, EDU_INTERRUPT_STATUS), 0);
	assert_ok(vfa_ioeventfd_add(edu.device, &store, fd));
}

static void memory_is_written_in_each_width(void **state)
{
	static const uint64_t values[] = { 0x91, 0x9234, 0x92345678, 0x923456789abcdef0 };
	struct vm *vm = *state;
	struct vfa_device *memory;
	volatile void *bar;

	vm_need_assignment(vm);
	memory = vm_device(vm, vm_container(vm), SHARED_MEMORY);
	bar = vm_bar(memory, 2);
	for (unsigned int i = 0; i < 4; i++) {
		struct vfa_ioeventfd store = store_of(VFA_BAR(2), 1 << i, 64, values[i]);
		int fd = new_eventfd(vm);

		vfa_mmio_write64(bar, 64, 0);
		assert_ok(vfa_ioeventfd_add(memory, &store, fd));
		ring(fd);
		/* When it is removed, the store has been made. */
		assert_ok(vfa_ioeventfd_remove(memory, &store));
		assert_true(vfa_mmio_read64(bar, 64) == values[i]);
	}
}

static void io_ports_are_written(void **state)
{
	struct vfa_ioeventfd store = store_of(VFA_BAR(2), 4, 0, 0x10);
	struct vm *vm = *state;
	struct vfa_device *network;
	uint32_t value = 0;
	int fd;

	vm_need_assignment(vm);
	network = vm_device(vm, vm_container(vm), NETWORK);
	assert_ok(vfa_region_write(network, VFA_BAR(2), 0, &value, sizeof(value)));
	fd = new_eventfd(vm);
	assert_ok(vfa_ioeventfd_add(network, &store, fd));
	ring(fd);
	assert_ok(vfa_ioeventfd_remove(network, &store));
	assert_ok(vfa_region_read(network, VFA_BAR(2), 0, &value, sizeof(value)));
	assert_int_equal(value, 0x10);
}

static void stores_are_refused_with_the_reason(void **state)
{
	struct vfa_ioeventfd store = store_of(VFA_BAR(3), 4, 12, 0);
	struct vm *vm = *state;
	struct vfa_device *network;
	int fd;

	vm_need_assignment(vm);
	network = vm_device(vm, vm_container(vm), NETWORK);
	fd = new_eventfd(vm);
	assert_refused(vfa_ioeventfd_add(network, &store, fd), EOPNOTSUPP, VFA_CAUSE_IOEVENTFD);
	assert_said("MSI-X table 0x0-0x4f");
	store = store_of(VFA_BAR(0), 4, 0x20, 0);
	assert_refused(vfa_ioeventfd_add(network, &store, vm_open(vm, "/dev/null", 0)), EINVAL,
		       VFA_CAUSE_BAD_FD);
	assert_refused(vfa_ioeventfd_add(network, &store, 999), EBADF, VFA_CAUSE_BAD_FD);
	assert_ok(vfa_ioeventfd_add(network, &store, fd));
	assert_refused(vfa_ioeventfd_add(network, &store, fd), EEXIST, VFA_CAUSE_IOEVENTFD);
	store = store_of(VFA_REGION_CONFIG, 2, 4, 0);
	assert_refused(vfa_ioeventfd_add(network, &store, fd), EOPNOTSUPP, VFA_CAUSE_IOEVENTFD);
}

static void the_kernel_limits_their_number(void **state)
{
	struct vm *vm = *state;
	struct vfa_ioeventfd store;
	struct vfa_device *memory;
	int fd;

	vm_need_assignment(vm);
	memory = vm_device(vm, vm_container(vm), SHARED_MEMORY);
	fd = new_eventfd(vm);
	for (uint64_t i = 0; i < LIMIT; i++) {
		store = store_of(VFA_BAR(2), 4, 4 * i, 1);
		assert_ok(vfa_ioeventfd_add(memory, &store, fd));
	}
	store = store_of(VFA_BAR(2), 4, 4 * LIMIT, 1);
	assert_refused(vfa_ioeventfd_add(memory, &store, fd), ENOSPC, VFA_CAUSE_IOEVENTFD);
	store.offset = 0;
	assert_ok(vfa_ioeventfd_remove(memory, &store));
	assert_ok(vfa_ioeventfd_add(memory, &store, fd));
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(a_written_eventfd_rings_the_device),
		VM_CASE(an_eventfd_that_was_written_before_rings_at_once),
		VM_CASE(the_device_drops_its_stores_when_it_is_closed),
		VM_CASE(memory_is_written_in_each_width),
		VM_CASE(io_ports_are_written),
		VM_CASE(stores_are_refused_with_the_reason),
		VM_CASE(the_kernel_limits_their_number),
	};

	return vm_run_cases("ioeventfd", cases);
}
