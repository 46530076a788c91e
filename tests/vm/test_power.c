/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Low power on the real kernel: what works in it, and what ends it. */

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "nvme.h"

#define PATIENCE_MS  30000
#define NVME_VERSION 0x08

static sigjmp_buf bus_error;

static void jump(int signal)
{
	(void)signal;
	siglongjmp(bus_error, 1);
}

/* Whether a register can be read, or the read raises SIGBUS. */
static bool can_be_read(const volatile void *bar)
{
	struct sigaction handler = { .sa_handler = jump }, before;
	bool read = false;

	assert_int_equal(sigaction(SIGBUS, &handler, &before), 0);
	if (!sigsetjmp(bus_error, 1)) {
		(void)vfa_mmio_read32(bar, 0);
		read = true;
	}
	sigaction(SIGBUS, &before, NULL);
	return read;
}

/* The kernel's own word for what it does with the device. */
static bool is_suspended(const char *bdf)
{
	char path[128], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/runtime_status", bdf);
	file = fopen(path, "re");
	if (file && fgets(text, sizeof(text), file))
		text[strcspn(text, "\n")] = '\0';
	if (file)
		fclose(file);
	return !strcmp(text, "suspended");
}

/* It is suspended by a worker of the kernel, of which nothing can be waited for but its result. */
static bool falls_asleep(const char *bdf)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int i = 0; i < PATIENCE_MS; i++) {
		if (is_suspended(bdf))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static bool has_runtime_power(void)
{
	return access("/sys/bus/pci/devices/" NVME "/power/runtime_status", R_OK) == 0;
}

static struct vfa_device *open_nvme(struct vm *vm)
{
	vm_need_assignment(vm);
	return vm_device(vm, vm_container(vm), NVME);
}

static void features_are_those_of_the_kernel(void **state)
{
	struct vfa_device *device = open_nvme(*state);

	assert_int_equal(vfa_feature_probe(device, VFA_FEATURE_LOW_POWER_ENTRY), VFA_FEATURE_SET);
	assert_int_equal(vfa_feature_probe(device, VFA_FEATURE_LOW_POWER_ENTRY_WAKEUP),
			 VFA_FEATURE_SET);
	assert_int_equal(vfa_feature_probe(device, VFA_FEATURE_LOW_POWER_EXIT), VFA_FEATURE_SET);
	assert_int_equal(vfa_feature_probe(device, VFA_FEATURE_MIGRATION), 0);
	assert_int_equal(vfa_feature_probe(device, VFA_FEATURE_BUS_MASTER), 0);
	assert_int_equal(vfa_feature_probe(device, 0xffff), 0);
	for (uint32_t feature = 0; feature <= VFA_FEATURE_ZPCI_ERROR; feature++)
		print_message("# %s: %d\n", vfa_feature_name(feature),
			      vfa_feature_probe(device, feature));
}

static void features_that_are_missing_are_refused(void **state)
{
	struct vfa_device *device = open_nvme(*state);
	uint64_t data[4] = { 1, 2, 3, 4 };

	assert_refused(vfa_feature_get(device, VFA_FEATURE_MIGRATION, data, 8), EOPNOTSUPP,
		       VFA_CAUSE_NO_FEATURE);
	assert_refused(vfa_feature_set(device, VFA_FEATURE_BUS_MASTER, data, 8), EOPNOTSUPP,
		       VFA_CAUSE_NO_FEATURE);
	assert_refused(vfa_feature_get(device, VFA_FEATURE_LOW_POWER_ENTRY, data, 8), EOPNOTSUPP,
		       VFA_CAUSE_NO_FEATURE);
	assert_int_equal(data[0], 1);
}

static void registers_raise_sigbus_in_low_power(void **state)
{
	struct vfa_device *device = open_nvme(*state);
	volatile void *bar = vm_bar(device, 0);
	uint32_t version = vfa_mmio_read32(bar, NVME_VERSION), value;

	assert_ok(vfa_device_enter_low_power(device, VFA_POWER_NO_WAKEUP));
	assert_false(can_be_read(bar));
	/* The slow ways wake it for as long as they take. */
	assert_ok(vfa_region_read(device, VFA_BAR(0), NVME_VERSION, &value, sizeof(value)));
	assert_int_equal(value, version);
	assert_ok(vfa_config_read32(device, 0, &value));
	assert_int_not_equal(value, UINT32_MAX);
	assert_false(can_be_read(bar));

	assert_ok(vfa_device_exit_low_power(device));
	assert_true(can_be_read(bar));
	assert_int_equal(vfa_mmio_read32(bar, NVME_VERSION), version);
}

static void the_device_sleeps_and_wakes(void **state)
{
	struct vfa_device *device = open_nvme(*state);

	vm_need(has_runtime_power(), "a kernel with CONFIG_PM");
	assert_int_equal(vfa_device_power_state(device), VFA_POWER_D0);
	assert_int_equal(vfa_device_check(device), VFA_DEVICE_READY);
	assert_ok(vfa_device_enter_low_power(device, VFA_POWER_NO_WAKEUP));
	assert_true(falls_asleep(NVME));
	print_message("# asleep in %s\n", vfa_power_state_name(vfa_device_power_state(device)));
	assert_true(vfa_device_power_state(device) >= VFA_POWER_D3HOT);
	assert_int_equal(vfa_device_check(device), VFA_DEVICE_ASLEEP);
	assert_true(is_suspended(NVME)); /* which did not wake it */

	assert_ok(vfa_device_exit_low_power(device));
	assert_false(is_suspended(NVME));
	assert_int_equal(vfa_device_power_state(device), VFA_POWER_D0);
}

static void it_goes_back_to_sleep_after_a_call(void **state)
{
	struct vfa_device *device = open_nvme(*state);
	uint32_t value;

	vm_need(has_runtime_power(), "a kernel with CONFIG_PM");
	assert_ok(vfa_device_enter_low_power(device, VFA_POWER_NO_WAKEUP));
	assert_true(falls_asleep(NVME));
	assert_ok(vfa_config_read32(device, 0, &value));
	assert_true(falls_asleep(NVME));
	assert_ok(vfa_device_reset(device));
	assert_true(falls_asleep(NVME));
	assert_ok(vfa_device_exit_low_power(device));
}

static bool was_signalled(int fd, int timeout_ms)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	uint64_t count;

	return poll(&wanted, 1, timeout_ms) == 1 && read(fd, &count, sizeof(count)) > 0;
}

static void waking_is_told_and_ends_low_power(void **state)
{
	struct vfa_device *device = open_nvme(*state);
	volatile void *bar = vm_bar(device, 0);
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint32_t value;

	vm_need(has_runtime_power(), "a kernel with CONFIG_PM");
	assert_ok(vfa_device_enter_low_power(device, fd));
	assert_true(falls_asleep(NVME));
	assert_false(was_signalled(fd, 0));
	assert_false(can_be_read(bar)); /* which wakes nothing */
	assert_false(was_signalled(fd, 0));
	assert_ok(vfa_config_read32(device, 0, &value));
	assert_true(was_signalled(fd, PATIENCE_MS));
	assert_true(can_be_read(bar));
	assert_false(is_suspended(NVME));
	assert_ok(vfa_device_exit_low_power(device));
	assert_false(was_signalled(fd, 0));
	close(fd);
}

static void wrong_entries_are_refused(void **state)
{
	struct vfa_device *device = open_nvme(*state);

	assert_refused(vfa_device_enter_low_power(device, 0), EINVAL, VFA_CAUSE_BAD_FD);
	assert_refused(vfa_device_enter_low_power(device, 900), EBADF, VFA_CAUSE_BAD_FD);
	assert_ok(vfa_device_exit_low_power(device)); /* of what was never entered */
	assert_ok(vfa_device_enter_low_power(device, VFA_POWER_NO_WAKEUP));
	assert_refused(vfa_device_enter_low_power(device, VFA_POWER_NO_WAKEUP), EINVAL,
		       VFA_CAUSE_WRONG_ORDER);
	assert_false(can_be_read(vm_bar(device, 0)));
	assert_ok(vfa_device_exit_low_power(device));
	assert_ok(vfa_device_enter_low_power(device, VFA_POWER_NO_WAKEUP));
	assert_ok(vfa_device_exit_low_power(device));
}

/* It can be opened again, and is awake then. */
static void closing_ends_low_power(void **state)
{
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *device;

	vm_need_assignment(vm);
	space = vm_container(vm);
	assert_ok(vfa_device_open(space, NVME, NULL, &device));
	assert_ok(vfa_device_enter_low_power(device, VFA_POWER_NO_WAKEUP));
	vfa_device_close(device);
	device = vm_device(vm, space, NVME);
	assert_true(can_be_read(vm_bar(device, 0)));
}

/* edu has no Power Management capability: only the kernel's own state changes. */
static void a_device_that_cannot_sleep_stays_awake(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *device;

	vm_need_assignment(vm);
	vm_need(has_runtime_power(), "a kernel with CONFIG_PM");
	device = vm_device(vm, vm_container(vm), EDU);
	assert_ok(vfa_device_enter_low_power(device, VFA_POWER_NO_WAKEUP));
	assert_true(falls_asleep(EDU));
	assert_int_equal(vfa_device_power_state(device), VFA_POWER_D0);
	assert_false(can_be_read(vm_bar(device, 0)));
	assert_ok(vfa_device_exit_low_power(device));
	assert_true(can_be_read(vm_bar(device, 0)));
}

static void interrupts_stay_enabled_over_a_sleep(void **state)
{
	struct vm *vm = *state;
	struct vfa_irq *irq;
	struct nvme nvme;

	vm_need_assignment(vm);
	nvme = nvme_open(vm, vm_container(vm), NVME);
	irq = vm_irq(vm, nvme.device, VFA_IRQ_MSIX, 2);
	assert_ok(vfa_device_enter_low_power(nvme.device, VFA_POWER_NO_WAKEUP));
	if (has_runtime_power())
		assert_true(falls_asleep(NVME));
	assert_ok(vfa_device_exit_low_power(nvme.device));

	nvme_run_by_interrupt(&nvme, irq, 1);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(features_are_those_of_the_kernel),
		VM_CASE(features_that_are_missing_are_refused),
		VM_CASE(registers_raise_sigbus_in_low_power),
		VM_CASE(the_device_sleeps_and_wakes),
		VM_CASE(it_goes_back_to_sleep_after_a_call),
		VM_CASE(waking_is_told_and_ends_low_power),
		VM_CASE(wrong_entries_are_refused),
		VM_CASE(closing_ends_low_power),
		VM_CASE(a_device_that_cannot_sleep_stays_awake),
		VM_CASE(interrupts_stay_enabled_over_a_sleep),
	};

	return vm_run_cases("power", cases);
}
