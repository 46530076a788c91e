/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "fake/config.h"

#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EXPRESS_SIZE 0x3c

void config_set16(struct config *config, unsigned int offset, uint16_t value)
{
	config->bytes[offset] = value & 0xff;
	config->bytes[offset + 1] = value >> 8;
}

void config_init(struct config *config, uint16_t vendor, uint16_t device)
{
	memset(config, 0, sizeof(*config));
	config->size = CONFIG_CONVENTIONAL;
	config_set16(config, PCI_VENDOR_ID, vendor);
	config_set16(config, PCI_DEVICE_ID, device);
}

void config_make_bridge(struct config *config, uint8_t secondary, uint8_t subordinate)
{
	config->bytes[PCI_HEADER_TYPE] |= PCI_HEADER_TYPE_BRIDGE;
	config->bytes[PCI_SECONDARY_BUS] = secondary;
	config->bytes[PCI_SUBORDINATE_BUS] = subordinate;
}

void config_make_multifunction(struct config *config)
{
	config->bytes[PCI_HEADER_TYPE] |= 0x80;
}

unsigned int config_add(struct config *config, uint8_t id, unsigned int size)
{
	unsigned int at = config->last ? config->last + EXPRESS_SIZE : PCI_STD_HEADER_SIZEOF;

	if (at + size > CONFIG_CONVENTIONAL)
		abort();
	config->bytes[config->last ? config->last + 1 : PCI_CAPABILITY_LIST] = at;
	config->bytes[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	config->bytes[at] = id;
	config->last = at;
	return at;
}

unsigned int config_add_extended(struct config *config, uint16_t id, unsigned int size)
{
	unsigned int at = config->last_extended ? config->last_extended + 0x40 : PCI_CFG_SPACE_SIZE;

	if (size > 0x40 || at + size > CONFIG_SIZE)
		abort();
	if (config->last_extended)
		config_set16(config, config->last_extended + 2, at << 4 | 1);
	config_set16(config, at, id);
	config_set16(config, at + 2, 1);
	config->last_extended = at;
	return at;
}

unsigned int config_add_express(struct config *config, unsigned int type)
{
	unsigned int at = config_add(config, PCI_CAP_ID_EXP, EXPRESS_SIZE);

	config_set16(config, at + PCI_EXP_FLAGS, type << 4 | 2);
	config->size = CONFIG_SIZE;
	return at;
}

unsigned int config_add_acs(struct config *config, uint16_t capability, uint16_t control)
{
	unsigned int at = config_add_extended(config, PCI_EXT_CAP_ID_ACS, 8);

	config_set16(config, at + PCI_ACS_CAP, capability);
	config_set16(config, at + PCI_ACS_CTRL, control);
	return at;
}

unsigned int config_add_ats(struct config *config, bool enabled)
{
	unsigned int at = config_add_extended(config, PCI_EXT_CAP_ID_ATS, 8);

	config_set16(config, at + PCI_ATS_CTRL, enabled ? PCI_ATS_CTRL_ENABLE : 0);
	return at;
}

void tree_write_config(const struct tree *tree, const char *bdf, const struct config *config,
		       size_t size)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/config", tree->sys, bdf);
	file = fopen(path, "we");
	if (!size)
		size = config->size;
	if (!file || fchmod(fileno(file), 0600) || fwrite(config->bytes, 1, size, file) != size ||
	    fclose(file))
		abort();
}

void tree_write_resources(const struct tree *tree, const char *bdf, unsigned int lines,
			  const struct tree_resource *resources, size_t count)
{
	char text[2048];
	size_t used = 0;

	for (unsigned int line = 0; line < lines; line++) {
		struct tree_resource empty = { 0 }, *shown = &empty;

		for (size_t i = 0; i < count; i++) {
			if (resources[i].line == line)
				*shown = resources[i];
		}
		used += snprintf(text + used, sizeof(text) - used,
				 "0x%016llx 0x%016llx 0x%016llx\n",
				 (unsigned long long)shown->start, (unsigned long long)shown->last,
				 (unsigned long long)shown->flags);
	}
	tree_write(tree, text, "sys/bus/pci/devices/%s/resource", bdf);
}
