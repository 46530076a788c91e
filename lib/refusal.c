/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "refusal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vfa/group.h>

#include "base/error.h"
#include "base/node.h"
#include "topology/owner.h"
#include "topology/reserved.h"

static int refuse_unbound(const struct vfa_host *host, const struct pci_function *function)
{
	if (function->driver[0])
		return error_set(ENOENT, VFA_CAUSE_NOT_BOUND,
				 "%2$s is bound to %3$s, not to a VFIO driver\n"
				 "bind it to vfio-pci, if nothing uses it:\n"
				 "  modprobe vfio-pci\n"
				 "  echo vfio-pci > %1$s/bus/pci/devices/%2$s/driver_override\n"
				 "  echo %2$s > %1$s/bus/pci/devices/%2$s/driver/unbind\n"
				 "  echo %2$s > %1$s/bus/pci/drivers_probe",
				 host->sysfs, function->bdf, function->driver);
	return error_set(ENOENT, VFA_CAUSE_NOT_BOUND,
			 "%2$s is bound to no driver\n"
			 "bind it to vfio-pci:\n"
			 "  modprobe vfio-pci\n"
			 "  echo vfio-pci > %1$s/bus/pci/devices/%2$s/driver_override\n"
			 "  echo %2$s > %1$s/bus/pci/drivers_probe",
			 host->sysfs, function->bdf);
}

static int refuse_no_device_node(const struct vfa_host *host, const struct pci_function *function)
{
	return error_set(ENOENT, VFA_CAUSE_NO_DEVICE_NODE,
			 "%s has no device node: %s/bus/pci/devices/%s/vfio-dev/%s has no dev file\n"
			 "iommufd needs Linux 6.6 with CONFIG_VFIO_DEVICE_CDEV; "
			 "the type1 backend works without",
			 function->bdf, host->sysfs, function->bdf,
			 function->vfio_node[0] ? function->vfio_node : "vfioN");
}

static int refuse_noiommu(enum vfa_backend wanted, const struct pci_function *function)
{
	if (wanted == VFA_BACKEND_NOIOMMU)
		return error_set(ENOENT, VFA_CAUSE_NOIOMMU,
				 "%s has an IOMMU: its group %d is not a noiommu group\n"
				 "open the container as type1, iommufd or auto",
				 function->bdf, function->group);
	return error_set(ENOENT, VFA_CAUSE_NO_IOMMU,
			 "%s is in noiommu group %d: no IOMMU translates its DMA\n"
			 "turn the IOMMU on, or open a container as noiommu: the device can then read "
			 "and write all memory",
			 function->bdf, function->group);
}

int refuse_unready(const struct vfa_host *host, enum vfa_backend wanted,
		   const struct pci_function *function)
{
	if (!pci_is_vfio_bound(function))
		return refuse_unbound(host, function);
	if (function->noiommu != (wanted == VFA_BACKEND_NOIOMMU))
		return refuse_noiommu(wanted, function);
	if (wanted == VFA_BACKEND_IOMMUFD && !function->has_node)
		return refuse_no_device_node(host, function);
	return 0;
}

int refuse_collision(const char *bdf, const struct vfa_iova_range *mapping,
		     const struct vfa_reserved_region *region)
{
	return error_set(EADDRINUSE, VFA_CAUSE_JOIN_CONFLICT,
			 "%s cannot join: mapping 0x%" PRIx64 "-0x%" PRIx64
			 " overlaps reserved region 0x%" PRIx64 "-0x%" PRIx64 " (%s) of group %u\n"
			 "unmap it, let the device join, and map it elsewhere",
			 bdf, mapping->start, mapping->last, region->range.start,
			 region->range.last, vfa_reserved_type_name(region->type), region->group);
}

/* The members that keep the kernel from giving the group away. */
static int refuse_blocked(const struct vfa_host *host, const struct vfa_group *group,
			  const char *bdf)
{
	char blockers[512] = "", commands[1024] = "";
	size_t used = 0, typed = 0;

	for (size_t i = 0; i < vfa_group_count_members(group); i++) {
		const struct vfa_group_member *member = vfa_group_get_member(group, i);

		if (member->role != VFA_MEMBER_KERNEL || used >= sizeof(blockers) ||
		    typed >= sizeof(commands))
			continue;
		used += snprintf(blockers + used, sizeof(blockers) - used, "%s%s is bound to %s",
				 used ? ", " : "", member->name, member->driver);
		typed += snprintf(commands + typed, sizeof(commands) - typed,
				  "\n  echo %s > %s/bus/pci/devices/%s/driver/unbind",
				  member->name, host->sysfs, member->name);
	}
	if (!used)
		return 0;
	return error_set(EBUSY, VFA_CAUSE_NOT_VIABLE,
			 "%s cannot be used: group %u is not viable: %s\n"
			 "members on pcieport, pci-stub or no driver do not block; take off the others, "
			 "if nothing uses them:%s",
			 bdf, vfa_group_number(group), blockers, commands);
}

/* The group's node and its members' device nodes exclude each other. */
static bool find_owner(const struct vfa_host *host, const struct vfa_group *group,
		       char path[SYSFS_PATH], struct owner *ret)
{
	node_path(host, path, "vfio/%u", vfa_group_number(group));
	if (owner_find(host, path, ret))
		return true;
	for (size_t i = 0; i < vfa_group_count_members(group); i++) {
		const struct vfa_group_member *member = vfa_group_get_member(group, i);
		struct pci_function function;
		char bdf[BDF_SIZE];

		if (member->role != VFA_MEMBER_VFIO)
			continue;
		snprintf(bdf, sizeof(bdf), "%s", member->name);
		pci_read(host, bdf, &function);
		if (!function.vfio_node[0])
			continue;
		node_path(host, path, "vfio/devices/%s", function.vfio_node);
		if (owner_find(host, path, ret))
			return true;
	}
	return false;
}

/* Whether the node that is held is the device's own. */
static bool is_own_node(const struct vfa_host *host, const struct pci_function *function,
			const char *path)
{
	char own[SYSFS_PATH];

	node_path(host, own, "vfio/devices/%s", function->vfio_node);
	return !strcmp(path, own);
}

static int refuse_owned(const struct vfa_host *host, const struct vfa_group *group,
			enum vfa_backend backend, const struct pci_function *function)
{
	enum vfa_cause cause =
		backend == VFA_BACKEND_IOMMUFD ? VFA_CAUSE_DEVICE_BUSY : VFA_CAUSE_GROUP_BUSY;
	char path[SYSFS_PATH];
	struct owner owner;

	if (find_owner(host, group, path, &owner)) {
		cause = is_own_node(host, function, path) ? VFA_CAUSE_DEVICE_BUSY :
							    VFA_CAUSE_GROUP_BUSY;
		return error_set(EBUSY, cause,
				 "%s is busy: %s is held by process %d (%s)\n"
				 "a group belongs to one address space owner at a time: wait for that "
				 "process, or use the device through it",
				 function->bdf, path, (int)owner.pid, owner.command);
	}
	return error_set(EBUSY, cause,
			 "%s is busy: group %u or its device is open in a process that cannot be seen "
			 "from here\n"
			 "as root, fuser -v %s/vfio/%u %s/vfio/devices/* names it; a device that was "
			 "just closed may still be on its way out",
			 function->bdf, vfa_group_number(group), host->dev,
			 vfa_group_number(group), host->dev);
}

/* The kernel decided; the members only tell why. */
static int refuse_busy(const struct vfa_host *host, enum vfa_backend backend,
		       const struct pci_function *function)
{
	struct vfa_group *group;
	int err;

	if (function->group < 0 ||
	    vfa_group_new((struct vfa_host *)host, function->group, &group))
		return error_set(EBUSY, VFA_CAUSE_GROUP_BUSY,
				 "%s is busy: its group is in use, and sysfs does not tell by whom\n"
				 "make sysfs visible to this process to learn more",
				 function->bdf);
	err = refuse_blocked(host, group, function->bdf);
	if (!err)
		err = refuse_owned(host, group, backend, function);
	vfa_group_free(group);
	return err;
}

static int refuse_interrupts(enum vfa_backend backend, const struct pci_function *function)
{
	return error_set(EPERM, VFA_CAUSE_UNSAFE_INTERRUPTS,
			 "%s cannot be used safely: this machine does not remap interrupts, so a "
			 "device could forge any interrupt by DMA\n"
			 "turn interrupt remapping on in firmware; %s=1 on the kernel command line "
			 "goes without, and lets whoever has the device disturb or take over this "
			 "machine",
			 function->bdf,
			 backend == VFA_BACKEND_IOMMUFD ? "iommufd.allow_unsafe_interrupts"
							: "vfio_iommu_type1.allow_unsafe_interrupts");
}

static bool find_direct(const struct vfa_host *host, int group, struct vfa_reserved_region *ret)
{
	struct vfa_reserved_region *regions = NULL;
	int count = group < 0 ? 0 : reserved_read(host, group, &regions);
	bool found = false;

	for (int i = 0; i < count && !found; i++) {
		found = regions[i].type == VFA_RESERVED_DIRECT;
		if (found)
			*ret = regions[i];
	}
	if (count > 0)
		free(regions);
	return found;
}

/*
 * EPERM has two reasons: interrupts, or that somebody else owns the group's DMA.
 * The second can be seen.
 */
static int refuse_unpermitted(const struct vfa_host *host, enum vfa_backend backend,
			      const struct pci_function *function)
{
	char path[SYSFS_PATH];
	struct vfa_group *group;
	struct owner owner;
	int err;

	if (function->group < 0 ||
	    vfa_group_new((struct vfa_host *)host, function->group, &group))
		return refuse_interrupts(backend, function);
	err = refuse_blocked(host, group, function->bdf);
	if (!err && find_owner(host, group, path, &owner))
		err = refuse_owned(host, group, backend, function);
	vfa_group_free(group);
	return err ? err : refuse_interrupts(backend, function);
}

/* What an IOMMU driver says when it does not want the device in a user's address space. */
static int refuse_attach(const struct vfa_host *host, const struct pci_function *function,
			 const char *call, size_t live_mappings, int err)
{
	struct vfa_reserved_region direct;

	if ((err == -EINVAL || err == -EPERM) && find_direct(host, function->group, &direct))
		return error_set(EINVAL, VFA_CAUSE_FIRMWARE_MAP,
				 "%s cannot be assigned: firmware wants 0x%" PRIx64 "-0x%" PRIx64
				 " mapped one to one for it (RMRR or IVMD)\n"
				 "look for a firmware setting that releases the device; no setting of "
				 "this library does",
				 function->bdf, direct.range.start, direct.range.last);
	/* EADDRINUSE from iommufd; from type1, which has one errno for all, EINVAL. */
	if (err == -EADDRINUSE || (err == -EINVAL && live_mappings))
		return error_set(EADDRINUSE, VFA_CAUSE_JOIN_CONFLICT,
				 "%s cannot join: a live mapping is where it has a reserved region or "
				 "its IOMMU does not reach\n"
				 "unmap what lies in its reserved_regions or above its aperture, let it "
				 "join, and map again",
				 function->bdf);
	return error_kernel(err, "%s: %s", function->bdf, call);
}

static int refuse_node(const struct pci_function *function, const struct join *join, int err)
{
	if (join->fd >= 0 && err != -EBADF)
		return error_kernel(err, "%s: duplicate fd %d", function->bdf, join->fd);
	if (join->fd >= 0)
		return error_set(err, VFA_CAUSE_BAD_FD,
				 "fd %d is not open\npass the open node of %s or of its group",
				 join->fd, function->bdf);
	if (err == -ENOENT || err == -ENODEV || err == -ENXIO)
		return error_set(ENOENT, VFA_CAUSE_NO_DEVICE_NODE,
				 "%s: there is no %s\n"
				 "make the node visible here: in a container, pass it in; else see whether "
				 "udev or devtmpfs runs",
				 function->bdf, join->node);
	return err; /* node_open() knew */
}

static int refuse_device(const struct pci_function *function, const struct join *join, int err)
{
	if (err == -ENODEV && join->fd >= 0)
		return error_set(ENODEV, VFA_CAUSE_BAD_FD,
				 "%s is not in the group whose node is fd %d\n"
				 "pass the node of its own group",
				 function->bdf, join->fd);
	if (err == -EACCES || (err == -EINVAL && join->vf_token))
		return error_set(err, VFA_CAUSE_VF_TOKEN,
				 "%s: the VF token is %s\n"
				 "%s",
				 function->bdf,
				 join->vf_token ? "wrong, or the device takes none" : "missing",
				 join->vf_token
					 ? "give the UUID that the owner of the physical function set, "
					   "and none for other devices"
					 : "its physical function is assigned too: give the UUID that its "
					   "owner set, as vf_token");
	return error_kernel(err, "%s: VFIO_GROUP_GET_DEVICE_FD", function->bdf);
}

static int refuse_bind(const struct vfa_host *host, const struct pci_function *function,
		       const struct join *join, int err)
{
	if (err == -EINVAL && join->vf_token)
		return error_set(EOPNOTSUPP, VFA_CAUSE_VF_TOKEN,
				 "%s: the VF token was not taken\n"
				 "tokens on iommufd need Linux 6.18, a token of the form "
				 "00112233-4455-6677-8899-aabbccddeeff, and a virtual function",
				 function->bdf);
	if (err == -EACCES)
		return refuse_device(function, join, err);
	if (err == -EPERM)
		return refuse_unpermitted(host, VFA_BACKEND_IOMMUFD, function);
	/* EINVAL is what the kernel has for a second opener of a device node. */
	if (err == -EBUSY || err == -EINVAL)
		return refuse_busy(host, VFA_BACKEND_IOMMUFD, function);
	return error_kernel(err, "%s: VFIO_DEVICE_BIND_IOMMUFD", function->bdf);
}

int refuse_join(const struct vfa_host *host, enum vfa_backend backend,
		const struct pci_function *function, const struct join *join,
		size_t live_mappings, int err)
{
	if (err == -ENOMEM)
		return error_memory();
	if (join->fd >= 0 && (err == -ENOTTY || join->step == JOIN_GET_STATUS))
		return error_set(ENOTTY, VFA_CAUSE_BAD_FD,
				 "fd %d is not a VFIO node of the kind that %s needs\n"
				 "pass an open %s",
				 join->fd, vfa_backend_name(backend),
				 backend == VFA_BACKEND_IOMMUFD ? "/dev/vfio/devices/vfioN"
								: "/dev/vfio/GROUP");
	if (err == -EBUSY && join->step != JOIN_GET_DEVICE)
		return refuse_busy(host, backend, function);

	switch (join->step) {
	case JOIN_OPEN_NODE:
		return refuse_node(function, join, err);
	case JOIN_GET_STATUS:
		return error_kernel(err, "%s: VFIO_GROUP_GET_STATUS", function->bdf);
	case JOIN_VIABLE:
		break; /* EBUSY only */
	case JOIN_SET_CONTAINER:
	case JOIN_SET_IOMMU:
		if (err == -EPERM)
			return refuse_unpermitted(host, backend, function);
		return refuse_attach(host, function,
				     join->step == JOIN_SET_IOMMU ? "VFIO_SET_IOMMU"
								  : "VFIO_GROUP_SET_CONTAINER",
				     live_mappings, err);
	case JOIN_GET_DEVICE:
		return refuse_device(function, join, err);
	case JOIN_BIND:
		return refuse_bind(host, function, join, err);
	case JOIN_ATTACH:
		return refuse_attach(host, function, "VFIO_DEVICE_ATTACH_IOMMUFD_PT",
				     live_mappings, err);
	}
	return error_kernel(err, "%s", function->bdf);
}
