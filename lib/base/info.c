/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/info.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Room for most answers, so that the kernel is asked once. */
#define USUAL 256

/* One that wants more than this is not an answer. */
#define LARGEST (1u << 20)

/* A chain has no business being longer. */
#define MOST_CAPABILITIES 256

int info_read(const struct vfa_host *host, int fd, unsigned long request, const void *fixed,
	      void **ret)
{
	const struct info *wanted = fixed;
	uint32_t size = wanted->argsz > USUAL ? wanted->argsz : USUAL;

	for (;;) {
		struct info *info = calloc(1, size);
		int err;

		if (!info)
			return -ENOMEM;
		memcpy(info, fixed, wanted->argsz);
		info->argsz = size;
		err = sys_ioctl(host->sys, fd, request, info);
		if (err < 0 || info->argsz > LARGEST) {
			free(info);
			return err < 0 ? err : -E2BIG;
		}
		if (info->argsz <= size) {
			info->argsz = size;
			*ret = info;
			return 0;
		}
		size = info->argsz; /* there are capabilities: ask again with room for them */
		free(info);
	}
}

size_t info_room(const void *info, const void *capability)
{
	return ((const struct info *)info)->argsz -
	       (size_t)((const char *)capability - (const char *)info);
}

const void *info_capability(const void *info, uint32_t first, uint16_t id, size_t least)
{
	uint32_t size = ((const struct info *)info)->argsz;
	uint32_t offset = first;

	for (int i = 0; i < MOST_CAPABILITIES && offset >= sizeof(struct info); i++) {
		struct vfio_info_cap_header header;

		if (offset > size || size - offset < sizeof(header))
			return NULL;
		memcpy(&header, (const char *)info + offset, sizeof(header));
		if (header.id == id)
			return size - offset < least ? NULL : (const char *)info + offset;
		offset = header.next;
	}
	return NULL;
}
