/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * VFIO's information structures: a fixed part, and behind it a chain of
 * capabilities whose size only the kernel knows.
 */

#ifndef BASE_INFO_H
#define BASE_INFO_H

#include <linux/vfio.h>
#include <stddef.h>

#include "base/host.h"

/* The common start of all of them. */
struct info {
	__u32 argsz;
	__u32 flags;
};

/**
 * info_read() - ask for information with all its capabilities
 * @fd: the VFIO fd
 * @request: the ioctl
 * @fixed: the request, its argsz and inputs set; its size is argsz
 * @ret: the answer, to be freed; its argsz is its size in memory
 *
 * Return: 0 or -errno; nothing is recorded.
 */
int info_read(const struct vfa_host *host, int fd, unsigned long request, const void *fixed,
	      void **ret);

/**
 * info_capability() - find a capability in an answer
 * @info: the answer
 * @first: offset of the chain's first element, 0 for none
 * @id: the capability
 * @least: size in bytes that the capability must have to be of use
 *
 * Return: the capability, which has at least @least bytes within the answer, but is
 * aligned to 4 bytes only; or NULL. Chains that leave the answer, or run in a circle,
 * end where they do.
 */
const void *info_capability(const void *info, uint32_t first, uint16_t id, size_t least);

/** info_room() - bytes of the answer from @capability to its end */
size_t info_room(const void *info, const void *capability);

#endif
