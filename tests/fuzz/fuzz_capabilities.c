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

/* All that are listed, wherever their number ends. */
static int list_all(const struct config_space *space, struct capability **ret)
{
	struct capability one;
	int count = capability_list(space, NULL, 0);

	fuzz_require(count == capability_list(space, &one, 1));
	*ret = calloc(count > 0 ? count : 1, sizeof(**ret));
	fuzz_require(*ret);
	if (count > 0)
		fuzz_require(count == capability_list(space, *ret, count));
	return count;
}

/* Wherever the links lead, none is told twice. */
static void check_once(const struct capability *list, int count)
{
	for (int i = 0; i < count; i++)
		for (int j = 0; j < i; j++)
			fuzz_require(list[i].offset != list[j].offset);
}

/* The first one of each id is the one that is found. */
static void check_found(const struct config_space *space, const struct capability *list, int count)
{
	for (int i = 0; i < count; i++) {
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
	struct capability *list;
	int count;

	if (size > PCI_CFG_SPACE_EXP_SIZE)
		return 0;
	count = list_all(&bytes.space, &list);
	check_once(list, count);
	check_found(&bytes.space, list, count);
	check_mask(data, size);
	free(list);
	return 0;
}
