/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* DMA and interrupts that really happen, by QEMU's edu. */

#include <errno.h>
#include <stdlib.h>

#include "edu.h"

#define SIZE EDU_TRANSFER_MAX

static void dma_moves_bytes_both_ways(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *source, *target;
	struct edu edu;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	source = edu_buffer(vm, space, SIZE);
	target = edu_buffer(vm, space, SIZE);
	edu_fill(vfa_buffer_vaddr(source), SIZE, 1);

	edu_take(&edu, vfa_buffer_iova(source), SIZE);
	edu_give(&edu, vfa_buffer_iova(target), SIZE);

	edu_check(vfa_buffer_vaddr(target), SIZE, 1);
	edu_check(vfa_buffer_vaddr(source), SIZE, 1);
}

static void dma_without_bus_mastering_does_not_happen(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *buffer;
	struct edu edu;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	buffer = edu_buffer(vm, space, SIZE);
	edu_fill(vfa_buffer_vaddr(buffer), SIZE, 2);
	edu_take(&edu, vfa_buffer_iova(buffer), SIZE);
	edu_fill(vfa_buffer_vaddr(buffer), SIZE, 3);

	assert_ok(vfa_device_disable_bus_master(edu.device));
	edu_give(&edu, vfa_buffer_iova(buffer), SIZE);
	edu_check(vfa_buffer_vaddr(buffer), SIZE, 3);

	assert_ok(vfa_device_enable_bus_master(edu.device));
	edu_give(&edu, vfa_buffer_iova(buffer), SIZE);
	edu_check(vfa_buffer_vaddr(buffer), SIZE, 2);
}

/* A round trip through edu, each leg ended by an interrupt. */
static void round_trip_by_interrupt(struct vm *vm, enum vfa_irq_kind kind)
{
	struct vfa_container *space = vm_container(vm);
	struct edu edu = edu_open(vm, space, EDU);
	struct vfa_buffer *source = edu_buffer(vm, space, SIZE);
	struct vfa_buffer *target = edu_buffer(vm, space, SIZE);
	struct vfa_irq *irq;
	uint64_t fired;

	assert_int_equal(vfa_irq_count(edu.device, kind), 1);
	irq = vm_irq(vm, edu.device, kind, 1);
	edu_fill(vfa_buffer_vaddr(source), SIZE, 4);

	edu_dma_start(edu.bar, vfa_buffer_iova(source), 0, SIZE, EDU_DMA_INTERRUPT);
	assert_ok(vfa_irq_wait(irq, 0, 5000, &fired));
	assert_int_equal(fired, 1);
	assert_int_equal(edu_acknowledge(edu.bar), EDU_INTERRUPT_DMA);
	if (kind == VFA_IRQ_INTX)
		assert_ok(vfa_irq_unmask(irq));

	edu_dma_start(edu.bar, vfa_buffer_iova(target), 0, SIZE,
		      EDU_DMA_INTERRUPT | EDU_DMA_TO_MEMORY);
	assert_ok(vfa_irq_wait(irq, 0, 5000, &fired));
	assert_int_equal(fired, 1);
	assert_int_equal(edu_acknowledge(edu.bar), EDU_INTERRUPT_DMA);
	edu_check(vfa_buffer_vaddr(target), SIZE, 4);
}

static void dma_ends_with_an_msi(void **state)
{
	vm_need_assignment(*state);
	round_trip_by_interrupt(*state, VFA_IRQ_MSI);
}

static void dma_ends_with_intx(void **state)
{
	vm_need_assignment(*state);
	round_trip_by_interrupt(*state, VFA_IRQ_INTX);
}

static void masked_intx_fires_only_when_unmasked(void **state)
{
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct edu edu;

	vm_need_assignment(vm);
	edu = edu_open(vm, vm_container(vm), EDU);
	irq = vm_irq(vm, edu.device, VFA_IRQ_INTX, 1);

	assert_ok(vfa_irq_mask(irq));
	vfa_mmio_write32(edu.bar, EDU_INTERRUPT_RAISE, 0x10);
	assert_int_equal(vfa_mmio_read32(edu.bar, EDU_INTERRUPT_STATUS), 0x10);
	assert_refused(vfa_irq_wait(irq, 0, 200, NULL), ETIMEDOUT, VFA_CAUSE_TIMEOUT);

	assert_ok(vfa_irq_unmask(irq));
	assert_ok(vfa_irq_wait(irq, 0, 5000, NULL));

	/* It is still up, so it fires again as soon as it may. */
	assert_ok(vfa_irq_unmask(irq));
	assert_ok(vfa_irq_wait(irq, 0, 5000, NULL));

	assert_int_equal(edu_acknowledge(edu.bar), 0x10);
	assert_ok(vfa_irq_unmask(irq));
	assert_refused(vfa_irq_wait(irq, 0, 200, NULL), ETIMEDOUT, VFA_CAUSE_TIMEOUT);
}

static void msi_cannot_be_masked(void **state)
{
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct edu edu;

	vm_need_assignment(vm);
	edu = edu_open(vm, vm_container(vm), EDU);
	irq = vm_irq(vm, edu.device, VFA_IRQ_MSI, 1);
	assert_refused(vfa_irq_mask(irq), EOPNOTSUPP, VFA_CAUSE_NO_IRQ);
	assert_refused(vfa_irq_unmask(irq), EOPNOTSUPP, VFA_CAUSE_NO_IRQ);
}

static void one_kind_of_interrupt_at_a_time(void **state)
{
	struct vm *vm = *state;
	struct vfa_irq *second = NULL;
	struct vfa_irq *irq;
	struct edu edu;

	vm_need_assignment(vm);
	edu = edu_open(vm, vm_container(vm), EDU);
	assert_ok(vfa_irq_enable(edu.device, VFA_IRQ_MSI, 0, 1, NULL, &irq));
	assert_refused(vfa_irq_enable(edu.device, VFA_IRQ_INTX, 0, 1, NULL, &second), EBUSY,
		       VFA_CAUSE_IRQ_BUSY);
	assert_refused(vfa_irq_enable(edu.device, VFA_IRQ_MSI, 0, 1, NULL, &second), EBUSY,
		       VFA_CAUSE_IRQ_BUSY);
	assert_null(second);
	vfa_irq_disable(irq);

	assert_refused(vfa_irq_enable(edu.device, VFA_IRQ_MSI, 0, 2, NULL, &second), EINVAL,
		       VFA_CAUSE_IRQ_BOUNDS);
	assert_refused(vfa_irq_enable(edu.device, VFA_IRQ_MSI, 0, 0, NULL, &second), EINVAL,
		       VFA_CAUSE_EMPTY);
	assert_refused(vfa_irq_enable(edu.device, VFA_IRQ_MSIX, 0, 1, NULL, &second), ENOENT,
		       VFA_CAUSE_NO_IRQ);
	assert_null(second);
	vm_irq(vm, edu.device, VFA_IRQ_INTX, 1); /* nothing was left behind */
}

static void factorial_by_interrupt(struct vm *vm, enum vfa_irq_kind kind)
{
	struct edu edu = edu_open(vm, vm_container(vm), EDU);
	struct vfa_irq *irq = vm_irq(vm, edu.device, kind, 1);
	uint32_t expected = 1;
	uint32_t n;

	vfa_mmio_write32(edu.bar, EDU_STATUS, EDU_STATUS_INTERRUPT);
	for (n = 1; n <= 12; n++) {
		expected *= n;
		vfa_mmio_write32(edu.bar, EDU_FACTORIAL, n);
		assert_ok(vfa_irq_wait(irq, 0, 5000, NULL));
		assert_int_equal(edu_acknowledge(edu.bar), EDU_INTERRUPT_FACTORIAL);
		assert_int_equal(vfa_mmio_read32(edu.bar, EDU_FACTORIAL), expected);
		if (kind == VFA_IRQ_INTX)
			assert_ok(vfa_irq_unmask(irq));
	}
	vfa_mmio_write32(edu.bar, EDU_STATUS, 0);
}

static void factorials_end_with_an_msi(void **state)
{
	vm_need_assignment(*state);
	factorial_by_interrupt(*state, VFA_IRQ_MSI);
}

static void factorials_end_with_intx(void **state)
{
	vm_need_assignment(*state);
	factorial_by_interrupt(*state, VFA_IRQ_INTX);
}

/* The address in the kernel's line of a fault. */
static uint64_t fault_address(const char *line)
{
	const char *before = vm_profile()->fault_address;
	const char *found = strstr(line, before);

	if (!found)
		fail_msg("no address behind \"%s\" in: %s", before, line);
	print_message("# %s", strchr(line, ';') ? strchr(line, ';') + 1 : line);
	return strtoull(found + strlen(before), NULL, 16);
}

/*
 * Let edu write to @iova, which it may not, and see that @memory stays as it was
 * filled and that the kernel logs the fault, where it logs any. It logs a few in
 * five seconds only, so this goes on until it does; and it is a short write, for
 * QEMU makes a fault of each word. Returns the address that the kernel logged.
 */
static uint64_t assert_write_is_stopped(struct vm *vm, const struct edu *edu, uint64_t iova,
					const void *memory, unsigned int seed)
{
	const char *const *fault = vm_profile()->fault;
	uint64_t deadline = clock_ms() + 20000;
	int log = vm_log_open(vm);
	char line[VM_LOG_LINE];
	bool logged;

	do {
		edu_give(edu, iova, 8);
		edu_check(memory, PAGE_SIZE, seed);
		logged = !fault[0] || vm_log_find(log, fault[0], fault[1], 1000, line);
	} while (!logged && clock_ms() < deadline);
	if (!logged)
		fail_msg("the kernel logged no \"%s\" with \"%s\"", fault[0], fault[1]);
	return fault[0] ? fault_address(line) : iova;
}

static void read_only_mapping_stops_writes(void **state)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_mapping *mapping;
	struct vfa_buffer *writable;
	struct edu edu;
	void *memory;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	writable = edu_buffer(vm, space, SIZE);
	memory = vm_memory(vm, PAGE_SIZE);
	options.access = VFA_ACCESS_READ;
	options.iova_max = EDU_DMA_MASK;
	assert_ok(vfa_container_map(space, memory, PAGE_SIZE, &options, &mapping));
	assert_int_equal(vfa_mapping_access(mapping), VFA_ACCESS_READ);
	edu_fill(vfa_buffer_vaddr(writable), SIZE, 5);
	edu_take(&edu, vfa_buffer_iova(writable), SIZE);
	edu_fill(memory, PAGE_SIZE, 6);

	/* Before any read there: of an address in its TLB, QEMU's VT-d logs no fault. */
	assert_write_is_stopped(vm, &edu, vfa_mapping_iova(mapping), memory, 6);

	edu_take(&edu, vfa_mapping_iova(mapping), SIZE);
	edu_fill(memory, PAGE_SIZE, 7);
	edu_give(&edu, vfa_mapping_iova(mapping), 8);
	edu_check(memory, PAGE_SIZE, 7);
	edu_give(&edu, vfa_buffer_iova(writable), SIZE);
	edu_check(vfa_buffer_vaddr(writable), SIZE, 6);
	assert_ok(vfa_mapping_unmap(mapping));
}

static void dma_outside_any_mapping_is_stopped(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_mapping *mapping;
	uint64_t iova = 0x900000;
	struct vfa_map_options options = vm_fixed(iova);
	struct edu edu;
	void *memory;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	memory = vm_memory(vm, PAGE_SIZE);
	assert_ok(vfa_container_map(space, memory, PAGE_SIZE, &options, &mapping));
	edu_fill(memory, PAGE_SIZE, 7);
	edu_take(&edu, iova, SIZE);
	edu_fill(memory, PAGE_SIZE, 8);
	assert_ok(vfa_mapping_unmap(mapping));

	assert_write_is_stopped(vm, &edu, iova, memory, 8);
}

static struct vfa_address_info explain_write(struct vfa_container *space, uint64_t iova,
					     const char *words)
{
	struct vfa_address_info info = VFA_ADDRESS_INFO_INIT;
	char text[512];

	assert_ok(vfa_container_describe(space, iova, &info));
	assert_ok(vfa_address_explain(&info, VFA_ACCESS_WRITE, text, sizeof(text)));
	print_message("# %s\n", text);
	assert_non_null(strstr(text, words));
	return info;
}

/* From the kernel's own line to what is there. */
static void a_fault_that_the_kernel_logs_is_explained(void **state)
{
	struct vfa_map_options options = vm_fixed(0xa00000);
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_address_info info;
	struct vfa_buffer *source;
	struct edu edu;
	char *memory;
	uint64_t iova;

	vm_need_assignment(vm);
	space = vm_container(vm);
	edu = edu_open(vm, space, EDU);
	source = edu_buffer(vm, space, SIZE);
	edu_fill(vfa_buffer_vaddr(source), SIZE, 9);
	edu_take(&edu, vfa_buffer_iova(source), SIZE);
	memory = vm_memory(vm, 2 * PAGE_SIZE);
	edu_fill(memory + PAGE_SIZE, PAGE_SIZE, 10);
	options.access = VFA_ACCESS_READ;
	assert_ok(vfa_container_map(space, memory, 2 * PAGE_SIZE, &options, NULL));
	options.iova = 0xb00000;
	assert_ok(vfa_container_map(space, memory, PAGE_SIZE, &options, NULL));

	iova = assert_write_is_stopped(vm, &edu, 0xa01000, memory + PAGE_SIZE, 10);
	info = explain_write(space, iova, "(read-only for devices)");
	assert_int_equal(info.kind, VFA_ADDRESS_MAPPED);
	assert_int_equal(info.access, VFA_ACCESS_READ);
	assert_ptr_equal(info.vaddr, memory + PAGE_SIZE);

	iova = assert_write_is_stopped(vm, &edu, 0xa02000, memory + PAGE_SIZE, 10);
	info = explain_write(space, iova, "right behind mapping 0xa00000-0xa01fff");
	assert_int_equal(info.kind, VFA_ADDRESS_GAP);
	assert_int_equal(info.before.last, 0xa01fff);
	assert_int_equal(info.behind.start, 0xb00000);
}

static void devices_of_two_groups_share_a_buffer(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *buffer;
	struct edu first, second;
	uint8_t *bytes;
	uint64_t iova;

	vm_need_assignment(vm);
	space = vm_container(vm);
	first = edu_open(vm, space, EDU);
	buffer = edu_buffer(vm, space, 2 * PAGE_SIZE);
	second = edu_open(vm, space, OTHER_EDU); /* joins after the map */
	assert_int_not_equal(vfa_device_group(first.device), vfa_device_group(second.device));
	bytes = vfa_buffer_vaddr(buffer);
	iova = vfa_buffer_iova(buffer);

	edu_fill(bytes, SIZE, 9);
	edu_take(&first, iova, SIZE);
	edu_give(&first, iova + PAGE_SIZE, SIZE);
	edu_take(&second, iova + PAGE_SIZE, SIZE);
	memset(bytes, 0, 2 * PAGE_SIZE);
	edu_give(&second, iova, SIZE);
	edu_check(bytes, SIZE, 9);
}

static void devices_of_one_group_share_a_container(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct edu first, second;

	vm_need_assignment(vm);
	space = vm_container(vm);
	first = edu_open(vm, space, PORT_EDU_1);
	second = edu_open(vm, space, PORT_EDU_2);
	assert_int_equal(vfa_device_group(first.device), vfa_device_group(second.device));
	vfa_mmio_write32(first.bar, EDU_INTERRUPT_RAISE, 1);
	vfa_mmio_write32(second.bar, EDU_INTERRUPT_RAISE, 2);
	assert_int_equal(edu_acknowledge(first.bar), 1);
	assert_int_equal(edu_acknowledge(second.bar), 2);
}

static void devices_of_one_group_share_a_buffer(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *buffer;
	struct edu first, second;

	vm_need_assignment(vm);
	vm_need(vm_profile()->translates_behind_ports,
		"an emulated IOMMU that knows devices behind ports, as in profile intel");
	space = vm_container(vm);
	first = edu_open(vm, space, PORT_EDU_1);
	second = edu_open(vm, space, PORT_EDU_2);
	buffer = edu_buffer(vm, space, SIZE);

	edu_fill(vfa_buffer_vaddr(buffer), SIZE, 10);
	edu_take(&first, vfa_buffer_iova(buffer), SIZE);
	edu_fill(vfa_buffer_vaddr(buffer), SIZE, 11);
	edu_take(&second, vfa_buffer_iova(buffer), SIZE);
	edu_give(&first, vfa_buffer_iova(buffer), SIZE);
	edu_check(vfa_buffer_vaddr(buffer), SIZE, 10);
	edu_give(&second, vfa_buffer_iova(buffer), SIZE);
	edu_check(vfa_buffer_vaddr(buffer), SIZE, 11);
}

static void mappings_stay_when_one_of_two_devices_leaves(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *leaving;
	struct vfa_buffer *buffer;
	struct edu edu;

	vm_need_assignment(vm);
	space = vm_container(vm);
	assert_ok(vfa_device_open(space, OTHER_EDU, NULL, &leaving));
	edu = edu_open(vm, space, EDU);
	buffer = edu_buffer(vm, space, SIZE);
	edu_fill(vfa_buffer_vaddr(buffer), SIZE, 12);
	edu_take(&edu, vfa_buffer_iova(buffer), SIZE);

	vfa_device_close(leaving);
	memset(vfa_buffer_vaddr(buffer), 0, SIZE);
	edu_give(&edu, vfa_buffer_iova(buffer), SIZE);
	edu_check(vfa_buffer_vaddr(buffer), SIZE, 12);
}

static void mappings_come_back_with_the_next_device(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *first;
	struct vfa_buffer *buffer;
	struct edu edu;

	vm_need_assignment(vm);
	space = vm_container(vm);
	assert_ok(vfa_device_open(space, OTHER_EDU, NULL, &first));
	buffer = edu_buffer(vm, space, SIZE);
	edu_fill(vfa_buffer_vaddr(buffer), SIZE, 13);
	vfa_device_close(first);

	edu = edu_open(vm, space, EDU);
	edu_take(&edu, vfa_buffer_iova(buffer), SIZE);
	memset(vfa_buffer_vaddr(buffer), 0, SIZE);
	edu_give(&edu, vfa_buffer_iova(buffer), SIZE);
	edu_check(vfa_buffer_vaddr(buffer), SIZE, 13);
}

/* They are gone with the last device, on both backends; a buffer is not. */
static void mappings_go_with_the_last_device_when_told_to(void **state)
{
	struct vfa_map_options options = vm_fixed(0xa00000);
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *first;
	struct vfa_buffer *buffer;
	struct edu edu;
	void *memory;

	vm_need_assignment(vm);
	space = vm_container(vm);
	memory = vm_memory(vm, PAGE_SIZE);
	assert_ok(vfa_container_keep_mappings(space, false));
	assert_ok(vfa_device_open(space, OTHER_EDU, NULL, &first));
	buffer = edu_buffer(vm, space, SIZE);
	edu_fill(vfa_buffer_vaddr(buffer), SIZE, 15);
	assert_ok(vfa_container_map(space, memory, PAGE_SIZE, &options, NULL));
	vfa_device_close(first);

	edu = edu_open(vm, space, EDU);
	edu_take(&edu, vfa_buffer_iova(buffer), SIZE);
	edu_fill(memory, PAGE_SIZE, 16);
	assert_write_is_stopped(vm, &edu, options.iova, memory, 16);
	assert_ok(vfa_container_map(space, memory, PAGE_SIZE, &options, NULL));
	edu_give(&edu, options.iova, SIZE);
	edu_check(memory, SIZE, 15);
}

static void device_works_after_its_container_is_closed(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_buffer *buffer;
	struct vfa_device *device;
	volatile void *bar;

	vm_need_assignment(vm);
	assert_ok(vfa_container_open(NULL, vm->backend, &space));
	assert_ok(vfa_device_open(space, EDU, NULL, &device));
	vm_own_device(vm, device);
	buffer = edu_buffer(vm, space, SIZE);
	vfa_container_close(space);

	bar = vm_bar(device, 0);
	assert_ok(vfa_device_enable_bus_master(device));
	edu_fill(vfa_buffer_vaddr(buffer), SIZE, 14);
	edu_take(&(struct edu){ device, bar }, vfa_buffer_iova(buffer), SIZE);
	memset(vfa_buffer_vaddr(buffer), 0, SIZE);
	edu_give(&(struct edu){ device, bar }, vfa_buffer_iova(buffer), SIZE);
	edu_check(vfa_buffer_vaddr(buffer), SIZE, 14);
}

static void reset_is_refused_where_the_kernel_has_no_way(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *device;

	vm_need_assignment(vm);
	device = vm_device(vm, vm_container(vm), PORT_EDU_1);
	assert_int_equal(vfa_device_can_reset(device), 0);
	assert_refused(vfa_device_reset(device), EOPNOTSUPP, VFA_CAUSE_NO_RESET);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(dma_moves_bytes_both_ways),
		VM_CASE(dma_without_bus_mastering_does_not_happen),
		VM_CASE(dma_ends_with_an_msi),
		VM_CASE(dma_ends_with_intx),
		VM_CASE(masked_intx_fires_only_when_unmasked),
		VM_CASE(msi_cannot_be_masked),
		VM_CASE(one_kind_of_interrupt_at_a_time),
		VM_CASE(factorials_end_with_an_msi),
		VM_CASE(factorials_end_with_intx),
		VM_CASE(read_only_mapping_stops_writes),
		VM_CASE(dma_outside_any_mapping_is_stopped),
		VM_CASE(a_fault_that_the_kernel_logs_is_explained),
		VM_CASE(devices_of_two_groups_share_a_buffer),
		VM_CASE(devices_of_one_group_share_a_container),
		VM_CASE(devices_of_one_group_share_a_buffer),
		VM_CASE(mappings_stay_when_one_of_two_devices_leaves),
		VM_CASE(mappings_come_back_with_the_next_device),
		VM_CASE(mappings_go_with_the_last_device_when_told_to),
		VM_CASE(device_works_after_its_container_is_closed),
		VM_CASE(reset_is_refused_where_the_kernel_has_no_way),
	};

	return vm_run_cases("edu", cases);
}
