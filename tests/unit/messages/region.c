/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What cannot be done with a region. */

#include <linux/pci_regs.h>
#include <linux/vfio.h>

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

	for (uint64_t i = 0; i < 3; i++)
		fake_add_sparse(NVME, 0, i * 0x1000, 0x1000);
	space = open_space_of(state, NVME);
	SAYS(vfa_region_map_part(space.device, VFA_BAR(0), 0x2000, 0x1001, &base), REGION_RIGHTS,
	     "0000:00:05.0: 0x2000-0x3000 of region 0 cannot be mapped, only 0x0-0xfff, "
	     "0x1000-0x1fff, 0x2000-0x2fff",
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

const struct CMUnitTest region_messages[] = {
	ON_BOTH(region_off_is_told),
	ON_BOTH(region_rights_is_told),
	ON_BOTH(areas_that_can_be_mapped_are_told),
};

const size_t region_messages_count = sizeof(region_messages) / sizeof(region_messages[0]);
