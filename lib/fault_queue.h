/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A queue of page faults, as a PASID sees it that reports to it. */

#ifndef LIB_FAULT_QUEUE_H
#define LIB_FAULT_QUEUE_H

#include <vfa/fault_queue.h>

#include "container.h"

/** fault_queue_id() - in its iommufd */
uint32_t fault_queue_id(const struct vfa_fault_queue *queue);

/** fault_queue_container() - whose iommufd it is in */
struct vfa_container *fault_queue_container(const struct vfa_fault_queue *queue);

/* For as long as a page table uses it. To release it takes no lock, and none may be held. */
void fault_queue_hold(struct vfa_fault_queue *queue);
void fault_queue_release(struct vfa_fault_queue *queue);

/** fault_queue_forget() - a PASID was detached, which answered what was read of it */
void fault_queue_forget(struct vfa_fault_queue *queue, uint32_t device_id, uint32_t pasid);

#endif
