/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "refusal_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/sysfs.h"

int refuse_closed_file(int fd)
{
	return error_set(EBADF, VFA_CAUSE_BAD_FD,
			 "map: fd %d is not open\npass the file that the memory is of", fd);
}

int refuse_kind_of_file(int fd)
{
	return error_set(EINVAL, VFA_CAUSE_BAD_FD,
			 "map: fd %d is neither a file of memory nor a dma-buf\n"
			 "pass a memfd, a file of tmpfs or hugetlbfs, or a dma-buf; of other files "
			 "map what this process has of them: vfa_container_map",
			 fd);
}

int refuse_file_bounds(const struct file *file, uint64_t offset, uint64_t size)
{
	return error_set(EINVAL, VFA_CAUSE_FILE_BOUNDS,
			 "map: 0x%" PRIx64 " bytes at offset 0x%" PRIx64
			 " are past the end of fd %d\n"
			 "the file has 0x%" PRIx64 " bytes; ftruncate makes a memfd larger",
			 size, offset, file->fd, file->size);
}

int refuse_file_alignment(const struct file *file, const char *of, uint64_t value)
{
	return error_set(EINVAL, VFA_CAUSE_MISALIGNED,
			 "map: %s 0x%" PRIx64 " is not a multiple of 0x%" PRIx64
			 ", the size of the pages of fd %d\n"
			 "map whole pages of the file",
			 of, value, file->page_size, file->fd);
}

int refuse_file_rights(const struct file *file, int err, uint32_t access)
{
	bool writes = access & VFA_ACCESS_WRITE;

	return error_set(err, VFA_CAUSE_FILE_RIGHTS, "map: fd %d %s\n%s", file->fd,
			 err == -EPERM ? "is sealed against writing"
			 : writes      ? "is not open for reading and writing"
				       : "is not open for reading",
			 writes ? "map it with VFA_ACCESS_READ if devices only read it, or pass a "
				  "file that can be written"
				: "pass it opened with O_RDONLY or O_RDWR");
}

/* The name of the driver that made it, such as "udmabuf", or "another driver". */
static void print_exporter(const struct vfa_host *host, int fd, char *text, size_t size)
{
	static const char key[] = "exp_name:\t";
	char path[SYSFS_PATH], line[SYSFS_LINE];
	bool found = false;
	FILE *info;

	snprintf(path, sizeof(path), "%s/self/fdinfo/%d", host->proc, fd);
	info = fopen(path, "re");
	while (info && !found && fgets(line, sizeof(line), info))
		found = !strncmp(line, key, sizeof(key) - 1);
	if (info)
		fclose(info);
	if (found)
		line[strcspn(line, "\n")] = '\0';
	snprintf(text, size, "%s", found ? line + sizeof(key) - 1 : "another driver");
}

static int refuse_revoked(int fd)
{
	return error_set(
		EIO, VFA_CAUSE_REGION_OFF,
		"map: the dma-buf of fd %d is revoked: its device does not decode memory, is "
		"in low power, or was closed\n"
		"map it when the device answers, and one that woke from low power after "
		"vfa_device_exit_low_power; of a device that was closed make it anew",
		fd);
}

static int refuse_memory_of_dmabuf(int fd, const char *exporter)
{
	return error_set(EOPNOTSUPP, VFA_CAUSE_DMABUF,
			 "map: fd %d is a dma-buf of %s, which the kernel neither maps as a file "
			 "nor pins as memory\n"
			 "map what it was made of, such as the memfd behind a udmabuf",
			 fd, exporter);
}

/* Without an address. */
static int refuse_bare_dmabuf(const struct vfa_container *container, int fd, const char *exporter,
			      int err)
{
	const char *why = "iommufd maps dma-bufs of VFIO only, and of those that have one area; "
			  "export each area for itself";

	if (container->backend->kind != VFA_BACKEND_IOMMUFD)
		why = "type1 maps what a process has mapped: a BAR of a device that is open here by "
		      "vfa_peer_map; else use a container on iommufd (Linux 6.19)";
	else if (err != -EOPNOTSUPP)
		why = "iommufd maps dma-bufs from Linux 6.19 on";
	return error_set(EOPNOTSUPP, VFA_CAUSE_DMABUF,
			 "map: fd %d is a dma-buf of %s, which %s of this kernel does not map\n%s",
			 fd, exporter, vfa_backend_name(container->backend->kind), why);
}

int refuse_dmabuf(const struct vfa_container *container, const struct dma_request *request, int err)
{
	char exporter[SYSFS_LINE];

	if (err == -ENODEV)
		return refuse_revoked(request->fd);
	if (err == -ENOMEM)
		return error_set(ENOMEM, VFA_CAUSE_NO_MEMORY,
				 "map: the kernel has no memory to map the dma-buf of fd %d\n"
				 "free memory, or give the memory cgroup more",
				 request->fd);
	print_exporter(container->host, request->fd, exporter, sizeof(exporter));
	if (request->vaddr)
		return refuse_memory_of_dmabuf(request->fd, exporter);
	return refuse_bare_dmabuf(container, request->fd, exporter, err);
}
