/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * A PCI Express function with Enable No Snoop, which no device of QEMU has: all hard-wire
 * it to 0. This program of the host is the function, and QEMU's x-pci-proxy-dev shows it to
 * the guest: each access of the guest to config space arrives here as a message.
 *
 * usage: no_snoop_device FD COMMAND...
 *
 * Runs COMMAND, which is QEMU, with the way to the function as FD, and ends with it.
 */

#include <endian.h>
#include <err.h>
#include <linux/pci_regs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONFIG_SIZE    256
#define EXPRESS        0x40
#define DEVICE_CAP     (EXPRESS + PCI_EXP_DEVCAP)
#define DEVICE_CONTROL (EXPRESS + PCI_EXP_DEVCTL)

/* The messages of QEMU's processes among each other, as they are on its sockets. */
enum {
	MESSAGE_MEMORY, /* the guest's memory has changed; wants no answer */
	MESSAGE_ANSWER,
	MESSAGE_CONFIG_WRITE,
	MESSAGE_CONFIG_READ,
	MESSAGE_BAR_WRITE,
	MESSAGE_BAR_READ,
	MESSAGE_INTERRUPT, /* how to raise one; wants no answer */
	MESSAGE_RESET,
};

struct header {
	int32_t kind;
	uint32_t padding;
	uint64_t size; /* of what follows */
};

struct config_access {
	uint32_t offset;
	uint32_t value;
	int32_t size;
};

union payload {
	uint64_t answer;
	struct config_access access;
	uint8_t room[256];
};

static uint8_t config[CONFIG_SIZE], writable[CONFIG_SIZE];

static void put16(uint8_t *space, unsigned int offset, uint16_t value)
{
	space[offset] = value & 0xff;
	space[offset + 1] = value >> 8;
}

/* As the specification has it: relaxed ordering and no snoop are allowed after a reset. */
static void reset(void)
{
	put16(config, PCI_COMMAND, 0);
	put16(config, DEVICE_CONTROL,
	      PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ_512B);
}

static void make_registers(void)
{
	put16(config, PCI_VENDOR_ID, 0x1234);
	put16(config, PCI_DEVICE_ID, 0x11e9);
	put16(config, PCI_STATUS, PCI_STATUS_CAP_LIST);
	put16(config, PCI_CLASS_DEVICE, 0xff00);
	config[PCI_CAPABILITY_LIST] = EXPRESS;
	config[PCI_INTERRUPT_PIN] = 1;
	put16(config, EXPRESS, PCI_CAP_ID_EXP);
	put16(config, EXPRESS + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_RC_END << 4);
	put16(config, DEVICE_CAP, PCI_EXP_DEVCAP_RBER);
	put16(config, DEVICE_CAP + 2, PCI_EXP_DEVCAP_FLR >> 16);
	put16(writable, PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	writable[PCI_INTERRUPT_LINE] = 0xff;
	put16(writable, DEVICE_CONTROL,
	      PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ |
		      PCI_EXP_DEVCTL_BCR_FLR);
	reset();
}

static bool is_inside(const struct config_access *access)
{
	return access->size > 0 && access->size <= 4 && access->offset < CONFIG_SIZE &&
	       access->offset + access->size <= CONFIG_SIZE;
}

static uint64_t read_config(const struct config_access *access)
{
	uint32_t value = 0;

	memcpy(&value, config + access->offset, access->size);
	return le32toh(value);
}

static void write_config(const struct config_access *access)
{
	for (int i = 0; i < access->size; i++) {
		uint8_t *byte = &config[access->offset + i];
		uint8_t mask = writable[access->offset + i];

		*byte = (*byte & ~mask) | (access->value >> 8 * i & mask);
	}
	if (config[DEVICE_CONTROL + 1] & PCI_EXP_DEVCTL_BCR_FLR >> 8)
		reset();
}

/* File descriptors that come along are closed unseen: the function does no DMA. */
static bool receive(int way, void *buffer, size_t size)
{
	while (size) {
		ssize_t got = read(way, buffer, size);

		if (got <= 0)
			return false;
		buffer = (char *)buffer + got;
		size -= got;
	}
	return true;
}

static void answer(int way, uint64_t value)
{
	struct {
		struct header header;
		uint64_t value;
	} message = { { MESSAGE_ANSWER, 0, sizeof(value) }, value };

	if (write(way, &message, sizeof(message)) != sizeof(message))
		exit(0);
}

static uint64_t serve_access(const struct header *header, const struct config_access *access)
{
	if (header->size != sizeof(*access) || !is_inside(access))
		errx(1, "an access to config space that makes no sense");
	if (header->kind == MESSAGE_CONFIG_READ)
		return read_config(access);
	write_config(access);
	return 0;
}

static void serve_message(int way, const struct header *header, const union payload *payload)
{
	switch (header->kind) {
	case MESSAGE_MEMORY:
	case MESSAGE_INTERRUPT:
		break;
	case MESSAGE_CONFIG_READ:
	case MESSAGE_CONFIG_WRITE:
		answer(way, serve_access(header, &payload->access));
		break;
	case MESSAGE_RESET:
		reset();
		answer(way, 0);
		break;
	default:
		errx(1, "message %d is not known", header->kind);
	}
}

static void serve(int way)
{
	union payload payload;
	struct header header;

	make_registers();
	while (receive(way, &header, sizeof(header))) {
		if (header.size > sizeof(payload))
			errx(1, "a message of %llu bytes", (unsigned long long)header.size);
		if (!receive(way, &payload, header.size))
			break;
		serve_message(way, &header, &payload);
	}
}

int main(int argc, char **argv)
{
	int ends[2], fd = argc > 2 ? atoi(argv[1]) : -1;

	if (fd < 3)
		errx(1, "usage: no_snoop_device FD COMMAND...");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		err(1, "socketpair");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		close(ends[0]);
		serve(ends[1]);
		_exit(0);
	}
	if (dup2(ends[0], fd) < 0)
		err(1, "dup2");
	execvp(argv[2], argv + 2);
	err(1, "%s", argv[2]);
}
