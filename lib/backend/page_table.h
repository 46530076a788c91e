/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Page tables of iommufd that are made by hand, for PASIDs. What was made so is no
 * longer found by the kernel itself: each device of a group whose own requests
 * use one is to be attached to that one.
 *
 * All are for backends of iommufd, and return 0 or more, or -errno, unrecorded.
 */

#ifndef BACKEND_PAGE_TABLE_H
#define BACKEND_PAGE_TABLE_H

#include "backend/backend.h"

/**
 * page_table_alloc() - one of an address space, for a device and its PASIDs
 * @device_id: of the device, in the same iommufd
 * @fault_queue: an id in it, or 0
 * @ret: its id
 *
 * Holds all that is mapped, and narrows what can be.
 */
int page_table_alloc(struct backend *backend, uint32_t device_id, uint32_t fault_queue,
		     uint32_t *ret);

/** page_table_destroy() - one that no device uses; -EBUSY while one does */
int page_table_destroy(struct backend *backend, uint32_t table);

/**
 * page_table_attach() - what requests of a device without PASID go by, and of its group
 * @join: of a device that is attached; it is another one from then on
 * @table: 0 for one that the kernel chooses
 */
int page_table_attach(struct backend *backend, const struct join *join, uint32_t table);

/** page_table_attach_pasid() - what those with a PASID go by */
int page_table_attach_pasid(const struct backend *backend, const struct join *join, uint32_t pasid,
			    uint32_t table);

/** page_table_detach_pasid() - they are blocked from then on */
int page_table_detach_pasid(const struct backend *backend, const struct join *join, uint32_t pasid);

/** page_table_is_same_iommufd() - whether two backends have one iommufd: 1 or 0 */
int page_table_is_same_iommufd(const struct backend *one, const struct backend *other);

#endif
