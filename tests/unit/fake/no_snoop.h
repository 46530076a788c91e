/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* Config space of made-up functions that differ in what tells of No Snoop. */

#ifndef FAKE_NO_SNOOP_H
#define FAKE_NO_SNOOP_H

#include <linux/pci_regs.h>
#include <stdbool.h>

#include "fake/config.h"

/* Where the second capability is, which is the one that tells; and Device Control in it. */
#define CONFIG_EXPRESS 0x7c
#define CONFIG_CONTROL (CONFIG_EXPRESS + PCI_EXP_DEVCTL)

/* A class of 24 bits; Power Management is its only capability. */
static inline struct config config_conventional(uint32_t class_code)
{
	struct config config;

	config_init(&config, 0x1234, 0x11e8);
	config.bytes[PCI_CLASS_PROG] = class_code;
	config_set16(&config, PCI_CLASS_DEVICE, class_code >> 8);
	config_add(&config, PCI_CAP_ID_PM, 8);
	return config;
}

static inline struct config config_pci_x(uint32_t class_code)
{
	struct config config = config_conventional(class_code);

	config_add(&config, PCI_CAP_ID_PCIX, 8);
	return config;
}

/* @type: PCI_EXP_TYPE_*, @no_snoop: Enable No Snoop */
static inline struct config config_express(uint32_t class_code, unsigned int type, bool no_snoop)
{
	struct config config = config_conventional(class_code);

	config_add_express(&config, type);
	config_set16(&config, CONFIG_CONTROL,
		     PCI_EXP_DEVCTL_RELAX_EN | (no_snoop ? PCI_EXP_DEVCTL_NOSNOOP_EN : 0));
	return config;
}

#endif
