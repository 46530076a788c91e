/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The part of a BAR that is to be a peer. */

#ifndef LIB_PEER_PART_H
#define LIB_PEER_PART_H

#include <stdint.h>
#include <vfa/device.h>
#include <vfa/iova.h>

/** peer_check_part() - whether it can ever be one, on either backend; 0 or -errno, recorded */
int peer_check_part(const struct vfa_device *device, uint32_t region, uint64_t offset,
		    uint64_t size);

/** refuse_peer_lost() - the device stopped to answer while it was mapped */
int refuse_peer_lost(const struct vfa_device *device, uint32_t region);

/** refuse_peer_abandoned() - of a device that was closed, though the kernel did not unmap it */
int refuse_peer_abandoned(const struct vfa_iova_range *range);

/** refuse_peer_closed() - there is no device to restore it from */
int refuse_peer_closed(uint64_t iova, uint64_t size);

#endif
