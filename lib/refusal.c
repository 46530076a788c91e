/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "refusal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/sysfs.h"
#include "topology/reserved.h"

static int refuse_unbound(const struct vfa_host *host, const struct pci_function *function)
{
	if (pci_is_bridge(host, function->bdf))
		return error_set(ENOENT, VFA_CAUSE_NOT_BOUND,
				 "%s is a bridge, which no VFIO driver takes\n"
				 "open the devices behind it; it may stay on its driver",
				 function->bdf);
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
	return error_set(
		ENOENT, VFA_CAUSE_NO_DEVICE_NODE,
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
	return error_set(
		ENOENT, VFA_CAUSE_NO_IOMMU,
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

int refuse_unreachable(const char *bdf, const struct vfa_iova_range *mapping,
		       const struct range_list *allowed)
{
	char ranges[256];

	range_list_print(allowed, ranges, sizeof(ranges));
	return error_set(EADDRINUSE, VFA_CAUSE_JOIN_CONFLICT,
			 "%s cannot join: mapping 0x%" PRIx64 "-0x%" PRIx64
			 " is outside its IOMMU's aperture, which is %s\n"
			 "unmap it, let the device join, and map it elsewhere",
			 bdf, mapping->start, mapping->last, ranges);
}

/* On type1 the group was seen to be free before; on iommufd an owner can be out of sight. */
static int refuse_interrupts(const struct refused_join *refused)
{
	bool iommufd = refused->backend == VFA_BACKEND_IOMMUFD;

	return error_set(
		EPERM, VFA_CAUSE_UNSAFE_INTERRUPTS,
		"%s cannot be used safely: this machine does not remap interrupts, so a "
		"device could forge any interrupt by DMA\n"
		"turn interrupt remapping on in firmware; %s.allow_unsafe_interrupts=1 on the "
		"kernel command line goes without, and lets whoever has the device disturb or "
		"take over this machine%s",
		refused->function->bdf, iommufd ? "iommufd" : "vfio_iommu_type1",
		iommufd ? "\nor a process that this user cannot see has the group open: look "
			  "as root, fuser -v /dev/vfio/*"
			: "");
}

static int refuse_unprivileged(const struct refused_join *refused)
{
	return error_set(EPERM, VFA_CAUSE_DENIED,
			 "%s: this process may not use noiommu\n"
			 "give it CAP_SYS_RAWIO: the device can read and write all memory",
			 refused->function->bdf);
}

/* Interrupts, or that somebody else owns the group's DMA. The second can be seen. */
static int refuse_unpermitted(const struct refused_join *refused)
{
	int err;

	if (refused->backend == VFA_BACKEND_NOIOMMU)
		return refuse_unprivileged(refused);
	err = refuse_taken(refused);
	return err ? err : refuse_interrupts(refused);
}

/* Firmware's identity map, in whose place no user's mappings can be; 0 when there is none. */
static int refuse_direct(const struct refused_join *refused)
{
	struct vfa_reserved_region *regions = NULL;
	int group = refused->function->group;
	int count = group < 0 ? 0 : reserved_read(refused->host, group, &regions);
	int err = 0;

	for (int i = 0; i < count && !err; i++)
		if (regions[i].type == VFA_RESERVED_DIRECT)
			err = error_set(EINVAL, VFA_CAUSE_FIRMWARE_MAP,
					"%s cannot be assigned: firmware wants 0x%" PRIx64
					"-0x%" PRIx64 " mapped one to one for it (RMRR or IVMD)\n"
					"look for a firmware setting that releases the device; no "
					"setting of this library does",
					refused->function->bdf, regions[i].range.start,
					regions[i].range.last);
	free(regions);
	return err;
}

/* EADDRINUSE from iommufd; from type1, which has one errno for all, EINVAL. */
static bool is_conflict(const struct refused_join *refused, int err)
{
	return err == -EADDRINUSE ||
	       (err == -EINVAL && refused->live_mappings && refused->backend == VFA_BACKEND_TYPE1);
}

/* An address space that the device does not fit into. */
static int refuse_attach(const struct refused_join *refused, const char *call, int err)
{
	int known = err == -EINVAL || err == -EPERM ? refuse_direct(refused) : 0;

	/* The EINVAL of iommufd: a member of the group is in another IOAS of the same fd. */
	if (!known && err == -EINVAL && refused->backend == VFA_BACKEND_IOMMUFD)
		known = refuse_taken(refused);
	if (known)
		return known;
	if (err == -EPERM)
		return refuse_unpermitted(refused);
	if (err == -EFAULT && refused->live_mappings)
		return error_set(EFAULT, VFA_CAUSE_BAD_ADDRESS,
				 "%s cannot join: the memory of a mapping is gone, or has lost its "
				 "rights\n"
				 "unmap before memory is freed, or let mappings go with the last "
				 "device: vfa_container_keep_mappings",
				 refused->function->bdf);
	if (is_conflict(refused, err))
		return error_set(
			EADDRINUSE, VFA_CAUSE_JOIN_CONFLICT,
			"%s cannot join: a live mapping is where it has a reserved region or "
			"its IOMMU does not reach\n"
			"unmap what lies in its reserved_regions or above its aperture, let it "
			"join, and map again",
			refused->function->bdf);
	return error_kernel(err, "%s: %s", refused->function->bdf, call);
}

static int refuse_passed(const struct refused_join *refused)
{
	return error_set(ENOTTY, VFA_CAUSE_BAD_FD,
			 "fd %d is not an open node of %s that %s could use, or is in use already\n"
			 "pass a newly opened %s",
			 refused->join->fd, refused->function->bdf,
			 vfa_backend_name(refused->backend),
			 refused->backend == VFA_BACKEND_IOMMUFD ? "/dev/vfio/devices/vfioN"
								 : "/dev/vfio/GROUP");
}

static int refuse_node(const struct refused_join *refused, int err)
{
	const char *bdf = refused->function->bdf;
	int fd = refused->join->fd;

	if (err == -EBUSY)
		return refuse_busy(refused);
	if (fd >= 0 && err == -EBADF)
		return error_set(err, VFA_CAUSE_BAD_FD,
				 "fd %d is not open\npass the open node of %s or of its group", fd,
				 bdf);
	if (fd >= 0)
		return error_kernel(err, "%s: duplicate fd %d", bdf, fd);
	if (err == -ENOENT || err == -ENODEV || err == -ENXIO)
		return error_set(
			ENOENT, VFA_CAUSE_NO_DEVICE_NODE,
			"%s: there is no %s\n"
			"make the node visible here: in a container, pass it in; else see whether "
			"udev or devtmpfs runs",
			bdf, refused->join->node);
	return err; /* node_open() knew */
}

static int refuse_device(const struct refused_join *refused, int err)
{
	if (err == -ENODEV && refused->join->fd >= 0)
		return error_set(ENODEV, VFA_CAUSE_BAD_FD,
				 "%s is not in the group whose node is fd %d\n"
				 "pass the node of its own group",
				 refused->function->bdf, refused->join->fd);
	if (err == -EACCES || (err == -EINVAL && refused->join->vf_token))
		return refuse_token(refused, err);
	if (err == -EPERM && refused->backend == VFA_BACKEND_NOIOMMU)
		return refuse_unprivileged(refused);
	return error_kernel(err, "%s: VFIO_GROUP_GET_DEVICE_FD", refused->function->bdf);
}

/* EINVAL is also what the kernel has for the second opener of a device node. */
static int refuse_bind_argument(const struct refused_join *refused)
{
	int err = refuse_direct(refused);

	if (!err)
		err = refuse_taken(refused);
	if (err)
		return err;
	if (refused->join->vf_token)
		return refuse_token(refused, -EINVAL);
	return refused->join->fd < 0 ? refuse_busy(refused) : refuse_passed(refused);
}

static int refuse_bind(const struct refused_join *refused, int err)
{
	switch (err) {
	case -EINVAL:
		return refuse_bind_argument(refused);
	case -EBUSY:
		return refuse_busy(refused);
	case -EPERM:
		return refuse_unpermitted(refused);
	case -EACCES:
		return refuse_token(refused, err);
	default:
		return error_kernel(err, "%s: VFIO_DEVICE_BIND_IOMMUFD", refused->function->bdf);
	}
}

/* The first request made of a node shows whether it is one. */
static int refuse_status(const struct refused_join *refused, int err)
{
	if (refused->join->fd >= 0)
		return refuse_passed(refused);
	return error_kernel(err, "%s: VFIO_GROUP_GET_STATUS", refused->function->bdf);
}

static int refuse_container(const struct refused_join *refused, int err)
{
	if (err == -EBUSY)
		return refuse_busy(refused);
	return refuse_attach(refused, "VFIO_GROUP_SET_CONTAINER", err);
}

int refuse_join(const struct refused_join *refused, int err)
{
	if (err == -ENOMEM)
		return error_memory();
	if (err == -ENOTTY && refused->join->fd >= 0)
		return refuse_passed(refused);

	switch (refused->join->step) {
	case JOIN_OPEN_NODE:
		return refuse_node(refused, err);
	case JOIN_GET_STATUS:
		return refuse_status(refused, err);
	case JOIN_VIABLE:
		return refuse_busy(refused);
	case JOIN_SET_CONTAINER:
		return refuse_container(refused, err);
	case JOIN_SET_IOMMU:
		return refuse_attach(refused, "VFIO_SET_IOMMU", err);
	case JOIN_GET_DEVICE:
		return refuse_device(refused, err);
	case JOIN_BIND:
		return refuse_bind(refused, err);
	case JOIN_ATTACH:
		return refuse_attach(refused, "VFIO_DEVICE_ATTACH_IOMMUFD_PT", err);
	}
	return error_kernel(err, "%s", refused->function->bdf);
}
