/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/node.h"
#include "base/sysfs.h"
#include "probe/probe.h"

/* Of a captured machine, which cannot be asked, at least the node is known. */
static void tell_captured(struct vfa_probe *probe, const struct vfa_host *host, const char *name,
			  const char *node)
{
	char path[SYSFS_PATH];

	node_path(host, path, "%s", node);
	if (sysfs_exists(host, path))
		probe_add(probe, name, VFA_PROBE_UNKNOWN,
			  "a captured machine cannot be asked; it had %s", path);
	else
		probe_add(probe, name, VFA_PROBE_WARNING, "this machine had no %s", path);
}

/* One interface of two is enough. */
static void tell_backend(struct vfa_probe *probe, struct vfa_host *host, enum vfa_backend backend,
			 bool is_spare)
{
	const char *name = vfa_backend_name(backend);

	if (!vfa_host_check_backend(host, backend))
		probe_add(probe, name, VFA_PROBE_OK, "the kernel offers it");
	else
		probe_add_error(probe, name, is_spare ? VFA_PROBE_WARNING : VFA_PROBE_FAILURE);
}

static void tell_backends(struct vfa_probe *probe, const struct vfa_host *host)
{
	struct vfa_host *live = (struct vfa_host *)host;

	if (host_require_live(host, "ask the kernel")) {
		tell_captured(probe, host, "type1", "vfio/vfio");
		tell_captured(probe, host, "iommufd", "iommu");
		return;
	}
	tell_backend(probe, live, VFA_BACKEND_TYPE1,
		     !vfa_host_check_backend(live, VFA_BACKEND_IOMMUFD));
	tell_backend(probe, live, VFA_BACKEND_IOMMUFD,
		     !vfa_host_check_backend(live, VFA_BACKEND_TYPE1));
}

static void tell_driver(struct vfa_probe *probe, const struct vfa_host *host)
{
	char path[SYSFS_PATH];

	sysfs_path(host, path, "bus/pci/drivers/vfio-pci");
	if (sysfs_exists(host, path))
		probe_add(probe, "vfio-pci", VFA_PROBE_OK, "the driver is there");
	else
		probe_add(probe, "vfio-pci", VFA_PROBE_WARNING,
			  "the driver is not loaded, or not in this kernel\n"
			  "load it; when modprobe finds no such module, install those of this "
			  "kernel, or start a kernel with CONFIG_VFIO_PCI:\n  modprobe vfio-pci");
}

static void tell_noiommu(struct vfa_probe *probe, const struct vfa_host *host)
{
	char path[SYSFS_PATH], value[8];

	sysfs_path(host, path, "module/vfio/parameters/enable_unsafe_noiommu_mode");
	if (sysfs_read(host, path, value, sizeof(value)) > 0 && value[0] == 'Y')
		probe_add(probe, "noiommu", VFA_PROBE_WARNING,
			  "noiommu mode is on: a device without an IOMMU can be given to user "
			  "space, and then reads and writes all memory\n"
			  "turn it off, if nothing needs it:\n  echo N > %s",
			  path);
	else
		probe_add(probe, "noiommu", VFA_PROBE_OK, "noiommu mode is off");
}

void probe_vfio(struct vfa_probe *probe, const struct vfa_host *host)
{
	tell_backends(probe, host);
	tell_driver(probe, host);
	tell_noiommu(probe, host);
}
