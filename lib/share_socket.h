/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Bytes with fds over a Unix socket: one message, whole. */

#ifndef LIB_SHARE_SOCKET_H
#define LIB_SHARE_SOCKET_H

#include "base/host.h"
#include "share_message.h"

/** share_socket_send() - all of it, or nothing; 0 or -errno, recorded */
int share_socket_send(const struct vfa_host *host, int socket, const void *bytes, size_t size,
		      const int *fds, size_t count);

/** share_socket_peek() - the first bytes of the next message: their number or -errno, recorded */
int share_socket_peek(const struct vfa_host *host, int socket, void *bytes, size_t size);

/**
 * share_socket_receive() - the next message
 * @ret: its fds, close-on-exec, no more than SHARE_FDS_MAX; none after a failure
 * @count: how many
 *
 * Return: how many bytes were read, or -errno, recorded.
 */
int share_socket_receive(const struct vfa_host *host, int socket, void *bytes, size_t size,
			 int ret[SHARE_FDS_MAX], size_t *count);

#endif
