/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Devices come and go, and are used. See scenario.h. */

#include <linux/capability.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fake/no_snoop.h"
#include "scenario.h"

static void use_mappings(struct run *run)
{
	struct vfa_container *container = run->container;
	struct vfa_map_options options = at(0x10000);
	struct vfa_mapping *first = NULL, *second = NULL;
	struct vfa_buffer *buffer = NULL;

	step(run, vfa_container_map(container, run->memory, PAGE, &options, &first));
	step(run, vfa_container_map(container, run->memory, PAGE, NULL, &second));
	step(run, vfa_buffer_alloc(container, PAGE, NULL, &buffer));
	if (second)
		step_partly(run, vfa_mapping_unmap(second));
	vfa_buffer_free(buffer);
	step(run, 0);
	for (uint64_t i = 0; i < 3; i++) {
		options = at(0x20000 + i * PAGE);
		step(run, vfa_container_map(container, run->memory, PAGE, &options, NULL));
	}
	step_partly(run, vfa_container_unmap(container, 0x20000, 3 * PAGE));
}

static void use_ioeventfd(struct run *run, struct vfa_device *device)
{
	struct vfa_ioeventfd store = { .width = 4, .offset = 0x60, .value = 1 };
	int fd = eventfd(0, EFD_CLOEXEC);

	step(run, 0);
	if (step(run, vfa_ioeventfd_add(device, &store, fd)))
		step(run, vfa_ioeventfd_remove(device, &store));
	close(fd);
	step(run, 0);
}

static void use_device(struct run *run, struct vfa_device *device)
{
	volatile void *base;
	struct vfa_memlock_estimate estimate = VFA_MEMLOCK_ESTIMATE_INIT;
	struct vfa_limits limits = VFA_LIMITS_INIT;
	struct vfa_irq *irq = NULL;
	uint16_t vendor;

	if (step(run, vfa_region_map(device, VFA_BAR(0), &base))) {
		(void)vfa_region_catch_fault(device, (const void *)base);
		step(run, vfa_region_restore(device));
		step(run, vfa_region_unmap(device, VFA_BAR(0)));
	}
	if (step(run, vfa_region_map_part(device, VFA_BAR(4), PAGE, 16, &base)))
		step(run, vfa_region_unmap_part(device, base));
	step(run, vfa_config_read16(device, 0, &vendor));
	step(run, vfa_device_enable_bus_master(device));
	step(run, vfa_irq_count(device, VFA_IRQ_MSI));
	if (step(run, vfa_irq_enable(device, VFA_IRQ_INTX, 0, 1, NULL, &irq))) {
		fake_fire(EDU, VFA_IRQ_INTX, 0);
		step(run, vfa_irq_wait(irq, 0, 0, NULL));
		step(run, vfa_irq_mask(irq));
		step(run, vfa_irq_unmask(irq));
		vfa_irq_disable(irq);
		step(run, 0);
	}
	use_ioeventfd(run, device);
	step(run, vfa_device_reset(device));
	step(run, vfa_coherency_is_enforced(run->container));
	step(run, vfa_container_limits(run->container, &limits));
	step(run, vfa_container_estimate_memlock(run->container, NULL, 0, &estimate));
}

/* Two groups come, memory is mapped, and all of it goes again. */
static void the_whole_life(struct run *run)
{
	struct vfa_device *device = NULL, *other = NULL;

	step(run, vfa_host_check_backend(run->machine->host, run->machine->backend));
	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device))) {
		use_device(run, device);
		step(run, open_plainly(run->container, LEFT, &other));
		use_mappings(run);
		vfa_device_close(other);
		step(run, 0);
	}
	vfa_device_close(device);
	step(run, 0);
	vfa_container_close(run->container);
}

/* Mappings outlive the last device, and are there for the next. */
static void a_change_of_devices(struct run *run)
{
	struct vfa_map_options options = at(0x10000);
	struct vfa_device *device = NULL;

	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device))) {
		step(run, vfa_container_map(run->container, run->memory, PAGE, &options, NULL));
		options = at(0x30000);
		step(run, vfa_container_map(run->container, run->memory, PAGE, &options, NULL));
		vfa_device_close(device);
		device = NULL;
		step(run, 0);
		step(run, open_plainly(run->container, NVME, &device));
		step_partly(run, vfa_container_unmap_all(run->container));
	}
	vfa_device_close(device);
	vfa_container_close(run->container);
}

/* Who is counted for is chosen, and a device comes. Type1 has no choice. */
static void a_choice_of_accounting(struct run *run)
{
	struct vfa_device *device = NULL;

	fake_set_capabilities(1ull << CAP_SYS_RESOURCE);
	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	step(run, vfa_container_set_accounting(run->container, VFA_ACCOUNTING_PROCESS));
	if (step(run, open_plainly(run->container, EDU, &device)))
		use_mappings(run);
	vfa_device_close(device);
	vfa_container_close(run->container);
}

/* A device that does not fit is refused, and leaves all as it was. */
static void a_collision(struct run *run)
{
	struct vfa_map_options options = at(0x100000000);
	struct vfa_device *device = NULL, *other = NULL;
	bool mapped;

	fake_set_aperture(7, 0, 0xffffffff);
	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, EDU, &device))) {
		mapped = step(run,
			      vfa_container_map(run->container, run->memory, PAGE, &options, NULL));
		if (mapped)
			assert_true(open_plainly(run->container, OTHER, &other) < 0);
		assert_null(other);
		step_partly(run, vfa_container_unmap_all(run->container));
		step(run, open_plainly(run->container, OTHER, &other));
		vfa_device_close(other);
		step(run, 0);
	}
	vfa_device_close(device);
	vfa_container_close(run->container);
}

/* All nodes come from somebody else. */
static void passed_nodes(struct run *run)
{
	bool type1 = run->machine->backend == VFA_BACKEND_TYPE1;
	int control = open_node(run->machine, type1 ? "vfio/vfio" : "iommu");
	int node = open_node(run->machine, type1 ? "vfio/4" : "vfio/devices/vfio0");
	struct vfa_device *device = NULL;

	step(run, 0);
	if (control >= 0 && node >= 0 &&
	    step(run, vfa_container_open_fd(run->machine->host, run->machine->backend, control,
					    &run->container))) {
		if (step(run,
			 vfa_device_open_fd(run->container, EDU, node, &without_windows, &device)))
			use_mappings(run);
		vfa_device_close(device);
		vfa_container_close(run->container);
	}
	if (control >= 0)
		close_node(control);
	if (node >= 0)
		close_node(node);
}

/* The refusals themselves do system calls and allocate. */
static void refusals(struct run *run)
{
	struct vfa_container *container = NULL;
	struct vfa_device *device = NULL;

	if (vfa_container_open(run->machine->host, run->machine->backend, &container) < 0)
		return;
	assert_true(open_plainly(container, SHARED, &device) < 0);
	assert_true(vfa_error_last()->message[0]);
	fake_set_group_busy(7, true);
	assert_true(open_plainly(container, OTHER, &device) < 0);
	fake_set_group_busy(7, false);
	assert_true(open_plainly(container, "0000:00:06.1", &device) < 0);
	assert_null(device);
	vfa_container_close(container);
}

/* What could not be read is unknown, and never told as a no. */
static void check_coherency(struct run *run, int result, const struct vfa_coherency *coherency)
{
	if (!step(run, result))
		return;
	assert_int_not_equal(coherency->device, VFA_NO);
	assert_int_not_equal(coherency->iommu, VFA_NO);
	assert_int_equal(coherency->verdict, VFA_COHERENCY_MAY_BREAK);
}

static void use_no_snoop(struct run *run, struct vfa_device *device)
{
	struct vfa_coherency coherency = VFA_COHERENCY_INIT;
	struct vfa_wbinvd wbinvd = VFA_WBINVD_INIT;

	check_coherency(run, vfa_device_coherency(device, &coherency), &coherency);
	if (step(run, vfa_coherency_needs_wbinvd(&device, 1, &wbinvd)))
		assert_int_equal(wbinvd.needed, VFA_UNKNOWN);
	if (step_partly(run, vfa_device_disable_no_snoop(device)))
		assert_int_equal(fake_get_config(NVME, CONFIG_CONTROL), PCI_EXP_DEVCTL_RELAX_EN);
	step_partly(run, vfa_device_enable_no_snoop(device));
}

/* A device that issues no-snoop transactions, which the IOMMU lets through. */
static void questions_of_coherency(struct run *run)
{
	struct config config = config_express(0x020000, PCI_EXP_TYPE_ENDPOINT, true);
	struct vfa_coherency coherency = VFA_COHERENCY_INIT;
	struct machine *machine = run->machine;
	struct vfa_device *device = NULL;

	fake_set_coherent(5, false);
	fake_set_config(NVME, 0, config.bytes, sizeof(config.bytes));
	tree_write_config(&machine->tree, NVME, &config, 0);
	check_coherency(run, vfa_coherency_read(machine->host, NVME, &coherency), &coherency);
	if (!step(run, vfa_container_open(machine->host, machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, NVME, &device)))
		use_no_snoop(run, device);
	vfa_device_close(device);
	step(run, 0);
	vfa_container_close(run->container);
}

/* Of what VFIO leaves out sysfs tells, where it can be read; else there just is none. */
static void questions_of_capabilities(struct run *run)
{
	struct config config = config_express(0x020000, PCI_EXP_TYPE_ENDPOINT, false);
	struct vfa_capability found = { 0 };
	struct vfa_device *device = NULL;

	fake_set_config(NVME, 0, config.bytes, sizeof(config.bytes));
	tree_write_config(&run->machine->tree, NVME, &config, 0);
	step(run, vfa_capability_list(run->machine->host, NVME, NULL, 0));
	if (!step(run,
		  vfa_container_open(run->machine->host, run->machine->backend, &run->container)))
		return;
	if (step(run, open_plainly(run->container, NVME, &device))) {
		step(run, vfa_device_capabilities(device, NULL, 0));
		if (step(run, vfa_capability_find(device, PCI_CAP_ID_PM, &found)))
			assert_int_equal(found.offset, 0x40);
		assert_true(vfa_capability_find_next(device, &found, &found) < 0);
		assert_true(vfa_capability_find_extended(device, PCI_EXT_CAP_ID_DSN, &found) < 0);
	}
	vfa_device_close(device);
	vfa_container_close(run->container);
}

SCENARIO(the_whole_life)
SCENARIO(a_change_of_devices)
SCENARIO(a_choice_of_accounting)
SCENARIO(a_collision)
SCENARIO(passed_nodes)
SCENARIO(questions_of_capabilities)
SCENARIO(questions_of_coherency)
SCENARIO(refusals)
UNANSWERED(the_whole_life)
UNANSWERED(a_change_of_devices)
UNANSWERED(a_choice_of_accounting)
INTERRUPTED(the_whole_life)
INTERRUPTED(a_change_of_devices)
INTERRUPTED(a_collision)
INTERRUPTED(questions_of_coherency)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASES(the_whole_life),
		CASES(a_change_of_devices),
		CASES(a_choice_of_accounting),
		CASES(a_collision),
		CASES(passed_nodes),
		CASES(questions_of_capabilities),
		CASES(questions_of_coherency),
		CASES(refusals),
		ON_BOTH(each_answer_to_the_whole_life_may_fail),
		ON_BOTH(each_answer_to_a_change_of_devices_may_fail),
		ON_BOTH(each_answer_to_a_choice_of_accounting_may_fail),
		ON_BOTH(signals_do_not_disturb_the_whole_life),
		ON_BOTH(signals_do_not_disturb_a_change_of_devices),
		ON_BOTH(signals_do_not_disturb_a_collision),
		ON_BOTH(signals_do_not_disturb_questions_of_coherency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
