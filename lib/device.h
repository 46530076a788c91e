/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A device as its regions and interrupts see it. */

#ifndef LIB_DEVICE_H
#define LIB_DEVICE_H

#include <linux/vfio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <vfa/device.h>
#include <vfa/irq.h>
#include <vfa/kvm.h>
#include <vfa/region.h>

#include "base/bdf.h"
#include "container.h"

struct region {
	struct vfa_region_info info;
	struct vfa_region_area whole;
	struct vfa_region_area *areas; /* that can be mapped: the whole region, or some of it */
	size_t area_count;
};

/* Its place in the list of a VM's devices, under that one's lock. */
struct kvm_link {
	struct vfa_kvm *kvm; /* NULL: KVM does not know it */
	struct vfa_device *next;
	int fd; /* by which KVM knows it */
};

/* See region_mapping.h. */
struct region_mappings {
	_Atomic(struct region_mapping *) first;
	struct region_mapping *retired; /* out of the list, but may still be looked at */
	atomic_uint readers;
};

#define IRQ_KINDS (VFA_IRQ_REQUEST + 1)

struct vfa_device {
	struct vfa_container *container;
	struct vfa_device *next; /* in one of the container's lists, under its lock */
	char bdf[BDF_SIZE];
	struct join join;           /* how it came in, and so how it leaves */
	struct vfa_window *windows; /* that it brings along */
	size_t window_count;
	int fd;
	uint32_t flags; /* of VFIO_DEVICE_GET_INFO */
	uint32_t irq_count;
	uint32_t region_count;
	struct region *regions;
	struct region_mappings mappings;
	struct kvm_link kvm;
	_Atomic(struct peer_list *) peers; /* see peer.h; NULL: none was ever made */

	pthread_mutex_t lock; /* of mapped regions, and of what follows */
	struct vfa_irq *irqs[IRQ_KINDS];
	uint32_t store_count;  /* of stores that eventfds make, added here and not removed */
	atomic_bool low_power; /* was entered here, and not left since; see feature.c */
};

static inline const struct syscalls *device_syscalls(const struct vfa_device *device)
{
	return device->container->host->sys;
}

/** device_ioctl() - an ioctl on the device fd; 0 or more, or -errno, unrecorded */
int device_ioctl(struct vfa_device *device, unsigned long request, void *argument);

#endif
