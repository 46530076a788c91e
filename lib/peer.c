/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "peer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/api.h"
#include "base/error.h"
#include "dmabuf.h"
#include "peer_part.h"
#include "placement.h"
#include "region.h"

static void list_release(struct peer_list *list)
{
	if (atomic_fetch_sub(&list->holders, 1) > 1)
		return;
	pthread_mutex_destroy(&list->lock);
	free(list);
}

static int new_list(struct vfa_device *device)
{
	struct peer_list *list = calloc(1, sizeof(*list));
	int err;

	if (!list)
		return error_memory();
	err = peer_registers_read(device, &list->registers);
	if (err) {
		free(list);
		return err;
	}
	pthread_mutex_init(&list->lock, NULL);
	atomic_init(&list->holders, 1);
	list->device = device;
	device->peers = list;
	return 0;
}

/* From the first part on, whether that comes to be mapped or not. */
static int take_list(struct vfa_device *device, struct peer_list **ret)
{
	int err = 0;

	pthread_mutex_lock(&device->lock);
	if (!device->peers && device->low_power)
		err = refuse_low_power(device); /* reading its registers would wake it */
	else if (!device->peers)
		err = new_list(device);
	*ret = device->peers;
	pthread_mutex_unlock(&device->lock);
	return err;
}

static int require_unsent(struct vfa_container *container)
{
	int err;

	container_lock(container);
	err = container_require_unsent(container, "map a peer");
	container_unlock(container);
	return err;
}

/* Which way it goes; a container that has a device has decided. */
static int choose_way(struct vfa_peer *peer)
{
	struct vfa_container *container = peer->container;
	int err;

	container_lock(container);
	err = container_require_space(container, "map a peer");
	if (!err)
		peer->is_revocable = container->backend->kind == VFA_BACKEND_IOMMUFD;
	container_unlock(container);
	return err;
}

static void link_mapped(struct vfa_peer *peer, struct vfa_mapping *mapping)
{
	peer->mapping = mapping;
	peer->next_of_container = peer->container->peers;
	peer->container->peers = peer;
	peer->list->revocable += peer->is_revocable;
}

static void unlink_mapped(struct vfa_peer *peer)
{
	struct vfa_peer **link = &peer->container->peers;

	while (*link != peer)
		link = &(*link)->next_of_container;
	*link = peer->next_of_container;
	peer->mapping = NULL;
	peer->list->revocable -= peer->is_revocable;
}

static int map_at(struct vfa_peer *peer, int fd, const struct vfa_map_options *options)
{
	struct vfa_container *container = peer->container;
	const struct mapping_wish wish = {
		.vaddr = (void *)peer->address,
		.size = peer->size,
		.fd = fd,
		.owner = MAPPING_OF_PEER,
		.is_device = true,
	};
	struct vfa_mapping *mapping;
	int err;

	container_lock(container);
	err = mapping_place(container, &wish, options, &mapping);
	if (!err)
		link_mapped(peer, mapping);
	container_unlock(container);
	return err;
}

/*
 * After VFA_CAUSE_SHORT_UNMAP it is unmapped, and the failure told; after any other one it
 * is mapped still.
 */
static int unmap(struct vfa_peer *peer)
{
	struct vfa_container *container = peer->container;
	int err = 0;

	container_lock(container);
	if (peer->mapping)
		err = unmap_mapping(peer->mapping);
	if (peer->mapping && (!err || vfa_error_last()->cause == VFA_CAUSE_SHORT_UNMAP))
		unlink_mapped(peer);
	container_unlock(container);
	return err;
}

/*
 * What the kernel keeps mapped stays in the list, for who unmaps by range. It has an address
 * only where it has pages of its own there: others will be mapped at it.
 */
static void abandon(struct vfa_peer *peer)
{
	struct vfa_container *container = peer->container;

	host_log(container->host, VFA_LOG_WARNING, "a part of %s stays mapped: %s",
		 peer->list->device->bdf, vfa_error_last()->message);
	container_lock(container);
	peer->mapping->owner = MAPPING_OF_CALLER;
	peer->mapping->owns_memory = region_abandon_pages(peer->list->device, peer->address);
	if (!peer->mapping->owns_memory) {
		vaddrs_remove(&container->vaddrs, peer->mapping);
		__atomic_store_n(&peer->mapping->vaddr, NULL, __ATOMIC_RELEASE);
	}
	unlink_mapped(peer);
	container_unlock(container);
}

/* On type1 what was mapped is whatever was there: it has to be the BAR still. */
static int check_mapped(struct vfa_peer *peer)
{
	struct vfa_device *device = peer->list->device;
	struct error_record saved;
	int err = 0;

	if (peer->is_revocable || region_has_pages(device, peer->address))
		return 0;
	err = refuse_peer_lost(device, peer->region);
	error_save(&saved);
	(void)unmap(peer);
	if (peer->mapping)
		abandon(peer);
	error_restore(&saved);
	return err;
}

static int export(const struct vfa_peer *peer)
{
	const struct vfa_region_area part = { peer->offset, peer->size };

	return dmabuf_export(peer->list->device, peer->region, &part, 1);
}

/* What revokes from here on is counted, and so what was mapped before it is known by that. */
static int map(struct vfa_peer *peer, const struct vfa_map_options *options)
{
	struct vfa_device *device = peer->list->device;
	unsigned int revocations = peer->list->revocations;
	int fd = -1, err;

	if (peer->is_revocable) {
		fd = export(peer);
		if (fd < 0)
			return fd;
	}
	err = map_at(peer, fd, options);
	if (fd >= 0)
		sys_close(device_syscalls(device), fd);
	if (!err)
		err = check_mapped(peer);
	if (err)
		return err;
	peer->revocations = revocations;
	peer->is_revoked = false;
	return 0;
}

static int map_part(struct vfa_peer *peer)
{
	volatile void *address;
	int err = vfa_region_map_part(peer->list->device, peer->region, peer->offset, peer->size,
				      &address);

	if (!err)
		peer->address = address;
	return err;
}

static void unmap_part(struct vfa_peer *peer)
{
	struct error_record saved;

	error_save(&saved);
	(void)vfa_region_unmap_part(peer->list->device, peer->address);
	error_restore(&saved);
}

static int map_new(struct vfa_peer *peer, const struct vfa_map_options *options)
{
	struct peer_list *list = peer->list;
	int err = require_unsent(list->device->container);

	if (!err)
		err = choose_way(peer);
	if (!err)
		err = peer_require_decoding(list);
	if (!err)
		err = map_part(peer);
	if (err)
		return err;
	err = map(peer, options);
	if (err) {
		unmap_part(peer);
		return err;
	}
	peer->iova = vfa_mapping_iova(peer->mapping);
	peer->next = list->first;
	list->first = peer;
	return 0;
}

/*
 * It counts from here on. Who sends the container of the device has its lock as it looks
 * at the count, and require_unsent() as it asks: one of the two sees the other.
 */
static struct vfa_peer *new_peer(struct vfa_container *container, struct peer_list *list)
{
	struct vfa_peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	peer->container = container;
	peer->list = list;
	container_hold(container);
	list->holders++;
	return peer;
}

static void free_peer(struct vfa_peer *peer)
{
	list_release(peer->list);
	container_release(peer->container);
	free(peer);
}

VFA_API int vfa_peer_map(struct vfa_container *container, struct vfa_device *peer, uint32_t region,
			 uint64_t offset, uint64_t size, const struct vfa_map_options *options,
			 struct vfa_peer **ret)
{
	const struct vfa_map_options *given;
	struct vfa_map_options room;
	struct peer_list *list;
	struct vfa_peer *made;
	int err;

	if (!container || !peer || !ret)
		return error_null(!container ? "container" : peer ? "ret" : "peer");
	err = peer_check_part(peer, region, offset, size);
	if (!err)
		err = placement_options(options, &room, &given);
	if (!err)
		err = take_list(peer, &list);
	if (err)
		return err;
	made = new_peer(container, list);
	if (!made)
		return error_memory();
	made->region = region;
	made->offset = offset;
	made->size = size;
	made->access = given->access;
	pthread_mutex_lock(&list->lock);
	err = map_new(made, given);
	pthread_mutex_unlock(&list->lock);
	if (err)
		free_peer(made);
	else
		*ret = made;
	return err;
}

static void unlink_peer(struct vfa_peer *peer)
{
	struct vfa_peer **link = &peer->list->first;

	while (*link != peer)
		link = &(*link)->next;
	*link = peer->next;
}

VFA_API int vfa_peer_unmap(struct vfa_peer *peer)
{
	struct peer_list *list;
	int err;

	if (!peer)
		return 0;
	list = peer->list;
	pthread_mutex_lock(&list->lock);
	err = unmap(peer);
	if (peer->mapping) {
		pthread_mutex_unlock(&list->lock);
		return err;
	}
	if (list->device) {
		unmap_part(peer);
		unlink_peer(peer);
	}
	pthread_mutex_unlock(&list->lock);
	free_peer(peer);
	return err;
}

/* The pages themselves go with all others of the device. */
static void close_peer(struct vfa_peer *peer)
{
	(void)unmap(peer);
	if (peer->mapping)
		abandon(peer);
	peer->address = NULL;
}

void peer_close_all(struct vfa_device *device)
{
	struct peer_list *list = device->peers;
	struct error_record saved;

	if (!list)
		return;
	error_save(&saved);
	pthread_mutex_lock(&list->lock);
	for (struct vfa_peer *peer = list->first; peer; peer = peer->next)
		close_peer(peer);
	list->first = NULL;
	list->device = NULL;
	pthread_mutex_unlock(&list->lock);
	error_restore(&saved);
}

void peer_forget_device(struct vfa_device *device)
{
	if (device->peers)
		list_release(device->peers);
}

unsigned int peer_count(const struct vfa_device *device)
{
	const struct peer_list *list = device->peers;

	return list ? list->holders - 1 : 0;
}

static const struct vfa_peer *find_by_mapping(const struct vfa_mapping *mapping)
{
	const struct vfa_peer *peer = mapping_container(mapping)->peers;

	while (peer && peer->mapping != mapping)
		peer = peer->next_of_container;
	return peer;
}

int peer_prepare_replay(const struct vfa_mapping *mapping)
{
	const struct vfa_peer *peer = find_by_mapping(mapping);

	if (!peer)
		return refuse_peer_abandoned(&mapping->span.range);
	return region_require_pages(peer->list->device, peer->address);
}

/* As it is, the kernel's list and the library's are the same after each step. */
static int renew(struct vfa_peer *peer)
{
	struct vfa_device *device = peer->list->device;
	unsigned int revocations = peer->list->revocations;
	int fd = export(peer);
	bool is_gone = false;
	int err;

	if (fd < 0)
		return fd;
	container_lock(peer->container);
	err = mapping_renew(peer->mapping, fd, &is_gone);
	if (is_gone)
		unlink_mapped(peer);
	container_unlock(peer->container);
	sys_close(device_syscalls(device), fd);
	peer->is_revoked = err;
	if (!err)
		peer->revocations = revocations;
	return err;
}

static int map_where_it_was(struct vfa_peer *peer)
{
	const struct vfa_map_options options = {
		.flags = VFA_MAP_FIXED,
		.access = peer->access,
		.iova = peer->iova,
		.iova_max = UINT64_MAX,
	};

	return map(peer, &options);
}

static int restore(struct vfa_peer *peer)
{
	struct peer_list *list = peer->list;
	int err;

	if (!list->device)
		return refuse_peer_closed(peer->iova, peer->size);
	err = peer_require_decoding(list);
	if (!err)
		err = region_require_pages(list->device, peer->address);
	if (err || !peer->is_revocable)
		return err;
	return peer->mapping ? renew(peer) : map_where_it_was(peer);
}

VFA_API int vfa_peer_restore(struct vfa_peer *peer)
{
	int err;

	if (!peer)
		return error_null("peer");
	pthread_mutex_lock(&peer->list->lock);
	err = restore(peer);
	pthread_mutex_unlock(&peer->list->lock);
	return err;
}

/* One that was seen not to decode has been revoked, by whoever it was. */
static int check(struct vfa_peer *peer)
{
	const char *why;
	int decodes;

	if (!peer->list->device)
		return VFA_PEER_CLOSED;
	decodes = peer_decodes(peer->list, &why);
	if (decodes < 0)
		return decodes;
	if (!peer->is_revocable)
		return decodes ? VFA_PEER_MAPPED : VFA_PEER_OFF;
	if (!decodes || peer->revocations != peer->list->revocations)
		peer->is_revoked = true;
	return peer->is_revoked ? VFA_PEER_REVOKED : VFA_PEER_MAPPED;
}

VFA_API int vfa_peer_check(struct vfa_peer *peer)
{
	int state;

	if (!peer)
		return error_null("peer");
	pthread_mutex_lock(&peer->list->lock);
	state = check(peer);
	pthread_mutex_unlock(&peer->list->lock);
	return state;
}

VFA_API uint64_t vfa_peer_iova(const struct vfa_peer *peer)
{
	return peer->iova;
}

VFA_API volatile void *vfa_peer_address(const struct vfa_peer *peer)
{
	return peer->address;
}

VFA_API uint64_t vfa_peer_size(const struct vfa_peer *peer)
{
	return peer->size;
}

VFA_API const char *vfa_peer_state_name(enum vfa_peer_state state)
{
	static const char *const names[] = {
		[VFA_PEER_MAPPED] = "mapped",
		[VFA_PEER_OFF] = "off",
		[VFA_PEER_REVOKED] = "revoked",
		[VFA_PEER_CLOSED] = "closed",
	};
	unsigned int index = state;

	return index && index < sizeof(names) / sizeof(names[0]) ? names[index] : "unknown";
}
