/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * One I/O address space in the kernel, by whichever interface it was made.
 *
 * Guarantees of every operation:
 *  - it returns 0 or more, or -errno;
 *  - after a failure the kernel's state is what it was before, except where
 *    the operation's own words say otherwise;
 *  - it takes no lock: its caller serialises all calls on one backend, but for those
 *    of open_device and close_device, which may take long and disturb nobody.
 * Opening records its failures, and so does a device that fails at its node
 * (but for ENOENT and EBUSY); all others leave that to the caller, who knows more.
 */

#ifndef BACKEND_BACKEND_H
#define BACKEND_BACKEND_H

#include <vfa/limits.h>
#include <vfa/mapping.h>

#include "base/host.h"
#include "iova/space.h"

struct backend {
	const struct backend_ops *ops;
	const struct vfa_host *host;
	enum vfa_backend kind;
	int fd;          /* of /dev/vfio/vfio or /dev/iommu */
	bool is_sent;    /* to another process, whose it is now: here it is only closed */
	bool is_adopted; /* from another process, which may still have it open */
};

/* The steps of a join, in the order they are taken. */
enum join_step {
	JOIN_OPEN_NODE,
	JOIN_GET_STATUS,
	JOIN_VIABLE,
	JOIN_SET_CONTAINER,
	JOIN_SET_IOMMU,
	JOIN_GET_DEVICE,
	JOIN_BIND,
	JOIN_ATTACH,
};

struct join {
	const char *bdf;
	int group;            /* -1 when sysfs did not tell */
	const char *node;     /* path of the group's or the device's node */
	int fd;               /* the node, open already, or -1 */
	const char *vf_token; /* or NULL */

	int group_fd;        /* the group's, on type1 while it is attached */
	int device_fd;       /* while it is open, else -1 */
	uint32_t device_id;  /* in the iommufd, while it is open there */
	bool is_attached;    /* takes part in the address space */
	uint32_t table;      /* its page table, if it is one made for PASIDs; else 0 */
	enum join_step step; /* on failure: the step that failed */
};

struct dma_request {
	void *vaddr; /* NULL: a file without memory of this process */
	uint64_t size;
	uint64_t iova;
	uint32_t access; /* enum vfa_access */
	int fd;          /* of the file that is mapped at vaddr, or -1 */
	uint64_t offset; /* in it */
	bool is_dmabuf;  /* the file */
	bool is_device;  /* vaddr is a BAR, of which @fd is a dma-buf where that is needed */
};

struct backend_ops {
	/* Close the address space; all devices have left. */
	void (*close)(struct backend *backend);

	/*
	 * A device comes in by two steps: it is attached, so that the address space is
	 * one that it fits into; and it is opened, which gives its device_fd. Each
	 * backend has its order. Opening and closing a device takes the time of its reset,
	 * 100 ms for most, and changes nothing in the address space; but who closes it lets
	 * it go there too, where attaching comes second.
	 */
	bool attaches_first;
	int (*attach)(struct backend *backend, struct join *join);
	int (*open_device)(struct backend *backend, struct join *join);

	/* A device that another process opened and attached: @join with its device_fd. */
	int (*adopt)(struct backend *backend, struct join *join);

	/* The way back: closed first, if it is open, then detached, if it is attached. */
	void (*close_device)(struct backend *backend, struct join *join);
	void (*detach)(struct backend *backend, struct join *join);

	/*
	 * The fd by which the rest of the kernel knows who has a device: its group's on
	 * type1, its own on iommufd. @join as it was on success.
	 */
	int (*owner_fd)(struct backend *backend, const struct join *join);

	/* Allowed ranges, alignment and page sizes, for the devices that are in. */
	int (*read_limits)(struct backend *backend, struct iova_limits *ret);

	int (*map)(struct backend *backend, const struct dma_request *request);

	/* Unmap whole mappings; @done is how many bytes the kernel says it unmapped. */
	int (*unmap)(struct backend *backend, uint64_t iova, uint64_t size, uint64_t *done);
	int (*unmap_all)(struct backend *backend, uint64_t *done);

	/* 1 when the IOMMU enforces snooping for all devices that are in, else 0. */
	int (*is_coherent)(struct backend *backend);

	/* How many more mappings the kernel would take; -EOPNOTSUPP without a limit. */
	int (*entries_left)(struct backend *backend, uint32_t *ret);

	/* Who pinned memory is counted for. */
	int (*get_accounting)(struct backend *backend, enum vfa_accounting *ret);

	/*
	 * Change that, with no device in and nothing mapped. -EOPNOTSUPP where it cannot be
	 * changed, -EPERM for want of CAP_SYS_RESOURCE, -EBUSY when the fd has more in it.
	 */
	int (*set_accounting)(struct backend *backend, enum vfa_accounting accounting);

	/* Whether mappings can be in the kernel now: type1 drops them with its last group. */
	bool (*holds_mappings)(const struct backend *backend);
};

/**
 * type1_open() - a type1 container
 * @kind: VFA_BACKEND_TYPE1 or VFA_BACKEND_NOIOMMU
 * @fd: an open /dev/vfio/vfio to duplicate, or -1 to open it
 */
int type1_open(const struct vfa_host *host, enum vfa_backend kind, int fd, struct backend **ret);

/**
 * iommufd_open() - an IOAS of an iommufd
 * @fd: an open /dev/iommu to duplicate, or -1 to open it
 */
int iommufd_open(const struct vfa_host *host, int fd, struct backend **ret);

/**
 * type1_adopt() - a type1 container that another process set up
 * @fd: taken over; after a failure it is still the caller's
 *
 * What is mapped in it is unmapped. Return: 0 or -errno, recorded.
 */
int type1_adopt(const struct vfa_host *host, int fd, struct backend **ret);

/** type1_adopt_group() - a group that is in it; @fd is taken over in any case */
int type1_adopt_group(struct backend *backend, int number, const char *bdf, int fd);

/** iommufd_adopt() - the same of an IOAS */
int iommufd_adopt(const struct vfa_host *host, int fd, uint32_t ioas, struct backend **ret);

/** iommufd_ioas() - the IOAS id of a backend that iommufd_open() made; 0 or -errno */
int iommufd_ioas(struct backend *backend, uint32_t *ret);

/**
 * type1_group_fd() - the open node of a group that is in a container
 * @group: its number
 * @bdf: one of its members, by which groups are known where sysfs is out of reach
 *
 * Return: the fd, which stays the backend's, or -ENOENT.
 */
int type1_group_fd(struct backend *backend, int group, const char *bdf);

/** backend_open() - either of them; @fd as above */
int backend_open(const struct vfa_host *host, enum vfa_backend kind, int fd, struct backend **ret);

/** backend_has_last_page() - whether the ranges reach the end of 64 bits */
bool backend_has_last_page(const struct iova_limits *limits);

/** backend_drop_last_page() - take the last page of 64 bits out of the ranges that have it */
void backend_drop_last_page(struct iova_limits *limits);

/** backend_join() - both steps of a join, for an address space that nobody else uses */
int backend_join(struct backend *backend, struct join *join);

/** backend_leave() - the way back from wherever a join has come to */
void backend_leave(struct backend *backend, struct join *join);

/** backend_close() - close a backend; NULL is fine */
void backend_close(struct backend *backend);

#endif
