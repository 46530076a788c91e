/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "share_message.h"

#include <errno.h>
#include <string.h>
#include <vfa/window.h>

#include "base/bdf.h"
#include "base/error.h"

_Static_assert(sizeof(struct share_header) % 8 == 0 && sizeof(struct share_group) % 8 == 0 &&
		       sizeof(struct share_device) % 8 == 0 && sizeof(struct share_window) % 8 == 0,
	       "each part is aligned where the one before it ends");

static int refuse(const char *what)
{
	return error_set(EBADMSG, VFA_CAUSE_BAD_MESSAGE,
			 "the message over the socket is damaged: %s\n"
			 "have the other side send by vfa_share_send, and nothing else here",
			 what);
}

size_t share_size(const struct share_header *header)
{
	return sizeof(*header) + header->group_count * sizeof(struct share_group) +
	       header->device_count * sizeof(struct share_device) +
	       header->window_count * sizeof(struct share_window);
}

static const char *check_counts(const struct share_header *header)
{
	if (!header->device_count || header->device_count > VFA_SHARE_DEVICES_MAX)
		return "its number of devices";
	if (header->group_count > header->device_count)
		return "its number of groups";
	if (header->window_count > SHARE_WINDOWS_MAX)
		return "its number of windows";
	if (header->size != share_size(header))
		return "its size";
	return NULL;
}

static const char *check_backend(const struct share_header *header)
{
	if (header->backend == VFA_BACKEND_TYPE1)
		return header->group_count && !header->ioas ? NULL : "a type1 without groups";
	if (header->backend == VFA_BACKEND_IOMMUFD)
		return !header->group_count && header->ioas ? NULL : "an iommufd without IOAS";
	return "its backend";
}

int share_check_header(const void *bytes, size_t size)
{
	struct share_header header = { .size = 0 };
	const char *wrong;

	memcpy(&header, bytes, size < sizeof(header) ? size : sizeof(header));
	if (size < offsetof(struct share_header, size) ||
	    memcmp(header.magic, SHARE_MAGIC, sizeof(header.magic)))
		return error_set(EBADMSG, VFA_CAUSE_BAD_MESSAGE,
				 "what came over the socket is no container\n"
				 "have the other side send by vfa_share_send, and nothing else "
				 "before");
	if (header.version != SHARE_VERSION)
		return error_set(EPROTONOSUPPORT, VFA_CAUSE_BAD_MESSAGE,
				 "the message over the socket has version %u, this library %u\n"
				 "use the same version of libvfa on both sides",
				 header.version, SHARE_VERSION);
	if (size < sizeof(header))
		return refuse("it ends in its header");
	wrong = check_counts(&header);
	if (!wrong)
		wrong = check_backend(&header);
	return wrong ? refuse(wrong) : 0;
}

static bool is_address(const char bdf[SHARE_NAME])
{
	struct bdf_parts parts;

	return memchr(bdf, '\0', SHARE_NAME) && strlen(bdf) < BDF_SIZE && bdf_split(bdf, &parts);
}

static bool is_same_group(const struct share_group *group, const struct share_device *device)
{
	return device->group >= 0 ? group->number == device->group
				  : group->number < 0 && !strcmp(group->bdf, device->bdf);
}

static size_t count_groups(const struct share_message *message, const struct share_device *device)
{
	size_t count = 0;

	for (uint32_t i = 0; i < message->header->group_count; i++)
		count += is_same_group(&message->groups[i], device);
	return count;
}

static const char *check_groups(const struct share_message *message)
{
	for (uint32_t i = 0; i < message->header->group_count; i++)
		if (!is_address(message->groups[i].bdf) || message->groups[i].number < -1)
			return "a group";
	return NULL;
}

/* Each once, and on type1 in one group that came along. */
static const char *check_devices(const struct share_message *message)
{
	const struct share_device *devices = message->devices;
	bool in_groups = message->header->group_count;

	for (uint32_t i = 0; i < message->header->device_count; i++) {
		if (!is_address(devices[i].bdf) || devices[i].group < -1)
			return "a device";
		if (in_groups && count_groups(message, &devices[i]) != 1)
			return "a device without its group";
		for (uint32_t j = 0; j < i; j++)
			if (!strcmp(devices[i].bdf, devices[j].bdf))
				return "a device that comes twice";
	}
	return NULL;
}

static const char *check_windows(const struct share_message *message)
{
	for (uint32_t i = 0; i < message->header->window_count; i++) {
		const struct share_window *window = &message->windows[i];

		if (window->start > window->last ||
		    (window->kind != VFA_WINDOW_BRIDGE && window->kind != VFA_WINDOW_BAR) ||
		    !memchr(window->bdf, '\0', sizeof(((struct vfa_window *)NULL)->bdf)) ||
		    (window->owner >= message->header->device_count &&
		     window->owner != SHARE_NO_OWNER))
			return "a window";
	}
	return NULL;
}

int share_parse(const void *bytes, size_t size, size_t fds, struct share_message *ret)
{
	struct share_message message = { .header = bytes };
	int err = share_check_header(bytes, size);
	const char *wrong;

	if (err)
		return err;
	if (size != message.header->size)
		return refuse("it is cut");
	if (fds != 1 + message.header->group_count + message.header->device_count)
		return refuse("its number of fds");
	message.groups = (const void *)(message.header + 1);
	message.devices = (const void *)(message.groups + message.header->group_count);
	message.windows = (const void *)(message.devices + message.header->device_count);
	wrong = check_groups(&message);
	if (!wrong)
		wrong = check_devices(&message);
	if (!wrong)
		wrong = check_windows(&message);
	if (wrong)
		return refuse(wrong);
	*ret = message;
	return 0;
}
