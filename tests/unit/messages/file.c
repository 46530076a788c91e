/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Why a file is not mapped, and a BAR not exported. */

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "messages/messages.h"
#include "uapi/iommufd.h"

/* So that sentences have it. */
#define FD 61

static void give_number(int fd)
{
	assert_true(dup3(fd, FD, O_CLOEXEC) == FD);
	close(fd);
}

static void open_memory(uint64_t size)
{
	int fd = memfd_create("memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0 && !ftruncate(fd, size));
	give_number(fd);
}

static int try_map_file(struct space space, uint64_t offset, uint64_t size)
{
	return vfa_container_map_file(space.container, FD, offset, size, NULL, NULL);
}

static int try_export(struct space space, uint32_t region, uint64_t offset, uint64_t size)
{
	const struct vfa_region_area area = { offset, size };

	return vfa_dmabuf_export(space.device, region, &area, 1);
}

static void file_bounds_is_told(void **state)
{
	struct space space = open_space(state);

	open_memory(4 * PAGE);
	SAYS(try_map_file(space, PAGE, 4 * PAGE), FILE_BOUNDS,
	     "map: 0x4000 bytes at offset 0x1000 are past the end of fd 61",
	     "the file has 0x4000 bytes; ftruncate makes a memfd larger");
	SAYS(try_map_file(space, 8, PAGE), MISALIGNED,
	     "map: offset 0x8 is not a multiple of 0x1000, the size of the pages of fd 61",
	     "map whole pages of the file");
	close(FD);
	close_space(space);
}

static void file_rights_is_told(void **state)
{
	struct vfa_map_options options = VFA_MAP_OPTIONS_INIT;
	struct space space = open_space(state);

	options.access = VFA_ACCESS_READ;
	open_memory(PAGE);
	assert_int_equal(fcntl(FD, F_ADD_SEALS, F_SEAL_WRITE), 0);
	SAYS(try_map_file(space, 0, PAGE), FILE_RIGHTS, "map: fd 61 is sealed against writing",
	     "map it with VFA_ACCESS_READ if devices only read it, or pass a file that can be "
	     "written");
	open_memory(PAGE);
	give_number(open("/proc/self/fd/61", O_WRONLY | O_CLOEXEC));
	SAYS(try_map_file(space, 0, PAGE), FILE_RIGHTS,
	     "map: fd 61 is not open for reading and writing",
	     "map it with VFA_ACCESS_READ if devices only read it, or pass a file that can be "
	     "written");
	SAYS(vfa_container_map_file(space.container, FD, 0, PAGE, &options, NULL), FILE_RIGHTS,
	     "map: fd 61 is not open for reading", "pass it opened with O_RDONLY or O_RDWR");
	close(FD);
	close_space(space);
}

static void kinds_of_files_are_told(void **state)
{
	struct space space = open_space(state);

	give_number(open("/dev/null", O_RDWR | O_CLOEXEC));
	SAYS(try_map_file(space, 0, PAGE), BAD_FD,
	     "map: fd 61 is neither a file of memory nor a dma-buf",
	     "pass a memfd, a file of tmpfs or hugetlbfs, or a dma-buf; of other files map what "
	     "this process has of them: vfa_container_map");
	close(FD);
	SAYS(try_map_file(space, 0, PAGE), BAD_FD, "map: fd 61 is not open",
	     "pass the file that the memory is of");
	close_space(space);
}

#define PINNED_HINT "map what it was made of, such as the memfd behind a udmabuf"

static void dmabuf_of_another_driver_is_told(void **state)
{
	struct space space = open_space(state);
	int fd = fake_dmabuf_open(PAGE, true);
	char message[192];

	snprintf(message, sizeof(message),
		 "map: fd %d is a dma-buf of another driver, which the kernel neither maps as a "
		 "file nor pins as memory",
		 fd);
	SAYS(vfa_container_map_file(space.container, fd, 0, PAGE, NULL, NULL), DMABUF, message,
	     PINNED_HINT);
	tree_write(&space.machine->tree, "pos:\t0\nsize:\t4096\nexp_name:\tudmabuf\n",
		   "proc/self/fdinfo/%d", fd);
	snprintf(message, sizeof(message),
		 "map: fd %d is a dma-buf of udmabuf, which the kernel neither maps as a file nor "
		 "pins as memory",
		 fd);
	SAYS(vfa_container_map_file(space.container, fd, 0, PAGE, NULL, NULL), DMABUF, message,
	     PINNED_HINT);
	close_node(fd);
	close_space(space);
}

static void check_bar(void **state, struct space space, int fd, const char *backend,
		      const char *hint)
{
	char message[192];

	snprintf(message, sizeof(message),
		 "map: fd %d is a dma-buf of vfio-pci, which %s of this kernel does not map", fd,
		 backend);
	tree_write(&space.machine->tree, "exp_name:\tvfio-pci\n", "proc/self/fdinfo/%d", fd);
	SAYS(vfa_container_map_file(space.container, fd, 0, PAGE, NULL, NULL), DMABUF, message,
	     hint);
}

static void dmabuf_of_a_bar_on_type1_is_told(void **state)
{
	struct space space = open_space(state);
	int fd = try_export(space, VFA_BAR(0), 0, PAGE);

	check_bar(state, space, fd, "type1",
		  "type1 maps what a process has mapped: a BAR of a device that is open here by "
		  "vfa_peer_map; else use a container on iommufd (Linux 6.19)");
	close_node(fd);
	close_space(space);
}

static void dmabuf_of_a_bar_on_iommufd_is_told(void **state)
{
	const struct vfa_region_area areas[] = { { 0, PAGE }, { 2 * PAGE, PAGE } };
	struct space space = open_space(state);
	int fd = vfa_dmabuf_export(space.device, VFA_BAR(0), areas, 2);

	check_bar(state, space, fd, "iommufd",
		  "iommufd maps dma-bufs of VFIO only, and of those that have one area; export "
		  "each area for itself");
	fake_set_dmabufs(false);
	check_bar(state, space, fd, "iommufd", "iommufd maps dma-bufs from Linux 6.19 on");
	close_node(fd);
	close_space(space);
}

static void a_revoked_dmabuf_is_told(void **state)
{
	struct space space = open_space(state);
	int fd = try_export(space, VFA_BAR(0), 0, PAGE);
	char message[192];

	assert_ok(vfa_config_write16(space.device, PCI_COMMAND, 0));
	snprintf(message, sizeof(message),
		 "map: the dma-buf of fd %d is revoked: its device does not decode memory, is in "
		 "low power, or was closed",
		 fd);
	SAYS(vfa_container_map_file(space.container, fd, 0, PAGE, NULL, NULL), REGION_OFF, message,
	     "map it when the device answers, and one that woke from low power after "
	     "vfa_device_exit_low_power; of a device that was closed make it anew");
	close_node(fd);
	close_space(space);
}

/* Nothing is pinned, so that the limit on that is not blamed. */
static void no_memory_for_a_dmabuf_is_told(void **state)
{
	struct space space = open_space(state);
	int fd = try_export(space, VFA_BAR(0), 0, PAGE);
	char message[192];

	fake_set_memlock(0);
	fake_fail_ioctl(UAPI_IOMMU_IOAS_MAP_FILE, ENOMEM);
	snprintf(message, sizeof(message),
		 "map: the kernel has no memory to map the dma-buf of fd %d", fd);
	SAYS(vfa_container_map_file(space.container, fd, 0, PAGE, NULL, NULL), NO_MEMORY, message,
	     "free memory, or give the memory cgroup more");
	fake_fail_ioctl(UAPI_IOMMU_IOAS_MAP_FILE, 0);
	assert_ok(vfa_container_map_file(space.container, fd, 0, PAGE, NULL, NULL));
	close_node(fd);
	close_space(space);
}

static void what_is_not_exported_is_told(void **state)
{
	struct space space = open_space(state);

	SAYS(try_export(space, VFA_REGION_ROM, 0, PAGE), REGION_RIGHTS,
	     "0000:00:04.0: region 6 is no BAR", "a dma-buf is of a BAR: VFA_BAR(0) to VFA_BAR(5)");
	SAYS(try_export(space, VFA_BAR(2), 0, PAGE), REGION_RIGHTS,
	     "0000:00:04.0: BAR 2 is I/O ports",
	     "a dma-buf is of a BAR that is memory: vfa_region_get_info tells");
	SAYS(try_export(space, VFA_BAR(0), 0, 100), MISALIGNED,
	     "0000:00:04.0: export of BAR 0: size 0x64 is not a multiple of 0x1000, the size of a "
	     "page",
	     "a dma-buf has whole pages, so that no others' registers are in it; the BAR has "
	     "0x100000 bytes");
	assert_ok(vfa_device_enter_low_power(space.device, VFA_POWER_NO_WAKEUP));
	SAYS(try_export(space, VFA_BAR(0), 0, PAGE), REGION_OFF,
	     "0000:00:04.0 decodes no memory: it is in low power",
	     "take it back first: vfa_device_exit_low_power");
	assert_ok(vfa_device_exit_low_power(space.device));
	SAYS(vfa_dmabuf_export(space.device, 0, NULL, 0), EMPTY,
	     "0000:00:04.0: export of BAR 0: 0 areas", "give 1 to 268435453");
	fake_fail_ioctl(VFIO_DEVICE_FEATURE, EOPNOTSUPP);
	SAYS(try_export(space, VFA_BAR(0), 0, PAGE), NO_FEATURE,
	     "0000:00:04.0: export of BAR 0: the driver that the device is bound to makes no "
	     "dma-bufs",
	     "bind it to vfio-pci, which does from Linux 6.19 on");
	fake_fail_ioctl(VFIO_DEVICE_FEATURE, ENODEV);
	SAYS(try_export(space, VFA_BAR(0), 0, PAGE), KERNEL,
	     "0000:00:04.0: export of BAR 0: the kernel could not claim it",
	     "see who has it in /proc/iomem");
	fake_fail_ioctl(VFIO_DEVICE_FEATURE, 0);
	fake_set_dmabufs(false);
	SAYS(try_export(space, VFA_BAR(0), 0, PAGE), NO_FEATURE,
	     "0000:00:04.0: export of BAR 0: this kernel makes no dma-bufs of BARs",
	     "it needs Linux 6.19 with CONFIG_PCI_P2PDMA and CONFIG_DMA_SHARED_BUFFER");
	close_space(space);
}

const struct CMUnitTest file_messages[] = {
	ON_BOTH(file_bounds_is_told),
	ON_BOTH(file_rights_is_told),
	ON_BOTH(kinds_of_files_are_told),
	ON_BOTH(dmabuf_of_another_driver_is_told),
	ON_TYPE1(dmabuf_of_a_bar_on_type1_is_told),
	ON_IOMMUFD(dmabuf_of_a_bar_on_iommufd_is_told),
	ON_IOMMUFD(a_revoked_dmabuf_is_told),
	ON_IOMMUFD(no_memory_for_a_dmabuf_is_told),
	ON_BOTH(what_is_not_exported_is_told),
};

const size_t file_messages_count = sizeof(file_messages) / sizeof(file_messages[0]);
