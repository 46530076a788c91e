/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

#include "topology/capability.h"

#include <errno.h>
#include <linux/pci_regs.h>

int config_read16(const struct config_space *config, unsigned int offset)
{
	uint32_t word;
	int err = config->read(config, offset & ~3u, &word);

	return err ? err : (int)(word >> 8 * (offset & 2) & 0xffff);
}

int config_read8(const struct config_space *config, unsigned int offset)
{
	uint32_t word;
	int err = config->read(config, offset & ~3u, &word);

	return err ? err : (int)(word >> 8 * (offset & 3) & 0xff);
}

int config_require(const struct config_space *config)
{
	uint32_t word = 0;
	int err = config->read(config, PCI_CLASS_REVISION, &word);

	if (err)
		return err;
	return word == UINT32_MAX ? -ENODEV : 0;
}

/* Where a list stands, and where it has been: one that comes back there is at its end. */
struct walk {
	const struct config_space *config;
	unsigned int next;                              /* 0 at the end */
	uint32_t seen[PCI_CFG_SPACE_EXP_SIZE / 4 / 32]; /* a bit for each word */
};

/* Whether the next one is at or behind @least, and new. */
static bool walk_goes_on(struct walk *walk, unsigned int least)
{
	uint32_t *seen = &walk->seen[walk->next / 4 / 32], bit = 1u << walk->next / 4 % 32;

	if (walk->next < least || *seen & bit)
		return false;
	*seen |= bit;
	return true;
}

/* Where the first one is told: a CardBus bridge has a window there. */
static unsigned int pointer_of(int header)
{
	return (header & 0x7f) == PCI_HEADER_TYPE_CARDBUS ? PCI_CB_CAPABILITY_LIST
							  : PCI_CAPABILITY_LIST;
}

static int walk_standard(const struct config_space *config, struct walk *ret)
{
	int status = config_read16(config, PCI_STATUS), first = 0;
	int header = config_read8(config, PCI_HEADER_TYPE);

	if (status < 0 || header < 0)
		return status < 0 ? status : header;
	if (status & PCI_STATUS_CAP_LIST)
		first = config_read8(config, pointer_of(header));
	if (first < 0)
		return first;
	*ret = (struct walk){ .config = config, .next = first & ~3 };
	return 0;
}

/* 1 with the next one in @ret, 0 at the end, -errno. */
static int next_standard(struct walk *walk, struct vfa_capability *ret)
{
	uint32_t header;
	int err;

	if (!walk_goes_on(walk, PCI_STD_HEADER_SIZEOF))
		return 0;
	err = walk->config->read(walk->config, walk->next, &header);
	if (err)
		return err;
	if ((header & 0xff) == 0xff)
		return 0;
	*ret = (struct vfa_capability){ .id = header & 0xff, .offset = walk->next };
	walk->next = header >> 8 & 0xfc;
	return 1;
}

/* A function without extended config space shows its last word before that, and no more. */
static bool ends_before_extended(const struct config_space *config)
{
	uint32_t word;

	return config->read(config, PCI_CFG_SPACE_SIZE, &word) == -ENODATA &&
	       !config->read(config, PCI_CFG_SPACE_SIZE - 4, &word);
}

static void walk_extended(const struct config_space *config, struct walk *ret)
{
	*ret = (struct walk){
		.config = config,
		.next = ends_before_extended(config) ? 0 : PCI_CFG_SPACE_SIZE,
	};
}

static int next_extended(struct walk *walk, struct vfa_capability *ret)
{
	uint32_t header;
	int err;

	if (!walk_goes_on(walk, PCI_CFG_SPACE_SIZE))
		return 0;
	err = walk->config->read(walk->config, walk->next, &header);
	if (err)
		return err;
	if (!header || header == UINT32_MAX)
		return 0;
	*ret = (struct vfa_capability){
		.id = PCI_EXT_CAP_ID(header),
		.offset = walk->next,
		.version = PCI_EXT_CAP_VER(header),
		.is_extended = true,
	};
	walk->next = PCI_EXT_CAP_NEXT(header);
	return 1;
}

typedef int next_function(struct walk *walk, struct vfa_capability *ret);

static int collect(struct walk *walk, next_function *next, struct capability_set *ret)
{
	int more = 0;

	while (ret->count < CAPABILITY_MAX && (more = next(walk, &ret->list[ret->count])) > 0)
		ret->count++;
	return more < 0 ? more : 0;
}

int capability_read(const struct config_space *config, struct capability_set *ret)
{
	struct walk walk;
	int err;

	ret->count = 0;
	err = walk_standard(config, &walk);
	if (!err)
		err = collect(&walk, next_standard, ret);
	if (err)
		return err;
	walk_extended(config, &walk);
	err = collect(&walk, next_extended, ret);
	return err ? err : capability_measure(config, ret);
}

int capability_find(const struct config_space *config, uint8_t id)
{
	struct vfa_capability found = { 0 };
	struct walk walk;
	int more = walk_standard(config, &walk);

	if (more)
		return more;
	while ((more = next_standard(&walk, &found)) > 0) {
		if (found.id == id)
			return found.offset;
	}
	return more;
}

int capability_find_extended(const struct config_space *config, uint16_t id)
{
	struct vfa_capability found = { 0 };
	struct walk walk;
	int more;

	walk_extended(config, &walk);
	while ((more = next_extended(&walk, &found)) > 0) {
		if (found.id == id)
			return found.offset;
	}
	return more;
}
