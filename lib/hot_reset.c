/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "hot_reset.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "gone.h"
#include "irq.h"
#include "peer.h"

VFA_API const char *vfa_ownership_name(enum vfa_ownership ownership)
{
	static const char *const names[] = {
		[VFA_OWNERSHIP_UNBOUND] = "unbound",
		[VFA_OWNERSHIP_NONE] = "not owned",
		[VFA_OWNERSHIP_GROUP] = "group",
		[VFA_OWNERSHIP_OPEN] = "open",
	};

	if ((unsigned int)ownership >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[ownership];
}

VFA_API int vfa_hot_reset_functions(struct vfa_device *device, struct vfa_hot_reset_function *list,
				    size_t max)
{
	struct hot_reset hot_reset = { .device = device };
	int err;

	if (!device || (max && !list))
		return error_null(device ? "list" : "device");
	err = hot_reset_read(&hot_reset);
	if (err)
		return err;
	if (max)
		memcpy(list, hot_reset.functions,
		       (max < hot_reset.count ? max : hot_reset.count) * sizeof(*list));
	free(hot_reset.functions);
	return hot_reset.count;
}

/* A duplicate, so that it means the same until the reset is done; -ENOENT for none. */
static int dup_group(struct vfa_container *container, const struct vfa_hot_reset_function *function)
{
	int fd = -ENOENT;

	if (container->backend->kind == VFA_BACKEND_IOMMUFD)
		return fd;
	container_lock(container);
	fd = type1_group_fd(container->backend, function->group, function->bdf);
	if (fd >= 0)
		fd = sys_dup(container->host->sys, fd);
	container_unlock(container);
	return fd;
}

static int find_group(const struct hot_reset *hot_reset,
		      const struct vfa_hot_reset_function *function)
{
	int fd = dup_group(hot_reset->device->container, function);

	for (size_t i = 0; i < hot_reset->other_count && fd == -ENOENT; i++)
		fd = dup_group(hot_reset->others[i]->container, function);
	return fd;
}

static void close_groups(const struct hot_reset *hot_reset,
			 const struct vfio_pci_hot_reset *request)
{
	for (uint32_t i = 0; i < request->count; i++)
		sys_close(device_syscalls(hot_reset->device), request->group_fds[i]);
}

static bool is_first_of_group(const struct hot_reset *hot_reset, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (hot_reset->functions[i].group == hot_reset->functions[index].group)
			return false;
	return true;
}

/* The proof of ownership on type1: each group once. */
static int collect_groups(const struct hot_reset *hot_reset, struct vfio_pci_hot_reset *request)
{
	for (size_t i = 0; i < hot_reset->count; i++) {
		int fd;

		if (!is_first_of_group(hot_reset, i))
			continue;
		fd = find_group(hot_reset, &hot_reset->functions[i]);
		if (fd < 0) {
			close_groups(hot_reset, request);
			return error_kernel(fd, "hot reset of %s: group %" PRId32,
					    hot_reset->device->bdf, hot_reset->functions[i].group);
		}
		request->group_fds[request->count++] = fd;
	}
	return 0;
}

/* The kernel has the lock of such a device for as long as it waits. */
static const char *find_leaving(const struct hot_reset *hot_reset)
{
	const struct vfa_host *host = hot_reset->device->container->host;

	for (size_t i = 0; i < hot_reset->count; i++)
		if (hot_reset->functions[i].ownership == VFA_OWNERSHIP_OPEN &&
		    device_is_leaving(host, hot_reset->functions[i].bdf))
			return hot_reset->functions[i].bdf;
	return NULL;
}

static int refuse_locked(const struct hot_reset *hot_reset)
{
	const struct vfa_device *device = hot_reset->device;
	const char *leaving = find_leaving(hot_reset);
	int err = device_require_answer(device);

	if (err)
		return err;
	if (leaving)
		return error_set(EAGAIN, VFA_CAUSE_IN_USE,
				 "hot reset of %s: the kernel is taking %s away, and waits for it "
				 "to be closed\n"
				 "close it: until then its bus is not reset",
				 device->bdf, leaving);
	return error_set(EAGAIN, VFA_CAUSE_IN_USE,
			 "hot reset of %s: somebody resets a device on its bus, or changes its "
			 "driver, at this moment\n"
			 "nothing was reset: try again, and restore what others reach of BARs "
			 "there: vfa_peer_restore",
			 device->bdf);
}

/* The kernel does not wait for locks of many devices: it gives up, and undoes what it did. */
static int refuse(const struct hot_reset *hot_reset, int err)
{
	const struct vfa_device *device = hot_reset->device;

	if (err == -EBUSY)
		return error_set(EBUSY, VFA_CAUSE_IN_USE,
				 "hot reset of %s: registers of a device on its bus are being "
				 "accessed at this moment\n"
				 "nothing was reset: try again, or keep other threads from them, "
				 "and restore what others reach of BARs there: vfa_peer_restore",
				 device->bdf);
	if (err == -EAGAIN)
		return refuse_locked(hot_reset);
	return error_device(device, err, "%s: VFIO_DEVICE_PCI_HOT_RESET", device->bdf);
}

static bool is_affected(const struct hot_reset *hot_reset, const struct vfa_device *device)
{
	for (size_t i = 0; i < hot_reset->count; i++)
		if (!strcmp(hot_reset->functions[i].bdf, device->bdf))
			return true;
	return false;
}

/* The kernel revokes before it tries, and so of resets too that fail. */
static void note_container(const struct hot_reset *hot_reset, struct vfa_container *container)
{
	container_lock(container);
	for (struct vfa_device *device = container->devices; device; device = device->next)
		if (is_affected(hot_reset, device))
			peer_note_revocation(device, "a hot reset");
	container_unlock(container);
}

static struct vfa_container *container_at(const struct hot_reset *hot_reset, size_t index)
{
	return index ? hot_reset->others[index - 1]->container : hot_reset->device->container;
}

/* Several of the devices may be of one container. */
static bool is_first_of_container(const struct hot_reset *hot_reset, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (container_at(hot_reset, i) == container_at(hot_reset, index))
			return false;
	return true;
}

static void note_all(const struct hot_reset *hot_reset)
{
	for (size_t i = 0; i <= hot_reset->other_count; i++)
		if (is_first_of_container(hot_reset, i))
			note_container(hot_reset, container_at(hot_reset, i));
}

static int reset_bus(const struct hot_reset *hot_reset)
{
	struct vfa_device *device = hot_reset->device;
	size_t size = sizeof(struct vfio_pci_hot_reset) + hot_reset->count * sizeof(__s32);
	struct vfio_pci_hot_reset *request = calloc(1, size);
	int err = 0;

	if (!request)
		return error_memory();
	request->argsz = size;
	if (device->container->backend->kind != VFA_BACKEND_IOMMUFD)
		err = collect_groups(hot_reset, request);
	if (!err) {
		err = device_ioctl(device, VFIO_DEVICE_PCI_HOT_RESET, request);
		note_all(hot_reset);
		if (err < 0)
			err = refuse(hot_reset, err);
		close_groups(hot_reset, request);
	}
	free(request);
	return err;
}

/* All are tried: the first failure is the one that is told. */
static int rearm_container(const struct hot_reset *hot_reset, struct vfa_container *container)
{
	int err = 0;

	container_lock(container);
	for (struct vfa_device *device = container->devices; device; device = device->next) {
		int failed = is_affected(hot_reset, device) ? irq_rearm_all(device) : 0;

		err = err ? err : failed;
	}
	container_unlock(container);
	return err;
}

static int rearm_all(const struct hot_reset *hot_reset)
{
	int err = 0;

	for (size_t i = 0; i <= hot_reset->other_count; i++) {
		int failed = 0;

		if (is_first_of_container(hot_reset, i))
			failed = rearm_container(hot_reset, container_at(hot_reset, i));
		err = err ? err : failed;
	}
	return err;
}

static int reset_owned(const struct hot_reset *hot_reset)
{
	int err;

	for (size_t i = 0; i < hot_reset->count; i++)
		if (!hot_reset_owns(&hot_reset->functions[i]))
			return refuse_unowned(hot_reset);
	err = reset_bus(hot_reset);
	return err ? err : rearm_all(hot_reset);
}

VFA_API int vfa_device_hot_reset(struct vfa_device *device, struct vfa_device *const *others,
				 size_t count)
{
	struct hot_reset hot_reset = { .device = device, .others = others, .other_count = count };
	int err;

	if (!device || (count && !others))
		return error_null(device ? "others" : "device");
	for (size_t i = 0; i < count; i++)
		if (!others[i])
			return error_null("one of others");
	err = hot_reset_read(&hot_reset);
	if (err)
		return err;
	err = reset_owned(&hot_reset);
	free(hot_reset.functions);
	return err;
}
