/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The config space of a made-up function, and its files in sysfs. */

#ifndef FAKE_CONFIG_H
#define FAKE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fake/sysfs.h"

#define CONFIG_SIZE         4096
#define CONFIG_CONVENTIONAL 256
#define CONFIG_UNPRIVILEGED 64 /* what the kernel shows without CAP_SYS_ADMIN */

struct config {
	uint8_t bytes[CONFIG_SIZE];
	size_t size;       /* of the file */
	unsigned int last; /* capability, to which the next is appended; 0 for none */
	unsigned int last_extended;
};

/* A header without capabilities, of a function that shows 256 bytes. */
void config_init(struct config *config, uint16_t vendor, uint16_t device);
void config_set16(struct config *config, unsigned int offset, uint16_t value);
void config_make_bridge(struct config *config, uint8_t secondary, uint8_t subordinate);
void config_make_multifunction(struct config *config);

/* These return the offset of the capability. */
unsigned int config_add(struct config *config, uint8_t id, unsigned int size);
unsigned int config_add_extended(struct config *config, uint16_t id, unsigned int size);
/* @type is PCI_EXP_TYPE_ENDPOINT or so; from then on it shows 4096 bytes. */
unsigned int config_add_express(struct config *config, unsigned int type);
unsigned int config_add_acs(struct config *config, uint16_t capability, uint16_t control);
unsigned int config_add_ats(struct config *config, bool enabled);

/* The file of a device that is there; @size bytes of it, 0 for all. */
void tree_write_config(const struct tree *tree, const char *bdf, const struct config *config,
		       size_t size);

/* A line of the file resource. */
struct tree_resource {
	unsigned int line;
	uint64_t start;
	uint64_t last;
	uint64_t flags;
};

#define TREE_MEMORY 0x200

/* The file resource with so many lines, all others empty. */
void tree_write_resources(const struct tree *tree, const char *bdf, unsigned int lines,
			  const struct tree_resource *resources, size_t count);

#endif
