/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "file.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "memory.h"
#include "refusal_file.h"

/* Of its file system, which some C libraries have as a signed number. */
static uint32_t magic_of(const struct statfs *system)
{
	return (uint32_t)system->f_type;
}

static bool is_memory(const struct stat *status, uint32_t magic)
{
	return S_ISREG(status->st_mode) && (magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC);
}

int file_look(const struct vfa_host *host, int fd, struct file *ret)
{
	struct statfs system;
	struct stat status;
	int err = sys_fstat(host->sys, fd, &status);

	if (!err)
		err = sys_fstatfs(host->sys, fd, &system);
	if (err == -EBADF)
		return refuse_closed_file(fd);
	if (err)
		return error_kernel(err, "map: look at fd %d", fd);
	*ret = (struct file){
		.fd = fd,
		.size = status.st_size,
		.page_size = memory_page_size(),
		.is_huge = magic_of(&system) == HUGETLBFS_MAGIC,
	};
	if (ret->is_huge)
		ret->page_size = system.f_bsize;
	if (magic_of(&system) == DMA_BUF_MAGIC)
		ret->kind = FILE_OF_DMABUF;
	else if (is_memory(&status, magic_of(&system)))
		ret->kind = FILE_OF_MEMORY;
	else
		return refuse_kind_of_file(fd);
	return 0;
}

int file_check(const struct file *file, uint64_t offset, uint64_t size)
{
	if (offset >= file->size || size > file->size - offset)
		return refuse_file_bounds(file, offset, size);
	if (offset & (file->page_size - 1))
		return refuse_file_alignment(file, "offset", offset);
	if (file->is_huge && size & (file->page_size - 1))
		return refuse_file_alignment(file, "size", size);
	return 0;
}

static int place(const struct vfa_host *host, const struct file *file, uint64_t offset,
		 uint64_t size, int protection, void **ret)
{
	return sys_mmap(host->sys, NULL, size, protection, MAP_SHARED, file->fd, offset, ret);
}

static bool forbids_writing(int err)
{
	return err == -EACCES || err == -EPERM;
}

int file_place(const struct vfa_host *host, const struct file *file, uint64_t offset, uint64_t size,
	       uint32_t access, void **ret)
{
	void *vaddr = NULL;
	int err = place(host, file, offset, size, PROT_READ | PROT_WRITE, &vaddr);

	if (forbids_writing(err) && !(access & VFA_ACCESS_WRITE))
		err = place(host, file, offset, size, PROT_READ, &vaddr);
	if (forbids_writing(err))
		return refuse_file_rights(file, err, access);
	if (err && (err == -ENOMEM || file->kind == FILE_OF_MEMORY))
		return error_kernel(err, "map: mmap of 0x%" PRIx64 " bytes of fd %d", size,
				    file->fd);
	*ret = vaddr;
	return 0;
}

int file_refuse(const struct vfa_container *container, const struct dma_request *request, int err)
{
	bool by_file = container->backend->kind == VFA_BACKEND_IOMMUFD;
	struct file file;
	int refused = file_look(container->host, request->fd, &file);

	/* Type1 goes by the memory, whatever the fd of a layout's region is. */
	if (refused)
		return by_file ? refused : 0;
	refused = file_check(&file, request->offset, request->size);
	if (!refused && file.kind == FILE_OF_DMABUF)
		refused = refuse_dmabuf(container, request, err);
	return refused;
}
