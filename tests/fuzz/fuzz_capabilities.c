/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copyright (C) 2026 The libvfa authors */

/* The walk of capabilities: bounded on any config space, and within what can be read. */

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "capture/mask.h"
#include "fuzz.h"
#include "topology/capability.h"

struct bytes {
	struct config_space space;
	const uint8_t *data;
	size_t size;
};

static int read_word(const struct config_space *config, unsigned int offset, uint32_t *ret)
{
	const struct bytes *bytes = (const struct bytes *)config;

	fuzz_require(!(offset & 3) && offset <= PCI_CFG_SPACE_EXP_SIZE);
	if (offset + 4 > bytes->size)
		return -ENODATA;
	memcpy(ret, bytes->data + offset, 4);
	return 0;
}

/* Wherever the links lead, none is told twice, and none reaches into another. */
static void check_apart(const struct capability_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct vfa_capability *one = &set->list[i];

		fuzz_require(one->size && one->offset + one->size <= PCI_CFG_SPACE_EXP_SIZE);
		for (size_t j = 0; j < set->count; j++)
			fuzz_require(i == j || set->list[j].offset < one->offset ||
				     set->list[j].offset >= one->offset + one->size);
	}
}

/* The first one of each id is the one that is found. */
static void check_found(const struct config_space *space, const struct capability_set *set)
{
	const struct vfa_capability *list = set->list;

	for (size_t i = 0; i < set->count; i++) {
		int first = 0;

		while (list[first].id != list[i].id ||
		       list[first].is_extended != list[i].is_extended)
			first++;
		if (list[i].is_extended)
			fuzz_require(capability_find_extended(space, list[i].id) ==
				     list[first].offset);
		else
			fuzz_require(capability_find(space, list[i].id) == list[first].offset);
	}
}

/* Masked twice is as masked once. */
static void check_mask(const uint8_t *data, size_t size)
{
	unsigned char *once = malloc(size + 1), *twice = malloc(size + 1);

	fuzz_require(once && twice);
	if (size)
		memcpy(once, data, size);
	mask_config(once, size);
	memcpy(twice, once, size);
	mask_config(twice, size);
	fuzz_require(!memcmp(once, twice, size));
	free(once);
	free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { { read_word }, data, size };
	struct capability_set set;

	if (size > PCI_CFG_SPACE_EXP_SIZE)
		return 0;
	if (!capability_read(&bytes.space, &set))
		check_apart(&set);
	check_found(&bytes.space, &set);
	check_mask(data, size);
	return 0;
}
