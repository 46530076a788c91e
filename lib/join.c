/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "join.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "allowed.h"
#include "base/error.h"
#include "base/node.h"
#include "choice.h"
#include "collision.h"
#include "mapping.h"
#include "pasid.h"
#include "refusal.h"
#include "refusal_map.h"
#include "window.h"

static bool has_device(const struct vfa_device *devices, const char *bdf)
{
	while (devices && strcmp(devices->bdf, bdf))
		devices = devices->next;
	return devices;
}

static int check_unique(const struct vfa_container *container, const char *bdf)
{
	if (!has_device(container->devices, bdf) && !has_device(container->moving, bdf))
		return 0;
	return error_set(EBUSY, VFA_CAUSE_DEVICE_BUSY,
			 "%s is open in this container already\n"
			 "use the handle it was opened with",
			 bdf);
}

static void link_device(struct vfa_device **list, struct vfa_device *device)
{
	device->next = *list;
	*list = device;
}

static void unlink_device(struct vfa_device **list, struct vfa_device *device)
{
	while (*list != device)
		list = &(*list)->next;
	*list = device->next;
}

static void find_node(const struct vfa_host *host, enum vfa_backend backend,
		      const struct pci_function *function, char path[SYSFS_PATH])
{
	if (backend == VFA_BACKEND_IOMMUFD)
		node_path(host, path, "vfio/devices/%s", function->vfio_node);
	else
		node_path(host, path, "vfio/%s%d", function->noiommu ? "noiommu-" : "",
			  function->group);
}

static int decide_backend(struct vfa_container *container, const struct pci_function *function)
{
	int err;

	if (container->backend)
		return 0;
	err = choose_backend(container->host, function, container->reason,
			     sizeof(container->reason), &container->backend);
	if (err)
		snprintf(container->reason, sizeof(container->reason), UNDECIDED);
	else
		host_log(container->host, VFA_LOG_INFO, "backend %s", container->reason);
	return err;
}

/* One that was chosen for devices none of which came in. */
static void undecide_backend(struct vfa_container *container)
{
	if (container->is_settled || container->moving)
		return;
	backend_close(container->backend);
	container->backend = NULL;
	snprintf(container->reason, sizeof(container->reason), UNDECIDED);
}

/* All of the function is of interest now, and as it is now. */
static int refuse(struct joining *joining, size_t live_mappings, int err)
{
	const struct vfa_device *device = joining->device;
	struct pci_function function;
	struct refused_join refused = {
		.host = device->container->host,
		.backend = device->container->backend->kind,
		.function = &function,
		.join = &device->join,
		.live_mappings = live_mappings,
	};

	pci_read(refused.host, device->bdf, &function);
	err = refuse_join(&refused, err);
	joining->names_nothing = vfa_error_last()->cause == VFA_CAUSE_JOIN_CONFLICT;
	return err;
}

static int refuse_attach(struct joining *joining, bool holds_mappings, int err)
{
	const struct vfa_device *device = joining->device;
	struct vfa_container *container = device->container;

	if (err == -ENOMEM && device->join.step == JOIN_ATTACH &&
	    !container_is_reached(container) && container->mapped_bytes > container->device_bytes)
		return refuse_memory(container, device->bdf,
				     container->mapped_bytes - container->device_bytes);
	return refuse(joining, holds_mappings ? container->space.count : 0, err);
}

/*
 * The device takes part in the address space, and what can be mapped is known anew, before
 * anybody else maps. A type1 container forgot its mappings as its last group left.
 */
static int attach(struct joining *joining)
{
	struct vfa_device *device = joining->device;
	struct vfa_container *container = device->container;
	struct backend *backend = container->backend;
	bool holds_mappings = backend->ops->holds_mappings(backend);
	int err;

	device->join.table = pasid_table_of(container, device->join.group);
	err = backend->ops->attach(backend, &device->join);
	if (err < 0) {
		device->join.table = 0;
		return refuse_attach(joining, holds_mappings, err);
	}
	err = allowed_refresh(container);
	if (!err)
		err = window_add_all(container, device);
	if (!err && !holds_mappings)
		err = collision_check_limits(container, device->bdf);
	if (!err && !holds_mappings)
		err = mapping_replay_all(container);
	return err;
}

static bool has_attached(const struct vfa_device *devices)
{
	while (devices && !devices->join.is_attached)
		devices = devices->next;
	return devices;
}

static bool is_reached(const struct vfa_container *container)
{
	return has_attached(container->devices) || has_attached(container->moving) ||
	       container->leading;
}

/* Ranges can grow when a device leaves; not to know of it is safe. */
static void take_out(struct vfa_device *device)
{
	struct vfa_container *container = device->container;

	host_log(container->host, VFA_LOG_DEBUG, "%s leaves", device->bdf);
	window_remove_all(container, device);
	container->backend->ops->detach(container->backend, &device->join);
	pasid_forget_table(device);
	if (is_reached(container) && allowed_refresh(container))
		host_log(container->host, VFA_LOG_WARNING, "%s left: %s", device->bdf,
			 vfa_error_last()->message);
}

/*
 * Whoever takes the lock next takes what a type1 container has in it for served: a group
 * that failed before all was mapped again goes first.
 */
static int attach_first(struct joining *joining)
{
	struct error_record saved;
	int err = attach(joining);

	if (err && joining->device->join.is_attached) {
		error_save(&saved);
		take_out(joining->device);
		error_restore(&saved);
	}
	return err;
}

/* From here on the device is known to be on its way, and its backend stays. */
static int reserve(struct joining *joining)
{
	const struct pci_function *function = joining->function;
	struct vfa_device *device = joining->device;
	struct vfa_container *container = device->container;
	int err = container_require_unsent(container, device->bdf);

	if (!err)
		err = check_unique(container, device->bdf);
	if (!err)
		err = collision_check(container, function);
	if (!err)
		err = decide_backend(container, function);
	if (err)
		return err;
	find_node(container->host, container->backend->kind, function, joining->node);
	device->join = (struct join){
		.bdf = device->bdf,
		.group = function->group,
		.node = joining->node,
		.fd = joining->fd,
		.vf_token = joining->vf_token,
		.group_fd = -1,
		.device_fd = -1,
	};
	link_device(&container->moving, device);
	joining->is_reserved = true;
	return 0;
}

static int reserve_and_attach(struct joining *joining)
{
	struct vfa_container *container = joining->device->container;
	int err;

	container_lock(container);
	err = reserve(joining);
	if (!err && container->backend->ops->attaches_first)
		err = attach_first(joining);
	container_unlock(container);
	return err;
}

static int open_in_kernel(struct joining *joining)
{
	struct vfa_device *device = joining->device;
	struct backend *backend = device->container->backend;
	int err = backend->ops->open_device(backend, &device->join);

	if (err < 0)
		return refuse(joining, 0, err);
	device->fd = device->join.device_fd;
	return 0;
}

/* Others may have mapped while the device was opened: what it collides with is asked again. */
static int attach_late(struct joining *joining)
{
	int err = collision_check(joining->device->container, joining->function);

	return err ? err : attach(joining);
}

static void admit(struct vfa_device *device)
{
	struct vfa_container *container = device->container;

	device->join.node = NULL;
	device->join.vf_token = NULL;
	unlink_device(&container->moving, device);
	link_device(&container->devices, device);
	container->is_settled = true;
	pasid_warn_of(device);
	host_log(container->host, VFA_LOG_DEBUG, "%s joined: %s, group %d", device->bdf,
		 vfa_backend_name(container->backend->kind), device->join.group);
}

int join_begin(struct joining *joining)
{
	int err = reserve_and_attach(joining);

	if (!err)
		err = open_in_kernel(joining);
	if (err && joining->is_reserved)
		join_abandon(joining);
	return err;
}

int join_finish(struct joining *joining)
{
	struct vfa_device *device = joining->device;
	int err = 0;

	container_lock(device->container);
	if (!device->join.is_attached)
		err = attach_late(joining);
	if (!err)
		admit(device);
	container_unlock(device->container);
	return err;
}

static void detach(struct vfa_device *device)
{
	unlink_device(&device->container->moving, device);
	if (device->join.is_attached)
		take_out(device);
}

static void close_in_kernel(struct vfa_device *device)
{
	struct backend *backend = device->container->backend;

	if (device->join.device_fd >= 0)
		backend->ops->close_device(backend, &device->join);
}

/* What was listed before the join is listed after it. */
void join_abandon(struct joining *joining)
{
	struct vfa_device *device = joining->device;
	struct vfa_container *container = device->container;
	enum vfa_backend kind = container->backend->kind;
	struct error_record saved;

	error_save(&saved);
	close_in_kernel(device);
	container_lock(container);
	detach(device);
	undecide_backend(container);
	container_unlock(container);
	error_restore(&saved);
	if (joining->names_nothing)
		collision_explain(container, kind, &device->join);
}

/* While its fd closes nobody shall find it among those that can be used. */
static void set_out(struct vfa_device *device)
{
	struct vfa_container *container = device->container;

	container_lock(container);
	unlink_device(&container->devices, device);
	link_device(&container->moving, device);
	container_unlock(container);
}

void leave_container(struct vfa_device *device)
{
	struct vfa_container *container = device->container;
	struct error_record saved;
	struct pasid *ended;

	error_save(&saved);
	ended = pasid_leave(device);
	set_out(device);
	close_in_kernel(device);
	pasid_end(ended);
	container_lock(container);
	detach(device);
	if (!container_is_reached(container) && container->drops_mappings &&
	    unmap_droppable(container))
		host_log(container->host, VFA_LOG_WARNING, "%s left: %s", device->bdf,
			 vfa_error_last()->message);
	container_unlock(container);
	error_restore(&saved);
}

static int adopt(struct vfa_device *device)
{
	struct vfa_container *container = device->container;
	int err = check_unique(container, device->bdf);

	if (!err)
		err = container->backend->ops->adopt(container->backend, &device->join);
	if (err == -ENOENT)
		return error_set(EBADMSG, VFA_CAUSE_BAD_MESSAGE,
				 "%s came over the socket without its group\n"
				 "have the other side send by vfa_share_send",
				 device->bdf);
	return err;
}

int join_adopt(struct vfa_device *device)
{
	struct vfa_container *container = device->container;
	int err;

	container_lock(container);
	err = adopt(device);
	if (err) {
		container_unlock(container);
		close_in_kernel(device);
		return err;
	}
	link_device(&container->devices, device);
	err = allowed_refresh(container);
	if (!err)
		err = window_add_all(container, device);
	container_unlock(container);
	if (err)
		leave_container(device);
	return err;
}
