/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Containers that go over a socket, and messages that are none. */

#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/host.h"
#include "fixture.h"
#include "share_message.h"

struct ends {
	int here;
	int there;
};

static struct ends open_ends(int type)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
	return (struct ends){ fds[0], fds[1] };
}

static void close_ends(struct ends ends)
{
	close(ends.here);
	close(ends.there);
	fake_drop_messages();
}

/* A container with a device or two on its way. */
static struct ends send_devices(struct machine *machine, const char *first, const char *second)
{
	struct ends ends = open_ends(SOCK_SEQPACKET);
	struct vfa_container *container = open_container(machine);
	struct vfa_device *devices[2] = { open_device(container, first), NULL };

	if (second)
		devices[1] = open_device(container, second);
	assert_ok(vfa_share_send(ends.here, container));
	vfa_container_close(container);
	vfa_device_close(devices[0]);
	vfa_device_close(devices[1]);
	return ends;
}

/* EDU at both ends, with a page of the receiver's mapped. */
struct passage {
	struct ends ends;
	struct vfa_container *sent, *received;
	struct vfa_device *own, *device;
	char *memory;
};

static struct passage pass_on(struct machine *machine, int type)
{
	struct passage passage = { .ends = open_ends(type), .memory = memory_new(PAGE) };

	passage.sent = open_container(machine);
	passage.own = open_device(passage.sent, EDU);
	assert_ok(vfa_share_send(passage.ends.here, passage.sent));
	assert_int_equal(vfa_share_receive(passage.ends.there, machine->host, &passage.received,
					   &passage.device, 1),
			 1);
	map_at(passage.received, passage.memory, PAGE, 0x10000);
	return passage;
}

/* Both ends are closed. */
static void end_passage(struct passage passage)
{
	assert_int_equal(fake_count_objects(), 0);
	memory_free(passage.memory, PAGE);
	close_ends(passage.ends);
}

static void what_was_sent_is_used_at_the_other_end(void **state)
{
	struct machine *machine = *state;
	struct ends ends = send_devices(machine, EDU, NVME);
	struct vfa_device *devices[3] = { NULL };
	struct vfa_container *container = NULL;
	char *memory = memory_new(PAGE);
	volatile void *bar = NULL;
	char reason[64];

	assert_int_equal(vfa_share_receive(ends.there, machine->host, &container, devices, 3), 2);
	assert_null(devices[2]);
	assert_string_equal(vfa_device_bdf(devices[0]), EDU);
	assert_string_equal(vfa_device_bdf(devices[1]), NVME);
	assert_int_equal(vfa_device_group(devices[1]), 5);
	assert_int_equal(vfa_container_backend(container), machine->backend);
	assert_true(vfa_container_reason(container, reason, sizeof(reason)) > 0);
	assert_non_null(strstr(reason, "as it was received"));
	assert_true(vfa_container_reserved_regions(container, NULL, 0) > 0);

	map_at(container, memory, PAGE, 0x10000);
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_region_map(devices[0], VFA_BAR(0), &bar));
	assert_ok(vfa_device_enable_bus_master(devices[0]));
	assert_true(fake_is_bus_master(EDU));
	vfa_device_close(devices[0]);
	assert_int_equal(fake_count_mappings(), 1);
	vfa_device_close(devices[1]);
	vfa_container_close(container);
	assert_int_equal(fake_count_objects(), 0);
	memory_free(memory, PAGE);
	close_ends(ends);
}

/* Until here all was closed before the other side received it. */
static void the_sender_may_close_at_last(void **state)
{
	struct passage passage = pass_on(*state, SOCK_STREAM);

	vfa_device_close(passage.own);
	vfa_container_close(passage.sent);
	assert_int_equal(fake_count_mappings(), 1);
	assert_ok(vfa_device_reset(passage.device));
	vfa_device_close(passage.device);
	vfa_container_close(passage.received);
	end_passage(passage);
}

static void the_receiver_may_close_first(void **state)
{
	struct passage passage = pass_on(*state, SOCK_SEQPACKET);

	vfa_device_close(passage.device);
	vfa_container_close(passage.received);
	assert_int_equal(fake_count_mappings(), 0);
	vfa_container_close(passage.sent);
	vfa_device_close(passage.own);
	end_passage(passage);
}

/* By nodes that others opened, who may hold on to them. */
static void a_sender_of_passed_nodes_takes_nothing_away(void **state)
{
	struct machine *machine = *state;
	bool type1 = machine->backend == VFA_BACKEND_TYPE1;
	int control = open_node(machine, type1 ? "vfio/vfio" : "iommu");
	int node = open_node(machine, type1 ? "vfio/4" : "vfio/devices/vfio0");
	struct vfa_container *sent = NULL, *container = NULL;
	struct vfa_device *own = NULL, *device = NULL;
	struct ends ends = open_ends(SOCK_SEQPACKET);
	char *memory = memory_new(PAGE);

	fake_set_coherent(4, false);
	assert_ok(vfa_container_open_fd(machine->host, machine->backend, control, &sent));
	assert_ok(vfa_device_open_fd(sent, EDU, node, NULL, &own));
	assert_ok(vfa_share_send(ends.here, sent));
	assert_int_equal(vfa_share_receive(ends.there, machine->host, &container, &device, 1), 1);
	map_at(container, memory, PAGE, 0x10000);
	vfa_device_close(own);
	vfa_container_close(sent);
	assert_int_equal(fake_count_mappings(), 1);
	assert_int_equal(vfa_coherency_is_enforced(container), 0); /* the kernel still knows it */
	vfa_device_close(device);
	vfa_container_close(container);
	assert_int_equal(fake_count_mappings(), 0);
	memory_free(memory, PAGE);
	close_node(node);
	close_node(control);
	close_ends(ends);
}

static void who_has_received_may_send(void **state)
{
	struct machine *machine = *state;
	struct ends ends = send_devices(machine, EDU, NVME);
	struct vfa_device *devices[2], *last[2];
	struct vfa_container *container = NULL, *at_last = NULL;
	char *memory = memory_new(PAGE);

	assert_int_equal(vfa_share_receive(ends.there, machine->host, &container, devices, 2), 2);
	assert_ok(vfa_share_send(ends.there, container));
	assert_int_equal(vfa_share_receive(ends.here, machine->host, &at_last, last, 2), 2);
	map_at(at_last, memory, PAGE, 0x10000);
	vfa_device_close(devices[0]);
	vfa_device_close(devices[1]);
	vfa_container_close(container);
	assert_int_equal(fake_count_mappings(), 1);
	assert_string_equal(vfa_device_bdf(last[1]), NVME);
	vfa_device_close(last[0]);
	vfa_device_close(last[1]);
	vfa_container_close(at_last);
	memory_free(memory, PAGE);
	close_ends(ends);
}

/* The address space is the receiver's, with devices in it or without. */
static void take_nothing_away(struct machine *machine, bool sender_first)
{
	struct passage passage = pass_on(machine, SOCK_SEQPACKET);

	vfa_device_close(sender_first ? passage.own : passage.device);
	vfa_device_close(sender_first ? passage.device : passage.own);
	vfa_container_close(passage.sent);
	assert_int_equal(fake_count_mappings(),
			 machine->backend == VFA_BACKEND_IOMMUFD || !sender_first);
	passage.device = open_device(passage.received, EDU);
	assert_int_equal(fake_count_mappings(), 1);
	vfa_device_close(passage.device);
	vfa_container_close(passage.received);
	end_passage(passage);
}

static void the_sender_takes_nothing_away(void **state)
{
	take_nothing_away(*state, true);
	take_nothing_away(*state, false);
}

static void after_sending_the_sender_only_closes(void **state)
{
	const struct vfa_region_area area = { 0, PAGE };
	struct machine *machine = *state;
	struct ends ends = open_ends(SOCK_SEQPACKET);
	struct vfa_container *sent = open_container(machine);
	struct vfa_device *own = open_device(sent, EDU), *device = NULL;
	struct vfa_limits limits = VFA_LIMITS_INIT;
	char *memory = memory_new(PAGE);

	assert_ok(vfa_share_send(ends.here, sent));
	assert_fails(vfa_container_map(sent, memory, PAGE, NULL, NULL), EBUSY, SENT);
	assert_fails(vfa_container_iova_ranges(sent, NULL, 0), EBUSY, SENT);
	assert_fails(vfa_container_limits(sent, &limits), EBUSY, SENT);
	assert_fails(vfa_device_open(sent, NVME, NULL, &device), EBUSY, SENT);
	assert_fails(vfa_share_send(ends.here, sent), EBUSY, SENT);
	assert_fails(vfa_dmabuf_export(own, VFA_BAR(0), &area, 1), EBUSY, SENT);
	assert_null(device);
	vfa_device_close(own);
	vfa_container_close(sent);
	memory_free(memory, PAGE);
	close_ends(ends);
}

static void members_of_one_group_go_together(void **state)
{
	struct machine *machine = *state;
	struct ends ends = send_devices(machine, LEFT, RIGHT);
	struct vfa_container *container = NULL;
	struct vfa_device *devices[2];

	assert_int_equal(vfa_share_receive(ends.there, machine->host, &container, devices, 2), 2);
	assert_int_equal(vfa_device_group(devices[0]), vfa_device_group(devices[1]));
	vfa_device_close(devices[0]);
	devices[0] = open_device(container, LEFT); /* who may can open more */
	vfa_device_close(devices[1]);
	vfa_device_close(devices[0]);
	vfa_container_close(container);
	close_ends(ends);
}

/* No sysfs and no /dev: nothing but the socket. */
static void a_receiver_needs_nothing_of_the_machine(void **state)
{
	struct machine *machine = *state;
	struct vfa_device *device = NULL, *other = NULL;
	struct vfa_container *container = NULL;
	char *memory = memory_new(PAGE);
	struct ends ends;

	ends = send_devices(machine, EDU, NULL);
	tree_remove(&machine->tree, "sys");
	assert_int_equal(vfa_share_receive(ends.there, machine->host, &container, &device, 1), 1);
	map_at(container, memory, PAGE, 0x10000);
	assert_int_equal(vfa_device_group(device), 4);
	assert_int_equal(vfa_container_reserved_regions(container, NULL, 0), 0);
	assert_fails(vfa_device_open(container, NVME, NULL, &other), ENODEV, NO_DEVICE);
	vfa_device_close(device);
	vfa_container_close(container);
	memory_free(memory, PAGE);
	close_ends(ends);
}

static void windows_go_along(void **state)
{
	static const struct vfa_window window = { { 0x10000, 0x1ffff }, VFA_WINDOW_BAR, "a peer" };
	struct machine *machine = *state;
	struct ends ends = open_ends(SOCK_SEQPACKET);
	struct vfa_container *sent = open_container(machine), *container = NULL;
	struct vfa_device *own = open_device(sent, LEFT), *device = NULL;
	struct vfa_window before[16], after[16];
	int count;

	assert_ok(vfa_container_add_window(sent, &window));
	count = vfa_container_windows(sent, before, 16);
	assert_true(count >= 1 && count <= 16);
	assert_ok(vfa_share_send(ends.here, sent));
	vfa_device_close(own);
	vfa_container_close(sent);
	assert_int_equal(vfa_share_receive(ends.there, machine->host, &container, &device, 1), 1);
	assert_int_equal(vfa_container_windows(container, after, 16), count);
	for (int i = 0; i < count; i++) {
		assert_int_equal(after[i].range.start, before[i].range.start);
		assert_int_equal(after[i].range.last, before[i].range.last);
		assert_int_equal(after[i].kind, before[i].kind);
		assert_string_equal(after[i].bdf, before[i].bdf);
	}
	assert_int_equal(vfa_device_windows(device, NULL, 0), count - 1);
	vfa_device_close(device);
	assert_ok(vfa_container_remove_window(container, &window));
	assert_int_equal(vfa_container_windows(container, NULL, 0), 0);
	vfa_container_close(container);
	close_ends(ends);
}

static void what_is_in_use_is_not_sent(void **state)
{
	struct machine *machine = *state;
	struct ends ends = open_ends(SOCK_SEQPACKET | SOCK_NONBLOCK);
	struct vfa_container *container = open_container(machine), *received = NULL;
	struct vfa_device *device = NULL;
	char *memory = memory_new(PAGE);
	struct vfa_irq *irq = NULL;

	assert_fails(vfa_share_send(ends.here, NULL), EINVAL, BAD_ARGUMENT);
	assert_fails(vfa_share_send(ends.here, container), ENODEV, WRONG_ORDER);
	device = open_device(container, EDU);
	map_at(container, memory, PAGE, 0x10000);
	assert_fails(vfa_share_send(ends.here, container), EBUSY, IN_USE);
	assert_ok(vfa_container_unmap_all(container));
	assert_ok(vfa_irq_enable(device, VFA_IRQ_MSI, 0, 1, NULL, &irq));
	assert_fails(vfa_share_send(ends.here, container), EBUSY, IN_USE);
	vfa_irq_disable(irq);
	assert_fails(vfa_share_send(-1, container), EBADF, BAD_FD);
	assert_fails(vfa_share_send(STDIN_FILENO, container), ENOTSOCK, BAD_FD);

	/* Nothing has been sent, and all is as it was. */
	assert_fails(vfa_share_receive(ends.there, machine->host, &received, &device, 1), EAGAIN,
		     KERNEL);
	map_at(container, memory, PAGE, 0x10000);
	vfa_device_close(device);
	vfa_container_close(container);
	memory_free(memory, PAGE);
	close_ends(ends);
}

/* Each counts, however often another one was refused. */
static void a_device_with_stores_of_eventfds_is_not_sent(void **state)
{
	struct vfa_ioeventfd first = { .width = 4, .offset = 0x60, .value = 1 };
	struct vfa_ioeventfd second = { .width = 4, .offset = 0x60, .value = 2 };
	struct ends ends = open_ends(SOCK_SEQPACKET);
	struct space space = open_space(state);
	int fd = eventfd(0, EFD_CLOEXEC);

	assert_ok(vfa_ioeventfd_add(space.device, &first, fd));
	assert_ok(vfa_ioeventfd_add(space.device, &second, fd));
	assert_fails(vfa_ioeventfd_add(space.device, &second, fd), EEXIST, IOEVENTFD);
	assert_ok(vfa_ioeventfd_remove(space.device, &first));
	assert_fails(vfa_ioeventfd_remove(space.device, &first), ENOENT, IOEVENTFD);
	assert_fails(vfa_share_send(ends.here, space.container), EBUSY, IN_USE);
	assert_ok(vfa_ioeventfd_remove(space.device, &second));
	assert_ok(vfa_share_send(ends.here, space.container));
	close(fd);
	close_space(space);
	close_ends(ends);
}

/* By the device's fd, which the library does not see. */
static void a_store_that_others_added_is_removed(void **state)
{
	struct vfa_ioeventfd store = { .width = 4, .offset = 0x60, .value = 1 };
	struct ends ends = open_ends(SOCK_SEQPACKET);
	struct space space = open_space(state);
	int fd = eventfd(0, EFD_CLOEXEC);
	struct vfio_device_ioeventfd foreign = {
		.argsz = sizeof(foreign), .flags = 4, .offset = 0x60, .data = 1, .fd = fd
	};

	assert_ok(
		fake_syscalls.ioctl(vfa_device_fd(space.device), VFIO_DEVICE_IOEVENTFD, &foreign));
	assert_ok(vfa_ioeventfd_remove(space.device, &store));
	assert_ok(vfa_share_send(ends.here, space.container));
	close(fd);
	close_space(space);
	close_ends(ends);
}

static void noiommu_is_not_sent(void **state)
{
	struct machine *machine = *state;
	struct ends ends = open_ends(SOCK_SEQPACKET);
	struct vfa_container *container = NULL;

	fake_set_noiommu(true);
	assert_ok(vfa_container_open(machine->host, VFA_BACKEND_NOIOMMU, &container));
	assert_fails(vfa_share_send(ends.here, container), EOPNOTSUPP, NOIOMMU);
	vfa_container_close(container);
	close_ends(ends);
}

static void with_too_little_room_nothing_is_received(void **state)
{
	struct machine *machine = *state;
	struct ends ends = send_devices(machine, EDU, NVME);
	struct vfa_container *container = NULL;
	struct vfa_device *devices[2] = { NULL };

	assert_fails(vfa_share_receive(ends.there, machine->host, &container, devices, 1), ENOSPC,
		     BAD_ARGUMENT);
	assert_null(container);
	assert_fails(vfa_share_receive(ends.there, machine->host, NULL, devices, 2), EINVAL,
		     BAD_ARGUMENT);
	assert_fails(vfa_share_receive(ends.there, machine->host, &container, NULL, 2), EINVAL,
		     BAD_ARGUMENT);
	assert_int_equal(vfa_share_receive(ends.there, machine->host, &container, devices, 2), 2);
	vfa_container_close(container);
	vfa_device_close(devices[1]);
	vfa_device_close(devices[0]);
	close_ends(ends);
}

static void what_is_no_container_stays_unread(void **state)
{
	struct machine *machine = *state;
	struct ends ends = open_ends(SOCK_SEQPACKET);
	struct vfa_container *container = NULL;
	struct vfa_device *device = NULL;
	char text[16];

	assert_int_equal(send(ends.here, "hello", 5, 0), 5);
	assert_fails(vfa_share_receive(ends.there, machine->host, &container, &device, 1), EBADMSG,
		     BAD_MESSAGE);
	assert_int_equal(recv(ends.there, text, sizeof(text), 0), 5);
	close(ends.here);
	assert_fails(vfa_share_receive(ends.there, machine->host, &container, &device, 1),
		     ECONNRESET, BAD_MESSAGE);
	close(ends.there);
	assert_fails(vfa_share_receive(ends.there, machine->host, &container, &device, 1), EBADF,
		     BAD_FD);
	assert_null(container);
}

/* A message of one's own making, in one's own words. */
struct forged {
	struct share_header header;
	struct share_group groups[1];
	struct share_device devices[1];
};

static struct forged forge(enum vfa_backend backend)
{
	return (struct forged){
		.header = {
			.magic = { 'v', 'f', 'a', 's', 'h', 'a', 'r', 'e' },
			.version = SHARE_VERSION,
			.size = sizeof(struct forged),
			.backend = backend,
			.group_count = 1,
			.device_count = 1,
		},
		.groups = { { .bdf = EDU, .number = 4 } },
		.devices = { { .bdf = EDU, .group = 4 } },
	};
}

static void send_forged(struct ends ends, const void *bytes, size_t size, const int *fds,
			size_t count)
{
	char control[CMSG_SPACE(8 * sizeof(int))] __attribute__((aligned(8))) = "";
	struct iovec vector = { (void *)bytes, size };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	struct cmsghdr *part = (struct cmsghdr *)control;

	if (count) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		part->cmsg_level = SOL_SOCKET;
		part->cmsg_type = SCM_RIGHTS;
		part->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(part), fds, count * sizeof(int));
	}
	assert_int_equal(fake_syscalls.sendmsg(ends.here, &message, 0), size);
}

static void refuse_forged(struct machine *machine, const void *bytes, size_t size, const int *fds,
			  size_t count, int err)
{
	struct ends ends = open_ends(SOCK_SEQPACKET);
	struct vfa_container *container = NULL;
	struct vfa_device *device = NULL;
	size_t open = count_fds();

	send_forged(ends, bytes, size, fds, count);
	assert_fails(vfa_share_receive(ends.there, machine->host, &container, &device, 1), err,
		     BAD_MESSAGE);
	assert_null(container);
	assert_null(device);
	assert_int_equal(count_fds(), open);
	close_ends(ends);
}

static void forged_messages_are_refused(void **state)
{
	static const int fds[] = { 0, 0, 0, 0 };
	struct machine *machine = *state;
	struct forged forged;
	char longer[sizeof(forged) + 1] = "";

#define REFUSE(change, err)                                                                        \
	do {                                                                                       \
		forged = forge(VFA_BACKEND_TYPE1);                                                 \
		change;                                                                            \
		refuse_forged(machine, &forged, sizeof(forged), fds, 3, err);                      \
	} while (0)

	REFUSE(forged.header.magic[7] = 'f', EBADMSG);
	REFUSE(forged.header.version++, EPROTONOSUPPORT);
	REFUSE(forged.header.size++, EBADMSG);
	REFUSE(forged.header.backend = VFA_BACKEND_NOIOMMU, EBADMSG);
	REFUSE(forged.header.backend = VFA_BACKEND_IOMMUFD, EBADMSG);
	REFUSE(forged.header.ioas = 1, EBADMSG);
	REFUSE(forged.header.device_count = 0, EBADMSG);
	REFUSE(forged.header.device_count = UINT32_MAX, EBADMSG);
	REFUSE(forged.header.group_count = 2, EBADMSG);
	REFUSE(forged.header.window_count = 1u << 31, EBADMSG);
	REFUSE(memset(forged.groups[0].bdf, 'x', SHARE_NAME), EBADMSG);
	REFUSE(forged.groups[0].number = 5, EBADMSG);
	REFUSE(memset(forged.devices[0].bdf, '0', SHARE_NAME), EBADMSG);
	REFUSE(forged.devices[0].bdf[0] = '\0', EBADMSG);
	REFUSE(forged.devices[0].group = -2, EBADMSG);
#undef REFUSE

	forged = forge(VFA_BACKEND_TYPE1);
	memcpy(longer, &forged, sizeof(forged));
	refuse_forged(machine, &forged, sizeof(forged), fds, 2, EBADMSG);
	refuse_forged(machine, &forged, sizeof(forged), fds, 4, EBADMSG);
	refuse_forged(machine, &forged, sizeof(forged), fds, 0, EBADMSG);
	refuse_forged(machine, &forged, sizeof(forged) - 8, fds, 3, EBADMSG);
	refuse_forged(machine, longer, sizeof(longer), fds, 3, EBADMSG);
	refuse_forged(machine, &forged, sizeof(forged.header) - 1, fds, 3, EBADMSG);
	refuse_forged(machine, &forged, 4, fds, 3, EBADMSG);
	/* All is well but what is behind the fds. */
	refuse_forged(machine, &forged, sizeof(forged), fds, 3, ENOTTY);
}

struct crowd {
	struct share_header header;
	struct share_group groups[1];
	struct share_device devices[4];
};

static ssize_t receive_second(int fd, struct msghdr *message, int flags)
{
	char first[sizeof(struct crowd)];

	if (!(flags & MSG_PEEK))
		assert_int_equal(recv(fd, first, sizeof(first), 0), sizeof(first));
	return fake_syscalls.recvmsg(fd, message, flags);
}

/* As long as the one before it, which another reader takes, but with more devices. */
static void a_message_that_was_not_looked_at_is_refused(void **state)
{
	static const int fds[] = { 0, 0, 0, 0, 0, 0 };
	struct machine *machine = *state;
	const struct syscalls *usual = machine->host->sys;
	struct syscalls syscalls = *usual;
	struct forged forged = forge(VFA_BACKEND_TYPE1);
	struct crowd crowd = { .header = forged.header, .groups = { forged.groups[0] } };
	struct ends ends = open_ends(SOCK_SEQPACKET);
	struct vfa_container *container = NULL;
	struct vfa_device *device = NULL;

	crowd.header.size = sizeof(crowd);
	crowd.header.window_count = 2;
	send_forged(ends, &crowd, sizeof(crowd), NULL, 0);
	crowd.header.window_count = 0;
	crowd.header.device_count = 4;
	for (int i = 0; i < 4; i++) {
		crowd.devices[i] = forged.devices[0];
		crowd.devices[i].bdf[strlen(EDU) - 1] = '0' + i;
	}
	send_forged(ends, &crowd, sizeof(crowd), fds, 6);
	syscalls.recvmsg = receive_second;
	machine->host->sys = &syscalls;
	assert_fails(vfa_share_receive(ends.there, machine->host, &container, &device, 1), EBADMSG,
		     BAD_MESSAGE);
	check_message("another message came over the socket than was to be read first",
		      "receive in one thread of one process");
	machine->host->sys = usual;
	close_ends(ends);
}

/* Real fds, one of them in a false place. */
static void foreign_fds_are_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = NULL;
	struct vfa_device *device;
	struct forged forged = forge(VFA_BACKEND_TYPE1);
	int fds[3];

	assert_ok(vfa_container_open(machine->host, VFA_BACKEND_TYPE1, &container));
	fds[0] = vfa_container_fd(container);
	fds[1] = fds[2] = STDIN_FILENO;
	refuse_forged(machine, &forged, sizeof(forged), fds, 3, ENOTTY); /* has no IOMMU */
	device = open_device(container, EDU);
	refuse_forged(machine, &forged, sizeof(forged), fds, 3, ENOTTY);
	fds[1] = vfa_device_fd(device);
	refuse_forged(machine, &forged, sizeof(forged), fds, 3, ENOTTY);
	vfa_device_close(device);
	vfa_container_close(container);
}

static void a_foreign_ioas_is_refused(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = open_container(machine);
	struct vfa_device *device = open_device(container, EDU);
	struct {
		struct share_header header;
		struct share_device devices[1];
	} forged = { .devices = { { .bdf = EDU, .group = 4 } } };
	int fds[] = { vfa_container_fd(container), open_node(machine, "vfio/devices/vfio1") };

	forged.header = forge(VFA_BACKEND_IOMMUFD).header;
	forged.header.size = sizeof(forged);
	forged.header.group_count = 0;
	forged.header.ioas = 4711;
	refuse_forged(machine, &forged, sizeof(forged), fds, 2, ENOTTY);
	/* And a device that is open, but bound to nothing. */
	assert_ok(vfa_container_ioas(container, &forged.header.ioas));
	refuse_forged(machine, &forged, sizeof(forged), fds, 2, ENOTTY);
	close_node(fds[1]);
	vfa_device_close(device);
	vfa_container_close(container);
}

/* Valgrind has a limit of its own in the place of the kernel's. */
static void too_few_fds_are_told(void **state)
{
	struct machine *machine = *state;
	struct vfa_container *container = NULL;
	struct vfa_device *devices[2];
	struct rlimit limit, low;
	struct ends ends;
	int next;

	if (is_slow())
		skip();
	ends = send_devices(machine, EDU, NVME);
	next = dup(STDIN_FILENO);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	close(next);
	low = limit;
	low.rlim_cur = next + 1; /* one is free */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_fails(vfa_share_receive(ends.there, machine->host, &container, devices, 2), EMFILE,
		     BAD_MESSAGE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_null(container);
	close_ends(ends);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(what_was_sent_is_used_at_the_other_end),
		ON_BOTH(the_sender_may_close_at_last),
		ON_BOTH(the_receiver_may_close_first),
		ON_BOTH(the_sender_takes_nothing_away),
		ON_BOTH(a_sender_of_passed_nodes_takes_nothing_away),
		ON_BOTH(who_has_received_may_send),
		ON_BOTH(after_sending_the_sender_only_closes),
		ON_BOTH(members_of_one_group_go_together),
		ON_BOTH(a_receiver_needs_nothing_of_the_machine),
		ON_BOTH(windows_go_along),
		ON_BOTH(what_is_in_use_is_not_sent),
		ON_BOTH(a_device_with_stores_of_eventfds_is_not_sent),
		ON_BOTH(a_store_that_others_added_is_removed),
		CASE(noiommu_is_not_sent),
		ON_BOTH(with_too_little_room_nothing_is_received),
		CASE(what_is_no_container_stays_unread),
		ON_BOTH(forged_messages_are_refused),
		ON_BOTH(a_message_that_was_not_looked_at_is_refused),
		CASE(foreign_fds_are_refused),
		ON_IOMMUFD(a_foreign_ioas_is_refused),
		ON_BOTH(too_few_fds_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
