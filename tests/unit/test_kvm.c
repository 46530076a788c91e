/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Devices are made known to KVM, and are not left there. */

#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "uapi/kvm_vfio.h"

/* A space, a VM, and the VM's VFIO device. */
struct guest {
	struct space space;
	int vm;
	struct vfa_kvm *kvm;
};

static struct guest open_guest(void **state)
{
	struct guest guest = { .space = open_space(state), .vm = fake_vm_open() };

	assert_ok(vfa_kvm_open(guest.space.machine->host, guest.vm, &guest.kvm));
	return guest;
}

static void close_guest(struct guest guest)
{
	vfa_kvm_close(guest.kvm);
	close_node(guest.vm);
	close_space(guest.space);
}

static void a_device_is_added_and_removed(void **state)
{
	struct guest guest = open_guest(state);

	assert_true(vfa_kvm_fd(guest.kvm) >= 0);
	assert_int_equal(fake_count_registered(guest.vm), 0);
	assert_ok(vfa_kvm_add(guest.kvm, guest.space.device));
	assert_int_equal(fake_count_registered(guest.vm), 1);
	assert_false(fake_is_noncoherent(guest.vm));
	assert_ok(vfa_kvm_remove(guest.kvm, guest.space.device));
	assert_int_equal(fake_count_registered(guest.vm), 0);
	assert_ok(vfa_kvm_add(guest.kvm, guest.space.device));
	close_guest(guest);
}

static void a_device_that_was_sent_is_not_added(void **state)
{
	struct guest guest = open_guest(state);
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_ok(vfa_kvm_add(guest.kvm, guest.space.device));
	assert_fails(vfa_share_send(ends[0], guest.space.container), EBUSY, IN_USE);
	assert_ok(vfa_kvm_remove(guest.kvm, guest.space.device));
	assert_ok(vfa_share_send(ends[0], guest.space.container));
	assert_fails(vfa_kvm_add(guest.kvm, guest.space.device), EBUSY, SENT);
	assert_int_equal(fake_count_registered(guest.vm), 0);
	close_guest(guest);
	close(ends[0]);
	close(ends[1]);
	fake_drop_messages();
}

static void kvm_learns_of_coherency(void **state)
{
	struct guest guest = open_guest(state);
	struct vfa_device *other;

	fake_set_coherent(5, false);
	other = open_device(guest.space.container, NVME);
	assert_ok(vfa_kvm_add(guest.kvm, guest.space.device));
	assert_false(fake_is_noncoherent(guest.vm));
	assert_ok(vfa_kvm_add(guest.kvm, other));
	assert_true(fake_is_noncoherent(guest.vm));
	vfa_device_close(other);
	assert_false(fake_is_noncoherent(guest.vm));
	close_guest(guest);
}

static void two_devices_of_a_group_are_one_on_type1(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *left = open_device(container, LEFT);
	struct vfa_device *right = open_device(container, RIGHT);
	bool by_group = machine->backend == VFA_BACKEND_TYPE1;
	int vm = fake_vm_open();
	struct vfa_kvm *kvm;

	assert_ok(vfa_kvm_open(machine->host, vm, &kvm));
	assert_ok(vfa_kvm_add(kvm, left));
	assert_ok(vfa_kvm_add(kvm, right));
	assert_int_equal(fake_count_registered(vm), by_group ? 1 : 2);
	assert_ok(vfa_kvm_remove(kvm, left));
	assert_int_equal(fake_count_registered(vm), 1);
	assert_ok(vfa_kvm_remove(kvm, right));
	assert_int_equal(fake_count_registered(vm), 0);
	vfa_kvm_close(kvm);
	close_node(vm);
	vfa_device_close(right);
	vfa_device_close(left);
	vfa_container_close(container);
}

/* KVM would keep it open, and the next who opens it would find it busy. */
static void a_closed_device_is_free_again(void **state)
{
	struct guest guest = open_guest(state);

	assert_ok(vfa_kvm_add(guest.kvm, guest.space.device));
	vfa_device_close(guest.space.device);
	assert_int_equal(fake_count_registered(guest.vm), 0);
	guest.space.device = open_device(guest.space.container, EDU);
	assert_ok(vfa_kvm_add(guest.kvm, guest.space.device));
	close_guest(guest);
}

static const char *node_of_other(const struct machine *machine)
{
	return machine->backend == VFA_BACKEND_TYPE1 ? "vfio/7" : "vfio/devices/vfio3";
}

static void a_closed_handle_leaves_nothing_in_the_vm(void **state)
{
	struct guest guest = open_guest(state);
	int node = open_node(*state, node_of_other(*state));

	assert_ok(vfa_kvm_add(guest.kvm, guest.space.device));
	assert_ok(vfa_kvm_add_fd(guest.kvm, node));
	close_node(node);
	assert_int_equal(fake_count_registered(guest.vm), 2);
	vfa_kvm_close(guest.kvm);
	assert_int_equal(fake_count_registered(guest.vm), 0);
	assert_ok(vfa_kvm_open(guest.space.machine->host, guest.vm, &guest.kvm));
	close_guest(guest);
}

/* Old kernels keep the VFIO device, and what was added, as long as the VM lives. */
static void a_closed_handle_leaves_nothing_in_an_old_vm(void **state)
{
	struct guest guest = open_guest(state);

	fake_set_old_kvm(true);
	assert_ok(vfa_kvm_add(guest.kvm, guest.space.device));
	vfa_kvm_close(guest.kvm);
	assert_int_equal(fake_count_registered(guest.vm), 0);
	guest.kvm = NULL;
	assert_fails(vfa_kvm_open(guest.space.machine->host, guest.vm, &guest.kvm), EBUSY,
		     REGISTERED);
	assert_null(guest.kvm);
	close_guest(guest);
}

static void a_vm_has_one_vfio_device(void **state)
{
	struct guest guest = open_guest(state);
	struct vfa_kvm *second = NULL;
	struct vfa_host *host = guest.space.machine->host;

	assert_fails(vfa_kvm_open(host, guest.vm, &second), EBUSY, REGISTERED);
	assert_null(second);
	assert_ok(vfa_kvm_open_fd(host, vfa_kvm_fd(guest.kvm), &second));
	assert_int_not_equal(vfa_kvm_fd(second), vfa_kvm_fd(guest.kvm));
	assert_ok(vfa_kvm_add(guest.kvm, guest.space.device));
	vfa_kvm_close(second);
	assert_int_equal(fake_count_registered(guest.vm), 1);
	close_guest(guest);
}

static void what_was_added_is_not_added_again(void **state)
{
	struct guest guest = open_guest(state), other = { .vm = fake_vm_open() };

	assert_ok(vfa_kvm_open(guest.space.machine->host, other.vm, &other.kvm));
	assert_ok(vfa_kvm_add(guest.kvm, guest.space.device));
	assert_fails(vfa_kvm_add(guest.kvm, guest.space.device), EEXIST, REGISTERED);
	assert_fails(vfa_kvm_add(other.kvm, guest.space.device), EEXIST, REGISTERED);
	assert_fails(vfa_kvm_remove(other.kvm, guest.space.device), ENOENT, WRONG_ORDER);
	assert_ok(vfa_kvm_remove(guest.kvm, guest.space.device));
	assert_fails(vfa_kvm_remove(guest.kvm, guest.space.device), ENOENT, WRONG_ORDER);
	assert_int_equal(fake_count_registered(guest.vm), 0);
	vfa_kvm_close(other.kvm);
	close_node(other.vm);
	close_guest(guest);
}

/* Before the device is opened, from the same node. */
static void a_node_is_added_by_its_fd(void **state)
{
	struct machine *machine = *state;
	struct guest guest = open_guest(state);
	int node = open_node(machine, node_of_other(machine));
	struct vfa_device *device = NULL;

	fake_set_coherent(7, false);
	assert_ok(vfa_kvm_add_fd(guest.kvm, node));
	assert_true(fake_is_noncoherent(guest.vm));
	assert_fails(vfa_kvm_add_fd(guest.kvm, node), EEXIST, REGISTERED);
	assert_ok(vfa_device_open_fd(guest.space.container, OTHER, node, NULL, &device));
	assert_fails(vfa_kvm_add(guest.kvm, device), EEXIST, REGISTERED);
	vfa_device_close(device);
	assert_int_equal(fake_count_registered(guest.vm), 1);
	assert_ok(vfa_kvm_remove_fd(guest.kvm, node));
	assert_fails(vfa_kvm_remove_fd(guest.kvm, node), ENOENT, WRONG_ORDER);
	assert_int_equal(fake_count_registered(guest.vm), 0);
	close_node(node);
	close_guest(guest);
}

static void removal_behind_the_back_is_no_failure(void **state)
{
	struct guest guest = open_guest(state);

	assert_ok(vfa_kvm_add(guest.kvm, guest.space.device));
	fake_fail_ioctl(UAPI_KVM_SET_DEVICE_ATTR, ENOENT);
	assert_ok(vfa_kvm_remove(guest.kvm, guest.space.device));
	assert_non_null(strstr(guest.space.machine->log, "somebody else removed it"));
	fake_fail_ioctl(0, 0);
	close_guest(guest);
}

static void a_refused_removal_changes_nothing(void **state)
{
	struct guest guest = open_guest(state);

	assert_ok(vfa_kvm_add(guest.kvm, guest.space.device));
	fake_set_foreign_vm(true);
	assert_fails(vfa_kvm_remove(guest.kvm, guest.space.device), EIO, BAD_FD);
	fake_set_foreign_vm(false);
	assert_fails(vfa_kvm_add(guest.kvm, guest.space.device), EEXIST, REGISTERED);
	assert_ok(vfa_kvm_remove(guest.kvm, guest.space.device));
	close_guest(guest);
}

static void wrong_fds_are_refused(void **state)
{
	struct guest guest = open_guest(state);
	struct vfa_host *host = guest.space.machine->host;
	int node = open_node(guest.space.machine, "vfio/vfio");
	struct vfa_kvm *kvm = NULL;

	assert_fails(vfa_kvm_open(host, -1, &kvm), EBADF, BAD_FD);
	assert_fails(vfa_kvm_open(host, node, &kvm), ENOTTY, BAD_FD);
	assert_fails(vfa_kvm_open(host, 0, &kvm), ENOTTY, BAD_FD);
	assert_fails(vfa_kvm_open_fd(host, -1, &kvm), EBADF, BAD_FD);
	assert_fails(vfa_kvm_open_fd(host, guest.vm, &kvm), ENOTTY, BAD_FD);
	assert_fails(vfa_kvm_open_fd(host, 0, &kvm), ENOTTY, BAD_FD);
	assert_fails(vfa_kvm_add_fd(guest.kvm, -1), EBADF, BAD_FD);
	assert_fails(vfa_kvm_add_fd(guest.kvm, node), EINVAL, BAD_FD);
	assert_fails(vfa_kvm_add_fd(guest.kvm, 0), EINVAL, BAD_FD);
	fake_set_kvm_vfio(false);
	assert_fails(vfa_kvm_open(host, guest.vm, &kvm), ENODEV, NO_KVM_VFIO);
	fake_set_kvm_vfio(true);
	fake_set_foreign_vm(true);
	assert_fails(vfa_kvm_open(host, guest.vm, &kvm), EIO, BAD_FD);
	assert_fails(vfa_kvm_open_fd(host, vfa_kvm_fd(guest.kvm), &kvm), EIO, BAD_FD);
	assert_fails(vfa_kvm_add(guest.kvm, guest.space.device), EIO, BAD_FD);
	fake_set_foreign_vm(false);
	assert_null(kvm);
	close_node(node);
	close_guest(guest);
}

static void a_captured_machine_has_no_kvm(void **state)
{
	struct vfa_host *host = NULL;
	struct vfa_kvm *kvm = NULL;
	int vm = fake_vm_open();

	(void)state;
	assert_ok(vfa_host_open_capture(CAPTURES "/switch.vfa", NULL, &host));
	assert_fails(vfa_kvm_open(host, vm, &kvm), EOPNOTSUPP, CAPTURED);
	assert_fails(vfa_kvm_open_fd(host, vm, &kvm), EOPNOTSUPP, CAPTURED);
	assert_null(kvm);
	vfa_host_free(host);
	close_node(vm);
}

static void null_is_refused(void **state)
{
	struct guest guest = open_guest(state);

	assert_fails(vfa_kvm_open(NULL, guest.vm, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_kvm_open_fd(NULL, guest.vm, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_kvm_fd(NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_kvm_add(NULL, guest.space.device), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_kvm_add(guest.kvm, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_kvm_remove(NULL, guest.space.device), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_kvm_remove(guest.kvm, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_kvm_add_fd(NULL, 0), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_kvm_remove_fd(NULL, 0), EINVAL, BAD_ARGUMENT);
	vfa_kvm_close(NULL);
	close_guest(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_device_is_added_and_removed),
		ON_BOTH(a_device_that_was_sent_is_not_added),
		ON_BOTH(kvm_learns_of_coherency),
		ON_BOTH(two_devices_of_a_group_are_one_on_type1),
		ON_BOTH(a_closed_device_is_free_again),
		ON_BOTH(a_closed_handle_leaves_nothing_in_the_vm),
		ON_TYPE1(a_closed_handle_leaves_nothing_in_an_old_vm),
		ON_BOTH(a_vm_has_one_vfio_device),
		ON_BOTH(what_was_added_is_not_added_again),
		ON_BOTH(a_node_is_added_by_its_fd),
		ON_BOTH(removal_behind_the_back_is_no_failure),
		ON_BOTH(a_refused_removal_changes_nothing),
		ON_BOTH(wrong_fds_are_refused),
		ON_TYPE1(a_captured_machine_has_no_kvm),
		ON_BOTH(null_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
