/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "base/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"

void node_path(const struct vfa_host *host, char path[SYSFS_PATH], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	path_below(host->dev, path, format, arguments);
	va_end(arguments);
}

static int refuse_access(const struct vfa_host *host, const char *path)
{
	struct sysfs_status node;

	if (sysfs_stat(host, path, &node))
		return error_set(EACCES, VFA_CAUSE_ACCESS,
				 "open %s: permission denied, in a directory on the way\n"
				 "give this user search permission on the directories above it",
				 path);
	return error_set(EACCES, VFA_CAUSE_ACCESS,
			 "open %s: permission denied: mode %04o, owner %u, group %u; "
			 "this process runs as user %u, group %u\n"
			 "give the node to the user by a udev rule, or for now: chown %u %s",
			 path, node.mode & 07777, node.uid, node.gid, geteuid(), getegid(),
			 geteuid(), path);
}

int node_open(const struct vfa_host *host, const char *path)
{
	int fd = host_require_live(host, "open %s", path);

	if (fd)
		return fd;
	fd = sys_open(host->sys, path, O_RDWR);
	if (fd == -EACCES)
		return refuse_access(host, path);
	if (fd == -EPERM)
		return error_set(EPERM, VFA_CAUSE_DENIED,
				 "open %s: not permitted, though not by the node's mode\n"
				 "allow the node in the device cgroup of this service or container "
				 "(systemd: DeviceAllow=%s rw); a noiommu node needs CAP_SYS_RAWIO",
				 path, path);
	if (fd < 0)
		return error_kernel(fd, "open %s", path);
	return fd;
}

int node_adopt(const struct vfa_host *host, int fd, const char *what)
{
	int copy = sys_dup(host->sys, fd);

	if (copy == -EBADF)
		return error_set(EBADF, VFA_CAUSE_BAD_FD, "fd %d is not open\npass an open %s", fd,
				 what);
	if (copy < 0)
		return error_kernel(copy, "duplicate fd %d", fd);
	return copy;
}
