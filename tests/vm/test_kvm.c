/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Devices and the KVM of the emulated machine, which emulates a machine of its own. */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/kvm.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "edu.h"
#include "guest.h"

static void a_device_is_added_and_removed(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *device;
	struct vfa_kvm *kvm;

	vm_need_assignment(vm);
	kvm = vm_kvm(vm, guest_vm(vm));
	device = vm_device(vm, vm_container(vm), EDU);
	assert_ok(vfa_kvm_add(kvm, device));
	assert_refused(vfa_kvm_add(kvm, device), EEXIST, VFA_CAUSE_REGISTERED);
	assert_ok(vfa_kvm_remove(kvm, device));
	assert_refused(vfa_kvm_remove(kvm, device), ENOENT, VFA_CAUSE_WRONG_ORDER);
	assert_ok(vfa_kvm_add(kvm, device));
}

/* While KVM has it, its group or device cannot be opened again. */
static void a_closed_device_is_not_left_in_kvm(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *device;
	struct vfa_kvm *kvm;

	vm_need_assignment(vm);
	kvm = vm_kvm(vm, guest_vm(vm));
	space = vm_container(vm);
	for (int i = 0; i < 3; i++) {
		assert_ok(vfa_device_open(space, EDU, NULL, &device));
		assert_ok(vfa_kvm_add(kvm, device));
		vfa_device_close(device);
	}
}

static void a_closed_handle_leaves_nothing_in_the_vm(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *device;
	struct vfa_kvm *kvm, *same = NULL;
	int machine, fd;

	vm_need_assignment(vm);
	machine = guest_vm(vm);
	kvm = vm_kvm(vm, machine);
	fd = dup(vfa_kvm_fd(kvm));
	assert_true(fd >= 0);
	vm_own_fd(vm, fd);
	device = vm_device(vm, vm_container(vm), EDU);
	assert_refused(vfa_kvm_open(NULL, machine, &same), EBUSY, VFA_CAUSE_REGISTERED);
	assert_ok(vfa_kvm_open_fd(NULL, fd, &same));
	assert_ok(vfa_kvm_add(same, device));
	vfa_kvm_close(same);
	assert_ok(vfa_kvm_add(kvm, device)); /* else the kernel has it twice */
}

/* Before Linux 6.2 and its mends in stable kernels the VM would keep it. */
static void a_closed_vfio_device_can_be_made_again(void **state)
{
	struct vm *vm = *state;
	struct vfa_kvm *kvm;
	int machine;

	vm_need_assignment(vm);
	machine = guest_vm(vm);
	assert_ok(vfa_kvm_open(NULL, machine, &kvm));
	vfa_kvm_close(kvm);
	vm_kvm(vm, machine);
}

static void wrong_fds_are_refused(void **state)
{
	struct vm *vm = *state;
	struct vfa_kvm *kvm, *other = NULL;
	int machine, node, null;

	vm_need_assignment(vm);
	machine = guest_vm(vm);
	kvm = vm_kvm(vm, machine);
	node = vm_open(vm, "/dev/kvm", O_RDWR);
	null = vm_open(vm, "/dev/null", O_RDWR);
	assert_refused(vfa_kvm_open(NULL, -1, &other), EBADF, VFA_CAUSE_BAD_FD);
	assert_refused(vfa_kvm_open(NULL, node, &other), ENOTTY, VFA_CAUSE_BAD_FD);
	assert_refused(vfa_kvm_open(NULL, null, &other), ENOTTY, VFA_CAUSE_BAD_FD);
	assert_refused(vfa_kvm_open(NULL, vfa_kvm_fd(kvm), &other), ENOTTY, VFA_CAUSE_BAD_FD);
	assert_refused(vfa_kvm_open_fd(NULL, -1, &other), EBADF, VFA_CAUSE_BAD_FD);
	assert_refused(vfa_kvm_open_fd(NULL, machine, &other), ENOTTY, VFA_CAUSE_BAD_FD);
	assert_refused(vfa_kvm_open_fd(NULL, null, &other), ENOTTY, VFA_CAUSE_BAD_FD);
	assert_refused(vfa_kvm_add_fd(kvm, -1), EBADF, VFA_CAUSE_BAD_FD);
	assert_refused(vfa_kvm_add_fd(kvm, null), EINVAL, VFA_CAUSE_BAD_FD);
	assert_null(other);
}

/* The node that a device is opened by. */
static int open_node(struct vm *vm, const char *bdf)
{
	char pattern[128], path[64];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "/sys/bus/pci/devices/%s/vfio-dev/vfio*", bdf);
	if (vm->backend == VFA_BACKEND_TYPE1) {
		struct vfa_group *group;

		assert_ok(vfa_group_new_for_device(NULL, bdf, &group));
		snprintf(path, sizeof(path), "/dev/vfio/%d", vfa_group_number(group));
		vfa_group_free(group);
	} else {
		assert_int_equal(glob(pattern, 0, NULL, &found), 0);
		snprintf(path, sizeof(path), "/dev/vfio/devices/%.16s",
			 strrchr(found.gl_pathv[0], '/') + 1);
		globfree(&found);
	}
	return vm_open(vm, path, O_RDWR);
}

/* For drivers that want to know the VM as their device is opened. */
static void a_node_is_added_before_its_device_is_opened(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *device;
	struct vfa_kvm *kvm;
	int node;

	vm_need_assignment(vm);
	kvm = vm_kvm(vm, guest_vm(vm));
	space = vm_container(vm);
	node = open_node(vm, EDU);
	assert_ok(vfa_kvm_add_fd(kvm, node));
	assert_refused(vfa_kvm_add_fd(kvm, node), EEXIST, VFA_CAUSE_REGISTERED);
	assert_ok(vfa_device_open_fd(space, EDU, node, NULL, &device));
	vm_own_device(vm, device);
	assert_refused(vfa_kvm_add(kvm, device), EEXIST, VFA_CAUSE_REGISTERED);
	assert_ok(vfa_kvm_remove_fd(kvm, node));
	assert_ok(vfa_kvm_add(kvm, device));
}

static int in_child(void *data)
{
	return vfa_kvm_add(((void **)data)[0], ((void **)data)[1]);
}

static void kvm_does_not_serve_a_child(void **state)
{
	struct vm *vm = *state;
	struct vm_report report;
	void *data[2];

	vm_need_assignment(vm);
	data[0] = vm_kvm(vm, guest_vm(vm));
	data[1] = vm_device(vm, vm_container(vm), EDU);
	vm_in_child(in_child, data, &report);
	assert_child_refused(&report, EIO, VFA_CAUSE_BAD_FD);
	assert_ok(vfa_kvm_add(data[0], data[1]));
}

/* Calls of functions on other processors since boot. */
static unsigned long count_calls(void)
{
	FILE *file = fopen("/proc/interrupts", "re");
	unsigned long sum = 0;
	char line[512];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		char *at = strstr(line, "CAL:");

		for (at = at ? at + 4 : NULL; at && *at;) {
			char *end;
			unsigned long count = strtoul(at, &end, 10);

			if (end == at)
				break;
			sum += count;
			at = end;
		}
	}
	fclose(file);
	return sum;
}

static void move_to(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

#define FLUSHES 50

/*
 * KVM does not tell what it concluded from its devices. But where it honours WBINVD it
 * writes back the caches of all processors that the guest has run on since the last
 * one, by a call to each: so many more calls there are to the processor it came from.
 */
static unsigned long count_flushes(const struct guest *guest)
{
	unsigned long calls = 0;
	cpu_set_t all;

	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	for (int i = 0; i < FLUSHES; i++) {
		unsigned long before;

		move_to(i % 2);
		before = count_calls();
		assert_int_equal(guest_run(guest), GUEST_FLUSHED);
		calls += count_calls() - before;
		assert_int_equal(guest_run(guest), GUEST_ON); /* on this processor, for next time */
	}
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	return calls;
}

static void kvm_honours_wbinvd_as_was_foretold(void **state)
{
	struct vm *vm = *state;
	struct vfa_wbinvd wbinvd = VFA_WBINVD_INIT;
	unsigned long without, with, after;
	struct vfa_device *device;
	struct vfa_kvm *kvm;
	struct guest guest;

	vm_need_assignment(vm);
	guest = guest_open(vm, guest_flush, guest_flush_end);
	kvm = vm_kvm(vm, guest.vm);
	device = vm_device(vm, vm_container(vm), EDU);
	assert_true(vfa_coherency_needs_wbinvd(&device, 1, &wbinvd) >= 0);
	without = count_flushes(&guest);
	assert_ok(vfa_kvm_add(kvm, device));
	with = count_flushes(&guest);
	assert_ok(vfa_kvm_remove(kvm, device));
	after = count_flushes(&guest);
	printf("# WBINVD %d times: %lu calls without a device, %lu with it, %lu after it; "
	       "foretold: %s\n",
	       FLUSHES, without, with, after, vfa_answer_name(wbinvd.kernel));
	assert_int_not_equal(wbinvd.kernel, VFA_UNKNOWN);
	assert_true(without < FLUSHES / 2);
	assert_true(after < FLUSHES / 2);
	assert_true(wbinvd.kernel == VFA_YES ? with >= FLUSHES * 3 / 4 : with < FLUSHES / 2);
}

/* A device, an interrupt of which KVM takes, and the guest that waits for it. */
struct wired {
	struct guest guest;
	struct edu edu;
	struct vfa_irq *irq;
	struct kvm_irqfd irqfd;
};

static int make_eventfd(struct vm *vm)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_true(fd >= 0);
	vm_own_fd(vm, fd);
	return fd;
}

/* With an eventfd of the caller from the start. */
static struct wired wire(struct vm *vm, enum vfa_irq_kind kind)
{
	struct vfa_irq_options options = VFA_IRQ_OPTIONS_INIT;
	struct wired wired = { .guest = guest_open(vm, guest_wait, guest_wait_end) };
	int fd = make_eventfd(vm);

	wired.edu = edu_open(vm, vm_container(vm), EDU);
	options.eventfds = &fd;
	assert_ok(vfa_irq_enable(wired.edu.device, kind, 0, 1, &options, &wired.irq));
	wired.irqfd = (struct kvm_irqfd){ .fd = (uint32_t)fd, .gsi = GUEST_IRQ };
	if (kind == VFA_IRQ_INTX) {
		wired.irqfd.resamplefd = (uint32_t)make_eventfd(vm);
		wired.irqfd.flags = KVM_IRQFD_FLAG_RESAMPLE;
		assert_ok(vfa_irq_set_unmask_eventfd(wired.irq, (int)wired.irqfd.resamplefd));
	}
	assert_int_equal(ioctl(wired.guest.vm, KVM_IRQFD, &wired.irqfd), 0);
	assert_int_equal(guest_run(&wired.guest), GUEST_READY);
	return wired;
}

/* Each time once, and for the reason that there is. */
static void interrupt(const struct wired *wired)
{
	for (uint32_t i = 1; i <= 5; i++) {
		vfa_mmio_write32(wired->edu.bar, EDU_INTERRUPT_RAISE, i);
		assert_int_equal(guest_run(&wired->guest), GUEST_INTERRUPTED);
		assert_int_equal(edu_acknowledge(wired->edu.bar), i);
	}
}

static void an_msi_reaches_the_guest(void **state)
{
	struct wired wired;

	vm_need_assignment(*state);
	wired = wire(*state, VFA_IRQ_MSI);
	interrupt(&wired);
	assert_ok(vfa_irq_trigger(wired.irq, 0));
	assert_int_equal(guest_run(&wired.guest), GUEST_INTERRUPTED);
}

/* The kernel masks it each time, and the end of the guest's handler unmasks it. */
static void intx_reaches_the_guest_and_is_unmasked_by_it(void **state)
{
	struct wired wired;

	vm_need_assignment(*state);
	wired = wire(*state, VFA_IRQ_INTX);
	interrupt(&wired);
}

/* An eventfd of the library's own can be lent to KVM as well. */
static void an_interrupt_is_lent_to_kvm(void **state)
{
	struct vm *vm = *state;
	struct kvm_irqfd irqfd = { .gsi = GUEST_IRQ };
	struct guest guest;
	struct vfa_irq *irq;
	struct edu edu;

	vm_need_assignment(vm);
	guest = guest_open(vm, guest_wait, guest_wait_end);
	edu = edu_open(vm, vm_container(vm), EDU);
	irq = vm_irq(vm, edu.device, VFA_IRQ_MSI, 1);
	irqfd.fd = (uint32_t)vfa_irq_fd(irq, 0);
	assert_int_equal(ioctl(guest.vm, KVM_IRQFD, &irqfd), 0);
	assert_int_equal(guest_run(&guest), GUEST_READY);
	vfa_mmio_write32(edu.bar, EDU_INTERRUPT_RAISE, 1);
	assert_int_equal(guest_run(&guest), GUEST_INTERRUPTED);
	assert_int_equal(edu_acknowledge(edu.bar), 1);
	assert_refused(vfa_irq_wait(irq, 0, 0, NULL), ETIMEDOUT, VFA_CAUSE_TIMEOUT);

	irqfd.flags = KVM_IRQFD_FLAG_DEASSIGN;
	assert_int_equal(ioctl(guest.vm, KVM_IRQFD, &irqfd), 0);
	vfa_mmio_write32(edu.bar, EDU_INTERRUPT_RAISE, 1);
	assert_ok(vfa_irq_wait(irq, 0, 5000, NULL));
	edu_acknowledge(edu.bar);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(a_device_is_added_and_removed),
		VM_CASE(a_closed_device_is_not_left_in_kvm),
		VM_CASE(a_closed_handle_leaves_nothing_in_the_vm),
		VM_CASE(a_closed_vfio_device_can_be_made_again),
		VM_CASE(wrong_fds_are_refused),
		VM_CASE(a_node_is_added_before_its_device_is_opened),
		VM_CASE(kvm_does_not_serve_a_child),
		VM_CASE(kvm_honours_wbinvd_as_was_foretold),
		VM_CASE(an_msi_reaches_the_guest),
		VM_CASE(intx_reaches_the_guest_and_is_unmasked_by_it),
		VM_CASE(an_interrupt_is_lent_to_kvm),
	};

	return vm_run_cases("kvm", cases);
}
