/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Can DMA bypass the CPU caches?
 *
 * A PCI Express device may mark a transaction No Snoop. That breaks coherency only
 * if all three hold: the device issues such transactions, the IOMMU lets them
 * through, and the platform honours them. Each is answered with yes, no or unknown,
 * and with where the answer comes from; one verdict follows. vfa-coherency(7) tells
 * what a VMM makes of it.
 *
 * All functions may be called from any thread, but for what
 * vfa_coherency_is_enforced() says of shared fds.
 */

#ifndef VFA_COHERENCY_H
#define VFA_COHERENCY_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/answer.h>
#include <vfa/container.h>
#include <vfa/device.h>
#include <vfa/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * vfa_coherency_is_enforced() - whether the IOMMU makes all DMA snoop
 * @container: a container that a device is in, or a PASID leads to
 *
 * The answer covers all devices that are in the container now: ask again when
 * one joins or leaves. Once 0 on iommufd, it can stay 0 after the device that made
 * it so has left.
 *
 * Return: 1 when the IOMMU enforces snooping for every mapping, 0 when a device
 * can break coherency, or
 *	-EINVAL: @container is NULL
 *	-ENODEV: no device has joined yet (VFA_CAUSE_WRONG_ORDER)
 *	-EBUSY: the container was sent to another process (VFA_CAUSE_SENT)
 *	-EOPNOTSUPP: noiommu enforces nothing and knows nothing (VFA_CAUSE_NOIOMMU)
 *	any other errno of the kernel
 *
 * Kernel: VFIO_CHECK_EXTENSION of VFIO_DMA_CC_IOMMU, on iommufd for the IOAS
 * named by IOMMU_VFIO_IOAS. The fd's compatibility IOAS is put back afterwards;
 * containers made from one fd must not ask at the same time.
 */
int vfa_coherency_is_enforced(struct vfa_container *container);

/** enum vfa_coherency_verdict - what the three answers come to */
enum vfa_coherency_verdict {
	VFA_COHERENCY_COHERENT = 0,  /* one of them is no: DMA cannot bypass the caches */
	VFA_COHERENCY_MAY_BREAK = 1, /* none is no, but one or more are unknown */
	VFA_COHERENCY_CAN_BREAK = 2, /* all of them are yes */
};

/* Room for a sentence that tells where an answer comes from. */
#define VFA_COHERENCY_ORIGIN 192

/**
 * struct vfa_coherency - the three answers for a device, and the verdict
 * @struct_size: set by VFA_COHERENCY_INIT
 * @verdict: what the answers come to
 * @device: whether the device issues no-snoop transactions. Yes means that it is allowed
 *	to: whether it makes use of that, only its driver knows
 * @iommu: whether the IOMMU lets them through
 * @platform: whether the platform honours them; no interface tells, so that it is
 *	unknown so far
 * @device_origin: where @device comes from: the register, its bit and whose it is
 * @iommu_origin: where @iommu comes from
 * @platform_origin: where @platform comes from
 */
struct vfa_coherency {
	uint32_t struct_size;
	enum vfa_coherency_verdict verdict;
	enum vfa_answer device;
	enum vfa_answer iommu;
	enum vfa_answer platform;
	char device_origin[VFA_COHERENCY_ORIGIN];
	char iommu_origin[VFA_COHERENCY_ORIGIN];
	char platform_origin[VFA_COHERENCY_ORIGIN];
};

#define VFA_COHERENCY_INIT                                                                         \
	{                                                                                          \
		sizeof(struct vfa_coherency), VFA_COHERENCY_COHERENT, VFA_NO, VFA_NO, VFA_NO, "",  \
			"", ""                                                                     \
	}

/**
 * vfa_device_coherency() - the answers for a device in its container, now
 * @device: the device
 * @ret: initialised by the caller, filled on success
 *
 * A virtual function has the rule of its physical function, and a conventional one behind
 * a bridge that of the bridge: these are read through sysfs, which takes privilege. What
 * cannot be read is unknown, with the reason, and no failure. The answer changes with
 * Device Control, and as vfa_coherency_is_enforced() does.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, or @ret is not initialised
 *
 * Kernel: Device Control of the PCI Express capability, bit 11; physfn in sysfs; as for
 * vfa_coherency_is_enforced(). In a virtual machine all of it is what the hypervisor shows.
 */
int vfa_device_coherency(struct vfa_device *device, struct vfa_coherency *ret);

/**
 * vfa_coherency_read() - the answers for a device that is not open
 * @host: the machine, or NULL for this one
 * @bdf: its address such as "0000:00:04.0" or "00:04.0"
 * @ret: initialised by the caller, filled on success
 *
 * As vfa_device_coherency(), by sysfs only. What an IOMMU lets through shows in an address
 * space with the device in it, and is unknown here. Without privilege the kernel shows 64
 * bytes of config space, which do not tell: that is unknown too.
 *
 * Return: 0, or
 *	-EINVAL: @bdf or @ret is NULL, @ret is not initialised, or @bdf does not parse
 *		(VFA_CAUSE_BAD_BDF)
 *	-ENODEV: no such device (VFA_CAUSE_NO_DEVICE)
 *	-ENOMEM: no memory
 *
 * Kernel: /sys/bus/pci/devices/BDF/config, physfn and iommu_group.
 */
int vfa_coherency_read(struct vfa_host *host, const char *bdf, struct vfa_coherency *ret);

/**
 * vfa_coherency_judge() - what three answers come to
 * @device: whether the device issues no-snoop transactions
 * @iommu: whether the IOMMU lets them through
 * @platform: whether the platform honours them
 *
 * For programs that know more than the library, say of their platform.
 */
enum vfa_coherency_verdict vfa_coherency_judge(enum vfa_answer device, enum vfa_answer iommu,
					       enum vfa_answer platform);

/**
 * vfa_coherency_verdict_name() - "coherent", "may break" or "can break"
 * @verdict: any value; "unknown" for one this library does not know
 */
const char *vfa_coherency_verdict_name(enum vfa_coherency_verdict verdict);

/**
 * vfa_device_disable_no_snoop() - forbid a device no-snoop transactions
 * @device: the device
 *
 * Clears Enable No Snoop and reads it back. A device without the register, which
 * conventional PCI has not, is left as it is, with success; so is one where it is clear.
 * A reset by the kernel keeps the bit: it puts Device Control back. When the device is
 * closed the kernel puts back what was there when it was opened.
 *
 * Return: 0, or
 *	-EINVAL: @device is NULL
 *	-EOPNOTSUPP: a virtual function, whose physical function has the bit; or the device
 *		does not take the value (both VFA_CAUSE_NO_SNOOP_FIXED)
 *	-ENODEV: it reads as all ones (VFA_CAUSE_DEVICE_GONE)
 *	and the errors of vfa_config_read16() and vfa_config_write16()
 *
 * Kernel: Device Control of the PCI Express capability in VFIO's config region, bit 11.
 */
int vfa_device_disable_no_snoop(struct vfa_device *device);

/**
 * vfa_device_enable_no_snoop() - allow a device no-snoop transactions
 * @device: the device
 *
 * The way back, and for VMMs whose guest sets the bit.
 *
 * Return: as vfa_device_disable_no_snoop(), and
 *	-EOPNOTSUPP: the device has no such register (VFA_CAUSE_NO_SNOOP_FIXED)
 */
int vfa_device_enable_no_snoop(struct vfa_device *device);

/**
 * struct vfa_wbinvd - why a VMM has to honour WBINVD, or need not
 * @struct_size: set by VFA_WBINVD_INIT
 * @needed: what the three answers of all devices allow: VFA_NO when all are coherent,
 *	VFA_YES when one can break coherency, else VFA_UNKNOWN
 * @kernel: what KVM concludes by itself once these devices, or their groups, are added to
 *	its VFIO device. It looks at what the IOMMU enforces, and at nothing else.
 *	VFA_UNKNOWN when the IOMMU could not be asked, or when a device that is in a
 *	container, but not in the set, may be the one that is not held to snooping
 * @device: index of the device that decided @needed: of the first with the worst verdict
 * @reason: a sentence that names it
 */
struct vfa_wbinvd {
	uint32_t struct_size;
	enum vfa_answer needed;
	enum vfa_answer kernel;
	uint32_t device;
	char reason[VFA_COHERENCY_ORIGIN + 64];
};

#define VFA_WBINVD_INIT                                                                            \
	{                                                                                          \
		sizeof(struct vfa_wbinvd), VFA_NO, VFA_NO, 0, ""                                   \
	}

/**
 * vfa_coherency_needs_wbinvd() - whether a VMM has to honour WBINVD of its guest
 * @devices: the guest's devices, of one container or several; NULL when @count is 0
 * @count: how many
 * @ret: initialised by the caller, filled on success, or NULL
 *
 * It holds as long as the guest does not change Enable No Snoop: a VMM that passes Device
 * Control on to the guest goes by @ret's kernel, which is about the IOMMU only. Where
 * kernel is VFA_NO so is needed.
 *
 * Return: 1 when it has to be honoured, as far as is known; 0 when it need not be; or
 *	-EINVAL: a NULL argument or device, or @ret is not initialised
 *
 * Kernel: as for vfa_device_coherency(). KVM asks by KVM_DEV_VFIO_FILE_ADD.
 */
int vfa_coherency_needs_wbinvd(struct vfa_device *const *devices, size_t count,
			       struct vfa_wbinvd *ret);

#ifdef __cplusplus
}
#endif

#endif
