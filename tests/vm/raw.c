/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "raw.h"

#include <sys/ioctl.h>

int raw_ioctl(int fd, unsigned long request, void *argument)
{
	return ioctl(fd, request, argument);
}

int raw_map(struct vfa_container *space, void *vaddr, uint64_t size, uint64_t iova)
{
	return direct_map(raw_ioctl, space, vaddr, size, iova);
}

int raw_unmap(struct vfa_container *space, uint64_t iova, uint64_t size, uint64_t *ret)
{
	return direct_unmap(raw_ioctl, space, iova, size, ret);
}
