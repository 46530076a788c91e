/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fixture.h"

#include <dirent.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/host.h"

#define MSI_REGION "0x00000000fee00000 0x00000000feefffff msi\n"

static const struct tree_device devices[] = {
	{ EDU, NULL, "vfio-pci", 0x1234, 0x11e8, 0x00ff00, 4, 0 },
	{ NVME, NULL, "vfio-pci", 0x1b36, 0x0010, 0x010802, 5, 1 },
	{ SHARED, NULL, "vfio-pci", 0x8086, 0x10d3, 0x020000, 6, 2 },
	{ "0000:00:06.1", NULL, "nvme", 0x1b36, 0x0010, 0x010802, 6, -1 },
	{ OTHER, NULL, "vfio-pci", 0x1b36, 0x0005, 0x00ff00, 7, 3 },
	{ PORT, NULL, "pcieport", 0x1b36, 0x000c, 0x060400, 9, -1 },
	{ LEFT, PORT, "vfio-pci", 0x8086, 0x10d3, 0x020000, 9, 4 },
	{ RIGHT, PORT, "vfio-pci", 0x8086, 0x10d3, 0x020000, 9, 5 },
};

static const uint32_t groups[] = { 4, 5, 6, 7, 9 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define READ_WRITE   (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define ALL_RIGHTS   (READ_WRITE | VFIO_REGION_INFO_FLAG_MMAP)

static void set_ids(const struct tree_device *device)
{
	uint16_t ids[2] = { device->vendor, device->device };
	uint32_t class_code = device->class_code << 8;

	fake_set_config(device->bdf, 0, ids, sizeof(ids));
	fake_set_config(device->bdf, 8, &class_code, sizeof(class_code));
	fake_set_config(device->bdf, 0x3d, "\1", 1);
}

static void add_devices(struct machine *machine)
{
	for (size_t i = 0; i < COUNT(devices); i++) {
		tree_add_device(&machine->tree, &devices[i]);
		if (devices[i].cdev < 0)
			continue;
		fake_add_device(devices[i].bdf, devices[i].group, devices[i].cdev);
		set_ids(&devices[i]);
	}
}

/* BAR0 whole, BAR2 of I/O ports, BAR4 only in part, and a ROM. */
static void describe_edu(void)
{
	uint32_t ports = PCI_BASE_ADDRESS_SPACE_IO;

	fake_set_config(EDU, PCI_BASE_ADDRESS_2, &ports, sizeof(ports));
	fake_fix_config(EDU, PCI_BASE_ADDRESS_2, ports);
	fake_set_region(EDU, 0, 1 << 20, ALL_RIGHTS);
	fake_set_region(EDU, 2, 256, READ_WRITE);
	fake_set_region(EDU, 4, 4 * PAGE, ALL_RIGHTS);
	fake_add_sparse(EDU, 4, PAGE, PAGE);
	fake_set_region(EDU, VFA_REGION_ROM, 64 << 10, VFIO_REGION_INFO_FLAG_READ);
	fake_set_irq_count(EDU, VFA_IRQ_MSI, 1);
}

static void describe_nvme(void)
{
	fake_set_region(NVME, 0, 16 << 10, ALL_RIGHTS);
	fake_set_region(NVME, VFA_REGION_CONFIG, 4096, READ_WRITE);
	fake_set_irq_count(NVME, VFA_IRQ_MSIX, 33);
	fake_set_irq_count(NVME, VFA_IRQ_INTX, 0);
}

static void hear(void *data, enum vfa_log_level level, const char *message)
{
	struct machine *machine = data;
	size_t used = strlen(machine->log);

	snprintf(machine->log + used, sizeof(machine->log) - used, "%d %s\n", level, message);
}

static void make_host(struct machine *machine)
{
	struct vfa_host_options options = VFA_HOST_OPTIONS_INIT;

	options.sysfs = machine->tree.sys;
	options.dev = machine->tree.dev;
	options.proc = machine->tree.proc;
	options.log = hear;
	options.log_data = machine;
	if (vfa_host_new(&options, &machine->host))
		abort();
	machine->host->sys = &fake_syscalls;
}

static int setup_backend(void **state, enum vfa_backend backend)
{
	struct machine *machine = calloc(1, sizeof(*machine));

	tree_create(&machine->tree);
	fake_start(machine->tree.dev);
	for (size_t i = 0; i < COUNT(groups); i++) {
		tree_add_group(&machine->tree, groups[i], MSI_REGION);
		fake_add_group(groups[i]);
	}
	fake_set_viable(6, false);
	add_devices(machine);
	describe_edu();
	describe_nvme();
	make_host(machine);
	machine->backend = backend;
	machine->fds = count_fds();
	*state = machine;
	return 0;
}

int setup(void **state)
{
	return setup_backend(state, VFA_BACKEND_AUTO);
}

int setup_type1(void **state)
{
	return setup_backend(state, VFA_BACKEND_TYPE1);
}

int setup_iommufd(void **state)
{
	return setup_backend(state, VFA_BACKEND_IOMMUFD);
}

static int complain(const char *what, size_t count)
{
	if (count)
		print_error("left behind: %zu %s\n", count, what);
	return count != 0;
}

int teardown(void **state)
{
	struct machine *machine = *state;
	int left;

	vfa_host_free(machine->host);
	left = complain("enabled vectors", fake_count_vectors());
	left |= complain("mappings in the kernel", fake_count_mappings());
	left |= complain("objects in the kernel", fake_count_objects());
	left |= complain("compatibility IOAS", !fake_is_compat_clear());
	left |= complain("fds", count_fds() - machine->fds);
	fake_stop();
	tree_destroy(&machine->tree);
	free(machine);
	return left;
}

size_t count_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count - fake_count_own_fds();
}

struct vfa_container *open_container(struct machine *machine)
{
	struct vfa_container *container = NULL;

	assert_ok(vfa_container_open(machine->host, machine->backend, &container));
	return container;
}

struct vfa_device *open_device(struct vfa_container *container, const char *bdf)
{
	struct vfa_device *device = NULL;

	assert_ok(vfa_device_open(container, bdf, NULL, &device));
	return device;
}

int open_node(struct machine *machine, const char *node)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", machine->tree.dev, node);
	return fake_syscalls.open(path, 2);
}

void close_node(int fd)
{
	fake_syscalls.close(fd);
}

struct space open_space_of(void **state, const char *bdf)
{
	struct space space = { .machine = *state, .container = open_container(*state) };

	space.device = open_device(space.container, bdf);
	space.memory = memory_new(MEMORY);
	return space;
}

struct space open_space(void **state)
{
	return open_space_of(state, EDU);
}

void close_space(struct space space)
{
	vfa_device_close(space.device);
	vfa_container_close(space.container);
	memory_free(space.memory, MEMORY);
}

void remove_iommufd(struct machine *machine)
{
	fake_set_open_errno("iommu", ENOENT);
	tree_remove(&machine->tree, "dev/iommu");
	tree_remove(&machine->tree, "sys/module/iommufd");
}

void remove_vfio(struct machine *machine)
{
	fake_set_open_errno("vfio/vfio", ENOENT);
	tree_remove(&machine->tree, "dev/vfio/vfio");
	tree_remove(&machine->tree, "sys/module/vfio_iommu_type1");
}

void *memory_new(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

void memory_free(void *memory, size_t size)
{
	munmap(memory, size);
}

struct vfa_map_options at(uint64_t iova)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;

	options.flags = VFA_MAP_FIXED;
	options.iova = iova;
	return options;
}

struct vfa_mapping *map_at(struct vfa_container *container, void *vaddr, uint64_t size,
			   uint64_t iova)
{
	struct vfa_map_options options = at(iova);
	struct vfa_mapping *mapping = NULL;

	assert_ok(vfa_container_map(container, vaddr, size, &options, &mapping));
	return mapping;
}

bool is_slow(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	return preloaded && strstr(preloaded, "vgpreload");
}

void check_failure(int result, int code, enum vfa_cause cause)
{
	const struct vfa_error *error = vfa_error_last();

	if (result == code && error->cause == cause)
		assert_int_equal(error->code, code);
	if (result != code || error->cause != cause)
		fail_msg("%d (%s) instead of %d (%s): %s", result, vfa_cause_name(error->cause),
			 code, vfa_cause_name(cause), error->message);
	assert_true(error->message[0]);
}

void check_message(const char *message, const char *hint)
{
	const struct vfa_error *error = vfa_error_last();

	assert_string_equal(error->message, message);
	if (hint)
		assert_string_equal(error->hint, hint);
}

void check_ok(int result, const char *call, const char *file, int line)
{
	if (result >= 0)
		return;
	print_error("%s:%d: %s: %d: %s\n%s\n", file, line, call, result, vfa_error_last()->message,
		    vfa_error_last()->hint);
	_fail(file, line);
}
