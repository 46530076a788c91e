/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Drivers: a PCI function is taken from its kernel driver and given to vfio-pci,
 * and back.
 *
 * It is done by driver_override, for one function and no other of the same ids. The
 * driver link is looked at after every step; when a step fails, all that was done is
 * undone, and the failure says what has become of the function. Modules are never
 * loaded. All of it takes the right to write to sysfs, which root has. Any thread
 * may call; two calls for one function at the same time are told of each other at
 * worst.
 */

#ifndef VFA_DRIVER_H
#define VFA_DRIVER_H

#include <stdbool.h>
#include <stdint.h>
#include <vfa/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Room for a driver's name and its end. */
#define VFA_DRIVER_NAME 64

/** enum vfa_driver_flag - how to change a driver */
enum vfa_driver_flag {
	VFA_DRIVER_FORCE = 1 << 0,   /* though something uses the function */
	VFA_DRIVER_DRY_RUN = 1 << 1, /* check, but write nothing */
};

/**
 * struct vfa_driver_options - what is wanted
 * @struct_size: set by VFA_DRIVER_OPTIONS_INIT
 * @flags: of enum vfa_driver_flag
 * @driver: for a bind, the driver, NULL for "vfio-pci". For an unbind, the driver that is
 *	to have the function again, "" for none; NULL leaves the choice to the kernel
 * @override: for an unbind, the driver_override to leave behind, NULL or "" for none;
 *	for a bind it has to be NULL
 */
struct vfa_driver_options {
	uint32_t struct_size;
	uint32_t flags;
	const char *driver;
	const char *override;
};

/* The fields by position, because C++11 cannot name them. */
#define VFA_DRIVER_OPTIONS_INIT                                                                    \
	{                                                                                          \
		sizeof(struct vfa_driver_options), 0, 0, 0                                         \
	}

/**
 * struct vfa_driver_change - what was done
 * @struct_size: set by VFA_DRIVER_CHANGE_INIT
 * @changed: whether driver or override are others than before; false when the
 *	function was as wanted already, and nothing was written
 * @from: the driver before, "" for none
 * @to: the driver now, "" for none; after a dry run the one that was asked for, and ""
 *	for the kernel's choice
 * @override: the driver_override before, "" for none
 *
 * An unbind with @from as its driver and @override as its override undoes a bind. A
 * program that may not live that long has to remember both.
 */
struct vfa_driver_change {
	uint32_t struct_size;
	bool changed;
	char from[VFA_DRIVER_NAME];
	char to[VFA_DRIVER_NAME];
	char override[VFA_DRIVER_NAME];
};

/* The fields by position, because C++11 cannot name them. */
#define VFA_DRIVER_CHANGE_INIT                                                                     \
	{                                                                                          \
		sizeof(struct vfa_driver_change), false, "", "", ""                                \
	}

/**
 * vfa_driver_bind() - take a function from its driver and give it to another
 * @host: the machine, or NULL for this one
 * @bdf: the function's PCI address, "0000:00:04.0" or "00:04.0"
 * @options: which driver, NULL for vfio-pci without flags
 * @ret: what was done, or NULL
 *
 * The function's driver_override names the driver from then on. The kernel ends its own
 * use of the function on the way, as if it were unplugged; that is why a function in
 * use is refused: one with a mounted file system or swap on it, a network interface that
 * is up, a console, or one that a process holds through VFIO. With VFA_DRIVER_FORCE it is
 * not; the kernel then waits for such a process to let go. A physical function with
 * virtual functions counts as used, since they go with its driver.
 *
 * The host's log is told of every line that is written, as a shell command, at
 * VFA_LOG_DEBUG; in a dry run of every line that would be.
 *
 * Return: 0, and @ret tells whether anything had to be done; or
 *	-EINVAL: a NULL argument, unknown flags, a driver's name that cannot be one
 *		(VFA_CAUSE_BAD_ARGUMENT), or @bdf does not parse (VFA_CAUSE_BAD_BDF), or
 *		a bridge for a VFIO driver (VFA_CAUSE_DRIVER_REFUSED)
 *	-ENODEV: no such function, or it was unplugged on the way (VFA_CAUSE_NO_DEVICE)
 *	-ENOENT: no such driver: its module is not loaded (VFA_CAUSE_NO_DRIVER)
 *	-EBUSY: it is in use, or somebody else gave it to another driver meanwhile
 *		(VFA_CAUSE_IN_USE)
 *	-EACCES, -EPERM: no right to write (VFA_CAUSE_ACCESS)
 *	-EROFS: sysfs is mounted for reading only (VFA_CAUSE_DENIED)
 *	-ENOENT: VFIO without an IOMMU for the function (VFA_CAUSE_NO_IOMMU)
 *	-EOPNOTSUPP: the host is a captured machine (VFA_CAUSE_CAPTURED)
 *	-ENOMEM: no memory
 *	the errno with which the driver refused it (VFA_CAUSE_DRIVER_REFUSED)
 *	any other errno of reading and writing sysfs
 *	with VFA_CAUSE_NOT_RESTORED instead of these causes when what was done could not
 *		be undone either: the message tells both, the hint has the commands
 *
 * Kernel: driver_override, bind and unbind in sysfs; Documentation/ABI/testing,
 * sysfs-bus-pci.
 */
int vfa_driver_bind(struct vfa_host *host, const char *bdf,
		    const struct vfa_driver_options *options, struct vfa_driver_change *ret);

/**
 * vfa_driver_unbind() - take a function from vfio-pci and give it back
 * @host: the machine, or NULL for this one
 * @bdf: the function's PCI address, "0000:00:04.0" or "00:04.0"
 * @options: to whom, NULL for the kernel's choice without flags
 * @ret: what was done, or NULL
 *
 * The override is cleared, or set to what @options say. With the choice left to it, the
 * kernel asks its drivers, none of which may want the function. A function that is on
 * a driver of the kernel's choice already is left alone: one without an override that is
 * not bound to a VFIO driver.
 *
 * Return: 0 or the errors of vfa_driver_bind().
 *
 * Kernel: as vfa_driver_bind(), and drivers_probe.
 */
int vfa_driver_unbind(struct vfa_host *host, const char *bdf,
		      const struct vfa_driver_options *options, struct vfa_driver_change *ret);

#ifdef __cplusplus
}
#endif

#endif
