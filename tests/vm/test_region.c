/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Regions: what they are, against what sysfs says of them, mapped whole and in parts, by
 * call, and while the device does not decode memory. Those of odd kinds are devices of
 * the topology "regions".
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu.h"

#define NETWORK "0000:00:0a.0" /* e1000e: I/O ports in BAR 2, the MSI-X table in BAR 3 */

/* Of the topology. */
#define GRAPHICS "0000:00:04.0" /* its ROM is a copy that firmware made */
#define TESTDEV  "0000:00:05.0" /* memory, I/O ports, prefetchable memory, no ROM */
#define SDHCI    "0000:00:06.0" /* a BAR of 256 bytes, alone in its page */
#define RTL8139  "0000:00:07.0" /* likewise, and a ROM */
#define SHARED_1 "0000:01:00.0" /* two BARs of 256 bytes in one page */
#define SHARED_2 "0000:01:00.1"

/* Bits of the file resource, as linux/ioport.h has them. */
#define RESOURCE_IO       0x100
#define RESOURCE_PREFETCH 0x2000

#define COMMAND        0x04
#define COMMAND_MEMORY 0x2

static bool is_there(const char *bdf, unsigned int vendor, unsigned int device)
{
	char path[128];
	unsigned int ids[2] = { 0 };
	FILE *file;

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf,
			 i ? "device" : "vendor");
		file = fopen(path, "re");
		if (!file)
			return false;
		assert_int_equal(fscanf(file, "%x", &ids[i]), 1);
		fclose(file);
	}
	return ids[0] == vendor && ids[1] == device;
}

static struct vfa_device *usual_device(struct vm *vm, const char *bdf)
{
	vm_need_assignment(vm);
	vm_need(is_there(EDU, EDU_VENDOR, EDU_DEVICE), "the usual devices");
	return vm_device(vm, vm_container(vm), bdf);
}

static void need_odd_devices(struct vm *vm)
{
	vm_need_assignment(vm);
	vm_need(is_there(GRAPHICS, 0x1234, 0x1111), "the devices of topology regions: run.sh -d");
}

static struct vfa_device *odd_device(struct vm *vm, const char *bdf)
{
	need_odd_devices(vm);
	return vm_device(vm, vm_container(vm), bdf);
}

static struct vfa_region_info info_of(struct vfa_device *device, uint32_t index)
{
	struct vfa_region_info info;

	assert_ok(vfa_region_get_info(device, index, &info));
	return info;
}

/* Size and kind of each BAR. */
static void compare_with_sysfs(struct vfa_device *device)
{
	unsigned long long start, last, flags;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", vfa_device_bdf(device));
	file = fopen(path, "re");
	assert_non_null(file);
	for (uint32_t i = 0; i < 6; i++) {
		struct vfa_region_info info = info_of(device, VFA_BAR(i));

		assert_int_equal(fscanf(file, "%llx %llx %llx", &start, &last, &flags), 3);
		assert_int_equal(info.size, last ? last - start + 1 : 0);
		assert_int_equal(!!(info.flags & VFA_REGION_IS_IO_PORTS), !!(flags & RESOURCE_IO));
		assert_int_equal(!!(info.flags & VFA_REGION_IS_PREFETCHABLE),
				 !!(flags & RESOURCE_PREFETCH));
	}
	fclose(file);
}

static void usual_bars_are_as_sysfs_has_them(void **state)
{
	static const char *const devices[] = { NVME, SHARED_MEMORY, NETWORK };
	struct vm *vm = *state;
	struct vfa_device *edu = usual_device(vm, EDU);

	compare_with_sysfs(edu);
	for (size_t i = 0; i < 3; i++)
		compare_with_sysfs(vm_device(vm, vm_container(vm), devices[i]));
}

static void odd_bars_are_as_sysfs_has_them(void **state)
{
	static const char *const devices[] = { TESTDEV, SDHCI, RTL8139 };
	struct vm *vm = *state;
	struct vfa_device *graphics = odd_device(vm, GRAPHICS);

	compare_with_sysfs(graphics);
	for (size_t i = 0; i < 3; i++)
		compare_with_sysfs(vm_device(vm, vm_container(vm), devices[i]));
}

static void kinds_of_bars_are_told(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *nvme = usual_device(vm, NVME);
	struct vfa_device *memory = vm_device(vm, vm_container(vm), SHARED_MEMORY);
	struct vfa_device *network = vm_device(vm, vm_container(vm), NETWORK);

	assert_false(info_of(nvme, VFA_BAR(0)).flags & VFA_REGION_IS_PREFETCHABLE);
	assert_true(info_of(nvme, VFA_BAR(2)).flags & VFA_REGION_IS_PREFETCHABLE);
	assert_true(info_of(memory, VFA_BAR(2)).flags & VFA_REGION_IS_PREFETCHABLE);
	assert_true(info_of(network, VFA_BAR(2)).flags & VFA_REGION_IS_IO_PORTS);
	assert_false(info_of(network, VFA_BAR(2)).flags & VFA_REGION_CAN_MAP);
}

/* The table of the vectors: in BAR 3 of the network card, all of them masked. */
static void the_msix_table_is_mapped_where_the_kernel_says_so(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *network = usual_device(vm, NETWORK);
	struct vfa_region_info info = info_of(network, VFA_BAR(3));
	struct vfa_region_area area;
	volatile void *bar;
	uint32_t value = 0;

	assert_true(info.flags & VFA_REGION_MSIX_IS_MAPPABLE);
	assert_false(info.flags & VFA_REGION_IS_SPARSE);
	assert_false(info_of(network, VFA_BAR(0)).flags & VFA_REGION_MSIX_IS_MAPPABLE);
	assert_int_equal(vfa_region_areas(network, VFA_BAR(3), &area, 1), 1);
	assert_int_equal(area.offset, 0);
	assert_int_equal(area.size, info.size);
	bar = vm_bar(network, 3);
	assert_int_equal(vfa_mmio_read32(bar, 12), 1);
	/* By call the kernel shows nothing of it. */
	assert_ok(vfa_region_read(network, VFA_BAR(3), 12, &value, sizeof(value)));
	assert_int_equal(value, UINT32_MAX);
}

static void parts_of_a_bar_are_the_bar(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *memory = usual_device(vm, SHARED_MEMORY);
	volatile void *bar = vm_bar(memory, 2), *part = NULL, *end = NULL;
	uint64_t size = info_of(memory, VFA_BAR(2)).size;
	uint32_t value = 0;

	assert_ok(vfa_region_map_part(memory, VFA_BAR(2), 5 * PAGE_SIZE + 64, PAGE_SIZE, &part));
	assert_ok(vfa_region_map_part(memory, VFA_BAR(2), size - 4, 4, &end));
	vfa_mmio_write32(part, 8, 0x12345678);
	vfa_mmio_write32(end, 0, 0x9abcdef0);
	assert_int_equal(vfa_mmio_read32(bar, 5 * PAGE_SIZE + 72), 0x12345678);
	assert_ok(vfa_region_read(memory, VFA_BAR(2), size - 4, &value, sizeof(value)));
	assert_int_equal(value, 0x9abcdef0);
	assert_ok(vfa_region_unmap(memory, VFA_BAR(2)));
	assert_int_equal(vfa_mmio_read32(part, 8), 0x12345678);
	assert_ok(vfa_region_unmap_part(memory, part));
	assert_ok(vfa_region_unmap_part(memory, end));
	assert_refused(vfa_region_unmap_part(memory, end), EINVAL, VFA_CAUSE_WRONG_ORDER);
	assert_refused(vfa_region_map_part(memory, VFA_BAR(2), size - 4, 5, &end), EINVAL,
		       VFA_CAUSE_REGION_BOUNDS);
}

static long faults_so_far(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_minflt;
}

/* By huge entries of the page tables, or as older kernels do, all of it at the first touch. */
static void a_large_bar_takes_few_page_faults(void **state)
{
	struct vfa_device *device = usual_device(*state, NVME);
	uint64_t size = info_of(device, VFA_BAR(2)).size;
	volatile void *bar = vm_bar(device, 2);
	long before = faults_so_far();

	for (uint64_t offset = 0; offset < size; offset += PAGE_SIZE)
		(void)vfa_mmio_read8(bar, offset);
	assert_in_range(faults_so_far() - before, 1, size / PAGE_SIZE / 4);
}

/* Behind the card's two ports are all its registers, one at a time. */
static void io_ports_are_used_by_call(void **state)
{
	static const uint32_t registers[] = { 0x00, 0x08, 0x10, 0x5400 };
	struct vfa_device *network = usual_device(*state, NETWORK);
	volatile void *bar = vm_bar(network, 0), *ports = NULL;

	assert_refused(vfa_region_map(network, VFA_BAR(2), &ports), EOPNOTSUPP,
		       VFA_CAUSE_REGION_RIGHTS);
	assert_said("I/O ports");
	for (size_t i = 0; i < 4; i++) {
		uint32_t value = 0;

		assert_ok(vfa_region_write(network, VFA_BAR(2), 0, &registers[i], 4));
		assert_ok(vfa_region_read(network, VFA_BAR(2), 4, &value, 4));
		assert_int_equal(value, vfa_mmio_read32(bar, registers[i]));
	}
}

static void a_rom_is_read(void **state)
{
	struct vfa_device *device = odd_device(*state, RTL8139);
	struct vfa_region_info info = info_of(device, VFA_REGION_ROM);
	uint8_t image[65536];
	volatile void *rom = NULL;
	size_t size;

	assert_int_equal(info.size, sizeof(image));
	assert_int_equal(info.flags, VFA_REGION_CAN_READ);
	assert_ok(vfa_region_read(device, VFA_REGION_ROM, 0, image, sizeof(image)));
	assert_int_equal(image[0], 0x55);
	assert_int_equal(image[1], 0xaa);
	size = image[2] * 512u;
	assert_in_range(size, 1024, sizeof(image) - 1);
	for (size_t i = size; i < sizeof(image); i++)
		assert_int_equal(image[i], 0xff);
	assert_refused(vfa_region_write(device, VFA_REGION_ROM, 0, image, 1), EOPNOTSUPP,
		       VFA_CAUSE_REGION_RIGHTS);
	assert_refused(vfa_region_map(device, VFA_REGION_ROM, &rom), EOPNOTSUPP,
		       VFA_CAUSE_REGION_RIGHTS);
}

static void a_rom_without_bar_is_what_firmware_left(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *graphics = odd_device(vm, GRAPHICS);
	struct vfa_device *none = vm_device(vm, vm_container(vm), TESTDEV);
	uint8_t start[2] = { 0 };

	assert_int_equal(info_of(none, VFA_REGION_ROM).size, 0);
	assert_refused(vfa_region_read(none, VFA_REGION_ROM, 0, start, 2), EINVAL,
		       VFA_CAUSE_NO_REGION);
	assert_int_equal(info_of(graphics, VFA_REGION_ROM).size, 0x20000);
	assert_ok(vfa_region_read(graphics, VFA_REGION_ROM, 0, start, 2));
	assert_int_equal(start[0], 0x55);
	assert_int_equal(start[1], 0xaa);
}

#define SDHCI_CAPABILITIES 0x40

static void a_small_bar_alone_in_its_page_is_mapped(void **state)
{
	struct vfa_device *device = odd_device(*state, SDHCI);
	struct vfa_region_area area = { 0 };
	volatile void *part = NULL;
	uint32_t value = 0;

	assert_int_equal(info_of(device, VFA_BAR(0)).size, 256);
	assert_int_equal(vfa_region_areas(device, VFA_BAR(0), &area, 1), 1);
	assert_int_equal(area.size, 256);
	assert_ok(vfa_region_read(device, VFA_BAR(0), SDHCI_CAPABILITIES, &value, 4));
	assert_int_not_equal(value, 0);
	assert_int_equal(vfa_mmio_read32(vm_bar(device, 0), SDHCI_CAPABILITIES), value);
	assert_ok(vfa_region_map_part(device, VFA_BAR(0), SDHCI_CAPABILITIES, 8, &part));
	assert_int_equal(vfa_mmio_read32(part, 0), value);
}

static void a_small_bar_that_shares_its_page_is_used_by_call(void **state)
{
	static const char *const devices[] = { SHARED_1, SHARED_2 };
	struct vm *vm = *state;
	struct vfa_container *space;
	struct vfa_device *device;
	volatile void *bar = NULL;

	need_odd_devices(vm);
	space = vm_container(vm);
	for (size_t i = 0; i < 2; i++) {
		uint32_t value = 0;

		device = vm_device(vm, space, devices[i]);
		assert_int_equal(vfa_region_areas(device, VFA_BAR(0), NULL, 0), 0);
		assert_refused(vfa_region_map(device, VFA_BAR(0), &bar), EOPNOTSUPP,
			       VFA_CAUSE_REGION_RIGHTS);
		assert_said("not alone in its page");
		assert_ok(vfa_region_read(device, VFA_BAR(0), SDHCI_CAPABILITIES, &value, 4));
		assert_int_not_equal(value, 0);
		assert_int_not_equal(value, UINT32_MAX);
	}
}

/* A device that stops decoding memory while its BAR is in use. */

static void set_decoding(struct vfa_device *device, bool on)
{
	uint16_t command = 0;

	assert_ok(vfa_config_read16(device, COMMAND, &command));
	command = on ? command | COMMAND_MEMORY : command & ~COMMAND_MEMORY;
	assert_ok(vfa_config_write16(device, COMMAND, command));
}

static struct vfa_device *faulting;
static volatile sig_atomic_t faults;

static void handle_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	faults++;
	if (!vfa_region_catch_fault(faulting, info->si_addr))
		signal(number, SIG_DFL);
}

static struct sigaction catch_faults(struct vfa_device *device)
{
	struct sigaction action = { .sa_sigaction = handle_fault, .sa_flags = SA_SIGINFO }, old;

	faulting = device;
	faults = 0;
	assert_int_equal(sigaction(SIGBUS, &action, &old), 0);
	return old;
}

static void a_bar_that_does_not_answer_is_survived(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *device = usual_device(vm, EDU);
	volatile void *bar = vm_bar(device, 0);
	struct sigaction old = catch_faults(device);
	uint32_t id = vfa_mmio_read32(bar, EDU_IDENTIFICATION);

	for (int round = 1; round <= 2; round++) {
		set_decoding(device, false);
		assert_int_equal(vfa_mmio_read32(bar, EDU_IDENTIFICATION), UINT32_MAX);
		vfa_mmio_write32(bar, EDU_FACTORIAL, 5);
		assert_int_equal(faults, round);

		set_decoding(device, true);
		assert_int_equal(vfa_region_restore(device), 1);
		assert_int_equal(vfa_region_restore(device), 0);
		assert_int_equal(vfa_mmio_read32(bar, EDU_IDENTIFICATION), id);
		assert_int_equal(faults, round);
	}
	sigaction(SIGBUS, &old, NULL);
}

/* Of 4 MiB, the half that was not accessed stays the device's. */
static void a_large_bar_that_does_not_answer_is_survived(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *device = usual_device(vm, NVME);
	volatile void *bar = vm_bar(device, 2);
	struct sigaction old = catch_faults(device);
	uint64_t size = info_of(device, VFA_BAR(2)).size;

	assert_int_equal(size, 4 << 20);
	vfa_mmio_write32(bar, 0, 1);
	vfa_mmio_write32(bar, size - 4, 2);
	set_decoding(device, false);
	vfa_mmio_write32(bar, 0, 3);
	set_decoding(device, true);
	assert_int_equal(faults, 1);
	assert_int_equal(vfa_mmio_read32(bar, 0), 3);
	assert_int_equal(vfa_mmio_read32(bar, size - 4), 2);
	assert_int_equal(vfa_region_restore(device), 1);
	assert_int_equal(vfa_mmio_read32(bar, 0), 1);
	assert_int_equal(faults, 1);
	sigaction(SIGBUS, &old, NULL);
}

/* Threads that read while decoding goes and comes see the register or all ones, no third. */

#define READERS 2
#define ROUNDS  10

struct reader {
	volatile void *bar;
	uint32_t id;
	sem_t *changed; /* posted when it sees something else than before */
	atomic_bool *stop;
	atomic_uint wrong; /* what it has seen else */
};

static void *read_on(void *data)
{
	struct reader *reader = data;
	uint32_t before = reader->id;

	while (!*reader->stop && !reader->wrong) {
		uint32_t value = vfa_mmio_read32(reader->bar, EDU_IDENTIFICATION);

		if (value == before)
			continue;
		if (value != UINT32_MAX && value != reader->id)
			reader->wrong = value;
		before = value;
		sem_post(reader->changed);
	}
	return NULL;
}

static void wait_for_readers(sem_t *changed)
{
	for (int i = 0; i < READERS; i++)
		assert_int_equal(sem_wait(changed), 0);
}

static void go_and_come(struct vfa_device *device, sem_t *changed)
{
	set_decoding(device, false);
	wait_for_readers(changed);
	set_decoding(device, true);
	assert_int_equal(vfa_region_restore(device), 1);
	wait_for_readers(changed);
}

static void readers_go_on_while_decoding_goes_and_comes(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *device = usual_device(vm, EDU);
	volatile void *bar = vm_bar(device, 0);
	uint32_t id = vfa_mmio_read32(bar, EDU_IDENTIFICATION);
	struct sigaction old = catch_faults(device);
	struct reader readers[READERS];
	pthread_t threads[READERS];
	atomic_bool stop = false;
	sem_t changed;

	assert_int_equal(sem_init(&changed, 0, 0), 0);
	for (int i = 0; i < READERS; i++) {
		readers[i] = (struct reader){ .bar = bar, id, &changed, &stop };
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers[i]), 0);
	}
	for (int round = 0; round < ROUNDS && !readers[0].wrong && !readers[1].wrong; round++)
		go_and_come(device, &changed);
	stop = true;
	for (int i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(readers[i].wrong, 0);
	}
	sem_destroy(&changed);
	sigaction(SIGBUS, &old, NULL);
}

#define POWER_CONTROL 4 /* in the Power Management capability */

static void set_power(struct vfa_device *device, uint16_t power)
{
	struct vfa_capability capability;
	uint16_t control = 0;

	assert_ok(vfa_capability_find(device, PCI_CAP_ID_PM, &capability));
	assert_ok(vfa_config_read16(device, capability.offset + POWER_CONTROL, &control));
	control = (control & ~3) | power;
	assert_ok(vfa_config_write16(device, capability.offset + POWER_CONTROL, control));
}

static void a_bar_of_a_sleeping_device_is_survived(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *device = usual_device(vm, NVME);
	volatile void *bar = vm_bar(device, 0);
	uint32_t capabilities = vfa_mmio_read32(bar, 0), value = 0;
	struct sigaction old = catch_faults(device);

	set_power(device, 3);
	assert_refused(vfa_region_read(device, VFA_BAR(0), 0, &value, 4), EIO,
		       VFA_CAUSE_REGION_OFF);
	assert_said("sleep");
	assert_int_equal(vfa_mmio_read32(bar, 0), UINT32_MAX);
	assert_int_equal(faults, 1);
	set_power(device, 0);
	assert_int_equal(vfa_region_restore(device), 1);
	set_decoding(device, true); /* which the way back from D3 may have reset */
	assert_int_equal(vfa_mmio_read32(bar, 0), capabilities);
	assert_int_equal(faults, 1);
	sigaction(SIGBUS, &old, NULL);
}

/* In a child, for it is what ends a program. */
static void without_a_handler_the_signal_comes(void **state)
{
	struct vm *vm = *state;
	struct vfa_device *device = usual_device(vm, EDU);
	volatile void *bar = vm_bar(device, 0);
	int status = 0;
	pid_t pid;

	set_decoding(device, false);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGBUS, SIG_DFL);
		(void)vfa_mmio_read32(bar, EDU_IDENTIFICATION);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	set_decoding(device, true);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
}

static void a_bar_that_does_not_answer_is_told_by_call(void **state)
{
	struct vfa_device *device = usual_device(*state, EDU);
	uint32_t value = 0;

	set_decoding(device, false);
	assert_refused(vfa_region_read(device, VFA_BAR(0), 0, &value, 4), EIO,
		       VFA_CAUSE_REGION_OFF);
	assert_said("Memory Space Enable");
	assert_refused(vfa_region_write(device, VFA_BAR(0), 0, &value, 4), EIO,
		       VFA_CAUSE_REGION_OFF);
	set_decoding(device, true);
	assert_ok(vfa_region_read(device, VFA_BAR(0), 0, &value, 4));
	assert_int_equal(value & 0xff, 0xed);
}

int main(void)
{
	static const struct vm_case cases[] = {
		VM_CASE(usual_bars_are_as_sysfs_has_them),
		VM_CASE(odd_bars_are_as_sysfs_has_them),
		VM_CASE(kinds_of_bars_are_told),
		VM_CASE(the_msix_table_is_mapped_where_the_kernel_says_so),
		VM_CASE(parts_of_a_bar_are_the_bar),
		VM_CASE(a_large_bar_takes_few_page_faults),
		VM_CASE(io_ports_are_used_by_call),
		VM_CASE(a_rom_is_read),
		VM_CASE(a_rom_without_bar_is_what_firmware_left),
		VM_CASE(a_small_bar_alone_in_its_page_is_mapped),
		VM_CASE(a_small_bar_that_shares_its_page_is_used_by_call),
		VM_CASE(a_bar_that_does_not_answer_is_survived),
		VM_CASE(a_large_bar_that_does_not_answer_is_survived),
		VM_CASE(readers_go_on_while_decoding_goes_and_comes),
		VM_CASE(a_bar_of_a_sleeping_device_is_survived),
		VM_CASE(without_a_handler_the_signal_comes),
		VM_CASE(a_bar_that_does_not_answer_is_told_by_call),
	};

	return vm_run_cases("region", cases);
}
