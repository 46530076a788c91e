/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Memory of a file, mapped for DMA: placed in this process first, where it stays as long as
 * the mapping, and then mapped by file where the backend can.
 */

#include <errno.h>

#include "base/api.h"
#include "base/error.h"
#include "file.h"
#include "mapping.h"
#include "placement.h"
#include "refusal_file.h"
#include "refusal_map.h"

static int check_arguments(const struct vfa_container *container, int fd, uint64_t offset,
			   uint64_t size, const struct vfa_map_options *options)
{
	if (!container)
		return error_null("container");
	if (fd < 0)
		return refuse_closed_file(fd);
	if (!size)
		return refuse_empty("map");
	if (size - 1 > UINT64_MAX - offset)
		return refuse_wrapped("map", "offset", offset, size);
	if (options->flags & VFA_MAP_IDENTITY)
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "map: VFA_MAP_IDENTITY, of a file\n"
				 "the library chooses its address: place it where that is free as "
				 "IOVA by mmap, and map that by vfa_container_map");
	return 0;
}

static int map(struct vfa_container *container, const struct file *file, uint64_t offset,
	       uint64_t size, const struct vfa_map_options *options, struct vfa_mapping **ret)
{
	struct mapping_wish wish = {
		.size = size,
		.fd = file->fd,
		.offset = offset,
		.is_dmabuf = file->kind == FILE_OF_DMABUF,
	};
	int err = file_place(container->host, file, offset, size, options->access, &wish.vaddr);

	if (err)
		return err;
	wish.owns_memory = wish.vaddr;
	err = mapping_map_checked(container, &wish, options, ret);
	if (err && wish.vaddr)
		sys_munmap(container->host->sys, wish.vaddr, size);
	return err;
}

VFA_API int vfa_container_map_file(struct vfa_container *container, int fd, uint64_t offset,
				   uint64_t size, const struct vfa_map_options *options,
				   struct vfa_mapping **ret)
{
	const struct vfa_map_options *given;
	struct vfa_map_options room;
	struct file file;
	int err = placement_options(options, &room, &given);

	if (!err)
		err = check_arguments(container, fd, offset, size, given);
	if (!err)
		err = file_look(container->host, fd, &file);
	if (!err)
		err = file_check(&file, offset, size);
	return err ? err : map(container, &file, offset, size, given, ret);
}
