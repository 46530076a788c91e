/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* What a person is told of containers that go over a socket. */

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "messages.h"
#include "share_message.h"

/* Of which the far end is number 701, and the near one 700. */
static void open_ends(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(dup2(fds[0], 700), 700);
	assert_int_equal(dup2(fds[1], 701), 701);
	close(fds[0]);
	close(fds[1]);
}

static void close_ends(void)
{
	close(700);
	close(701);
	fake_drop_messages();
}

static void what_is_in_use_is_told(void **state)
{
	struct vfa_ioeventfd store = { .width = 4, .offset = 0x60, .value = 1 };
	struct space space = open_space(state);
	int fd = eventfd(0, EFD_CLOEXEC);
	struct vfa_irq *irq;

	SAYS(vfa_share_send(700, space.container), BAD_FD, "fd 700 is not an open socket",
	     "pass a connected Unix socket");
	map_at(space.container, space.memory, PAGE, 0x10000);
	SAYS(vfa_share_send(700, space.container), IN_USE,
	     "the container cannot be sent: 1 mappings of this process are in it",
	     "unmap them, and free buffers, pools and peers: the receiver maps its own memory");
	assert_ok(vfa_container_unmap_all(space.container));
	assert_ok(vfa_irq_enable(space.device, VFA_IRQ_MSI, 0, 1, NULL, &irq));
	SAYS(vfa_share_send(700, space.container), IN_USE,
	     "0000:00:04.0 cannot be sent: its interrupts are enabled",
	     "disable them: their eventfds are of this process");
	vfa_irq_disable(irq);
	assert_ok(vfa_ioeventfd_add(space.device, &store, fd));
	SAYS(vfa_share_send(700, space.container), IN_USE,
	     "0000:00:04.0 cannot be sent: eventfds make stores to it",
	     "remove them first, by vfa_ioeventfd_remove: they are of this process");
	close(fd);
	close_space(space);
}

static void what_was_sent_is_told(void **state)
{
	struct space space = open_space(state);
	struct vfa_container *container;
	struct vfa_device *devices[1];

	open_ends();
	assert_ok(vfa_share_send(700, space.container));
	SAYS(vfa_container_map(space.container, space.memory, PAGE, NULL, NULL), SENT,
	     "map: the container was sent to another process",
	     "close it and its devices here, and use it there");
	SAYS(vfa_share_receive(701, space.machine->host, &container, devices, 0), BAD_ARGUMENT,
	     "1 devices were sent, and there is room for 0",
	     "receive again with room for VFA_SHARE_DEVICES_MAX: they are still there");
	close_space(space);
	close_ends();
}

static int receive(struct machine *machine)
{
	struct vfa_container *container;
	struct vfa_device *device;

	return vfa_share_receive(701, machine->host, &container, &device, 1);
}

/* A byte more than it tells. */
static const struct {
	struct share_header header;
	struct share_device device;
	char more;
} longer = {
	.header = {
		.magic = { 'v', 'f', 'a', 's', 'h', 'a', 'r', 'e' },
		.version = SHARE_VERSION,
		.size = sizeof(struct share_header) + sizeof(struct share_device),
		.backend = VFA_BACKEND_IOMMUFD,
		.ioas = 1,
		.device_count = 1,
	},
};

static void bad_messages_are_told(void **state)
{
	const char early[16] = "vfashare\2";
	const char short_one[16] = "vfashare\1";

	open_ends();
	assert_int_equal(write(700, "hello", 5), 5);
	SAYS(receive(*state), BAD_MESSAGE, "what came over the socket is no container",
	     "have the other side send by vfa_share_send, and nothing else before");
	assert_int_equal(recv(701, (char[8]){ 0 }, 8, 0), 5);
	assert_int_equal(write(700, early, sizeof(early)), sizeof(early));
	SAYS(receive(*state), BAD_MESSAGE,
	     "the message over the socket has version 2, this library 1",
	     "use the same version of libvfa on both sides");
	assert_int_equal(recv(701, (char[16]){ 0 }, 16, 0), 16);
	assert_int_equal(write(700, short_one, sizeof(short_one)), sizeof(short_one));
	SAYS(receive(*state), BAD_MESSAGE,
	     "the message over the socket is damaged: it ends in its header",
	     "have the other side send by vfa_share_send, and nothing else here");
	assert_int_equal(recv(701, (char[16]){ 0 }, 16, 0), 16);
	assert_int_equal(write(700, &longer, sizeof(longer)), sizeof(longer));
	SAYS(receive(*state), BAD_MESSAGE,
	     "the message over the socket is damaged: it goes on behind its 72 bytes",
	     "have the other side send by vfa_share_send, and nothing else with it");
	close(700);
	SAYS(receive(*state), BAD_MESSAGE,
	     "receive a container over fd 701: the other end is closed",
	     "see why the other side has not sent one");
	close_ends();
}

const struct CMUnitTest share_messages[] = {
	ON_BOTH(what_is_in_use_is_told),
	ON_BOTH(what_was_sent_is_told),
	CASE(bad_messages_are_told),
};

const size_t share_messages_count = sizeof(share_messages) / sizeof(share_messages[0]);
