/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A PCI function, as sysfs shows it. */

#ifndef TOPOLOGY_PCI_H
#define TOPOLOGY_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bdf.h"
#include "base/host.h"

#define PCI_DRIVER_SIZE 64

struct pci_function {
	char bdf[BDF_SIZE];
	bool exists;
	int group;                    /* IOMMU group, -1 for none */
	bool noiommu;                 /* the group is VFIO's stand-in for an IOMMU's */
	char driver[PCI_DRIVER_SIZE]; /* empty for none */
	char vfio_node[32];           /* "vfio3" when a VFIO driver registered it, else empty */
	bool has_node;                /* /dev/vfio/devices/vfio3 can exist */
};

/** pci_read() - look a function up; what sysfs does not tell stays empty */
void pci_read(const struct vfa_host *host, const char bdf[BDF_SIZE], struct pci_function *ret);

/** pci_read_driver() - the name of its driver alone */
void pci_read_driver(const struct vfa_host *host, const char *bdf, char ret[PCI_DRIVER_SIZE]);

/** pci_is_noiommu_group() - VFIO made the group up, without an IOMMU behind it */
bool pci_is_noiommu_group(const struct vfa_host *host, uint32_t group);

/** pci_is_vfio_bound() - a VFIO driver has it; before Linux 6.1 only its name tells */
bool pci_is_vfio_bound(const struct pci_function *function);

/** pci_is_bridge() - it is a bridge between PCI buses, which VFIO takes none of */
bool pci_is_bridge(const struct vfa_host *host, const char bdf[BDF_SIZE]);

/** pci_refuse_missing() - -ENODEV, recorded: there is no such function */
int pci_refuse_missing(const char *bdf);

/** pci_refuse_gone() - -ENODEV, recorded: it reads as all ones */
int pci_refuse_gone(const char *bdf);

/** pci_read_number() - an attribute that is a number, such as "class"; 0 when it cannot be read */
uint32_t pci_read_number(const struct vfa_host *host, const char *bdf, const char *name);

/**
 * pci_require() - look a function up that must exist and be in a group
 *
 * Return: 0, -ENODEV or -ENOENT, with the failure recorded.
 */
int pci_require(const struct vfa_host *host, const char bdf[BDF_SIZE], struct pci_function *ret);

/** pci_require_by_group() - the same, but its node is looked for only if nothing else says VFIO */
int pci_require_by_group(const struct vfa_host *host, const char bdf[BDF_SIZE],
			 struct pci_function *ret);

#endif
