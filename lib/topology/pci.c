/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/pci.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/sysfs.h"

#define DEVICES "bus/pci/devices"

#define CLASS_PCI_BRIDGE 0x0604 /* linux/pci_ids.h, in the kernel only */

/* What VFIO calls the groups that it makes up for devices without an IOMMU. */
#define NOIOMMU_NAME "vfio-noiommu"

static int read_group(const struct vfa_host *host, const char *bdf)
{
	char path[SYSFS_PATH], name[16], *end;
	long number;

	sysfs_path(host, path, DEVICES "/%s/iommu_group", bdf);
	if (sysfs_link_name(host, path, name, sizeof(name)))
		return -1;
	number = strtol(name, &end, 10);
	return *end || end == name ? -1 : number;
}

bool pci_is_noiommu_group(const struct vfa_host *host, uint32_t group)
{
	char path[SYSFS_PATH], name[32];

	sysfs_path(host, path, "kernel/iommu_groups/%u/name", group);
	return sysfs_read(host, path, name, sizeof(name)) > 0 && !strcmp(name, NOIOMMU_NAME);
}

/*
 * The directory is there on every kernel since 6.1; only its dev file proves a
 * device node.
 */
static void read_vfio_node(const struct vfa_host *host, struct pci_function *function)
{
	char path[SYSFS_PATH], **names;
	int count;

	sysfs_path(host, path, DEVICES "/%s/vfio-dev", function->bdf);
	count = sysfs_list(host, path, &names);
	if (count < 0)
		return;
	if (count > 0) {
		snprintf(function->vfio_node, sizeof(function->vfio_node), "%.31s", names[0]);
		sysfs_path(host, path, DEVICES "/%s/vfio-dev/%s/dev", function->bdf, names[0]);
		function->has_node = sysfs_exists(host, path);
	}
	sysfs_free_list(names, count);
}

void pci_read_driver(const struct vfa_host *host, const char *bdf, char ret[PCI_DRIVER_SIZE])
{
	char path[SYSFS_PATH];

	sysfs_path(host, path, DEVICES "/%s/driver", bdf);
	if (sysfs_link_name(host, path, ret, PCI_DRIVER_SIZE))
		ret[0] = '\0';
}

static void read_all_but_node(const struct vfa_host *host, const char bdf[BDF_SIZE],
			      struct pci_function *ret)
{
	char path[SYSFS_PATH];

	memset(ret, 0, sizeof(*ret));
	strcpy(ret->bdf, bdf);
	sysfs_path(host, path, DEVICES "/%s", bdf);
	ret->group = read_group(host, bdf);
	ret->exists = ret->group >= 0 || sysfs_exists(host, path);
	ret->noiommu = ret->group >= 0 && pci_is_noiommu_group(host, ret->group);
	pci_read_driver(host, bdf, ret->driver);
}

void pci_read(const struct vfa_host *host, const char bdf[BDF_SIZE], struct pci_function *ret)
{
	read_all_but_node(host, bdf, ret);
	read_vfio_node(host, ret);
}

bool pci_is_vfio_bound(const struct pci_function *function)
{
	return function->vfio_node[0] || !strncmp(function->driver, "vfio", strlen("vfio"));
}

uint32_t pci_read_number(const struct vfa_host *host, const char *bdf, const char *name)
{
	char path[SYSFS_PATH];
	uint64_t value = 0;

	sysfs_path(host, path, DEVICES "/%s/%s", bdf, name);
	(void)sysfs_read_number(host, path, &value);
	return value;
}

bool pci_is_bridge(const struct vfa_host *host, const char bdf[BDF_SIZE])
{
	return pci_read_number(host, bdf, "class") >> 8 == CLASS_PCI_BRIDGE;
}

/* Where an IOMMU is on, some device is in a group of it. */
static bool has_iommu(const struct vfa_host *host)
{
	char path[SYSFS_PATH], **groups;
	bool found = false;
	int count;

	sysfs_path(host, path, "kernel/iommu_groups");
	count = sysfs_list(host, path, &groups);
	if (count < 0)
		return false;
	for (int i = 0; i < count && !found; i++)
		found = !pci_is_noiommu_group(host, strtoul(groups[i], NULL, 10));
	sysfs_free_list(groups, count);
	return found;
}

static int refuse_no_iommu(const struct vfa_host *host, const char *bdf)
{
	if (has_iommu(host))
		return error_set(
			ENOENT, VFA_CAUSE_NO_IOMMU,
			"%s is in no IOMMU group, though this machine has an IOMMU\n"
			"the IOMMU does not cover this device: firmware tables leave it out, "
			"or the kernel was told to pass it by",
			bdf);
	return error_set(ENOENT, VFA_CAUSE_NO_IOMMU,
			 "%s is in no IOMMU group: the kernel found no IOMMU\n"
			 "turn it on in firmware (VT-d, AMD-Vi, SMMU) and in the kernel "
			 "(intel_iommu=on on the command line); %s/kernel/iommu_groups stays empty "
			 "until then",
			 bdf, host->sysfs);
}

int pci_refuse_missing(const char *bdf)
{
	return error_set(ENODEV, VFA_CAUSE_NO_DEVICE,
			 "there is no PCI device %s\nlspci -D lists them", bdf);
}

int pci_refuse_gone(const char *bdf)
{
	return error_set(ENODEV, VFA_CAUSE_DEVICE_GONE,
			 "%s reads as all ones: it is asleep (D3cold) or gone\n"
			 "see power_state in its sysfs directory",
			 bdf);
}

static int require(const struct vfa_host *host, const struct pci_function *function)
{
	if (!function->exists)
		return pci_refuse_missing(function->bdf);
	return function->group < 0 ? refuse_no_iommu(host, function->bdf) : 0;
}

int pci_require(const struct vfa_host *host, const char bdf[BDF_SIZE], struct pci_function *ret)
{
	pci_read(host, bdf, ret);
	return require(host, ret);
}

int pci_require_by_group(const struct vfa_host *host, const char bdf[BDF_SIZE],
			 struct pci_function *ret)
{
	read_all_but_node(host, bdf, ret);
	if (!pci_is_vfio_bound(ret))
		read_vfio_node(host, ret);
	return require(host, ret);
}
