/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What cannot be done with a region. */

#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fake/config.h"
#include "messages/messages.h"

#define BY_CALL "use vfa_region_read and vfa_region_write"
#define BY_PART                                                                                    \
	"map what can be with vfa_region_map_part, and use vfa_region_read and vfa_region_write "  \
	"for the rest"

static void region_rights_is_told(void **state)
{
	uint32_t small = 0xfeb00100;
	volatile void *base;
	struct space space;
	uint8_t byte = 0;

	fake_set_region(EDU, 1, 256, VFIO_REGION_INFO_FLAG_READ);
	fake_set_config(EDU, 0x14, &small, sizeof(small));
	fake_set_region(EDU, 3, PAGE, VFIO_REGION_INFO_FLAG_READ);
	space = open_space(state);
	SAYS(vfa_region_map(space.device, VFA_BAR(2), &base), REGION_RIGHTS,
	     "0000:00:04.0: region 2 cannot be mapped: it is I/O ports", BY_CALL);
	SAYS(vfa_region_map(space.device, VFA_REGION_CONFIG, &base), REGION_RIGHTS,
	     "0000:00:04.0: region 7 cannot be mapped: it is config space", BY_CALL);
	SAYS(vfa_region_map(space.device, VFA_REGION_ROM, &base), REGION_RIGHTS,
	     "0000:00:04.0: region 6 cannot be mapped: it is the ROM", BY_CALL);
	SAYS(vfa_region_map(space.device, VFA_BAR(1), &base), REGION_RIGHTS,
	     "0000:00:04.0: region 1 cannot be mapped: it is smaller than a page, and not alone in "
	     "its page",
	     BY_CALL);
	SAYS(vfa_region_map(space.device, VFA_BAR(3), &base), REGION_RIGHTS,
	     "0000:00:04.0: region 3 cannot be mapped: its driver guards it", BY_CALL);
	SAYS(vfa_region_map(space.device, VFA_BAR(4), &base), REGION_RIGHTS,
	     "0000:00:04.0: 0x0-0x3fff of region 4 cannot be mapped, only 0x1000-0x1fff", BY_PART);
	SAYS(vfa_region_write(space.device, VFA_REGION_ROM, 0, &byte, 1), REGION_RIGHTS,
	     "0000:00:04.0: region 6 cannot be written",
	     "the flags of vfa_region_get_info tell what it allows");
	close_space(space);
}

/* As many as a sentence can bear. */
static void areas_that_can_be_mapped_are_told(void **state)
{
	volatile void *base;
	struct space space;

	fake_set_region(NVME, 2, 1 << 20, VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_MMAP);
	for (uint64_t i = 0; i < 16; i++)
		fake_add_sparse(NVME, 2, 0x20000 + i * 0x2000, 0x1000);
	space = open_space_of(state, NVME);
	SAYS(vfa_region_map_part(space.device, VFA_BAR(2), 0x2000, 0x1001, &base), REGION_RIGHTS,
	     "0000:00:05.0: 0x2000-0x3000 of region 2 cannot be mapped, only 0x20000-0x20fff, "
	     "0x22000-0x22fff, 0x24000-0x24fff, 0x26000-0x26fff, 0x28000-0x28fff, "
	     "0x2a000-0x2afff, 0x2c000-0x2cfff, 0x2e000-0x2efff, 0x30000-0x30fff, "
	     "0x32000-0x32fff, 0x34000-0x34fff, 0x36000-0x36fff, 0x38000-0x38fff, "
	     "0x3a000-0x3afff and more",
	     BY_PART);
	close_space(space);
}

static void region_off_is_told(void **state)
{
	struct space space = open_space(state);
	uint32_t value = 0;

	assert_ok(vfa_config_write16(space.device, PCI_COMMAND, 0));
	SAYS(vfa_region_read(space.device, VFA_BAR(0), 0, &value, 4), REGION_OFF,
	     "0000:00:04.0: pread of region 0: the device decodes no memory",
	     "set Memory Space Enable in its Command register");
	assert_ok(vfa_config_write16(space.device, PCI_COMMAND, PCI_COMMAND_MEMORY));
	fake_fail_call(1, EIO);
	SAYS(vfa_region_write(space.device, VFA_BAR(0), 0, &value, 4), REGION_OFF,
	     "0000:00:04.0: pwrite of region 0: the device decodes no memory, though Memory Space "
	     "Enable is set",
	     "it may sleep: power_state in its sysfs directory tells");
	close_space(space);
}

static int try_store(struct space space, uint32_t index, uint32_t width, uint64_t offset,
		     uint64_t value, int fd)
{
	struct vfa_ioeventfd store = {
		.index = index, .width = width, .offset = offset, .value = value
	};

	return vfa_ioeventfd_add(space.device, &store, fd);
}

static void ioeventfd_is_told(void **state)
{
	struct vfa_ioeventfd store = { .width = 4, .offset = 0x60, .value = 1 };
	struct space space = open_space(state);
	int fd = eventfd(0, EFD_CLOEXEC);

	SAYS(vfa_ioeventfd_remove(space.device, &store), IOEVENTFD,
	     "0000:00:04.0: no eventfd makes a 4-byte store of 0x1 to 0x60 of region 0",
	     "remove what was added, and once");
	assert_ok(vfa_ioeventfd_add(space.device, &store, fd));
	SAYS(vfa_ioeventfd_add(space.device, &store, fd), IOEVENTFD,
	     "0000:00:04.0: an eventfd makes a 4-byte store of 0x1 to 0x60 of region 0 already",
	     "remove it first: vfa_ioeventfd_remove");
	SAYS(try_store(space, VFA_REGION_CONFIG, 2, 4, 0, fd), IOEVENTFD,
	     "0000:00:04.0: eventfds make no stores to region 7: it is no BAR",
	     "use vfa_region_write");
	fake_set_ioeventfd_limit(1);
	SAYS(try_store(space, 0, 4, 0x64, 0, fd), IOEVENTFD,
	     "0000:00:04.0: it has as many eventfds that make stores as the kernel allows",
	     "remove some: vfa_ioeventfd_remove");
	fake_set_ioeventfd_width(4);
	SAYS(try_store(space, 0, 8, 0x80, 0, fd), IOEVENTFD,
	     "0000:00:04.0: eventfds of this kernel make no 8-byte stores",
	     "use two stores of 4 bytes where the device takes them");
	fake_set_ioeventfd_width(0);
	SAYS(try_store(space, 0, 4, 0x64, 0, fd), IOEVENTFD,
	     "0000:00:04.0: this kernel makes no stores for eventfds",
	     "wait for the eventfd and make the store; Linux has it from 4.17 on");
	close(fd);
	close_space(space);
}

static void stores_that_no_kernel_makes_are_told(void **state)
{
	struct space space = open_space(state);

	SAYS(try_store(space, 0, 3, 0, 0, 0), BAD_ARGUMENT, "0000:00:04.0: a store of 3 bytes",
	     "give a width of 1, 2, 4 or 8");
	SAYS(try_store(space, 0, 1, 0, 256, 0), BAD_ARGUMENT,
	     "0000:00:04.0: 0x100 has more than 1 bytes",
	     "give a value that the width has room for");
	SAYS(try_store(space, 0, 4, 2, 0, 0), MISALIGNED,
	     "0000:00:04.0: region offset 0x2 is not a multiple of 4", "use a narrower store");
	SAYS(try_store(space, 0, 4, 0, 0, -1), BAD_FD, "fd -1 is not open", "pass an eventfd");
	SAYS(try_store(space, 0, 4, 0, 0, STDIN_FILENO), BAD_FD, "fd 0 is not an eventfd",
	     "pass what eventfd(2) returned");
	close_space(space);
}

/* 33 entries at 0x3000 of BAR 0. */
static void setup_msix(void)
{
	struct config config;
	unsigned int at;

	config_init(&config, 0x1b36, 0x0010);
	at = config_add(&config, PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF);
	config_set16(&config, at + PCI_MSIX_FLAGS, 32);
	config_set16(&config, at + PCI_MSIX_TABLE, 0x3000);
	fake_set_config(NVME, 0, config.bytes, config.size);
}

static void stores_to_the_msix_table_are_told(void **state)
{
	struct space space;

	setup_msix();
	space = open_space_of(state, NVME);
	SAYS(try_store(space, 0, 4, 0x300c, 0, STDIN_FILENO), IOEVENTFD,
	     "0000:00:05.0: a 4-byte store of 0x0 to 0x300c of region 0 hits the MSI-X table "
	     "0x3000-0x320f, which eventfds cannot write",
	     "leave the table to the kernel: vfa_irq_enable");
	close_space(space);
}

const struct CMUnitTest region_messages[] = {
	ON_BOTH(ioeventfd_is_told),
	ON_BOTH(stores_that_no_kernel_makes_are_told),
	ON_BOTH(stores_to_the_msix_table_are_told),
	ON_BOTH(region_off_is_told),
	ON_BOTH(region_rights_is_told),
	ON_BOTH(areas_that_can_be_mapped_are_told),
};

const size_t region_messages_count = sizeof(region_messages) / sizeof(region_messages[0]);
