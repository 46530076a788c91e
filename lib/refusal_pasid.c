/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "refusal_pasid.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <stdio.h>

#include "backend/page_table.h"
#include "base/error.h"
#include "iommu_pasids.h"
#include "refusal_map.h"
#include "topology/function.h"

int refuse_other_iommufd(const struct pasid_request *request, const char *what)
{
	return error_set(EXDEV, VFA_CAUSE_OTHER_IOMMUFD,
			 "attach a PASID: the %s is of another iommufd than %s\n"
			 "open its container by vfa_container_open_beside, or both with one fd",
			 what, request->devices[0]->bdf);
}

/* VFIO hides the capability, and a virtual function has that of its physical one. */
static enum vfa_answer has_capability(const struct vfa_device *device)
{
	const struct vfa_host *host = device->container->host;
	struct function_config config;
	char physical[BDF_SIZE];
	int found;

	found = function_physical(host, device->bdf, physical);
	function_config_open(host, found > 0 ? physical : device->bdf, &config);
	found = capability_find_extended(&config.space, PCI_EXT_CAP_ID_PASID);
	function_config_close(&config);
	return found < 0 ? VFA_UNKNOWN : found ? VFA_YES : VFA_NO;
}

/* By its registers, where the kernel tells them; all zero where it does not. */
static enum vfa_answer iommu_has_pasids(const struct vfa_iommu_info *info)
{
	switch (info->type) {
	case VFA_IOMMU_INTEL_VTD:
		return iommu_pasids_vtd(info->registers.vtd.ecap).answer;
	case VFA_IOMMU_ARM_SMMUV3:
		return iommu_pasids_smmuv3(info->registers.smmuv3.idr[1]).answer;
	case VFA_IOMMU_AMD:
		return iommu_pasids_amd(info->registers.amd.efr).answer;
	default:
		return VFA_UNKNOWN;
	}
}

static const char *tell_iommu(enum vfa_answer answer)
{
	return answer == VFA_NO ? "its IOMMU has no PASIDs"
				: "its IOMMU has none that the kernel uses";
}

static int refuse_device(const char *bdf, enum vfa_answer iommu)
{
	return error_set(EOPNOTSUPP, VFA_CAUSE_NO_PASID,
			 "%s has no PASID capability (extended id 0x%x)%s\n"
			 "it takes another device%s; vfa info %s lists what this one has",
			 bdf, PCI_EXT_CAP_ID_PASID,
			 iommu == VFA_NO ? ", and its IOMMU has no PASIDs" : "",
			 iommu == VFA_NO ? " and another machine" : "", bdf);
}

static const char *hint_of_iommu(enum vfa_iommu_type type)
{
	switch (type) {
	case VFA_IOMMU_INTEL_VTD:
		return "turn scalable mode on if the machine has it: intel_iommu=on,sm_on on the "
		       "kernel command line, and in firmware";
	case VFA_IOMMU_AMD:
		return "AMD-Vi takes guest translation and page requests, and PASIDs of two bits "
		       "or more, of a machine";
	case VFA_IOMMU_ARM_SMMUV3:
		return "an SMMUv3 takes substream ids (SSIDSIZE), of a machine";
	default:
		return "that is up to the kernel and the machine";
	}
}

int refuse_no_pasids(const struct vfa_device *device, const struct vfa_iommu_info *info)
{
	enum vfa_answer iommu = iommu_has_pasids(info);
	enum vfa_answer capable = has_capability(device);

	if (capable == VFA_NO)
		return refuse_device(device->bdf, iommu);
	if (capable == VFA_UNKNOWN)
		return error_set(EOPNOTSUPP, VFA_CAUSE_NO_PASID,
				 "%s has no PASIDs: %s, or the device none; the kernel does not "
				 "show which\n"
				 "look as root for its PASID capability: vfa info %s",
				 device->bdf, tell_iommu(iommu), device->bdf);
	if (iommu == VFA_YES)
		return error_set(EOPNOTSUPP, VFA_CAUSE_NO_PASID,
				 "%s and its IOMMU have PASIDs, but the kernel has not turned "
				 "them on\n"
				 "it does where all ports above redirect requests (ACS)%s; vfa "
				 "pasid %s looks for one that does not",
				 device->bdf,
				 info->type == VFA_IOMMU_INTEL_VTD
					 ? ", and the IOMMU is in scalable mode: "
					   "intel_iommu=on,sm_on"
					 : "",
				 device->bdf);
	return error_set(EOPNOTSUPP, VFA_CAUSE_NO_PASID,
			 "%s has the PASID capability, but %s\n%s; see vfa pasid %s", device->bdf,
			 tell_iommu(iommu), hint_of_iommu(info->type), device->bdf);
}

int refuse_pasid_number(const struct vfa_device *device, uint32_t pasid, unsigned int bits)
{
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
			 "%s: %" PRIu32 " is none of its PASIDs, which are 1 to %u: %s\n"
			 "give one of them, or have one chosen without VFA_PASID_FIXED",
			 device->bdf, pasid, (1u << bits) - 1,
			 pasid ? "device and IOMMU have no more bits"
			       : "0 stands for requests without one");
}

static int refuse_use(const struct pasid *user, const char *hint)
{
	uint32_t ioas = 0;

	(void)iommufd_ioas(user->space->backend, &ioas);
	return error_set(EBUSY, VFA_CAUSE_PASID_IN_USE,
			 "PASID %" PRIu32 " of %s, group %u, leads to IOAS %" PRIu32 "\n%s",
			 user->number, user->devices[0]->bdf, vfa_group_number(user->group), ioas,
			 hint);
}

int refuse_used_pasid(const struct pasid *user)
{
	return refuse_use(user, "give another, or detach it first; vfa_pasid_list tells which are "
				"in use");
}

int refuse_other_pasid(const struct pasid *pasid, uint32_t wanted)
{
	char hint[96];

	snprintf(hint, sizeof(hint), "use that, or detach it before %" PRIu32 " is to lead there",
		 wanted);
	return refuse_use(pasid, hint);
}

int refuse_other_queue(const struct pasid *pasid)
{
	return refuse_use(pasid, "detach it to attach it with another fault queue");
}

int refuse_no_free_pasid(const struct vfa_device *device, unsigned int bits)
{
	return error_set(EBUSY, VFA_CAUSE_PASID_IN_USE,
			 "%s: all its PASIDs are in use, 1 to %u\n"
			 "detach one",
			 device->bdf, (1u << bits) - 1);
}

/* What a new page table for the device could have in it. */
static int read_alone(const struct vfa_container *container, const struct vfa_device *device,
		      struct iova_limits *ret)
{
	struct backend *alone;
	uint32_t table;
	int err = iommufd_open(container->host, container->backend->fd, &alone);

	if (err)
		return err;
	err = page_table_alloc(alone, device->join.device_id, 0, &table);
	if (!err) {
		err = alone->ops->read_limits(alone, ret);
		(void)page_table_destroy(alone, table);
	}
	backend_close(alone);
	return err;
}

static int refuse_conflict(const struct vfa_container *container, const struct vfa_device *device)
{
	struct iova_limits limits = { .alignment = 0 };
	const struct iova_span *span = NULL;
	char ranges[256];
	int err;

	if (!read_alone(container, device, &limits))
		span = iova_space_stranger(&container->space, &limits.allowed);
	range_list_print(&limits.allowed, ranges, sizeof(ranges));
	if (span)
		err = error_set(EADDRINUSE, VFA_CAUSE_JOIN_CONFLICT,
				"attach a PASID of %s: mapping 0x%" PRIx64 "-0x%" PRIx64
				" is outside what a page table for PASIDs reaches, which is %s\n"
				"unmap it, attach, and map it elsewhere",
				device->bdf, span->range.start, span->range.last, ranges);
	else
		err = error_set(EADDRINUSE, VFA_CAUSE_JOIN_CONFLICT,
				"attach a PASID of %s: a mapping is where a page table for "
				"PASIDs does not reach\n"
				"unmap what is mapped, attach, and map it again",
				device->bdf);
	iova_limits_clear(&limits);
	return err;
}

int refuse_table(struct vfa_container *container, const struct vfa_device *device, int err)
{
	if (err == -EADDRINUSE)
		return refuse_conflict(container, device);
	if (err == -ENOMEM && !container_is_reached(container) &&
	    container->mapped_bytes > container->device_bytes)
		return refuse_memory(container, device->bdf,
				     container->mapped_bytes - container->device_bytes);
	if (err == -EOPNOTSUPP)
		return error_set(EOPNOTSUPP, VFA_CAUSE_NO_PASID,
				 "%s: the driver of its IOMMU makes no page table for PASIDs\n"
				 "that is up to the kernel and the machine",
				 device->bdf);
	return error_kernel(err, "%s: IOMMU_HWPT_ALLOC", device->bdf);
}

int refuse_own_table(const struct vfa_device *device, int err)
{
	if (err == -EBUSY)
		return error_set(EBUSY, VFA_CAUSE_IN_USE,
				 "%s: the page table of group %d cannot be replaced now: a device "
				 "of the group is being reset\n"
				 "attach again when the reset is over",
				 device->bdf, device->join.group);
	return error_kernel(err, "%s: VFIO_DEVICE_ATTACH_IOMMUFD_PT", device->bdf);
}

/* The kernel asks device and IOMMU driver in turn, and each says it in its own way. */
static bool lacks_faults(const struct pasid *pasid, int err)
{
	return pasid->faults && (err == -ENODEV || err == -EINVAL || err == -EOPNOTSUPP);
}

int refuse_pasid_attach(const struct pasid *pasid, const struct vfa_device *device, int err)
{
	if (lacks_faults(pasid, err))
		return error_set(EOPNOTSUPP, VFA_CAUSE_NO_FEATURE,
				 "%s: no page faults with a queue: that takes ATS and PRI turned "
				 "on, no virtual function, and an IOMMU driver that reports them\n"
				 "attach it without a fault queue; vfa pasid %s tells which it has",
				 device->bdf, device->bdf);
	if (err == -EOPNOTSUPP)
		return error_set(EOPNOTSUPP, VFA_CAUSE_NO_PASID,
				 "%s: its driver, or that of its IOMMU, attaches nothing by PASID\n"
				 "vfio-pci does; the IOMMU is up to the kernel and the machine",
				 device->bdf);
	if (err == -EBUSY)
		return error_set(EBUSY, VFA_CAUSE_PASID_IN_USE,
				 "%s: PASID %" PRIu32 " of group %u cannot be attached now: a "
				 "device of the group is being reset, or somebody else uses the "
				 "number\n"
				 "attach again when the reset is over, or give another with "
				 "VFA_PASID_FIXED",
				 device->bdf, pasid->number, vfa_group_number(pasid->group));
	return error_kernel(err, "%s: VFIO_DEVICE_ATTACH_IOMMUFD_PT of PASID %" PRIu32, device->bdf,
			    pasid->number);
}
