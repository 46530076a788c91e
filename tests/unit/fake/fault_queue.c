/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Queues of page faults. A group of requests waits to be read, then for its answer. Cookies are
 * the lowest that are free, so that they come again. The fd is a real one, which can be
 * polled: an eventfd, signalled while there is something to read.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fake/iommufd.h"
#include "fake/lock.h"

#define COOKIES 64

struct group {
	struct group *next;
	struct fake_fault fault;
};

struct fake_fault_queue {
	struct fake_file *iommufd_file; /* held while the fd is open */
	uint32_t id;
	int fd;
	struct group *waiting;          /* to be read, the oldest first */
	struct group *pending[COOKIES]; /* for an answer, by cookie */
};

static size_t answers[2];

void fake_fault_queues_reset(void)
{
	memset(answers, 0, sizeof(answers));
}

long fake_fault_queue_alloc(struct fake_file *iommufd_file, struct uapi_iommu_fault_alloc *command)
{
	struct fake_iommufd *iommufd = iommufd_file->iommufd;
	struct fake_fault_queue *queue;
	struct fake_file *file;
	uint32_t id;

	if (!fake_settings.fault_queues)
		return -ENOTTY;
	if (command->size < sizeof(*command))
		return -EINVAL;
	if (command->flags)
		return -EOPNOTSUPP;
	id = fake_iommufd_object_new(iommufd, FAKE_FAULT_QUEUE);
	if (!id)
		return -ENOMEM;
	queue = calloc(1, sizeof(*queue));
	file = fake_file_new(FILE_FAULT_QUEUE);
	file->fault_queue = queue;
	*queue = (struct fake_fault_queue){ .iommufd_file = iommufd_file, .id = id };
	iommufd->objects[id]->fault_queue = queue;
	iommufd->objects[id]->users = 1;
	fake_file_get(iommufd_file);
	fake_file_get(file);
	queue->fd = fake_file_attach(file, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	fake_file_put(file);
	command->out_fault_id = id;
	command->out_fault_fd = queue->fd;
	return 0;
}

/* The last fd is closed; the object stays. */
void fake_fault_queue_release(struct fake_file *file)
{
	struct fake_fault_queue *queue = file->fault_queue;
	struct fake_file *iommufd_file = queue->iommufd_file;

	queue->fd = -1;
	queue->iommufd_file = NULL;
	iommufd_file->iommufd->objects[queue->id]->users--;
	fake_file_put(iommufd_file);
}

static void answer(struct group *group, uint32_t code)
{
	answers[code]++;
	free(group);
}

/* What matches @device and @pasid, which are UINT32_MAX and NULL for all. */
static bool is_of(const struct group *group, uint32_t device_id, const uint32_t *pasid)
{
	return !pasid || (group->fault.device_id == device_id && group->fault.pasid == *pasid);
}

static void show(const struct fake_fault_queue *queue)
{
	uint64_t count = 1;

	if (queue->fd < 0)
		return;
	if (queue->waiting)
		(void)!write(queue->fd, &count, sizeof(count));
	else
		(void)!read(queue->fd, &count, sizeof(count));
}

static void drop(struct fake_fault_queue *queue, uint32_t device_id, const uint32_t *pasid)
{
	struct group **link = &queue->waiting;

	while (*link) {
		struct group *group = *link;

		if (!is_of(group, device_id, pasid)) {
			link = &group->next;
			continue;
		}
		*link = group->next;
		answer(group, UAPI_IOMMUFD_PAGE_RESP_INVALID);
	}
	for (size_t i = 0; i < COOKIES; i++)
		if (queue->pending[i] && is_of(queue->pending[i], device_id, pasid)) {
			answer(queue->pending[i], UAPI_IOMMUFD_PAGE_RESP_INVALID);
			queue->pending[i] = NULL;
		}
	show(queue);
}

void fake_fault_queue_detach(struct fake_fault_queue *queue, uint32_t device_id, uint32_t pasid)
{
	drop(queue, device_id, &pasid);
}

void fake_fault_queue_free(struct fake_fault_queue *queue)
{
	drop(queue, 0, NULL);
	free(queue);
}

void fake_report_fault(int fd, const struct fake_fault *fault)
{
	struct fake_fault_queue *queue;
	struct group *group, **link;

	fake_lock();
	group = calloc(1, sizeof(*group));
	group->fault = *fault;
	queue = fake_file_of_fd(fd)->fault_queue;
	group->fault.device_id =
		fake_pasid_reporter(queue->iommufd_file->iommufd, fault->device_id, fault->pasid);
	for (link = &queue->waiting; *link; link = &(*link)->next)
		;
	*link = group;
	show(queue);
	fake_unlock();
}

size_t fake_count_answers(uint32_t code)
{
	size_t count;

	fake_lock();
	count = answers[code];
	fake_unlock();
	return count;
}

static void compose(const struct fake_fault *fault, uint32_t cookie,
		    struct uapi_iommu_hwpt_pgfault *ret)
{
	for (size_t i = 0; i < fault->count; i++)
		ret[i] = (struct uapi_iommu_hwpt_pgfault){
			.flags = (fault->pasid == FAKE_NO_PASID
					  ? 0
					  : UAPI_IOMMU_PGFAULT_FLAGS_PASID_VALID) |
				 (i + 1 == fault->count ? UAPI_IOMMU_PGFAULT_FLAGS_LAST_PAGE : 0),
			.dev_id = fault->device_id,
			.pasid = fault->pasid == FAKE_NO_PASID ? 0 : fault->pasid,
			.grpid = fault->group,
			.perm = fault->access,
			.addr = fault->address + i * FAKE_PAGE,
			.cookie = cookie,
		};
}

static uint32_t free_cookie(const struct fake_fault_queue *queue)
{
	uint32_t cookie = 1;

	while (cookie < COOKIES && queue->pending[cookie])
		cookie++;
	return cookie < COOKIES ? cookie : 0;
}

long fake_fault_queue_read(struct fake_fault_queue *queue, void *buffer, size_t size)
{
	struct uapi_iommu_hwpt_pgfault *list = buffer;
	size_t room = size / sizeof(*list), done = 0;
	struct group *group;
	uint32_t cookie;

	if (size % sizeof(*list))
		return -ESPIPE;
	while ((group = queue->waiting)) {
		if (group->fault.count > room - done) {
			if (!done && !fake_settings.old_fault_queues)
				return -EINVAL;
			break;
		}
		cookie = free_cookie(queue);
		if (!cookie) {
			if (!done)
				return -EBUSY;
			break;
		}
		compose(&group->fault, cookie, list + done);
		done += group->fault.count;
		queue->waiting = group->next;
		group->next = NULL;
		queue->pending[cookie] = group;
	}
	show(queue);
	return done * sizeof(*list);
}

long fake_fault_queue_write(struct fake_fault_queue *queue, const void *buffer, size_t size)
{
	const struct uapi_iommu_hwpt_page_response *list = buffer;
	size_t done = 0;

	if (size % sizeof(*list))
		return -ESPIPE;
	for (; done < size / sizeof(*list); done++) {
		uint32_t cookie = list[done].cookie;

		if (list[done].code > UAPI_IOMMUFD_PAGE_RESP_INVALID || cookie >= COOKIES ||
		    !queue->pending[cookie])
			break;
		answer(queue->pending[cookie], list[done].code);
		queue->pending[cookie] = NULL;
	}
	return done || !size ? (long)(done * sizeof(*list)) : -EINVAL;
}
