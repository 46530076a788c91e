/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sysfs.h"
#include "probe/probe.h"
#include "topology/iommu.h"

#define NAMES 256

struct summary {
	char units[NAMES];       /* the IOMMUs that PCI functions are behind */
	char incoherent[NAMES];  /* of them, that cannot make DMA snoop */
	bool is_coherent;        /* some are known to make it snoop */
	unsigned int groups;     /* of an IOMMU */
	unsigned int identity;   /* of them, passed through for the kernel's own drivers */
	unsigned int unreadable; /* whose type does not show */
};

static void add_group(const struct vfa_host *host, const char *number, struct summary *summary)
{
	char path[SYSFS_PATH], type[32];

	if (pci_is_noiommu_group(host, strtoul(number, NULL, 10)))
		return;
	summary->groups++;
	sysfs_path(host, path, "kernel/iommu_groups/%s/type", number);
	if (sysfs_read(host, path, type, sizeof(type)) < 0)
		summary->unreadable++;
	else if (!strcmp(type, "identity"))
		summary->identity++;
}

static int list(const struct vfa_host *host, const char *directory, char ***ret)
{
	char path[SYSFS_PATH];

	sysfs_path(host, path, "%s", directory);
	return sysfs_list(host, path, ret);
}

/* 0, also where there are none, or -errno. */
static int count_groups(const struct vfa_host *host, struct summary *summary)
{
	char **groups;
	int count = list(host, "kernel/iommu_groups", &groups);

	for (int i = 0; i < count; i++)
		add_group(host, groups[i], summary);
	if (count >= 0)
		sysfs_free_list(groups, count);
	return count == -ENOENT || count > 0 ? 0 : count;
}

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (; *words; words += strcspn(words, " "), words += strspn(words, " ")) {
		if (!strncmp(words, word, length) && strcspn(words, ", ") == length)
			return true;
	}
	return false;
}

static void add_name(char names[NAMES], const char *name)
{
	size_t used = strlen(names);

	if (used + strlen(name) + 3 <= NAMES)
		snprintf(names + used, NAMES - used, "%s%s", used ? ", " : "", name);
}

/* sysfs has a class of all units, but also those that are off, or of the kernel's tests. */
static void add_unit(const struct vfa_host *host, const char *bdf, struct summary *summary)
{
	char path[SYSFS_PATH], unit[64];
	enum vfa_answer snoops;

	sysfs_path(host, path, "bus/pci/devices/%s/iommu", bdf);
	if (sysfs_link_name(host, path, unit, sizeof(unit)) || has_word(summary->units, unit))
		return;
	add_name(summary->units, unit);
	snoops = iommu_enforces_snooping(host, bdf);
	if (snoops == VFA_NO)
		add_name(summary->incoherent, unit);
	if (snoops == VFA_YES)
		summary->is_coherent = true;
}

static void name_units(const struct vfa_host *host, struct summary *summary)
{
	char **functions;
	int count = list(host, "bus/pci/devices", &functions);

	for (int i = 0; i < count; i++)
		add_unit(host, functions[i], summary);
	if (count >= 0)
		sysfs_free_list(functions, count);
}

/* VFIO sets up domains of its own, whatever the kernel has for its drivers. */
static void tell_domains(struct vfa_probe *probe, const struct summary *summary)
{
	if (summary->unreadable)
		probe_add(probe, "domains", VFA_PROBE_UNKNOWN,
			  "the type of %u of %u groups cannot be read", summary->unreadable,
			  summary->groups);
	else if (summary->identity)
		probe_add(probe, "domains", VFA_PROBE_OK,
			  "the kernel's own drivers go untranslated in %u of %u groups",
			  summary->identity, summary->groups);
	else
		probe_add(probe, "domains", VFA_PROBE_OK,
			  "the kernel's own drivers are translated too");
}

/* Only drivers of some IOMMUs tell; vfa_coherency_is_enforced() asks any of them. */
static void tell_coherency(struct vfa_probe *probe, const struct summary *summary)
{
	if (*summary->incoherent)
		probe_add(probe, "coherency", VFA_PROBE_WARNING,
			  "%s cannot make DMA snoop the caches: a device may bypass them\n"
			  "vfa coherency tells whether a device does; where one may, a VMM honours "
			  "WBINVD of its guest",
			  summary->incoherent);
	else if (summary->is_coherent)
		probe_add(probe, "coherency", VFA_PROBE_OK,
			  "the IOMMU can make all DMA snoop the caches");
}

bool probe_iommu(struct vfa_probe *probe, const struct vfa_host *host)
{
	struct summary summary = { .units = "" };
	int err = count_groups(host, &summary);

	if (err) {
		probe_add(probe, "iommu", VFA_PROBE_UNKNOWN,
			  "%s/kernel/iommu_groups cannot be listed: %s", host->sysfs,
			  strerrordesc_np(-err));
		return false;
	}
	if (!summary.groups) {
		probe_add(probe, "iommu", VFA_PROBE_FAILURE,
			  "no device is in an IOMMU group: the kernel found no IOMMU, or does not "
			  "use it\n"
			  "turn it on in firmware (VT-d, AMD-Vi, SMMU) and in the kernel "
			  "(intel_iommu=on on the command line, and no iommu=off); a virtual "
			  "machine has one when its host gives it one");
		return false;
	}
	name_units(host, &summary);
	probe_add(probe, "iommu", VFA_PROBE_OK, "%s: %u group%s",
		  *summary.units ? summary.units : "an IOMMU", summary.groups,
		  summary.groups == 1 ? "" : "s");
	tell_domains(probe, &summary);
	tell_coherency(probe, &summary);
	return true;
}
