/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/*
 * The capabilities in a function's config space. The walks are bounded, whatever the
 * links in there say.
 */

#ifndef TOPOLOGY_CAPABILITY_H
#define TOPOLOGY_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Config space, wherever it is read from. */
struct config_space {
	/* The word at @offset, a multiple of 4: 0; -ENODATA where none can be read; -errno. */
	int (*read)(const struct config_space *config, unsigned int offset, uint32_t *ret);
};

/** config_read16() - at a multiple of 2: the value, or -errno of reading it */
int config_read16(const struct config_space *config, unsigned int offset);

/** config_read8() - at any offset: the value, or -errno of reading it */
int config_read8(const struct config_space *config, unsigned int offset);

/**
 * config_require() - whether the function answers
 *
 * By its class, which no function has of all ones: VFIO makes up the ids, and a virtual
 * function has none. Return: 0, -ENODEV when it reads as all ones, or -errno of reading.
 */
int config_require(const struct config_space *config);

struct capability {
	uint16_t id;
	uint16_t offset;
	uint8_t version; /* of an extended one */
	bool is_extended;
};

/**
 * capability_list() - all capabilities, in the order of their lists
 * @list: filled, may be NULL when @max is 0
 *
 * Return: how many there are, which may exceed @max, or -errno of reading: -ENODATA when
 * the kernel does not show so much of config space.
 */
int capability_list(const struct config_space *config, struct capability *list, size_t max);

/**
 * capability_find() - the first capability of an id
 *
 * Return: its offset, 0 when there is none, or -errno as capability_list().
 */
int capability_find(const struct config_space *config, uint8_t id);
int capability_find_extended(const struct config_space *config, uint16_t id);

#endif
