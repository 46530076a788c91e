/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Resets on the usual machine: of a device alone, and of the bus of two. */

#include <errno.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdatomic.h>

#include "edu.h"
#include "nvme.h"

#define CARD        "0000:00:0a.0" /* e1000e */
#define CARD_STATUS 0x08
#define METHODS_MAX 8

/* The names in the order of the kernel's file, and then the bus, where there is a bridge above. */
static void check_methods(const char *bdf, uint32_t on_bus)
{
	struct vfa_reset_method methods[METHODS_MAX];
	int count = vfa_reset_methods(NULL, bdf, methods, METHODS_MAX), i = 0;
	char path[128], word[64];
	FILE *file;

	assert_ok(count);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset_method", bdf);
	file = fopen(path, "re"); /* is not there when there is none */
	while (file && fscanf(file, "%63s", word) == 1) {
		if (on_bus > 1 && strcmp(word, "bus") == 0)
			continue; /* it does not work, with neighbours */
		assert_true(i < count);
		print_message("# %s: %s: %s\n", bdf, word, methods[i].effect);
		assert_string_equal(methods[i].name, word);
		assert_string_equal(vfa_reset_kind_name(methods[i].kind), word);
		assert_int_equal(methods[i++].functions, 1);
	}
	if (file)
		fclose(file);
	assert_int_equal(count, i + (on_bus > 0));
	if (on_bus) {
		assert_int_equal(methods[i].kind, VFA_RESET_HOT);
		assert_int_equal(methods[i].functions, on_bus);
	}
}

static void methods_are_those_of_sysfs(void **state)
{
	(void)state;
	check_methods(NVME, 0);
	check_methods(CARD, 0);
	check_methods(EDU, 0);
	check_methods(PORT, 0);
	check_methods(PORT_EDU_1, 2);
	check_methods(PORT_EDU_2, 2);
}

static struct vfa_device *open_device(struct vm *vm, const char *bdf)
{
	vm_need_assignment(vm);
	return vm_device(vm, vm_container(vm), bdf);
}

/* CC.EN goes, the BARs and the Command register stay. */
static void a_reset_clears_registers_and_keeps_config(void **state)
{
	uint32_t bar_before, bar_after, command;
	struct vm *vm = *state;
	struct nvme nvme;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	assert_true(vfa_mmio_read32(nvme.bar, NVME_CC) & NVME_CC_EN);
	assert_ok(vfa_config_read32(nvme.device, PCI_BASE_ADDRESS_0, &bar_before));
	assert_ok(vfa_device_reset(nvme.device));
	/* Through the mapping of before, which the kernel took away meanwhile. */
	assert_int_equal(vfa_mmio_read32(nvme.bar, NVME_CC), 0);
	assert_ok(vfa_config_read32(nvme.device, PCI_BASE_ADDRESS_0, &bar_after));
	assert_int_equal(bar_after, bar_before);
	assert_ok(vfa_config_read32(nvme.device, PCI_COMMAND, &command));
	assert_true(command & PCI_COMMAND_MASTER);
	assert_true(command & PCI_COMMAND_MEMORY);
}

/* And its memory stays mapped for DMA. */
static void vectors_stay_armed_over_a_reset(void **state)
{
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct nvme nvme;
	int fd;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	irq = vm_irq(vm, nvme.device, VFA_IRQ_MSIX, 2);
	fd = vfa_irq_fd(irq, 1);
	nvme_run_by_interrupt(&nvme, irq, 1);
	assert_ok(vfa_device_reset(nvme.device));
	assert_int_equal(vfa_irq_fd(irq, 1), fd);
	nvme_run_by_interrupt(&nvme, irq, 1);
}

/* Of which QEMU's card keeps its registers. */
static void a_reset_by_power_state_leaves_it_usable(void **state)
{
	struct vfa_device *device = open_device(*state, CARD);
	volatile void *bar = vm_bar(device, 0);
	uint32_t status = vfa_mmio_read32(bar, CARD_STATUS);

	assert_int_equal(vfa_device_can_reset(device), 1);
	assert_ok(vfa_device_reset(device));
	assert_int_equal(vfa_mmio_read32(bar, CARD_STATUS), status);
	assert_int_equal(vfa_device_power_state(device), VFA_POWER_D0);
}

/* A thread that reads a register all the time, which always says the same. */
struct reader {
	pthread_t thread;
	volatile void *bar;
	uint32_t expected;
	atomic_bool ends;
	unsigned int reads;
	unsigned int wrong;
};

static void *read_on(void *data)
{
	struct reader *reader = data;

	while (!reader->ends) {
		reader->wrong += vfa_mmio_read32(reader->bar, 0) != reader->expected;
		reader->reads++;
	}
	return NULL;
}

static void start_reading(struct reader *reader, struct vfa_device *device)
{
	reader->bar = vm_bar(device, 0);
	reader->expected = vfa_mmio_read32(reader->bar, 0);
	assert_int_equal(pthread_create(&reader->thread, NULL, read_on, reader), 0);
}

static void stop_reading(struct reader *reader)
{
	reader->ends = true;
	assert_int_equal(pthread_join(reader->thread, NULL), 0);
	print_message("# %u reads\n", reader->reads);
	assert_int_equal(reader->wrong, 0);
}

/* The kernel takes the mapping away, and makes the next access wait. */
static void an_access_waits_for_the_reset(void **state)
{
	struct vfa_device *device = open_device(*state, NVME);
	struct reader reader = { .reads = 0 };

	start_reading(&reader, device);
	for (int i = 0; i < 3; i++)
		assert_ok(vfa_device_reset(device));
	stop_reading(&reader);
}

/* The kernel does nothing while the reader is in the kernel, on its way to wait. */
static void hot_reset_in_the_end(struct vfa_device *device)
{
	int err;

	do
		err = vfa_device_hot_reset(device, NULL, 0);
	while (err == -EBUSY && vfa_error_last()->cause == VFA_CAUSE_IN_USE);
	assert_ok(err);
}

static void an_access_waits_for_the_reset_of_another(void **state)
{
	struct reader reader = { .reads = 0 };
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *first;

	vm_need_assignment(vm);
	space = vm_container(vm);
	first = vm_device(vm, space, PORT_EDU_1);
	start_reading(&reader, vm_device(vm, space, PORT_EDU_2));
	for (int i = 0; i < 3; i++)
		hot_reset_in_the_end(first);
	stop_reading(&reader);
}

static void a_root_bus_cannot_be_reset(void **state)
{
	struct vfa_device *device = open_device(*state, EDU);

	assert_refused(vfa_device_reset(device), EOPNOTSUPP, VFA_CAUSE_NO_RESET);
	assert_refused(vfa_hot_reset_functions(device, NULL, 0), EOPNOTSUPP, VFA_CAUSE_NO_RESET);
	assert_refused(vfa_device_hot_reset(device, NULL, 0), EOPNOTSUPP, VFA_CAUSE_NO_RESET);
}

static void check_ownership(struct vfa_device *device, enum vfa_ownership first,
			    enum vfa_ownership second)
{
	struct vfa_hot_reset_function functions[4];

	assert_int_equal(vfa_hot_reset_functions(device, functions, 4), 2);
	assert_string_equal(functions[0].bdf, PORT_EDU_1);
	assert_string_equal(functions[1].bdf, PORT_EDU_2);
	assert_int_equal(functions[0].group, vfa_device_group(device));
	assert_int_equal(functions[1].group, vfa_device_group(device));
	assert_string_equal(vfa_ownership_name(functions[0].ownership), vfa_ownership_name(first));
	assert_string_equal(vfa_ownership_name(functions[1].ownership), vfa_ownership_name(second));
}

static void both_functions_of_a_bus_are_told(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *first;

	vm_need_assignment(vm);
	space = vm_container(vm);
	first = vm_device(vm, space, PORT_EDU_1);
	check_ownership(first, VFA_OWNERSHIP_OPEN, VFA_OWNERSHIP_GROUP);
	vm_device(vm, space, PORT_EDU_2);
	check_ownership(first, VFA_OWNERSHIP_OPEN, VFA_OWNERSHIP_OPEN);
}

/*
 * Of QEMU's edu a reset clears nothing but config space, which the kernel restores: that
 * registers are lost is seen in test_hot_reset.
 */
static void a_hot_reset_leaves_both_usable(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct edu first, second;

	vm_need_assignment(vm);
	space = vm_container(vm);
	first = edu_open(vm, space, PORT_EDU_1);
	second = edu_open(vm, space, PORT_EDU_2);
	assert_refused(vfa_device_reset(first.device), EOPNOTSUPP, VFA_CAUSE_NO_RESET);
	assert_ok(vfa_device_hot_reset(first.device, NULL, 0));
	/* By mappings that are older than the reset. */
	assert_int_equal(vfa_mmio_read32(first.bar, EDU_IDENTIFICATION) & 0xff, 0xed);
	assert_int_equal(vfa_mmio_read32(second.bar, EDU_IDENTIFICATION) & 0xff, 0xed);
	assert_ok(vfa_device_hot_reset(second.device, &first.device, 1));
	assert_int_equal(vfa_mmio_read32(first.bar, EDU_IDENTIFICATION) & 0xff, 0xed);
}

static void interrupts_of_both_stay_armed(void **state)
{
	static const enum vfa_irq_kind kinds[] = { VFA_IRQ_MSI, VFA_IRQ_INTX };
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_irq *irqs[2];
	struct edu edus[2];

	vm_need_assignment(vm);
	space = vm_container(vm);
	edus[0] = edu_open(vm, space, PORT_EDU_1);
	edus[1] = edu_open(vm, space, PORT_EDU_2);
	for (size_t i = 0; i < 2; i++)
		irqs[i] = vm_irq(vm, edus[i].device, kinds[i], 1);
	vfa_mmio_write32(edus[1].bar, EDU_INTERRUPT_RAISE, 1);
	assert_ok(vfa_irq_wait(irqs[1], 0, 30000, NULL)); /* masked from here on */
	edu_acknowledge(edus[1].bar);

	assert_ok(vfa_device_hot_reset(edus[1].device, NULL, 0));
	for (size_t i = 0; i < 2; i++) {
		vfa_mmio_write32(edus[i].bar, EDU_INTERRUPT_RAISE, 1);
		assert_ok(vfa_irq_wait(irqs[i], 0, 30000, NULL));
		edu_acknowledge(edus[i].bar);
	}
}

static void dma_works_after_a_hot_reset(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *buffer;
	struct edu edu;

	vm_need_assignment(vm);
	vm_need(vm_profile()->translates_behind_ports, "a QEMU that translates behind ports");
	space = vm_container(vm);
	edu = edu_open(vm, space, PORT_EDU_1);
	buffer = edu_buffer(vm, space, PAGE_SIZE);
	assert_ok(vfa_device_hot_reset(edu.device, NULL, 0));
	edu_fill(vfa_buffer_vaddr(buffer), PAGE_SIZE, 1);
	edu_take(&edu, vfa_buffer_iova(buffer), EDU_TRANSFER_MAX);
	memset(vfa_buffer_vaddr(buffer), 0, PAGE_SIZE);
	edu_give(&edu, vfa_buffer_iova(buffer), EDU_TRANSFER_MAX);
	edu_check(vfa_buffer_vaddr(buffer), EDU_TRANSFER_MAX, 1);
}

static void an_unbound_function_is_in_the_way(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *device;

	vm_need_assignment(vm);
	vm_unbind(vm, PORT_EDU_2);
	device = open_device(vm, PORT_EDU_1);
	check_ownership(device, VFA_OWNERSHIP_OPEN, VFA_OWNERSHIP_UNBOUND);
	assert_refused(vfa_device_hot_reset(device, NULL, 0), EPERM, VFA_CAUSE_NOT_OWNED);
	assert_said(PORT_EDU_2);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE_ONCE(methods_are_those_of_sysfs),
		VM_CASE(a_reset_clears_registers_and_keeps_config),
		VM_CASE(vectors_stay_armed_over_a_reset),
		VM_CASE(a_reset_by_power_state_leaves_it_usable),
		VM_CASE(an_access_waits_for_the_reset),
		VM_CASE(an_access_waits_for_the_reset_of_another),
		VM_CASE(a_root_bus_cannot_be_reset),
		VM_CASE(both_functions_of_a_bus_are_told),
		VM_CASE(a_hot_reset_leaves_both_usable),
		VM_CASE(interrupts_of_both_stay_armed),
		VM_CASE(dma_works_after_a_hot_reset),
		VM_CASE(an_unbound_function_is_in_the_way),
	};

	return vm_run_cases("reset", cases);
}
