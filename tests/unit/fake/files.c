/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Memory that the library makes. It is real, but for what not every machine has:
 * huge pages, which are a file of small ones here, and NUMA nodes.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fake/internal.h"
#include "fake/lock.h"

#define FDS_MAX    1024
#define SIZE_SHIFT 26 /* of MFD_HUGE_* and MAP_HUGE_* alike */
#define SIZE_MASK  (63u << SIZE_SHIFT)

static struct {
	uint64_t size;
	uint64_t count;
} huge_pages[] = { { 64ull << 10, 0 }, { 2ull << 20, 0 }, { 1ull << 30, 0 } };

#define SIZES (sizeof(huge_pages) / sizeof(huge_pages[0]))

static uint64_t page_size_of_fd[FDS_MAX];
static int last_node = -1, last_mode;
static unsigned int threads;

void fake_set_huge_pages(uint64_t page_size, uint64_t count)
{
	fake_lock();
	for (size_t i = 0; i < SIZES; i++)
		if (huge_pages[i].size == page_size)
			huge_pages[i].count = count;
	fake_unlock();
}

void fake_forget_files(void)
{
	for (size_t i = 0; i < SIZES; i++)
		huge_pages[i].count = 0;
	last_node = -1;
	threads = 0;
}

void fake_forget_fd(int fd)
{
	if (fd >= 0 && fd < FDS_MAX)
		page_size_of_fd[fd] = 0;
}

/* How many of a size there are; -1 for a size that the kernel does not know. */
static int64_t count_pages(uint64_t size)
{
	for (size_t i = 0; i < SIZES; i++)
		if (huge_pages[i].size == size)
			return huge_pages[i].count;
	return -1;
}

static uint64_t page_size_of_flags(unsigned int flags)
{
	unsigned int shift = flags >> SIZE_SHIFT & 63;

	return 1ull << (shift ? shift : 21);
}

int fake_memfd_create(const char *name, unsigned int flags)
{
	uint64_t page_size = flags & MFD_HUGETLB ? page_size_of_flags(flags) : 0;
	int fd;

	if (fake_fail_uninterrupted())
		return -1;
	if (page_size && count_pages(page_size) < 0) {
		errno = ENODEV;
		return -1;
	}
	fake_lock();
	fd = syscalls_real.memfd_create(name, flags & ~(MFD_HUGETLB | SIZE_MASK));
	if (fd >= 0 && fd < FDS_MAX)
		page_size_of_fd[fd] = page_size;
	fake_unlock();
	return fd;
}

int fake_ftruncate(int fd, off_t size)
{
	return fake_fail_alone() ? -1 : ftruncate(fd, size);
}

int fake_seal(int fd, int seals)
{
	return fake_fail_alone() ? -1 : syscalls_real.seal(fd, seals);
}

int fake_fstat(int fd, struct stat *status)
{
	return fake_fail_uninterrupted() ? -1 : fstat(fd, status);
}

/* Which file system a file is of. */
int fake_fstatfs(int fd, struct statfs *status)
{
	const struct fake_file *file;

	if (fake_fail_uninterrupted() || fstatfs(fd, status))
		return -1;
	fake_lock();
	file = fake_file_of_fd(fd);
	if (file)
		status->f_type = file->kind == FILE_DMABUF ? DMA_BUF_MAGIC : ANON_INODE_FS_MAGIC;
	if (fd < FDS_MAX && page_size_of_fd[fd]) {
		status->f_type = HUGETLBFS_MAGIC;
		status->f_bsize = page_size_of_fd[fd];
	}
	fake_unlock();
	return 0;
}

/* The kernel's rules for huge pages: whole ones, at multiples of their size, if there are so many.
 */
static int check_huge(const void *address, size_t size, int flags, uint64_t page_size)
{
	if (flags & MAP_FIXED && (uintptr_t)address & (page_size - 1))
		return EINVAL;
	if (size & (page_size - 1))
		return EINVAL;
	return (int64_t)(size / page_size) > count_pages(page_size) ? ENOMEM : 0;
}

/* Addresses of nothing yet, at a multiple of a size. */
static void *reserve_aligned(size_t size, uint64_t alignment)
{
	char *taken = mmap(NULL, size + alignment, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before = -(uintptr_t)taken & (alignment - 1);

	if (taken == MAP_FAILED)
		return taken;
	if (before)
		munmap(taken, before);
	munmap(taken + before + size, alignment - before);
	return taken + before;
}

int fake_mmap_memory(void **address, size_t size, int protection, int flags, int fd, off_t offset)
{
	uint64_t page_size = fd >= 0 && fd < FDS_MAX ? page_size_of_fd[fd] : 0;
	int err;

	if (flags & MAP_HUGETLB) {
		page_size = page_size_of_flags(flags);
		flags &= ~(MAP_HUGETLB | (int)SIZE_MASK);
	}
	err = page_size ? check_huge(*address, size, flags, page_size) : 0;
	if (err)
		return err;
	if (page_size && !*address) {
		*address = reserve_aligned(size, page_size);
		if (*address == MAP_FAILED)
			return errno;
		flags |= MAP_FIXED;
	}
	*address = mmap(*address, size, protection, flags, fd, offset);
	return *address == MAP_FAILED ? errno : 0;
}

int fake_madvise(void *address, size_t size, int advice)
{
	if (fake_fail_alone())
		return -1;
	if (advice == MADV_POPULATE_WRITE && fake_settings.populate_errno) {
		errno = fake_settings.populate_errno;
		return -1;
	}
	return madvise(address, size, advice);
}

int fake_mbind(void *address, size_t size, int mode, const unsigned long *nodes, unsigned long bits)
{
	(void)address;
	(void)size;
	(void)bits;
	if (fake_fail_uninterrupted())
		return -1;
	if (!fake_settings.nodes) {
		errno = ENOSYS;
		return -1;
	}
	last_mode = mode;
	for (last_node = 0; !(nodes[last_node / 64] >> (last_node % 64) & 1);)
		last_node++;
	if (last_node < (int)fake_settings.nodes)
		return 0;
	errno = EINVAL;
	return -1;
}

int fake_thread_create(pthread_t *ret, const pthread_attr_t *attributes, void *(*run)(void *data),
		       void *data)
{
	int err = fake_fail_uninterrupted();

	if (err)
		return err;
	__atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
	return pthread_create(ret, attributes, run, data);
}

int fake_last_node(int *mode)
{
	*mode = last_mode;
	return last_node;
}

unsigned int fake_count_threads(void)
{
	return threads;
}
