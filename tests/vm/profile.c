/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What the tests may expect of each machine in profiles/. The IOVA ranges leave out MSIs. */

#include <stdlib.h>

#include "common.h"

/* In whatever way it is set up. */
#define VT_D                                                                                       \
	.fault = { "DMAR: [DMA ", "00:04.0]" }, .fault_address = "fault addr ", .has_iommu = true, \
	.isolates_interrupts = true, .has_iommufd = true, .translates_behind_ports = true

static const struct vm_profile profiles[] = {
	{
		.name = "intel",
		VT_D,
		.pasids = VM_PASIDS_NONE,
		.coherency = 1,
		.ranges = { { 0, 0xfedfffff }, { 0xfef00000, 0x7fffffffff } },
	},
	{
		.name = "faults",
		.survives_faults = true,
		VT_D,
		.pasids = VM_PASIDS_NONE,
		.coherency = 1,
		.ranges = { { 0, 0xfedfffff }, { 0xfef00000, 0x7fffffffff } },
	},
	{
		.name = "intel-scalable",
		VT_D,
		.pasids = VM_PASIDS_OF_IOMMU,
		.coherency = 1,
		.ranges = { { 0, 0xfedfffff }, { 0xfef00000, 0xffffffffffff } },
	},
	{
		.name = "intel-pasid",
		VT_D,
		.pasids = VM_PASIDS_OF_BOTH,
		.wrong = "coherency",
		.coherency = 0,
		.ranges = { { 0, 0xfedfffff }, { 0xfef00000, 0xffffffffffff } },
	},
	{
		.name = "intel-no-pasid",
		VT_D,
		.pasids = VM_PASIDS_OF_DEVICES,
		.wrong = "coherency",
		.coherency = 0,
		.ranges = { { 0, 0xfedfffff }, { 0xfef00000, 0xffffffffffff } },
	},
	{
		.name = "intel-incoherent",
		VT_D,
		.pasids = VM_PASIDS_NONE,
		.coherency = 0,
		.wrong = "coherency",
		.ranges = { { 0, 0xfedfffff }, { 0xfef00000, 0xffffffffffff } },
	},
	{
		/*
		 * QEMU 7.2 takes devices behind a port for those of bus 0, for that is what
		 * the bus is when they are plugged; and its page faults raise no event.
		 */
		.name = "amd",
		.has_iommu = true,
		.pasids = VM_PASIDS_NONE,
		.isolates_interrupts = true,
		.has_iommufd = true,
		.translates_behind_ports = false,
		.coherency = 1,
		.ranges = { { 0, 0xfedfffff },
			    { 0xfef00000, 0xfcffffffff },
			    { 0x10000000000, UINT64_MAX } },
		/* QEMU 7.2's tables do not tell of more than four levels; 10.0's tell of six. */
		.ends = { { "global IVHD EFR:0x0,", 0xffffffffffff },
			  { "global IVHD EFR:0x29d3,", UINT64_MAX } },
	},
	{
		.name = "virtio",
		.wrong = "interrupts",
		.is_fatal = true,
		.has_iommu = true,
		.has_iommufd = true,
	},
	{
		.name = "virtio-unsafe",
		.wrong = "interrupts",
		.fault = { "page fault from EP", " 32 " },
		.fault_address = " at ",
		.has_iommu = true,
		.isolates_interrupts = true, /* it does not, but VFIO was told to go on */
		.has_iommufd = true,
		.translates_behind_ports = true,
		.unmap_allocates = true,
		.coherency = 0,
		.ranges = { { 0, 0xfedfffff }, { 0xfef00000, UINT64_MAX } },
		/* QEMU 7.2, and 10.0 on a q35. */
		.ends = { { "input address: 64 bits", UINT64_MAX },
			  { "input address: 39 bits", 0x7fffffffff } },
	},
	{
		.name = "none",
		.wrong = "iommu",
		.is_fatal = true,
		.has_iommufd = true,
	},
	{
		.name = "stock",
		.wrong = "iommufd",
		.fault = { "DMAR: [DMA ", "00:04.0]" },
		.fault_address = "fault addr ",
		.has_iommu = true,
		.isolates_interrupts = true,
		.translates_behind_ports = true,
		.coherency = 1,
		.ranges = { { 0, 0xfedfffff }, { 0xfef00000, 0x7fffffffff } },
	},
};

const struct vm_profile *vm_profile(void)
{
	const char *name = getenv("VFA_VM_PROFILE");
	size_t i;

	for (i = 0; name && i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (strcmp(name, profiles[i].name) == 0)
			return &profiles[i];
	}
	return NULL;
}
