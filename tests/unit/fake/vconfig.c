/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * Which bits of config space vfio-pci answers by itself, so that they stay as they are when
 * the device has gone.
 */

#include <linux/pci_regs.h>
#include <string.h>

#include "fake/internal.h"

static void mark(uint8_t *bits, unsigned int offset, unsigned int size)
{
	memset(bits + offset, 0xff, size);
}

static void mark_header(uint8_t *bits)
{
	mark(bits, PCI_VENDOR_ID, 4);
	bits[PCI_COMMAND + 1] = PCI_COMMAND_INTX_DISABLE >> 8;
	bits[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	mark(bits, PCI_BASE_ADDRESS_0, 24);
	mark(bits, PCI_ROM_ADDRESS, 4);
	mark(bits, PCI_CAPABILITY_LIST, 1);
	mark(bits, PCI_INTERRUPT_LINE, 2);
}

/* The links, but not the ids: those of most capabilities are the device's own. */
static void mark_links(const uint8_t *config, uint8_t *bits)
{
	unsigned int at = config[PCI_CAPABILITY_LIST] & ~3u;

	for (int i = 0; i < 48 && at >= PCI_STD_HEADER_SIZEOF; i++) {
		mark(bits, at + PCI_CAP_LIST_NEXT, 1);
		at = config[at + PCI_CAP_LIST_NEXT] & ~3u;
	}
}

static void mark_extended_headers(const uint8_t *config, uint8_t *bits)
{
	unsigned int at = PCI_CFG_SPACE_SIZE;

	for (int i = 0; i < 480 && at >= PCI_CFG_SPACE_SIZE; i++) {
		uint32_t header;

		memcpy(&header, config + at, sizeof(header));
		mark(bits, at, header ? 4 : 0);
		at = PCI_EXT_CAP_NEXT(header);
	}
}

void fake_config_lose(const struct fake_device *device, uint8_t config[FAKE_CONFIG])
{
	uint8_t bits[FAKE_CONFIG] = { 0 };

	mark_header(bits);
	mark_links(device->config, bits);
	mark_extended_headers(device->config, bits);
	for (size_t i = 0; i < FAKE_CONFIG; i++)
		config[i] = (device->config[i] & bits[i]) | (uint8_t)~bits[i];
}
