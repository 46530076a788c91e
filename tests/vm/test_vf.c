/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Virtual functions that vfio-pci made, and the token that their users share. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "nvme.h"
#include "shell.h"

/* Of the topology virtual: a physical function, and where its virtual ones appear. */
#define PHYSICAL "0000:01:00.0"
#define VIRTUAL  "0000:01:00.1"
#define SECOND   "0000:01:00.2"

#define DIRECTORY    "/sys/bus/pci/devices/" PHYSICAL
#define ENABLE_SRIOV "/sys/module/vfio_pci/parameters/enable_sriov"

#define TOKEN       "00112233-4455-6677-8899-aabbccddeeff"
#define OTHER_TOKEN "ffffffff-4455-6677-8899-aabbccddeeff"

static void assert_run(const char *line, int status, const char *text)
{
	int got = shell_run(line);

	if (got != status || !strstr(shell_output, text))
		print_error("%s: %d\n%s", line, got, shell_output);
	assert_int_equal(got, status);
	assert_non_null(strstr(shell_output, text));
}

/*
 * With the machine's number of virtual functions back at 0, and the function on vfio-pci.
 * vfio-pci resets what it opens, which takes QEMU's virtual functions from the bus: Linux
 * 6.1 then waits for each for a minute.
 */
static void take_physical(struct vm *vm)
{
	vm_need(!access(DIRECTORY "/sriov_numvfs", F_OK), "the topology virtual");
	vm_need_assignment(vm);
	assert_int_equal(shell_run("vfa vfs " PHYSICAL " 0"), 0);
	assert_int_equal(shell_run("vfa bind " PHYSICAL), 0);
	vm_set(vm, DIRECTORY "/reset_method", "\n");
}

/* The kernel gives them to vfio-pci too; that they bind by themselves was turned off at boot. */
static void make_virtual(struct vm *vm)
{
	take_physical(vm);
	vm_set(vm, ENABLE_SRIOV, "1");
	vm_set(vm, DIRECTORY "/sriov_drivers_autoprobe", "1");
	vm_set(vm, DIRECTORY "/sriov_numvfs", "2");
	assert_int_equal(access("/sys/bus/pci/drivers/vfio-pci/" VIRTUAL, F_OK), 0);
}

static int open_with(struct vfa_container *space, const char *bdf, const char *token,
		     struct vfa_device **ret)
{
	struct vfa_device_options options = VFA_DEVICE_OPTIONS_INIT;

	options.vf_token = token;
	return vfa_device_open(space, bdf, &options, ret);
}

/* Before Linux 6.17 iommufd knows of no tokens. */
static void need_tokens(struct vm *vm)
{
	struct vfa_container *space = vm_container(vm);
	struct vfa_device *device = NULL;
	int err = open_with(space, PHYSICAL, TOKEN, &device);

	vm_need(err != -EOPNOTSUPP, "a kernel whose iommufd takes tokens");
	assert_ok(err);
	vfa_device_close(device);
}

static void snapshot_connects_them(void **state)
{
	struct vfa_topology *topology;
	const struct vfa_function *function;
	struct vm *vm = *state;
	size_t indexes[4];
	int physical;

	make_virtual(vm);
	topology = vm_topology(vm);
	physical = vfa_topology_find_function(topology, PHYSICAL);
	assert_ok(physical);
	function = vfa_topology_get_function(topology, physical);
	assert_int_equal(function->vf_count, 2);
	assert_int_equal(function->vf_max, 2);
	assert_int_equal(vfa_topology_virtual_functions(topology, physical, indexes, 4), 2);
	assert_string_equal(vfa_topology_get_function(topology, indexes[0])->bdf, VIRTUAL);
	assert_string_equal(vfa_topology_get_function(topology, indexes[1])->bdf, SECOND);
	assert_int_equal(vfa_topology_get_function(topology, indexes[1])->physical, physical);
	assert_int_equal(vfa_topology_get_function(topology, indexes[1])->vf_max, 0);
}

/* Whoever has the physical function says by which token its virtual ones open. */
static void virtual_function_opens_with_the_token_of_its_physical_one(void **state)
{
	struct vfa_container *space, *other;
	struct vfa_device *device = NULL;
	struct vm *vm = *state;

	make_virtual(vm);
	need_tokens(vm);
	space = vm_container(vm);
	other = vm_container(vm);
	assert_ok(open_with(space, PHYSICAL, TOKEN, &device));
	vm_own_device(vm, device);

	assert_refused(open_with(other, VIRTUAL, NULL, &device), EACCES, VFA_CAUSE_VF_TOKEN);
	assert_said(PHYSICAL);
	assert_refused(open_with(other, VIRTUAL, OTHER_TOKEN, &device), EACCES, VFA_CAUSE_VF_TOKEN);
	assert_said("not that of its physical function " PHYSICAL);
	assert_ok(open_with(other, VIRTUAL, TOKEN, &device));
	vm_own_device(vm, device);
}

static void physical_function_takes_the_token_of_virtual_ones_in_use(void **state)
{
	struct vfa_device *device = NULL, *virtual = NULL;
	struct vfa_container *space, *other;
	struct vm *vm = *state;

	make_virtual(vm);
	need_tokens(vm); /* which leaves it set */
	space = vm_container(vm);
	other = vm_container(vm);
	assert_ok(open_with(other, VIRTUAL, TOKEN, &virtual));
	vm_own_device(vm, virtual);

	assert_refused(open_with(space, PHYSICAL, NULL, &device), EACCES, VFA_CAUSE_VF_TOKEN);
	assert_said("its virtual functions are in use");
	assert_refused(open_with(space, PHYSICAL, OTHER_TOKEN, &device), EACCES,
		       VFA_CAUSE_VF_TOKEN);
	assert_ok(open_with(space, PHYSICAL, TOKEN, &device));
	vfa_device_close(device);
}

static void functions_of_other_kinds_take_no_token(void **state)
{
	struct vfa_device *device = NULL;
	struct vm *vm = *state;

	take_physical(vm);
	need_tokens(vm);
	/* The kernel's driver made those of this function; they are for vfio-pci all the same. */
	assert_int_equal(shell_run("vfa bind 0000:02:00.1"), 0);
	assert_refused(open_with(vm_container(vm), "0000:02:00.1", TOKEN, &device), EINVAL,
		       VFA_CAUSE_VF_TOKEN);
	assert_said("0000:02:00.0 is on nvme");
	assert_ok(open_with(vm_container(vm), "0000:02:00.1", NULL, &device));
	vfa_device_close(device);
	assert_int_equal(shell_run("vfa unbind 0000:02:00.1"), 0);
}

/* With its virtual functions there, one of them in use. */
static void physical_function_works_beside_its_virtual_ones(void **state)
{
	struct vfa_device_options options = VFA_DEVICE_OPTIONS_INIT;
	struct vfa_device *virtual = NULL, *owner = NULL;
	struct vfa_container *space, *other;
	struct nvme_command identify;
	struct vm *vm = *state;
	struct nvme nvme;

	make_virtual(vm);
	need_tokens(vm);
	space = vm_container(vm);
	other = vm_container(vm);
	options.vf_token = TOKEN;
	assert_ok(vfa_device_open(other, VIRTUAL, &options, &virtual));
	vm_own_device(vm, virtual);
	assert_ok(vfa_device_open(space, PHYSICAL, &options, &owner));
	vm_own_device(vm, owner);

	nvme = nvme_of(vm, space, owner);
	identify = nvme_identify(NVME_IDENTIFY_CONTROLLER, 0, nvme_data_iova(&nvme));
	nvme_run(&nvme, 0, identify);
	assert_int_equal(le16toh(*(uint16_t *)nvme_data(&nvme)), 0x1b36);
}

static void command_sets_their_number(void **state)
{
	struct vm *vm = *state;

	take_physical(vm);
	assert_run("vfa vfs " PHYSICAL " 3", 1, "can have 2 virtual functions, not 3");
	assert_run("vfa vfs " PHYSICAL " 2", 1, "whose parameter enable_sriov is off");
	assert_run("vfa vfs " PHYSICAL " 0", 0, ": 0 virtual functions already");
	vm_set(vm, ENABLE_SRIOV, "1");
	assert_run("vfa vfs " PHYSICAL " 2", 0,
		   ": 0 -> 2 virtual functions\nundo: vfa vfs " PHYSICAL " 0\n");
	assert_run("vfa vfs " PHYSICAL " 2", 0, ": 2 virtual functions already");
	assert_run("vfa vfs " PHYSICAL " 1", 0,
		   ": 2 -> 1 virtual functions\nundo: vfa vfs " PHYSICAL " 2\n");
	assert_run("vfa vfs " VIRTUAL, 0, VIRTUAL);
	assert_run("vfa vfs " VIRTUAL " 2", 1, "is a virtual function itself, of " PHYSICAL);
	assert_run("vfa vfs " PHYSICAL " 0", 0, ": 1 -> 0 virtual functions");
	assert_int_equal(access("/sys/bus/pci/devices/" VIRTUAL, F_OK), -1);

	assert_int_equal(shell_run("vfa unbind --driver '' " PHYSICAL), 0);
	assert_run("vfa vfs " PHYSICAL " 1", 1, "has no driver");
	assert_run("vfa vfs 0000:00:04.0", 1, "it has no SR-IOV");
}

/* The kernel would wait for its user. */
static void command_leaves_virtual_functions_in_use(void **state)
{
	struct vfa_device *device = NULL;
	struct vfa_container *space;
	struct vm *vm = *state;

	make_virtual(vm);
	need_tokens(vm);
	space = vm_container(vm);
	assert_ok(open_with(space, SECOND, TOKEN, &device));
	vm_own_device(vm, device);
	assert_run("vfa vfs " PHYSICAL " 0", 1, SECOND " is in use: /dev/vfio/");
	assert_run("vfa vfs " PHYSICAL " 1", 1, SECOND " is in use: /dev/vfio/");
	assert_int_equal(access("/sys/bus/pci/devices/" VIRTUAL, F_OK), 0);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(snapshot_connects_them),
		VM_CASE_ONCE(command_sets_their_number),
		VM_CASE(virtual_function_opens_with_the_token_of_its_physical_one),
		VM_CASE(physical_function_takes_the_token_of_virtual_ones_in_use),
		VM_CASE(functions_of_other_kinds_take_no_token),
		VM_CASE(physical_function_works_beside_its_virtual_ones),
		VM_CASE(command_leaves_virtual_functions_in_use),
	};

	return vm_run_cases("vf", cases);
}
