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
#include <vfa/capability.h>

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

/* As many as there is room for: 4 bytes each from 0x40 on, 8 bytes each from 0x100 on. */
#define CAPABILITY_MAX (0xc0 / 4 + 0xf00 / 8)

struct capability_set {
	size_t count;
	struct vfa_capability list[CAPABILITY_MAX];
};

/**
 * capability_read() - all capabilities, in the order of their lists
 * @ret: on failure has those that were found before, without their sizes
 *
 * Return: 0, or -errno of reading: -ENODATA when the kernel does not show so much of
 * config space.
 */
int capability_read(const struct config_space *config, struct capability_set *ret);

/**
 * capability_find() - the first capability of an id
 *
 * Return: its offset, 0 when there is none, or -errno as capability_read().
 */
int capability_find(const struct config_space *config, uint8_t id);
int capability_find_extended(const struct config_space *config, uint16_t id);

/** capability_measure() - fill in the sizes of a set; 0 or -errno of reading */
int capability_measure(const struct config_space *config, struct capability_set *set);

/** capability_name() - vfa_capability_name(), but NULL for one that has none */
const char *capability_name(const struct vfa_capability *capability);

#endif
