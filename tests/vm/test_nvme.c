/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A real queue-driven device: NVMe by polling, by MSI-X, through reset and config space. */

#include <errno.h>

#include "nvme.h"

#define CONFIG_VENDOR         0x00
#define CONFIG_DEVICE         0x02
#define CONFIG_COMMAND        0x04
#define CONFIG_REVISION       0x08
#define CONFIG_INTERRUPT_LINE 0x3c

#define COMMAND_BUS_MASTER 0x4

static void controller_identifies_itself(void **state)
{
	const struct nvme_controller_data *data;
	struct vm *vm = *state;
	struct nvme nvme;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	nvme_run(&nvme, 0, nvme_identify(NVME_IDENTIFY_CONTROLLER, 0, nvme_data_iova(&nvme)));
	data = nvme_data(&nvme);
	assert_memory_equal(data->serial, "pattern             ", 20);
	assert_memory_equal(data->model, "QEMU NVMe Ctrl ", 15);
}

static void namespace_tells_its_size(void **state)
{
	const struct nvme_namespace_data *data;
	struct vm *vm = *state;
	struct nvme nvme;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	nvme_run(&nvme, 0, nvme_identify(NVME_IDENTIFY_NAMESPACE, 1, nvme_data_iova(&nvme)));
	data = nvme_data(&nvme);
	assert_int_equal(nvme_block_size(data), NVME_BLOCK);
	assert_int_equal(le64toh(data->nsze) * NVME_BLOCK, 8 << 20);
}

static void polled_reads_give_the_pattern(void **state)
{
	static const struct {
		uint64_t lba;
		uint16_t blocks;
	} reads[] = { { 0, 1 }, { 1, 8 }, { 4321, 16 }, { (8 << 20) / NVME_BLOCK - 1, 1 } };
	struct vm *vm = *state;
	struct nvme nvme;
	size_t i;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	nvme_run(&nvme, 0, nvme_set_queues(NVME_PAIRS));
	nvme_create_pair(&nvme, 1, NVME_NO_VECTOR);
	for (i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		nvme_run(&nvme, 1, nvme_read_data(&nvme, reads[i].lba, reads[i].blocks));
		nvme_check_data(&nvme, reads[i].lba, reads[i].blocks);
	}
}

/* More commands than the queue has entries, so that the phase turns. */
static void queue_goes_round(void **state)
{
	struct vm *vm = *state;
	struct nvme nvme;
	uint64_t lba;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	nvme_create_pair(&nvme, 1, NVME_NO_VECTOR);
	for (lba = 100; lba < 100 + 3 * NVME_ENTRIES; lba++) {
		nvme_run(&nvme, 1, nvme_read_data(&nvme, lba, 1));
		nvme_check_data(&nvme, lba, 1);
	}
}

/* Submit to queue pair @id and wait for its answer by its vector, which fires once. */
static void run_by_interrupt(struct nvme *nvme, struct vfa_irq *irq, uint16_t id,
			     struct nvme_command command)
{
	uint64_t fired;

	nvme_submit(&nvme->queues[id], &command);
	assert_ok(vfa_irq_wait(irq, id, 10000, &fired));
	assert_int_equal(fired, 1);
	assert_true(nvme_has_answer(&nvme->queues[id]));
	assert_int_equal(nvme_take_answer(&nvme->queues[id]), 0);
}

static void each_vector_signals_its_own_queue(void **state)
{
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct nvme nvme;
	uint16_t id, other;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	assert_true(vfa_irq_count(nvme.device, VFA_IRQ_MSIX) > NVME_PAIRS);
	irq = vm_irq(vm, nvme.device, VFA_IRQ_MSIX, NVME_PAIRS + 1);
	run_by_interrupt(&nvme, irq, 0, nvme_set_queues(NVME_PAIRS));
	/* These are polled for, so vector 0 fires at any time from here on. */
	for (id = 1; id <= NVME_PAIRS; id++)
		nvme_create_pair(&nvme, id, id);

	for (id = 1; id <= NVME_PAIRS; id++) {
		run_by_interrupt(&nvme, irq, id, nvme_read_data(&nvme, 10 * id, 2));
		nvme_check_data(&nvme, 10 * id, 2);
		for (other = 1; other <= NVME_PAIRS; other++)
			assert_int_equal(vfa_irq_wait(irq, other, 0, NULL), -ETIMEDOUT);
	}
	assert_refused(vfa_irq_wait(irq, NVME_PAIRS + 1, 0, NULL), EINVAL, VFA_CAUSE_IRQ_BOUNDS);
}

static void vectors_can_start_above_zero(void **state)
{
	struct nvme_command command;
	struct vfa_irq *irq = NULL;
	struct vm *vm = *state;
	struct nvme nvme;
	int err;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	assert_ok(vfa_irq_enable(nvme.device, VFA_IRQ_MSIX, 2, 2, NULL, &irq));
	assert_true(vfa_irq_fd(irq, 1) < 0);
	assert_true(vfa_irq_fd(irq, 2) >= 0);
	assert_true(vfa_irq_fd(irq, 3) >= 0);
	nvme_create_pair(&nvme, 1, 3);
	command = nvme_read_data(&nvme, 7, 1);
	nvme_submit(&nvme.queues[1], &command);
	err = vfa_irq_wait(irq, 3, 10000, NULL);
	vfa_irq_disable(irq);
	assert_int_equal(err, 0);
	assert_int_equal(nvme_take_answer(&nvme.queues[1]), 0);
	nvme_check_data(&nvme, 7, 1);
}

static void more_vectors_than_the_device_has_are_refused(void **state)
{
	struct vfa_irq *irq = NULL;
	struct vfa_device *device;
	struct vm *vm = *state;
	char number[16];
	int count;

	vm_need_assignment(vm);
	device = vm_device(vm, vm_container(vm), NVME);
	count = assert_ok(vfa_irq_count(device, VFA_IRQ_MSIX));
	assert_refused(vfa_irq_enable(device, VFA_IRQ_MSIX, 0, (uint32_t)count + 1, NULL, &irq),
		       EINVAL, VFA_CAUSE_IRQ_BOUNDS);
	snprintf(number, sizeof(number), "%d", count);
	assert_said(number);
	assert_refused(vfa_irq_enable(device, VFA_IRQ_MSIX, 1, UINT32_MAX, NULL, &irq), EINVAL,
		       VFA_CAUSE_IRQ_BOUNDS);
	assert_null(irq);
}

static void reset_stops_the_controller_and_leaves_it_usable(void **state)
{
	struct vm *vm = *state;
	struct nvme nvme;
	uint16_t command;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	assert_true(vfa_mmio_read32(nvme.bar, NVME_CSTS) & NVME_CSTS_RDY);
	assert_int_equal(vfa_device_can_reset(nvme.device), 1);

	assert_ok(vfa_device_reset(nvme.device));

	assert_int_equal(vfa_mmio_read32(nvme.bar, NVME_CC), 0);
	assert_int_equal(vfa_mmio_read32(nvme.bar, NVME_CSTS) & NVME_CSTS_RDY, 0);
	assert_ok(vfa_config_read16(nvme.device, CONFIG_COMMAND, &command));
	assert_true(command & COMMAND_BUS_MASTER); /* the kernel restored config space */
	nvme_bring_up(&nvme);
	nvme_create_pair(&nvme, 1, NVME_NO_VECTOR);
	nvme_run(&nvme, 1, nvme_read_data(&nvme, 3, 1));
	nvme_check_data(&nvme, 3, 1);
}

static void vectors_work_again_after_a_reset(void **state)
{
	struct nvme_command command;
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct nvme nvme;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	assert_ok(vfa_irq_enable(nvme.device, VFA_IRQ_MSIX, 0, 2, NULL, &irq));
	vfa_irq_disable(irq);
	assert_ok(vfa_device_reset(nvme.device));

	irq = vm_irq(vm, nvme.device, VFA_IRQ_MSIX, 2);
	nvme_bring_up(&nvme);
	nvme_create_pair(&nvme, 1, 1);
	command = nvme_read_data(&nvme, 5, 1);
	nvme_submit(&nvme.queues[1], &command);
	assert_ok(vfa_irq_wait(irq, 1, 10000, NULL));
	assert_int_equal(nvme_take_answer(&nvme.queues[1]), 0);
	nvme_check_data(&nvme, 5, 1);
}

static void config_space_reads_at_every_width(void **state)
{
	struct vfa_device *device;
	struct vm *vm = *state;
	uint16_t vendor, id;
	uint8_t low, high;
	uint32_t both;

	vm_need_assignment(vm);
	device = vm_device(vm, vm_container(vm), NVME);
	assert_ok(vfa_config_read16(device, CONFIG_VENDOR, &vendor));
	assert_ok(vfa_config_read16(device, CONFIG_DEVICE, &id));
	assert_ok(vfa_config_read32(device, CONFIG_VENDOR, &both));
	assert_ok(vfa_config_read8(device, CONFIG_VENDOR, &low));
	assert_ok(vfa_config_read8(device, CONFIG_VENDOR + 1, &high));
	assert_int_equal(vendor, 0x1b36);
	assert_int_equal(id, 0x0010);
	assert_int_equal(both, (uint32_t)id << 16 | vendor);
	assert_int_equal(high << 8 | low, vendor);
	assert_ok(vfa_config_read32(device, CONFIG_REVISION, &both));
	assert_int_equal(both >> 8, 0x010802);
}

static void config_space_writes_stick_where_they_may(void **state)
{
	struct vfa_device *device;
	uint16_t vendor = 0;
	struct vm *vm = *state;
	uint8_t line;

	vm_need_assignment(vm);
	device = vm_device(vm, vm_container(vm), NVME);
	assert_ok(vfa_config_write8(device, CONFIG_INTERRUPT_LINE, 0x5a));
	assert_ok(vfa_config_read8(device, CONFIG_INTERRUPT_LINE, &line));
	assert_int_equal(line, 0x5a);
	assert_ok(vfa_config_write8(device, CONFIG_INTERRUPT_LINE, 0xa5));
	assert_ok(vfa_config_read8(device, CONFIG_INTERRUPT_LINE, &line));
	assert_int_equal(line, 0xa5);
	assert_ok(vfa_config_write16(device, CONFIG_VENDOR, 0xdead));
	assert_ok(vfa_config_read16(device, CONFIG_VENDOR, &vendor));
	assert_int_equal(vendor, 0x1b36);
}

static void config_space_ends(void **state)
{
	struct vfa_region_info info;
	struct vfa_device *device;
	uint32_t value = 0x1234;
	struct vm *vm = *state;

	vm_need_assignment(vm);
	device = vm_device(vm, vm_container(vm), NVME);
	assert_ok(vfa_region_get_info(device, VFA_REGION_CONFIG, &info));
	assert_int_equal(info.size, 4096);
	assert_ok(vfa_config_read32(device, (uint32_t)info.size - 4, &value));
	assert_refused(vfa_config_read32(device, (uint32_t)info.size, &value), EINVAL,
		       VFA_CAUSE_REGION_BOUNDS);
	assert_refused(vfa_config_write32(device, UINT32_MAX - 3, 0), EINVAL,
		       VFA_CAUSE_REGION_BOUNDS);
	assert_refused(vfa_config_read32(device, 2, &value), EINVAL, VFA_CAUSE_MISALIGNED);
}

static void bus_mastering_is_off_until_enabled(void **state)
{
	struct vfa_device *device;
	struct vm *vm = *state;
	uint16_t before, on, off;

	vm_need_assignment(vm);
	device = vm_device(vm, vm_container(vm), NVME);
	assert_ok(vfa_config_read16(device, CONFIG_COMMAND, &before));
	assert_int_equal(before & COMMAND_BUS_MASTER, 0);
	assert_ok(vfa_device_enable_bus_master(device));
	assert_ok(vfa_config_read16(device, CONFIG_COMMAND, &on));
	assert_int_equal(on, before | COMMAND_BUS_MASTER);
	assert_ok(vfa_device_disable_bus_master(device));
	assert_ok(vfa_config_read16(device, CONFIG_COMMAND, &off));
	assert_int_equal(off, before);
}

static void regions_are_what_the_device_has(void **state)
{
	static const uint64_t sizes[] = { 16 << 10, 0, 4 << 20, 0, 0, 0, 0 };
	struct vfa_region_info info;
	struct vfa_device *device;
	struct vm *vm = *state;
	uint64_t cap, same;
	volatile void *bar;
	uint32_t i;

	vm_need_assignment(vm);
	device = vm_device(vm, vm_container(vm), NVME);
	assert_true(vfa_region_count(device) > VFA_REGION_CONFIG);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_ok(vfa_region_get_info(device, i, &info));
		assert_int_equal(info.size, sizes[i]);
	}
	assert_refused(vfa_region_get_info(device, (uint32_t)vfa_region_count(device), &info),
		       EINVAL, VFA_CAUSE_NO_REGION);
	bar = vm_bar(device, 0);
	cap = vfa_mmio_read64(bar, NVME_CAP);
	assert_ok(vfa_region_read(device, VFA_BAR(0), NVME_CAP, &same, sizeof(same)));
	assert_int_equal(le64toh(same), cap);
	assert_ok(vfa_region_get_info(device, 0, &info));
	assert_refused(vfa_region_read(device, VFA_BAR(0), info.size, &same, 1), EINVAL,
		       VFA_CAUSE_REGION_BOUNDS);
	assert_refused(vfa_region_map(device, VFA_BAR(1), &bar), EINVAL, VFA_CAUSE_NO_REGION);
	assert_refused(vfa_region_map(device, VFA_REGION_CONFIG, &bar), EOPNOTSUPP,
		       VFA_CAUSE_REGION_RIGHTS);
	assert_refused(vfa_region_unmap(device, VFA_BAR(2)), EINVAL, VFA_CAUSE_WRONG_ORDER);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(controller_identifies_itself),
		VM_CASE(namespace_tells_its_size),
		VM_CASE(polled_reads_give_the_pattern),
		VM_CASE(queue_goes_round),
		VM_CASE(each_vector_signals_its_own_queue),
		VM_CASE(vectors_can_start_above_zero),
		VM_CASE(more_vectors_than_the_device_has_are_refused),
		VM_CASE(reset_stops_the_controller_and_leaves_it_usable),
		VM_CASE(vectors_work_again_after_a_reset),
		VM_CASE(config_space_reads_at_every_width),
		VM_CASE(config_space_writes_stick_where_they_may),
		VM_CASE(config_space_ends),
		VM_CASE(bus_mastering_is_off_until_enabled),
		VM_CASE(regions_are_what_the_device_has),
	};

	return vm_run_cases("nvme", cases);
}
