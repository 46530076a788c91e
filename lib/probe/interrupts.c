/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/interrupts.h"

#include "base/sysfs.h"
#include "probe/probe.h"

static bool is_on(const struct vfa_host *host, const char *module)
{
	char path[SYSFS_PATH], value[8];

	sysfs_path(host, path, "module/%s/parameters/allow_unsafe_interrupts", module);
	return sysfs_read(host, path, value, sizeof(value)) > 0 && value[0] == 'Y';
}

/* The interfaces that were told to go without. */
static const char *unsafe_interfaces(const struct vfa_host *host)
{
	bool type1 = is_on(host, "vfio_iommu_type1"), iommufd = is_on(host, "iommufd");

	if (type1 && iommufd)
		return "type1 and iommufd";
	return type1 ? "type1" : iommufd ? "iommufd" : NULL;
}

static void tell_unsafe(struct vfa_probe *probe, const struct interrupts *interrupts,
			const char *unsafe)
{
	if (unsafe)
		probe_add(probe, "interrupts", VFA_PROBE_WARNING,
			  "interrupts are not remapped (%s), and allow_unsafe_interrupts of %s "
			  "goes without\n"
			  "whoever has a device can disturb or take over this machine: turn "
			  "interrupt remapping on in firmware",
			  interrupts->chip, unsafe);
	else
		probe_add(probe, "interrupts", VFA_PROBE_FAILURE,
			  "interrupts are not remapped (%s), so that a device could forge any by "
			  "DMA: VFIO refuses\n"
			  "turn interrupt remapping on in firmware; "
			  "vfio_iommu_type1.allow_unsafe_interrupts=1 or "
			  "iommufd.allow_unsafe_interrupts=1 on the kernel command line goes "
			  "without, and lets whoever has the device disturb or take over this "
			  "machine",
			  interrupts->chip);
}

void probe_interrupts(struct vfa_probe *probe, const struct vfa_host *host)
{
	const char *unsafe = unsafe_interfaces(host);
	struct interrupts interrupts;

	interrupts_read(host, &interrupts);
	if (interrupts.are_remapped == VFA_UNKNOWN)
		probe_add(probe, "interrupts", VFA_PROBE_UNKNOWN,
			  "no interrupt shows by its controller whether it is remapped; an attempt "
			  "to open a device will");
	else if (interrupts.are_remapped == VFA_NO)
		tell_unsafe(probe, &interrupts, unsafe);
	else if (unsafe)
		probe_add(probe, "interrupts", VFA_PROBE_WARNING,
			  "interrupts are remapped (%s), but allow_unsafe_interrupts of %s would "
			  "go without\n"
			  "take that off the kernel command line or out of modprobe.d: it is not "
			  "needed",
			  interrupts.chip, unsafe);
	else
		probe_add(probe, "interrupts", VFA_PROBE_OK, "interrupts are remapped (%s)",
			  interrupts.chip);
}
