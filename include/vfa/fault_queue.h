/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Page faults of devices: a queue of requests for pages that a PASID's address space lacks.
 *
 * A device with the Page Request Interface asks for a page that is not mapped, and waits. The
 * queue that was given as its PASID was attached (vfa/pasid.h) has the request: the program
 * maps what is missing, or decides not to, and answers; then the device tries again, or
 * fails. Requests come in groups, and a group is answered as one:
 *
 *	while ((count = vfa_fault_queue_read(queue, list, 64)) > 0)
 *		for (i = 0; i < count; i++)
 *			...
 *			if (list[i].flags & VFA_PAGE_LAST)
 *				vfa_fault_queue_respond(queue, list[i].cookie, answer);
 *
 * A queue is an fd for the caller's loop: poll it, and read requests until none is left. It
 * serves any number of PASIDs of its iommufd, each of a device that is alone in its group: of
 * several the kernel would not tell who asked. Attached PASIDs hold it in the kernel, when its
 * handle is closed, too; but then nobody answers. Detaching a PASID answers what is open of
 * it, as VFA_PAGE_INVALID. All functions may be called from any thread, but for closing.
 */

#ifndef VFA_FAULT_QUEUE_H
#define VFA_FAULT_QUEUE_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/container.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vfa_fault_queue;

/** enum vfa_page_access - what a device wants to do with a page, a bit each */
enum vfa_page_access {
	VFA_PAGE_READ = 1 << 0,
	VFA_PAGE_WRITE = 1 << 1,
	VFA_PAGE_EXEC = 1 << 2,
	VFA_PAGE_PRIV = 1 << 3, /* in privileged mode */
};

/** enum vfa_page_flag - flags of struct vfa_page_request */
enum vfa_page_flag {
	VFA_PAGE_HAS_PASID = 1 << 0, /* the request came with a PASID */
	VFA_PAGE_LAST = 1 << 1,      /* it is the last of its group: answer now */
};

/** enum vfa_page_answer - what becomes of a group of requests */
enum vfa_page_answer {
	VFA_PAGE_HANDLED = 0, /* the pages are mapped: the device tries again */
	VFA_PAGE_INVALID = 1, /* they will not be: the device fails */
};

/**
 * struct vfa_page_request - a page that a device asks for
 * @bdf: the device, when it is open in the container that the queue was opened of; else empty
 * @device_id: the kernel's id of it in the iommufd
 * @flags: enum vfa_page_flag
 * @pasid: the PASID; with VFA_PAGE_HAS_PASID only
 * @group: index of the group of requests, which the device chose
 * @access: enum vfa_page_access
 * @length: bytes that the device would like; 0 when it does not say
 * @address: IOVA of the page
 * @cookie: the group's, for the answer
 * @reserved: 0, for what later releases tell
 */
struct vfa_page_request {
	char bdf[20];
	uint32_t device_id;
	uint32_t flags;
	uint32_t pasid;
	uint32_t group;
	uint32_t access;
	uint32_t length;
	uint32_t cookie;
	uint64_t address;
	uint64_t reserved[2];
};

/**
 * vfa_fault_queue_open() - make a queue
 * @container: a container on iommufd, best that of the devices; it stays in the kernel as
 *	long as the queue
 * @ret: the queue, to be closed with vfa_fault_queue_close()
 *
 * Return: 0, or
 *	-EINVAL: a NULL argument
 *	-ENODEV: the backend is undecided (VFA_CAUSE_WRONG_ORDER)
 *	-EOPNOTSUPP: the container is not of iommufd (VFA_CAUSE_NOT_IOMMUFD) or noiommu
 *		(VFA_CAUSE_NOIOMMU), or the kernel is older than Linux 6.11
 *		(VFA_CAUSE_OLD_KERNEL)
 *	-EBUSY: the container was sent to another process (VFA_CAUSE_SENT)
 *	-ENOMEM: no memory
 *	any other errno of the kernel, such as EMFILE
 *
 * Kernel: IOMMU_FAULT_QUEUE_ALLOC, from Linux 6.11.
 */
int vfa_fault_queue_open(struct vfa_container *container, struct vfa_fault_queue **ret);

/**
 * vfa_fault_queue_close() - drop the caller's handle
 * @queue: the queue, or NULL
 *
 * Detach the PASIDs that use it first: until they are, devices wait for requests that nobody
 * reads. What was read and not answered ends in the same way. The fd closes with the last
 * PASID.
 */
void vfa_fault_queue_close(struct vfa_fault_queue *queue);

/**
 * vfa_fault_queue_fd() - the fd to poll
 * @queue: the queue
 *
 * POLLIN says that there is something to read. It stays the queue's: read it by
 * vfa_fault_queue_read() alone. POLLOUT is always there.
 *
 * Return: the fd, or -EINVAL when @queue is NULL.
 */
int vfa_fault_queue_fd(const struct vfa_fault_queue *queue);

/**
 * vfa_fault_queue_read() - take requests from the queue
 * @queue: the queue
 * @list: filled in the order of their arrival, groups whole and one after the other
 * @max: number of elements in @list, at least 1
 *
 * It does not wait. What has been taken waits for its answer. Once a PASID is detached,
 * forget what was read of it: the kernel has answered that, and gives its cookies to groups that
 * are read later.
 *
 * Return: the number of requests, 0 when there is none, or
 *	-EINVAL: a NULL argument; @max is 0 (VFA_CAUSE_EMPTY)
 *	-EMSGSIZE: the next group has more than @max requests, how many is said
 *		(VFA_CAUSE_NO_ROOM): read again with more room. Until then the fd may not
 *		tell of that group
 *	-ENOMEM: no memory
 *	any other errno of the kernel
 *
 * Kernel: read(2) and poll(2) of the fault queue.
 */
int vfa_fault_queue_read(struct vfa_fault_queue *queue, struct vfa_page_request *list, size_t max);

/**
 * vfa_fault_queue_respond() - answer a group of requests
 * @queue: the queue that it was read from
 * @cookie: of the group
 * @answer: enum vfa_page_answer
 *
 * Return: 0, or
 *	-EINVAL: @queue is NULL, or @answer unknown (VFA_CAUSE_BAD_ARGUMENT)
 *	-ENOENT: no group with this cookie waits (VFA_CAUSE_NO_REQUEST): it was answered, or its
 *		PASID was detached, or it was not read from this queue. When the cookie is another
 *		group's by now, that one is answered instead
 *	any other errno of the kernel
 *
 * Kernel: write(2) to the fault queue.
 */
int vfa_fault_queue_respond(struct vfa_fault_queue *queue, uint32_t cookie,
			    enum vfa_page_answer answer);

#ifdef __cplusplus
}
#endif

#endif
