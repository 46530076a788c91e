/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Why a call failed.
 *
 * Every function of the library returns 0 or more on success and a negative
 * errno on failure. The errno suffices to act; the record described here tells
 * a person what happened and what to do. It belongs to the calling thread, as
 * errno does: a failure replaces it, a success leaves it alone. Two calls fill it though
 * they succeed: vfa_container_check_map() and vfa_layout_check(), with what would be told.
 */

#ifndef VFA_ERROR_H
#define VFA_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/**
 * enum vfa_cause - what was in the way
 *
 * Finer than an errno: many causes share EINVAL. vfa-errors(7) has a section
 * for each. New causes are added at the end.
 */
enum vfa_cause {
	VFA_CAUSE_NONE = 0,     /* nothing failed in this thread so far */
	VFA_CAUSE_KERNEL,       /* the kernel refused and gave no more than an errno */
	VFA_CAUSE_NO_MEMORY,    /* malloc failed in the library itself */
	VFA_CAUSE_BAD_ARGUMENT, /* an argument no call could serve, such as NULL */
	VFA_CAUSE_BAD_BDF,      /* the device address does not parse */
	VFA_CAUSE_BAD_FD,       /* the fd is closed or not of the expected kind */
	VFA_CAUSE_WRONG_ORDER,  /* a step that has to come first is missing */

	VFA_CAUSE_NO_DEVICE,      /* there is no such device */
	VFA_CAUSE_NO_GROUP,       /* there is no such IOMMU group */
	VFA_CAUSE_NO_IOMMU,       /* no IOMMU translates this device's DMA */
	VFA_CAUSE_NO_VFIO,        /* VFIO is not in the kernel, or not loaded */
	VFA_CAUSE_NO_TYPE1,       /* VFIO has no type1 IOMMU driver */
	VFA_CAUSE_NO_IOMMUFD,     /* the kernel has no /dev/iommu */
	VFA_CAUSE_NO_DEVICE_NODE, /* no node in /dev for the device or its group */
	VFA_CAUSE_NOT_BOUND,      /* the device is not bound to a VFIO driver */
	VFA_CAUSE_NOIOMMU,        /* noiommu is off, does not fit, or cannot do this */

	VFA_CAUSE_ACCESS,            /* the node's mode and owner do not admit this user */
	VFA_CAUSE_DENIED,            /* a policy, such as the device cgroup, said no */
	VFA_CAUSE_VF_TOKEN,          /* the virtual function's token is missing or wrong */
	VFA_CAUSE_UNSAFE_INTERRUPTS, /* the machine cannot isolate interrupts */
	VFA_CAUSE_NOT_VIABLE,        /* a member of the group is on a kernel driver */
	VFA_CAUSE_GROUP_BUSY,        /* the group is open elsewhere */
	VFA_CAUSE_DEVICE_BUSY,       /* the device is open elsewhere */
	VFA_CAUSE_FIRMWARE_MAP,      /* firmware wants an identity map for the device */
	VFA_CAUSE_JOIN_CONFLICT,     /* a live mapping collides with the joining device */

	VFA_CAUSE_EMPTY,            /* a size or count of 0 */
	VFA_CAUSE_WRAPPED,          /* address plus size exceeds 64 bits */
	VFA_CAUSE_MISALIGNED,       /* not a multiple of what the IOMMU or the bus wants */
	VFA_CAUSE_OUTSIDE_APERTURE, /* not in any range the IOMMU translates */
	VFA_CAUSE_RESERVED,         /* inside a reserved region */
	VFA_CAUSE_OVERLAP,          /* another mapping is there */
	VFA_CAUSE_NO_SPACE,         /* no free IOVA range is large enough */
	VFA_CAUSE_NOT_MAPPED,       /* nothing is mapped there */
	VFA_CAUSE_PARTIAL_UNMAP,    /* the range cuts a mapping */
	VFA_CAUSE_SHORT_UNMAP,      /* the kernel unmapped less than asked */
	VFA_CAUSE_BAD_ADDRESS,      /* no memory with these rights at the address */
	VFA_CAUSE_MMIO_ADDRESS,     /* device memory, which this backend cannot pin */
	VFA_CAUSE_MEMLOCK,          /* the limit on locked memory */
	VFA_CAUSE_ENTRY_LIMIT,      /* type1's limit on the number of mappings */

	VFA_CAUSE_NO_REGION,     /* the device has no such region */
	VFA_CAUSE_REGION_BOUNDS, /* an access past the end of a region */
	VFA_CAUSE_REGION_RIGHTS, /* the region cannot be read, written or mapped */
	VFA_CAUSE_NO_IRQ,        /* the device has no such interrupts, or cannot mask them */
	VFA_CAUSE_IRQ_BOUNDS,    /* vectors that the device or the machine does not have */
	VFA_CAUSE_IRQ_BUSY,      /* interrupts of the device are enabled already */
	VFA_CAUSE_IRQ_FIXED,     /* the kernel cannot add vectors to those that are enabled */
	VFA_CAUSE_TIMEOUT,       /* nothing arrived in time */
	VFA_CAUSE_NO_RESET,      /* the kernel knows no way to reset the device alone */
	VFA_CAUSE_DEVICE_GONE,   /* the device reads as all ones, or not at all */

	VFA_CAUSE_NOT_CONTIGUOUS, /* mapped, but in several pieces */
	VFA_CAUSE_NO_HUGE_PAGES,  /* not enough huge pages are reserved and free */
	VFA_CAUSE_NO_NODE,        /* there is no such NUMA node, or none with memory */
	VFA_CAUSE_POOL_EMPTY,     /* no piece of the pool is free */
	VFA_CAUSE_BAD_PIECE,      /* not a piece of the pool, or not one that is out */

	VFA_CAUSE_CAPTURED,    /* the host is a captured machine: it can only be read */
	VFA_CAUSE_BAD_CAPTURE, /* the file is no capture, or a damaged one */

	VFA_CAUSE_SENT,        /* the container was sent to another process */
	VFA_CAUSE_BAD_MESSAGE, /* what came over a socket is no container, or a damaged one */

	VFA_CAUSE_NO_DRIVER,      /* no driver of this name is in the kernel */
	VFA_CAUSE_DRIVER_REFUSED, /* the driver does not take the device */
	VFA_CAUSE_IN_USE,         /* the kernel or a process uses the device */
	VFA_CAUSE_NOT_RESTORED,   /* what was done could not be undone after a failure */

	VFA_CAUSE_NO_SNOOP_FIXED, /* Enable No Snoop of the device cannot be changed */

	VFA_CAUSE_NO_FEATURE,    /* kernel, driver or device lack the feature, or this use of it */
	VFA_CAUSE_NO_CAPABILITY, /* the device has no such PCI capability, or VFIO hides it */
	VFA_CAUSE_NO_UDEV,       /* udev was asked for, and does not run here */
	VFA_CAUSE_EVENTS_LOST,   /* a monitor's events came faster than they were read */
	VFA_CAUSE_NO_KVM_VFIO,   /* KVM of this kernel has no VFIO device */
	VFA_CAUSE_REGISTERED,    /* KVM knows it already */
	VFA_CAUSE_NOT_OWNED,     /* what would be reset too is not the caller's */

	VFA_CAUSE_REGION_OFF, /* the device does not decode memory */
	VFA_CAUSE_IOEVENTFD,  /* no eventfd can make the store, or none more, or one does already */

	VFA_CAUSE_NOT_IOMMUFD, /* the container is not of iommufd, which it takes */
	VFA_CAUSE_OLD_KERNEL,  /* the kernel is older than what the call needs of it */

	VFA_CAUSE_NO_PASID,    /* kernel, driver, device or IOMMU have no PASIDs, or not this one */
	VFA_CAUSE_PASID_GROUP, /* a PASID is for all devices of a group, and these are not all */
	VFA_CAUSE_PASID_IN_USE,  /* the PASID leads elsewhere */
	VFA_CAUSE_OTHER_IOMMUFD, /* two containers are of different iommufds */

	VFA_CAUSE_FILE_BOUNDS, /* a part past the end of a file */
	VFA_CAUSE_FILE_RIGHTS, /* the file is not open for that, or sealed against it */
	VFA_CAUSE_DMABUF,      /* the kernel does not map this dma-buf */

	VFA_CAUSE_NO_REQUEST, /* no page requests with this cookie wait for an answer */
	VFA_CAUSE_NO_ROOM,    /* the caller's list is too small */
};

/**
 * struct vfa_error - the last failure of a thread
 * @code: the negative errno that the call returned
 * @cause: what was in the way
 * @message: one sentence, with the object and the numbers; never NULL
 * @hint: what to do about it, or an empty string; never NULL
 *
 * The strings end without a period or newline. @hint may have several lines; those
 * that start with two spaces are commands.
 */
struct vfa_error {
	int code;
	enum vfa_cause cause;
	const char *message;
	const char *hint;
};

/**
 * vfa_error_last() - why the last failing call of this thread failed
 *
 * Return: a record that belongs to the thread and stays valid until its next
 * failing call or its end. Never NULL; before any failure its code is 0, its
 * cause VFA_CAUSE_NONE and its strings are empty.
 */
const struct vfa_error *vfa_error_last(void);

/**
 * vfa_cause_name() - the name of a cause, as in vfa-errors(7)
 * @cause: any value
 *
 * Return: a static string such as "outside-aperture"; "unknown" for a value
 * this library does not know.
 */
const char *vfa_cause_name(enum vfa_cause cause);

#ifdef __cplusplus
}
#endif

#endif
