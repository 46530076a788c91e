/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A probe while its checks are made. */

#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <stdbool.h>
#include <vfa/probe.h>

#include "base/host.h"
#include "topology/pci.h"

/** probe_add() - one more check; what follows the first newline of @format is the hint */
void probe_add(struct vfa_probe *probe, const char *name, enum vfa_probe_result result,
	       const char *format, ...) __attribute__((format(printf, 4, 5)));

/** probe_add_error() - one more check, in the words of the last failure */
void probe_add_error(struct vfa_probe *probe, const char *name, enum vfa_probe_result result);

/** probe_iommu() - whether and what translates; false when nothing does */
bool probe_iommu(struct vfa_probe *probe, const struct vfa_host *host);
void probe_interrupts(struct vfa_probe *probe, const struct vfa_host *host);

/** probe_vfio() - the interfaces of the kernel, its driver, and how they are set */
void probe_vfio(struct vfa_probe *probe, const struct vfa_host *host);

/** probe_nodes() - device nodes of bound functions; one of them, or all when NULL */
void probe_nodes(struct vfa_probe *probe, const struct vfa_host *host, const char *bdf);
void probe_memory(struct vfa_probe *probe, const struct vfa_host *host);

/** probe_isolation() - of a function that is in a group */
void probe_isolation(struct vfa_probe *probe, const struct vfa_host *host, const char *bdf);
void probe_device(struct vfa_probe *probe, const struct vfa_host *host,
		  const struct pci_function *function);

#endif
