/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY  (4 * PAGE_SIZE)
#define ENTRY   0x1000
#define SECONDS 60 /* a guest that says nothing for so long never will */

/* The port and what is said are written out: GUEST_PORT and so on. */
__asm__(".pushsection .rodata\n"
	".code16\n"
	".globl guest_flush, guest_flush_end\n"
	"guest_flush:\n"
	"	wbinvd\n"
	"	mov $1, %al\n"
	"	out %al, $0x10\n"
	"	mov $2, %al\n"
	"	out %al, $0x10\n"
	"	jmp guest_flush\n"
	"guest_flush_end:\n"
	".globl guest_wait, guest_wait_end\n"
	"guest_wait:\n"
	/* The vector of IRQ 5 is 0x25, and its handler behind the loop. */
	"	movw $0x1000 + (handler - guest_wait), 0x25 * 4\n"
	"	movw $0, 0x25 * 4 + 2\n"
	"	mov $0x3000, %sp\n"
	/* The interrupt controller: by edge, vectors from 0x20 on, IRQ 5 alone. */
	"	mov $0x11, %al\n"
	"	out %al, $0x20\n"
	"	mov $0x20, %al\n"
	"	out %al, $0x21\n"
	"	mov $0x04, %al\n"
	"	out %al, $0x21\n"
	"	mov $0x01, %al\n"
	"	out %al, $0x21\n"
	"	mov $0xdf, %al\n"
	"	out %al, $0x21\n"
	"	mov $1, %al\n"
	"	out %al, $0x10\n"
	"	sti\n"
	"wait:\n"
	"	hlt\n"
	"	jmp wait\n"
	"handler:\n"
	"	mov $2, %al\n"
	"	out %al, $0x10\n"
	"	mov $0x20, %al\n"
	"	out %al, $0x20\n"
	"	iret\n"
	"guest_wait_end:\n"
	".code64\n"
	".popsection\n");

int guest_vm(struct vm *vm)
{
	int machine;

	vm_need(access("/dev/kvm", R_OK | W_OK) == 0,
		"KVM, on a processor with virtualization, as QEMU emulates it");
	machine = ioctl(vm_open(vm, "/dev/kvm", O_RDWR), KVM_CREATE_VM, 0);
	assert_true(machine >= 0);
	vm_own_fd(vm, machine);
	return machine;
}

static void give_memory(struct vm *vm, struct guest *guest)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY };

	guest->memory = vm_memory(vm, MEMORY);
	region.userspace_addr = (uintptr_t)guest->memory;
	assert_int_equal(ioctl(guest->vm, KVM_SET_USER_MEMORY_REGION, &region), 0);
}

/* The processor starts at ENTRY, all segments at 0. */
static void give_processor(struct vm *vm, struct guest *guest)
{
	struct kvm_regs registers = { .rip = ENTRY, .rflags = 2 };
	struct kvm_sregs segments;
	int size;

	guest->vcpu = ioctl(guest->vm, KVM_CREATE_VCPU, 0);
	assert_true(guest->vcpu >= 0);
	vm_own_fd(vm, guest->vcpu);
	size = ioctl(vm_open(vm, "/dev/kvm", O_RDWR), KVM_GET_VCPU_MMAP_SIZE, 0);
	assert_true(size > 0);
	guest->state = vm_map_fd(vm, guest->vcpu, (size_t)size);
	assert_int_equal(ioctl(guest->vcpu, KVM_GET_SREGS, &segments), 0);
	segments.cs.base = segments.cs.selector = 0;
	assert_int_equal(ioctl(guest->vcpu, KVM_SET_SREGS, &segments), 0);
	assert_int_equal(ioctl(guest->vcpu, KVM_SET_REGS, &registers), 0);
}

struct guest guest_open(struct vm *vm, const uint8_t *code, const uint8_t *end)
{
	struct guest guest = { .vm = guest_vm(vm) };

	assert_int_equal(ioctl(guest.vm, KVM_CREATE_IRQCHIP, 0), 0);
	give_memory(vm, &guest);
	give_processor(vm, &guest);
	memcpy(guest.memory + ENTRY, code, (size_t)(end - code));
	return guest;
}

static void wake(int signal)
{
	(void)signal;
}

uint8_t guest_run(const struct guest *guest)
{
	const struct sigaction action = { .sa_handler = wake };
	volatile const struct kvm_run *state = guest->state;
	int err;

	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	alarm(SECONDS);
	err = ioctl(guest->vcpu, KVM_RUN, 0) < 0 ? errno : 0;
	alarm(0);
	if (err == EINTR)
		fail_msg("the guest said nothing for %d s", SECONDS);
	assert_int_equal(err, 0);
	if (state->exit_reason != KVM_EXIT_IO)
		fail_msg("the guest ended for reason %u", state->exit_reason);
	assert_int_equal(state->io.port, GUEST_PORT);
	return ((volatile const uint8_t *)state)[state->io.data_offset];
}
