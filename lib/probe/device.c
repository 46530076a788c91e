/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <vfa/viability.h>

#include "base/error.h"
#include "base/sysfs.h"
#include "blockers.h"
#include "probe/probe.h"
#include "refusal.h"
#include "topology/reserved.h"

static void read_text(const struct vfa_host *host, const char *bdf, const char *file, char *ret,
		      size_t size)
{
	char path[SYSFS_PATH];

	sysfs_path(host, path, "bus/pci/devices/%s/%s", bdf, file);
	if (sysfs_read(host, path, ret, size) < 0)
		ret[0] = '\0';
}

/* A virtual function has no ids in its config space: it is its physical one that answers. */
static bool is_virtual(const struct vfa_host *host, const char *bdf)
{
	char path[SYSFS_PATH];

	sysfs_path(host, path, "bus/pci/devices/%s/physfn", bdf);
	return sysfs_exists(host, path);
}

static void tell_config(struct vfa_probe *probe, const struct vfa_host *host, const char *bdf)
{
	char path[SYSFS_PATH], state[16];
	uint32_t ids = 0;
	int got;

	read_text(host, bdf, "power_state", state, sizeof(state));
	sysfs_path(host, path, "bus/pci/devices/%s/config", bdf);
	got = sysfs_read_at(host, path, 0, &ids, sizeof(ids));
	if (got < (int)sizeof(ids))
		probe_add(probe, "config", VFA_PROBE_UNKNOWN, "%s cannot be read", path);
	else if (ids == UINT32_MAX && !strcmp(state, "D3cold"))
		probe_add(probe, "config", VFA_PROBE_OK,
			  "%s is without power (D3cold); opening it turns it on", bdf);
	else if (ids == UINT32_MAX && !is_virtual(host, bdf))
		probe_add(probe, "config", VFA_PROBE_FAILURE,
			  "%s does not answer: its config space reads as all ones\n"
			  "it has been unplugged, or hangs; remove it and look for it again:\n"
			  "  echo 1 > %s/bus/pci/devices/%s/remove\n"
			  "  echo 1 > %s/bus/pci/rescan",
			  bdf, host->sysfs, bdf, host->sysfs);
	else
		probe_add(probe, "config", VFA_PROBE_OK, "%s answers%s%s", bdf,
			  *state ? ", in power state " : "", state);
}

static void tell_driver(struct vfa_probe *probe, const struct vfa_host *host,
			const struct pci_function *function)
{
	if (pci_is_vfio_bound(function))
		probe_add(probe, "driver", VFA_PROBE_OK, "%s is bound to %s", function->bdf,
			  function->driver);
	else if (refuse_unready(host, VFA_BACKEND_AUTO, function))
		probe_add_error(probe, "driver", VFA_PROBE_WARNING);
}

static void tell_use(struct vfa_probe *probe, const struct vfa_host *host,
		     const struct pci_function *function)
{
	struct vfa_group_member member = { .name = function->bdf };
	char use[MEMBER_USE];
	int err;

	err = member_use(host, &member, use);
	if (err)
		probe_add(probe, "use", VFA_PROBE_UNKNOWN, "what uses %s cannot be looked for: %s",
			  function->bdf, strerrordesc_np(-err));
	else if (*use)
		probe_add(probe, "use", VFA_PROBE_WARNING,
			  "%s is in use: %s\nend that first: umount, swapoff, ip link set down",
			  function->bdf, use);
	else
		probe_add(probe, "use", VFA_PROBE_OK, "nothing is seen that uses %s",
			  function->bdf);
}

static void tell_viability(struct vfa_probe *probe, const struct vfa_host *host, uint32_t group)
{
	struct vfa_viability *viability;

	if (vfa_viability_new((struct vfa_host *)host, group, &viability)) {
		probe_add_error(probe, "group", VFA_PROBE_UNKNOWN);
		return;
	}
	probe_add(probe, "group",
		  vfa_viability_is_viable(viability) ? VFA_PROBE_OK : VFA_PROBE_FAILURE, "%s%s%s",
		  vfa_viability_message(viability), *vfa_viability_hint(viability) ? "\n" : "",
		  vfa_viability_hint(viability));
	vfa_viability_free(viability);
}

/* Firmware's identity map, in whose place no user's mappings can be. */
static void tell_firmware(struct vfa_probe *probe, const struct vfa_host *host, uint32_t group)
{
	struct vfa_reserved_region *regions = NULL;
	int count = reserved_read(host, group, &regions);
	const struct vfa_reserved_region *direct = NULL;

	for (int i = 0; i < count && !direct; i++) {
		if (regions[i].type == VFA_RESERVED_DIRECT)
			direct = &regions[i];
	}
	if (direct)
		probe_add(probe, "firmware", VFA_PROBE_FAILURE,
			  "firmware wants 0x%" PRIx64 "-0x%" PRIx64
			  " mapped one to one for the group (RMRR or IVMD)\n"
			  "look for a firmware setting that releases the device",
			  direct->range.start, direct->range.last);
	else if (count < 0)
		probe_add(probe, "firmware", VFA_PROBE_UNKNOWN,
			  "what firmware wants mapped cannot be read: %s", strerrordesc_np(-count));
	else
		probe_add(probe, "firmware", VFA_PROBE_OK, "firmware keeps no memory mapped");
	free(regions);
}

static void tell_group(struct vfa_probe *probe, const struct vfa_host *host,
		       const struct pci_function *function)
{
	struct pci_function again;

	if (function->group < 0) {
		pci_require(host, function->bdf, &again);
		probe_add_error(probe, "group", VFA_PROBE_FAILURE);
		return;
	}
	tell_viability(probe, host, function->group);
	if (function->noiommu)
		return;
	tell_firmware(probe, host, function->group);
	probe_isolation(probe, host, function->bdf);
}

static void tell_reset(struct vfa_probe *probe, const struct vfa_host *host, const char *bdf)
{
	char path[SYSFS_PATH], methods[64];

	read_text(host, bdf, "reset_method", methods, sizeof(methods));
	sysfs_path(host, path, "bus/pci/devices/%s/reset", bdf);
	if (*methods)
		probe_add(probe, "reset", VFA_PROBE_OK, "%s can be reset alone: %s", bdf, methods);
	else if (sysfs_exists(host, path))
		probe_add(probe, "reset", VFA_PROBE_OK, "%s can be reset alone", bdf);
	else
		probe_add(probe, "reset", VFA_PROBE_WARNING,
			  "the kernel knows no way to reset %s alone: its state passes from one "
			  "user to the next\n"
			  "reset it by means of its own, or do not share it among those who "
			  "distrust each other",
			  bdf);
}

void probe_device(struct vfa_probe *probe, const struct vfa_host *host,
		  const struct pci_function *function)
{
	tell_config(probe, host, function->bdf);
	tell_driver(probe, host, function);
	tell_use(probe, host, function);
	tell_group(probe, host, function);
	if (pci_is_vfio_bound(function))
		probe_nodes(probe, host, function->bdf);
	tell_reset(probe, host, function->bdf);
}
