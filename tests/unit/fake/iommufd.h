/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* An iommufd of the fake kernel and the objects in it. */

#ifndef FAKE_IOMMUFD_H
#define FAKE_IOMMUFD_H

#include "fake/internal.h"
#include "uapi/iommufd.h"

#define FAKE_IOMMUFD_OBJECTS 64

enum fake_iommufd_kind { FAKE_IOAS = 1, FAKE_DEVICE, FAKE_PAGE_TABLE, FAKE_FAULT_QUEUE };

struct fake_iommufd_object {
	int kind;
	unsigned int users;
	struct fake_space space;          /* of an IOAS */
	struct fake_iommufd_object *ioas; /* of a page table */
	bool coherent;                    /* of a page table */
	struct fake_device *device;       /* of a device */
	struct fake_fault_queue *fault_queue;
	bool is_by_hand; /* a page table that the kernel does not choose */
	bool takes_pasids;
	struct fake_iommufd_object *faults; /* of a page table */
};

struct fake_iommufd {
	struct fake_iommufd *next;
	struct fake_iommufd_object *objects[FAKE_IOMMUFD_OBJECTS];
	uint32_t compat;
	bool per_process; /* IOMMU_OPTION_RLIMIT_MODE */
};

/* The lowest free id, and never 0 but for want of room. */
uint32_t fake_iommufd_object_new(struct fake_iommufd *iommufd, int kind);
void fake_iommufd_object_free(struct fake_iommufd *iommufd, uint32_t id);
struct fake_iommufd_object *fake_iommufd_object_find(struct fake_iommufd *iommufd, uint32_t id,
						     int kind);

/* fault_queue.c */

long fake_fault_queue_alloc(struct fake_file *iommufd_file, struct uapi_iommu_fault_alloc *command);
void fake_fault_queue_free(struct fake_fault_queue *queue);
/* What is open of a device by a PASID is answered: it is detached. */
void fake_fault_queue_detach(struct fake_fault_queue *queue, uint32_t device_id, uint32_t pasid);

/* A page table that nobody uses goes, unless it was made by hand. */
void fake_iommufd_put_table(struct fake_iommufd *iommufd, uint32_t table);

/* hwpt.c */

long fake_hwpt_alloc(struct fake_iommufd *iommufd, struct uapi_iommu_hwpt_alloc *command);
/* Whether a device of the group can be attached to it; 0 for one that the kernel chooses. */
int fake_table_check(struct fake_iommufd *iommufd, const struct fake_group *group, uint32_t table);
/* The id of the device that page faults of a device by a PASID are told of. */
uint32_t fake_pasid_reporter(struct fake_iommufd *iommufd, uint32_t device_id, uint32_t number);
int fake_table_replace(struct fake_file *file, struct fake_group *group, uint32_t table);

/* iommu_info.c */

long fake_iommu_info(struct fake_iommufd *iommufd, struct uapi_iommu_hw_info *command);

#endif
