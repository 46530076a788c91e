/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * What a process tells another of a container that it passes on. Both run on one
 * machine: numbers are as the processor has them.
 *
 *	header, groups, devices, windows
 *
 * The fds beside it are the container's, those of the groups (type1 only), and those
 * of the devices, each in the order of the message.
 */

#ifndef LIB_SHARE_MESSAGE_H
#define LIB_SHARE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <vfa/share.h>

#define SHARE_MAGIC       "vfashare"
#define SHARE_VERSION     1
#define SHARE_WINDOWS_MAX 256
#define SHARE_FDS_MAX     (1 + 2 * VFA_SHARE_DEVICES_MAX)
#define SHARE_NAME        24 /* room for an address, terminated */

struct share_header {
	char magic[8];
	uint32_t version; /* all up to here stays in later ones */
	uint32_t size;    /* of the message in bytes */
	uint32_t backend; /* enum vfa_backend */
	uint32_t ioas;    /* 0 on type1 */
	uint32_t group_count;
	uint32_t device_count;
	uint32_t window_count;
	uint32_t reserved;
};

/* By its first device, where sysfs did not tell its number. */
struct share_group {
	char bdf[SHARE_NAME];
	int32_t number; /* -1 when unknown */
	uint32_t reserved;
};

struct share_device {
	char bdf[SHARE_NAME];
	int32_t group; /* likewise */
	uint32_t id;   /* in the iommufd; 0 on type1 */
};

#define SHARE_NO_OWNER UINT32_MAX

struct share_window {
	uint64_t start;
	uint64_t last;
	char bdf[SHARE_NAME];
	uint32_t kind;  /* enum vfa_window_kind */
	uint32_t owner; /* which of the devices, SHARE_NO_OWNER for the program */
};

#define SHARE_SIZE_MAX                                                                             \
	(sizeof(struct share_header) + SHARE_WINDOWS_MAX * sizeof(struct share_window) +           \
	 VFA_SHARE_DEVICES_MAX * (sizeof(struct share_group) + sizeof(struct share_device)))

/* A whole message, or what points into one. */
struct share_message {
	const struct share_header *header;
	const struct share_group *groups;
	const struct share_device *devices;
	const struct share_window *windows;
};

/** share_size() - of a message with the counts of a header */
size_t share_size(const struct share_header *header);

/**
 * share_check_header() - whether what comes first can be that of a message
 * @size: of @bytes, which may be fewer than a header
 *
 * Return: 0, -EBADMSG or -EPROTONOSUPPORT, recorded.
 */
int share_check_header(const void *bytes, size_t size);

/**
 * share_parse() - check a message and find its parts
 * @bytes: aligned as malloc() does; the parts are in it
 * @size: how many came
 * @fds: how many fds came along
 *
 * Return: 0, -EBADMSG or -EPROTONOSUPPORT, recorded.
 */
int share_parse(const void *bytes, size_t size, size_t fds, struct share_message *ret);

#endif
