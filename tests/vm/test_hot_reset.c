/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Resets of buses of several kinds: the machine of topologies/resets.devices. */

#include <errno.h>
#include <unistd.h>

#include "edu.h"
#include "nvme.h"

#define DISK     "0000:01:00.0" /* alone on its bus */
#define CARD     "0000:02:00.0" /* the same, an e1000e */
#define FIRST    "0000:03:00.0" /* two edu, each in a group of its own */
#define SECOND   "0000:03:00.1"
#define PHYSICAL "0000:04:00.0"
#define VIRTUAL  "0000:04:00.1"
#define SWITCH   "0000:05:00.0" /* a bridge */
#define BESIDE   "0000:05:00.1"

#define FUNCTIONS_MAX 8

static void need_buses(struct vm *vm)
{
	vm_need(access("/sys/bus/pci/devices/" BESIDE, F_OK) == 0, "the topology resets");
	vm_need_assignment(vm);
}

static void check(const struct vfa_hot_reset_function *function, const char *bdf,
		  enum vfa_ownership ownership)
{
	assert_string_equal(function->bdf, bdf);
	assert_string_equal(vfa_ownership_name(function->ownership), vfa_ownership_name(ownership));
}

/* All that the controller knew is gone; vectors and mapped memory serve it as before. */
static void a_disk_loses_its_registers(void **state)
{
	struct vfa_hot_reset_function functions[FUNCTIONS_MAX];
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct nvme nvme;

	need_buses(vm);
	nvme = nvme_open(vm, vm_container(vm), DISK);
	irq = vm_irq(vm, nvme.device, VFA_IRQ_MSIX, 2);
	assert_int_equal(vfa_hot_reset_functions(nvme.device, functions, FUNCTIONS_MAX), 1);
	check(&functions[0], DISK, VFA_OWNERSHIP_OPEN);
	assert_true(vfa_mmio_read32(nvme.bar, NVME_CC) & NVME_CC_EN);

	assert_ok(vfa_device_hot_reset(nvme.device, NULL, 0));
	assert_int_equal(vfa_mmio_read32(nvme.bar, NVME_CC), 0);
	if (!vm_profile()->translates_behind_ports)
		return;
	nvme_run_by_interrupt(&nvme, irq, 1);
}

static void a_card_in_low_power_is_woken(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *device;

	need_buses(vm);
	device = vm_device(vm, vm_container(vm), CARD);
	assert_ok(vfa_device_enter_low_power(device, VFA_POWER_NO_WAKEUP));
	assert_ok(vfa_device_hot_reset(device, NULL, 0));
	assert_ok(vfa_device_exit_low_power(device));
	assert_int_not_equal(vfa_mmio_read32(vm_bar(device, 0), 8), UINT32_MAX);
}

static void a_function_of_another_group_has_to_be_owned(void **state)
{
	struct vfa_hot_reset_function functions[FUNCTIONS_MAX];
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *first;
	struct edu second;

	need_buses(vm);
	space = vm_container(vm);
	first = vm_device(vm, space, FIRST);
	assert_int_equal(vfa_hot_reset_functions(first, functions, FUNCTIONS_MAX), 2);
	check(&functions[0], FIRST, VFA_OWNERSHIP_OPEN);
	check(&functions[1], SECOND, VFA_OWNERSHIP_NONE);
	assert_int_not_equal(functions[0].group, functions[1].group);
	assert_refused(vfa_device_hot_reset(first, NULL, 0), EPERM, VFA_CAUSE_NOT_OWNED);
	assert_said(SECOND);

	second = edu_open(vm, space, SECOND);
	assert_ok(vfa_device_hot_reset(first, NULL, 0));
	assert_int_equal(vfa_mmio_read32(second.bar, EDU_IDENTIFICATION) & 0xff, 0xed);
}

/* Groups of two containers prove it on type1; on iommufd it has to be one /dev/iommu. */
static void another_container_owns_it_on_type1(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *first, *second;

	need_buses(vm);
	first = vm_device(vm, vm_container(vm), FIRST);
	second = vm_device(vm, vm_container(vm), SECOND);
	assert_refused(vfa_device_hot_reset(first, NULL, 0), EPERM, VFA_CAUSE_NOT_OWNED);
	if (vm->backend == VFA_BACKEND_TYPE1)
		assert_ok(vfa_device_hot_reset(first, &second, 1));
	else
		assert_refused(vfa_device_hot_reset(first, &second, 1), EPERM, VFA_CAUSE_NOT_OWNED);
}

static void a_shared_iommufd_owns_it(void **state)
{
	struct vfa_container *space, *other = NULL;
	struct vfa_device *first, *second;
	struct vm *vm = *state;

	need_buses(vm);
	vm_need(vm->backend == VFA_BACKEND_IOMMUFD, "iommufd");
	space = vm_container(vm);
	first = vm_device(vm, space, FIRST);
	assert_ok(
		vfa_container_open_fd(NULL, VFA_BACKEND_IOMMUFD, vfa_container_fd(space), &other));
	vm_own_container(vm, other);
	second = vm_device(vm, other, SECOND);
	assert_ok(vfa_device_hot_reset(first, NULL, 0));
	assert_ok(vfa_device_hot_reset(second, &first, 1));
}

static void an_interrupt_of_the_other_group_is_armed_again(void **state)
{
	struct vfa_container *space;
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct edu second;

	need_buses(vm);
	space = vm_container(vm);
	second = edu_open(vm, space, SECOND);
	irq = vm_irq(vm, second.device, VFA_IRQ_INTX, 1);
	vfa_mmio_write32(second.bar, EDU_INTERRUPT_RAISE, 1);
	assert_ok(vfa_irq_wait(irq, 0, 30000, NULL)); /* masked from here on */
	edu_acknowledge(second.bar);
	assert_ok(vfa_device_hot_reset(vm_device(vm, space, FIRST), NULL, 0));
	vfa_mmio_write32(second.bar, EDU_INTERRUPT_RAISE, 1);
	assert_ok(vfa_irq_wait(irq, 0, 30000, NULL));
	edu_acknowledge(second.bar);
}

/* The physical function is the kernel's. */
static void a_virtual_function_does_not_reset_its_bus(void **state)
{
	struct vfa_reset_method methods[FUNCTIONS_MAX];
	struct vm *vm = *state;
	struct vfa_device *device;
	int count;

	need_buses(vm);
	assert_ok(vfa_driver_bind(NULL, VIRTUAL, NULL, NULL)); /* for all of this machine's life */
	device = vm_device(vm, vm_container(vm), VIRTUAL);
	assert_refused(vfa_device_hot_reset(device, NULL, 0), EPERM, VFA_CAUSE_NOT_OWNED);
	assert_said(PHYSICAL);
	count = vfa_reset_methods(NULL, VIRTUAL, methods, FUNCTIONS_MAX);
	assert_ok(count);
	for (int i = 0; i < count; i++)
		assert_int_not_equal(methods[i].kind, VFA_RESET_HOT);
}

static void a_bus_with_a_bridge_is_nobodys(void **state)
{
	struct vfa_hot_reset_function functions[FUNCTIONS_MAX];
	struct vfa_reset_method methods[FUNCTIONS_MAX];
	struct vm *vm = *state;
	struct vfa_device *device;
	int count;

	need_buses(vm);
	device = vm_device(vm, vm_container(vm), BESIDE);
	assert_int_equal(vfa_hot_reset_functions(device, functions, FUNCTIONS_MAX), 4);
	check(&functions[0], SWITCH, VFA_OWNERSHIP_UNBOUND);
	check(&functions[1], BESIDE, VFA_OWNERSHIP_OPEN);
	check(&functions[2], "0000:06:00.0", VFA_OWNERSHIP_UNBOUND);
	/* Of another bus, which iommufd does not look at. */
	check(&functions[3], "0000:07:00.0",
	      vm->backend == VFA_BACKEND_TYPE1 ? VFA_OWNERSHIP_GROUP : VFA_OWNERSHIP_NONE);
	count = vfa_reset_methods(NULL, BESIDE, methods, FUNCTIONS_MAX);
	assert_true(count > 0);
	assert_int_equal(methods[count - 1].kind, VFA_RESET_HOT);
	assert_int_equal(methods[count - 1].functions, 4);
	assert_refused(vfa_device_hot_reset(device, NULL, 0), EPERM, VFA_CAUSE_NOT_OWNED);
	assert_said("bridge");
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(a_disk_loses_its_registers),
		VM_CASE(a_card_in_low_power_is_woken),
		VM_CASE(a_function_of_another_group_has_to_be_owned),
		VM_CASE(another_container_owns_it_on_type1),
		VM_CASE(a_shared_iommufd_owns_it),
		VM_CASE(an_interrupt_of_the_other_group_is_armed_again),
		VM_CASE(a_virtual_function_does_not_reset_its_bus),
		VM_CASE(a_bus_with_a_bridge_is_nobodys),
	};

	return vm_run_cases("hot_reset", cases);
}
