/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * An assigned device.
 *
 * Opening a device brings its group into a container and gives its regions
 * (vfa/region.h, vfa/config.h), interrupts (vfa/irq.h) and DMA to this process.
 * The handle owns the device's fd and keeps its container alive.
 *
 * All functions may be called from any thread, except that nothing may use a
 * device while another thread closes it.
 */

#ifndef VFA_DEVICE_H
#define VFA_DEVICE_H

#include <stdint.h>
#include <vfa/container.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_device;

/** enum vfa_device_flag - how a device is opened */
enum vfa_device_flag {
	/* add no dangerous windows: what it reaches without the IOMMU is not looked for */
	VFA_DEVICE_NO_WINDOWS = 1 << 0,
};

/**
 * struct vfa_device_options - how to open a device
 * @struct_size: set by VFA_DEVICE_OPTIONS_INIT
 * @vf_token: the UUID that a physical function and its virtual functions share when
 *	both are assigned, such as "00112233-4455-6677-8899-aabbccddeeff". Opening the
 *	physical function sets it, while no virtual function is open; opening a virtual
 *	function needs it then. NULL for none; any other device is refused with one
 * @flags: of enum vfa_device_flag
 */
struct vfa_device_options {
	uint32_t struct_size;
	const char *vf_token;
	uint64_t flags;
};

#define VFA_DEVICE_OPTIONS_INIT                                                                    \
	{                                                                                          \
		sizeof(struct vfa_device_options), 0, 0                                            \
	}

/**
 * vfa_device_open() - bring a device into a container
 * @container: the address space its DMA goes through
 * @bdf: its PCI address, "0000:00:04.0" or "00:04.0"
 * @options: NULL for none
 * @ret: the device, to be closed with vfa_device_close()
 *
 * The device must be bound to a VFIO driver such as vfio-pci, and so must every
 * other member of its group that has a driver at all (pcieport and pci-stub
 * excepted). The first device decides the backend of an automatic container. A
 * device whose reserved regions collide with a live mapping is refused before
 * the kernel is asked. When a container's last device has left on type1, the
 * kernel has dropped its mappings; they are made again when the next one joins, of
 * what is at their addresses then, unless vfa_container_keep_mappings() says otherwise.
 * Its dangerous windows (vfa/window.h) are the container's while it is in: usually none,
 * and found by looking at the bridges above it.
 * The kernel resets most devices as they are opened and closed, which takes 100 ms:
 * several threads may open devices of one container at once, while others map.
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument, bad @options or unknown flags; @bdf does not parse
 *		(VFA_CAUSE_BAD_BDF); the device needs a firmware identity map
 *		(VFA_CAUSE_FIRMWARE_MAP); the token is no UUID, or the device takes
 *		none (VFA_CAUSE_VF_TOKEN)
 *	-ENODEV: no such device (VFA_CAUSE_NO_DEVICE); it reads as all ones
 *		(VFA_CAUSE_DEVICE_GONE)
 *	-ENOENT: no IOMMU (VFA_CAUSE_NO_IOMMU); not bound (VFA_CAUSE_NOT_BOUND); no
 *		node for the device or its group (VFA_CAUSE_NO_DEVICE_NODE); no VFIO
 *		(VFA_CAUSE_NO_VFIO, VFA_CAUSE_NO_TYPE1); the container is noiommu and
 *		the device is not (VFA_CAUSE_NOIOMMU)
 *	-EBUSY: a member of the group is on a kernel driver (VFA_CAUSE_NOT_VIABLE);
 *		the group or device is open elsewhere (VFA_CAUSE_GROUP_BUSY,
 *		VFA_CAUSE_DEVICE_BUSY), or the device in this container already
 *		(VFA_CAUSE_DEVICE_BUSY); the container was sent (VFA_CAUSE_SENT)
 *	-EADDRINUSE: a live mapping is in the way (VFA_CAUSE_JOIN_CONFLICT)
 *	-EFAULT: the memory of a mapping of this container is gone
 *		(VFA_CAUSE_BAD_ADDRESS)
 *	-EPERM: interrupts cannot be isolated (VFA_CAUSE_UNSAFE_INTERRUPTS); a
 *		policy said no, or noiommu wants CAP_SYS_RAWIO (VFA_CAUSE_DENIED)
 *	-EACCES: the node's mode (VFA_CAUSE_ACCESS); a token is missing or wrong
 *		(VFA_CAUSE_VF_TOKEN)
 *	-EOPNOTSUPP: on iommufd Linux takes tokens only when newer than 6.16
 *		(VFA_CAUSE_VF_TOKEN)
 *	-ENOMEM: no memory, or the limit on locked memory forbids to pin what iommufd
 *		has mapped without a device (VFA_CAUSE_MEMLOCK)
 *	the errors of vfa_container_map(), when type1 does not take a mapping again
 *	any other errno of the kernel (VFA_CAUSE_KERNEL)
 *
 * Kernel: VFIO_GROUP_SET_CONTAINER, VFIO_SET_IOMMU, VFIO_GROUP_GET_DEVICE_FD;
 * VFIO_DEVICE_BIND_IOMMUFD, VFIO_DEVICE_ATTACH_IOMMUFD_PT; VFIO_DEVICE_GET_INFO.
 */
int vfa_device_open(struct vfa_container *container, const char *bdf,
		    const struct vfa_device_options *options, struct vfa_device **ret);

/**
 * vfa_device_open_fd() - bring a device into a container through an open node
 * @container: the address space its DMA goes through, not an undecided one
 * @bdf: its PCI address
 * @fd: on type1 and noiommu its open group node /dev/vfio/N, on iommufd its open
 *	device node /dev/vfio/devices/vfioN. It is duplicated: the caller keeps and
 *	closes its own
 * @options: NULL for none
 * @ret: the device, to be closed with vfa_device_close()
 *
 * For processes that are handed nodes they could not open. sysfs is used for
 * explanations only and may be out of reach. After vfa_device_close() the device is
 * out of the container, but nobody else can have it while the caller's @fd is open.
 * On iommufd the kernel binds such an @fd once: open the node anew to pass it again.
 *
 * Return: as vfa_device_open(), and
 *	-EBADF: @fd is closed (VFA_CAUSE_BAD_FD)
 *	-ENOTTY: @fd is not of the kind the backend needs, or bound already
 *		(VFA_CAUSE_BAD_FD)
 *	-ENODEV: the container is undecided (VFA_CAUSE_WRONG_ORDER); @fd belongs to
 *		another device or group (VFA_CAUSE_BAD_FD)
 */
int vfa_device_open_fd(struct vfa_container *container, const char *bdf, int fd,
		       const struct vfa_device_options *options, struct vfa_device **ret);

/**
 * vfa_device_close() - give a device back
 * @device: the device, or NULL
 *
 * Its interrupts are disabled and its mapped regions unmapped (interrupt handles
 * and pointers into regions die here), and it leaves the container. Mappings
 * of memory stay; those of parts of its BARs (vfa/peer.h) are unmapped, from whatever
 * containers.
 */
void vfa_device_close(struct vfa_device *device);

/**
 * vfa_device_bdf() - the device's address in full, such as "0000:00:04.0"
 * @device: the device, not NULL
 *
 * Return: a string valid as long as @device.
 */
const char *vfa_device_bdf(const struct vfa_device *device);

/**
 * vfa_device_group() - the number of the device's IOMMU group
 * @device: the device
 *
 * Return: the number; -EINVAL when @device is NULL; -ENOENT when sysfs was
 * out of reach and did not tell (VFA_CAUSE_NO_GROUP).
 */
int vfa_device_group(const struct vfa_device *device);

/**
 * vfa_device_fd() - the VFIO device fd, for what the library does not cover
 * @device: the device
 *
 * Return: the fd, which belongs to @device; -EINVAL when @device is NULL.
 */
int vfa_device_fd(const struct vfa_device *device);

/** enum vfa_device_state - what vfa_device_check() finds */
enum vfa_device_state {
	VFA_DEVICE_READY = 0,   /* it answers */
	VFA_DEVICE_ASLEEP = 1,  /* in D3hot or D3cold: its registers cannot be reached */
	VFA_DEVICE_LEAVING = 2, /* it answers, and the kernel waits for it to be closed */
};

/**
 * vfa_device_check() - look whether the device is still there
 * @device: the device
 *
 * For a program to which a register has read as all ones, or that has not heard of its
 * device for a while. A device that the kernel has put to sleep is not woken.
 * VFA_DEVICE_LEAVING is told from the moment that the device is unplugged, removed or
 * unbound, also to a program without VFA_IRQ_REQUEST; without sysfs it is not known.
 *
 * A device that is gone has to be closed as any other. Until then other functions fail
 * with -ENODEV and VFA_CAUSE_DEVICE_GONE where they need it, and do what they can:
 * interrupts are disabled and regions unmapped.
 *
 * Return: enum vfa_device_state, or
 *	-EINVAL: @device is NULL
 *	-ENODEV: it does not answer: config space reads as all ones, or not at all
 *		(VFA_CAUSE_DEVICE_GONE)
 *
 * Kernel: the class in config space; power_state, power/runtime_status and driver in
 * /sys/bus/pci/devices/BDF.
 */
int vfa_device_check(struct vfa_device *device);

/**
 * vfa_device_enable_bus_master() - let the device do DMA and send MSIs
 * @device: the device
 *
 * Devices start with bus mastering off.
 *
 * Return: 0, or -EINVAL when @device is NULL, or the errors of vfa_config_write16().
 */
int vfa_device_enable_bus_master(struct vfa_device *device);

/**
 * vfa_device_disable_bus_master() - keep the device from doing DMA
 * @device: the device
 *
 * Return: as vfa_device_enable_bus_master().
 */
int vfa_device_disable_bus_master(struct vfa_device *device);

#ifdef __cplusplus
}
#endif

#endif
