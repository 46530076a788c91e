/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fault_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/deadline.h"
#include "base/error.h"
#include "device.h"
#include "uapi/iommufd.h"

/* Of one call, and of one group. */
#define REQUESTS_MAX 4096

#define SAME(ours, theirs) _Static_assert((unsigned int)(ours) == (theirs), "as the kernel's")

SAME(VFA_PAGE_READ, UAPI_IOMMU_PGFAULT_PERM_READ);
SAME(VFA_PAGE_WRITE, UAPI_IOMMU_PGFAULT_PERM_WRITE);
SAME(VFA_PAGE_EXEC, UAPI_IOMMU_PGFAULT_PERM_EXEC);
SAME(VFA_PAGE_PRIV, UAPI_IOMMU_PGFAULT_PERM_PRIV);
SAME(VFA_PAGE_HAS_PASID, UAPI_IOMMU_PGFAULT_FLAGS_PASID_VALID);
SAME(VFA_PAGE_LAST, UAPI_IOMMU_PGFAULT_FLAGS_LAST_PAGE);
SAME(VFA_PAGE_HANDLED, UAPI_IOMMUFD_PAGE_RESP_SUCCESS);
SAME(VFA_PAGE_INVALID, UAPI_IOMMUFD_PAGE_RESP_INVALID);

/* Requests as the kernel has them. */
struct requests {
	struct uapi_iommu_hwpt_pgfault *list;
	size_t count;
};

struct vfa_fault_queue {
	struct vfa_container *container; /* held */
	atomic_uint holders;             /* the caller's handle, and page tables */
	uint32_t id;
	int fd;

	pthread_mutex_t lock;  /* of what is below; taken under containers', and none under it */
	struct requests large; /* taken from the kernel, for which there was no room */
};

uint32_t fault_queue_id(const struct vfa_fault_queue *queue)
{
	return queue->id;
}

struct vfa_container *fault_queue_container(const struct vfa_fault_queue *queue)
{
	return queue->container;
}

static int iommufd_ioctl(const struct vfa_container *container, unsigned long request,
			 void *argument)
{
	return sys_ioctl(container->host->sys, container->backend->fd, request, argument);
}

static int alloc_queue(struct vfa_fault_queue *queue, struct vfa_container *container)
{
	struct uapi_iommu_fault_alloc alloc = { .size = sizeof(alloc) };
	int err = container_require_iommufd(container, "fault queue");

	if (err)
		return err;
	err = iommufd_ioctl(container, UAPI_IOMMU_FAULT_QUEUE_ALLOC, &alloc);
	if (err == -ENOTTY)
		return error_old_kernel("fault queue", "IOMMU_FAULT_QUEUE_ALLOC", "6.11");
	if (err < 0)
		return error_kernel(err, "IOMMU_FAULT_QUEUE_ALLOC");
	queue->id = alloc.out_fault_id;
	queue->fd = alloc.out_fault_fd; /* close-on-exec from birth */
	return 0;
}

VFA_API int vfa_fault_queue_open(struct vfa_container *container, struct vfa_fault_queue **ret)
{
	struct vfa_fault_queue *queue;
	int err;

	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return error_memory();
	container_lock(container);
	err = alloc_queue(queue, container);
	container_unlock(container);
	if (err) {
		free(queue);
		return err;
	}
	container_hold(container);
	queue->container = container;
	atomic_init(&queue->holders, 1);
	pthread_mutex_init(&queue->lock, NULL);
	*ret = queue;
	return 0;
}

void fault_queue_hold(struct vfa_fault_queue *queue)
{
	atomic_fetch_add(&queue->holders, 1);
}

/* The fd first, which holds the object. */
void fault_queue_release(struct vfa_fault_queue *queue)
{
	struct uapi_iommu_destroy destroy = { .size = sizeof(destroy), .id = queue->id };

	if (atomic_fetch_sub(&queue->holders, 1) > 1)
		return;
	sys_close(queue->container->host->sys, queue->fd);
	(void)iommufd_ioctl(queue->container, UAPI_IOMMU_DESTROY, &destroy);
	pthread_mutex_destroy(&queue->lock);
	container_release(queue->container);
	free(queue->large.list);
	free(queue);
}

VFA_API void vfa_fault_queue_close(struct vfa_fault_queue *queue)
{
	if (queue)
		fault_queue_release(queue);
}

VFA_API int vfa_fault_queue_fd(const struct vfa_fault_queue *queue)
{
	return queue ? queue->fd : error_null("queue");
}

/* 1 or 0, or -errno. */
static int has_requests(const struct vfa_fault_queue *queue)
{
	struct pollfd poll_fd = { .fd = queue->fd, .events = POLLIN };
	struct deadline at_once = deadline_in(0);
	int ready = deadline_poll(queue->container->host->sys, &at_once, &poll_fd, 1);

	return ready < 0 ? ready : (poll_fd.revents & POLLIN) != 0;
}

/*
 * As many as there are and fit, in whole groups; -EINVAL when not even the first does. Older
 * kernels answer that as if there were none, but for the poll.
 */
static int fetch(const struct vfa_fault_queue *queue, struct uapi_iommu_hwpt_pgfault *list,
		 size_t max)
{
	ssize_t size = sys_read(queue->container->host->sys, queue->fd, list, max * sizeof(*list));
	int there;

	if (size)
		return size < 0 ? (int)size : (int)(size / sizeof(*list));
	there = has_requests(queue);
	return there > 0 ? -EINVAL : there;
}

/*
 * The kernel does not tell how large the first group is, but that it does not fit: by adding
 * to the room until it does, nothing but that group is taken. It may have come after the read
 * that looked for it, and fit.
 */
static int fetch_large(struct vfa_fault_queue *queue, size_t room)
{
	struct uapi_iommu_hwpt_pgfault *list = calloc(REQUESTS_MAX, sizeof(*list));
	int count = -EINVAL;

	if (!list)
		return -ENOMEM;
	while (count == -EINVAL && room <= REQUESTS_MAX)
		count = fetch(queue, list, room++);
	if (count <= 0) {
		free(list);
		return count;
	}
	queue->large = (struct requests){ list, count };
	return 0;
}

static void drop_large(struct vfa_fault_queue *queue)
{
	free(queue->large.list);
	queue->large = (struct requests){ NULL, 0 };
}

void fault_queue_forget(struct vfa_fault_queue *queue, uint32_t device_id, uint32_t pasid)
{
	const struct uapi_iommu_hwpt_pgfault *first;

	pthread_mutex_lock(&queue->lock);
	first = queue->large.list;
	if (first && first->dev_id == device_id && first->pasid == pasid)
		drop_large(queue);
	pthread_mutex_unlock(&queue->lock);
}

static int take_large(struct vfa_fault_queue *queue, struct uapi_iommu_hwpt_pgfault *list,
		      size_t max)
{
	size_t count = queue->large.count;

	if (count > max)
		return error_set(EMSGSIZE, VFA_CAUSE_NO_ROOM,
				 "the next group of page requests has %zu of them, the list room "
				 "for %zu\n"
				 "read again into a list of %zu",
				 count, max, count);
	memcpy(list, queue->large.list, count * sizeof(*list));
	drop_large(queue);
	return count;
}

static int take(struct vfa_fault_queue *queue, struct uapi_iommu_hwpt_pgfault *list, size_t max)
{
	int count = 0;

	if (!queue->large.count) {
		count = fetch(queue, list, max);
		if (count == -EINVAL)
			count = fetch_large(queue, max);
	}
	if (count < 0)
		return count == -ENOMEM ? error_memory()
					: error_kernel(count, "read page requests");
	return queue->large.count ? take_large(queue, list, max) : count;
}

static void name_device(struct vfa_container *container, struct vfa_page_request *request)
{
	const struct vfa_device *device;

	container_lock(container);
	device = container->devices;
	while (device && device->join.device_id != request->device_id)
		device = device->next;
	if (device)
		memcpy(request->bdf, device->bdf, sizeof(device->bdf));
	container_unlock(container);
}

static void translate(const struct vfa_fault_queue *queue,
		      const struct uapi_iommu_hwpt_pgfault *fault, struct vfa_page_request *ret)
{
	*ret = (struct vfa_page_request){
		.device_id = fault->dev_id,
		.flags = fault->flags & (VFA_PAGE_HAS_PASID | VFA_PAGE_LAST),
		.pasid = fault->pasid,
		.group = fault->grpid,
		.access = fault->perm,
		.length = fault->length,
		.cookie = fault->cookie,
		.address = fault->addr,
	};
	name_device(queue->container, ret);
}

VFA_API int vfa_fault_queue_read(struct vfa_fault_queue *queue, struct vfa_page_request *list,
				 size_t max)
{
	struct uapi_iommu_hwpt_pgfault *faults;
	int count;

	if (!queue || !list)
		return error_null(queue ? "list" : "queue");
	if (!max)
		return error_set(EINVAL, VFA_CAUSE_EMPTY,
				 "read page requests: a list of 0\ngive room for one at least");
	if (max > REQUESTS_MAX)
		max = REQUESTS_MAX;
	faults = calloc(max, sizeof(*faults));
	if (!faults)
		return error_memory();
	pthread_mutex_lock(&queue->lock);
	count = take(queue, faults, max);
	pthread_mutex_unlock(&queue->lock);
	for (int i = 0; i < count; i++)
		translate(queue, &faults[i], &list[i]);
	free(faults);
	return count;
}

VFA_API int vfa_fault_queue_respond(struct vfa_fault_queue *queue, uint32_t cookie,
				    enum vfa_page_answer answer)
{
	struct uapi_iommu_hwpt_page_response response = { .cookie = cookie, .code = answer };
	ssize_t size;

	if (!queue)
		return error_null("queue");
	if (answer != VFA_PAGE_HANDLED && answer != VFA_PAGE_INVALID)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "page answer %d is neither handled nor invalid\nname one of them",
				 answer);
	size = sys_write(queue->container->host->sys, queue->fd, &response, sizeof(response));
	if (size == -EINVAL)
		return error_set(ENOENT, VFA_CAUSE_NO_REQUEST,
				 "no page requests with cookie %u wait for an answer\n"
				 "answer a group once, and not after its PASID was detached, "
				 "which answers it",
				 cookie);
	return size < 0 ? error_kernel((int)size, "answer page requests with cookie %u", cookie)
			: 0;
}
