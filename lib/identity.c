/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "identity.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/sysfs.h"
#include "refusal_map.h"
#include "vma.h"

/* Above it a process has addresses only where it asks for them, and where there is hardware. */
#define ADDRESS_LAST ((1ull << 47) - 1)

/* Behind a program at fixed addresses, its heap, and what others want to have in 32 bits. */
#define ROOMY (1ull << 32)

/* Where /proc does not tell what is in the way, how often to try behind it. */
#define MOST_BLIND_TRIES 64

/* What vm.mmap_min_addr is by default. */
#define USUAL_FIRST (64ull << 10)

static uint64_t first_address(const struct vfa_host *host)
{
	char path[SYSFS_PATH];
	uint64_t first;

	snprintf(path, sizeof(path), "%s/sys/vm/mmap_min_addr", host->proc);
	return sysfs_read_number(host, path, &first) || !first ? USUAL_FIRST : first;
}

static struct iova_wish wish_of(const struct vfa_container *container,
				const struct memory_wish *memory,
				const struct vfa_map_options *options)
{
	struct iova_wish wish = {
		.size = memory->size,
		.min = first_address(container->host),
		.max = ADDRESS_LAST - memory_page_size(),
		.alignment = memory_alignment(memory),
	};

	if (wish.min < options->iova_min)
		wish.min = options->iova_min;
	if (wish.max > options->iova_max)
		wish.max = options->iova_max;
	if (wish.alignment < options->alignment)
		wish.alignment = options->alignment;
	return wish;
}

/* The lowest IOVA that is free: 0, -ENOSPC, which is not recorded, or -errno, recorded. */
static int find_iova(struct vfa_container *container, const struct iova_wish *wish, uint64_t *ret)
{
	struct iova_wish aligned = *wish;
	int err;

	container_lock(container);
	err = container_require_space(container, "buffer");
	if (aligned.alignment < container->space.limits.alignment)
		aligned.alignment = container->space.limits.alignment;
	if (!err && (wish->min > wish->max || !iova_space_find(&container->space, &aligned, ret)))
		err = -ENOSPC;
	container_unlock(container);
	return err;
}

/* Have the next try behind what this process has in the way. */
static bool go_behind(const struct vfa_host *host, struct iova_wish *wish, uint64_t address,
		      unsigned int *blind)
{
	struct vma vma;

	if (vma_next(host, address, &vma) && vma.start < address + wish->size)
		wish->min = vma.last + 1;
	else if (++*blind <= MOST_BLIND_TRIES)
		wish->min = address + (wish->size | (wish->alignment - 1)) + 1;
	else
		return false;
	return wish->min > address;
}

/* 0, -ENOSPC, which is not recorded, or -errno, recorded. */
static int search(struct vfa_container *container, const struct memory_wish *memory_wish,
		  struct iova_wish wish, struct memory *memory)
{
	unsigned int blind = 0;
	uint64_t address;

	do {
		int err = find_iova(container, &wish, &address);

		if (!err)
			err = memory_place_at(container->host, memory_wish, memory, address);
		if (err != -EEXIST)
			return err;
	} while (go_behind(container->host, &wish, address, &blind));
	return -ENOSPC;
}

static int refuse_none(struct vfa_container *container, const struct iova_wish *wish)
{
	int err;

	container_lock(container);
	err = refuse_no_identity(container, wish);
	container_unlock(container);
	return err;
}

static int refuse_taken(const struct vfa_host *host, uint64_t address, uint64_t size)
{
	struct vma vma = { .start = address, .last = address + (size - 1) };

	(void)vma_next(host, address, &vma);
	return error_set(EEXIST, VFA_CAUSE_OVERLAP,
			 "buffer at 0x%" PRIx64 ": this process has something at 0x%" PRIx64
			 "-0x%" PRIx64 " (%s)\n"
			 "give another IOVA, or leave the choice to the library",
			 address, vma.start, vma.last, vma.name[0] ? vma.name : "no name");
}

/* At the IOVA that the caller gives; whether it is one that can be mapped, mapping tells. */
static int place_fixed(struct vfa_container *container, const struct memory_wish *wish,
		       uint64_t iova, struct memory *memory)
{
	uint64_t alignment = wish->alignment > wish->page_size ? wish->alignment : wish->page_size;
	int err;

	if (!iova || iova & (alignment - 1))
		return error_set(EINVAL, VFA_CAUSE_BAD_ARGUMENT,
				 "buffer at 0x%" PRIx64
				 ": its address cannot be that, it is a multiple of 0x%" PRIx64
				 " and not 0\n"
				 "align the IOVA, or leave out VFA_BUFFER_IDENTITY",
				 iova, alignment);
	err = memory_place_at(container->host, wish, memory, iova);
	return err == -EEXIST ? refuse_taken(container->host, iova, wish->size) : err;
}

int identity_place(struct vfa_container *container, const struct memory_wish *wish,
		   const struct vfa_map_options *options, struct memory *memory)
{
	struct iova_wish all = wish_of(container, wish, options), roomy = all;
	int err = -ENOSPC;

	if (options->flags & VFA_MAP_FIXED)
		return place_fixed(container, wish, options->iova, memory);
	if (all.min < ROOMY && all.max > ROOMY) {
		roomy.min = ROOMY;
		err = search(container, wish, roomy, memory);
	}
	if (err == -ENOSPC)
		err = search(container, wish, all, memory);
	return err == -ENOSPC ? refuse_none(container, &all) : err;
}
