/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "join.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/node.h"
#include "choice.h"
#include "collision.h"
#include "mapping.h"
#include "refusal.h"
#include "refusal_map.h"
#include "topology/reserved.h"
#include "window.h"

/* Add the regions of one group to a list. */
static int append_reserved(const struct vfa_host *host, int group, struct iova_limits *limits)
{
	struct vfa_reserved_region *more = NULL, *all;
	int count = reserved_read(host, group, &more);

	if (count == -ENOMEM)
		return count;
	if (count <= 0)
		return 0; /* annotation: where sysfs is out of reach, go without */
	all = realloc(limits->reserved, (limits->reserved_count + count) * sizeof(*all));
	if (all) {
		memcpy(all + limits->reserved_count, more, count * sizeof(*all));
		limits->reserved = all;
		limits->reserved_count += count;
	}
	free(more);
	return all ? 0 : -ENOMEM;
}

static bool is_first_of_group(const struct vfa_container *container,
			      const struct vfa_device *device)
{
	for (struct vfa_device *other = container->devices; other != device; other = other->next)
		if (other->join.group == device->join.group)
			return false;
	return true;
}

static int read_reserved(const struct vfa_container *container, struct iova_limits *limits)
{
	for (struct vfa_device *device = container->devices; device; device = device->next) {
		int err = 0;

		if (device->join.group >= 0 && is_first_of_group(container, device))
			err = append_reserved(container->host, device->join.group, limits);
		if (err)
			return err;
	}
	reserved_sort(limits->reserved, limits->reserved_count);
	return 0;
}

/* What can be mapped, for the devices in the list. */
static int refresh_limits(struct vfa_container *container)
{
	struct iova_limits limits = { .alignment = 0 };
	int err;

	if (container->wanted == VFA_BACKEND_NOIOMMU)
		return 0;
	err = container->backend->ops->read_limits(container->backend, &limits);
	if (!err)
		err = read_reserved(container, &limits);
	if (!err)
		err = iova_space_set_limits(&container->space, &limits);
	if (err) {
		iova_limits_clear(&limits);
		return err == -ENOMEM ? error_memory() : error_kernel(err, "read the IOVA ranges");
	}
	return 0;
}

static int check_unique(const struct vfa_container *container, const char *bdf)
{
	for (struct vfa_device *other = container->devices; other; other = other->next)
		if (!strcmp(other->bdf, bdf))
			return error_set(EBUSY, VFA_CAUSE_DEVICE_BUSY,
					 "%s is open in this container already\n"
					 "use the handle it was opened with",
					 bdf);
	return 0;
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

static int refuse(const struct vfa_device *device, const struct pci_function *function,
		  bool holds_mappings, int err)
{
	const struct vfa_container *container = device->container;
	struct refused_join refused = {
		.host = container->host,
		.backend = container->backend->kind,
		.function = function,
		.join = &device->join,
		.live_mappings = holds_mappings ? container->space.count : 0,
	};

	err = refuse_join(&refused, err);
	if (vfa_error_last()->cause == VFA_CAUSE_JOIN_CONFLICT)
		collision_explain(container, &device->join);
	return err;
}

static int enter_kernel(struct vfa_device *device, const struct pci_function *function, int fd,
			const char *vf_token)
{
	struct vfa_container *container = device->container;
	struct backend *backend = container->backend;
	bool holds_mappings = backend->ops->holds_mappings(backend);
	char node[SYSFS_PATH];
	int err;

	find_node(container->host, backend->kind, function, node);
	device->join = (struct join){
		.bdf = device->bdf,
		.group = function->group,
		.node = node,
		.fd = fd,
		.vf_token = vf_token,
	};
	err = backend->ops->join(backend, &device->join);
	if (err == -ENOMEM && device->join.step == JOIN_ATTACH && !container->devices &&
	    container->mapped_bytes)
		return refuse_memory(container, device->bdf, container->mapped_bytes);
	if (err < 0)
		return refuse(device, function, holds_mappings, err);
	device->join.node = NULL;
	device->join.vf_token = NULL;
	device->fd = device->join.device_fd;
	device->next = container->devices;
	container->devices = device;
	host_log(container->host, VFA_LOG_DEBUG, "%s joined: %s, group %d", device->bdf,
		 vfa_backend_name(backend->kind), function->group);
	return 0;
}

static void undecide_backend(struct vfa_container *container)
{
	backend_close(container->backend);
	container->backend = NULL;
	snprintf(container->reason, sizeof(container->reason), UNDECIDED);
}

static int decide_backend(struct vfa_container *container, const struct pci_function *function)
{
	int err;

	if (container->backend)
		return 0;
	err = choose_backend(container->host, function, container->reason,
			     sizeof(container->reason), &container->backend);
	if (err)
		undecide_backend(container);
	else
		host_log(container->host, VFA_LOG_INFO, "backend %s", container->reason);
	return err;
}

static void unlink_device(struct vfa_device *device)
{
	struct vfa_device **link = &device->container->devices;

	while (*link != device)
		link = &(*link)->next;
	*link = device->next;
}

/* Ranges can grow when a device leaves; not to know of it is safe. */
static void leave(struct vfa_device *device)
{
	struct vfa_container *container = device->container;

	host_log(container->host, VFA_LOG_DEBUG, "%s leaves", device->bdf);
	unlink_device(device);
	window_remove_all(device);
	container->backend->ops->leave(container->backend, &device->join);
	if (container->devices && refresh_limits(container))
		host_log(container->host, VFA_LOG_WARNING, "%s left: %s", device->bdf,
			 vfa_error_last()->message);
}

void leave_container(struct vfa_device *device)
{
	struct vfa_container *container = device->container;
	struct error_record saved;

	error_save(&saved);
	leave(device);
	if (!container->devices && container->drops_mappings && unmap_droppable(container))
		host_log(container->host, VFA_LOG_WARNING, "%s left: %s", device->bdf,
			 vfa_error_last()->message);
	error_restore(&saved);
}

/* What was listed before the join is listed after it. */
void abandon_join(struct vfa_device *device)
{
	struct error_record saved;

	error_save(&saved);
	leave(device);
	error_restore(&saved);
	if (device->decided)
		undecide_backend(device->container);
}

int join_container(struct vfa_device *device, const struct pci_function *function, int fd,
		   const char *vf_token)
{
	struct vfa_container *container = device->container;
	bool forgotten; /* by a type1 container, as its last group left */
	int err = check_unique(container, device->bdf);

	if (err)
		return err;
	err = collision_check(container, function);
	if (err)
		return err;
	device->decided = !container->backend;
	err = decide_backend(container, function);
	if (err)
		return err;
	forgotten = !container->backend->ops->holds_mappings(container->backend);
	err = enter_kernel(device, function, fd, vf_token);
	if (err) {
		if (device->decided)
			undecide_backend(container);
		return err;
	}
	err = refresh_limits(container);
	if (!err)
		err = window_add_all(device, device->windows, device->window_count);
	if (!err && forgotten)
		err = collision_check_limits(container, device->bdf);
	if (!err && forgotten)
		err = mapping_replay_all(container);
	if (err)
		abandon_join(device);
	return err;
}
