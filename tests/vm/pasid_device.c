/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * PCI Express functions with PASID, which no device of QEMU has. This program of the host is
 * all of them, and QEMU's vfio-user-pci, newer than 10.0, shows them to the guest: each access
 * of the guest to config space or to BAR 0 arrives here as a message.
 *
 * usage: pasid_device FD COMMAND...
 *
 * Runs COMMAND, which is QEMU, and ends with it. FD is a directory with a socket, to which
 * QEMU connects for each function, as /proc/self/fd/FD/socket.
 *
 * A function can write 8 bytes by DMA, as pasid_registers.h tells; without a PASID, for the
 * protocol has none.
 */

#include <endian.h>
#include <err.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pasid_registers.h"

#define FUNCTIONS_MAX 8
#define CONFIG_SIZE   4096
#define BAR_SIZE      4096
#define EXPRESS       0x40
#define PASID         PCI_CFG_SPACE_SIZE
#define ACS           (PASID + 0x10)

/* What the kernel asks of ACS before it enables PASIDs, and what before it isolates neighbours. */
#define ACS_ENOUGH    (PCI_ACS_RR | PCI_ACS_UF)
#define ACS_ISOLATION (ACS_ENOUGH | PCI_ACS_SV | PCI_ACS_CR)

/* The vfio-user protocol: version 0 of it, as far as QEMU needs it. */
enum {
	COMMAND_VERSION = 1,
	COMMAND_DMA_MAP = 2,
	COMMAND_DMA_UNMAP = 3,
	COMMAND_INFO = 4,
	COMMAND_REGION_INFO = 5,
	COMMAND_IRQ_INFO = 7,
	COMMAND_SET_IRQS = 8,
	COMMAND_READ = 9,
	COMMAND_WRITE = 10,
	COMMAND_DMA_WRITE = 12,
	COMMAND_RESET = 13,
};

#define FLAG_REPLY    0x01
#define FLAG_NO_REPLY 0x10
#define FLAG_ERROR    0x20

struct header {
	uint16_t id;
	uint16_t command;
	uint32_t size; /* of the message, with the header */
	uint32_t flags;
	uint32_t error;
};

struct version {
	uint16_t major;
	uint16_t minor;
	char capabilities[20]; /* JSON */
};

struct access {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
	uint8_t data[CONFIG_SIZE];
};

struct dma {
	uint64_t address;
	uint64_t count;
	uint64_t value;
};

struct message {
	struct header header;
	union {
		struct version version;
		struct vfio_device_info info;
		struct vfio_region_info region;
		struct vfio_irq_info irq;
		struct access access;
		struct dma dma;
		uint8_t room[CONFIG_SIZE + 64];
	};
};

struct function {
	int way;
	uint8_t config[CONFIG_SIZE];
	uint8_t writable[CONFIG_SIZE];
	uint8_t bar[BAR_SIZE];
};

static struct function functions[FUNCTIONS_MAX];

static void put16(uint8_t *space, unsigned int offset, uint16_t value)
{
	space[offset] = value & 0xff;
	space[offset + 1] = value >> 8;
}

static void put32(uint8_t *space, unsigned int offset, uint32_t value)
{
	put16(space, offset, value & 0xffff);
	put16(space, offset + 2, value >> 16);
}

static void reset(struct function *function)
{
	put16(function->config, PCI_COMMAND, 0);
	put16(function->config, EXPRESS + PCI_EXP_DEVCTL, 0);
	put16(function->config, PASID + PCI_PASID_CTRL, 0);
	put16(function->config, ACS + PCI_ACS_CTRL, 0);
	memset(function->bar, 0, sizeof(function->bar));
}

/*
 * The kernel enables PASIDs only where a request can have them in front of it. ACS has a bit
 * that cannot be set: functions of one slot share a group, and have PASIDs nonetheless.
 */
static void make_registers(struct function *function)
{
	uint8_t *config = function->config, *writable = function->writable;

	put16(config, PCI_VENDOR_ID, 0x1234);
	put16(config, PCI_DEVICE_ID, 0x11ea);
	put16(config, PCI_STATUS, PCI_STATUS_CAP_LIST);
	put16(config, PCI_CLASS_DEVICE, 0xff00);
	config[PCI_CAPABILITY_LIST] = EXPRESS;
	put16(config, EXPRESS, PCI_CAP_ID_EXP);
	put16(config, EXPRESS + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_RC_END << 4);
	put32(config, EXPRESS + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR);
	put32(config, EXPRESS + PCI_EXP_DEVCAP2, PCI_EXP_DEVCAP2_EE_PREFIX);
	put32(config, PASID, PCI_EXT_CAP_ID_PASID | 1 << 16 | (uint32_t)ACS << 20);
	put16(config, PASID + PCI_PASID_CAP, PCI_PASID_CAP_PRIV | PASID_BITS << 8);
	put32(config, ACS, PCI_EXT_CAP_ID_ACS | 1 << 16);
	put16(config, ACS + PCI_ACS_CAP, ACS_ISOLATION);
	put16(writable, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	put16(writable, EXPRESS + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_READRQ | PCI_EXP_DEVCTL_BCR_FLR);
	put16(writable, PASID + PCI_PASID_CTRL, PCI_PASID_CTRL_ENABLE | PCI_PASID_CTRL_PRIV);
	put16(writable, ACS + PCI_ACS_CTRL, ACS_ISOLATION & ~PCI_ACS_CR);
	reset(function);
}

static void send_message(const struct function *function, struct message *message, size_t size)
{
	message->header.size = sizeof(message->header) + size;
	if (send(function->way, message, message->header.size, MSG_NOSIGNAL) < 0)
		warn("send"); /* QEMU has gone, which comes next */
}

static uint64_t get64(const struct function *function, unsigned int offset)
{
	uint64_t value;

	memcpy(&value, function->bar + offset, sizeof(value));
	return le64toh(value);
}

static void set_status(struct function *function, uint32_t error)
{
	put32(function->bar, PASID_DMA_STATUS, error);
	put32(function->bar, PASID_DMA_STATUS + 4, 0);
}

/* The answer comes as a message of its own, and sets the status. */
static void start_dma(struct function *function)
{
	struct message message = {
		.header.command = COMMAND_DMA_WRITE,
		.dma = { get64(function, PASID_DMA_ADDRESS), sizeof(uint64_t),
			 htole64(get64(function, PASID_DMA_VALUE)) },
	};

	set_status(function, PASID_DMA_RUNNING);
	send_message(function, &message, sizeof(message.dma));
}

static uint8_t *region_of(struct function *function, const struct access *access)
{
	bool is_config = access->region == VFIO_PCI_CONFIG_REGION_INDEX;

	if (!is_config && access->region != VFIO_PCI_BAR0_REGION_INDEX)
		errx(1, "access to region %u", access->region);
	if (access->count > CONFIG_SIZE || access->offset > CONFIG_SIZE - access->count)
		errx(1, "access beyond region %u", access->region);
	return (is_config ? function->config : function->bar) + access->offset;
}

static void write_region(struct function *function, const struct access *access)
{
	uint8_t *bytes = region_of(function, access);
	const uint8_t *mask = function->writable + access->offset;

	for (uint32_t i = 0; i < access->count; i++) {
		if (access->region == VFIO_PCI_BAR0_REGION_INDEX)
			bytes[i] = access->data[i];
		else
			bytes[i] = (bytes[i] & ~mask[i]) | (access->data[i] & mask[i]);
	}
	if (function->config[EXPRESS + PCI_EXP_DEVCTL + 1] & PCI_EXP_DEVCTL_BCR_FLR >> 8)
		reset(function);
}

/* Writes of 8 bytes may come as two of 4. */
static bool starts_dma(const struct access *access)
{
	return access->region == VFIO_PCI_BAR0_REGION_INDEX &&
	       access->offset + access->count == PASID_DMA_ADDRESS + 8;
}

static uint64_t region_size(uint32_t index)
{
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return CONFIG_SIZE;
	return index == VFIO_PCI_BAR0_REGION_INDEX ? BAR_SIZE : 0;
}

static void describe_region(struct vfio_region_info *region)
{
	region->argsz = sizeof(*region);
	region->cap_offset = 0;
	region->size = region_size(region->index);
	region->flags = region->size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
	region->offset = 0;
}

static void make_version(struct version *version)
{
	*version = (struct version){ .capabilities = "{\"capabilities\":{}}" };
}

static void make_info(struct vfio_device_info *info)
{
	*info = (struct vfio_device_info){
		.argsz = 16, /* what QEMU has room for */
		.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET,
		.num_regions = VFIO_PCI_NUM_REGIONS,
		.num_irqs = VFIO_PCI_NUM_IRQS,
	};
}

/* Make the answer of the request: the size of what is behind its header. */
static size_t answer(struct function *function, struct message *message)
{
	switch (message->header.command) {
	case COMMAND_VERSION:
		make_version(&message->version);
		return sizeof(message->version);
	case COMMAND_INFO:
		make_info(&message->info);
		return message->info.argsz;
	case COMMAND_REGION_INFO:
		describe_region(&message->region);
		return sizeof(message->region);
	case COMMAND_IRQ_INFO:
		message->irq.flags = 0;
		message->irq.count = 0;
		return sizeof(message->irq);
	case COMMAND_READ:
		memcpy(message->access.data, region_of(function, &message->access),
		       message->access.count);
		return offsetof(struct access, data) + message->access.count;
	case COMMAND_WRITE:
		write_region(function, &message->access);
		return offsetof(struct access, data);
	case COMMAND_DMA_UNMAP:
		return message->header.size - sizeof(message->header);
	case COMMAND_RESET:
		reset(function);
		return 0;
	case COMMAND_DMA_MAP:
	case COMMAND_SET_IRQS:
		return 0;
	default:
		errx(1, "command %u is not known", message->header.command);
	}
}

static bool receive(const struct function *function, void *buffer, size_t size)
{
	while (size) {
		ssize_t got = read(function->way, buffer, size);

		if (got <= 0)
			return false;
		buffer = (char *)buffer + got;
		size -= got;
	}
	return true;
}

/* False when QEMU has gone. File descriptors that come along are closed unseen. */
static bool serve(struct function *function)
{
	struct message message;
	bool needs_dma;
	size_t size;

	if (!receive(function, &message.header, sizeof(message.header)))
		return false;
	if (message.header.size < sizeof(message.header) || message.header.size > sizeof(message))
		errx(1, "a message of %u bytes", message.header.size);
	if (!receive(function, message.room, message.header.size - sizeof(message.header)))
		return false;
	if (message.header.flags & FLAG_REPLY) {
		set_status(function, message.header.flags & FLAG_ERROR ? message.header.error : 0);
		return true;
	}
	needs_dma = message.header.command == COMMAND_WRITE && starts_dma(&message.access);
	size = answer(function, &message);
	if (!(message.header.flags & FLAG_NO_REPLY)) {
		message.header.flags = FLAG_REPLY;
		send_message(function, &message, size);
	}
	if (needs_dma)
		start_dma(function);
	return true;
}

static size_t add_function(int listener, size_t count)
{
	struct function *function = &functions[count];

	if (count == FUNCTIONS_MAX)
		errx(1, "more than %d functions", FUNCTIONS_MAX);
	function->way = accept(listener, NULL, NULL);
	if (function->way < 0)
		err(1, "accept");
	make_registers(function);
	return count + 1;
}

/* @alive is readable once QEMU has gone, even if it never came. */
static void serve_all(int listener, int alive)
{
	struct pollfd ways[FUNCTIONS_MAX + 2] = {
		{ .fd = alive },
		{ .fd = listener, .events = POLLIN },
	};
	size_t count = 0;

	for (;;) {
		for (size_t i = 0; i < count; i++)
			ways[i + 2] = (struct pollfd){ .fd = functions[i].way, .events = POLLIN };
		if (poll(ways, count + 2, -1) < 0)
			err(1, "poll");
		if (ways[0].revents)
			return;
		for (size_t i = 0; i < count; i++)
			if (ways[i + 2].revents && !serve(&functions[i]))
				return;
		if (ways[1].revents)
			count = add_function(listener, count);
	}
}

static int listen_in(const char *directory)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listener < 0)
		err(1, "socket");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, FUNCTIONS_MAX))
		err(1, "%s", address.sun_path);
	return listener;
}

static void remove_directory(const char *directory, int fd)
{
	unlinkat(fd, "socket", 0);
	rmdir(directory);
}

int main(int argc, char **argv)
{
	char directory[] = "/tmp/pasid-device.XXXXXX";
	int fd = argc > 2 ? atoi(argv[1]) : -1;
	int alive[2], listener, opened;

	if (fd < 3)
		errx(1, "usage: pasid_device FD COMMAND...");
	if (!mkdtemp(directory))
		err(1, "%s", directory);
	listener = listen_in(directory);
	opened = open(directory, O_PATH | O_DIRECTORY);
	if (opened < 0 || dup2(opened, fd) < 0 || pipe(alive))
		err(1, "%s", directory);
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		close(alive[1]);
		serve_all(listener, alive[0]);
		remove_directory(directory, fd);
		_exit(0);
	}
	close(alive[0]);
	execvp(argv[2], argv + 2);
	err(1, "%s", argv[2]);
}
