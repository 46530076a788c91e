/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Unix sockets are real, but what is behind the fds that go over them is not: the
 * files of this kernel are held while they are on their way, and given to the new fds.
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "fake/internal.h"
#include "fake/lock.h"

#define IN_FLIGHT 512

static struct {
	ino_t inode;
	struct fake_file *file;
} in_flight[IN_FLIGHT];

static ino_t inode_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) ? 0 : status.st_ino;
}

static void depart(int fd)
{
	struct fake_file *file = fake_file_of_fd(fd);
	size_t i = 0;

	if (!file)
		return;
	while (in_flight[i].file)
		i++;
	fake_file_get(file);
	in_flight[i].file = file;
	in_flight[i].inode = inode_of(fd);
}

static void arrive(int fd)
{
	ino_t inode = inode_of(fd);

	for (size_t i = 0; i < IN_FLIGHT; i++) {
		if (!in_flight[i].file || in_flight[i].inode != inode)
			continue;
		fake_file_attach(in_flight[i].file, fd);
		fake_file_put(in_flight[i].file);
		in_flight[i].file = NULL;
		return;
	}
}

static void each_fd(const struct msghdr *message, void (*act)(int fd))
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
	     part = CMSG_NXTHDR((struct msghdr *)message, part)) {
		size_t size = part->cmsg_len - CMSG_LEN(0);

		for (size_t at = 0; part->cmsg_type == SCM_RIGHTS && at < size; at += sizeof(int)) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + at, sizeof(fd));
			act(fd);
		}
	}
}

ssize_t fake_sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t sent = fake_fail_alone() ? -1 : sendmsg(fd, message, flags);

	fake_lock();
	if (sent >= 0)
		each_fd(message, depart);
	fake_unlock();
	return sent;
}

ssize_t fake_recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t received = fake_fail_alone() ? -1 : recvmsg(fd, message, flags);

	fake_lock();
	if (received >= 0)
		each_fd(message, arrive);
	fake_unlock();
	return received;
}

void fake_drop_messages(void)
{
	fake_lock();
	for (size_t i = 0; i < IN_FLIGHT; i++) {
		if (in_flight[i].file)
			fake_file_put(in_flight[i].file);
		in_flight[i].file = NULL;
	}
	fake_unlock();
}
