/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include <vfa/translation.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>

#include "base/api.h"
#include "base/error.h"
#include "mapping.h"
#include "refusal_map.h"

#define PAGE_MASK ((1ull << INDEX_PAGE_SHIFT) - 1)

#define likely(condition) __builtin_expect(!!(condition), 1)

/* Addresses of one kind that continue each other, and the first one's of the other kind. */
struct piece {
	uint64_t address;
	uint64_t more;     /* bytes behind the first one */
	bool has_no_vaddr; /* what is at the IOVA this process has not mapped */
};

static struct piece piece_of_word(uint64_t word, uint64_t address, uint64_t mask)
{
	return (struct piece){
		.address = (word & ~PAGE_MASK) + (address & mask),
		.more = mask - (address & mask),
	};
}

/* The index has forgotten the one and not yet learnt of the other. */
static bool find_shadowed(struct vfa_container *container, uint64_t address, struct piece *ret)
{
	const struct vfa_mapping *mapping = NULL;
	uint64_t word, mask;

	container_lock(container);
	word = index_lookup(&container->vaddrs.index, address, &mask);
	if (word)
		*ret = piece_of_word(word, address, mask);
	else
		mapping = vaddrs_find_shadowed(&container->vaddrs, address);
	if (mapping) {
		uint64_t offset = address - (uintptr_t)mapping->vaddr;

		ret->address = mapping->span.range.start + offset;
		ret->more = PAGE_MASK - (offset & PAGE_MASK);
	}
	container_unlock(container);
	return word || mapping;
}

static bool find_iova(struct vfa_container *container, uint64_t address, struct piece *ret)
{
	const struct vaddrs *vaddrs = &container->vaddrs;
	uint64_t moves, word, mask;
	size_t shadowed;

	do {
		moves = index_moves(&vaddrs->index);
		word = index_lookup(&vaddrs->index, address, &mask);
		shadowed = word ? 0 : atomic_load(&vaddrs->count);
	} while (index_moves(&vaddrs->index) != moves);

	if (shadowed)
		return find_shadowed(container, address, ret);
	if (word)
		*ret = piece_of_word(word, address, mask);
	return word;
}

/* The word is the address of a mapping, which may go, and become another, meanwhile. */
static bool find_vaddr(struct vfa_container *container, uint64_t iova, struct piece *ret)
{
	const struct index *index = &container->space.spans;
	const struct vfa_mapping *mapping;
	uint64_t moves, word, mask;
	uintptr_t vaddr;

	do {
		moves = index_moves(index);
		word = index_lookup(index, iova, &mask);
		ret->has_no_vaddr = false;
		if (!word)
			continue;
		mapping = (const struct vfa_mapping *)(uintptr_t)(word & ~INDEX_WORD);
		vaddr = (uintptr_t)__atomic_load_n(&mapping->vaddr, __ATOMIC_ACQUIRE);
		ret->has_no_vaddr = !vaddr;
		ret->address = vaddr + (iova - __atomic_load_n(&mapping->span.range.start,
							       __ATOMIC_ACQUIRE));
		ret->more = __atomic_load_n(&mapping->span.range.last, __ATOMIC_ACQUIRE) - iova;
	} while (index_moves(index) != moves);
	return word && !ret->has_no_vaddr;
}

typedef bool (*find_fn)(struct vfa_container *container, uint64_t address, struct piece *ret);

static int refuse_unmapped(const char *kind, uint64_t start, uint64_t size, uint64_t address,
			   const struct piece *piece)
{
	if (piece->has_no_vaddr)
		return error_set(ENOENT, VFA_CAUSE_NOT_MAPPED,
				 "IOVA 0x%" PRIx64 ", inside 0x%" PRIx64 "-0x%" PRIx64
				 ", is of a dma-buf without an address in this process\n"
				 "only devices reach it",
				 address, start, start + (size - 1));
	return error_set(ENOENT, VFA_CAUSE_NOT_MAPPED,
			 "%s 0x%" PRIx64 ", inside 0x%" PRIx64 "-0x%" PRIx64
			 ", is not mapped\nmap it first: vfa_container_map",
			 kind, address, start, start + (size - 1));
}

static int refuse_pieces(const char *kind, uint64_t start, uint64_t size, uint64_t first)
{
	return error_set(
		ERANGE, VFA_CAUSE_NOT_CONTIGUOUS,
		"%s 0x%" PRIx64 "-0x%" PRIx64
		" is mapped in several pieces, of which the first has 0x%" PRIx64 " bytes\n"
		"use each piece for itself (vfa_container_segments), or map the whole at once",
		kind, start, start + (size - 1), first);
}

static int check_range(const char *kind, uint64_t start, uint64_t size)
{
	if (!size)
		return refuse_empty("translate");
	if (size - 1 > UINT64_MAX - start)
		return refuse_wrapped("translate", kind, start, size);
	return 0;
}

/* Piece by piece, up to the end: what is not mapped counts for more than what is in pieces. */
static int find_whole(struct vfa_container *container, find_fn find, const char *kind,
		      uint64_t start, uint64_t size, uint64_t *ret)
{
	struct piece first = { .more = 0 }, piece = { .more = 0 };
	uint64_t done, whole = 0; /* bytes of the first piece, if there are others */
	int err = check_range(kind, start, size);

	if (err)
		return err;
	if (!find(container, start, &first))
		return refuse_unmapped(kind, start, size, start, &first);
	for (done = first.more; done < size - 1; done += 1 + piece.more) {
		if (!find(container, start + done + 1, &piece))
			return refuse_unmapped(kind, start, size, start + done + 1, &piece);
		if (!whole && piece.address != first.address + done + 1)
			whole = done + 1;
	}
	if (whole)
		return refuse_pieces(kind, start, size, whole);
	*ret = first.address;
	return 0;
}

/* Of the same arguments as the function it is behind, which so saves no registers for it. */
__attribute__((noinline)) static int
find_iova_anyhow(struct vfa_container *container, const void *vaddr, uint64_t size, uint64_t *ret)
{
	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	return find_whole(container, find_iova, "address", (uintptr_t)vaddr, size, ret);
}

/* What lies in one page of small mappings takes some twenty instructions. */
VFA_API int vfa_container_find_iova(struct vfa_container *container, const void *vaddr,
				    uint64_t size, uint64_t *ret)
{
	uint64_t address = (uintptr_t)vaddr, offset = address & PAGE_MASK, moves, word;
	const struct index *index;

	if (!likely(container && ret))
		return find_iova_anyhow(container, vaddr, size, ret);
	index = &container->vaddrs.index;
	moves = index_moves(index);
	word = index_lookup_page(index, address);
	if (!likely(word && size - 1 <= PAGE_MASK - offset && index_moves(index) == moves))
		return find_iova_anyhow(container, vaddr, size, ret);
	*ret = (word & ~PAGE_MASK) | offset;
	return 0;
}

VFA_API int vfa_container_find_vaddr(struct vfa_container *container, uint64_t iova, uint64_t size,
				     void **ret)
{
	uint64_t address;
	int err;

	if (!container || !ret)
		return error_null(container ? "ret" : "container");
	err = find_whole(container, find_vaddr, "IOVA", iova, size, &address);
	if (!err)
		*ret = (void *)(uintptr_t)address;
	return err;
}

/* One more piece, or more of the last. */
static void append(struct vfa_segment *segments, size_t max, size_t *count,
		   const struct vfa_segment *segment, uint64_t *end)
{
	if (*count && segment->iova == *end) {
		if (*count <= max)
			segments[*count - 1].size += segment->size;
	} else {
		if (*count < max)
			segments[*count] = *segment;
		++*count;
	}
	*end = segment->iova + segment->size;
}

VFA_API int vfa_container_segments(struct vfa_container *container, const void *vaddr,
				   uint64_t size, struct vfa_segment *segments, size_t max)
{
	uint64_t start = (uintptr_t)vaddr, done = 0, end = 0;
	struct piece piece = { .more = 0 };
	size_t count = 0;
	int err;

	if (!container || (!segments && max))
		return error_null(container ? "segments" : "container");
	err = check_range("address", start, size);
	if (err)
		return err;
	while (done < size) {
		struct vfa_segment segment;

		if (!find_iova(container, start + done, &piece))
			return refuse_unmapped("address", start, size, start + done, &piece);
		segment.iova = piece.address;
		segment.size = piece.more < size - done ? piece.more + 1 : size - done;
		append(segments, max, &count, &segment, &end);
		done += segment.size;
	}
	if (count > INT_MAX)
		return error_set(EOVERFLOW, VFA_CAUSE_BAD_ARGUMENT,
				 "0x%" PRIx64 " bytes are in %zu pieces\nask for less at once",
				 size, count);
	return count;
}
