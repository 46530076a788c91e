/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/buffer.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/api.h"
#include "base/error.h"
#include "base/options.h"
#include "identity.h"
#include "mapping.h"
#include "memory.h"
#include "placement.h"
#include "refusal_map.h"

#define ALL_FLAGS                                                                                  \
	(VFA_BUFFER_IDENTITY | VFA_BUFFER_ANONYMOUS | VFA_BUFFER_STRICT | VFA_BUFFER_ON_NODE)

/* How often somebody else may take the IOVA that was found free. */
#define MOST_RACES 16

struct vfa_buffer {
	struct vfa_container *container;
	struct vfa_mapping *mapping;
	struct memory memory;
	char *fallback;
};

/* What is asked for, with all defaults filled in. */
struct request {
	struct vfa_container *container;
	size_t size;        /* as given */
	uint64_t alignment; /* the IOMMU's */
	struct vfa_buffer_options options;
	struct vfa_map_options map;
	char fallback[1024];
};

static int refuse_option(const char *name, uint64_t value, const char *why)
{
	return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT, "vfa_buffer_options: %s 0x%" PRIx64 " %s",
			 name, value, why);
}

static int check_options(const struct vfa_buffer_options *given)
{
	if (given->flags & ~ALL_FLAGS)
		return refuse_option("flags", given->flags,
				     "has bits that are no flag\nuse enum vfa_buffer_flags");
	if (given->page_size & (given->page_size - 1) || given->page_size < memory_page_size())
		return refuse_option("page_size", given->page_size,
				     "is not the size of a page\n"
				     "give a power of two from the system's page size on, or 0");
	if (given->alignment & (given->alignment - 1))
		return refuse_option("alignment", given->alignment,
				     "is not a power of two\nround it up to one");
	if (given->node && !(given->flags & VFA_BUFFER_ON_NODE))
		return refuse_option("node", given->node,
				     "is given without VFA_BUFFER_ON_NODE\n"
				     "set the flag, or leave the node 0");
	return 0;
}

/* An identical IOVA is looked for before there is memory, whichever struct asks for it. */
static void take_identity(struct request *request)
{
	if (!(request->map.flags & VFA_MAP_IDENTITY))
		return;
	request->map.flags &= ~VFA_MAP_IDENTITY;
	request->options.flags |= VFA_BUFFER_IDENTITY;
}

static int take_options(const struct vfa_buffer_options *options, struct request *request)
{
	struct vfa_buffer_options *given = &request->options;
	const struct vfa_map_options *map;
	int err =
		options_copy("vfa_buffer_options", options,
			     OPTIONS_UP_TO(struct vfa_buffer_options, node), given, sizeof(*given));

	if (err)
		return err;
	if (!given->page_size)
		given->page_size = memory_page_size();
	err = check_options(given);
	if (!err)
		err = placement_options(given->map, &request->map, &map);
	if (err)
		return err;
	request->map = *map;
	take_identity(request);
	return 0;
}

/* Needs a device, and tells what the IOMMU's pages are. */
static int take_alignment(struct request *request)
{
	struct vfa_container *container = request->container;
	int err;

	container_lock(container);
	err = container_require_space(container, "buffer");
	if (!err)
		request->alignment = container->space.limits.alignment;
	container_unlock(container);
	return err;
}

/* Up to whole pages, of the memory and of the IOMMU. */
static int round_up(const struct request *request, uint64_t page_size, size_t *ret)
{
	uint64_t mask = (page_size > request->alignment ? page_size : request->alignment) - 1;

	if (request->size > SIZE_MAX - mask)
		return error_set(EINVAL, VFA_CAUSE_WRAPPED,
				 "buffer: size 0x%zx cannot be rounded up to whole pages\n"
				 "give a size that there can be memory for",
				 request->size);
	*ret = (request->size + mask) & ~mask;
	return 0;
}

static int place(const struct request *request, const struct memory_wish *wish,
		 struct memory *memory)
{
	if (wish->flags & VFA_BUFFER_IDENTITY)
		return identity_place(request->container, wish, &request->map, memory);
	return memory_place(request->container->host, wish, memory);
}

static int make_memory(const struct request *request, uint64_t page_size, struct memory *ret)
{
	const struct vfa_buffer_options *options = &request->options;
	const struct vfa_host *host = request->container->host;
	struct memory_wish wish = {
		.page_size = page_size,
		.alignment = options->alignment > request->alignment ? options->alignment
								     : request->alignment,
		.flags = options->flags,
		.node = options->node,
		.threads = options->threads,
	};
	struct memory memory;
	int err = round_up(request, page_size, &wish.size);

	if (!err)
		err = memory_open(host, &wish, &memory);
	if (err)
		return err;
	err = place(request, &wish, &memory);
	if (!err)
		err = memory_fill(host, &wish, &memory);
	if (err)
		memory_close(host, &memory);
	else
		*ret = memory;
	return err;
}

/* Remember why it is not as asked for. */
static void note_fallback(struct request *request)
{
	const struct vfa_error *error = vfa_error_last();
	size_t used = strlen(request->fallback);

	host_log(request->container->host, VFA_LOG_WARNING, "trying smaller pages: %s",
		 error->message);
	snprintf(request->fallback + used, sizeof(request->fallback) - used, "%s%s\n%s",
		 used ? "\n" : "", error->message, error->hint);
}

/* No other failure has to do with the size of the pages. */
static bool smaller_may_do(const struct request *request, uint64_t page_size)
{
	enum vfa_cause cause = vfa_error_last()->cause;

	return memory_is_huge(page_size) && !(request->options.flags & VFA_BUFFER_STRICT) &&
	       (cause == VFA_CAUSE_NO_HUGE_PAGES || cause == VFA_CAUSE_NO_SPACE);
}

static int make_memory_or_smaller(struct request *request, struct memory *ret)
{
	const struct vfa_host *host = request->container->host;
	uint64_t page_size = request->options.page_size;
	struct error_record saved;
	int err;

	error_save(&saved);
	while ((err = make_memory(request, page_size, ret)) && smaller_may_do(request, page_size)) {
		note_fallback(request);
		page_size = memory_next_smaller(host, page_size);
	}
	if (!err)
		error_restore(&saved);
	return err;
}

/* Pages that are pinned by file are zeroed by every kernel only where they were there before. */
static int fd_to_map(const struct memory *memory)
{
	return memory->is_populated || !memory_is_huge(memory->page_size) ? memory->fd : -1;
}

static int map_memory(const struct request *request, const struct memory *memory,
		      struct vfa_mapping **ret)
{
	struct vfa_map_options options = request->map;

	options.struct_size = sizeof(options);
	if (request->options.flags & VFA_BUFFER_IDENTITY) {
		options.flags |= VFA_MAP_FIXED;
		options.iova = (uintptr_t)memory->vaddr;
	}
	return mapping_map(request->container,
			   &(struct mapping_wish){
				   .vaddr = memory->vaddr,
				   .size = memory->size,
				   .fd = fd_to_map(memory),
				   .owner = MAPPING_OF_BUFFER,
			   },
			   &options, ret);
}

/* Between finding an identical IOVA and mapping there, another thread may map there. */
static bool lost_race(const struct request *request, int err)
{
	return err == -EEXIST && request->options.flags & VFA_BUFFER_IDENTITY &&
	       !(request->map.flags & VFA_MAP_FIXED);
}

static int fill_buffer(struct request *request, struct vfa_buffer *buffer)
{
	const struct vfa_host *host = request->container->host;
	int err, races = 0;

	do {
		request->fallback[0] = '\0';
		err = make_memory_or_smaller(request, &buffer->memory);
		if (err)
			return err;
		err = map_memory(request, &buffer->memory, &buffer->mapping);
		if (err)
			memory_close(host, &buffer->memory);
	} while (lost_race(request, err) && ++races < MOST_RACES);
	return err;
}

static int new_buffer(struct request *request, struct vfa_buffer **ret)
{
	struct vfa_buffer *buffer = calloc(1, sizeof(*buffer));
	int err;

	if (!buffer)
		return error_memory();
	err = fill_buffer(request, buffer);
	if (err)
		goto free_buffer;
	if (request->fallback[0] && !(buffer->fallback = strdup(request->fallback))) {
		err = error_memory();
		goto unmap;
	}
	*ret = buffer;
	return 0;

unmap:
	mapping_unmap_buffer(buffer->mapping);
	sys_close(request->container->host->sys, buffer->memory.fd);
free_buffer:
	free(buffer);
	return err;
}

VFA_API int vfa_buffer_alloc(struct vfa_container *container, size_t size,
			     const struct vfa_buffer_options *options, struct vfa_buffer **ret)
{
	struct request request = { .container = container, .size = size };
	int err;

	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	if (!size)
		return refuse_empty("buffer");
	err = take_options(options, &request);
	if (!err)
		err = take_alignment(&request);
	if (!err)
		err = new_buffer(&request, ret);
	if (err)
		return err;
	(*ret)->container = container;
	container_hold(container);
	return 0;
}

VFA_API void vfa_buffer_free(struct vfa_buffer *buffer)
{
	if (!buffer)
		return;
	/* It gives the memory back, unless the kernel keeps it mapped. */
	mapping_unmap_buffer(buffer->mapping);
	sys_close(buffer->container->host->sys, buffer->memory.fd);
	container_release(buffer->container);
	free(buffer->fallback);
	free(buffer);
}

VFA_API void *vfa_buffer_vaddr(const struct vfa_buffer *buffer)
{
	return buffer->memory.vaddr;
}

VFA_API uint64_t vfa_buffer_iova(const struct vfa_buffer *buffer)
{
	return vfa_mapping_iova(buffer->mapping);
}

VFA_API size_t vfa_buffer_size(const struct vfa_buffer *buffer)
{
	return buffer->memory.size;
}

VFA_API uint64_t vfa_buffer_page_size(const struct vfa_buffer *buffer)
{
	return buffer->memory.page_size;
}

VFA_API const char *vfa_buffer_fallback(const struct vfa_buffer *buffer)
{
	return buffer->fallback;
}

VFA_API int vfa_buffer_fd(const struct vfa_buffer *buffer)
{
	return buffer->memory.fd;
}
