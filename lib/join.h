/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Devices joining and leaving an address space. */

#ifndef LIB_JOIN_H
#define LIB_JOIN_H

#include "base/sysfs.h"
#include "device.h"
#include "topology/pci.h"

/*
 * A join takes the container's lock twice, and not while the kernel opens the device,
 * which may take long:
 *
 *	join_begin	locked: the device is checked, and reserved: it is in the list of
 *			those that move. Type1: its group is attached. Then, without the
 *			lock: the device is opened.
 *	join_finish	locked: on iommufd the device is checked again, and attached. It is
 *			in the list of devices.
 *
 * Each attaches before others can map again, and has read by then what can be mapped: so a
 * mapping is either seen by a check, or made within the new limits. To leave is the same
 * backwards.
 */
struct joining {
	struct vfa_device *device; /* its container and bdf are set */
	const struct pci_function *function;
	int fd;               /* the device's open node, or -1 */
	const char *vf_token; /* or NULL */

	bool is_reserved;
	bool names_nothing; /* the refusal, which is the kernel's */
	char node[SYSFS_PATH];
};

/**
 * join_begin() - open a device of a container: its join and fd are filled
 *
 * Return: 0 or -errno, recorded; after a failure the container is what it was, undecided
 * if it was.
 */
int join_begin(struct joining *joining);

/** join_finish() - let it be one of the container's; after a failure it is to be abandoned */
int join_finish(struct joining *joining);

/** join_abandon() - undo a join that was begun and is not finished */
void join_abandon(struct joining *joining);

/**
 * join_adopt() - let a device be one of the container's that another process opened in it
 * @device: its join has its group and device_fd, which is closed after a failure
 */
int join_adopt(struct vfa_device *device);

/** leave_container() - let a device go */
void leave_container(struct vfa_device *device);

#endif
