/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The container becomes somebody else's: here it can only be closed. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "device.h"
#include "pasid.h"
#include "peer.h"
#include "share_socket.h"

/* The message in the making. */
struct sending {
	struct vfa_container *container;
	struct share_header *header; /* with room for all that follows */
	int fds[SHARE_FDS_MAX];
	size_t fd_count;
};

static int refuse_use(const char *bdf, const char *what, const char *hint)
{
	return error_set(EBUSY, VFA_CAUSE_IN_USE, "%s cannot be sent: %s\n%s", bdf, what, hint);
}

static int check_unused(struct vfa_device *device)
{
	for (size_t i = 0; i < IRQ_KINDS; i++)
		if (device->irqs[i])
			return refuse_use(device->bdf, "its interrupts are enabled",
					  "disable them: their eventfds are of this process");
	if (device->store_count)
		return refuse_use(device->bdf, "eventfds make stores to it",
				  "remove them first, by vfa_ioeventfd_remove: they are of this "
				  "process");
	if (device->low_power)
		return refuse_use(device->bdf, "it is in low power",
				  "take it back first: vfa_device_exit_low_power");
	if (peer_count(device))
		return refuse_use(device->bdf, "containers lead to parts of its BARs",
				  "unmap those first: vfa_peer_unmap");
	if (device->kvm.kvm)
		return refuse_use(device->bdf, "KVM knows it", "remove it from KVM first");
	return 0;
}

static int check_device(struct vfa_device *device)
{
	int err;

	pthread_mutex_lock(&device->lock);
	err = check_unused(device);
	pthread_mutex_unlock(&device->lock);
	return err;
}

static int check_pasids(const struct vfa_container *container)
{
	const struct pasid *pasid = container->pasids ? container->pasids : container->leading;

	if (!pasid)
		return 0;
	return error_set(EBUSY, VFA_CAUSE_IN_USE,
			 "the container cannot be sent: PASID %u of group %u %s\n"
			 "detach it: the receiver attaches its own",
			 pasid->number, vfa_group_number(pasid->group),
			 container->pasids ? "is of its devices" : "leads to it");
}

/* One that could not be dropped: the receiver would not know of it. */
static int check_table(struct vfa_container *container, const struct vfa_device *device)
{
	if (device->join.table)
		pasid_drop_own(container, device->join.group);
	if (!device->join.table)
		return 0;
	return refuse_use(device->bdf, "its group keeps a page table that goes with PASIDs",
			  "send it when no device of the group is being reset any more");
}

static int check_mapped(const struct vfa_container *container)
{
	if (!container->space.count)
		return 0;
	return error_set(
		EBUSY, VFA_CAUSE_IN_USE,
		"the container cannot be sent: %zu mappings of this process are in it\n"
		"unmap them, and free buffers, pools and peers: the receiver maps its own memory",
		container->space.count);
}

static int check_amount(size_t devices, size_t windows)
{
	if (devices > VFA_SHARE_DEVICES_MAX)
		return error_set(E2BIG, VFA_CAUSE_BAD_ARGUMENT,
				 "the container cannot be sent: it has %zu devices, a message %d\n"
				 "send fewer, in several containers",
				 devices, VFA_SHARE_DEVICES_MAX);
	if (windows > SHARE_WINDOWS_MAX)
		return error_set(
			E2BIG, VFA_CAUSE_BAD_ARGUMENT,
			"the container cannot be sent: it has %zu windows, a message %d\n"
			"open its devices with VFA_DEVICE_NO_WINDOWS, and add what matters",
			windows, SHARE_WINDOWS_MAX);
	return 0;
}

static int check_container(struct vfa_container *container)
{
	int err = container_require_space(container, "send");
	size_t count = 0;

	if (!err && container->moving)
		err = refuse_use(container->moving->bdf, "another thread opens or closes it",
				 "wait for that");
	if (!err)
		err = check_pasids(container);
	if (!err)
		err = check_mapped(container);
	for (struct vfa_device *device = container->devices; device && !err; device = device->next)
		err = check_device(device);
	for (struct vfa_device *device = container->devices; device && !err; device = device->next)
		err = check_table(container, device);
	for (struct vfa_device *device = container->devices; device; device = device->next)
		count++;
	return err ? err : check_amount(count, container->space.window_count);
}

static void add_fd(struct sending *sending, int fd)
{
	sending->fds[sending->fd_count++] = fd;
}

/* Each part goes behind the one before it: groups, devices, windows. */
static void *add_part(struct sending *sending, uint32_t *count, size_t size)
{
	void *part = (char *)sending->header + share_size(sending->header);

	memset(part, 0, size);
	++*count;
	return part;
}

static bool group_was_added(const struct sending *sending, int fd)
{
	for (size_t i = 1; i < sending->fd_count; i++)
		if (sending->fds[i] == fd)
			return true;
	return false;
}

static void add_groups(struct sending *sending, const struct vfa_device *device)
{
	struct share_group *group;

	if (!device || sending->container->backend->kind != VFA_BACKEND_TYPE1)
		return;
	add_groups(sending, device->next);
	if (group_was_added(sending, device->join.group_fd))
		return;
	group = add_part(sending, &sending->header->group_count, sizeof(*group));
	strcpy(group->bdf, device->bdf);
	group->number = device->join.group;
	add_fd(sending, device->join.group_fd);
}

/* The list has the newest first. */
static void add_devices(struct sending *sending, const struct vfa_device *device)
{
	struct share_device *part;

	if (!device)
		return;
	add_devices(sending, device->next);
	part = add_part(sending, &sending->header->device_count, sizeof(*part));
	strcpy(part->bdf, device->bdf);
	part->group = device->join.group;
	part->id = device->join.device_id;
	add_fd(sending, device->fd);
}

static uint32_t find_owner(const struct sending *sending, const void *owner)
{
	const struct vfa_device *device = sending->container->devices;
	uint32_t index = sending->header->device_count;

	for (; device; device = device->next) {
		index--;
		if (device == owner)
			return index;
	}
	return SHARE_NO_OWNER;
}

static void add_windows(struct sending *sending)
{
	const struct iova_space *space = &sending->container->space;

	for (size_t i = 0; i < space->window_count; i++) {
		const struct owned_window *owned = &space->windows[i];
		struct share_window *part =
			add_part(sending, &sending->header->window_count, sizeof(*part));

		part->start = owned->window.range.start;
		part->last = owned->window.range.last;
		part->kind = owned->window.kind;
		part->owner = find_owner(sending, owned->owner);
		strcpy(part->bdf, owned->window.bdf);
	}
}

static int write_header(struct sending *sending)
{
	struct backend *backend = sending->container->backend;
	struct share_header *header = sending->header;
	int err = 0;

	memset(header, 0, sizeof(*header));
	memcpy(header->magic, SHARE_MAGIC, sizeof(header->magic));
	header->version = SHARE_VERSION;
	header->backend = backend->kind;
	if (backend->kind == VFA_BACKEND_IOMMUFD)
		err = iommufd_ioas(backend, &header->ioas);
	add_fd(sending, backend->fd);
	return err < 0 ? error_kernel(err, "IOMMU_IOAS_ALLOC") : 0;
}

static int send_message(int socket, struct sending *sending)
{
	struct vfa_container *container = sending->container;
	int err = write_header(sending);

	if (err)
		return err;
	add_groups(sending, container->devices);
	add_devices(sending, container->devices);
	add_windows(sending);
	sending->header->size = share_size(sending->header);
	return share_socket_send(container->host, socket, sending->header, sending->header->size,
				 sending->fds, sending->fd_count);
}

static int send_container(int socket, struct vfa_container *container)
{
	struct sending sending = { .container = container };
	int err = check_container(container);

	if (err)
		return err;
	sending.header = malloc(SHARE_SIZE_MAX);
	if (!sending.header)
		return error_memory();
	err = send_message(socket, &sending);
	if (!err)
		container->backend->is_sent = true;
	free(sending.header);
	return err;
}

VFA_API int vfa_share_send(int socket, struct vfa_container *container)
{
	int err;

	if (!container)
		return error_null("container");
	container_lock(container);
	err = send_container(socket, container);
	container_unlock(container);
	return err;
}
