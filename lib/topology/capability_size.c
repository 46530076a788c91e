/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <linux/pci_regs.h>

#include "topology/capability.h"

/* To where the next one starts, or to the end of its part of config space. */
static unsigned int room_of(const struct capability_set *set, const struct vfa_capability *of)
{
	unsigned int end = of->is_extended ? PCI_CFG_SPACE_EXP_SIZE : PCI_CFG_SPACE_SIZE;

	for (size_t i = 0; i < set->count; i++) {
		unsigned int offset = set->list[i].offset;

		if (offset > of->offset && offset < end)
			end = offset;
	}
	return end - of->offset;
}

/* Those that vendors define have a register for it; 0 for others, -errno. */
static int told_length(const struct config_space *config, const struct vfa_capability *of)
{
	uint32_t header = 0;
	int err;

	if (!of->is_extended)
		return of->id == PCI_CAP_ID_VNDR ? config_read8(config, of->offset + PCI_CAP_FLAGS)
						 : 0;
	if (of->id != PCI_EXT_CAP_ID_VNDR && of->id != PCI_EXT_CAP_ID_DVSEC)
		return 0;
	if (of->size < PCI_VNDR_HEADER + sizeof(header))
		return 0;
	err = config->read(config, of->offset + PCI_VNDR_HEADER, &header);
	return err ? err : (int)PCI_VNDR_HEADER_LEN(header);
}

int capability_measure(const struct config_space *config, struct capability_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		struct vfa_capability *capability = &set->list[i];
		int length;

		capability->size = room_of(set, capability);
		length = told_length(config, capability);
		if (length < 0)
			return length;
		if (length && length < capability->size)
			capability->size = length;
	}
	return 0;
}
