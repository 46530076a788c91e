/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "share_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"

/* Aligned as control messages are. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(SHARE_FDS_MAX * sizeof(int))];
};

static int refuse(int socket, const char *what, int err)
{
	if (err == -EBADF || err == -ENOTSOCK)
		return error_set(-err, VFA_CAUSE_BAD_FD,
				 "fd %d is not an open socket\npass a connected Unix socket",
				 socket);
	return error_kernel(err, "%s over fd %d", what, socket);
}

/* Less than all can only be written of a stream whose buffer is small: the other side refuses it.
 */
static int check_written(int socket, ssize_t written, size_t size)
{
	if (written < 0)
		return refuse(socket, "send a container", written);
	if ((size_t)written == size)
		return 0;
	return error_set(EMSGSIZE, VFA_CAUSE_KERNEL,
			 "send a container over fd %d: %zd bytes of %zu were taken\n"
			 "use a SOCK_SEQPACKET socket, or a larger SO_SNDBUF, and close this one",
			 socket, written, size);
}

int share_socket_send(const struct vfa_host *host, int socket, const void *bytes, size_t size,
		      const int *fds, size_t count)
{
	union control control = { .bytes = "" };
	struct iovec vector = { .iov_base = (void *)bytes, .iov_len = size };
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	return check_written(socket, sys_sendmsg(host->sys, socket, &message, MSG_NOSIGNAL), size);
}

static int check_read(int socket, ssize_t size)
{
	if (size < 0)
		return refuse(socket, "receive a container", size);
	if (size)
		return size;
	return error_set(ECONNRESET, VFA_CAUSE_BAD_MESSAGE,
			 "receive a container over fd %d: the other end is closed\n"
			 "see why the other side has not sent one",
			 socket);
}

int share_socket_peek(const struct vfa_host *host, int socket, void *bytes, size_t size)
{
	struct iovec vector = { .iov_base = bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

	return check_read(socket, sys_recvmsg(host->sys, socket, &message, MSG_PEEK));
}

/* The kernel has installed them: what does not fit here is not kept. */
static void take_fds(const struct vfa_host *host, struct msghdr *message, int ret[SHARE_FDS_MAX],
		     size_t *count)
{
	*count = 0;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
	     part = CMSG_NXTHDR(message, part)) {
		size_t size = part->cmsg_len - CMSG_LEN(0);
		int fd;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(fd) <= size; at += sizeof(fd)) {
			memcpy(&fd, CMSG_DATA(part) + at, sizeof(fd));
			if (*count < SHARE_FDS_MAX)
				ret[(*count)++] = fd;
			else
				sys_close(host->sys, fd);
		}
	}
}

/* The kernel gives as many fds as the limit on them admits, or the room here. */
static int refuse_cut(size_t got)
{
	return error_set(EMFILE, VFA_CAUSE_BAD_MESSAGE,
			 "of the fds of a container only %zu came through\n"
			 "raise the limit on open files (ulimit -n), and have it sent again",
			 got);
}

/* Of a stream what follows stays for the next one to be read; else it is lost by now. */
static int refuse_longer(size_t size)
{
	return error_set(EBADMSG, VFA_CAUSE_BAD_MESSAGE,
			 "the message over the socket is damaged: it goes on behind its %zu bytes\n"
			 "have the other side send by vfa_share_send, and nothing else with it",
			 size);
}

static int check_whole(const struct vfa_host *host, int flags, size_t size, int *fds, size_t *count)
{
	int err = 0;

	if (flags & MSG_CTRUNC)
		err = refuse_cut(*count);
	else if (flags & MSG_TRUNC)
		err = refuse_longer(size);
	while (err && *count)
		sys_close(host->sys, fds[--*count]);
	return err;
}

int share_socket_receive(const struct vfa_host *host, int socket, void *bytes, size_t size,
			 int ret[SHARE_FDS_MAX], size_t *count)
{
	union control control;
	struct iovec vector = { .iov_base = bytes, .iov_len = size };
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int got = check_read(socket, sys_recvmsg(host->sys, socket, &message, MSG_CMSG_CLOEXEC));
	int err;

	if (got < 0)
		return got;
	take_fds(host, &message, ret, count);
	err = check_whole(host, message.msg_flags, size, ret, count);
	return err ? err : got;
}
