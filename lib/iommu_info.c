/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "iommu_info.h"

#include <errno.h>
#include <stdio.h>

#include "base/api.h"
#include "base/error.h"
#include "base/options.h"
#include "uapi/iommufd.h"
#include "uapi/vfio_cdev.h"

#define LEAST_INFO OPTIONS_UP_TO(struct vfa_iommu_info, reserved)

/* Past all of them: they have 20 bits at most. */
#define NO_PASID (1u << 20)

#define SAME(ours, theirs) _Static_assert((unsigned int)(ours) == (theirs), "as the kernel's")

SAME(VFA_IOMMU_NONE, UAPI_IOMMU_HW_INFO_TYPE_NONE);
SAME(VFA_IOMMU_INTEL_VTD, UAPI_IOMMU_HW_INFO_TYPE_INTEL_VTD);
SAME(VFA_IOMMU_ARM_SMMUV3, UAPI_IOMMU_HW_INFO_TYPE_ARM_SMMUV3);
SAME(VFA_IOMMU_TEGRA241_CMDQV, UAPI_IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV);
SAME(VFA_IOMMU_AMD, UAPI_IOMMU_HW_INFO_TYPE_AMD);
SAME(VFA_IOMMU_DIRTY_TRACKING, UAPI_IOMMU_HW_CAP_DIRTY_TRACKING);
SAME(VFA_IOMMU_PASID_EXEC, UAPI_IOMMU_HW_CAP_PCI_PASID_EXEC);
SAME(VFA_IOMMU_PASID_PRIV, UAPI_IOMMU_HW_CAP_PCI_PASID_PRIV);
SAME(VFA_IOMMU_NO_ATS, UAPI_IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED);
SAME(sizeof(struct vfa_iommu_vtd), sizeof(struct uapi_iommu_hw_info_vtd));
SAME(sizeof(struct vfa_iommu_smmuv3), sizeof(struct uapi_iommu_hw_info_arm_smmuv3));
SAME(sizeof(struct vfa_iommu_cmdqv), sizeof(struct uapi_iommu_hw_info_tegra241_cmdqv));
SAME(sizeof(struct vfa_iommu_amd), sizeof(struct uapi_iommu_hw_info_amd));

static const char *const type_names[] = {
	[VFA_IOMMU_NONE] = "none",
	[VFA_IOMMU_INTEL_VTD] = "Intel VT-d",
	[VFA_IOMMU_ARM_SMMUV3] = "Arm SMMUv3",
	[VFA_IOMMU_TEGRA241_CMDQV] = "NVIDIA Tegra241 CMDQV",
	[VFA_IOMMU_AMD] = "AMD-Vi",
	[VFA_IOMMU_OTHER] = "other",
};

VFA_API const char *vfa_iommu_type_name(enum vfa_iommu_type type)
{
	size_t count = sizeof(type_names) / sizeof(type_names[0]);

	return (unsigned int)type < count ? type_names[type] : "unknown";
}

VFA_API const char *vfa_iommu_capability_name(uint64_t capability)
{
	switch (capability) {
	case VFA_IOMMU_DIRTY_TRACKING:
		return "dirty-tracking";
	case VFA_IOMMU_PASID_EXEC:
		return "pasid-exec";
	case VFA_IOMMU_PASID_PRIV:
		return "pasid-priv";
	case VFA_IOMMU_NO_ATS:
		return "no-ats";
	default:
		return "unknown";
	}
}

static enum vfa_iommu_type type_of(uint32_t kernel_type)
{
	return kernel_type < VFA_IOMMU_OTHER ? kernel_type : VFA_IOMMU_OTHER;
}

/*
 * An older kernel leaves the width at 0 as well, but it knows no PASID either: it refuses
 * the flag, where others find that there is nothing to detach.
 */
static bool tells_pasids(struct vfa_device *device)
{
	struct uapi_vfio_detach_iommufd_pt detach = {
		.argsz = sizeof(detach),
		.flags = UAPI_VFIO_DEVICE_DETACH_PASID,
		.pasid = NO_PASID,
	};
	int err = device_ioctl(device, UAPI_VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach);

	return !err || err == -EOPNOTSUPP;
}

int iommu_info_read(struct vfa_device *device, struct vfa_iommu_info *ret)
{
	const struct vfa_container *container = device->container;
	struct vfa_iommu_info info = { .struct_size = sizeof(info) };
	struct uapi_iommu_hw_info request = {
		.size = sizeof(request),
		.dev_id = device->join.device_id,
		.data_len = sizeof(info.registers),
		.data_uptr = (uintptr_t)&info.registers,
	};
	char what[64];
	int err;

	snprintf(what, sizeof(what), "IOMMU of %s", device->bdf);
	err = container_require_iommufd(container, what);
	if (err)
		return err;
	err = sys_ioctl(device_syscalls(device), container->backend->fd, UAPI_IOMMU_GET_HW_INFO,
			&request);
	if (err < 0)
		return err == -ENOTTY ? error_old_kernel(what, "IOMMU_GET_HW_INFO", "6.6")
				      : error_kernel(err, "%s: IOMMU_GET_HW_INFO", what);
	info.type = type_of(request.out_data_type);
	info.kernel_type = request.out_data_type;
	info.pasid_bits = request.out_max_pasid_log2;
	info.is_pasid_told = info.pasid_bits || tells_pasids(device);
	info.data_size = request.data_len;
	info.capabilities = request.out_capabilities;
	*ret = info;
	return 0;
}

VFA_API int vfa_iommu_get_info(struct vfa_device *device, struct vfa_iommu_info *ret)
{
	struct vfa_iommu_info info;
	int err;

	if (!device || !ret)
		return error_null(device ? "ret" : "device");
	err = options_check_result("vfa_iommu_info", ret, LEAST_INFO);
	if (err)
		return err;
	container_lock(device->container);
	err = iommu_info_read(device, &info);
	container_unlock(device->container);
	if (!err)
		options_return(&info, sizeof(info), ret);
	return err;
}
