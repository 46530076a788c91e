/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * libvfa: VFIO device assignment for C.
 *
 * A device, its interrupts and a safe I/O address space in user space, over
 * /dev/vfio (type1) or iommufd. Start with vfa(7), or with vfa/container.h and
 * vfa/device.h.
 */

#ifndef VFA_H
#define VFA_H

#include <vfa/address.h>
#include <vfa/answer.h>
#include <vfa/buffer.h>
#include <vfa/capability.h>
#include <vfa/capture.h>
#include <vfa/coherency.h>
#include <vfa/config.h>
#include <vfa/container.h>
#include <vfa/device.h>
#include <vfa/dmabuf.h>
#include <vfa/driver.h>
#include <vfa/error.h>
#include <vfa/fault_queue.h>
#include <vfa/feature.h>
#include <vfa/group.h>
#include <vfa/host.h>
#include <vfa/hot_reset.h>
#include <vfa/ioeventfd.h>
#include <vfa/iommu.h>
#include <vfa/iova.h>
#include <vfa/irq.h>
#include <vfa/isolation.h>
#include <vfa/kvm.h>
#include <vfa/layout.h>
#include <vfa/limits.h>
#include <vfa/mapping.h>
#include <vfa/mmio.h>
#include <vfa/monitor.h>
#include <vfa/p2p.h>
#include <vfa/pasid.h>
#include <vfa/peer.h>
#include <vfa/pool.h>
#include <vfa/power.h>
#include <vfa/probe.h>
#include <vfa/region.h>
#include <vfa/reset.h>
#include <vfa/share.h>
#include <vfa/topology.h>
#include <vfa/translation.h>
#include <vfa/verdict.h>
#include <vfa/viability.h>
#include <vfa/window.h>

#endif
