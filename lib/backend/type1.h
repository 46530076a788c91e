/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A type1 container: type1.c opens it and maps, type1_group.c has its groups, and
 * type1_info.c reads what can be mapped. Operations are told of in backend.h.
 */

#ifndef BACKEND_TYPE1_H
#define BACKEND_TYPE1_H

#include "backend/backend.h"

struct type1_group;

struct type1 {
	struct backend base;
	struct type1_group *groups;
};

static inline struct type1 *type1_of(struct backend *backend)
{
	return (struct type1 *)backend;
}

/* Integer arguments travel where others have a pointer. */
static inline void *type1_argument(unsigned long value)
{
	return (void *)value;
}

/** type1_ioctl() - an ioctl on the container; 0 or more, or -errno, unrecorded */
int type1_ioctl(struct backend *backend, unsigned long request, void *argument);

/** type1_iommu() - the driver that it is to have: type1v2, or none that translates */
unsigned long type1_iommu(const struct backend *backend);

/** type1_refuse_adopted() - an fd that another process gave is not @what; recorded */
int type1_refuse_adopted(const char *what);

/* type1_group.c */

int type1_attach(struct backend *backend, struct join *join);
void type1_detach(struct backend *backend, struct join *join);
int type1_adopt_device(struct backend *backend, struct join *join);
int type1_owner_fd(struct backend *backend, const struct join *join);
bool type1_holds_mappings(const struct backend *backend);

/** type1_close_groups() - close what is still in, when the container is closed */
void type1_close_groups(struct backend *backend);

/* type1_info.c */

int type1_read_limits(struct backend *backend, struct iova_limits *ret);
int type1_entries_left(struct backend *backend, uint32_t *ret);

#endif
