/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/api.h"
#include "topology/capability.h"

/* By id: PCI Code and ID Assignment Specification, chapters 2 and 3. */
static const char *const standard_names[] = {
	[0x00] = "null",
	[0x01] = "power management",
	[0x02] = "AGP",
	[0x03] = "vital product data",
	[0x04] = "slot identification",
	[0x05] = "MSI",
	[0x06] = "CompactPCI hot swap",
	[0x07] = "PCI-X",
	[0x08] = "HyperTransport",
	[0x09] = "vendor-specific",
	[0x0a] = "debug port",
	[0x0b] = "CompactPCI resource control",
	[0x0c] = "hot-plug",
	[0x0d] = "bridge subsystem ids",
	[0x0e] = "AGP 8x",
	[0x0f] = "secure device",
	[0x10] = "PCI Express",
	[0x11] = "MSI-X",
	[0x12] = "SATA configuration",
	[0x13] = "advanced features",
	[0x14] = "enhanced allocation",
	[0x15] = "flattening portal bridge",
};

static const char *const extended_names[] = {
	[0x00] = "null",
	[0x01] = "advanced error reporting",
	[0x02] = "virtual channel",
	[0x03] = "serial number",
	[0x04] = "power budgeting",
	[0x05] = "root complex links",
	[0x06] = "root complex link control",
	[0x07] = "root complex event collector",
	[0x08] = "multifunction virtual channel",
	[0x09] = "virtual channel (second)",
	[0x0a] = "root complex registers",
	[0x0b] = "vendor-specific (extended)",
	[0x0c] = "configuration access correlation",
	[0x0d] = "ACS",
	[0x0e] = "ARI",
	[0x0f] = "ATS",
	[0x10] = "SR-IOV",
	[0x11] = "MR-IOV",
	[0x12] = "multicast",
	[0x13] = "PRI",
	[0x15] = "resizable BAR",
	[0x16] = "dynamic power allocation",
	[0x17] = "TPH requester",
	[0x18] = "latency tolerance",
	[0x19] = "secondary PCI Express",
	[0x1a] = "protocol multiplexing",
	[0x1b] = "PASID",
	[0x1c] = "LN requester",
	[0x1d] = "downstream port containment",
	[0x1e] = "L1 substates",
	[0x1f] = "precision time",
	[0x20] = "M-PCIe",
	[0x21] = "FRS queueing",
	[0x22] = "readiness time",
	[0x23] = "designated vendor-specific",
	[0x24] = "VF resizable BAR",
	[0x25] = "data link feature",
	[0x26] = "physical layer 16 GT/s",
	[0x27] = "lane margining",
	[0x28] = "hierarchy id",
	[0x29] = "native enclosure management",
	[0x2a] = "physical layer 32 GT/s",
	[0x2b] = "alternate protocol",
	[0x2c] = "system firmware intermediary",
	[0x2d] = "shadow functions",
	[0x2e] = "data object exchange",
	[0x2f] = "device 3",
	[0x30] = "IDE",
	[0x31] = "physical layer 64 GT/s",
	[0x32] = "flit logging",
	[0x33] = "flit performance",
	[0x34] = "flit error injection",
};

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

const char *capability_name(const struct vfa_capability *capability)
{
	if (capability->is_extended)
		return capability->id < ARRAY_SIZE(extended_names) ? extended_names[capability->id]
								   : NULL;
	return capability->id < ARRAY_SIZE(standard_names) ? standard_names[capability->id] : NULL;
}

VFA_API const char *vfa_capability_name(const struct vfa_capability *capability)
{
	const char *name = capability_name(capability);

	return name ? name : "unknown";
}
