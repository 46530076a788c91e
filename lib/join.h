/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Devices joining and leaving an address space. */

#ifndef LIB_JOIN_H
#define LIB_JOIN_H

#include "device.h"
#include "topology/pci.h"

/**
 * join_container() - bring a device into its container
 * @device: its container and bdf are set; join, fd and list are filled
 * @function: the device as sysfs shows it
 * @fd: its open node, or -1
 * @vf_token: or NULL
 *
 * With the container's lock held. Return: 0 or -errno, recorded; after a failure
 * the container is what it was, undecided if it was.
 */
int join_container(struct vfa_device *device, const struct pci_function *function, int fd,
		   const char *vf_token);

/** abandon_join() - undo a join whose device does not open after all, with the lock held */
void abandon_join(struct vfa_device *device);

/** leave_container() - let a device go, with the container's lock held */
void leave_container(struct vfa_device *device);

#endif
