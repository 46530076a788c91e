/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The IOMMU in front of a device: what its hardware can do, as iommufd tells.
 *
 * It belongs to the device: two devices of a container may be behind two IOMMUs, and one IOMMU
 * may do for one device what it does not for another, such as PASIDs. All functions may be
 * called from any thread.
 */

#ifndef VFA_IOMMU_H
#define VFA_IOMMU_H

#include <stdint.h>
#include <vfa/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum vfa_iommu_type - whose registers the kernel tells */
enum vfa_iommu_type {
	VFA_IOMMU_NONE = 0,       /* the IOMMU's driver tells nothing of its hardware */
	VFA_IOMMU_INTEL_VTD,      /* Intel VT-d */
	VFA_IOMMU_ARM_SMMUV3,     /* Arm SMMUv3 */
	VFA_IOMMU_TEGRA241_CMDQV, /* NVIDIA's extension of it */
	VFA_IOMMU_AMD,            /* AMD-Vi */
	VFA_IOMMU_OTHER,          /* one that this library does not know, see kernel_type */
};

/** enum vfa_iommu_capability - what it can do for the device, a bit each */
enum vfa_iommu_capability {
	VFA_IOMMU_DIRTY_TRACKING = 1 << 0, /* it notes which pages DMA has written */
	VFA_IOMMU_PASID_EXEC = 1 << 1,     /* requests with a PASID may ask to execute */
	VFA_IOMMU_PASID_PRIV = 1 << 2,     /* they may ask for privileged mode */
	VFA_IOMMU_NO_ATS = 1 << 3,         /* the device cannot use ATS; told after Linux 6.18 */
};

/**
 * struct vfa_iommu_vtd - registers of Intel VT-d
 * @flags: of the kernel: errata
 * @reserved: 0
 * @cap: Capability Register (VT-d specification, 11.4.2)
 * @ecap: Extended Capability Register (11.4.3)
 */
struct vfa_iommu_vtd {
	uint32_t flags;
	uint32_t reserved;
	uint64_t cap;
	uint64_t ecap;
};

/**
 * struct vfa_iommu_smmuv3 - registers of Arm SMMUv3, non-secure
 * @flags: of the kernel: errata
 * @reserved: 0
 * @idr: IDR0 to IDR5: features
 * @iidr: implementation
 * @aidr: architecture version
 */
struct vfa_iommu_smmuv3 {
	uint32_t flags;
	uint32_t reserved;
	uint32_t idr[6];
	uint32_t iidr;
	uint32_t aidr;
};

/**
 * struct vfa_iommu_cmdqv - command queues of NVIDIA Tegra241
 * @flags: of the kernel
 * @version: of the hardware
 * @log2_queues: how many virtual command queues there are, as a power of two
 * @log2_streams: how many stream ids are replaced, likewise
 * @reserved: 0
 */
struct vfa_iommu_cmdqv {
	uint32_t flags;
	uint8_t version;
	uint8_t log2_queues;
	uint8_t log2_streams;
	uint8_t reserved;
};

/**
 * struct vfa_iommu_amd - registers of AMD-Vi
 * @efr: Extended Feature Register (AMD IOMMU specification, MMIO offset 0x30)
 * @efr2: Extended Feature 2 Register (MMIO offset 0x1a0)
 */
struct vfa_iommu_amd {
	uint64_t efr;
	uint64_t efr2;
};

/** VFA_IOMMU_RAW - bytes of registers that struct vfa_iommu_info has room for */
#define VFA_IOMMU_RAW 128

/**
 * struct vfa_iommu_info - the IOMMU of a device
 * @struct_size: set by VFA_IOMMU_INFO_INIT
 * @type: which of the structs below is filled
 * @kernel_type: the kernel's number for it, IOMMU_HW_INFO_TYPE_*
 * @pasid_bits: width of PASIDs for this device: they go from 1 to 2 to the power of it, less
 *	one. 0: none, since the device, the bridges above it or the IOMMU cannot, or the
 *	kernel does not tell
 * @is_pasid_told: 1 when the kernel tells of PASIDs, which came with Linux 6.15; else 0
 * @data_size: bytes of registers that the kernel has, which may exceed VFA_IOMMU_RAW
 * @capabilities: enum vfa_iommu_capability, and bits of newer kernels
 * @registers: as they are in the hardware; what the kernel does not tell is 0
 * @reserved: 0, for what later releases tell
 *
 * The two bits of PASIDs mean nothing while @pasid_bits is 0. Not all of what a register says
 * can be used: the kernel may have it off.
 */
struct vfa_iommu_info {
	uint32_t struct_size;
	enum vfa_iommu_type type;
	uint32_t kernel_type;
	uint32_t pasid_bits;
	uint32_t is_pasid_told;
	uint32_t data_size;
	uint64_t capabilities;
	union {
		struct vfa_iommu_vtd vtd;
		struct vfa_iommu_smmuv3 smmuv3;
		struct vfa_iommu_cmdqv cmdqv;
		struct vfa_iommu_amd amd;
		uint8_t raw[VFA_IOMMU_RAW]; /* of VFA_IOMMU_OTHER too */
	} registers;
	uint64_t reserved[4];
};

#define VFA_IOMMU_INFO_INIT                                                                        \
	{                                                                                          \
		sizeof(struct vfa_iommu_info), VFA_IOMMU_NONE, 0, 0, 0, 0, 0, { { 0, 0, 0, 0 } },  \
		{                                                                                  \
			0, 0, 0, 0                                                                 \
		}                                                                                  \
	}

/**
 * vfa_iommu_get_info() - what the IOMMU in front of a device can do
 * @device: a device of an iommufd container
 * @ret: initialised by the caller, filled on success
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, or @ret is not initialised
 *	-EOPNOTSUPP: the container is not of iommufd (VFA_CAUSE_NOT_IOMMUFD) or noiommu
 *		(VFA_CAUSE_NOIOMMU), or the kernel is older than Linux 6.6
 *		(VFA_CAUSE_OLD_KERNEL)
 *	-EBUSY: the container was sent to another process (VFA_CAUSE_SENT)
 *	any other errno of the kernel
 *
 * Kernel: IOMMU_GET_HW_INFO, from Linux 6.6. Whether it tells of PASIDs is asked by
 * VFIO_DEVICE_DETACH_IOMMUFD_PT of a PASID that cannot be.
 */
int vfa_iommu_get_info(struct vfa_device *device, struct vfa_iommu_info *ret);

/**
 * vfa_iommu_type_name() - such as "Intel VT-d"
 * @type: any value; "unknown" for one this library does not know
 */
const char *vfa_iommu_type_name(enum vfa_iommu_type type);

/**
 * vfa_iommu_capability_name() - such as "dirty-tracking"
 * @capability: one bit of @capabilities; "unknown" for anything else
 */
const char *vfa_iommu_capability_name(uint64_t capability);

#ifdef __cplusplus
}
#endif

#endif
