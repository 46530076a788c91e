/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* A container that somebody else opened becomes one of this process. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "adopt.h"
#include "base/api.h"
#include "base/error.h"
#include "share_socket.h"

/* A message, and its fds; those that found an owner are -1. */
struct receiving {
	struct vfa_host *host;
	void *bytes;
	int fds[SHARE_FDS_MAX];
	size_t fd_count;
	struct share_message message;

	struct vfa_container *container;
	struct vfa_device *devices[VFA_SHARE_DEVICES_MAX];
	size_t device_count;
};

static int check_room(const struct share_header *header, size_t max)
{
	if (header->device_count <= max)
		return 0;
	return error_set(ENOSPC, VFA_CAUSE_BAD_ARGUMENT,
			 "%u devices were sent, and there is room for %zu\n"
			 "receive again with room for VFA_SHARE_DEVICES_MAX: they are still there",
			 header->device_count, max);
}

/* Nothing is taken off the socket before it is known to be for us. */
static int look_ahead(const struct receiving *receiving, int socket, size_t max, size_t *size)
{
	struct share_header header;
	int got = share_socket_peek(receiving->host, socket, &header, sizeof(header));
	int err = got < 0 ? got : share_check_header(&header, got);

	if (!err)
		err = check_room(&header, max);
	if (!err)
		*size = header.size;
	return err;
}

/* Who reads the same socket may have taken the message that was looked at. */
static int check_again(const struct share_header *header, size_t max)
{
	if (header->device_count <= max)
		return 0;
	return error_set(EBADMSG, VFA_CAUSE_BAD_MESSAGE,
			 "another message came over the socket than was to be read first\n"
			 "receive in one thread of one process");
}

static int read_message(struct receiving *receiving, int socket, size_t max, size_t size)
{
	int got, err;

	receiving->bytes = malloc(size);
	if (!receiving->bytes)
		return error_memory();
	got = share_socket_receive(receiving->host, socket, receiving->bytes, size, receiving->fds,
				   &receiving->fd_count);
	if (got < 0)
		return got;
	err = share_parse(receiving->bytes, got, receiving->fd_count, &receiving->message);
	return err ? err : check_again(receiving->message.header, max);
}

static int take_fd(struct receiving *receiving, size_t index)
{
	int fd = receiving->fds[index];

	receiving->fds[index] = -1;
	return fd;
}

static int adopt_groups(struct receiving *receiving)
{
	const struct share_message *message = &receiving->message;
	int err = 0;

	for (size_t i = 0; i < message->header->group_count && !err; i++)
		err = type1_adopt_group(receiving->container->backend, message->groups[i].number,
					message->groups[i].bdf, take_fd(receiving, 1 + i));
	return err;
}

/* Those of a device, or of the program. */
static size_t list_windows(const struct share_message *message, uint32_t owner,
			   struct vfa_window *windows)
{
	size_t count = 0;

	for (size_t i = 0; i < message->header->window_count; i++) {
		const struct share_window *from = &message->windows[i];

		if (from->owner != owner)
			continue;
		windows[count] = (struct vfa_window){
			.range = { from->start, from->last },
			.kind = from->kind,
		};
		strcpy(windows[count++].bdf, from->bdf);
	}
	return count;
}

static int adopt_device(struct receiving *receiving, size_t index, struct vfa_window *windows)
{
	const struct share_message *message = &receiving->message;
	const struct share_device *device = &message->devices[index];
	size_t fd = 1 + message->header->group_count + index;
	struct adopted adopted = {
		.bdf = device->bdf,
		.group = device->group,
		.id = device->id,
		.windows = windows,
		.window_count = list_windows(message, index, windows),
	};
	int err;

	adopted.fd = take_fd(receiving, fd);
	err = device_adopt(receiving->container, &adopted,
			   &receiving->devices[receiving->device_count]);
	if (!err)
		receiving->device_count++;
	return err;
}

static int add_windows(struct receiving *receiving, struct vfa_window *windows)
{
	size_t count = list_windows(&receiving->message, SHARE_NO_OWNER, windows);
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = vfa_container_add_window(receiving->container, &windows[i]);
	return err;
}

static int adopt_devices(struct receiving *receiving)
{
	size_t count = receiving->message.header->window_count;
	struct vfa_window *windows = calloc(count + 1, sizeof(*windows));
	int err = 0;

	if (!windows)
		return error_memory();
	for (size_t i = 0; i < receiving->message.header->device_count && !err; i++)
		err = adopt_device(receiving, i, windows);
	if (!err)
		err = add_windows(receiving, windows);
	free(windows);
	return err;
}

static int adopt_all(struct receiving *receiving)
{
	const struct share_header *header = receiving->message.header;
	int err = container_adopt(receiving->host, header->backend, take_fd(receiving, 0),
				  header->ioas, &receiving->container);

	if (!err)
		err = adopt_groups(receiving);
	return err ? err : adopt_devices(receiving);
}

static void give_up(struct receiving *receiving)
{
	struct error_record saved;

	error_save(&saved);
	while (receiving->device_count)
		vfa_device_close(receiving->devices[--receiving->device_count]);
	vfa_container_close(receiving->container);
	for (size_t i = 0; i < receiving->fd_count; i++)
		sys_close(receiving->host->sys, receiving->fds[i]);
	error_restore(&saved);
}

static int receive(struct receiving *receiving, int socket, size_t max)
{
	size_t size = 0;
	int err = host_require_live(receiving->host, "receive a container");

	if (!err)
		err = look_ahead(receiving, socket, max, &size);
	if (!err)
		err = read_message(receiving, socket, max, size);
	if (!err)
		err = adopt_all(receiving);
	if (err)
		give_up(receiving);
	free(receiving->bytes);
	return err;
}

VFA_API int vfa_share_receive(int socket, struct vfa_host *host, struct vfa_container **ret,
			      struct vfa_device **devices, size_t max)
{
	struct receiving receiving = { .fd_count = 0 };
	int err;

	if (!ret || !devices)
		return error_null(ret ? "devices" : "ret");
	err = host_hold(host, &receiving.host);
	if (err)
		return err;
	err = receive(&receiving, socket, max);
	if (!err) {
		*ret = receiving.container;
		memcpy(devices, receiving.devices, receiving.device_count * sizeof(*devices));
	}
	vfa_host_free(receiving.host);
	return err ? err : (int)receiving.device_count;
}
