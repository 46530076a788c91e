/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a VMM does with a device. See scenario.h. */

#include "scenario.h"

static void register_device(struct run *run, struct vfa_kvm *kvm, struct vfa_device *device)
{
	step(run, vfa_kvm_fd(kvm));
	if (step(run, vfa_kvm_add(kvm, device)))
		step(run, vfa_kvm_remove(kvm, device));
	step(run, vfa_kvm_add(kvm, device));
}

static void register_node(struct run *run, struct vfa_kvm *kvm)
{
	bool by_group = run->machine->backend == VFA_BACKEND_TYPE1;
	int node = open_node(run->machine, by_group ? "vfio/7" : "vfio/devices/vfio3");

	step(run, 0);
	if (node >= 0 && step(run, vfa_kvm_add_fd(kvm, node)))
		step_partly(run, vfa_kvm_remove_fd(kvm, node));
	if (node >= 0)
		close_node(node);
	step(run, 0);
}

/* Once the device goes first, and once KVM. */
static void registration(struct run *run)
{
	struct vfa_host *host = run->machine->host;
	struct vfa_kvm *kvm = NULL, *same = NULL;
	struct vfa_device *device = NULL;
	int vm = fake_vm_open();

	step(run, 0);
	if (step(run, vfa_container_open(host, run->machine->backend, &run->container))) {
		step(run, vfa_kvm_open(host, vm, &kvm));
		step(run, open_plainly(run->container, EDU, &device));
		if (kvm && device)
			register_device(run, kvm, device);
		vfa_device_close(device);
		device = NULL;
		step(run, 0);
		if (kvm && step(run, vfa_kvm_open_fd(host, vfa_kvm_fd(kvm), &same)))
			register_node(run, same);
		step(run, open_plainly(run->container, NVME, &device));
		if (same && device)
			register_device(run, same, device);
		vfa_kvm_close(same);
		vfa_kvm_close(kvm);
		vfa_device_close(device);
		vfa_container_close(run->container);
	}
	close_node(vm);
}

SCENARIO(registration)
INTERRUPTED(registration)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(registration),
		ON_BOTH(signals_do_not_disturb_registration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
