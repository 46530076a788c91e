/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/interrupts.h"

#include <stdio.h>
#include <string.h>

#include "base/sysfs.h"

/* "IR-PCI-MSI-0000:00:1f.2", "AMD-IR"; an interrupt translation service of Arm: "ITS-MSI" */
static bool is_remapping(const char *chip)
{
	return !strncmp(chip, "IR-", 3) || strstr(chip, "-IR") || !strncmp(chip, "ITS-", 4);
}

/* "PCI-MSI-0000:00:1f.2", "PCI-MSIX-..."; the IOMMU's own are never remapped: "DMAR-MSI" */
static bool is_plain(const char *chip)
{
	return !strncmp(chip, "PCI-MSI", 7) || !strcmp(chip, "IO-APIC");
}

static void look(const char *chip, struct interrupts *ret)
{
	if (is_remapping(chip))
		ret->are_remapped = VFA_YES;
	else if (is_plain(chip))
		ret->are_remapped = VFA_NO;
	else
		return;
	snprintf(ret->chip, sizeof(ret->chip), "%s", chip);
}

void interrupts_read(const struct vfa_host *host, struct interrupts *ret)
{
	char path[SYSFS_PATH], chip[64], **names;
	int count;

	*ret = (struct interrupts){ .are_remapped = VFA_UNKNOWN };
	sysfs_path(host, path, "kernel/irq");
	count = sysfs_list(host, path, &names);
	for (int i = 0; i < count && ret->are_remapped != VFA_YES; i++) {
		sysfs_path(host, path, "kernel/irq/%s/chip_name", names[i]);
		if (sysfs_read(host, path, chip, sizeof(chip)) > 0)
			look(chip, ret);
	}
	if (count >= 0)
		sysfs_free_list(names, count);
}
