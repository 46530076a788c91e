/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a VMM is told. */

#include <stdio.h>

#include "messages/messages.h"

static void no_kvm_vfio_is_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_kvm *kvm;
	int vm = fake_vm_open();

	fake_set_kvm_vfio(false);
	SAYS(vfa_kvm_open(machine->host, vm, &kvm), NO_KVM_VFIO,
	     "KVM of this kernel has no VFIO device",
	     "it needs CONFIG_KVM_VFIO, which comes with VFIO");
	close_node(vm);
}

static void registered_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_kvm *kvm, *second;
	int vm = fake_vm_open();
	char message[64];

	assert_ok(vfa_kvm_open(space.machine->host, vm, &kvm));
	snprintf(message, sizeof(message), "the VM behind fd %d has a VFIO device already", vm);
	SAYS(vfa_kvm_open(space.machine->host, vm, &second), REGISTERED, message,
	     "pass its fd to vfa_kvm_open_fd; on older kernels it stays with the VM when it is "
	     "closed");
	assert_ok(vfa_kvm_open_fd(space.machine->host, vfa_kvm_fd(kvm), &second));
	assert_ok(vfa_kvm_add(kvm, space.device));
	SAYS(vfa_kvm_add(kvm, space.device), REGISTERED,
	     "0000:00:04.0 was added to this VM already",
	     "add a device once; vfa_kvm_remove takes it out again");
	SAYS(vfa_kvm_add(second, space.device), REGISTERED,
	     "0000:00:04.0 was added to another VM already",
	     "add a device once; vfa_kvm_remove takes it out again");
	vfa_kvm_close(second);
	vfa_kvm_close(kvm);
	close_node(vm);
	close_space(space);
}

static void wrong_vms_are_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_kvm *kvm;
	int vm = fake_vm_open();

	SAYS(vfa_kvm_open(machine->host, 0, &kvm), BAD_FD, "fd 0 is not a VM of KVM",
	     "pass what KVM_CREATE_VM gives, not /dev/kvm nor a VCPU");
	SAYS(vfa_kvm_open_fd(machine->host, 0, &kvm), BAD_FD, "fd 0 is not a VFIO device of KVM",
	     "pass what KVM_CREATE_DEVICE gives for KVM_DEV_TYPE_VFIO");
	fake_set_foreign_vm(true);
	SAYS(vfa_kvm_open(machine->host, vm, &kvm), BAD_FD,
	     "KVM_CREATE_DEVICE: the VM was made by another process, or is dead",
	     "KVM serves a VM to the process that made it only, not to its children");
	close_node(vm);
}

const struct CMUnitTest vmm_messages[] = {
	ON_TYPE1(no_kvm_vfio_is_told),
	ON_BOTH(registered_is_told),
	ON_TYPE1(wrong_vms_are_told),
};

const size_t vmm_messages_count = sizeof(vmm_messages) / sizeof(vmm_messages[0]);
