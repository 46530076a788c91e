/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/buffer.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/api.h"
#include "base/error.h"
#include "mapping.h"
#include "refusal_map.h"

struct vfa_buffer {
	struct vfa_container *container;
	struct vfa_mapping *mapping;
};

/* Up to whole IOMMU pages. */
static int round_up(struct vfa_container *container, size_t *size)
{
	uint64_t mask = 0;
	int err;

	if (!*size)
		return refuse_empty("buffer");
	container_lock(container);
	err = container_require_space(container, "buffer");
	if (!err)
		mask = container->space.limits.alignment - 1;
	container_unlock(container);
	if (err)
		return err;
	if (*size > SIZE_MAX - mask)
		return error_set(EINVAL, VFA_CAUSE_WRAPPED,
				 "buffer: size 0x%zx cannot be rounded up to whole pages\n"
				 "give a size that there can be memory for",
				 *size);
	*size = (*size + mask) & ~mask;
	return 0;
}

/* Shared, so that after a fork parent, child and device keep seeing the same pages. */
static int map_memory(struct vfa_container *container, size_t size,
		      const struct vfa_map_options *options, struct vfa_mapping **ret)
{
	const struct syscalls *sys = container->host->sys;
	void *memory;
	int err = sys_mmap(sys, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0,
			   &memory);

	if (err)
		return error_kernel(err, "mmap %zu bytes for a buffer", size);
	err = mapping_map_buffer(container, memory, size, -1, options, ret);
	if (err)
		sys_munmap(sys, memory, size);
	return err;
}

VFA_API int vfa_buffer_alloc(struct vfa_container *container, size_t size,
			     const struct vfa_map_options *options, struct vfa_buffer **ret)
{
	struct vfa_buffer *buffer;
	int err;

	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	err = round_up(container, &size);
	if (err)
		return err;
	buffer = calloc(1, sizeof(*buffer));
	if (!buffer)
		return error_memory();
	err = map_memory(container, size, options, &buffer->mapping);
	if (err) {
		free(buffer);
		return err;
	}
	buffer->container = container;
	container_hold(container);
	*ret = buffer;
	return 0;
}

VFA_API void vfa_buffer_free(struct vfa_buffer *buffer)
{
	if (!buffer)
		return;
	mapping_unmap_buffer(buffer->mapping);
	container_release(buffer->container);
	free(buffer);
}

VFA_API void *vfa_buffer_vaddr(const struct vfa_buffer *buffer)
{
	return buffer->mapping->vaddr;
}

VFA_API uint64_t vfa_buffer_iova(const struct vfa_buffer *buffer)
{
	return vfa_mapping_iova(buffer->mapping);
}

VFA_API size_t vfa_buffer_size(const struct vfa_buffer *buffer)
{
	return vfa_mapping_size(buffer->mapping);
}
