/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Interrupts where the machine has a part in them: lines that devices share, vectors of
 * which there are not enough, and errors that a port reports. On the topology interrupts.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <sys/resource.h>
#include <unistd.h>

#include "edu.h"

#define FIRST   "0000:00:04.0" /* edu, on one line with the next */
#define SECOND  "0000:00:08.0"
#define MANY    "0000:00:05.0" /* NVMe with as many vectors as MSI-X can have */
#define FAILING "0000:01:00.0" /* virtio-rng below a port, "failing" in QEMU */
#define PLUGGED "0000:02:00.0" /* which the usual machines have not */
#define MONITOR "/dev/ttyS2"   /* QEMU's */
#define VECTORS 2048
#define LONG    20000

static void need_topology(struct vm *vm)
{
	vm_need_assignment(vm);
	vm_need(access("/sys/bus/pci/devices/" PLUGGED, F_OK) == 0, "the topology interrupts");
}

/* One line of /proc/interrupts has both names. */
static bool is_shared(const char *name, const char *other)
{
	FILE *file = fopen("/proc/interrupts", "re");
	bool shared = false;
	char line[1024];

	assert_non_null(file);
	while (!shared && fgets(line, sizeof(line), file))
		shared = strstr(line, name) && strstr(line, other);
	fclose(file);
	return shared;
}

static void serve(const struct edu *edu, struct vfa_irq *irq, uint32_t why)
{
	uint64_t events;

	assert_ok(vfa_irq_wait(irq, 0, LONG, &events));
	assert_int_equal(events, 1);
	assert_int_equal(edu_acknowledge(edu->bar), why);
	assert_ok(vfa_irq_unmask(irq));
}

/* Each hears of its own only, though both are on one line, and holds up nobody else. */
static void two_devices_share_a_line(void **state)
{
	struct vfa_irq *irqs[2];
	struct vm *vm = *state;
	struct vfa_container *space;
	struct edu edu[2];

	need_topology(vm);
	space = vm_container(vm);
	edu[0] = edu_open(vm, space, FIRST);
	edu[1] = edu_open(vm, space, SECOND);
	for (size_t i = 0; i < 2; i++)
		irqs[i] = vm_irq(vm, edu[i].device, VFA_IRQ_INTX, 1);
	assert_true(is_shared("vfio-intx(" FIRST ")", "vfio-intx(" SECOND ")"));

	for (uint32_t round = 1; round <= 50; round++) {
		for (size_t i = 0; i < 2; i++) {
			vfa_mmio_write32(edu[i].bar, EDU_INTERRUPT_RAISE, round);
			serve(&edu[i], irqs[i], round);
			assert_int_equal(vfa_irq_wait(irqs[!i], 0, 0, NULL), -ETIMEDOUT);
		}
		vfa_mmio_write32(edu[0].bar, EDU_INTERRUPT_RAISE, round);
		vfa_mmio_write32(edu[1].bar, EDU_INTERRUPT_RAISE, round);
		serve(&edu[1], irqs[1], round); /* while the other one still has the line up */
		serve(&edu[0], irqs[0], round);
	}
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(vfa_irq_wait(irqs[i], 0, 0, NULL), -ETIMEDOUT);
}

static void one_of_two_lets_go_of_a_shared_line(void **state)
{
	struct vfa_irq *leaving = NULL, *staying;
	struct vm *vm = *state;
	struct vfa_container *space;
	struct edu first, second;

	need_topology(vm);
	space = vm_container(vm);
	first = edu_open(vm, space, FIRST);
	second = edu_open(vm, space, SECOND);
	staying = vm_irq(vm, second.device, VFA_IRQ_INTX, 1);
	assert_ok(vfa_irq_enable(first.device, VFA_IRQ_INTX, 0, 1, NULL, &leaving));
	vfa_irq_disable(leaving);
	vfa_mmio_write32(second.bar, EDU_INTERRUPT_RAISE, 7);
	serve(&second, staying, 7);
}

static void allow_fds(void)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* How many the library says there are, where all cannot be had. */
static unsigned int ask_for_all(struct vfa_device *device)
{
	struct vfa_irq *irq = NULL;
	unsigned int available = 0;

	assert_refused(vfa_irq_enable(device, VFA_IRQ_MSIX, 0, VECTORS, NULL, &irq), ENOSPC,
		       VFA_CAUSE_IRQ_BOUNDS);
	assert_null(irq);
	assert_int_equal(sscanf(vfa_error_last()->message,
				MANY ": the machine has %u vectors of MSI-X free, not 2048",
				&available),
			 1);
	return available;
}

/* Each is heard once, all of them in one call. */
static void hear_all(struct vfa_irq *irq, uint32_t count)
{
	struct vfa_irq_event events[VECTORS];
	bool heard[VECTORS] = { false };

	for (uint32_t vector = 0; vector < count; vector++)
		assert_ok(vfa_irq_trigger(irq, vector));
	assert_int_equal(assert_ok(vfa_irq_wait_any(&irq, 1, LONG, events, VECTORS)), (int)count);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(events[i].count, 1);
		assert_false(heard[events[i].vector]);
		heard[events[i].vector] = true;
	}
}

/* Two processors have a few hundred vectors. The number is true: so many can be had. */
static void as_many_vectors_are_had_as_the_machine_is_said_to_have(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *device;
	struct vfa_irq *irq = NULL;
	unsigned int available;

	need_topology(vm);
	allow_fds();
	device = vm_device(vm, vm_container(vm), MANY);
	assert_int_equal(vfa_irq_count(device, VFA_IRQ_MSIX), VECTORS);
	available = ask_for_all(device);
	assert_in_range(available, 100, VECTORS - 1);
	assert_refused(vfa_irq_enable(device, VFA_IRQ_MSIX, 0, available + 1, NULL, &irq), ENOSPC,
		       VFA_CAUSE_IRQ_BOUNDS);
	irq = vm_irq(vm, device, VFA_IRQ_MSIX, available);
	hear_all(irq, available);
}

/* Those that are there are not disturbed by an attempt at more than there are. */
static void vectors_grow_up_to_what_the_machine_has(void **state)
{
	struct vfa_irq_info info = VFA_IRQ_INFO_INIT;
	struct vm *vm = *state;
	struct vfa_device *device;
	unsigned int available;
	struct vfa_irq *irq;

	need_topology(vm);
	allow_fds();
	device = vm_device(vm, vm_container(vm), MANY);
	assert_ok(vfa_irq_get_info(device, VFA_IRQ_MSIX, &info));
	vm_need(info.is_resizable, "a kernel that adds vectors one by one, as in profile intel");
	available = ask_for_all(device);
	irq = vm_irq(vm, device, VFA_IRQ_MSIX, 4);
	assert_ok(vfa_irq_trigger(irq, 3));
	assert_refused(vfa_irq_resize(irq, VECTORS, NULL), ENOSPC, VFA_CAUSE_IRQ_BOUNDS);
	assert_ok(vfa_irq_wait(irq, 3, 0, NULL));
	hear_all(irq, 4);
	assert_ok(vfa_irq_resize(irq, available, NULL));
	hear_all(irq, available);
}

static void tell_qemu(const char *command)
{
	int monitor = open(MONITOR, O_WRONLY | O_NOCTTY | O_CLOEXEC);

	assert_true(monitor >= 0);
	assert_int_equal(write(monitor, command, strlen(command)), (ssize_t)strlen(command));
	close(monitor);
}

/* The kernel has done so for the port, and for the device as a rule. */
static void report_errors(struct vfa_device *device)
{
	struct vfa_capability express;
	uint16_t control;

	assert_ok(vfa_capability_find(device, PCI_CAP_ID_EXP, &express));
	assert_ok(vfa_config_read16(device, express.offset + PCI_EXP_DEVCTL, &control));
	assert_ok(vfa_config_write16(device, express.offset + PCI_EXP_DEVCTL,
				     control | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE));
}

static void note(struct vfa_irq *irq, uint32_t vector, uint64_t count, void *data)
{
	(void)irq;
	(void)vector;
	*(uint64_t *)data += count;
}

/*
 * A real one, of Advanced Error Reporting, in which the port and the kernel have their part. What
 * the device reports before the kernel is done with the last is taken for a part of that.
 */
static void an_error_of_the_device_is_reported(void **state)
{
	uint64_t errors = 0, others = 0;
	struct vfa_irq *irqs[2];
	struct vm *vm = *state;
	struct vfa_device *device;
	int log;

	need_topology(vm);
	device = vm_device(vm, vm_container(vm), FAILING);
	report_errors(device);
	log = vm_log_open(vm);
	irqs[0] = vm_irq(vm, device, VFA_IRQ_ERROR, 1);
	irqs[1] = vm_irq(vm, device, VFA_IRQ_REQUEST, 1);
	assert_ok(vfa_irq_set_handler(irqs[0], note, &errors));
	assert_ok(vfa_irq_set_handler(irqs[1], note, &others));
	for (unsigned int i = 1; i <= 2; i++) {
		tell_qemu("\npcie_aer_inject_error failing COMP_TIME\n");
		assert_int_equal(assert_ok(vfa_irq_dispatch(irqs, 2, LONG)), 1);
		assert_int_equal(errors, i);
		assert_true(vm_log_has(log, "recovery successful", "", LONG));
	}
	assert_int_equal(others, 0);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(two_devices_share_a_line),
		VM_CASE(one_of_two_lets_go_of_a_shared_line),
		VM_CASE(as_many_vectors_are_had_as_the_machine_is_said_to_have),
		VM_CASE(vectors_grow_up_to_what_the_machine_has),
		VM_CASE(an_error_of_the_device_is_reported),
	};

	return vm_run_cases("irq_machine", cases);
}
