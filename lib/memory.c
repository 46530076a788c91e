/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/sysfs.h"
#include "populate.h"
#include "refusal_memory.h"
#include "uapi/memfd.h"

/* The size of a page of the next level of page tables, in processors and IOMMUs alike. */
#define LARGE_PAGE (2ull << 20)

#define MOST_NODES     1024
#define BITS_OF_LONG   (8 * sizeof(unsigned long))
#define LONGS_OF_NODES (MOST_NODES / BITS_OF_LONG)

uint64_t memory_page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

bool memory_is_huge(uint64_t page_size)
{
	return page_size > memory_page_size();
}

uint64_t memory_next_smaller(const struct vfa_host *host, uint64_t page_size)
{
	uint64_t next = memory_page_size(), kib;
	char path[SYSFS_PATH], **names;
	int count;

	sysfs_path(host, path, "kernel/mm/hugepages");
	count = sysfs_list(host, path, &names);
	for (int i = 0; i < count; i++)
		if (sscanf(names[i], "hugepages-%" SCNu64 "kB", &kib) == 1 &&
		    kib << 10 < page_size && kib << 10 > next)
			next = kib << 10;
	if (count >= 0)
		sysfs_free_list(names, count);
	return next;
}

/*
 * So that IOMMU and processor can use large pages. Memory that is larger still is
 * in one piece only as huge pages, which have their own alignment.
 */
uint64_t memory_alignment(const struct memory_wish *wish)
{
	uint64_t alignment = wish->page_size;

	if (alignment < LARGE_PAGE && wish->size >= LARGE_PAGE)
		alignment = LARGE_PAGE;
	return wish->alignment > alignment ? wish->alignment : alignment;
}

/* How MFD_HUGE_2MB and MAP_HUGE_2MB are made, for any size. */
static unsigned int huge_flag(uint64_t page_size)
{
	return (unsigned int)__builtin_ctzll(page_size) << MAP_HUGE_SHIFT;
}

static int refuse_files(int err)
{
	return error_set(err, VFA_CAUSE_KERNEL,
			 "memfd_create for a buffer: too many open files%s\n"
			 "raise the limit (ulimit -n), make fewer and larger buffers, or use "
			 "VFA_BUFFER_ANONYMOUS",
			 err == -ENFILE ? " in the whole system" : "");
}

static int refuse(const struct vfa_host *host, const struct memory_wish *wish, const char *what,
		  int err)
{
	if (err == -EMFILE || err == -ENFILE)
		return refuse_files(err);
	if (memory_is_huge(wish->page_size))
		return refuse_huge_pages(host, wish, what, err);
	return error_kernel(err, "%s of %zu bytes for a buffer", what, wish->size);
}

/* Nobody shall cut the file off below this process, which would be a SIGBUS. */
static int set_size(const struct syscalls *sys, int fd, size_t size)
{
	int err = sys_ftruncate(sys, fd, size);

	if (!err)
		err = sys_seal(sys, fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	return err;
}

/* Nothing to be run: from Linux 6.3 on a system may insist on that being said. */
static int create(const struct syscalls *sys, unsigned int flags)
{
	int fd = sys_memfd_create(sys, "vfa-buffer", flags | UAPI_MFD_NOEXEC_SEAL);

	return fd == -EINVAL ? sys_memfd_create(sys, "vfa-buffer", flags) : fd;
}

int memory_open(const struct vfa_host *host, const struct memory_wish *wish, struct memory *ret)
{
	unsigned int flags = MFD_ALLOW_SEALING;
	int fd, err;

	*ret = (struct memory){ .size = wish->size, .page_size = wish->page_size, .fd = -1 };
	if (wish->flags & VFA_BUFFER_ANONYMOUS)
		return 0;
	if (memory_is_huge(wish->page_size))
		flags |= MFD_HUGETLB | huge_flag(wish->page_size);
	fd = create(host->sys, flags);
	if (fd < 0)
		return refuse(host, wish, "memfd_create", fd);
	err = set_size(host->sys, fd, wish->size);
	if (err) {
		sys_close(host->sys, fd);
		return refuse(host, wish, "memfd", err);
	}
	ret->fd = fd;
	return 0;
}

/* Shared, so that after a fork parent, child and device keep seeing the same pages. */
static int map(const struct vfa_host *host, const struct memory *memory, void *address, int flags,
	       void **ret)
{
	flags |= MAP_SHARED;
	if (memory->fd < 0)
		flags |= MAP_ANONYMOUS;
	if (memory->fd < 0 && memory_is_huge(memory->page_size))
		flags |= MAP_HUGETLB | (int)huge_flag(memory->page_size);
	return sys_mmap(host->sys, address, memory->size, PROT_READ | PROT_WRITE, flags, memory->fd,
			0, ret);
}

/* Take more addresses than needed, and give back what is not aligned. */
static int map_aligned(const struct vfa_host *host, struct memory *memory, uint64_t alignment)
{
	size_t more = alignment - memory_page_size(), size = memory->size + more, before;
	void *taken;
	char *address;
	int err;

	if (size < more)
		return -ENOMEM;
	err = sys_mmap(host->sys, NULL, size, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0, &taken);
	if (err)
		return err;
	before = -(uintptr_t)taken & (alignment - 1);
	address = (char *)taken + before;
	err = map(host, memory, address, MAP_FIXED, &memory->vaddr);
	if (err) {
		sys_munmap(host->sys, taken, size);
		return err;
	}
	if (before)
		sys_munmap(host->sys, taken, before);
	if (before < more)
		sys_munmap(host->sys, address + memory->size, more - before);
	return 0;
}

/*
 * Huge pages the kernel aligns itself. Where they are too few, a MAP_FIXED fails with
 * the addresses given up (before Linux 6.12): another thread may have them by then.
 */
int memory_place(const struct vfa_host *host, const struct memory_wish *wish, struct memory *memory)
{
	uint64_t alignment = memory_alignment(wish);
	int err;

	if (alignment > memory->page_size)
		err = map_aligned(host, memory, alignment);
	else
		err = map(host, memory, NULL, 0, &memory->vaddr);
	return err ? refuse(host, wish, "mmap", err) : 0;
}

int memory_place_at(const struct vfa_host *host, const struct memory_wish *wish,
		    struct memory *memory, uint64_t address)
{
	void *wanted = (void *)(uintptr_t)address, *got;
	int err = map(host, memory, wanted, MAP_FIXED_NOREPLACE, &got);

	if (!err && got != wanted) { /* a kernel that does not know the flag */
		sys_munmap(host->sys, got, memory->size);
		err = -EEXIST;
	}
	if (err)
		return err == -EEXIST ? err : refuse(host, wish, "mmap", err);
	memory->vaddr = got;
	return 0;
}

/* Preferred: elsewhere is slower, but works. Strict: there or nowhere. */
static int bind_to_node(const struct vfa_host *host, const struct memory_wish *wish,
			const struct memory *memory)
{
	unsigned long nodes[LONGS_OF_NODES] = { 0 };
	int mode = wish->flags & VFA_BUFFER_STRICT ? MPOL_BIND : MPOL_PREFERRED;
	int err = -EINVAL;

	if (!(wish->flags & VFA_BUFFER_ON_NODE))
		return 0;
	if (wish->node < MOST_NODES) {
		nodes[wish->node / BITS_OF_LONG] = 1ul << wish->node % BITS_OF_LONG;
		/* The kernel takes one bit off. */
		err = sys_mbind(host->sys, memory->vaddr, memory->size, mode, nodes,
				MOST_NODES + 1);
	}
	return err ? refuse_node(host, wish->node, err) : 0;
}

/* Whole ones only: a large page for the rest would be more memory than asked for. */
static void advise_large_pages(const struct vfa_host *host, const struct memory *memory)
{
	size_t whole = memory->size & ~(LARGE_PAGE - 1);

	if (whole && !memory_is_huge(memory->page_size))
		(void)sys_madvise(host->sys, memory->vaddr, whole, MADV_HUGEPAGE);
}

/*
 * Pinning makes pages too, but of huge ones some kernels forget to zero those that
 * are pinned by file, and to heed the node; and their want is told best here.
 */
static uint32_t count_threads(const struct memory_wish *wish)
{
	return wish->threads ? wish->threads : memory_is_huge(wish->page_size);
}

int memory_fill(const struct vfa_host *host, const struct memory_wish *wish, struct memory *memory)
{
	uint32_t threads = count_threads(wish);
	int err = bind_to_node(host, wish, memory);

	if (err)
		return err;
	advise_large_pages(host, memory);
	if (!threads)
		return 0;
	err = populate(host->sys, memory->vaddr, memory->size, memory->page_size, threads);
	if (err == -EINVAL) /* the kernel cannot: pinning does it */
		return 0;
	if (err == -EFAULT && !memory_is_huge(wish->page_size))
		return error_set(ENOMEM, VFA_CAUSE_NO_MEMORY,
				 "buffer: the kernel has no memory for all of %zu bytes\n"
				 "free memory",
				 wish->size);
	if (err)
		return refuse(host, wish, "MADV_POPULATE_WRITE", err);
	memory->is_populated = true;
	return 0;
}

void memory_close(const struct vfa_host *host, struct memory *memory)
{
	if (memory->vaddr)
		sys_munmap(host->sys, memory->vaddr, memory->size);
	sys_close(host->sys, memory->fd);
	memory->vaddr = NULL;
	memory->fd = -1;
}
